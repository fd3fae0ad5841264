//! Names of objects: where they stand in the text, and which of them stands there twice.

use std::cmp::Ordering;

/// A name between its quotes.
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Has escapes, so that it may be written otherwise and be the same.
    pub(super) escaped: bool,
}

impl Name {
    /// One that stands there twice, however its characters are written. Sorts them: no hashes that a caller could make
    /// collide.
    pub(super) fn first_twice(names: &mut [Self], text: &[u8]) -> Option<Self> {
        names.sort_unstable_by(|one, other| one.compare(*other, text));
        names.windows(2).find(|two| two[0].compare(two[1], text) == Ordering::Equal).map(|two| two[1])
    }

    fn compare(self, other: Self, text: &[u8]) -> Ordering {
        let (one, two) = (self.raw(text), other.raw(text));
        if self.escaped || other.escaped {
            Characters(one).cmp(Characters(two))
        } else {
            // UTF-8 sorts as its characters do.
            one.cmp(two)
        }
    }

    fn raw(self, text: &[u8]) -> &str {
        let raw = text.get(self.from as usize..self.to as usize).unwrap_or_default();
        // All of the text is UTF-8, and quotes stand at its boundaries.
        std::str::from_utf8(raw).unwrap_or_default()
    }

    /// What it says.
    pub(super) fn decoded(self, text: &[u8]) -> String {
        Characters(self.raw(text)).collect()
    }
}

/// The characters that a string with escapes stands for. The escapes have been checked.
struct Characters<'a>(&'a str);

impl Characters<'_> {
    fn unit(&mut self) -> Option<u32> {
        let unit = u32::from_str_radix(self.0.get(..4)?, 16).ok()?;
        self.0 = &self.0[4..];
        Some(unit)
    }
}

impl Iterator for Characters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let mut rest = self.0.chars();
        let next = rest.next()?;
        self.0 = rest.as_str();
        if next != '\\' {
            return Some(next);
        }
        let escape = rest.next()?;
        self.0 = rest.as_str();
        match escape {
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => match self.unit()? {
                high @ 0xd800..=0xdbff => {
                    self.0 = self.0.strip_prefix("\\u")?;
                    let low = self.unit()?.checked_sub(0xdc00)?;
                    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)
                }
                unit => char::from_u32(unit),
            },
            other => Some(other),
        }
    }
}
