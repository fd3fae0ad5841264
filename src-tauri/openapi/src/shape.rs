//! What types a schema allows, as far as text must know to become a value: `?limit=5` is a number where one is meant.

use serde_json::Value;

use crate::reference::pointer_of;

/// How deep shapes go. Below, everything is text.
const DEEPEST: usize = 5;

/// Which types, and what is inside.
#[derive(Clone, Debug)]
pub struct Shape {
    types: u8,
    items: Option<Box<Shape>>,
    properties: Vec<(String, Shape)>,
    /// Properties of other names may be there, because the schema says so in words.
    pub takes_others: bool,
}

/// Null.
pub const NULL: u8 = 1;
/// True and false.
pub const BOOLEAN: u8 = 2;
/// Numbers, whole ones included.
pub const NUMBER: u8 = 4;
/// Text.
pub const STRING: u8 = 8;
/// Lists.
pub const ARRAY: u8 = 16;
/// Objects.
pub const OBJECT: u8 = 32;
const ANY: u8 = 63;

/// What of text, lists and objects a schema means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Primitive,
    /// A list of values.
    Array,
    /// Values by name.
    Object,
}

impl Shape {
    /// Of the schema `value`.
    pub fn of(root: &Value, value: &Value) -> Self {
        Self::at(root, value, 0)
    }

    /// Text and nothing else.
    pub fn text() -> Self {
        Self { types: STRING, ..Self::any() }
    }

    fn any() -> Self {
        Self { types: ANY, items: None, properties: Vec::new(), takes_others: false }
    }

    fn at(root: &Value, value: &Value, depth: usize) -> Self {
        let mut shape = Self::any();
        if depth > DEEPEST {
            return shape;
        }
        shape.types &= own_types(value);
        shape.items = value.get("items").map(|items| Box::new(Self::at(root, items, depth + 1)));
        if let Some(Value::Object(properties)) = value.get("properties") {
            let of = |(name, value): (&String, &Value)| (name.clone(), Self::at(root, value, depth + 1));
            shape.properties = properties.iter().map(of).collect();
        }
        shape.takes_others =
            value.get("additionalProperties").is_some_and(|others| *others != Value::Bool(false));
        let reference = value.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| root.pointer(&pointer_of(reference).ok()?));
        let all = value.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for part in target.into_iter().chain(all) {
            let part = Self::at(root, part, depth + 1);
            shape.types &= part.types;
            shape.take(part);
        }
        for word in ["anyOf", "oneOf"] {
            let Some(forms) = value.get(word).and_then(Value::as_array) else { continue };
            let mut types = 0;
            for form in forms {
                let form = Self::at(root, form, depth + 1);
                types |= form.types;
                shape.take(form);
            }
            shape.types &= types;
        }
        shape
    }

    /// Takes over what is inside another.
    fn take(&mut self, other: Self) {
        if self.items.is_none() {
            self.items = other.items;
        }
        self.takes_others |= other.takes_others;
        for (name, shape) in other.properties {
            if !self.properties.iter().any(|(known, _)| *known == name) {
                self.properties.push((name, shape));
            }
        }
    }

    /// True when it allows this type.
    pub fn takes(&self, kind: u8) -> bool {
        self.types & kind != 0
    }

    /// True when text could be meant as several types.
    pub fn is_ambiguous(&self) -> bool {
        let own = self.takes(STRING) && self.takes(NULL | BOOLEAN | NUMBER);
        let of_anything = self.takes(ARRAY) && self.items.is_none();
        own || of_anything
            || self.items.as_ref().is_some_and(|items| items.is_ambiguous())
            || self.properties.iter().any(|(_, shape)| shape.is_ambiguous())
    }

    /// What it means first of all.
    pub fn kind(&self) -> Kind {
        if self.takes(BOOLEAN | NUMBER | STRING) {
            Kind::Primitive
        } else if self.takes(ARRAY) {
            Kind::Array
        } else if self.takes(OBJECT) {
            Kind::Object
        } else {
            Kind::Primitive
        }
    }

    /// Of the items of a list.
    pub fn items(&self) -> Self {
        self.items.as_deref().cloned().unwrap_or_else(Self::any)
    }

    /// Of a property.
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, shape)| shape)
    }

    /// Properties by name.
    pub fn properties(&self) -> impl Iterator<Item = &(String, Shape)> {
        self.properties.iter()
    }
}

/// Those a schema names itself.
fn own_types(schema: &Value) -> u8 {
    let named = |name: &Value| match name.as_str() {
        Some("null") => NULL,
        Some("boolean") => BOOLEAN,
        Some("number" | "integer") => NUMBER,
        Some("string") => STRING,
        Some("array") => ARRAY,
        Some("object") => OBJECT,
        _ => 0,
    };
    let of = |value: &Value| match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(_) => NUMBER,
        Value::String(_) => STRING,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    };
    match (schema.get("type"), schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(names)), ..) => names.iter().map(named).fold(0, |all, one| all | one),
        (Some(name), ..) => named(name),
        (None, Some(Value::Array(values)), _) => values.iter().map(of).fold(0, |all, one| all | one),
        (None, _, Some(value)) => of(value),
        _ if schema.get("properties").is_some() => OBJECT,
        _ if schema.get("items").is_some() => ARRAY,
        _ => ANY,
    }
}
