//! Checks a document against a JSON Schema and says every fault in words an operator understands.

use gatepost_model::{Fault, Millis};
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind as Why;
use serde_json::Value;

/// A compiled JSON Schema.
pub struct Checker(Option<Validator>);

impl Checker {
    /// Compiles a schema of our own. One that is not valid refuses everything, which the tests of all policies show.
    pub fn of(schema: &Value) -> Self {
        Self(jsonschema::validator_for(schema).ok())
    }

    /// Every fault, fields written as `limits[0].per`.
    pub fn faults(&self, document: &Value) -> Vec<Fault> {
        let Some(validator) = &self.0 else {
            return vec![Fault::new("", "cannot be checked: its schema does not compile")];
        };
        validator.iter_errors(document).flat_map(|error| describe(&error)).collect()
    }
}

fn describe(error: &jsonschema::ValidationError<'_>) -> Vec<Fault> {
    let field = field_of(error.instance_path().as_str());
    let at = |name: &str, message: String| Fault::new(name, message).under(&field);
    match error.kind() {
        Why::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| at(name, "is not a known field".into())).collect()
        }
        Why::Required { property } => {
            vec![at(property.as_str().unwrap_or_default(), "is missing".into())]
        }
        Why::AnyOf { context } | Why::OneOfNotValid { context } => match likeliest(context, error) {
            Some(branch) => branch.iter().flat_map(describe).collect(),
            None => {
                vec![at("", format!("{} is not one of the forms allowed here", shorten(error.instance())))]
            }
        },
        Why::Pattern { pattern } if pattern == Millis::PATTERN => {
            vec![at(
                "",
                format!("{} is not a duration; write 500ms, 30s, 1m or 24h", shorten(error.instance())),
            )]
        }
        Why::Pattern { .. } => {
            vec![at("", format!("{} is not in the form expected here", shorten(error.instance())))]
        }
        _ => vec![at("", error.to_string())],
    }
}

/// Of several forms the one that was meant: the only one whose outermost type is right. An optional object is
/// "object or null", so this names what is wrong inside the object.
fn likeliest<'e>(
    forms: &'e [Vec<jsonschema::ValidationError<'static>>],
    error: &jsonschema::ValidationError<'_>,
) -> Option<&'e [jsonschema::ValidationError<'static>]> {
    let is_another_type = |form: &&Vec<jsonschema::ValidationError<'static>>| {
        form.iter().any(|inner| {
            matches!(inner.kind(), Why::Type { .. } | Why::Constant { .. } | Why::Enum { .. })
                && inner.instance_path() == error.instance_path()
        })
    };
    let mut meant = forms.iter().filter(|form| !is_another_type(form));
    match (meant.next(), meant.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// `/limits/0/per` as `limits[0].per`.
fn field_of(pointer: &str) -> String {
    let mut field = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() {
            field.push_str(&format!("[{part}]"));
        } else {
            if !field.is_empty() {
                field.push('.');
            }
            field.push_str(&part);
        }
    }
    field
}

/// The value as JSON, cut to what fits a line.
fn shorten(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_every_fault_and_names_its_field() {
        let checker = Checker::of(&json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"type": "integer"}, "list": {"type": "array", "items": {
                "type": "object", "required": ["per"], "properties": {"per": {"type": "integer", "minimum": 1}}}}}
        }));
        let faults = checker.faults(&json!({"b": 1, "list": [{"per": 0}, {}]}));
        let mut fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["a", "b", "list[0].per", "list[1].per"]);
    }

    #[test]
    fn looks_into_an_optional_object() {
        let inner = json!({"type": "object", "properties": {"port": {"type": "integer"}}});
        let checker = Checker::of(&json!({"properties": {"listen": {"anyOf": [inner, {"type": "null"}]}}}));
        let fields =
            |document| checker.faults(&document).into_iter().map(|fault| fault.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"listen": {"port": "x"}})), ["listen.port"]);
        assert_eq!(fields(json!({"listen": 1})), ["listen"]);
        assert!(fields(json!({"listen": null})).is_empty());
    }
}
