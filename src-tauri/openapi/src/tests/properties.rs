//! What holds whatever comes.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn contract() -> Contract {
    let described = document(
        json!({"/x/{p}": {"parameters": [{"name": "p", "in": "path", "schema": {"type": "string"}}],
            "get": {"parameters": [
                {"name": "form", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                {"name": "csv", "in": "query", "explode": false, "schema": {"type": "array", "items": {"type": "string"}}},
                {"name": "deep", "in": "query", "style": "deepObject", "explode": true, "schema": {"type": "object"}}
            ]},
            "post": {"requestBody": {"content": {
                "application/json": {"schema": {"type": "object"}},
                "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"a": {"type": "array"}}}},
                "multipart/form-data": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
            }}}
        }}),
    );
    compiled(&described, &Options { strict: true, ..Options::default() })
}

/// Percent-encoded as strictly as can be.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

proptest! {
    #[test]
    fn any_text_survives_its_way_through_a_parameter(text in "\\PC{1,20}") {
        let described = document(json!({"/x/{p}": {"get": {"parameters": [
            {"name": "p", "in": "path", "schema": {"const": text}},
            {"name": "q", "in": "query", "required": true, "schema": {"const": text}},
            {"name": "l", "in": "query", "explode": false, "schema": {"const": [text, text]}}
        ]}}}));
        let contract = compiled(&described, &Options::default());
        let e = encoded(&text);
        prop_assert_eq!(get(&contract, &format!("/x/{e}?q={e}&l={e},{e}"), &[]), NOTHING);
        prop_assert_ne!(get(&contract, &format!("/x/{e}?q={e}a&l={e},{e}"), &[]), NOTHING);
    }

    #[test]
    fn no_request_breaks_the_check(path in "/x/[ -~]{0,12}", query in "[ -~]{0,40}", body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let contract = contract();
        get(&contract, &format!("{path}?{query}"), &[("cookie", &query)]);
        for kind in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
            send(&contract, "POST", "/x/1", &[("content-type", kind)], &body);
        }
    }

    #[test]
    fn no_text_breaks_the_reading_of_documents(text in "[ -~\n]{0,120}") {
        let _ = Document::parse(&text);
        let _ = Document::parse(&format!("openapi: 3.0.0\ninfo: {{}}\npaths:\n  {text}"));
    }

    #[test]
    fn whatever_schema_stands_there_it_is_compiled_or_a_fault(word in "type|items|enum|pattern|\\$ref|allOf|minimum|properties|required", value in prop_oneof![
        Just(json!(null)), Just(json!(1)), Just(json!("a")), Just(json!([])), Just(json!({})), Just(json!(["x"])),
        Just(json!({"a": {}})), Just(json!("#/components/schemas/A")), Just(json!("(")), Just(json!(-1))
    ]) {
        let mut described = document(json!({"/x": {"get": {"parameters": [{"name": "q", "in": "query",
            "schema": {"$ref": "#/components/schemas/A"}}]}}}));
        described["components"] = json!({"schemas": {"A": {word: value}}});
        for version in ["3.0.3", "3.1.0"] {
            described["openapi"] = version.into();
            if let Ok(document) = Document::parse(&described.to_string())
                && let Ok(contract) = Contract::compile(&document, &Options::default())
            {
                get(&contract, "/x?q=1", &[]);
            }
        }
    }
}
