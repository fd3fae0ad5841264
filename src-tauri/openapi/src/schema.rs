//! Compiles the schemas of a document, each once.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepost_model::{Fault, Faults};
use jsonschema::{Draft, PatternOptions, Registry, Validator};
use serde_json::{Value, json};

use crate::dialect::{Direction, converted};
use crate::document::{Document, Version};
use crate::parts::each_schema;
use crate::reference::At;

/// Where the document stands for its own references.
const BASE: &str = "gatepost:/specification";
/// Largest compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// A compiled schema.
pub struct Schema {
    validator: Validator,
}

impl Schema {
    /// Checks values.
    pub fn validator(&self) -> &Validator {
        &self.validator
    }
}

/// A document's schemas, for messages that go one way.
pub struct Schemas {
    root: Value,
    version: Version,
    registry: Registry<'static>,
    known: HashMap<String, Option<Arc<Schema>>>,
}

impl Schemas {
    /// Fails where a schema is not valid; fields are JSON pointers.
    pub fn of(document: &Document, direction: Direction) -> Result<Self, Vec<Fault>> {
        let mut root = converted(document.root(), document.version(), direction);
        let mut faults = Faults::new();
        let meta = jsonschema::draft202012::meta::validator();
        each_schema(&mut root, &mut |pointer, schema, outermost| {
            if !outermost {
                return;
            }
            for error in meta.iter_errors(schema) {
                faults
                    .add(format!("{pointer}{}", error.instance_path()), error.masked_with("it").to_string());
            }
        });
        faults.into_result()?;
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(BASE, root.clone())
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| vec![Fault::new("", error.to_string())])?;
        Ok(Self { root, version: document.version(), registry, known: HashMap::new() })
    }

    /// The document as rewritten.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The schema at a place, compiled; a fault, once, where that cannot be.
    pub fn compile(&mut self, at: &At<'_>, faults: &mut Faults) -> Option<Arc<Schema>> {
        // Many places share one schema by nothing but a reference to it.
        let is_reference = at.value.as_object().is_some_and(|members| members.len() == 1);
        let followed =
            if is_reference { At::followed(&self.root, at.value, at.pointer.clone()).ok() } else { None };
        let pointer = followed.map_or_else(|| at.pointer.clone(), |at| at.pointer);
        if let Some(known) = self.known.get(&pointer) {
            return known.clone();
        }
        let compiled = self.build(&pointer);
        let schema = faults.take(&pointer, compiled).map(|validator| Arc::new(Schema { validator }));
        self.known.insert(pointer, schema.clone());
        schema
    }

    fn build(&self, pointer: &str) -> Result<Validator, String> {
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .with_pattern_options(PatternOptions::regex().size_limit(LARGEST_PATTERN))
            .should_validate_formats(true);
        if self.version == Version::V3_0 {
            options = options.with_format("byte", |text: &str| STANDARD.decode(text).is_ok());
        }
        let reference = json!({ "$ref": format!("{BASE}#{}", fragment(pointer)) });
        options.build(&reference).map_err(|error| format!("cannot be checked: {}", error.masked_with("it")))
    }
}

/// A JSON pointer as the fragment of a URI.
pub fn fragment(pointer: &str) -> String {
    let mut fragment = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'$'
            | b'+'
            | b'*' => {
                fragment.push(char::from(byte));
            }
            other => fragment.push_str(&format!("%{other:02X}")),
        }
    }
    fragment
}
