//! Bodies, by their media types.

use std::sync::Arc;

use gatepost_model::Faults;
use serde_json::Value;

use crate::describe;
use crate::finding::{Findings, Place};
use crate::form::{Fields, Form};
use crate::json;
use crate::reference::{At, join};
use crate::schema::{Schema, Schemas};

/// What a body may be.
pub struct Content {
    /// The most exact range first.
    forms: Vec<(Range, Media)>,
}

/// A media type, or all of a kind.
pub struct Range {
    kind: String,
    subtype: String,
}

/// How a body of a media type is checked.
enum Media {
    Json(Arc<Schema>),
    Form(Form),
    Multipart(Form),
    Text(Arc<Schema>),
    /// XML, binary and the like: by their media type alone.
    Unchecked,
}

/// A body with what its header says of it.
pub struct Given<'r> {
    /// `Content-Type` as it came.
    pub content_type: Option<&'r str>,
    /// Itself, inflated; none where it was not read.
    pub bytes: Option<&'r [u8]>,
}

impl Content {
    /// Compiles the member `content` of a body or an answer.
    pub fn compile(at: &At<'_>, strict: bool, schemas: &mut Schemas, faults: &mut Faults) -> Self {
        let mut forms: Vec<(Range, Media)> = at
            .members_of("content")
            .map(|(name, media)| {
                let range = Range::parse(name);
                let compiled = Media::compile(&range, &media, strict, schemas, faults);
                (range, compiled.unwrap_or(Media::Unchecked))
            })
            .collect();
        forms.sort_by_key(|(range, _)| range.width());
        Self { forms }
    }

    /// True where some body would be looked into.
    pub fn is_read(&self) -> bool {
        self.forms.iter().any(|(_, media)| !matches!(media, Media::Unchecked))
    }

    /// True where nothing is described.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Checks a body that is there.
    pub fn check(&self, given: &Given<'_>, findings: &mut Findings) {
        let Some(content_type) = given.content_type else {
            return findings.add(Place::Header, "content-type", "", "is missing");
        };
        let found = self.forms.iter().find(|(range, _)| range.takes(content_type));
        let Some((_, media)) = found else {
            let known: Vec<String> = self.forms.iter().map(|(range, _)| range.to_string()).collect();
            let message = format!("is not one of {}", known.join(", "));
            return findings.add(Place::Header, "content-type", "", message);
        };
        if let Some(bytes) = given.bytes {
            media.check(bytes, content_type, findings);
        }
    }
}

impl Media {
    fn compile(
        range: &Range,
        at: &At<'_>,
        strict: bool,
        schemas: &mut Schemas,
        faults: &mut Faults,
    ) -> Option<Self> {
        let Some(value) = at.value.get("schema") else { return Some(Self::Unchecked) };
        let schema = At { value, pointer: join(&at.pointer, "schema") };
        Some(match range {
            _ if range.is_json() => Self::Json(schemas.compile(&schema, faults)?),
            _ if range.is("application", "x-www-form-urlencoded") => {
                Self::Form(Form::compile(at, &schema, Fields::Encoded, strict, schemas, faults)?)
            }
            _ if range.is("multipart", "form-data") => {
                Self::Multipart(Form::compile(at, &schema, Fields::Parts, strict, schemas, faults)?)
            }
            _ if range.is("text", "plain") => Self::Text(schemas.compile(&schema, faults)?),
            _ => Self::Unchecked,
        })
    }

    fn check(&self, bytes: &[u8], content_type: &str, findings: &mut Findings) {
        match self {
            Self::Unchecked => {}
            Self::Json(schema) => match json::read(bytes) {
                Ok(value) => describe::check(schema.validator(), &value, Place::Body, "", findings),
                Err(message) => findings.add(Place::Body, "", "", message),
            },
            Self::Form(form) => form.check_encoded(bytes, findings),
            Self::Multipart(form) => form.check_parts(bytes, content_type, findings),
            Self::Text(schema) => match std::str::from_utf8(bytes) {
                Ok(text) => {
                    describe::check(schema.validator(), &Value::from(text), Place::Body, "", findings);
                }
                Err(_) => findings.add(Place::Body, "", "", "is not UTF-8"),
            },
        }
    }
}

impl Range {
    /// `application/*`; what is no media type takes nothing.
    pub fn parse(text: &str) -> Self {
        let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (kind, subtype) = name.split_once('/').unwrap_or((&name, ""));
        Self { kind: kind.to_owned(), subtype: subtype.to_owned() }
    }

    fn width(&self) -> u8 {
        u8::from(self.subtype == "*") + u8::from(self.kind == "*")
    }

    fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    fn is_json(&self) -> bool {
        is_json(&self.to_string())
    }

    /// True for a media type, with its parameters, that is in it.
    pub fn takes(&self, media_type: &str) -> bool {
        let given = Self::parse(media_type);
        !given.subtype.is_empty()
            && (self.kind == "*" || self.kind == given.kind)
            && (self.subtype == "*" || self.subtype == given.subtype)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.subtype)
    }
}

/// True for media types that are JSON (RFC 6839, 3.1).
pub fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(&*name, "application/json" | "text/json") || name.ends_with("+json")
}
