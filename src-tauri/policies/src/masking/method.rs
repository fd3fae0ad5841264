//! How a value is made unreadable.

use aws_lc_rs::hmac;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Method {
    /// Letters and digits become `*`, but for those that are kept at both ends.
    Partial,
    /// The replacement stands in its place.
    Fixed,
    /// A keyed hash stands in its place, the same for the same value: 32 hexadecimal digits.
    Hashed,
    /// Digits become other digits and letters other letters, the same for the same value; what sets them apart stays.
    FormatPreserving,
}

/// A method with all that it needs.
pub(crate) enum Masked {
    Partial { first: usize, last: usize },
    Fixed(String),
    Hashed(hmac::Key),
    FormatPreserving(hmac::Key),
}

impl Masked {
    /// The value, masked.
    pub(crate) fn mask(&self, value: &str) -> String {
        match self {
            Self::Partial { first, last } => partial(value, *first, *last),
            Self::Fixed(text) => text.clone(),
            Self::Hashed(key) => hex(&hmac::sign(key, value.as_bytes()).as_ref()[..16]),
            Self::FormatPreserving(key) => preserving(key, value),
        }
    }
}

/// Key of the two methods that have one.
pub(crate) fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// A value no longer than what would be kept is masked whole: otherwise nothing of it would be.
fn partial(value: &str, first: usize, last: usize) -> String {
    let signs = value.chars().filter(|c| c.is_alphanumeric()).count();
    let (first, last) = if first + last >= signs { (0, 0) } else { (first, last) };
    let mut at = 0;
    value
        .chars()
        .map(|c| {
            if !c.is_alphanumeric() {
                return c;
            }
            at += 1;
            if at <= first || at > signs - last { c } else { '*' }
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Each digit and letter by a byte of a stream that the key and the whole value give (HMAC in counter mode).
fn preserving(key: &hmac::Key, value: &str) -> String {
    let mut stream = (0u32..).flat_map(|block| {
        let mut context = hmac::Context::with_key(key);
        context.update(&block.to_be_bytes());
        context.update(value.as_bytes());
        context.sign().as_ref().to_vec()
    });
    let mut other = |base: u8, count: u8| {
        // 26 and 10 do not divide 256: what lies past the last whole round would favour the first signs.
        let whole = 256 / u16::from(count) * u16::from(count);
        let byte = stream.by_ref().find(|byte| u16::from(*byte) < whole).unwrap_or(0);
        char::from(base + byte % count)
    };
    let change = |c: char| match c {
        '0'..='9' => other(b'0', 10),
        'a'..='z' => other(b'a', 26),
        'A'..='Z' => other(b'A', 26),
        c if c.is_alphanumeric() => other(b'a', 26),
        c => c,
    };
    value.chars().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_keeps_the_ends_and_what_sets_apart() {
        let mask = Masked::Partial { first: 0, last: 4 };
        assert_eq!(mask.mask("4111 1111 1111 1234"), "**** **** **** 1234");
        assert_eq!(mask.mask("1234"), "****", "nothing is kept of what is no longer than what would be kept");
        assert_eq!(Masked::Partial { first: 1, last: 0 }.mask("jo@mail.example"), "j*@****.*******");
        assert_eq!(mask.mask("Żółćgęślą"), "*****ęślą");
    }

    #[test]
    fn a_hash_is_the_same_for_the_same_value_and_key_alone() {
        let (one, other) = (Masked::Hashed(key("a")), Masked::Hashed(key("b")));
        assert_eq!(one.mask("x"), one.mask("x"));
        assert_ne!(one.mask("x"), one.mask("y"));
        assert_ne!(one.mask("x"), other.mask("x"));
        assert_eq!(one.mask("x").len(), 32);
    }

    #[test]
    fn a_format_stays_and_the_value_does_not() {
        let mask = Masked::FormatPreserving(key("a"));
        let masked = mask.mask("AB-1234 xyz.é");
        let shape = |text: &str| -> String {
            let kind = |c: char| match c {
                '0'..='9' => '9',
                'A'..='Z' => 'A',
                c if c.is_alphanumeric() => 'a',
                c => c,
            };
            text.chars().map(kind).collect()
        };
        assert_eq!(shape(&masked), "AA-9999 aaa.a");
        assert_ne!(masked, "AB-1234 xyz.é");
        assert_eq!(masked, mask.mask("AB-1234 xyz.é"));
    }
}
