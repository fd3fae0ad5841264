//! Where schemas stand in an OpenAPI document: what may be rewritten, and what is an example, an extension or a name.

use serde_json::Value;

use crate::reference::join;

/// A part of a document.
enum Part {
    /// An object, with what its members are.
    Members(&'static [(&'static str, &'static Part)]),
    /// A map by names of the document's own, or a list, of parts.
    Each(&'static Part),
    /// A schema.
    Schema,
}

use Part::{Each, Members, Schema};

static SCHEMA: Part = Schema;
static SCHEMAS: Part = Each(&SCHEMA);
/// Parameters and headers.
static PARAMETER: Part = Members(&[("schema", &SCHEMA), ("content", &CONTENT)]);
static PARAMETERS: Part = Each(&PARAMETER);
static CONTENT: Part = Each(&MEDIA);
static MEDIA: Part = Members(&[("schema", &SCHEMA), ("encoding", &Each(&ENCODING))]);
static ENCODING: Part = Members(&[("headers", &PARAMETERS)]);
static BODY: Part = Members(&[("content", &CONTENT)]);
static RESPONSE: Part = Members(&[("headers", &PARAMETERS), ("content", &CONTENT)]);
static RESPONSES: Part = Each(&RESPONSE);
static OPERATION: Part =
    Members(&[("parameters", &PARAMETERS), ("requestBody", &BODY), ("responses", &RESPONSES)]);
static PATH_ITEM: Part = Members(&[
    ("parameters", &PARAMETERS),
    ("get", &OPERATION),
    ("put", &OPERATION),
    ("post", &OPERATION),
    ("delete", &OPERATION),
    ("options", &OPERATION),
    ("head", &OPERATION),
    ("patch", &OPERATION),
    ("trace", &OPERATION),
]);
static PATH_ITEMS: Part = Each(&PATH_ITEM);
static COMPONENTS: Part = Members(&[
    ("schemas", &SCHEMAS),
    ("parameters", &PARAMETERS),
    ("headers", &PARAMETERS),
    ("requestBodies", &Each(&BODY)),
    ("responses", &RESPONSES),
    ("pathItems", &PATH_ITEMS),
]);
static ROOT: Part = Members(&[("components", &COMPONENTS), ("paths", &PATH_ITEMS)]);

/// Inside a schema.
static KEYWORDS: &[(&str, &Part)] = &[
    ("properties", &SCHEMAS),
    ("patternProperties", &SCHEMAS),
    ("$defs", &SCHEMAS),
    ("definitions", &SCHEMAS),
    ("dependentSchemas", &SCHEMAS),
    ("allOf", &SCHEMAS),
    ("anyOf", &SCHEMAS),
    ("oneOf", &SCHEMAS),
    ("prefixItems", &SCHEMAS),
    ("items", &SCHEMA),
    ("additionalProperties", &SCHEMA),
    ("unevaluatedProperties", &SCHEMA),
    ("unevaluatedItems", &SCHEMA),
    ("propertyNames", &SCHEMA),
    ("contains", &SCHEMA),
    ("not", &SCHEMA),
    ("if", &SCHEMA),
    ("then", &SCHEMA),
    ("else", &SCHEMA),
];

/// What is done with a schema: its pointer, itself, and whether it stands in no other.
type Visit<'v> = &'v mut dyn FnMut(&str, &mut Value, bool);

/// Visits every schema of a document, those inside before those around them.
pub fn each_schema(root: &mut Value, visit: Visit<'_>) {
    walk(&ROOT, root, "", true, visit);
}

fn walk(part: &Part, value: &mut Value, pointer: &str, outermost: bool, visit: Visit<'_>) {
    match (part, &mut *value) {
        (Members(members), Value::Object(_)) => walk_members(members, value, pointer, outermost, visit),
        (Each(inner), Value::Object(members)) => {
            for (name, member) in members {
                walk(inner, member, &join(pointer, name), outermost, visit);
            }
        }
        (Each(inner), Value::Array(items)) => {
            for (n, item) in items.iter_mut().enumerate() {
                walk(inner, item, &format!("{pointer}/{n}"), outermost, visit);
            }
        }
        (Schema, Value::Object(_) | Value::Bool(_)) => {
            walk_members(KEYWORDS, value, pointer, false, visit);
            visit(pointer, value, outermost);
        }
        // Where a schema should be: it is told of.
        (Schema, _) => visit(pointer, value, outermost),
        _ => {}
    }
}

fn walk_members(
    members: &[(&str, &'static Part)],
    value: &mut Value,
    pointer: &str,
    outermost: bool,
    visit: Visit<'_>,
) {
    for (name, part) in members {
        if let Some(member) = value.get_mut(name) {
            walk(part, member, &join(pointer, name), outermost, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_schemas_and_neither_examples_nor_names_that_look_like_them() {
        let mut document = json!({
            "components": {
                "schemas": {"schema": {"properties": {"items": {"type": "string"}, "example": {"enum": [1]}}}},
                "examples": {"schema": {"value": {"nullable": true}}}
            },
            "paths": {"/a": {"get": {
                "parameters": [{"schema": {}, "example": {"schema": {"a": 1}}}],
                "responses": {"200": {"content": {"application/json": {"schema": {"items": {}}, "example": {"items": {}}}}}}
            }}}
        });
        let mut found = Vec::new();
        each_schema(&mut document, &mut |pointer, _, outermost| found.push((pointer.to_owned(), outermost)));
        let mut outermost: Vec<&str> =
            found.iter().filter(|(_, outermost)| *outermost).map(|(pointer, _)| &**pointer).collect();
        outermost.sort_unstable();
        assert_eq!(
            outermost,
            [
                "/components/schemas/schema",
                "/paths/~1a/get/parameters/0/schema",
                "/paths/~1a/get/responses/200/content/application~1json/schema"
            ]
        );
        assert_eq!(found.len(), 6);
    }
}
