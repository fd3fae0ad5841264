//! A policy with its configuration, its place in the order, and the requests it is for.

use std::fmt;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{ApiId, Fault, Faults};

/// Row number of an applied policy in the catalog. Kept for its whole life, so counters survive a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct AppliedPolicyId(pub i64);

/// A policy as applied, to one API or, automated, to all. Its `Debug` form leaves out the configuration, which may hold
/// secrets.
#[derive(Clone, PartialEq)]
pub struct AppliedPolicy {
    /// Its row.
    pub id: AppliedPolicyId,
    /// The API it protects; none for an automated policy, which protects every API.
    pub api_id: Option<ApiId>,
    /// The policy's name, such as `rate-limiting`.
    pub policy: String,
    /// Its configuration, as the operator wrote it; an object.
    pub config: Value,
    /// Which requests it is for; empty means all.
    pub only: Vec<Scope>,
    /// Off keeps the configuration and enforces nothing.
    pub enabled: bool,
    /// In shadow it decides and records, and lets pass.
    pub shadow: bool,
    /// Place in the order of enforcement, from 0; automated ones have an order of their own, before the others.
    pub position: u32,
    /// Since when what it says is in force, epoch milliseconds: its last change, or that of an automated policy that
    /// stood in its place.
    pub in_force_since: i64,
}

impl AppliedPolicy {
    /// Whether APIs' own policies of its kind give way to it, on the requests that it is for. One that is off or in
    /// shadow enforces nothing, so that it must not take the place of one that does.
    pub fn replaces_own(&self) -> bool {
        self.api_id.is_none() && self.enabled && !self.shadow
    }
}

impl fmt::Debug for AppliedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, api_id, policy, .. } = self;
        f.debug_struct("AppliedPolicy")
            .field("id", id)
            .field("api_id", api_id)
            .field("policy", policy)
            .finish_non_exhaustive()
    }
}

/// One row of a policy's scope: some methods, on some paths. Several rows mean "any of these".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Methods in capitals; empty means every method.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Regular expression that must match the whole path below the API's base path; absent means every path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Most rows a scope may have.
const MAX_SCOPES: usize = 50;
/// Longest path expression, in bytes.
const MAX_PATTERN: usize = 1_000;

impl Scope {
    /// Every fault in a list of rows, addressed as `only[0].path`.
    pub fn check_all(scopes: &[Self]) -> Vec<Fault> {
        let mut faults = Faults::new();
        if scopes.len() > MAX_SCOPES {
            faults.add("only", format!("at most {MAX_SCOPES} rows, this has {}", scopes.len()));
        }
        for (row, scope) in scopes.iter().enumerate() {
            for (n, method) in scope.methods.iter().enumerate() {
                if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
                    faults.add(
                        format!("only[{row}].methods[{n}]"),
                        format!("`{method}` is not a method; write it in capitals, such as GET"),
                    );
                }
            }
            if let Some(path) = &scope.path {
                faults.take(&format!("only[{row}].path"), PathPattern::parse(path));
            }
        }
        faults.into_vec()
    }
}

/// A path expression ready to match: anchored at both ends, in a linear-time engine (no look-around).
#[derive(Clone, Debug)]
pub struct PathPattern(Regex);

impl PathPattern {
    /// Compiles it, or says what is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("at most {MAX_PATTERN} characters"));
        }
        RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(1 << 20)
            .build()
            .map(Self)
            .map_err(|error| format!("not a regular expression: {}", last_line(&error.to_string())))
    }

    /// True when the whole path matches.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// The regex crate draws a picture of the fault and ends with a line that says it in words.
fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_whole_paths_only() {
        let pattern = PathPattern::parse("/orders/.*").expect("compiles");
        assert!(pattern.matches("/orders/1"));
        assert!(!pattern.matches("/v1/orders/1"));
        assert!(!pattern.matches("/orders"));
    }

    #[test]
    fn names_every_fault_with_its_row() {
        let scopes = [
            Scope { methods: vec!["get".into()], path: Some("(".into()) },
            Scope { methods: vec!["GET".into()], path: None },
        ];
        let fields: Vec<_> = Scope::check_all(&scopes).into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["only[0].methods[0]", "only[0].path"]);
    }
}
