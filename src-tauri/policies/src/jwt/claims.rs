//! What a token must say to be taken (RFC 7519, 4.1).

use gatepost_model::Note;
use serde_json::{Map, Value};

use super::token::Flaw;

/// What tokens must say.
pub(crate) struct Rules {
    pub(crate) audiences: Box<[Box<str>]>,
    pub(crate) needs_audience: bool,
    pub(crate) issuers: Box<[Box<str>]>,
    pub(crate) needs_expiry: bool,
    pub(crate) needs_start: bool,
    /// Seconds.
    pub(crate) skew: f64,
}

/// The words of a comma-separated list.
pub(crate) fn words(text: &str) -> Box<[Box<str>]> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Box::from).collect()
}

impl Rules {
    /// Checks the registered claims at `now`, in seconds since 1970.
    pub(crate) fn check(&self, claims: &Map<String, Value>, now: f64) -> Result<(), Flaw> {
        match date(claims, "exp")? {
            Some(end) if now >= end + self.skew => {
                return Err(Flaw::new("The token has expired", const { Note::new("exp is over") }));
            }
            None if self.needs_expiry => return Err(missing("exp")),
            _ => {}
        }
        match date(claims, "nbf")? {
            Some(start) if now + self.skew < start => {
                return Err(Flaw::new("The token is not valid yet", const { Note::new("nbf is to come") }));
            }
            None if self.needs_start => return Err(missing("nbf")),
            _ => {}
        }
        if date(claims, "iat")?.is_some_and(|issued| now + self.skew < issued) {
            return Err(Flaw::new("The token is not valid yet", const { Note::new("iat is to come") }));
        }
        self.check_audience(claims)?;
        self.check_issuer(claims)
    }

    /// One of the token's audiences must be ours.
    pub(crate) fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Flaw> {
        let is_ours = |name: &str| self.audiences.iter().any(|ours| **ours == *name);
        let refused = |note: Note| Err(Flaw::new("The token is for another audience", note));
        match claims.get("aud") {
            None if self.needs_audience => Err(missing("aud")),
            None => Ok(()),
            Some(_) if self.audiences.is_empty() => Ok(()),
            Some(Value::String(name)) if is_ours(name) => Ok(()),
            Some(Value::String(name)) => refused(Note::new("aud is {}").with(start_of(name))),
            Some(Value::Array(names)) if names.iter().filter_map(Value::as_str).any(is_ours) => Ok(()),
            Some(other) => refused(Note::new("aud is {}").with(start_of(&other.to_string()))),
        }
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), Flaw> {
        if self.issuers.is_empty() {
            return Ok(());
        }
        let note = match claims.get("iss") {
            None => return Err(missing("iss")),
            Some(Value::String(name)) if self.issuers.iter().any(|ours| **ours == **name) => return Ok(()),
            Some(Value::String(name)) => Note::new("iss is {}").with(start_of(name)),
            Some(_) => const { Note::new("iss is no text") },
        };
        Err(Flaw::new("The token is from another issuer", note))
    }
}

/// Seconds since 1970; a date that is no number is none (RFC 7519, 2).
pub(crate) fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, Flaw> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| {
            Flaw::new("A date of the token is not a number", Note::new("{} is no number").with(name))
        }),
    }
}

fn missing(name: &'static str) -> Flaw {
    Flaw::new("A claim of the token is missing", Note::new("the token has no {}").with(name))
}

/// Enough of a value to recognise it.
pub(crate) fn start_of(text: &str) -> &str {
    const SHOWN: usize = 64;
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}
