//! What a JSON Schema finds, in words that name places and quote no value.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Why;
use serde_json::Value;

use crate::finding::{Findings, Place};
use crate::reference::join;

/// Largest value, in values inside it, of which all is told: what is found is held in memory before it is told, and may
/// be more than the value itself.
const MOST_VALUES: usize = 20_000;

/// Adds everything that `validator` finds in `value`; of a very large one the first thing.
pub fn check(
    validator: &jsonschema::Validator,
    value: &Value,
    place: Place,
    name: &str,
    findings: &mut Findings,
) {
    if !is_small(value, &mut 0) {
        if let Err(error) = validator.validate(value) {
            describe(&error, &mut |pointer, message| findings.add(place, name, pointer, message));
        }
        return;
    }
    for error in validator.iter_errors(value) {
        describe(&error, &mut |pointer, message| findings.add(place, name, pointer, message));
        if findings.is_full() {
            return;
        }
    }
}

fn is_small(value: &Value, counted: &mut usize) -> bool {
    *counted += 1;
    *counted <= MOST_VALUES
        && match value {
            Value::Array(items) => items.iter().all(|item| is_small(item, counted)),
            Value::Object(members) => members.values().all(|member| is_small(member, counted)),
            _ => true,
        }
}

/// How deep forms inside forms are looked into for the one that was meant.
const DEEPEST: usize = 8;

fn describe(error: &ValidationError<'_>, tell: &mut dyn FnMut(&str, String)) {
    describe_at(error, 0, tell);
}

fn describe_at(error: &ValidationError<'_>, depth: usize, tell: &mut dyn FnMut(&str, String)) {
    let at = error.instance_path().as_str();
    match error.kind() {
        Why::Required { property } => {
            tell(&join(at, property.as_str().unwrap_or_default()), "is missing".to_owned());
        }
        Why::AdditionalProperties { unexpected } | Why::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                tell(&join(at, name), "is not known here".to_owned());
            }
        }
        Why::AnyOf { context } | Why::OneOfNotValid { context } => match likeliest(context, error) {
            Some(meant) if depth < DEEPEST => {
                meant.iter().for_each(|error| describe_at(error, depth + 1, tell));
            }
            _ => tell(at, "has none of the forms allowed here".to_owned()),
        },
        Why::OneOfMultipleValid { .. } => {
            tell(at, "has several of the forms of which one is allowed".to_owned());
        }
        Why::FalseSchema => tell(at, "is not allowed here".to_owned()),
        Why::Format { format } => tell(at, format!("is not a valid {format}")),
        Why::Pattern { .. } => tell(at, "is not in the form expected here".to_owned()),
        Why::Enum { options } => tell(at, format!("is not one of {}", listed(options))),
        Why::Constant { expected_value } => {
            tell(at, format!("is not {}", shortened(&expected_value.to_string())));
        }
        Why::PropertyNames { .. } => tell(at, "has a name that is not allowed".to_owned()),
        Why::Not { .. } => tell(at, "has a form that is not allowed".to_owned()),
        Why::Contains => tell(at, "has none of the items that it needs".to_owned()),
        _ => {
            let message = error.masked_with("it").to_string();
            tell(at, message.strip_prefix("it ").unwrap_or(&message).to_owned());
        }
    }
}

/// Of several forms the one that was meant: the only one whose outermost type is right.
fn likeliest<'e>(
    forms: &'e [Vec<ValidationError<'static>>],
    error: &ValidationError<'_>,
) -> Option<&'e [ValidationError<'static>]> {
    let is_another = |form: &&Vec<ValidationError<'static>>| {
        form.iter().any(|inner| {
            matches!(inner.kind(), Why::Type { .. })
                && inner.instance_path().as_str() == error.instance_path().as_str()
        })
    };
    let mut meant = forms.iter().filter(|form| !is_another(form));
    match (meant.next(), meant.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Longest value of a document that is told, in characters.
const LONGEST: usize = 100;

fn listed(options: &Value) -> String {
    match options {
        Value::Array(options) => {
            shortened(&options.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
        other => shortened(&other.to_string()),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
