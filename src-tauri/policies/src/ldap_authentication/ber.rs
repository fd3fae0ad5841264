//! The part of BER that LDAP uses (RFC 4511, 5.1): tags of one byte, definite lengths. Written inside out, read one
//! element after the other, without recursion, so that nothing a server sends can be too deep.

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const SEQUENCE: u8 = 0x30;

/// Appends an element.
pub(super) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let leading = bytes.iter().take_while(|byte| **byte == 0).count();
            out.push(0x80 | (bytes.len() - leading) as u8);
            out.extend_from_slice(&bytes[leading..]);
        }
    }
    out.extend_from_slice(content);
}

/// Appends an element that `fill` writes the content of.
pub(super) fn put_all(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    fill(&mut content);
    put(out, tag, &content);
}

/// Appends a number.
pub(super) fn put_number(out: &mut Vec<u8>, tag: u8, number: u32) {
    let bytes = number.to_be_bytes();
    let leading = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    // A first bit of 1 would make it negative.
    let sign: &[u8] = if bytes[leading] & 0x80 == 0 { &[] } else { &[0] };
    put(out, tag, &[sign, &bytes[leading..]].concat());
}

/// What comes is not BER as LDAP uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The tag of the element that `bytes` begin with, and where its content begins and ends; none where more bytes must
/// come to tell.
pub(super) fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Malformed> {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    if first < 0x80 {
        return Ok(Some((tag, 2, 2 + usize::from(first))));
    }
    let octets = usize::from(first & 0x7f);
    // 0 would be the indefinite form; 4 are more than any message of ours needs.
    if !(1..=4).contains(&octets) {
        return Err(Malformed);
    }
    let Some(length) = bytes.get(2..2 + octets) else { return Ok(None) };
    let length = length.iter().fold(0_u32, |length, byte| length << 8 | u32::from(*byte));
    let begin = 2 + octets;
    begin.checked_add(length as usize).map(|end| Some((tag, begin, end))).ok_or(Malformed)
}

/// Elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next one's tag and content.
    pub(super) fn next(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (tag, begin, end) = head(self.0)?.ok_or(Malformed)?;
        let content = self.0.get(begin..end).ok_or(Malformed)?;
        self.0 = &self.0[end..];
        Ok((tag, content))
    }

    /// The content of the next one, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let (found, content) = self.next()?;
        if found == tag { Ok(content) } else { Err(Malformed) }
    }

    /// A number from 0 to 2^31 - 1, as LDAP's are.
    pub(super) fn number(&mut self, tag: u8) -> Result<u32, Malformed> {
        let content = self.expect(tag)?;
        let is_fit = (1..=4).contains(&content.len()) && content[0] < 0x80;
        if !is_fit {
            return Err(Malformed);
        }
        Ok(content.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let content = vec![7; length];
            let mut out = Vec::new();
            put(&mut out, OCTETS, &content);
            let mut elements = Elements(&out);
            assert_eq!(elements.next(), Ok((OCTETS, &content[..])), "{length}");
            assert!(elements.0.is_empty());
        }
        for number in [0, 1, 127, 128, 255, 256, 32_768, 0x7fff_ffff] {
            let mut out = Vec::new();
            put_number(&mut out, INTEGER, number);
            assert_eq!(Elements(&out).number(INTEGER), Ok(number));
        }
    }

    #[test]
    fn numbers_are_as_short_as_x690_wants_them() {
        let written = |number| {
            let mut out = Vec::new();
            put_number(&mut out, INTEGER, number);
            out
        };
        assert_eq!(written(0), [2, 1, 0]);
        assert_eq!(written(128), [2, 2, 0, 128]);
        assert_eq!(written(256), [2, 2, 1, 0]);
    }

    #[test]
    fn says_when_more_must_come_and_when_it_is_no_use() {
        assert_eq!(head(&[]), Ok(None));
        assert_eq!(head(&[0x30]), Ok(None));
        assert_eq!(head(&[0x30, 0x82, 1]), Ok(None));
        assert_eq!(head(&[0x30, 0x82, 1, 0]), Ok(Some((0x30, 4, 260))));
        for bytes in [&[0x30, 0x80][..], &[0x30, 0x85, 0, 0, 0, 0, 1], &[0x1f, 1]] {
            assert_eq!(head(bytes), Err(Malformed));
        }
        assert_eq!(Elements(&[4, 5, 1]).next(), Err(Malformed));
        assert_eq!(Elements(&[2, 1, 0x80]).number(INTEGER), Err(Malformed));
        assert_eq!(Elements(&[2, 5, 1, 1, 1, 1, 1]).number(INTEGER), Err(Malformed));
        assert_eq!(Elements(&[2, 0]).number(INTEGER), Err(Malformed));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let mut elements = Elements(&bytes);
            while let Ok((_, content)) = elements.next() {
                let _ = Elements(content).number(INTEGER);
            }
        }
    }
}
