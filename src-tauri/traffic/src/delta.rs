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
        let prefix = before.iter().zip(now).take_while(|(a, b)| a == b).count();
        let (before, rest) = (&before[prefix..], &now[prefix..]);
        let suffix = before.iter().rev().zip(rest.iter().rev()).take_while(|(a, b)| a == b).count();
        Self { prefix, suffix, middle: &rest[..rest.len() - suffix] }
    }

    /// The bytes, given those before; none when the two do not belong together.
    pub fn onto(&self, before: &[u8]) -> Option<Vec<u8>> {
        let end = before.len().checked_sub(self.suffix)?;
        Some([before.get(..self.prefix)?, self.middle, before.get(end..)?].concat())
    }
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
    fn a_delta_of_other_bytes_is_refused() {
        let delta = Delta { prefix: 3, suffix: 0, middle: b"" };
        assert_eq!(delta.onto(b"ab"), None);
        assert_eq!(Delta { prefix: 0, suffix: usize::MAX, middle: b"" }.onto(b"ab"), None);
    }
}
