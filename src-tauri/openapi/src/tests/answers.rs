//! Answers.

use serde_json::json;

use super::*;

fn contract() -> Contract {
    let schema = json!({"type": "object", "required": ["id", "secret"],
        "properties": {"id": {"type": "integer"}, "secret": {"writeOnly": true}}});
    let described = document(json!({"/x": {"get": {"responses": {
        "200": {"headers": {"X-Rate": {"required": true, "schema": {"type": "integer"}}},
            "content": {"application/json": {"schema": schema}}},
        "204": {"description": "nothing"},
        "4XX": {"content": {"application/problem+json": {"schema": {"required": ["title"]}}}}
    }}}}));
    compiled(&described, &Options { answers: true, ..Options::default() })
}

#[test]
fn status_headers_and_body_are_checked() {
    let contract = contract();
    let fine = [("content-type", "application/json"), ("x-rate", "5")];
    assert_eq!(answer(&contract, 200, &fine, br#"{"id": 1}"#), NOTHING);
    assert_eq!(answer(&contract, 200, &fine, br#"{"id": "1"}"#), ["body /id: is not of type \"integer\""]);
    assert_eq!(answer(&contract, 200, &fine, b""), ["body: is missing"]);
    assert_eq!(answer(&contract, 200, &fine[..1], br#"{"id": 1}"#), ["header x-rate: is missing"]);
    assert_eq!(answer(&contract, 204, &[], b""), NOTHING);
    assert_eq!(
        answer(&contract, 404, &[("content-type", "application/problem+json")], b"{}"),
        ["body /title: is missing"]
    );
    assert_eq!(answer(&contract, 404, &[("content-type", "text/html")], b"x").len(), 1);
    assert_eq!(answer(&contract, 500, &[], b""), ["status: 500 is not described"]);
}

#[test]
fn default_stands_for_every_other_status() {
    let described =
        document(json!({"/x": {"get": {"responses": {"default": {"content": {"text/plain": {}}}}}}}));
    let contract = compiled(&described, &Options { answers: true, ..Options::default() });
    assert_eq!(answer(&contract, 503, &[("content-type", "text/plain")], b"x"), NOTHING);
    assert_eq!(answer(&contract, 503, &[("content-type", "text/css")], b"x").len(), 1);
}

#[test]
fn answers_are_read_only_where_they_are_checked() {
    assert!(contract().reads_answers() && !contract().reads_requests());
    let described = document(
        json!({"/x": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {}}}}}}}}),
    );
    assert!(!compiled(&described, &Options::default()).reads_answers());
}
