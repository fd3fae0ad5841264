//! Packages of PyPI in pinned versions, in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::step::Step;

/// Installs `packages`, each `name==version`, into a virtual environment at `folder`, unless they are there in these
/// versions; gives its Python.
pub fn install(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let (stamp, wanted) = (folder.join("installed"), packages.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    Step::new("Make a folder for Python packages", system)
        .args(["-m", "venv", "--clear"])
        .arg(folder)
        .fix("Debian and Ubuntu have it in python3-venv.")
        .run()?;
    Step::new(&format!("Install {}", packages.join(", ")), &python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages)
        .fix("Is PyPI reachable? `pip config list` says which index is asked.")
        .run()?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
