//! An OpenAPI document, read and found sound: its version, its paths, its parameters, its references.

use gatepost_model::Fault;
use serde_json::Value;

use crate::operation::{Operation, operations};
use crate::{structure, yaml};

/// Longest document, in bytes.
pub const MAX_TEXT: usize = 8 << 20;

/// Which OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.0.x: schemas are a dialect of their own.
    V3_0,
    /// 3.1.x: schemas are JSON Schema 2020-12.
    V3_1,
}

/// An OpenAPI document in which nothing is wrong that would leave it unclear what it describes.
#[derive(Clone, Debug)]
pub struct Document {
    root: Value,
    version: Version,
}

impl Document {
    /// Reads JSON or YAML. Every fault at once: its field is a JSON pointer, and its message ends with the line.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        if text.len() > MAX_TEXT {
            return Err(vec![Fault::new("", format!("is over {} MiB", MAX_TEXT >> 20))]);
        }
        let root = yaml::read(text).map_err(|message| vec![Fault::new("", message)])?;
        let checked = version_of(&root).and_then(|version| {
            structure::check(&root)?;
            Ok(version)
        });
        match checked {
            Ok(version) => Ok(Self { root, version }),
            Err(faults) => Err(with_lines(text, faults)),
        }
    }

    /// Which OpenAPI.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The version as written, such as `3.0.3`.
    pub fn openapi(&self) -> &str {
        self.root["openapi"].as_str().unwrap_or_default()
    }

    /// Its title and the version of what it describes; empty where it names none.
    pub fn title_and_version(&self) -> (&str, &str) {
        let text = |name: &str| self.root["info"][name].as_str().unwrap_or_default();
        (text("title"), text("version"))
    }

    /// What it describes, in its order.
    pub fn operations(&self) -> Vec<Operation> {
        operations(&self.root)
    }

    pub(crate) fn root(&self) -> &Value {
        &self.root
    }
}

fn version_of(root: &Value) -> Result<Version, Vec<Fault>> {
    let fault = |pointer: &str, message: &str| Err(vec![Fault::new(pointer, message)]);
    if !root.is_object() {
        return fault("", "is not an OpenAPI document: it must be an object");
    }
    if root.get("swagger").is_some() {
        return fault("/swagger", "is Swagger 2.0; convert it to OpenAPI 3.0 or 3.1 first");
    }
    let Some(version) = root.get("openapi").and_then(Value::as_str) else {
        return fault("/openapi", "is missing: it says which version this is, such as \"3.1.0\"");
    };
    match version.rsplit_once('.').map(|(version, _)| version) {
        Some("3.0") => Ok(Version::V3_0),
        Some("3.1") => Ok(Version::V3_1),
        _ => fault("/openapi", "is a version that is not known here; 3.0.x and 3.1.x are"),
    }
}

/// Most faults whose lines are looked for: each costs a walk.
const MOST_LINES: usize = 20;

fn with_lines(text: &str, faults: Vec<Fault>) -> Vec<Fault> {
    let line = |(n, fault): (usize, Fault)| {
        let line = if n < MOST_LINES { yaml::line_of(text, &fault.field) } else { None };
        match line {
            Some(line) => Fault::new(fault.field, format!("{} (line {line})", fault.message)),
            None => fault,
        }
    };
    faults.into_iter().enumerate().map(line).collect()
}
