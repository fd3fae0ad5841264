//! Every Rust file begins by saying what it is: a `//!` line.

use std::path::Path;

use anyhow::Result;

use super::Breach;
use super::walk::sources;

/// Looks at every Rust file of ours.
pub fn check(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for folder in ["src-tauri", "tests", "xtask"] {
        for source in sources(root, folder, &[".rs"])? {
            let first = source.text.lines().next().unwrap_or_default();
            if first.strip_prefix("//!").is_none_or(|said| said.trim().is_empty()) {
                let message = "begins without a `//!` line that says what the file is".to_owned();
                breaches.push(Breach { file: source.path, message });
            }
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::project;

    #[test]
    fn names_each_file_that_does_not_say_what_it_is() {
        let folder = project(&[
            ("src-tauri/model/src/lib.rs", "//! The words.\n"),
            ("src-tauri/model/src/silent.rs", "use std::fs;\n"),
            ("src-tauri/model/src/empty.rs", ""),
            ("xtask/src/blank.rs", "//!\nfn main() {}\n"),
            ("src-tauri/model/target/skipped.rs", "fn skipped() {}"),
        ]);
        let files: Vec<_> = check(folder.path()).unwrap().into_iter().map(|breach| breach.file).collect();
        assert_eq!(
            files,
            ["src-tauri/model/src/empty.rs", "src-tauri/model/src/silent.rs", "xtask/src/blank.rs"]
        );
    }
}
