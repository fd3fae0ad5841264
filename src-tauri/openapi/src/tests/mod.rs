//! Requests and answers against documents.
#![allow(clippy::needless_pass_by_value, reason = "values are written where they are handed over")]

mod answers;
mod bodies;
mod documents;
mod parameters;
mod properties;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::{Contract, Document, Findings, Matched, Options, RequestParts, ResponseParts};

/// A document of version 3.1 with these paths.
fn document(paths: Value) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths})
}

fn compiled(document: &Value, options: &Options) -> Contract {
    let document = Document::parse(&document.to_string()).expect("sound");
    Contract::compile(&document, options).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// One GET on `/x` with these parameters.
fn with_parameters(parameters: Value) -> Contract {
    let names: Vec<&str> = parameters
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["in"] == "path")
        .filter_map(|one| one["name"].as_str())
        .collect();
    let path: String = names.iter().map(|name| format!("/{{{name}}}")).collect();
    let path = format!("/x{path}");
    compiled(&document(json!({path: {"get": {"parameters": parameters}}})), &Options::default())
}

/// One POST on `/x` with this content.
fn with_body(content: Value) -> Contract {
    let body = json!({"required": true, "content": content});
    compiled(&document(json!({"/x": {"post": {"requestBody": body}}})), &Options::default())
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

fn told(findings: &Findings) -> Vec<String> {
    let mut told: Vec<String> = findings.as_slice().iter().map(ToString::to_string).collect();
    told.sort();
    told
}

/// What is found of a GET for this target.
fn get(contract: &Contract, target: &str, lines: &[(&str, &str)]) -> Vec<String> {
    send(contract, "GET", target, lines, b"").0
}

/// What is found of a POST to `/x` with this body.
fn post(contract: &Contract, content_type: &str, body: &[u8]) -> Vec<String> {
    send(contract, "POST", "/x", &[("content-type", content_type)], body).0
}

fn send(
    contract: &Contract,
    method: &str,
    target: &str,
    lines: &[(&str, &str)],
    body: &[u8],
) -> (Vec<String>, Option<Matched>) {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let (method, headers) = (method.parse::<Method>().expect("a method"), headers(lines));
    let parts = RequestParts { method: &method, path, query, headers: &headers, body: Some(body) };
    let checked = contract.check_request(&parts);
    (told(&checked.findings), checked.operation)
}

/// What is found of an answer to GET `/x`.
fn answer(contract: &Contract, status: u16, lines: &[(&str, &str)], body: &[u8]) -> Vec<String> {
    let operation = send(contract, "GET", "/x", &[], b"").1.expect("described");
    let (status, headers) = (status.try_into().expect("a status"), headers(lines));
    let parts = ResponseParts { status, headers: &headers, body: Some(body), has_no_body: false };
    told(&contract.check_response(operation, &parts))
}

const NOTHING: [&str; 0] = [];
