//! JSON Web Tokens: taken apart, checked with keys from a configuration or a server, and held against rules.

mod algorithm;
mod claims;
mod keys;
mod source;
mod token;

use std::sync::Arc;

use gatepost_model::Note;
use serde_json::{Map, Value};

pub(crate) use self::algorithm::{Pinned, SigningMethod};
pub(crate) use self::claims::{Rules, date, start_of, words};
pub(crate) use self::keys::KeySet;
pub(crate) use self::source::{Fetching, Keys, Sets, Source, address, addresses, fetch};
pub(crate) use self::token::{Flaw, MAX_TOKEN, Token, Unique};

/// What a token must be signed with, and what it must say.
pub(crate) struct Signed {
    pub(crate) pinned: Pinned,
    /// None takes any.
    pub(crate) types: Box<[Box<str>]>,
    pub(crate) rules: Rules,
}

/// Why a token is not taken, yet or at all.
pub(crate) enum Obstacle {
    Flawed(Flaw),
    /// No key at hand has the name that it gives.
    NoKey(Note),
}

impl From<Flaw> for Obstacle {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}

impl Signed {
    /// What a token says, once its signature is right and its claims hold at `now`, in seconds since 1970. Claims come
    /// after the signature, so that nobody learns from answers what a forged token would need to say.
    pub(crate) fn claims(
        &self,
        text: &str,
        sets: &[Arc<KeySet>],
        now: f64,
    ) -> Result<Map<String, Value>, Obstacle> {
        let token = Token::parse(text)?;
        if *token.algorithm != *self.pinned.name {
            let note = Note::new("alg is {}, not {}").with(start_of(&token.algorithm)).with(self.pinned.name);
            return Err(Flaw::new("The token is signed with another algorithm", note).into());
        }
        let Some(key) = sets.iter().find_map(|set| set.key_of(&token)) else {
            let named = token.key_id.as_deref().map_or("no kid", start_of);
            return Err(Obstacle::NoKey(Note::new("no key for it: {}").with(named)));
        };
        let signed = token.signed.as_bytes();
        let is_right = jsonwebtoken::crypto::verify(token.signature, signed, key, self.pinned.algorithm);
        if !is_right.unwrap_or(false) {
            let note = const { Note::new("the signature is wrong") };
            return Err(Flaw::new("The signature of the token is wrong", note).into());
        }
        self.check_kind(&token)?;
        let claims = token.claims()?;
        self.rules.check(&claims, now)?;
        Ok(claims)
    }

    fn check_kind(&self, token: &Token<'_>) -> Result<(), Flaw> {
        let kind = token.kind.as_deref().unwrap_or_default();
        // RFC 7515, 4.1.9: `application/` may be left out.
        let bare = |kind: &str| kind.to_ascii_lowercase().trim_start_matches("application/").to_owned();
        if self.types.is_empty() || self.types.iter().any(|taken| bare(taken) == bare(kind)) {
            return Ok(());
        }
        Err(Flaw::new("The token is of another type", Note::new("typ is {}").with(start_of(kind))))
    }
}
