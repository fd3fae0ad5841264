//! What must hold of a document so that it is clear what it describes.

use std::collections::HashSet;

use gatepost_model::{Fault, Faults};
use serde_json::Value;

use crate::operation::METHODS;
use crate::path::{Paths, names_in};
use crate::reference::{At, join, pointer_of};

/// Most faults that are told of at once.
const MOST: usize = 100;
/// Most operations.
const MOST_OPERATIONS: usize = 5_000;

/// Every fault, at most [`MOST`]; their fields are JSON pointers.
pub fn check(root: &Value) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::new();
    check_references(root, "", &mut faults);
    if !root["info"].is_object() {
        faults.add("/info", "is missing: it gives the title and the version");
    }
    match root.get("paths") {
        Some(Value::Object(_)) => check_paths(root, &mut faults),
        Some(_) => faults.add("/paths", "must be an object"),
        None => faults.add("/paths", "is missing: nothing is described"),
    }
    let mut faults = faults.into_vec();
    faults.truncate(MOST);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// All references of the whole document, those of examples left out.
fn check_references(value: &Value, pointer: &str, faults: &mut Faults) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = join(pointer, name);
                match (name.as_str(), member) {
                    ("$ref", Value::String(reference)) => {
                        faults.take(&at, pointer_of(reference).map(drop));
                    }
                    ("example" | "examples" | "enum" | "const", _) => {}
                    (extension, _) if extension.starts_with("x-") => {}
                    _ => check_references(member, &at, faults),
                }
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                check_references(item, &format!("{pointer}/{n}"), faults);
            }
        }
        _ => {}
    }
}

fn check_paths(root: &Value, faults: &mut Faults) {
    let mut tree = Paths::default();
    let mut operations = 0;
    let document = At { value: root, pointer: String::new() };
    for (number, (path, at)) in document.members_of("paths").enumerate() {
        if path.starts_with("x-") {
            continue;
        }
        let pointer = at.pointer.clone();
        if !path.starts_with('/') {
            faults.add(pointer, "must begin with a slash");
            continue;
        }
        faults.take(&pointer, tree.add(path, number));
        let Some(item) = faults.take(&pointer, At::followed(root, at.value, at.pointer)) else { continue };
        if !item.value.is_object() {
            faults.add(pointer, "must be an object");
            continue;
        }
        let names = names_in(path).unwrap_or_default();
        for method in METHODS {
            if let Some(value) = item.value.get(method) {
                operations += 1;
                let operation = At { value, pointer: join(&item.pointer, method) };
                check_operation(root, &item, &operation, &names, faults);
            }
        }
    }
    if operations > MOST_OPERATIONS {
        faults.add("/paths", format!("has {operations} operations, more than {MOST_OPERATIONS}"));
    }
}

fn check_operation(root: &Value, item: &At<'_>, operation: &At<'_>, names: &[String], faults: &mut Faults) {
    if !operation.value.is_object() {
        return faults.add(&operation.pointer, "must be an object");
    }
    let mut described: HashSet<String> = HashSet::new();
    for at in [operation, item] {
        let mut seen = HashSet::new();
        let parameters = at.value.get("parameters").and_then(Value::as_array).into_iter().flatten();
        for (n, value) in parameters.enumerate() {
            let pointer = format!("{}/parameters/{n}", at.pointer);
            let parameter = At::followed(root, value, pointer.clone());
            let Some(parameter) = faults.take(&pointer, parameter) else { continue };
            let Some((name, place)) = check_parameter(&parameter, faults) else { continue };
            if place == "path" {
                described.insert(name.clone());
            }
            if !seen.insert((name, place)) {
                faults.add(pointer, "is described twice");
            }
        }
    }
    for name in names.iter().filter(|name| !described.contains(*name)) {
        faults.add(&operation.pointer, format!("does not describe the path's parameter `{name}`"));
    }
    for name in described.iter().filter(|name| !names.contains(name)) {
        faults.add(&operation.pointer, format!("describes `{name}`, which is not in the path"));
    }
    for name in ["requestBody", "responses"] {
        if let Some(Err(message)) = operation.member(root, name) {
            faults.add(join(&operation.pointer, name), message);
        }
    }
}

/// Its name and where it goes.
fn check_parameter(at: &At<'_>, faults: &mut Faults) -> Option<(String, String)> {
    let text = |name: &str| at.value.get(name).and_then(Value::as_str);
    let place = text("in").filter(|place| ["path", "query", "header", "cookie"].contains(place));
    let name = text("name");
    match (name, place) {
        (None, _) => faults.add(join(&at.pointer, "name"), "is missing"),
        (_, None) => faults.add(join(&at.pointer, "in"), "must be path, query, header or cookie"),
        _ => {}
    }
    let styles: &[&str] = match place? {
        "path" => &["simple", "label", "matrix"],
        "query" => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
        "header" => &["simple"],
        _ => &["form"],
    };
    if let Some(style) = text("style").filter(|style| !styles.contains(style)) {
        faults.add(join(&at.pointer, "style"), format!("`{style}` is not a style of such parameters"));
    }
    Some((name?.to_owned(), place?.to_owned()))
}
