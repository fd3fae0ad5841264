//! Percent-encoding (RFC 3986, 2.1), decoded strictly: what two readers could read in two ways is no text.

use std::borrow::Cow;

/// The text, or none where an escape is broken or it is not UTF-8.
pub fn decoded(text: &str) -> Option<Cow<'_, str>> {
    decode(text, false)
}

/// The same for forms and queries, where `+` is a space.
pub fn decoded_form(text: &str) -> Option<Cow<'_, str>> {
    decode(text, true)
}

fn decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let is_plain = |byte: &u8| *byte != b'%' && !(plus_is_space && *byte == b'+');
    if text.as_bytes().iter().all(is_plain) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_encoded_rightly_and_nothing_else() {
        assert_eq!(decoded("a%20b+c").as_deref(), Some("a b+c"));
        assert_eq!(decoded_form("a%20b+c").as_deref(), Some("a b c"));
        assert_eq!(decoded("%C3%A4").as_deref(), Some("ä"));
        for broken in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }
}
