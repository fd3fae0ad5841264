//! What may be wrong with an XML document, and where.

use std::fmt::{self, Display, Formatter};

/// Longest path that is told, in characters; the rest of a longer one is left out.
const MAX_PATH: usize = 200;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub what: What,
    /// The line of the document, from 1.
    pub line: usize,
    /// The elements that are open there, such as `/order/item`; `/` outside of all.
    pub path: String,
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is its own words, below; numbers are the limits")]
pub enum What {
    TooDeep(u32),
    TooManyAttributes(u32),
    TooManyNamespaces(u32),
    TooManyChildren(u32),
    TextTooLong(u32),
    AttributeTooLong(u32),
    CommentTooLong(u32),
    Doctype,
    DoctypeWithMore,
    Entity,
    Inclusion,
    UnknownEncoding,
    EncodingsDisagree,
    NotAsEncoded,
    BadDeclaration,
    BadCharacter,
    BadName,
    BadAttribute,
    AttributeTwice,
    BadReference,
    BadComment,
    BadText,
    WrongEndTag,
    Outside,
    NoRoot,
    Ended,
    Malformed,
}

impl Display for What {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::TooDeep(most) => return write!(out, "has elements nested deeper than {most} levels"),
            Self::TooManyAttributes(most) => {
                return write!(out, "has an element with more than {most} attributes");
            }
            Self::TooManyNamespaces(most) => {
                return write!(out, "has an element that declares more than {most} namespaces");
            }
            Self::TooManyChildren(most) => {
                return write!(out, "has an element with more than {most} children");
            }
            Self::TextTooLong(most) => return write!(out, "has a text longer than {most} characters"),
            Self::AttributeTooLong(most) => {
                return write!(out, "has an attribute longer than {most} characters");
            }
            Self::CommentTooLong(most) => {
                return write!(out, "has a comment or processing instruction longer than {most} characters");
            }
            Self::Doctype => "has a document type declaration",
            Self::DoctypeWithMore => "has a document type declaration with more than a name",
            Self::Entity => "has a reference to an entity that XML does not define itself",
            Self::Inclusion => "declares the namespace of XInclude",
            Self::UnknownEncoding => "is in an encoding that is not taken",
            Self::EncodingsDisagree => "says of its encoding one thing in one place and another in another",
            Self::NotAsEncoded => "has bytes that its encoding does not know",
            Self::BadDeclaration => "has an XML declaration that is out of place or not of version 1.0",
            Self::BadCharacter => "has a character that XML does not allow",
            Self::BadName => "has a name that XML does not allow",
            Self::BadAttribute => "has a malformed attribute",
            Self::AttributeTwice => "has an element with the same attribute twice",
            Self::BadReference => "has a malformed reference",
            Self::BadComment => "has a malformed comment",
            Self::BadText => "has `]]>` in a text",
            Self::WrongEndTag => "has an end tag that does not fit its start tag",
            Self::Outside => "has something beside its outermost element",
            Self::NoRoot => "has no element",
            Self::Ended => "ends too early",
            Self::Malformed => "is not well-formed",
        };
        out.write_str(words)
    }
}

impl Fault {
    /// `names` are those of the elements that are open, from the outside.
    pub(super) fn new<'a>(what: What, line: usize, names: impl Iterator<Item = &'a str>) -> Self {
        let mut path = String::new();
        let characters = names.flat_map(|name| std::iter::once('/').chain(name.chars()));
        for (n, character) in characters.enumerate() {
            if n == MAX_PATH {
                path.push('…');
                break;
            }
            path.push(character);
        }
        if path.is_empty() {
            path.push('/');
        }
        Self { what, line, path }
    }
}
