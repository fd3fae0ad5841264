//! Names and values of a form or a query, each on its own.

use std::borrow::Cow;

use super::decode::form;
use super::detector::Detector;
use super::looker::{Looked, Part};

/// Looks at every name and value of `a=1&b=2`.
pub(super) fn look(detector: &Detector, text: &[u8], part: Part) -> Looked {
    for (n, pair) in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate() {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(end) => (&pair[..end], &pair[end + 1..]),
            None => (&[][..], pair),
        };
        let name = decoded(name);
        detector.look(&name, part, format_args!("name {}", n + 1))?;
        let value = decoded(value);
        if !value.is_empty() {
            detector.look(&value, part, String::from_utf8_lossy(&name))?;
        }
    }
    Ok(())
}

fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        Cow::Owned(form(text))
    } else {
        Cow::Borrowed(text)
    }
}
