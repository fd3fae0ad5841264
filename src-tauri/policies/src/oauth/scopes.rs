//! Scopes that a token must have (RFC 6749, 3.3).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most scopes that a configuration asks for.
const MAX_SCOPES: usize = 50;

/// How many of the scopes a token needs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ScopeValidationCriteria {
    /// All of them.
    #[default]
    And,
    /// One of them.
    Or,
}

/// Scopes that a token must have.
pub(crate) struct Scopes {
    all: Box<[Box<str>]>,
    criteria: ScopeValidationCriteria,
    /// As written in a challenge.
    pub(crate) text: Box<str>,
}

impl Scopes {
    /// Of a list separated by spaces or commas; none asks for nothing.
    pub(crate) fn parse(text: &str, criteria: ScopeValidationCriteria) -> Result<Self, String> {
        let apart = |letter: char| letter == ',' || letter.is_whitespace();
        let all: Box<[Box<str>]> =
            text.split(apart).filter(|scope| !scope.is_empty()).map(Box::from).collect();
        if let Some(scope) = all.iter().find(|scope| !is_scope(scope)) {
            return Err(format!(
                "`{scope}` is no scope: ASCII letters, digits and signs but quotes and backslashes"
            ));
        }
        if all.len() > MAX_SCOPES {
            return Err(format!("has more than {MAX_SCOPES} scopes"));
        }
        let text = all.join(" ").into();
        Ok(Self { all, criteria, text })
    }

    /// The first one that is missing, where that matters.
    pub(crate) fn missing(&self, fields: &Map<String, Value>) -> Option<&str> {
        let mut lacking =
            self.all.iter().filter(|scope| !granted(fields).any(|granted| granted == &***scope));
        match self.criteria {
            ScopeValidationCriteria::And => lacking.next().map(|scope| &**scope),
            ScopeValidationCriteria::Or if lacking.count() < self.all.len() => None,
            ScopeValidationCriteria::Or => self.all.first().map(|scope| &**scope),
        }
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|scope| &**scope)
    }
}

/// `scope-token` of RFC 6749, appendix A.4: it needs no escapes in a challenge.
pub(crate) fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// What a token has: `scope` as text (RFC 7662, 2.2) or as a list, or `scp`, as some servers name it.
fn granted(fields: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let fields = ["scope", "scp"].into_iter().filter_map(|name| fields.get(name));
    fields.flat_map(|value| {
        let listed = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        value.as_str().into_iter().chain(listed).flat_map(str::split_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn missing(wanted: &str, criteria: ScopeValidationCriteria, fields: &Value) -> Option<String> {
        let scopes = Scopes::parse(wanted, criteria).expect("valid");
        scopes.missing(fields.as_object().expect("an object")).map(str::to_owned)
    }

    #[test]
    fn all_or_one_must_be_granted() {
        use ScopeValidationCriteria::{And, Or};
        let some = json!({"scope": "read write"});
        assert_eq!(missing("read, write", And, &some), None);
        assert_eq!(missing("read admin", And, &some), Some("admin".into()));
        assert_eq!(missing("read admin", Or, &some), None);
        assert_eq!(missing("root admin", Or, &some), Some("root".into()));
        assert_eq!(missing("rea", And, &some), Some("rea".into()), "no prefix counts");
        assert_eq!(missing("", And, &json!({})), None);
        assert_eq!(missing("", Or, &json!({})), None);
    }

    #[test]
    fn scopes_are_read_as_text_and_as_lists_under_both_names() {
        for fields in [
            json!({"scope": "a b"}),
            json!({"scope": ["a", "b"]}),
            json!({"scp": ["a", "b"]}),
            json!({"scp": "a b"}),
        ] {
            assert_eq!(missing("a b", ScopeValidationCriteria::And, &fields), None, "{fields}");
        }
        for fields in [json!({"scope": {"a": 1}}), json!({"scope": 1}), json!({})] {
            assert_eq!(missing("a", ScopeValidationCriteria::And, &fields), Some("a".into()), "{fields}");
        }
    }

    #[test]
    fn what_could_break_out_of_a_challenge_is_no_scope() {
        for text in ["a\"b", "a\\b", "ä"] {
            assert!(Scopes::parse(text, ScopeValidationCriteria::And).is_err(), "{text}");
        }
    }
}
