//! Looks at values as they are found in a request, and keeps where the first attack was.

use std::fmt::{self, Display, Formatter};

use super::detector::{Detector, Rule};

/// The part of a request that a value is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Query,
    Header,
    Body,
}

impl Part {
    /// As callers are told.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Path => "Path",
            Self::Query => "Query",
            Self::Header => "Header",
            Self::Body => "Body",
        }
    }
}

/// Longest place that is told, in bytes: the names in it are the caller's.
const MAX_PLACE: usize = 120;

/// An attack.
pub(super) struct Found {
    pub(super) rule: Rule,
    pub(super) part: Part,
    /// Within the part: a parameter, a header, a pointer into a document. Never the value.
    pub(super) place: String,
}

impl Found {
    pub(super) fn boxed(rule: Rule, part: Part, place: impl Display) -> Box<Self> {
        let mut place = place.to_string();
        if place.len() > MAX_PLACE {
            let end = place.floor_char_boundary(MAX_PLACE);
            place.truncate(end);
            place.push('…');
        }
        Box::new(Self { rule, part, place })
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.part {
            Part::Path => "path",
            Part::Query => "query",
            Part::Header => "header",
            Part::Body => "body",
        })?;
        if self.place.is_empty() { Ok(()) } else { write!(f, " {}", self.place) }
    }
}

/// Nothing so far, or the end of looking.
pub(super) type Looked = Result<(), Box<Found>>;

impl Detector {
    /// Looks at a value of `part` at `place`.
    pub(super) fn look(&self, value: &[u8], part: Part, place: impl Display) -> Looked {
        match self.find(value) {
            None => Ok(()),
            Some(rule) => Err(Found::boxed(rule, part, place)),
        }
    }
}
