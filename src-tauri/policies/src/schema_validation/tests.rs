//! Schema validation, as callers meet it.

use serde_json::{Value, json};

use crate::tests::{Trial, call};

const SPEC: &str = r#"
openapi: 3.0.3
info: {title: Orders, version: "1"}
paths:
  /posts:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 50}}
        - {name: x-tenant, in: header, required: true, schema: {type: string, format: uuid}}
      responses:
        "200": {description: All, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Post'}}}}}
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Post'}}}}
      responses: {"201": {description: Made}}
components:
  schemas:
    Post: {type: object, required: [title], properties: {id: {type: integer, readOnly: true}, title: {type: string, maxLength: 10}}}
"#;
const TENANT: &str = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";

fn trial(more: &Value) -> Trial {
    let mut config = json!({"source": "inline", "spec": SPEC});
    for (name, value) in more.as_object().expect("an object") {
        config[name] = value.clone();
    }
    Trial::of("schema-validation", config)
}

#[test]
fn what_is_as_described_passes_and_goes_on_as_it_came() {
    let answer = trial(&json!({})).run(call().header("x-tenant", TENANT).target("/posts?limit=5&more=1"));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.notes()[0], "GET /posts as described");
    let answer = trial(&json!({})).run(call().body("application/json", r#"{"title": "A"}"#));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body_sent_upstream().map(|body| &**body), Some(&br#"{"title": "A"}"#[..]));
}

#[test]
fn answers_400_with_every_fault_and_its_place() {
    let answer = trial(&json!({})).run(call().target("/posts?limit=51"));
    assert_eq!((answer.status(), answer.sent_upstream().is_none()), (400, true));
    let faults = json!([
        {"in": "query", "name": "limit", "message": "is greater than the maximum of 50"},
        {"in": "header", "name": "x-tenant", "message": "is missing"}
    ]);
    assert_eq!(answer.json()["faults"], faults);
    assert_eq!(answer.json()["policy"], "schema-validation");
    assert_eq!(answer.refused_by(), Some("schema-validation"));

    let answer = trial(&json!({})).run(call().body("application/json", r#"{"title": 5, "id": "x"}"#));
    let faults = json!([
        {"in": "body", "pointer": "/title", "message": "is not of type \"string\""},
        {"in": "body", "pointer": "/id", "message": "is not of type \"integer\""}
    ]);
    assert_eq!(answer.json()["faults"], faults);
    for (method, target, told) in [("GET", "/other", "path"), ("DELETE", "/posts", "method")] {
        let answer = trial(&json!({})).run(call().method(method).target(target));
        assert_eq!((answer.status(), &answer.json()["faults"][0]["in"]), (400, &json!(told)));
    }
}

#[test]
fn a_body_is_looked_into_inflated() {
    let fine = trial(&json!({})).run(call().gzipped_body("application/json", br#"{"title": "A"}"#));
    assert_eq!(fine.status(), 200);
    let answer = trial(&json!({})).run(call().gzipped_body("application/json", b"{}"));
    assert_eq!((answer.status(), &answer.json()["faults"][0]["pointer"]), (400, &json!("/title")));
}

#[test]
fn answers_413_to_a_body_over_the_limit() {
    let trial = trial(&json!({"maximum_body_bytes": 20}));
    let long = call().body("application/json", r#"{"title": "A", "more": "long"}"#);
    assert_eq!(trial.run(long).status(), 413);
}

#[test]
fn the_trail_names_places_and_no_value() {
    let answer = trial(&json!({})).run(call().body("application/json", r#"{"title": "hunter2-hunter2"}"#));
    assert_eq!(answer.notes()[0], "not as described: POST /posts: body /title: is longer than 10 characters");
    assert!(!answer.json().to_string().contains("hunter2"));
}

#[test]
fn without_blocking_everything_passes_and_is_recorded() {
    let trial = trial(&json!({"block_operation": false, "maximum_body_bytes": 20}));
    let answer = trial.run(call().target("/posts?limit=x").header("x-tenant", TENANT));
    assert_eq!((answer.status(), answer.refused_by()), (200, None));
    assert_eq!(
        answer.notes()[0],
        "not as described, let pass: GET /posts: query limit: is not of type \"integer\""
    );
    let long = trial.run(call().body("application/json", r#"{"title": "A", "more": "long"}"#));
    assert_eq!(long.status(), 200);
    let told = "POST /posts as described, without its body, which is over the limit";
    assert!(long.notes().iter().any(|note| &**note == told), "{:?}", long.notes());
}

#[test]
fn what_is_not_described_is_refused_when_taken_strictly() {
    let trial = trial(&json!({"strict_params_validation": true}));
    let answer = trial.run(call().target("/posts?more=1").header("x-tenant", TENANT));
    assert_eq!((answer.status(), &answer.json()["faults"][0]["name"]), (400, &json!("more")));
    let answer = trial.run(call().header("x-tenant", TENANT).body("text/plain", "x").method("GET"));
    assert_eq!(answer.status(), 400);
}

#[test]
fn answers_502_in_place_of_an_answer_that_is_not_as_described() {
    let json = [("content-type", "application/json")];
    let blocking = trial(&json!({"responses": "block"}));
    let asked = || call().header("x-tenant", TENANT);
    let fine = blocking.answering(200, &json, r#"[{"title": "A", "id": 1}]"#);
    assert_eq!(fine.run(asked()).status(), 200);
    let answer = fine.answering(200, &json, r#"[{"title": "secret thing"}]"#).run(asked());
    assert_eq!(answer.status(), 502);
    assert!(!answer.json().to_string().contains("title"), "what is behind is not told");
    assert!(
        answer
            .notes()
            .iter()
            .any(|note| &**note == "not answered as described: body /0/title: is longer than 10 characters")
    );

    let recording = trial(&json!({"responses": "record"})).answering(418, &json, "{}");
    let answer = recording.run(asked());
    assert_eq!(answer.status(), 418);
    assert!(
        answer
            .notes()
            .iter()
            .any(|note| &**note == "not answered as described, let pass: status: 418 is not described")
    );
}

#[test]
fn the_gateways_own_answers_are_not_looked_at() {
    let trial = trial(&json!({"responses": "block"})).and("ip-blocklist", json!({"ips": ["127.0.0.1"]}));
    assert_eq!(trial.run(call().header("x-tenant", TENANT)).status(), 403);
}

#[test]
fn paths_begin_where_api_base_path_says() {
    let trial = trial(&json!({"api_base_path": "/v2/"}));
    assert_eq!(trial.run(call().target("/v2/posts").header("x-tenant", TENANT)).status(), 200);
    assert_eq!(trial.run(call().header("x-tenant", TENANT)).status(), 400);
}

#[test]
fn faults_of_a_document_name_its_places() {
    let faults = |config: Value| Trial::faults("schema-validation", &config);
    assert_eq!(faults(json!({})), ["source"], "the API has none");
    assert_eq!(faults(json!({"source": "inline"})), ["spec"]);
    assert_eq!(faults(json!({"source": "inline", "spec": "openapi: 2"})), ["spec"]);
    let look_around = SPEC.replace("maxLength: 10", "pattern: '(?=a)'");
    assert_eq!(faults(json!({"source": "inline", "spec": look_around})), ["spec"]);
    assert_eq!(faults(json!({"source": "inline", "spec": SPEC, "api_base_path": "v1"})), ["api_base_path"]);
}

#[test]
fn a_document_in_force_is_compiled_once() {
    let options = gatepost_openapi::Options::default;
    let first = super::shared::compiled(SPEC, options()).expect("compiles");
    let again = super::shared::compiled(SPEC, options()).expect("compiles");
    assert!(std::sync::Arc::ptr_eq(&first, &again));
}
