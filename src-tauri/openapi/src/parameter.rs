//! Parameters of requests and headers of answers.

use std::borrow::Cow;
use std::sync::Arc;

use gatepost_model::Faults;
use http::HeaderMap;
use serde_json::Value;

use crate::describe;
use crate::finding::{Findings, Place};
use crate::json;
use crate::percent;
use crate::reference::{At, join};
use crate::schema::{Schema, Schemas};
use crate::shape::{ARRAY, Kind, Shape};
use crate::style::{self, Decode, Found, Pair, Style};
use crate::value::{Given, Taken};

/// A parameter, ready to check.
pub struct Parameter {
    /// As written; of a header in small letters.
    pub name: String,
    /// Where it goes.
    pub place: Place,
    required: bool,
    may_be_empty: bool,
    style: Style,
    explode: bool,
    carries: Carries,
}

/// What its text is.
enum Carries {
    Value(Carried),
    Json(Arc<Schema>),
    Anything,
}

/// Text that a schema gives a meaning to.
pub struct Carried {
    /// Checks the value.
    pub schema: Arc<Schema>,
    /// Makes the value of text.
    pub shape: Shape,
    is_ambiguous: bool,
}

impl Carried {
    /// Of the schema at a place.
    pub fn compile(at: &At<'_>, schemas: &mut Schemas, faults: &mut Faults) -> Option<Self> {
        let schema = schemas.compile(at, faults)?;
        let shape = Shape::of(schemas.root(), at.value);
        let is_ambiguous = shape.is_ambiguous();
        Some(Self { schema, shape, is_ambiguous })
    }

    /// Checks what was given.
    pub fn check(&self, given: &Given<'_>, place: Place, name: &str, findings: &mut Findings) {
        let validator = self.schema.validator();
        let value = given.value(&self.shape, Taken::Typed);
        let is_fine = |taken| validator.is_valid(&given.value(&self.shape, taken));
        if validator.is_valid(&value) || (self.is_ambiguous && is_fine(Taken::AsText)) {
            return;
        }
        describe::check(validator, &value, place, name, findings);
    }
}

/// Headers that are described elsewhere, and so are left alone here (OAS 3.1, "Parameter Object").
const NOT_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

impl Parameter {
    /// Compiles a parameter of a request. None for one that does not count, or is faulty.
    pub fn compile(at: &At<'_>, schemas: &mut Schemas, faults: &mut Faults) -> Option<Self> {
        let text = |name: &str| at.value.get(name).and_then(Value::as_str);
        let (place, style) = match text("in")? {
            "path" => (Place::Path, Style::Simple),
            "query" => (Place::Query, Style::Form),
            "header" => (Place::Header, Style::Simple),
            "cookie" => (Place::Cookie, Style::Form),
            _ => return None,
        };
        Self::compile_as(at, text("name")?, place, style, schemas, faults)
    }

    /// Compiles a header of an answer or of a part.
    pub fn compile_header(
        at: &At<'_>,
        name: &str,
        schemas: &mut Schemas,
        faults: &mut Faults,
    ) -> Option<Self> {
        Self::compile_as(at, name, Place::Header, Style::Simple, schemas, faults)
    }

    fn compile_as(
        at: &At<'_>,
        name: &str,
        place: Place,
        default: Style,
        schemas: &mut Schemas,
        faults: &mut Faults,
    ) -> Option<Self> {
        let name = if place == Place::Header { name.to_ascii_lowercase() } else { name.to_owned() };
        if place == Place::Header && NOT_PARAMETERS.contains(&name.as_str()) {
            return None;
        }
        let is_set = |word: &str| at.value.get(word) == Some(&Value::Bool(true));
        let style = Style::of(at.value, default);
        let explode = at.value.get("explode").and_then(Value::as_bool);
        let carries = match (at.value.get("schema"), at.members_of("content").next()) {
            (Some(value), _) => {
                let pointer = join(&at.pointer, "schema");
                Carries::Value(Carried::compile(&At { value, pointer }, schemas, faults)?)
            }
            (None, Some((media_type, content))) => match content.value.get("schema") {
                Some(value) if crate::media::is_json(media_type) => {
                    let pointer = join(&content.pointer, "schema");
                    Carries::Json(schemas.compile(&At { value, pointer }, faults)?)
                }
                _ => Carries::Anything,
            },
            (None, None) => Carries::Anything,
        };
        Some(Self {
            name,
            place,
            required: is_set("required") || place == Place::Path,
            may_be_empty: is_set("allowEmptyValue"),
            style,
            explode: explode.unwrap_or(style == Style::Form),
            carries,
        })
    }

    /// True for one that takes names of the query that no other parameter has.
    pub fn takes_all(&self) -> bool {
        match &self.carries {
            Carries::Value(carried) => carried.shape.takes_others && carried.shape.kind() == Kind::Object,
            _ => false,
        }
    }

    /// Checks what stands in the path for it.
    pub fn check_segment(&self, segment: &str, findings: &mut Findings) {
        self.check_text(segment, percent::decoded, findings);
    }

    /// Checks what the query gives for it.
    pub fn check_query<'r>(&self, pairs: &mut [Pair<'r>], findings: &mut Findings) {
        self.check_pairs(pairs, percent::decoded_form, findings);
    }

    /// Checks what the cookies give for it.
    pub fn check_cookie<'r>(&self, pairs: &mut [Pair<'r>], findings: &mut Findings) {
        self.check_pairs(pairs, percent::decoded, findings);
    }

    fn check_pairs<'r>(&self, pairs: &mut [Pair<'r>], decode: Decode, findings: &mut Findings) {
        let Carries::Value(carried) = &self.carries else {
            let mut own = pairs.iter_mut().filter(|pair| pair.name == self.name);
            match (own.next(), own.next()) {
                (None, _) => self.note_missing(findings),
                (Some(first), second) => {
                    first.is_used = true;
                    let value = first.value;
                    match second {
                        Some(_) => self.note("is given several times", findings),
                        None => self.check_text(value, decode, findings),
                    }
                }
            }
            return;
        };
        match style::find(pairs, &self.name, self.style, self.explode, &carried.shape, decode) {
            Found::Nothing => self.note_missing(findings),
            Found::Repeated => self.note("is given several times", findings),
            Found::Unreadable => self.note(UNREADABLE, findings),
            Found::Given(Given::One(text)) if text.is_empty() && self.may_be_empty => {}
            Found::Given(given) => carried.check(&given, self.place, &self.name, findings),
        }
    }

    /// Checks a header.
    pub fn check_header(&self, headers: &HeaderMap, findings: &mut Findings) {
        let mut lines = headers.get_all(&self.name).iter();
        let Some(first) = lines.next() else { return self.note_missing(findings) };
        let Ok(first) = std::str::from_utf8(first.as_bytes()) else { return self.note(UNREADABLE, findings) };
        let mut text = Cow::Borrowed(first);
        for line in lines {
            // Several lines are one list (RFC 9110, 5.3).
            match std::str::from_utf8(line.as_bytes()) {
                Ok(line) if self.is_list() => text = Cow::Owned(format!("{text},{line}")),
                Ok(_) => return self.note("is given several times", findings),
                Err(_) => return self.note(UNREADABLE, findings),
            }
        }
        self.check_text(text.trim(), |text| Some(Cow::Borrowed(text.trim())), findings);
    }

    fn is_list(&self) -> bool {
        match &self.carries {
            Carries::Value(carried) => carried.shape.kind() != Kind::Primitive || carried.shape.takes(ARRAY),
            _ => false,
        }
    }

    fn check_text(&self, text: &str, decode: Decode, findings: &mut Findings) {
        match &self.carries {
            Carries::Anything if decode(text).is_some() => {}
            Carries::Anything => self.note(UNREADABLE, findings),
            Carries::Json(schema) => match decode(text).map(|text| json::read(text.as_bytes())) {
                None => self.note(UNREADABLE, findings),
                Some(Err(message)) => self.note(&message, findings),
                Some(Ok(value)) => {
                    describe::check(schema.validator(), &value, self.place, &self.name, findings);
                }
            },
            Carries::Value(carried) => {
                match style::read(text, &self.name, self.style, self.explode, &carried.shape, decode) {
                    None => self.note(UNREADABLE, findings),
                    Some(given) => carried.check(&given, self.place, &self.name, findings),
                }
            }
        }
    }

    fn note_missing(&self, findings: &mut Findings) {
        if self.required {
            self.note("is missing", findings);
        }
    }

    fn note(&self, message: &str, findings: &mut Findings) {
        findings.add(self.place, &self.name, "", message);
    }
}

const UNREADABLE: &str = "is not written in the way that is described";
