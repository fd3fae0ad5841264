//! Bodies of requests.

use serde_json::json;

use super::*;

fn order() -> serde_json::Value {
    json!({"type": "object", "required": ["id", "lines"], "additionalProperties": false, "properties": {
        "id": {"type": "integer"},
        "note": {"type": "string", "maxLength": 5},
        "lines": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["sku"],
            "properties": {"sku": {"type": "string"}, "price": {"type": "number", "exclusiveMinimum": 0}}}}
    }})
}

#[test]
fn json_is_checked_with_pointers_to_every_fault() {
    let contract = with_body(json!({"application/json": {"schema": order()}}));
    let json = "application/json; charset=utf-8";
    assert_eq!(post(&contract, json, br#"{"id": 1, "lines": [{"sku": "a", "price": 2}]}"#), NOTHING);
    let found =
        post(&contract, json, br#"{"id": "1", "lines": [{"price": 0}, 7], "note": "too long", "x/y": 1}"#);
    assert_eq!(
        found,
        [
            "body /id: is not of type \"integer\"",
            "body /lines/0/price: is less than or equal to the minimum of 0",
            "body /lines/0/sku: is missing",
            "body /lines/1: is not of type \"object\"",
            "body /note: is longer than 5 characters",
            "body /x~1y: is not known here",
        ]
    );
}

#[test]
fn a_body_that_is_not_what_it_says_is_found() {
    let contract = with_body(json!({"application/json": {"schema": order()}}));
    assert_eq!(post(&contract, "application/json", b"{\"id\": 1"), ["body: is not JSON (line 1, column 8)"]);
    assert_eq!(
        post(&contract, "application/json", br#"{"id": 1, "id": 2, "lines": []}"#),
        ["body: has a name twice in one object (line 1, column 17)"]
    );
    assert_eq!(post(&contract, "application/json", b""), ["body: is missing"]);
}

#[test]
fn content_types_are_those_described() {
    let contract = with_body(json!({
        "application/*": {}, "application/json": {"schema": {"type": "object"}}, "text/plain": {"schema": {"maxLength": 2}}
    }));
    assert_eq!(post(&contract, "application/json", b"[]").len(), 1);
    assert_eq!(post(&contract, "Application/XML", b"<a/>"), NOTHING);
    assert_eq!(post(&contract, "text/plain; charset=utf-8", b"ab"), NOTHING);
    assert_eq!(post(&contract, "text/plain", b"abc").len(), 1);
    assert_eq!(
        post(&contract, "text/html", b"x"),
        ["header content-type: is not one of application/json, text/plain, application/*"]
    );
    assert_eq!(send(&contract, "POST", "/x", &[], b"x").0, ["header content-type: is missing"]);
}

#[test]
fn a_body_that_is_not_required_may_be_missing() {
    let body = json!({"content": {"application/json": {"schema": order()}}});
    let contract = compiled(&document(json!({"/x": {"post": {"requestBody": body}}})), &Options::default());
    assert_eq!(send(&contract, "POST", "/x", &[], b"").0, NOTHING);
}

#[test]
fn forms_are_checked_field_by_field() {
    let schema = json!({"type": "object", "required": ["n"], "properties": {
        "n": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "piped": {"type": "array", "items": {"type": "integer"}}, "point": {"type": "object", "required": ["a"],
            "properties": {"a": {"type": "integer"}}}
    }});
    let encoding = json!({"piped": {"style": "pipeDelimited", "explode": false}});
    let contract =
        with_body(json!({"application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding}}));
    let found = |body: &str| post(&contract, "application/x-www-form-urlencoded", body.as_bytes());
    for right in [
        "n=1",
        "n=1&tags=a+b&tags=2",
        "n=1&piped=1%7C2",
        "n=1&point=%7B%22a%22%3A1%7D",
        "n=1&point[a]=1",
        "n=1&more=x",
    ] {
        assert_eq!(found(right), NOTHING, "{right}");
    }
    for (wrong, told) in [
        ("", "body: is missing"),
        ("tags=a", "body /n: is missing"),
        ("n=a", "body /n: is not of type \"integer\""),
        ("n=1&n=2", "body /n: is given several times"),
        ("n=1&tags=a&tags=b&tags=c", "body /tags: has more than 2 items"),
        ("n=1&piped=1%7Cx", "body /piped/1: is not of type \"integer\""),
        ("n=1&point=%7B%7D", "body /point/a: is missing"),
        ("n=1&point[a]=x", "body /point/a: is not of type \"integer\""),
        ("n=%zz", "body /n: is not written in the way that is described"),
    ] {
        assert!(found(wrong).contains(&told.to_owned()), "{wrong}: {:?}", found(wrong));
    }
}

/// `name`, further lines of the head, content.
fn multipart(parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, head, content) in parts {
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n{head}\r\n{content}\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    body.into_bytes()
}

#[test]
fn multipart_bodies_are_checked_part_by_part() {
    let schema = json!({"type": "object", "required": ["n", "file"], "properties": {
        "n": {"type": "integer"}, "file": {"type": "string", "contentMediaType": "image/png"},
        "meta": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
        "list": {"type": "array", "items": {"type": "integer"}, "maxItems": 2}
    }});
    let encoding = json!({"file": {"contentType": "image/png, image/jpeg",
        "headers": {"X-Size": {"required": true, "schema": {"type": "integer"}}}}});
    let contract = with_body(json!({"multipart/form-data": {"schema": schema, "encoding": encoding}}));
    let found =
        |parts: &[(&str, &str, &str)]| post(&contract, "multipart/form-data; boundary=b", &multipart(parts));
    let file = ("file", "Content-Type: image/png\r\nX-Size: 3\r\n", "abc");
    assert_eq!(found(&[("n", "", "5"), file]), NOTHING);
    assert_eq!(found(&[("n", "", "5"), file, ("list", "", "1"), ("list", "", "2")]), NOTHING);
    assert_eq!(
        found(&[("n", "", "5"), file, ("meta", "Content-Type: application/json\r\n", "{\"a\": 1}")]),
        NOTHING
    );
    assert_eq!(found(&[("n", "", "5"), file, ("meta", "", "{\"a\": 1}")]), NOTHING);
    for (wrong, told) in [
        (vec![file], "body /n: is missing"),
        (vec![("n", "", "x"), file], "body /n: is not of type \"integer\""),
        (vec![("n", "", "5")], "body /file: is missing"),
        (
            vec![("n", "", "5"), ("file", "Content-Type: text/html\r\nX-Size: 3\r\n", "x")],
            "body /file: has a content-type that is not one of image/png, image/jpeg",
        ),
        (vec![("n", "", "5"), ("file", "Content-Type: image/png\r\n", "x")], "header x-size: is missing"),
        (vec![("n", "", "5"), file, ("meta", "", "{}")], "body /meta/a: is missing"),
        (
            vec![("n", "", "5"), file, ("list", "", "1"), ("list", "", "2"), ("list", "", "3")],
            "body /list: has more than 2 items",
        ),
        (vec![("n", "", "5"), ("n", "", "6"), file], "body /n: is not of type \"integer\""),
    ] {
        assert!(found(&wrong).contains(&told.to_owned()), "{told}: {:?}", found(&wrong));
    }
    assert_eq!(
        post(&contract, "multipart/form-data", b"x"),
        ["body: has no valid boundary in its content-type"]
    );
}

#[test]
fn fields_that_are_not_described_are_found_when_taken_strictly() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let content = json!({"application/x-www-form-urlencoded": {"schema": schema}, "multipart/form-data": {"schema": schema}});
    let described = document(json!({"/x": {"post": {"requestBody": {"content": content}}}}));
    let contract = compiled(&described, &Options { strict: true, ..Options::default() });
    assert_eq!(
        post(&contract, "application/x-www-form-urlencoded", b"a=1&z=2"),
        ["body /z: is not described"]
    );
    let body = multipart(&[("a", "", "1"), ("z", "", "2")]);
    assert_eq!(post(&contract, "multipart/form-data; boundary=b", &body), ["body /z: is not described"]);
}

#[test]
fn what_only_answers_have_is_not_asked_of_requests() {
    let schema = json!({"required": ["id", "name"], "properties": {"id": {"readOnly": true}, "name": {}}});
    let contract = with_body(json!({"application/json": {"schema": schema}}));
    assert_eq!(post(&contract, "application/json", b"{\"name\": 1}"), NOTHING);
    assert_eq!(post(&contract, "application/json", b"{}"), ["body /name: is missing"]);
}

#[test]
fn findings_are_bounded() {
    let contract = with_body(json!({"application/json": {"schema": {"items": {"type": "integer"}}}}));
    let body = format!("[{}]", vec!["\"x\""; 1_000].join(","));
    assert_eq!(post(&contract, "application/json", body.as_bytes()).len(), 20);
    let body = format!("[{}]", vec!["\"x\""; 50_000].join(","));
    let found = post(&contract, "application/json", body.as_bytes());
    assert_eq!(found, ["body /0: is not of type \"integer\""], "of a very large one the first is told");
}

#[test]
fn a_content_type_that_is_given_twice_is_found() {
    let contract = with_body(json!({"application/json": {}, "text/plain": {}}));
    let twice = [("content-type", "application/json"), ("content-type", "text/plain")];
    assert_eq!(
        send(&contract, "POST", "/x", &twice, b"{}").0,
        ["header content-type: is given several times"]
    );
}
