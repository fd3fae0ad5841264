//! Bytes told by how they differ from the bytes before: calls that follow one another have almost the same headers.

use serde::{Deserialize, Serialize};

/// The same beginning, the same end, and what is new between them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delta<'a> {
    prefix: usize,
    suffix: usize,
    middle: &'a [u8],
}

impl<'a> Delta<'a> {
    pub fn between(before: &[u8], now: &'a [u8]) -> Self {
        let prefix = same_at_begin(before, now);
        let (before, rest) = (&before[prefix..], &now[prefix..]);
        let suffix = same_at_end(before, rest);
        Self { prefix, suffix, middle: &rest[..rest.len() - suffix] }
    }

    /// The bytes, given those before; none when the two do not belong together.
    pub fn onto(&self, before: &[u8]) -> Option<Vec<u8>> {
        let end = before.len().checked_sub(self.suffix)?;
        Some([before.get(..self.prefix)?, self.middle, before.get(end..)?].concat())
    }
}

/// Bytes compared at once: most of what is compared is equal.
const CHUNK: usize = 32;

fn same_at_begin(a: &[u8], b: &[u8]) -> usize {
    let chunks = a.chunks_exact(CHUNK).zip(b.chunks_exact(CHUNK)).take_while(|(a, b)| a == b).count();
    let whole = chunks * CHUNK;
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(a, b)| a == b).count()
}

fn same_at_end(a: &[u8], b: &[u8]) -> usize {
    let chunks = a.rchunks_exact(CHUNK).zip(b.rchunks_exact(CHUNK)).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - chunks * CHUNK], &b[..b.len() - chunks * CHUNK]);
    chunks * CHUNK + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back_from_the_bytes_before() {
        let texts = ["", "a", "aa", "aaa", "abc", "abcabc", "id 17 of 20", "id 18 of 20", "id 1 of 20"];
        for (before, now) in
            texts.iter().flat_map(|before| texts.map(|now| (before.as_bytes(), now.as_bytes())))
        {
            let delta = Delta::between(before, now);
            assert_eq!(delta.onto(before).as_deref(), Some(now));
        }
        assert_eq!(Delta::between(b"id 17 of 20", b"id 18 of 20").middle, b"8");
    }

    #[test]
    fn one_changed_byte_among_many_is_all_that_is_told() {
        for (length, place) in (1..150).flat_map(|length| (0..length).map(move |place| (length, place))) {
            let before = vec![b'a'; length];
            let mut now = before.clone();
            now[place] = b'b';
            let delta = Delta::between(&before, &now);
            assert_eq!((delta.prefix, delta.middle, delta.suffix), (place, &b"b"[..], length - place - 1));
            assert_eq!(delta.onto(&before), Some(now.clone()));
        }
    }

    #[test]
    fn a_delta_of_other_bytes_is_refused() {
        let delta = Delta { prefix: 3, suffix: 0, middle: b"" };
        assert_eq!(delta.onto(b"ab"), None);
        assert_eq!(Delta { prefix: 0, suffix: usize::MAX, middle: b"" }.onto(b"ab"), None);
    }
}
