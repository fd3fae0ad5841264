//! Claims of the operator's own: each must equal a text, or make an expression true.

use gatepost_gateway::{Expression, Side, Subject};
use gatepost_model::{Faults, Note};
use serde_json::{Map, Value};

use super::Claim;
use crate::jwt::Flaw;

/// A claim of the operator's own.
pub(super) struct Custom {
    name: Box<str>,
    wanted: Wanted,
    is_needed: bool,
}

enum Wanted {
    /// This text, number or truth value.
    Exactly(Box<str>),
    /// What gives `true`.
    That(Expression),
}

impl Custom {
    /// Those without a fault; each fault goes to `faults`.
    pub(super) fn all(claims: &[Claim], list: &str, is_needed: bool, faults: &mut Faults) -> Vec<Self> {
        let compiled = claims.iter().enumerate().filter_map(|(n, claim)| {
            let parsed = faults
                .take(&format!("{list}[{n}].value"), Expression::parse(claim.value.trim(), Side::Request))?;
            let wanted = match parsed.as_literal() {
                Some(text) => Wanted::Exactly(text.into()),
                None => Wanted::That(parsed),
            };
            Some(Self { name: claim.key.as_str().into(), wanted, is_needed })
        });
        compiled.collect()
    }

    /// Checks it; `subject` knows the claims already.
    pub(super) fn check(&self, claims: &Map<String, Value>, subject: &Subject<'_>) -> Result<(), Flaw> {
        let failed =
            |note: Note| Err(Flaw::new("A claim of the token is not as it must be", note.with(&*self.name)));
        let Some(value) = claims.get(&*self.name) else {
            return if self.is_needed { failed(const { Note::new("the token has no {}") }) } else { Ok(()) };
        };
        match &self.wanted {
            Wanted::Exactly(text) if is_text(value, text) => Ok(()),
            Wanted::Exactly(_) => failed(const { Note::new("{} is not as it must be") }),
            Wanted::That(expression) => match expression.evaluate(subject) {
                Ok(Some(truth)) if truth == "true" => Ok(()),
                Ok(_) => failed(const { Note::new("the rule for {} does not hold") }),
                Err(_) => failed(const { Note::new("the rule for {} does not fit its value") }),
            },
        }
    }
}

fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Number(value) => value.to_string() == text,
        Value::Bool(value) => text == if *value { "true" } else { "false" },
        _ => false,
    }
}
