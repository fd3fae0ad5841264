//! Where the data is.

use std::path::PathBuf;

use anyhow::Context;

/// The given folder, that of `GATEPOST_DATA_DIR`, or `gatepost` in the system's folder for application data.
pub fn find(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    given
        .or_else(|| std::env::var_os("GATEPOST_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from))
        .or_else(|| dirs::data_dir().map(|dir| dir.join("gatepost")))
        .context("This system names no folder for application data; give one with --data-dir")
}
