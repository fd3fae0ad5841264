//! Values of a form (`application/x-www-form-urlencoded`).

use super::{Edits, Place, Rewrite, Trouble, first};

/// Rewrites the values of the fields.
pub(super) fn rewrite(edits: &mut Edits<'_>, rules: &[impl Rewrite]) -> Result<(), Trouble> {
    let body = edits.body;
    let mut at = 0;
    for pair in body.split(|byte| *byte == b'&') {
        let (start, end) = (at, at + pair.len());
        at = end + 1;
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else { continue };
        let (field, value) = (decoded(&pair[..equals]), decoded(&pair[equals + 1..]));
        if let Some(other) = first(rules, &Place::Form { field: &field }, &value, |_| false)? {
            edits.replace(start + equals + 1..end, encoded(&other).as_bytes());
        }
    }
    Ok(())
}

/// A part of a form or query without its percent signs and plus signs.
pub(crate) fn decoded(part: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((first, tail)) = rest.split_first() {
        let hex = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
        rest = match (first, tail) {
            (b'+', tail) => {
                bytes.push(b' ');
                tail
            }
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    tail
                }
                _ => {
                    bytes.push(b'%');
                    &rest[1..]
                }
            },
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text as a part of a form or query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
