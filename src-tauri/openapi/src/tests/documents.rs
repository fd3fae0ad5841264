//! Documents: what is sound, and what is said of one that is not.

use gatepost_model::Fault;
use serde_json::json;

use super::*;
use crate::Version;

const YAML: &str = r#"
openapi: 3.0.3
info: {title: Pets, version: "2"}
paths:
  /pets/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get: {summary: One pet, operationId: pet, responses: {200: {description: fine}}}
    delete: {deprecated: true, responses: {"204": {description: gone}}}
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {$ref: '#/components/schemas/Id'}}
  schemas:
    Id: {type: integer, minimum: 0, exclusiveMinimum: true}
"#;

fn faults(text: &str) -> Vec<Fault> {
    Document::parse(text).err().unwrap_or_default()
}

#[test]
fn yaml_of_version_3_0_is_read_listed_and_compiled() {
    let document = Document::parse(YAML).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!((document.version(), document.openapi()), (Version::V3_0, "3.0.3"));
    assert_eq!(document.title_and_version(), ("Pets", "2"));
    let operations = document.operations();
    let listed: Vec<_> =
        operations.iter().map(|one| (&*one.method, &*one.path, &*one.pattern, one.deprecated)).collect();
    assert_eq!(
        listed,
        [("GET", "/pets/{id}", "/pets/[^/]+", false), ("DELETE", "/pets/{id}", "/pets/[^/]+", true)]
    );
    assert_eq!((&*operations[0].operation_id, &*operations[0].summary), ("pet", "One pet"));
    let contract =
        Contract::compile(&document, &Options::default()).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(get(&contract, "/pets/1", &[]), NOTHING);
    assert_eq!(get(&contract, "/pets/0", &[]), ["path id: is less than or equal to the minimum of 0"]);
}

#[test]
fn faults_name_their_place_and_line_all_at_once() {
    let text = YAML
        .replace("'#/components/parameters/Id'", "'#/components/parameters/Other'")
        .replace("'#/components/schemas/Id'", "'other.yaml#/Id'")
        .replace("info:", "inf:");
    let found: Vec<String> = faults(&text).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "/components/parameters/Id/schema/$ref: `other.yaml#/Id` leads to another document, which is never fetched; bundle all into one document first (line 12)",
            "/info: is missing: it gives the title and the version (line 2)",
            "/paths/~1pets~1{id}/parameters/0: `#/components/parameters/Other` leads nowhere (line 7)",
            "/paths/~1pets~1{id}/get: does not describe the path's parameter `id` (line 8)",
            "/paths/~1pets~1{id}/parameters/0: `#/components/parameters/Other` leads nowhere (line 7)",
            "/paths/~1pets~1{id}/delete: does not describe the path's parameter `id` (line 9)",
        ]
    );
}

#[test]
fn what_is_no_openapi_document_is_refused() {
    for (text, field) in [
        ("", ""),
        ("[]", ""),
        ("{", ""),
        ("a: [", ""),
        ("{\"swagger\": \"2.0\"}", "/swagger"),
        ("{\"openapi\": \"3.2.0\"}", "/openapi"),
        ("info: {}", "/openapi"),
    ] {
        let found = faults(text);
        assert_eq!(found.first().map(|fault| &*fault.field), Some(field), "{text}: {found:?}");
    }
    let large = " ".repeat(crate::MAX_TEXT + 1);
    assert!(faults(&large)[0].message.contains("8 MiB"));
}

#[test]
fn parameters_are_named_placed_and_styled() {
    let found = faults(
        &document(json!({
            "pets": {},
            "/a/{x}": {"get": {"parameters": [
                {"in": "query"}, {"name": "q", "in": "body"}, {"name": "x", "in": "path", "style": "form"},
                {"name": "y", "in": "path"}, {"name": "y", "in": "path"}
            ]}},
            "/a/{z}": {}
        }))
        .to_string(),
    );
    let mut fields: Vec<&str> = found.iter().map(|fault| &*fault.field).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "/paths/pets",
            "/paths/~1a~1{x}/get",
            "/paths/~1a~1{x}/get/parameters/0/name",
            "/paths/~1a~1{x}/get/parameters/1/in",
            "/paths/~1a~1{x}/get/parameters/2/style",
            "/paths/~1a~1{x}/get/parameters/4",
            "/paths/~1a~1{z}",
        ]
    );
}

#[test]
fn circular_schemas_are_fine_and_circular_parameters_are_not() {
    let mut described = document(json!({"/x": {"post": {"requestBody": {"content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Node"}}}}}}}));
    described["components"] = json!({"schemas": {"Node": {"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}}}});
    let contract = compiled(&described, &Options::default());
    let body = br#"{"name": "a", "children": [{"name": "b", "children": [{"children": []}]}]}"#;
    assert_eq!(post(&contract, "application/json", body), ["body /children/0/children/0/name: is missing"]);

    described["components"]["parameters"] = json!({"a": {"$ref": "#/components/parameters/a"}});
    described["paths"]["/x"]["get"] = json!({"parameters": [{"$ref": "#/components/parameters/a"}]});
    assert_eq!(faults(&described.to_string())[0].message.split(" (").next(), Some("refers to itself"));
}

#[test]
fn references_into_paths_with_braces_are_followed() {
    let described = document(json!({
        "/a/{x}": {"get": {"parameters": [{"name": "x", "in": "path", "schema": {"type": "integer"}}]}},
        "/b/{x}": {"get": {"parameters": [{"name": "x", "in": "path", "schema": {
            "allOf": [{"$ref": "#/paths/~1a~1{x}/get/parameters/0/schema"}]}}]}},
        "/c/{x}": {"$ref": "#/paths/~1a~1%7Bx%7D"}
    }));
    let contract = compiled(&described, &Options::default());
    for path in ["/a", "/b", "/c"] {
        assert_eq!(get(&contract, &format!("{path}/1"), &[]), NOTHING, "{path}");
        assert_eq!(get(&contract, &format!("{path}/q"), &[]).len(), 1, "{path}");
    }
}

#[test]
fn schemas_that_cannot_be_checked_are_faults_of_their_place() {
    let schema = |schema: serde_json::Value| {
        let described = document(
            json!({"/x": {"get": {"parameters": [{"name": "q", "in": "query", "schema": schema}]}}}),
        );
        let document = Document::parse(&described.to_string()).expect("sound");
        let faults = Contract::compile(&document, &Options::default()).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
    };
    let place = "/paths/~1x/get/parameters/0/schema";
    assert_eq!(schema(json!({"type": "strng"})), [format!("{place}/type")]);
    assert_eq!(schema(json!({"pattern": "(?=a)b"})), [place], "look-around takes more than linear time");
    assert_eq!(schema(json!({"$ref": "#/components/schemas/none"})), [place]);
    assert!(schema(json!({"pattern": "^[a-z]+\\d$"})).is_empty());
}

#[test]
fn formats_and_numbers_of_3_0_are_checked() {
    let parameter = |schema: serde_json::Value| json!({"name": "q", "in": "query", "schema": schema});
    let contract = |schema| {
        let mut described = document(json!({"/x": {"get": {"parameters": [parameter(schema)]}}}));
        described["openapi"] = "3.0.0".into();
        compiled(&described, &Options::default())
    };
    for (schema, right, wrong) in [
        (json!({"type": "integer", "format": "int32"}), "2147483647", "2147483648"),
        (json!({"type": "integer", "format": "int64"}), "9223372036854775807", "9223372036854775808"),
        (json!({"type": "string", "format": "byte"}), "YQ%3D%3D", "a"),
        (json!({"type": "string", "format": "date"}), "2024-02-29", "2023-02-29"),
        (json!({"type": "string", "format": "email"}), "a@b.example", "a"),
        (json!({"type": "string", "format": "ipv4"}), "1.2.3.4", "1.2.3.400"),
        (json!({"type": "integer", "nullable": true}), "", "x"),
    ] {
        let contract = contract(schema.clone());
        assert_eq!(get(&contract, &format!("/x?q={right}"), &[]), NOTHING, "{schema}");
        assert_eq!(get(&contract, &format!("/x?q={wrong}"), &[]).len(), 1, "{schema}");
    }
}
