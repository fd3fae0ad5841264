//! What a token says, as headers for the upstream. What a caller sent under their names goes, written with `_` for `-`
//! too, since many servers take the two for one.

use gatepost_gateway::{Refusal, Reply, Request};
use gatepost_model::Note;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::header_injection::header_value;

/// A claim that the upstream gets as a header.
pub(crate) struct Passed {
    pub(crate) header: HeaderName,
    pub(crate) claim: Box<str>,
}

/// Claims to the headers that a configuration names.
pub(crate) fn pass_on(
    all: &[Passed],
    claims: &Map<String, Value>,
    request: &mut Request,
) -> Result<(), Box<Refusal>> {
    if all.is_empty() {
        return Ok(());
    }
    let headers = request.headers_mut();
    remove(headers, |name| all.iter().any(|passed| is_same(&passed.header, name)));
    for passed in all {
        let value = match claims.get(&*passed.claim) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => header_value(text),
            Some(other) => header_value(&other.to_string()),
        };
        let value = value.map_err(|why| {
            let note = Note::new("{} could not be made a header: {}").with(&*passed.claim).with(why.as_str());
            Refusal::of_failure(Reply::failed("A header could not be made"), note)
        })?;
        headers.insert(passed.header.clone(), value);
    }
    Ok(())
}

/// How the headers of [`expose`] begin.
const EXPOSED: &str = "x-agw-";
/// What the vendor does not expose either.
const NOT_EXPOSED: [&str; 2] = ["scope", "exp"];

/// Every scalar field to a header `X-AGW-<field>`. What no header can hold is left out.
pub(crate) fn expose(fields: &Map<String, Value>, request: &mut Request) {
    let headers = request.headers_mut();
    remove(headers, |name| {
        let start = name.as_str().bytes().take(EXPOSED.len()).map(dashed);
        start.eq(EXPOSED.bytes())
    });
    for (field, value) in fields.iter().filter(|(field, _)| !NOT_EXPOSED.contains(&field.as_str())) {
        let value = match value {
            Value::String(text) => header_value(text),
            Value::Number(_) | Value::Bool(_) => header_value(&value.to_string()),
            _ => continue,
        };
        let name = format!("{EXPOSED}{field}").parse::<HeaderName>();
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
}

fn remove(headers: &mut HeaderMap<HeaderValue>, is_ours: impl Fn(&HeaderName) -> bool) {
    let forged: Vec<HeaderName> = headers.keys().filter(|name| is_ours(name)).cloned().collect();
    for name in &forged {
        headers.remove(name);
    }
}

/// Whether servers that take `_` for `-` would take one for the other.
pub(crate) fn is_same(one: &HeaderName, other: &HeaderName) -> bool {
    one.as_str().bytes().map(dashed).eq(other.as_str().bytes().map(dashed))
}

fn dashed(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte }
}
