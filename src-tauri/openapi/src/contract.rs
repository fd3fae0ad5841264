//! A document compiled into what requests and answers are checked by.

use std::sync::Arc;

use gatepost_model::{Fault, Faults};
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::dialect::Direction;
use crate::document::Document;
use crate::finding::{Findings, Place};
use crate::form::pairs_of;
use crate::media::{Content, Given};
use crate::operation::{OperationAt, all};
use crate::parameter::Parameter;
use crate::path::{Paths, names_in};
use crate::reference::At;
use crate::response::Answers;
use crate::schema::Schemas;
use crate::style::Pair;

/// How strictly a document is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What stands before the document's paths in those of requests; empty or `/` for nothing.
    pub base_path: String,
    /// Query parameters, form fields and bodies that are not described are findings.
    pub strict: bool,
    /// Answers are checked too.
    pub answers: bool,
}

/// A compiled document. Immutable, and shared by all threads.
pub struct Contract {
    base_path: String,
    strict: bool,
    paths: Paths,
    items: Vec<Item>,
    operations: Vec<Compiled>,
}

/// What is known of a path.
struct Item {
    /// Names in the path, in order.
    names: Vec<String>,
    /// Methods and their operations' numbers.
    methods: Vec<(Method, usize)>,
}

/// One operation, ready to check.
struct Compiled {
    label: Arc<str>,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: Answers,
    /// Query parameters that carry keys: described elsewhere than among the parameters.
    keys: Vec<String>,
}

struct Body {
    required: bool,
    content: Content,
}

/// A request, as far as it is described.
pub struct RequestParts<'r> {
    /// Its method.
    pub method: &'r Method,
    /// Its path below the API's base path, not decoded.
    pub path: &'r str,
    /// Its query, without the question mark.
    pub query: Option<&'r str>,
    /// Its headers.
    pub headers: &'r HeaderMap,
    /// Its body, inflated; none where it was not read.
    pub body: Option<&'r [u8]>,
}

/// An answer, as far as it is described.
pub struct ResponseParts<'r> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'r HeaderMap,
    /// Its body, inflated; none where it was not read.
    pub body: Option<&'r [u8]>,
    /// It has none whatever is described, as an answer to HEAD.
    pub has_no_body: bool,
}

/// Number of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched(usize);

/// What was found of a request.
pub struct Checked {
    /// The operation it is for; none where there is none.
    pub operation: Option<Matched>,
    /// What is not as described.
    pub findings: Findings,
}

impl Contract {
    /// Compiles a document. Fields of faults are JSON pointers.
    pub fn compile(document: &Document, options: &Options) -> Result<Self, Vec<Fault>> {
        let mut schemas = Schemas::of(document, Direction::Request)?;
        let mut of_answers =
            options.answers.then(|| Schemas::of(document, Direction::Response)).transpose()?;
        let mut faults = Faults::new();
        let (mut paths, mut items, mut operations) = (Paths::default(), Vec::<Item>::new(), Vec::new());
        let root = schemas.root().clone();
        let mut last_path = None;
        for at in all(&root) {
            if last_path != Some(at.path) {
                // A parsed document has neither broken nor equal paths.
                faults.take(&at.item.pointer, paths.add(at.path, items.len()));
                items.push(Item { names: names_in(at.path).unwrap_or_default(), methods: Vec::new() });
                last_path = Some(at.path);
            }
            let mut compiled = Compiled::compile(&root, &at, options, &mut schemas, &mut faults);
            if let Some(schemas) = &mut of_answers {
                let root = schemas.root().clone();
                let operation = root.pointer(&at.operation.pointer);
                if let Some(value) = operation {
                    let at = At { value, pointer: at.operation.pointer.clone() };
                    compiled.answers = Answers::compile(&at, schemas, &mut faults);
                }
            }
            if let (Some(item), Ok(method)) = (items.last_mut(), at.method.to_ascii_uppercase().parse()) {
                item.methods.push((method, operations.len()));
                operations.push(compiled);
            }
        }
        faults.into_result()?;
        let base_path = options.base_path.trim_end_matches('/').to_owned();
        Ok(Self { base_path, strict: options.strict, paths, items, operations })
    }

    /// True where some request's body would be looked into.
    pub fn reads_requests(&self) -> bool {
        let mut bodies = self.operations.iter().filter_map(|operation| operation.body.as_ref());
        bodies.any(|body| body.content.is_read())
    }

    /// True where some answer's body would be looked into.
    pub fn reads_answers(&self) -> bool {
        self.operations.iter().any(|operation| operation.answers.are_read())
    }

    /// An operation in words: `GET /pets/{id}`.
    pub fn label(&self, operation: Matched) -> &Arc<str> {
        // Numbers are given out here alone.
        &self.operations[operation.0].label
    }

    /// How many operations there are.
    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    /// Checks a request: everything at once.
    pub fn check_request(&self, parts: &RequestParts<'_>) -> Checked {
        let mut findings = Findings::default();
        let path = parts.path.strip_prefix(self.base_path.as_str());
        let path = path.map(|path| if path.is_empty() { "/" } else { path });
        let found = path.filter(|path| path.starts_with('/')).and_then(|path| self.paths.find(path));
        let Some((item, captured)) =
            found.and_then(|(number, captured)| Some((self.items.get(number)?, captured)))
        else {
            findings.add(Place::Path, "", "", "is not described");
            return Checked { operation: None, findings };
        };
        let Some(number) = item.operation_for(parts.method) else {
            let known: Vec<&str> = item.methods.iter().map(|(method, _)| method.as_str()).collect();
            findings.add(
                Place::Method,
                "",
                "",
                format!("is not described for this path; {} is", known.join(", ")),
            );
            return Checked { operation: None, findings };
        };
        let operation = &self.operations[number];
        operation.check_parameters(parts, &item.names, &captured, self.strict, &mut findings);
        operation.check_body(parts, self.strict, &mut findings);
        Checked { operation: Some(Matched(number)), findings }
    }

    /// Checks the answer to a request for `operation`.
    pub fn check_response(&self, operation: Matched, parts: &ResponseParts<'_>) -> Findings {
        let mut findings = Findings::default();
        if let Some(operation) = self.operations.get(operation.0) {
            operation.answers.check(parts, &mut findings);
        }
        findings
    }
}

impl Item {
    /// HEAD is a GET without its body (RFC 9110, 9.3.2).
    fn operation_for(&self, method: &Method) -> Option<usize> {
        let of = |wanted: &Method| {
            self.methods.iter().find(|(known, _)| known == wanted).map(|(_, number)| *number)
        };
        of(method).or_else(|| if *method == Method::HEAD { of(&Method::GET) } else { None })
    }
}

impl Compiled {
    fn compile(
        root: &Value,
        at: &OperationAt<'_>,
        options: &Options,
        schemas: &mut Schemas,
        faults: &mut Faults,
    ) -> Self {
        let mut parameters: Vec<Parameter> = Vec::new();
        // Those of the operation go before those of its path.
        for described in [&at.operation, &at.item] {
            let listed = described.value.get("parameters").and_then(Value::as_array).into_iter().flatten();
            for (n, value) in listed.enumerate() {
                let pointer = format!("{}/parameters/{n}", described.pointer);
                let Ok(parameter) = At::followed(root, value, pointer) else { continue };
                let Some(parameter) = Parameter::compile(&parameter, schemas, faults) else { continue };
                let is_same =
                    |known: &Parameter| known.name == parameter.name && known.place == parameter.place;
                if !parameters.iter().any(is_same) {
                    parameters.push(parameter);
                }
            }
        }
        // One that takes what nobody else does must come last.
        parameters.sort_by_key(Parameter::takes_all);
        let body = at.operation.member(root, "requestBody").and_then(Result::ok).map(|body| Body {
            required: body.value.get("required") == Some(&Value::Bool(true)),
            content: Content::compile(&body, options.strict, schemas, faults),
        });
        Self {
            label: format!("{} {}", at.method.to_ascii_uppercase(), at.path).into(),
            parameters,
            body,
            answers: Answers::default(),
            keys: keys_in_query(root),
        }
    }

    fn check_parameters(
        &self,
        parts: &RequestParts<'_>,
        names: &[String],
        captured: &[&str],
        strict: bool,
        findings: &mut Findings,
    ) {
        let query = pairs_of(parts.query.unwrap_or_default());
        if query.is_none() {
            findings.add(Place::Query, "", "", "is not percent-encoded rightly");
        }
        let mut query = query.unwrap_or_default();
        let mut cookies = cookies_of(parts.headers);
        for parameter in &self.parameters {
            match parameter.place {
                Place::Path => {
                    let place = names.iter().position(|name| *name == parameter.name);
                    if let Some(segment) = place.and_then(|place| captured.get(place)) {
                        parameter.check_segment(segment, findings);
                    }
                }
                Place::Query => parameter.check_query(&mut query, findings),
                Place::Cookie => parameter.check_cookie(&mut cookies, findings),
                _ => parameter.check_header(parts.headers, findings),
            }
        }
        if strict {
            let is_known = |pair: &&Pair<'_>| !pair.is_used && !self.keys.iter().any(|key| *key == pair.name);
            for unknown in query.iter().filter(is_known) {
                findings.add(Place::Query, &unknown.name, "", "is not described");
            }
        }
    }

    fn check_body(&self, parts: &RequestParts<'_>, strict: bool, findings: &mut Findings) {
        let is_empty = parts.body.is_some_and(<[u8]>::is_empty);
        match &self.body {
            Some(body) if is_empty && body.required => {
                findings.add(Place::Body, "", "", "is missing");
            }
            Some(body) if !body.content.is_empty() && !is_empty => {
                let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                if parts.headers.get_all(CONTENT_TYPE).iter().nth(1).is_some() {
                    return findings.add(Place::Header, "content-type", "", "is given several times");
                }
                body.content.check(&Given { content_type, bytes: parts.body }, findings);
            }
            Some(_) => {}
            None if strict && parts.body.is_some_and(|body| !body.is_empty()) => {
                findings.add(Place::Body, "", "", "is not described: this operation takes none");
            }
            None => {}
        }
    }
}

/// Names of query parameters that carry keys.
fn keys_in_query(root: &Value) -> Vec<String> {
    let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
    let keys = schemes.into_iter().flatten().filter(|(_, scheme)| scheme["in"] == "query");
    keys.filter_map(|(_, scheme)| scheme["name"].as_str().map(str::to_owned)).collect()
}

/// The cookies of a request; those that are not well formed are left out.
fn cookies_of(headers: &HeaderMap) -> Vec<Pair<'_>> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| Pair { name: name.into(), value, is_used: false }).collect()
}
