//! `x-request-id`: the caller's, where it is usable, else one of our own.

use std::cell::Cell;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Set on every request to an upstream and on every answer.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request ID taken over from a caller, in bytes.
const MAX_FROM_CALLER: usize = 128;

const RANDOM_CHARS: usize = 12;
const COUNTER_CHARS: usize = 8;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes the request IDs of one worker: twelve characters drawn at start, then a count.
pub(crate) struct RequestIds {
    prefix: [u8; RANDOM_CHARS],
    count: Cell<u64>,
}

impl RequestIds {
    /// Draws the prefix. Fails where the system has no randomness to give.
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut random = [0_u8; RANDOM_CHARS];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        Ok(Self { prefix: random.map(character), count: Cell::new(0) })
    }

    /// The ID of a request: its own when it has exactly one of 1 to 128 visible ASCII characters, else the next.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let mut given = headers.get_all(X_REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_usable(id.as_bytes()) => id.clone(),
            _ => self.next(),
        }
    }

    fn next(&self) -> HeaderValue {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let mut id = [0_u8; RANDOM_CHARS + COUNTER_CHARS];
        id[..RANDOM_CHARS].copy_from_slice(&self.prefix);
        for place in 0..COUNTER_CHARS {
            let bits = count >> (5 * (COUNTER_CHARS - 1 - place));
            id[RANDOM_CHARS + place] = character((bits & 31) as u8);
        }
        // Our alphabet is always a valid header value.
        HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static("0"))
    }
}

fn character(bits: u8) -> u8 {
    ALPHABET[usize::from(bits & 31)]
}

fn is_usable(id: &[u8]) -> bool {
    (1..=MAX_FROM_CALLER).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// A request ID as text; all of them are visible ASCII.
pub(crate) fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &[&str]) -> (HeaderValue, HeaderValue) {
        let ids = RequestIds::new().expect("randomness");
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(X_REQUEST_ID, HeaderValue::from_str(value).expect("valid"));
        }
        (ids.of(&headers), ids.of(&headers))
    }

    #[test]
    fn keeps_the_callers_usable_id() {
        let (id, _) = id_for(&["abc-1"]);
        assert_eq!(id, "abc-1");
    }

    #[test]
    fn replaces_what_is_too_long_repeated_or_not_visible() {
        let long = "x".repeat(129);
        for given in [&[][..], &[long.as_str()], &["a", "b"], &["a b"], &[""]] {
            let (first, second) = id_for(given);
            assert_eq!(first.len(), 20, "{given:?}");
            assert_ne!(first, second, "{given:?}");
        }
    }
}
