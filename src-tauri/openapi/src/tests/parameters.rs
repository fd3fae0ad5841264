//! Parameters: where they go, how they are written, what they mean.

use serde_json::{Value, json};

use super::*;

fn query(schema: Value, more: Value) -> Contract {
    let mut parameter = json!({"name": "q", "in": "query", "schema": schema});
    for (name, value) in more.as_object().expect("an object") {
        parameter[name] = value.clone();
    }
    with_parameters(json!([parameter]))
}

/// An object of two numbers.
fn point() -> Value {
    json!({"type": "object", "required": ["a", "b"], "additionalProperties": false,
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}})
}

fn numbers() -> Value {
    json!({"type": "array", "items": {"type": "integer"}, "minItems": 2})
}

/// Each of `right` is as described, each of `wrong` is not.
fn told_apart(contract: &Contract, right: &[&str], wrong: &[&str]) {
    for target in right {
        assert_eq!(get(contract, target, &[]), NOTHING, "{target}");
    }
    for target in wrong {
        assert_ne!(get(contract, target, &[]), NOTHING, "{target}");
    }
}

#[test]
fn a_query_parameter_has_its_type() {
    let contract = query(json!({"type": "integer", "minimum": 1, "maximum": 9}), json!({"required": true}));
    told_apart(
        &contract,
        &["/x?q=1", "/x?a=b&q=9"],
        &["/x?q=10", "/x?q=a", "/x?q=", "/x?q=1.5", "/x?q=01", "/x?q=+1"],
    );
    assert_eq!(get(&contract, "/x", &[]), ["query q: is missing"]);
    assert_eq!(get(&contract, "/x?q=1&q=2", &[]), ["query q: is given several times"]);
    assert_eq!(get(&contract, "/x?q=%zz", &[]), ["query q: is not written in the way that is described"]);
    assert_eq!(
        get(&contract, "/x?%zz=1&q=1", &[]),
        ["query q: is missing", "query: is not percent-encoded rightly"]
    );
}

#[test]
fn text_that_looks_like_a_number_is_text_where_text_is_meant() {
    told_apart(
        &query(json!({"type": "string", "maxLength": 3}), json!({})),
        &["/x?q=123", "/x?q=tru"],
        &["/x?q=1234"],
    );
    let either = json!({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^0"}]});
    told_apart(&query(either, json!({})), &["/x?q=12", "/x?q=012", "/x?q=0"], &["/x?q=ab"]);
    told_apart(
        &query(json!({"type": "boolean"}), json!({})),
        &["/x?q=true", "/x?q=false"],
        &["/x?q=1", "/x?q=True"],
    );
}

#[test]
fn an_empty_value_passes_where_it_is_allowed() {
    let schema = json!({"type": "string", "minLength": 1});
    told_apart(&query(schema.clone(), json!({"allowEmptyValue": true})), &["/x?q=", "/x?q"], &[]);
    told_apart(&query(schema, json!({})), &["/x"], &["/x?q=", "/x?q"]);
}

#[test]
fn style_form_exploded() {
    told_apart(&query(numbers(), json!({})), &["/x?q=1&q=2"], &["/x?q=1", "/x?q=1,2", "/x?q=1&q=a"]);
    told_apart(
        &query(point(), json!({})),
        &["/x?a=1&b=2", "/x?b=2&a=1&c=3"],
        &["/x?a=1", "/x?a=1&b=x", "/x?a=1&a=2&b=3"],
    );
}

#[test]
fn style_form_not_exploded() {
    let written = json!({"explode": false});
    told_apart(
        &query(numbers(), written.clone()),
        &["/x?q=1,2"],
        &["/x?q=1", "/x?q=1&q=2", "/x?q=1%2C2", "/x?q=1,a"],
    );
    told_apart(&query(point(), written), &["/x?q=a,1,b,2"], &["/x?q=a,1", "/x?q=a,1,b", "/x?q=a,1,b,2,c,3"]);
}

#[test]
fn style_space_delimited() {
    let written = json!({"style": "spaceDelimited", "explode": false});
    told_apart(&query(numbers(), written), &["/x?q=1%202", "/x?q=1+2"], &["/x?q=1,2", "/x?q=1"]);
}

#[test]
fn style_pipe_delimited() {
    let written = json!({"style": "pipeDelimited", "explode": false});
    told_apart(&query(numbers(), written), &["/x?q=1|2", "/x?q=1%7C2"], &["/x?q=1,2", "/x?q=1"]);
}

#[test]
fn style_deep_object() {
    let written = json!({"style": "deepObject", "explode": true});
    told_apart(
        &query(point(), written.clone()),
        &["/x?q[a]=1&q[b]=2", "/x?q%5Ba%5D=1&q%5Bb%5D=2"],
        &["/x?q[a]=1", "/x?q[a]=x&q[b]=2", "/x?q[a]=1&q[b]=2&q[c]=3", "/x?q=1", "/x?q[a=1"],
    );
    let inner = json!({"type": "object", "required": ["p"], "properties": {"p": point(), "l": numbers()}});
    told_apart(
        &query(inner, written),
        &["/x?q[p][a]=1&q[p][b]=2&q[l][]=1&q[l][]=2", "/x?q[p][a]=1&q[p][b]=2&q[l][0]=1&q[l][1]=2"],
        &["/x?q[p][a]=1", "/x?q[p][a]=1&q[p][b]=2&q[l][]=1"],
    );
}

fn in_path(name: &str, schema: Value, style: &str, explode: bool) -> Contract {
    with_parameters(json!([
        {"name": name, "in": "path", "required": true, "schema": schema, "style": style, "explode": explode}
    ]))
}

#[test]
fn style_simple_in_paths() {
    told_apart(
        &in_path("q", json!({"type": "integer"}), "simple", false),
        &["/x/1"],
        &["/x/a", "/x/", "/x/1/2"],
    );
    for explode in [false, true] {
        told_apart(&in_path("q", numbers(), "simple", explode), &["/x/1,2"], &["/x/1", "/x/1,a", "/x/1%2C2"]);
    }
    told_apart(&in_path("q", point(), "simple", false), &["/x/a,1,b,2"], &["/x/a=1,b=2", "/x/a,1"]);
    told_apart(&in_path("q", point(), "simple", true), &["/x/a=1,b=2"], &["/x/a,1,b,2", "/x/a=1"]);
    let text = json!({"type": "string", "pattern": "^a/b$"});
    told_apart(&in_path("q", text, "simple", false), &["/x/a%2Fb"], &["/x/a", "/x/%ff"]);
}

#[test]
fn style_label_in_paths() {
    told_apart(&in_path("q", json!({"type": "integer"}), "label", false), &["/x/.1"], &["/x/1", "/x/.a"]);
    told_apart(&in_path("q", numbers(), "label", false), &["/x/.1,2"], &["/x/1,2", "/x/.1"]);
    told_apart(&in_path("q", numbers(), "label", true), &["/x/.1.2"], &["/x/.1,2", "/x/1.2"]);
    told_apart(&in_path("q", point(), "label", false), &["/x/.a,1,b,2"], &["/x/.a=1.b=2"]);
    told_apart(&in_path("q", point(), "label", true), &["/x/.a=1.b=2"], &["/x/.a,1,b,2"]);
}

#[test]
fn style_matrix_in_paths() {
    told_apart(
        &in_path("q", json!({"type": "integer"}), "matrix", false),
        &["/x/;q=1"],
        &["/x/1", "/x/;p=1", "/x/;q=a"],
    );
    told_apart(&in_path("q", numbers(), "matrix", false), &["/x/;q=1,2"], &["/x/;q=1;q=2", "/x/;q=1"]);
    told_apart(&in_path("q", numbers(), "matrix", true), &["/x/;q=1;q=2"], &["/x/;q=1,2", "/x/;q=1;p=2"]);
    told_apart(&in_path("q", point(), "matrix", false), &["/x/;q=a,1,b,2"], &["/x/;a=1;b=2"]);
    told_apart(&in_path("q", point(), "matrix", true), &["/x/;a=1;b=2"], &["/x/;q=a,1,b,2", "/x/;a=1"]);
}

#[test]
fn headers_are_read_as_lists_where_lists_are_meant() {
    let header = |schema: Value, explode: bool| {
        with_parameters(
            json!([{"name": "X-Q", "in": "header", "required": true, "schema": schema, "explode": explode}]),
        )
    };
    let number = header(json!({"type": "integer"}), false);
    assert_eq!(get(&number, "/x", &[("x-q", " 5 ")]), NOTHING);
    assert_eq!(get(&number, "/x", &[]), ["header x-q: is missing"]);
    assert_eq!(get(&number, "/x", &[("x-q", "1"), ("x-q", "2")]), ["header x-q: is given several times"]);
    assert_eq!(get(&number, "/x", &[("x-q", "a")]).len(), 1);
    let list = header(numbers(), false);
    assert_eq!(get(&list, "/x", &[("x-q", "1, 2")]), NOTHING);
    assert_eq!(get(&list, "/x", &[("x-q", "1"), ("x-q", "2")]), NOTHING);
    assert_eq!(get(&list, "/x", &[("x-q", "1, a")]).len(), 1);
    assert_eq!(get(&header(point(), false), "/x", &[("x-q", "a,1,b,2")]), NOTHING);
    assert_eq!(get(&header(point(), true), "/x", &[("x-q", "a=1,b=2")]), NOTHING);
}

#[test]
fn headers_that_are_described_elsewhere_are_left_alone() {
    let contract =
        with_parameters(json!([{"name": "Authorization", "in": "header", "required": true, "schema": {}}]));
    assert_eq!(get(&contract, "/x", &[]), NOTHING);
}

#[test]
fn cookies_are_checked() {
    let contract = with_parameters(json!([
        {"name": "session", "in": "cookie", "required": true, "schema": {"type": "integer"}},
        {"name": "list", "in": "cookie", "explode": false, "schema": numbers()}
    ]));
    assert_eq!(get(&contract, "/x", &[("cookie", "a=b; session=5; list=1,2")]), NOTHING);
    assert_eq!(get(&contract, "/x", &[("cookie", "a=b"), ("cookie", "session=5")]), NOTHING);
    assert_eq!(get(&contract, "/x", &[("cookie", "a=session")]), ["cookie session: is missing"]);
    assert_eq!(get(&contract, "/x", &[("cookie", "session=x; list=1")]).len(), 2);
}

#[test]
fn a_parameter_may_carry_json() {
    let contract = with_parameters(json!([
        {"name": "q", "in": "query", "content": {"application/json": {"schema": point()}}}
    ]));
    told_apart(
        &contract,
        &["/x?q=%7B%22a%22:1,%22b%22:2%7D", "/x"],
        &["/x?q=%7B%22a%22:1%7D", "/x?q=a", "/x?q=1&q=2"],
    );
}

#[test]
fn parameters_of_a_path_hold_for_its_operations_unless_they_say_otherwise() {
    let q = |kind: &str| json!({"name": "q", "in": "query", "required": true, "schema": {"type": kind}});
    let paths =
        json!({"/x": {"parameters": [q("integer")], "get": {}, "post": {"parameters": [q("boolean")]}}});
    let contract = compiled(&document(paths), &Options::default());
    told_apart(&contract, &["/x?q=1"], &["/x", "/x?q=true"]);
    assert_eq!(send(&contract, "POST", "/x?q=true", &[], b"").0, NOTHING);
    assert_eq!(send(&contract, "POST", "/x?q=1", &[], b"").0.len(), 1);
}

#[test]
fn what_is_not_described_passes_unless_it_is_taken_strictly() {
    let mut described = document(json!({"/x": {"get": {"parameters": [
        {"name": "q", "in": "query", "schema": {"type": "integer"}},
        {"name": "deep", "in": "query", "style": "deepObject", "explode": true, "schema": {"type": "object", "properties": {"a": {}}}}
    ]}}}));
    described["components"] =
        json!({"securitySchemes": {"k": {"type": "apiKey", "in": "query", "name": "key"}}});
    let target = "/x?q=1&key=k&deep[a]=1&other=2&third";
    assert_eq!(get(&compiled(&described, &Options::default()), target, &[]), NOTHING);
    let strict = Options { strict: true, ..Options::default() };
    let expected = ["query other: is not described", "query third: is not described"];
    assert_eq!(get(&compiled(&described, &strict), target, &[]), expected);
    assert_eq!(
        send(&compiled(&described, &strict), "GET", "/x", &[], b"{}").0,
        ["body: is not described: this operation takes none"]
    );
}

#[test]
fn paths_and_methods_that_are_not_described_are_found() {
    let contract = compiled(
        &document(
            json!({"/pets/{id}": {"parameters": [{"name": "id", "in": "path", "required": true, "schema": {}}], "get": {}, "delete": {}}}),
        ),
        &Options { base_path: "/api/".into(), ..Options::default() },
    );
    assert_eq!(get(&contract, "/api/pets/1", &[]), NOTHING);
    assert_eq!(send(&contract, "HEAD", "/api/pets/1", &[], b"").0, NOTHING);
    assert_eq!(
        send(&contract, "POST", "/api/pets/1", &[], b"").0,
        ["method: is not described for this path; GET, DELETE is"]
    );
    for target in ["/pets/1", "/api/pets", "/api/pets/1/", "/apipets/1", "/api"] {
        assert_eq!(get(&contract, target, &[]), ["path: is not described"], "{target}");
    }
}

#[test]
fn everything_is_told_of_at_once_and_no_value_is_quoted() {
    let contract = with_parameters(json!([
        {"name": "a", "in": "query", "required": true, "schema": {"type": "integer"}},
        {"name": "b", "in": "query", "schema": {"enum": ["red", "green"]}},
        {"name": "c", "in": "header", "schema": {"format": "uuid"}},
        {"name": "d", "in": "query", "schema": {"type": "string", "maxLength": 3}}
    ]));
    let found = get(&contract, "/x?a=hunter2&b=hunter2&d=hunter2", &[("c", "hunter2")]);
    assert_eq!(
        found,
        [
            "header c: is not a valid uuid",
            "query a: is not of type \"integer\"",
            "query b: is not one of \"red\", \"green\"",
            "query d: is longer than 3 characters",
        ]
    );
}
