//! Checks a document against a JSON Schema and says every fault in words an operator understands.

use std::collections::BTreeSet;

use gatepost_model::{Fault, Millis};
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind as Why;
use serde_json::Value;

use crate::secret_places;

/// A compiled JSON Schema.
pub struct Checker {
    validator: Option<Validator>,
    schema: Value,
}

impl Checker {
    /// Compiles a schema of our own. One that is not valid refuses everything, which the tests of all policies show.
    pub fn of(schema: Value) -> Self {
        Self { validator: jsonschema::validator_for(&schema).ok(), schema }
    }

    /// JSON pointers of the secrets that a document holds.
    pub fn secrets_in(&self, document: &Value) -> BTreeSet<String> {
        secret_places(&self.schema, document)
    }

    /// Every fault, fields written as `limits[0].per`. None quotes a secret.
    pub fn faults(&self, document: &Value) -> Vec<Fault> {
        let Some(validator) = &self.validator else {
            return vec![Fault::new("", "cannot be checked: its schema does not compile")];
        };
        let secrets = self.secrets_in(document);
        validator.iter_errors(document).flat_map(|error| describe(&error, &secrets)).collect()
    }
}

fn describe(error: &jsonschema::ValidationError<'_>, secrets: &BTreeSet<String>) -> Vec<Fault> {
    let path = error.instance_path().as_str();
    let is_secret = secrets.iter().any(|place| place.starts_with(path));
    let quoted = || if is_secret { "this".to_owned() } else { shorten(error.instance()) };
    let field = field_of(path);
    let at = |name: &str, message: String| Fault::new(name, message).under(&field);
    match error.kind() {
        Why::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| at(name, "is not a known field".into())).collect()
        }
        Why::Required { property } => {
            vec![at(property.as_str().unwrap_or_default(), "is missing".into())]
        }
        Why::AnyOf { context } | Why::OneOfNotValid { context } => match likeliest(context, error) {
            Some(branch) => branch.iter().flat_map(|error| describe(error, secrets)).collect(),
            None => vec![at("", format!("{} is not one of the forms allowed here", quoted()))],
        },
        Why::Pattern { pattern } if pattern == Millis::PATTERN => {
            vec![at("", format!("{} is not a duration; write 500ms, 30s, 1m or 24h", quoted()))]
        }
        Why::Pattern { .. } => vec![at("", format!("{} is not in the form expected here", quoted()))],
        _ if is_secret => vec![at("", error.masked_with("this").to_string())],
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
pub fn field_of(pointer: &str) -> String {
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
        let checker = Checker::of(json!({
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
    fn quotes_no_secret() {
        let secret = json!({"type": "string", "writeOnly": true, "maxLength": 8, "pattern": "^[a-z]+$"});
        let checker = Checker::of(json!({
            "properties": {"key": secret, "keys": {"type": "array", "maxItems": 1, "items": secret}}
        }));
        let faults = checker.faults(&json!({"key": "Tr0ub4dor&3", "keys": ["hunter22", "correct-horse"]}));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults.iter().filter(|fault| fault.field == "key").count(), 2, "{told:?}");
        for secret in ["Tr0ub4dor", "hunter22", "correct-horse"] {
            assert!(told.iter().all(|fault| !fault.contains(secret)), "{told:?}");
        }
    }

    #[test]
    fn looks_into_an_optional_object() {
        let inner = json!({"type": "object", "properties": {"port": {"type": "integer"}}});
        let checker = Checker::of(json!({"properties": {"listen": {"anyOf": [inner, {"type": "null"}]}}}));
        let fields =
            |document| checker.faults(&document).into_iter().map(|fault| fault.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"listen": {"port": "x"}})), ["listen.port"]);
        assert_eq!(fields(json!({"listen": 1})), ["listen"]);
        assert!(fields(json!({"listen": null})).is_empty());
    }
}
