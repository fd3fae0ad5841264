//! Masking of what is recorded of a call.

use std::sync::Arc;

use gatepost_gateway::RecordMask;

use super::rule::Rule;
use crate::masking::{decoded, encoded};

/// The rules, as the recorder asks them.
pub(super) struct Record(Vec<Arc<Rule>>);

impl Record {
    pub(super) fn new(rules: Vec<Arc<Rule>>) -> Self {
        Self(rules)
    }

    /// What the first rule that takes the value and finds something in it gives.
    fn first(&self, takes: impl Fn(&Rule) -> bool, name: &str, value: &str) -> Option<String> {
        self.0.iter().filter(|rule| takes(rule)).find_map(|rule| rule.masked(name, value))
    }
}

impl RecordMask for Record {
    fn header(&self, name: &str, value: &str) -> Option<String> {
        self.first(|rule| rule.takes_header(name), name, value)
    }

    fn parameter(&self, name: &str, value: &str) -> Option<String> {
        let (name, value) = (decoded(name.as_bytes()), decoded(value.as_bytes()));
        self.first(|rule| rule.takes_parameter(&name), &name, &value).map(|masked| encoded(&masked))
    }

    fn segment(&self, segment: &str) -> Option<String> {
        self.first(Rule::takes_path, "", &decoded(segment.as_bytes())).map(|masked| encoded(&masked))
    }
}
