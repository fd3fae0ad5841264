//! `x-request-id`: the caller's, where it is usable, else one of our own.

use std::cell::{Cell, RefCell};

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Set on every request to an upstream and on every answer.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request ID taken over from a caller, in bytes.
const MAX_FROM_CALLER: usize = 128;

const RANDOM_CHARS: usize = 12;
const COUNTER_CHARS: usize = 8;
const LENGTH: usize = RANDOM_CHARS + COUNTER_CHARS;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many share one allocation, which is there as long as any of them.
const IN_ONE_PIECE: usize = 64;

/// Makes the request IDs of one worker: twelve characters drawn at start, then a count.
pub(crate) struct RequestIds {
    prefix: [u8; RANDOM_CHARS],
    count: Cell<u64>,
    /// Room for those that come next.
    piece: RefCell<BytesMut>,
}

impl RequestIds {
    /// Draws the prefix. Fails where the system has no randomness to give.
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut random = [0_u8; RANDOM_CHARS];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        Ok(Self { prefix: random.map(character), count: Cell::new(0), piece: RefCell::default() })
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
        let mut id = [0_u8; LENGTH];
        id[..RANDOM_CHARS].copy_from_slice(&self.prefix);
        for place in 0..COUNTER_CHARS {
            let bits = count >> (5 * (COUNTER_CHARS - 1 - place));
            id[RANDOM_CHARS + place] = character((bits & 31) as u8);
        }
        let mut piece = self.piece.borrow_mut();
        if piece.capacity() < LENGTH {
            *piece = BytesMut::with_capacity(IN_ONE_PIECE * LENGTH);
        }
        piece.extend_from_slice(&id);
        // Our alphabet is always a valid header value.
        HeaderValue::from_maybe_shared(piece.split().freeze()).unwrap_or(HeaderValue::from_static("0"))
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
    fn each_is_the_one_after_the_one_before() {
        let ids = RequestIds::new().expect("randomness");
        let made: Vec<_> = (0..3 * IN_ONE_PIECE).map(|_| ids.of(&HeaderMap::new())).collect();
        assert!(made.iter().all(|id| id.len() == LENGTH && id.as_bytes().starts_with(&ids.prefix)));
        assert!(made.is_sorted() && made.windows(2).all(|pair| pair[0] != pair[1]));
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
