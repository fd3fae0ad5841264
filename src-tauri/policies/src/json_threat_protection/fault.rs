//! What may be wrong with a JSON document, and where.

use std::fmt::{self, Display, Formatter};

/// Longest pointer that is told, in characters; the rest of a longer one is left out.
const MAX_POINTER: usize = 200;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub what: What,
    /// The byte of the (inflated) body.
    pub offset: usize,
    /// The JSON pointer (RFC 6901) of the value; empty for the whole document, cut where it is very long.
    pub pointer: String,
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is its own words, below; numbers are the limits")]
pub enum What {
    TooDeep(u32),
    TooManyEntries(u32),
    NameTooLong(u32),
    TooManyElements(u32),
    StringTooLong(u32),
    NumberTooLong(u32),
    ExponentTooLarge(u32),
    NameTwice,
    NotUtf8,
    ByteOrderMark,
    Ended,
    Trailing,
    ControlCharacter,
    BadEscape,
    HalfSurrogate,
    BadNumber,
    NoValue,
    NoName,
    NoColon,
    NoEndOfArray,
    NoEndOfObject,
}

impl Display for What {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::TooDeep(most) => return write!(out, "is nested deeper than {most} levels"),
            Self::TooManyEntries(most) => return write!(out, "has an object with more than {most} entries"),
            Self::NameTooLong(most) => return write!(out, "has a name longer than {most} characters"),
            Self::TooManyElements(most) => return write!(out, "has an array with more than {most} elements"),
            Self::StringTooLong(most) => return write!(out, "has a string longer than {most} characters"),
            Self::NumberTooLong(most) => return write!(out, "has a number longer than {most} bytes"),
            Self::ExponentTooLarge(most) => return write!(out, "has an exponent above {most}"),
            Self::NameTwice => "has an object with the same name twice",
            Self::NotUtf8 => "is not UTF-8",
            Self::ByteOrderMark => "begins with a byte order mark",
            Self::Ended => "ends too early",
            Self::Trailing => "goes on after its end",
            Self::ControlCharacter => "has a control character in a string",
            Self::BadEscape => "has an escape that JSON does not know",
            Self::HalfSurrogate => "has half a surrogate pair",
            Self::BadNumber => "has a number that JSON does not know",
            Self::NoValue => "has something in the place of a value that is none",
            Self::NoName => "has something in the place of a name that is none",
            Self::NoColon => "has no colon after a name",
            Self::NoEndOfArray => "has neither a comma nor the end of the array after an element",
            Self::NoEndOfObject => "has neither a comma nor the end of the object after an entry",
        };
        out.write_str(words)
    }
}

impl Fault {
    /// `steps` are the names and numbers that lead there.
    pub(super) fn new(what: What, offset: usize, steps: impl Iterator<Item = String>) -> Self {
        let (mut pointer, mut length) = (String::new(), 0);
        'steps: for step in steps {
            for (n, character) in std::iter::once('/').chain(step.chars()).enumerate() {
                if length == MAX_POINTER {
                    pointer.push('…');
                    break 'steps;
                }
                length += 1;
                match character {
                    '~' => pointer.push_str("~0"),
                    '/' if n > 0 => pointer.push_str("~1"),
                    other => pointer.push(other),
                }
            }
        }
        Self { what, offset, pointer }
    }

    /// The pointer in words.
    pub fn place(&self) -> &str {
        if self.pointer.is_empty() { "the top" } else { &self.pointer }
    }
}
