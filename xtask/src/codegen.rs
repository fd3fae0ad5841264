//! `cargo xtask codegen`: the management API's OpenAPI document, the console's types from it, the policies' schemas for
//! the tests of its forms, and how the policies stand to the vendor's.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{project, setup};

/// The management API's OpenAPI document.
pub const OPENAPI: &str = "ui/openapi.json";
/// The console's types of the management API.
pub const SCHEMA: &str = "ui/src/api/schema.ts";
/// How the policies stand to the vendor's.
pub const CONFORMANCE: &str = "src-tauri/policies/CONFORMANCE.md";

/// Names, schemas and examples of the policies.
pub const KINDS: &str = "ui/src/schema-form/policy-kinds.json";
/// All of them.
pub const GENERATED: [&str; 4] = [OPENAPI, SCHEMA, CONFORMANCE, KINDS];

/// Writes the files in place.
pub fn run() -> Result<()> {
    setup::npm_ci(&project::ui())?;
    generate(&project::root())
}

/// Writes the files below `folder`, laid out as the project is.
pub fn generate(folder: &Path) -> Result<()> {
    let print = |what, package, example| {
        project::cargo(what)
            .args(["run", "--quiet", "--package", package, "--example", example])
            .dir(&project::root())
            .output()
    };
    let (openapi, schema) = (folder.join(OPENAPI), folder.join(SCHEMA));
    write(&openapi, &print("Describe the management API", "gatepost-control", "openapi")?)?;
    write(
        &folder.join(CONFORMANCE),
        &print("Compare the policies with the vendor's", "gatepost-policies", "conformance")?,
    )?;
    write(&folder.join(KINDS), &print("List the policies", "gatepost-policies", "kinds")?)?;
    make_folder(&schema)?;
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

fn write(file: &Path, text: &str) -> Result<()> {
    make_folder(file)?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The folder that a file is in.
fn make_folder(file: &Path) -> Result<()> {
    match file.parent() {
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
        }
        None => Ok(()),
    }
}
