//! One thing the operator must fix, and a collector that finds all of them at once.

use serde::Serialize;
use utoipa::ToSchema;

/// One thing the operator must fix: where it is and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Path to the value, such as `upstream.url` or `config.limits[0].per`; empty for the whole document.
    pub field: String,
    /// What is wrong and what is expected instead; a sentence without a full stop.
    pub message: String,
}

impl Fault {
    /// A fault at `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same fault seen from one level further out: `limits[0]` under `config` is `config.limits[0]`.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.field = match (parent.is_empty(), self.field.is_empty()) {
            (true, _) => self.field,
            (_, true) => parent.to_owned(),
            _ if self.field.starts_with('[') => format!("{parent}{}", self.field),
            _ => format!("{parent}.{}", self.field),
        };
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// Collects faults, so that a document is read to its end and every fault is shown at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault::new(field, message));
    }

    /// Adds those of an inner value under its field.
    pub fn extend_under(&mut self, parent: &str, inner: impl IntoIterator<Item = Fault>) {
        self.0.extend(inner.into_iter().map(|fault| fault.under(parent)));
    }

    /// Keeps the good value, or notes the fault under `field` and gives nothing.
    pub fn take<T>(&mut self, field: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(field, message)).ok()
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok(value())` when nothing is wrong, else every fault.
    pub fn into_result(self) -> Result<(), Vec<Fault>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// All of them, in the order found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_fields_as_a_person_would_write_them() {
        assert_eq!(Fault::new("per", "x").under("limits[0]").under("config").field, "config.limits[0].per");
        assert_eq!(Fault::new("[1]", "x").under("targets").field, "targets[1]");
        assert_eq!(Fault::new("", "x").under("config").field, "config");
        assert_eq!(Fault::new("name", "x").under("").field, "name");
    }
}
