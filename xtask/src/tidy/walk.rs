//! The files of the project that a rule looks at, in a stable order.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that hold nothing we wrote.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "gen", ".git"];

/// A text file: its path below the root with forward slashes, and its content.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Reads every file below `root/folder` with one of the suffixes. A folder that does not exist has none.
pub fn sources(root: &Path, folder: &str, suffixes: &[&str]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    let start = root.join(folder);
    if start.is_dir() {
        collect(root, &start, suffixes, &mut found)?;
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, suffixes: &[&str], found: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !SKIPPED.contains(&&*name) {
                collect(root, &path, suffixes, found)?;
            }
        } else if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            found.push(Source { path: below, text });
        }
    }
    Ok(())
}
