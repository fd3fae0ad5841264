//! An API's own specification: from a file of its own beside the configuration, enforced, changed while it runs.

use serde_json::{Value, json};

use crate::program::{Answer, Backend, DataFolder, Gateway, caller, free_port, get, run};

const SPEC: &str = r#"
openapi: 3.1.0
info: {title: Echo, version: "1"}
paths:
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    get:
      parameters: [{name: fields, in: query, explode: false, schema: {type: array, items: {enum: [name, price]}}}]
      responses: {"200": {description: One}}
    put:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}
      responses: {"200": {description: Changed}}
components:
  schemas:
    Item: {type: object, required: [name], properties: {name: {type: string}, parts: {type: array, items: {$ref: '#/components/schemas/Item'}}}}
"#;

fn file(port: u16, backend: &str) -> String {
    format!(
        r#"
gatepost: 1
apis:
  - name: Items
    listen: {{port: {port}, base_path: /shop}}
    upstream: {{url: "{backend}/echo"}}
    spec: {{file: specs/items.yaml}}
    policies: [{{policy: schema-validation}}]
"#
    )
}

fn put(url: &str, body: &Value) -> Answer {
    let sent = caller().put(url).header("content-type", "application/json").send(body.to_string());
    Answer::read(sent.expect("answers"))
}

#[test]
fn what_a_specification_does_not_describe_is_refused_from_the_moment_that_it_is_saved() {
    let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
    let path = folder.write("gatepost.yaml", &file(port, &backend.url));
    std::fs::create_dir(path.with_file_name("specs")).expect("made");
    std::fs::write(path.with_file_name("specs").join("items.yaml"), SPEC).expect("written");
    let path = path.to_str().expect("UTF-8").to_owned();
    let checked = run(&["check", &path]);
    assert!(checked.status.success(), "{checked:?}");

    let gateway = Gateway::start_on(folder, &["--config", &path]);
    let (url, agent) = (format!("http://127.0.0.1:{port}/shop/items"), caller());
    assert_eq!(get(&agent, &format!("{url}/7?fields=name,price"), &[]).status, 200);
    let refused = get(&agent, &format!("{url}/0?fields=name,colour"), &[]);
    assert_eq!(refused.status, 400, "{}", refused.body);
    let faults = json!([
        {"in": "query", "name": "fields", "pointer": "/1", "message": "is not one of \"name\", \"price\""},
        {"in": "path", "name": "id", "message": "is less than the minimum of 1"}
    ]);
    assert_eq!(refused.json()["faults"], faults);
    let fine = json!({"name": "a", "parts": [{"name": "b", "parts": []}]});
    assert_eq!(put(&format!("{url}/7"), &fine).status, 200);
    let refused = put(&format!("{url}/7"), &json!({"name": "a", "parts": [{"parts": []}]}));
    assert_eq!(refused.json()["faults"][0]["pointer"], "/parts/0/name");
    assert_eq!(get(&agent, &format!("http://127.0.0.1:{port}/shop/other"), &[]).status, 400);

    let apis = gateway.manage("GET", "/apis", Value::Null);
    let spec = format!("/apis/{}/spec", apis[0]["id"]);
    let changed = SPEC.replace("minimum: 1", "minimum: 8");
    let shown = gateway.manage("PUT", &spec, json!({"text": changed}));
    assert_eq!(shown["operations"].as_array().map(Vec::len), Some(2));
    assert_eq!(get(&agent, &format!("{url}/7"), &[]).status, 400);
    assert_eq!(get(&agent, &format!("{url}/8"), &[]).status, 200);
}

#[test]
fn a_faulty_specification_is_told_of_with_its_line_before_anything_is_in_force() {
    let folder = DataFolder::new();
    let path = folder.write("gatepost.yaml", &file(free_port(), "http://127.0.0.1:9"));
    let path_text = path.to_str().expect("UTF-8");
    let missing = run(&["check", path_text]);
    let said = String::from_utf8_lossy(&missing.stdout).into_owned();
    assert!(said.contains("gatepost.yaml:7: apis[0].spec.file: ") && said.contains("1 fault"), "{said}");

    std::fs::create_dir(path.with_file_name("specs")).expect("made");
    let faulty = SPEC.replace("name: id,", "name: other,");
    std::fs::write(path.with_file_name("specs").join("items.yaml"), faulty).expect("written");
    let said = String::from_utf8_lossy(&run(&["check", path_text]).stdout).into_owned();
    assert!(said.contains("does not describe the path's parameter `id` (line 7)"), "{said}");
}
