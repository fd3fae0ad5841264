//! A JSON Web Token as text: its parts, taken apart strictly (RFC 7515, 7519, 8725).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatepost_model::Note;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Longest token, in bytes.
pub(crate) const MAX_TOKEN: usize = 16 * 1_024;
/// Longest `kid`, in bytes.
const MAX_KID: usize = 1_024;

/// Why a token is not taken: in words for its caller, and for the trail.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// Without quotes, for it stands in `WWW-Authenticate` too.
    pub(crate) words: &'static str,
    pub(crate) note: Note,
}

impl Flaw {
    pub(crate) fn new(words: &'static str, note: Note) -> Self {
        Self { words, note }
    }

    fn malformed(note: Note) -> Self {
        Self::new("The token is not a JSON Web Token", note)
    }
}

/// A token whose signature is yet to be checked. Of its header only what the configuration is held against is kept:
/// `jwk`, `jku`, `x5u` and `x5c` are never looked at (RFC 8725, 3.10).
#[derive(Debug)]
pub(crate) struct Token<'a> {
    /// Header and claims as they were signed.
    pub(crate) signed: &'a str,
    pub(crate) signature: &'a str,
    claims: &'a str,
    pub(crate) algorithm: Box<str>,
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) kind: Option<Box<str>>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Flaw> {
        if text.len() > MAX_TOKEN {
            let note = Note::new("the token is longer than {} bytes").with(MAX_TOKEN as u64);
            return Err(Flaw::new("The token is too long", note));
        }
        let mut parts = text.split('.');
        let (Some(head), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Flaw::malformed(const { Note::new("the token has not three parts") }));
        };
        match parts.count() {
            0 => {}
            2 => return Err(encrypted()),
            _ => return Err(Flaw::malformed(const { Note::new("the token has more than three parts") })),
        }
        let mut header = object(head, "the token's header is not base64url", "the token's header: {}")?;
        if header.contains_key("enc") || header.contains_key("zip") {
            return Err(encrypted());
        }
        if header.contains_key("crit") {
            let note =
                const { Note::new("the token's header has crit, of which nothing is understood here") };
            return Err(Flaw::new("The token asks for extensions that are not supported", note));
        }
        let mut text_of = |name: &'static str| match header.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_KID => Ok(Some(text.into_boxed_str())),
            Some(_) => {
                Err(Flaw::malformed(Note::new("{} in the token's header is no text, or too long").with(name)))
            }
        };
        let algorithm = text_of("alg")?;
        let (key_id, kind) = (text_of("kid")?, text_of("typ")?);
        let algorithm =
            algorithm.ok_or_else(|| Flaw::malformed(const { Note::new("the token's header has no alg") }))?;
        let signed = &text[..head.len() + 1 + claims.len()];
        Ok(Self { signed, signature, claims, algorithm, key_id, kind })
    }

    /// What it says. Ask only once its signature is right.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, Flaw> {
        object(self.claims, "the token's claims are not base64url", "the token's claims: {}")
    }
}

fn encrypted() -> Flaw {
    let note = const { Note::new("the token is encrypted or compressed (JWE), which is not supported") };
    Flaw::new("Encrypted tokens are not supported", note)
}

/// A JSON object in base64url without padding or white space.
fn object(
    encoded: &str,
    not_encoded: &'static str,
    not_json: &'static str,
) -> Result<Map<String, Value>, Flaw> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Flaw::malformed(Note::new(not_encoded)))?;
    match serde_json::from_slice(&json) {
        Ok(Unique(Value::Object(object))) => Ok(object),
        Ok(_) => Err(Flaw::malformed(Note::new(not_json).with("no JSON object"))),
        Err(error) => Err(Flaw::malformed(Note::new(not_json).with(error.to_string().as_str()))),
    }
}

/// JSON in which no object says a name twice: two readers could take different ones for it (RFC 8725, 2.4, RFC 7519, 4).
#[derive(Debug)]
pub(crate) struct Unique(pub(crate) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson).map(Self)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, Unique>()? {
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice in one object"));
            }
        }
        Ok(Value::Object(all))
    }
}
