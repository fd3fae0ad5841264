//! What kinds of bytes a value has: one cheap look that spares most values every other.

use std::ops::BitOr;

/// A set of kinds of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Classes(u32);

impl Classes {
    pub(super) const QUOTE: Self = Self(1);
    pub(super) const SPACE: Self = Self(1 << 1);
    pub(super) const EQUALS: Self = Self(1 << 2);
    pub(super) const ROUND: Self = Self(1 << 3);
    pub(super) const SEMICOLON: Self = Self(1 << 4);
    pub(super) const HASH: Self = Self(1 << 5);
    pub(super) const STAR: Self = Self(1 << 6);
    pub(super) const ANGLE: Self = Self(1 << 7);
    pub(super) const COLON: Self = Self(1 << 8);
    pub(super) const BACKTICK: Self = Self(1 << 9);
    pub(super) const PIPE: Self = Self(1 << 10);
    pub(super) const AMPERSAND: Self = Self(1 << 11);
    pub(super) const DOLLAR: Self = Self(1 << 12);
    pub(super) const CURLY: Self = Self(1 << 13);
    pub(super) const SLASH: Self = Self(1 << 14);
    pub(super) const BACKSLASH: Self = Self(1 << 15);
    pub(super) const PERCENT: Self = Self(1 << 16);
    /// Control bytes other than white space.
    pub(super) const CONTROL: Self = Self(1 << 17);
    pub(super) const DOT: Self = Self(1 << 18);
    pub(super) const SQUARE: Self = Self(1 << 19);
    pub(super) const AT: Self = Self(1 << 20);
    pub(super) const UNDERSCORE: Self = Self(1 << 21);
    pub(super) const PLUS: Self = Self(1 << 22);
    /// Beyond ASCII.
    pub(super) const HIGH: Self = Self(1 << 23);

    /// Those of a value.
    pub(super) fn of(value: &[u8]) -> Self {
        Self(value.iter().fold(0, |all, byte| all | TABLE[usize::from(*byte)]))
    }

    pub(super) const fn any(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }
}

impl BitOr for Classes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8).0;
        byte += 1;
    }
    table
}

const fn class_of(byte: u8) -> Classes {
    match byte {
        b'\'' | b'"' => Classes::QUOTE,
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Classes::SPACE,
        b'=' => Classes::EQUALS,
        b'(' | b')' => Classes::ROUND,
        b';' => Classes::SEMICOLON,
        b'#' => Classes::HASH,
        b'*' => Classes::STAR,
        b'<' | b'>' => Classes::ANGLE,
        b':' => Classes::COLON,
        b'`' => Classes(Classes::BACKTICK.0 | Classes::QUOTE.0),
        b'|' => Classes::PIPE,
        b'&' => Classes::AMPERSAND,
        b'$' => Classes::DOLLAR,
        b'{' | b'}' => Classes::CURLY,
        b'/' => Classes::SLASH,
        b'\\' => Classes::BACKSLASH,
        b'%' => Classes::PERCENT,
        b'.' => Classes::DOT,
        b'[' | b']' => Classes::SQUARE,
        b'@' => Classes::AT,
        b'_' => Classes::UNDERSCORE,
        b'+' => Classes::PLUS,
        0..0x20 | 0x7f => Classes::CONTROL,
        0x80.. => Classes::HIGH,
        _ => Classes(0),
    }
}
