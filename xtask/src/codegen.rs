//! `cargo xtask codegen`: the management API's OpenAPI document, and the console's types from it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{project, setup};

/// The generated files, below `ui`.
pub const OPENAPI: &str = "openapi.json";
/// The console's types of the management API.
pub const SCHEMA: &str = "src/api/schema.ts";

/// Writes both files in place.
pub fn run() -> Result<()> {
    setup::npm_ci(&project::ui())?;
    generate(&project::ui())
}

/// Writes both files below `folder`, laid out as below `ui`.
pub fn generate(folder: &Path) -> Result<()> {
    let document = project::cargo("Describe the management API")
        .args(["run", "--quiet", "--package", "gatepost-control", "--example", "openapi"])
        .dir(&project::root())
        .output()?;
    let (openapi, schema) = (folder.join(OPENAPI), folder.join(SCHEMA));
    fs::write(&openapi, document).with_context(|| format!("cannot write {}", openapi.display()))?;
    if let Some(parent) = schema.parent() {
        fs::create_dir_all(parent)?;
    }
    let generator = project::ui().join("node_modules/openapi-typescript/bin/cli.js");
    crate::step::Step::new("Generate the console's types", "node")
        .arg(generator)
        .arg(&openapi)
        .arg("--output")
        .arg(&schema)
        // What has a default may be left out.
        .arg("--default-non-nullable=false")
        .dir(&project::ui())
        .output()?;
    Ok(())
}
