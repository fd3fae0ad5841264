//! Checks that several inputs share.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::{Fault, Faults, Millis};

/// A name for people: trimmed, not empty, no control characters, at most `most` characters.
pub fn words(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.chars().count() > most {
        return Err(format!("at most {most} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character".into());
    }
    Ok(text.to_owned())
}

/// A method: capitals and `-`, as a policy's scope has it.
pub(crate) fn method(text: &str) -> Result<String, String> {
    const LONGEST: usize = 50;
    let fits =
        (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("`{text}` is not a method; write it in capitals, such as GET"))
}

/// The given value, or the default; noted where it is outside `range`.
pub(super) fn number<T: TryFrom<u32> + Copy + Display + PartialOrd>(
    faults: &mut Faults,
    field: &str,
    given: Option<u32>,
    default: T,
    range: RangeInclusive<T>,
) -> T {
    let Some(given) = given else { return default };
    T::try_from(given).ok().filter(|value| range.contains(value)).unwrap_or_else(|| {
        faults.add(field, format!("`{given}` must be from {} to {}", range.start(), range.end()));
        default
    })
}

/// The given duration, or the default; noted where it is outside `range`.
pub(super) fn duration(
    faults: &mut Faults,
    field: &str,
    given: Option<Millis>,
    default: Millis,
    range: &RangeInclusive<Millis>,
) -> Millis {
    let Some(given) = given else { return default };
    if !range.contains(&given) {
        faults.add(field, format!("`{given}` must be from {} to {}", range.start(), range.end()));
    }
    given
}

/// What the part under `field` comes to; its faults are noted there.
pub(super) fn part<T>(faults: &mut Faults, field: &str, checked: Result<T, Vec<Fault>>) -> Option<T> {
    checked.map_err(|inner| faults.extend_under(field, inner)).ok()
}

/// The value where it is not the default.
pub(super) fn unless_default<T: PartialEq>(value: T, default: &T) -> Option<T> {
    (value != *default).then_some(value)
}
