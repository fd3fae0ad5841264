//! What is measured, one file a family.

mod life;
mod many;
mod memory;
mod policies;
mod wire;

use anyhow::Result;

use super::finding::{Bound, Finding};
use super::ground::Ground;

/// The column of our program, and its name among the entrants.
pub const OURS: &str = "Gatepost";

/// One thing that is measured.
pub struct Case {
    /// What `--case` takes.
    pub name: &'static str,
    pub title: &'static str,
    /// What is promised; nothing is promised of some.
    pub bounds: &'static [Bound],
    pub run: fn(&Ground) -> Result<Finding>,
}

/// Every case, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [wire::CASES, policies::CASES, many::CASES, life::CASES, memory::CASES].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let names: BTreeSet<_> = all().map(|case| case.name).collect();
        assert_eq!(names.len(), all().count());
    }
}
