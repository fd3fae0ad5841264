//! Bodies of forms: fields by name, with their encodings (OAS 3.1, "Encoding Object").

use std::borrow::Cow;
use std::collections::HashMap;

use gatepost_model::Faults;
use serde_json::{Map, Value};

use crate::describe;
use crate::finding::{Findings, Place};
use crate::json;
use crate::media::{Range, is_json};
use crate::multipart::{self, Received};
use crate::parameter::{Carried, Parameter};
use crate::percent;
use crate::reference::{At, join};
use crate::schema::Schemas;
use crate::shape::{ARRAY, Kind, OBJECT, Shape};
use crate::style::{self, Found, Pair, Style};
use crate::value::{self, Given, Taken};

/// How fields come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// `a=1&b=2`.
    Encoded,
    /// Parts of a multipart body.
    Parts,
}

/// A form, ready to check.
pub struct Form {
    whole: Carried,
    encodings: HashMap<String, Encoding>,
    /// Fields that are not described are findings.
    strict: bool,
}

/// How one field comes.
#[derive(Default)]
struct Encoding {
    /// Where one is named.
    style: Option<(Style, bool)>,
    content_types: Vec<Range>,
    headers: Vec<Parameter>,
}

impl Form {
    /// Compiles a form; `at` is its media type, `schema` its schema.
    pub fn compile(
        at: &At<'_>,
        schema: &At<'_>,
        fields: Fields,
        strict: bool,
        schemas: &mut Schemas,
        faults: &mut Faults,
    ) -> Option<Self> {
        let whole = Carried::compile(schema, schemas, faults)?;
        let mut encodings = HashMap::new();
        for (name, described) in at.members_of("encoding") {
            encodings.insert(name.to_owned(), Encoding::compile(&described, fields, schemas, faults));
        }
        Some(Self { whole, encodings, strict })
    }

    /// Checks a body of `a=1&b=2`.
    pub fn check_encoded(&self, bytes: &[u8], findings: &mut Findings) {
        let Some(mut pairs) = std::str::from_utf8(bytes).ok().and_then(pairs_of) else {
            return findings.add(Place::Body, "", "", "is not a form with right escapes");
        };
        let (mut typed, mut as_text) = (Map::new(), Map::new());
        for (name, shape) in self.whole.shape.properties() {
            let found = match self.style_of(name, shape, &pairs) {
                Written::Json => json_in(&mut pairs, name, findings).map(|json| (json.clone(), json)),
                Written::In(style, explode) => {
                    let found = style::find(&mut pairs, name, style, explode, shape, percent::decoded_form);
                    given_in(found, name, findings)
                        .map(|given| (given.value(shape, Taken::Typed), given.value(shape, Taken::AsText)))
                }
            };
            if let Some((value, text)) = found {
                typed.insert(name.clone(), value);
                as_text.insert(name.clone(), text);
            }
        }
        for pair in pairs.iter().filter(|pair| !pair.is_used) {
            let value = percent::decoded_form(pair.value).unwrap_or_default();
            self.note_unknown(&pair.name, findings);
            typed.insert(pair.name.to_string(), Value::from(&*value));
            as_text.insert(pair.name.to_string(), Value::from(&*value));
        }
        self.check_fields(typed, as_text, findings);
    }

    /// How a field is written: as its encoding says, or else as its type has it.
    fn style_of(&self, name: &str, shape: &Shape, pairs: &[Pair<'_>]) -> Written {
        let encoding = self.encodings.get(name);
        let is_deep =
            |pair: &Pair<'_>| pair.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
        match encoding.and_then(|encoding| encoding.style) {
            Some((style, explode)) => Written::In(style, explode),
            None if encoding.is_some_and(Encoding::is_json) => Written::Json,
            None if shape.takes(OBJECT | ARRAY) && pairs.iter().any(is_deep) => {
                Written::In(Style::DeepObject, true)
            }
            None if shape.kind() == Kind::Object => Written::Json,
            None => Written::In(Style::Form, true),
        }
    }

    /// Checks a multipart body.
    pub fn check_parts(&self, bytes: &[u8], content_type: &str, findings: &mut Findings) {
        let parts = match multipart::read(bytes, content_type) {
            Ok(parts) => parts,
            Err(message) => return findings.add(Place::Body, "", "", message),
        };
        let (mut typed, mut as_text) = (Map::new(), Map::new());
        for part in &parts {
            let shape = self.whole.shape.property(&part.name);
            if shape.is_none() {
                self.note_unknown(&part.name, findings);
            }
            let is_list = shape.is_some_and(|shape| shape.kind() == Kind::Array);
            let inner = shape.map(|shape| if is_list { shape.items() } else { shape.clone() });
            for (members, taken) in [(&mut typed, Taken::Typed), (&mut as_text, Taken::AsText)] {
                // Findings are told of once.
                let mut told = Findings::default();
                let told = if taken == Taken::Typed { &mut *findings } else { &mut told };
                let value = self.value_of(part, inner.as_ref(), taken, told);
                add_field(members, &part.name, value, is_list);
            }
        }
        self.check_fields(typed, as_text, findings);
    }

    fn value_of(
        &self,
        part: &Received<'_>,
        shape: Option<&Shape>,
        taken: Taken,
        findings: &mut Findings,
    ) -> Value {
        let pointer = join("", &part.name);
        let encoding = self.encodings.get(&*part.name);
        let given = part.content_type.as_deref();
        if let Some(encoding) = encoding {
            let wanted = &encoding.content_types;
            // A part that names no type is plain text (RFC 7578, 4.4).
            let media_type = given.unwrap_or("text/plain");
            if !wanted.is_empty() && !wanted.iter().any(|range| range.takes(media_type)) {
                let known: Vec<String> = wanted.iter().map(ToString::to_string).collect();
                findings.add(
                    Place::Body,
                    "",
                    &pointer,
                    format!("has a content-type that is not one of {}", known.join(", ")),
                );
            }
            for header in &encoding.headers {
                header.check_header(&part.headers, findings);
            }
        }
        let is_object = shape.is_some_and(|shape| shape.kind() == Kind::Object && shape.takes(OBJECT));
        if given.is_some_and(is_json) || (given.is_none() && is_object) {
            return json::read(part.bytes).unwrap_or_else(|message| {
                findings.add(Place::Body, "", &pointer, message);
                Value::Null
            });
        }
        match (std::str::from_utf8(part.bytes), shape) {
            (Ok(text), Some(shape)) => value::primitive(text, shape, taken),
            (Ok(text), None) => Value::from(text),
            // Bytes that are no text stand for themselves, as long as they are.
            (Err(_), _) => Value::from(String::from_utf8_lossy(part.bytes).into_owned()),
        }
    }

    fn note_unknown(&self, name: &str, findings: &mut Findings) {
        if self.strict && !self.whole.shape.takes_others {
            findings.add(Place::Body, "", &join("", name), "is not described");
        }
    }

    fn check_fields(&self, typed: Map<String, Value>, as_text: Map<String, Value>, findings: &mut Findings) {
        let validator = self.whole.schema.validator();
        let typed = Value::Object(typed);
        if !validator.is_valid(&typed) && !validator.is_valid(&Value::Object(as_text)) {
            describe::check(validator, &typed, Place::Body, "", findings);
        }
    }
}

fn add_field(members: &mut Map<String, Value>, name: &str, value: Value, is_list: bool) {
    match members.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None if is_list && !value.is_array() => {
            members.insert(name.to_owned(), Value::Array(vec![value]));
        }
        None => {
            members.insert(name.to_owned(), value);
        }
    }
}

/// How a field of a form is written.
enum Written {
    /// As JSON in one field.
    Json,
    /// In a style, exploded or not.
    In(Style, bool),
}

fn json_in(pairs: &mut [Pair<'_>], name: &str, findings: &mut Findings) -> Option<Value> {
    let found = style::find(pairs, name, Style::Form, true, &Shape::text(), percent::decoded_form);
    let Given::One(text) = given_in(found, name, findings)? else { return None };
    let read = json::read(text.as_bytes());
    read.map_err(|message| findings.add(Place::Body, "", &join("", name), message)).ok()
}

/// What was found of a field; what cannot be taken is told of.
fn given_in<'r>(found: Found<'r>, name: &str, findings: &mut Findings) -> Option<Given<'r>> {
    let message = match found {
        Found::Nothing => return None,
        Found::Given(given) => return Some(given),
        Found::Repeated => "is given several times",
        Found::Unreadable => "is not written in the way that is described",
    };
    findings.add(Place::Body, "", &join("", name), message);
    None
}

impl Encoding {
    fn is_json(&self) -> bool {
        self.content_types.iter().any(|range| is_json(&range.to_string()))
    }

    fn compile(at: &At<'_>, fields: Fields, schemas: &mut Schemas, faults: &mut Faults) -> Self {
        let content_types = at.value.get("contentType").and_then(Value::as_str).unwrap_or_default();
        let content_types = content_types.split(',').map(str::trim).filter(|name| !name.is_empty());
        let named = at.value.get("style").is_some() || at.value.get("explode").is_some();
        let style = Style::of(at.value, Style::Form);
        let explode = at.value.get("explode").and_then(Value::as_bool).unwrap_or(style == Style::Form);
        let root = schemas.root().clone();
        let headers =
            at.members_of("headers").filter(|_| fields == Fields::Parts).filter_map(|(name, header)| {
                let header = faults
                    .take(&header.pointer, At::followed(&root, header.value, header.pointer.clone()))?;
                Parameter::compile_header(&header, name, schemas, faults)
            });
        let headers = headers.collect();
        Self {
            style: (named && fields == Fields::Encoded).then_some((style, explode)),
            content_types: content_types.map(Range::parse).collect(),
            headers,
        }
    }
}

/// The pairs of a query or a form, their names decoded; none where a name is not encoded rightly.
pub fn pairs_of(text: &str) -> Option<Vec<Pair<'_>>> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name: Cow<'_, str> = percent::decoded_form(name)?;
            Some(Pair { name, value, is_used: false })
        })
        .collect()
}
