//! Generated files are current: generated again into a temporary folder, they come out the same.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::codegen::{self, GENERATED};
use crate::{project, step};

/// Compares the committed files with fresh ones.
pub fn check() -> Result<()> {
    println!("\n{}", step::paint(step::BOLD, "▸ Check that generated files are current"));
    let fresh = tempfile::tempdir()?;
    codegen::generate(fresh.path())?;
    let stale = stale(&project::root(), fresh.path());
    if stale.is_empty() {
        Ok(())
    } else {
        bail!("{} not current: run `cargo xtask codegen`", stale.join(" and "))
    }
}

/// The generated files that differ or are missing.
fn stale(committed: &Path, fresh: &Path) -> Vec<String> {
    let read = |folder: &Path, name: &str| fs::read(folder.join(name)).ok();
    let differs = |name: &&str| read(committed, name).is_none() || read(committed, name) != read(fresh, name);
    GENERATED.into_iter().filter(differs).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::{CONFORMANCE, KINDS, OPENAPI, SCHEMA};
    use crate::tidy::fixture::project;

    #[test]
    fn names_what_differs_or_is_missing() {
        let committed = project(&[(OPENAPI, "{}"), (CONFORMANCE, "# Old"), (KINDS, "[]")]);
        let fresh = project(&[(OPENAPI, "{}"), (SCHEMA, "export {}"), (CONFORMANCE, "# New"), (KINDS, "[]")]);
        assert_eq!(stale(committed.path(), fresh.path()), [SCHEMA, CONFORMANCE]);
        assert!(stale(fresh.path(), fresh.path()).is_empty());
    }
}
