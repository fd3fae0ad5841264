//! Where things lie: the project's root, its folders, and what cargo built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::step::Step;

/// The project's root: the folder above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The console's sources.
pub fn ui() -> PathBuf {
    root().join("ui")
}

/// The tests that drive a browser or the window, a Node package.
pub fn tests() -> PathBuf {
    root().join("tests")
}

/// Where cargo builds to, `CARGO_TARGET_DIR` and cargo's own configuration respected.
pub fn target() -> Result<PathBuf> {
    let text = cargo("Ask cargo where it builds")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()?;
    let metadata: serde_json::Value =
        serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target_directory")?;
    Ok(PathBuf::from(folder))
}

/// The built `gatepost` of a profile's folder (`debug`, `release`).
pub fn gatepost(profile: &str) -> Result<PathBuf> {
    Ok(target()?.join(profile).join(format!("gatepost{}", std::env::consts::EXE_SUFFIX)))
}

/// A step that runs the cargo which runs us.
pub fn cargo(what: &str) -> Step {
    Step::new(what, std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
}

/// A step that runs npm in a folder; on Windows npm is a script with its own suffix.
pub fn npm(what: &str, folder: &Path) -> Step {
    Step::new(what, if cfg!(windows) { "npm.cmd" } else { "npm" }).dir(folder)
}

/// Finds a program on PATH, or in the system folders that a plain user's PATH leaves out.
pub fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into(), "/sbin".into()]);
    let suffixes: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let files = folders.flat_map(|folder| {
        names.iter().flat_map(move |name| {
            let folder = folder.clone();
            suffixes.iter().map(move |suffix| folder.join(format!("{name}{suffix}")))
        })
    });
    files.into_iter().find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn finds_the_first_name_that_exists() {
        assert!(program(&["no-such-program-anywhere", "cargo"]).is_some());
        assert!(program(&["no-such-program-anywhere"]).is_none());
    }
}
