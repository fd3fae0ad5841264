//! Schemas of both versions as JSON Schema 2020-12. OpenAPI 3.1 has that dialect already; 3.0 has a subset of an older
//! one with words of its own (OAS 3.0.3, "Schema Object").

use serde_json::{Value, json};

use crate::document::Version;
use crate::parts::each_schema;
use crate::reference::pointer_of;
use crate::schema::fragment;

/// Which way a message goes. A property that only answers have is not required of requests, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the API: `readOnly` properties may be missing.
    Request,
    /// From the API: `writeOnly` properties may be missing.
    Response,
}

/// The document with its schemas rewritten.
pub fn converted(root: &Value, version: Version, direction: Direction) -> Value {
    let mut converted = root.clone();
    let only_the_other = match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    each_schema(&mut converted, &mut |_, schema, _| {
        if let Value::Object(_) = schema {
            relax_required(schema, root, only_the_other);
            rewrite_both(schema);
            if version == Version::V3_0 {
                rewrite_3_0(schema);
            }
        }
    });
    converted
}

fn rewrite_3_0(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    if let Some(reference) = members.get("$ref").cloned() {
        // What stands beside a reference does not count.
        *schema = json!({ "$ref": reference });
        return;
    }
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match members.get(exclusive) {
            Some(Value::Bool(true)) => {
                members.shift_remove(exclusive);
                if let Some(limit) = members.shift_remove(bound) {
                    members.insert(exclusive.to_owned(), limit);
                }
            }
            Some(Value::Bool(false)) => {
                members.shift_remove(exclusive);
            }
            _ => {}
        }
    }
    // Words that 3.0 does not have: they would begin to mean something.
    for unknown in
        ["const", "if", "then", "else", "contains", "propertyNames", "prefixItems", "$id", "$anchor"]
    {
        members.shift_remove(unknown);
    }
    if members.shift_remove("nullable") == Some(Value::Bool(true)) {
        make_nullable(schema);
    }
}

fn make_nullable(schema: &mut Value) {
    match schema.get("type") {
        Some(Value::String(kind)) => schema["type"] = json!([kind, "null"]),
        // "Null" beside `allOf` has no effect by the letter, and is what everybody means by it.
        None if ["allOf", "anyOf", "oneOf"].iter().any(|word| schema.get(word).is_some()) => {
            *schema = json!({"anyOf": [{"type": "null"}, schema.take()]});
        }
        _ => {}
    }
}

/// What both versions have beside JSON Schema.
fn rewrite_both(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    // The dialect of the whole document; of its own words none is a check.
    members.shift_remove("$schema");
    // Braces of paths stand in references as they are, and are no part of a URI.
    if let Some(Value::String(reference)) = members.get_mut("$ref")
        && let Ok(pointer) = pointer_of(reference)
        && (pointer.is_empty() || pointer.starts_with('/'))
    {
        *reference = format!("#{}", fragment(&pointer));
    }
    let range = match members.get("format").and_then(Value::as_str) {
        Some("int32") => json!({"minimum": i32::MIN, "maximum": i32::MAX}),
        Some("int64") => json!({"minimum": i64::MIN, "maximum": i64::MAX}),
        _ => return,
    };
    match members.get_mut("allOf") {
        Some(Value::Array(all)) => all.push(range),
        _ => {
            members.insert("allOf".to_owned(), json!([range]));
        }
    }
}

/// Takes properties that only go the other way out of `required`.
fn relax_required(schema: &mut Value, root: &Value, only_the_other: &str) {
    let Some(Value::Array(required)) = schema.get("required") else { return };
    let goes_the_other_way = |name: &Value| {
        name.as_str().is_some_and(|name| {
            property(schema, root, name, 0).is_some_and(|property| is_set(property, root, only_the_other))
        })
    };
    let kept: Vec<Value> = required.iter().filter(|name| !goes_the_other_way(name)).cloned().collect();
    schema["required"] = kept.into();
}

fn is_set(property: &Value, root: &Value, word: &str) -> bool {
    let target = || property.get("$ref").and_then(|reference| target(reference, root));
    let is_it = |schema: &Value| schema.get(word) == Some(&Value::Bool(true));
    is_it(property) || target().is_some_and(is_it)
}

fn target<'d>(reference: &Value, root: &'d Value) -> Option<&'d Value> {
    root.pointer(&pointer_of(reference.as_str()?).ok()?)
}

/// How deep a property is looked for.
const DEEPEST: usize = 4;

/// The property with this name, of the schema itself or of what it is composed of.
fn property<'d>(schema: &'d Value, root: &'d Value, name: &str, depth: usize) -> Option<&'d Value> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(found) = schema.get("properties").and_then(|properties| properties.get(name)) {
        return Some(found);
    }
    let composed = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    composed
        .chain(schema.get("$ref").and_then(|reference| target(reference, root)))
        .find_map(|part| property(part, root, name, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "values are written where they are handed over")]
    fn one(version: Version, schema: Value) -> Value {
        let document = json!({"components": {"schemas": {"a": schema}}});
        converted(&document, version, Direction::Request)["components"]["schemas"]["a"].clone()
    }

    #[test]
    fn words_of_3_0_become_those_of_json_schema() {
        let schema = json!({
            "type": "integer", "nullable": true, "minimum": 1, "exclusiveMinimum": true, "maximum": 9,
            "exclusiveMaximum": false, "const": 3
        });
        let expected = json!({"type": ["integer", "null"], "maximum": 9, "exclusiveMinimum": 1});
        assert_eq!(one(Version::V3_0, schema), expected);
        let beside = json!({"$ref": "#/components/schemas/b", "minLength": 3});
        assert_eq!(one(Version::V3_0, beside.clone()), json!({"$ref": "#/components/schemas/b"}));
        assert_eq!(one(Version::V3_1, beside.clone()), beside);
    }

    #[test]
    fn null_beside_a_composition_is_allowed() {
        let schema = one(Version::V3_0, json!({"nullable": true, "allOf": [{"type": "object"}]}));
        assert_eq!(schema, json!({"anyOf": [{"type": "null"}, {"allOf": [{"type": "object"}]}]}));
    }

    #[test]
    fn what_only_answers_have_is_not_required_of_requests() {
        let schema = json!({
            "required": ["id", "name", "at"],
            "allOf": [{"properties": {"at": {"readOnly": true}}}],
            "properties": {"id": {"readOnly": true}, "name": {}}
        });
        let document = json!({"components": {"schemas": {"a": schema}}});
        let of = |direction| {
            let converted = converted(&document, Version::V3_1, direction);
            converted["components"]["schemas"]["a"]["required"].clone()
        };
        assert_eq!(of(Direction::Request), json!(["name"]));
        assert_eq!(of(Direction::Response), json!(["id", "name", "at"]));
    }
}
