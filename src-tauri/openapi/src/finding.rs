//! What a message has that its description does not allow.

use serde::Serialize;

/// Most findings that are told of at once.
const MOST: usize = 20;
/// Longest name or pointer that is told, in characters: both may be the caller's.
const LONGEST: usize = 200;

/// Where in a message something is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The path as a whole, or a parameter in it.
    Path,
    /// The method.
    Method,
    /// A query parameter.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The body.
    Body,
    /// The status of an answer.
    Status,
}

impl Place {
    /// As told: `query`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Method => "method",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
            Self::Status => "status",
        }
    }
}

/// One thing that is not as described. It names places, and never quotes a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    #[serde(rename = "in")]
    pub place: Place,
    /// The parameter's name; empty for what has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// JSON pointer inside the parameter or body; empty for all of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// What is wrong, after "it".
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.place.as_str())?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        if !self.pointer.is_empty() {
            write!(f, " {}", self.pointer)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything found, up to a bound.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    more: bool,
}

impl Findings {
    /// Adds one, unless there are enough.
    pub(crate) fn add(&mut self, place: Place, name: &str, pointer: &str, message: impl Into<String>) {
        if self.is_full() {
            self.more = true;
            return;
        }
        let (name, pointer) = (shortened(name), shortened(pointer));
        self.found.push(Finding { place, name, pointer, message: message.into() });
    }

    /// True when no more are told of.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// True when all is as described.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Those told of.
    pub fn as_slice(&self) -> &[Finding] {
        &self.found
    }

    /// True when there are more than are told of.
    pub fn has_more(&self) -> bool {
        self.more
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
