//! Configuration files: read, checked, put in force.

use std::path::Path;

use anyhow::Context;
use gatepost_control::Control;
use gatepost_control::file::{CheckedFile, Document, LocatedFault, MAX_FILE, MAX_SPEC, apply, check};
use gatepost_policies::KINDS;

/// Puts a configuration file in force.
pub async fn put_in_force(control: &Control, path: &Path) -> anyhow::Result<()> {
    let checked = read(path)?.map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|located| fault_line(path, located)).collect();
        anyhow::anyhow!("{} is not valid, so nothing was changed:\n{}", path.display(), lines.join("\n"))
    })?;
    for located in &checked.warnings {
        tracing::warn!("{}", warning_line(path, located));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    apply(control, checked, &name).await.with_context(|| format!("{} cannot be applied", path.display()))?;
    Ok(())
}

/// What stands in a file, or its faults.
pub type Checked = Result<CheckedFile, Vec<LocatedFault>>;

/// Reads and checks a file; the outer error is about reading it.
pub fn read(path: &Path) -> anyhow::Result<Checked> {
    let size = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    anyhow::ensure!(size <= MAX_FILE as u64, "{} is over {} MiB", path.display(), MAX_FILE >> 20);
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let document = Document::parse(&text, &|name| std::env::var(name).ok());
    let document = document.map(|document| document.with_specs(&|file| spec_at(&folder.join(file))));
    Ok(document.and_then(|document| check(&document, KINDS)))
}

/// The text of an OpenAPI document in a file of its own.
fn spec_at(path: &Path) -> Result<String, String> {
    let cannot = |why: &dyn std::fmt::Display| format!("{} cannot be read: {why}", path.display());
    let size = std::fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if size > MAX_SPEC as u64 {
        return Err(format!("{} is over {} MiB", path.display(), MAX_SPEC >> 20));
    }
    std::fs::read_to_string(path).map_err(|error| cannot(&error))
}

/// `gatepost.yaml:12: apis[0].upstream.url: ...`, as editors and terminals link it.
pub fn fault_line(path: &Path, located: &LocatedFault) -> String {
    format!("{}:{}: {}", path.display(), located.line, located.fault)
}

/// `gatepost.yaml:12: warning: apis[0].upstream.tls.verify: ...`.
pub fn warning_line(path: &Path, located: &LocatedFault) -> String {
    format!("{}:{}: warning: {}", path.display(), located.line, located.fault)
}
