//! The operations of a document, as they are listed.

use serde_json::Value;

use crate::path::pattern_of;
use crate::reference::{At, join};

/// Members of a path item that are operations.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// One method on one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// As written: `/pets/{id}`.
    pub path: String,
    /// A regular expression for it: `/pets/[^/]+`.
    pub pattern: String,
    /// `operationId`; empty where there is none.
    pub operation_id: String,
    /// Its summary; empty where there is none.
    pub summary: String,
    /// It should not be used any more.
    pub deprecated: bool,
}

/// An operation in its place.
pub struct OperationAt<'d> {
    /// As written.
    pub path: &'d str,
    /// In small letters.
    pub method: &'static str,
    /// What its path has for all its operations.
    pub item: At<'d>,
    /// Itself.
    pub operation: At<'d>,
}

/// Every operation, with its place. Paths that are faulty are left out.
pub fn all(root: &Value) -> Vec<OperationAt<'_>> {
    let paths = At { value: root, pointer: String::new() };
    let items = paths.members_of("paths").filter(|(path, _)| path.starts_with('/'));
    let items = items.filter_map(|(path, at)| Some((path, At::followed(root, at.value, at.pointer).ok()?)));
    items
        .flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let value = item.value.get(method)?;
                let operation = At { value, pointer: join(&item.pointer, method) };
                Some(OperationAt { path, method, item: item.clone(), operation })
            })
        })
        .collect()
}

/// Every operation, as listed.
pub fn operations(root: &Value) -> Vec<Operation> {
    let listed = |at: OperationAt<'_>| {
        let text = |name: &str| at.operation.value[name].as_str().unwrap_or_default().to_owned();
        Operation {
            method: at.method.to_ascii_uppercase(),
            path: at.path.to_owned(),
            pattern: pattern_of(at.path),
            operation_id: text("operationId"),
            summary: text("summary"),
            deprecated: at.operation.value["deprecated"] == Value::Bool(true),
        }
    };
    all(root).into_iter().map(listed).collect()
}
