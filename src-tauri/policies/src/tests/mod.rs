//! What holds for every policy, written once.

mod frame;
mod rehearsal;
mod shadow;
mod trial;

use std::collections::BTreeSet;

use gatepost_gateway::{Env, StateStore};
use gatepost_model::AppliedPolicyId;
use serde_json::Value;

use crate::KINDS;
pub(crate) use trial::{Answer, Call, Trial, call, gzip};

/// Keywords of JSON Schema that the console's form draws.
const KNOWN_TO_THE_FORM: [&str; 27] = [
    "$schema",
    "additionalProperties",
    "const",
    "default",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
    "writeOnly",
    "x-order",
];

/// Calls `visit` with every schema within `schema`, itself included, and with its path.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    let properties = schema["properties"].as_object();
    for (name, property) in properties.into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), visit);
    }
    for option in schema["oneOf"].as_array().into_iter().flatten() {
        walk(option, &format!("{path}|"), visit);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), visit);
    }
}

#[test]
fn names_are_kebab_case_and_unique() {
    let names: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), KINDS.len());
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    for name in names {
        assert!(name.split('-').all(|word| !word.is_empty() && word.bytes().all(is_plain)), "{name}");
    }
}

#[test]
fn every_file_is_a_policy_of_the_registry() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let files = std::fs::read_dir(folder).expect("the sources are there").filter_map(|entry| {
        let name = entry.expect("readable").file_name().into_string().expect("a plain name");
        let is_policy = |name: &&str| !["lib", "conformance"].contains(name);
        name.strip_suffix(".rs").filter(is_policy).map(|name| name.replace('_', "-"))
    });
    let files: BTreeSet<_> = files.collect();
    assert_eq!(files, KINDS.iter().map(|kind| kind.name.to_owned()).collect());
}

#[test]
fn every_schema_has_a_title_a_summary_and_help() {
    for kind in KINDS {
        let schema = kind.schema();
        let title = schema["title"].as_str().expect(kind.name);
        assert_eq!(title.to_lowercase().replace(' ', "-"), kind.name);
        let help = schema["description"].as_str().expect(kind.name);
        let (summary, rest) = help.split_once("\n\n").expect("a summary, then the rest");
        assert!(summary.ends_with('.') && !summary.contains('\n') && rest.len() > 100, "{}", kind.name);
    }
}

#[test]
fn every_field_and_choice_has_a_description() {
    for kind in KINDS {
        walk(&kind.schema(), kind.name, &mut |path, schema| {
            assert!(path.ends_with("[]") || schema["description"].is_string(), "{path}");
        });
    }
}

#[test]
fn schemas_use_only_keywords_that_the_form_knows() {
    for kind in KINDS {
        walk(&kind.schema(), kind.name, &mut |path, schema| {
            for keyword in schema.as_object().expect(path).keys() {
                assert!(KNOWN_TO_THE_FORM.contains(&keyword.as_str()), "{path}: {keyword}");
            }
        });
    }
}

#[test]
fn every_example_compiles_and_can_be_told_in_a_line() {
    for kind in KINDS {
        let example: Value = serde_json::from_str(kind.example).expect(kind.name);
        let states = StateStore::new();
        let compiled = kind.compile(&example, &Env::new(AppliedPolicyId(1), kind.example, &states));
        assert!(compiled.is_ok(), "{}: {:?}", kind.name, compiled.err());
        let summary = kind.summary(&example).expect(kind.name);
        assert!(!summary.is_empty() && summary.len() < 100 && !summary.contains('\n'), "{summary}");
    }
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    for kind in KINDS {
        walk(&kind.schema(), kind.name, &mut |path, schema| {
            if schema["type"] == "object" {
                assert_eq!(schema["additionalProperties"], false, "{path}");
            }
        });
        let mut example: Value = serde_json::from_str(kind.example).expect(kind.name);
        example["no_such_field"] = Value::Null;
        let states = StateStore::new();
        let faults =
            kind.compile(&example, &Env::new(AppliedPolicyId(1), "", &states)).err().expect(kind.name);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].field, "no_such_field");
    }
}

#[test]
fn every_list_has_a_bound() {
    for kind in KINDS {
        walk(&kind.schema(), kind.name, &mut |path, schema| {
            assert!(schema["type"] != "array" || schema["maxItems"].is_u64(), "{path}");
        });
    }
}
