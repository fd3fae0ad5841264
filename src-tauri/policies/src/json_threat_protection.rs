//! JSON threat protection: refuses JSON bodies that are malformed, or larger in some way than the API needs.

mod fault;
mod names;
pub(crate) mod scan;

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Policy, PolicyConfig, Reads, Refusal, Reply, Request, Step,
    Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::scan::{Limits, scan};
use crate::conformance::{Conforms, Table, answer, differs, ours};
use crate::threat::{Door, Look, MAX_READ, MAX_TYPE, MAX_TYPES, OtherTypes, Types, charset_of, limit};

/// # JSON threat protection
///
/// Refuses JSON bodies that are malformed, or deeper, wider or longer than the limits.
///
/// The body is read whole and checked before any of it reaches the upstream. It is checked as one JSON document as RFC
/// 8259 has it, inflated where it is compressed. Whatever parser the upstream has, it never sees:
///
/// - objects and arrays nested so deep that a parser overflows its stack
/// - so many entries, or strings and numbers so long, that they exhaust memory; exponents that make a number of gigabytes
/// - the same name twice in an object, which one parser reads as the first value and another as the last
/// - broken UTF-8, half surrogate pairs, a byte order mark, `NaN`, comments, trailing commas, a second document
///
/// | The request | is answered |
/// |---|---|
/// | breaks a limit, or is no JSON | 400, with `pointer` (where in the document) and `offset` (which byte) |
/// | has a longer body than `max_body_bytes`, sent or inflated | 413 |
/// | has another content type, where those are refused; or a `Content-Encoding` that is not known | 415 |
///
/// A body of no bytes passes. Only bodies whose content type is listed are checked, and others are not even read. An
/// upstream that reads JSON whatever the content type says is safe only where other types are refused, or the list has
/// `*/*`, which also means bodies without a content type.
///
/// The vendor's limits are all off by default. Here they begin with values that ordinary APIs do not reach; -1 switches
/// one off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonThreatProtection {
    /// Most objects and arrays within each other; `{}` is 1 deep. -1 for no limit: then checking a body can take
    /// thirty times its size in memory.
    #[serde(default = "default_depth")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_container_depth: i64,
    /// Most entries of one object; -1 for no limit.
    #[serde(default = "default_entries")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_object_entry_count: i64,
    /// Longest name of an entry, in characters; -1 for no limit.
    #[serde(default = "default_name")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_object_entry_name_length: i64,
    /// Most elements of one array; -1 for no limit.
    #[serde(default = "default_elements")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_array_element_count: i64,
    /// Longest string, in characters; -1 for no limit.
    #[serde(default = "default_string")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_string_value_length: i64,
    /// Longest number, in bytes as it is written; -1 for no limit.
    #[serde(default = "default_number")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_number_length: i64,
    /// Largest exponent of a number as it is written, with either sign; -1 for no limit. 308 is the largest that a
    /// double-precision number has.
    #[serde(default = "default_exponent")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_number_exponent: i64,
    /// What becomes of an object that has the same name twice.
    #[serde(default)]
    duplicate_keys: DuplicateKeys,
    /// Longest body that is read, in bytes, sent or inflated.
    #[serde(default = "default_body")]
    #[schemars(range(min = 1, max = MAX_READ))]
    max_body_bytes: u64,
    /// Content types of bodies that are checked: `application/json`, `application/*`, `*/*+json` or `*/*`.
    #[serde(default = "default_types")]
    #[schemars(length(min = 1, max = MAX_TYPES), inner(length(min = 1, max = MAX_TYPE)))]
    content_types: Vec<String>,
    /// What becomes of bodies of other content types.
    #[serde(default)]
    other_content_types: OtherTypes,
}

/// What becomes of an object that has the same name twice.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum DuplicateKeys {
    /// It is refused.
    #[default]
    Refuse,
    /// It passes.
    Pass,
}

fn default_depth() -> i64 {
    64
}

fn default_entries() -> i64 {
    10_000
}

fn default_name() -> i64 {
    256
}

fn default_elements() -> i64 {
    10_000
}

fn default_string() -> i64 {
    65_536
}

fn default_number() -> i64 {
    64
}

fn default_exponent() -> i64 {
    308
}

fn default_body() -> u64 {
    1_048_576
}

fn default_types() -> Vec<String> {
    ["application/json", "text/json", "*/*+json"].map(str::to_owned).into()
}

impl Conforms for JsonThreatProtection {
    const TABLE: Table = Table {
        vendor: "json-threat-protection-flex",
        parameters: &[
            differs(
                "maxContainerDepth",
                "max_container_depth",
                "64 unless told otherwise, where the vendor has none",
            ),
            differs("maxObjectEntryCount", "max_object_entry_count", "10,000 unless told otherwise"),
            differs(
                "maxObjectEntryNameLength",
                "max_object_entry_name_length",
                "256 unless told otherwise; counted in characters",
            ),
            differs("maxArrayElementCount", "max_array_element_count", "10,000 unless told otherwise"),
            differs(
                "maxStringValueLength",
                "max_string_value_length",
                "65,536 unless told otherwise; counted in characters",
            ),
            ours("max_number_length", "numbers of a megabyte cost quadratic time in many parsers"),
            ours("max_number_exponent", "`1e999999999` is short and large"),
            ours("duplicate_keys", "parsers differ in which of two they believe"),
            ours("max_body_bytes", "the body is held in memory while it is checked"),
            ours("content_types", "which bodies are JSON"),
            ours("other_content_types", "so that a wrong content type is no way around"),
        ],
        answers: &[
            answer(400, "", "each_of_the_vendors_limits_is_answered_with_400_and_the_pointer"),
            answer(413, "", "a_body_over_the_limit_is_answered_with_413_sent_or_inflated"),
            answer(415, "accept-encoding", "an_encoding_that_nobody_knows_is_answered_with_415"),
        ],
    };
}

impl PolicyConfig for JsonThreatProtection {
    const NAME: &'static str = "json-threat-protection";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{
        "max_container_depth": 10,
        "max_object_entry_count": 10000,
        "max_object_entry_name_length": 80,
        "max_array_element_count": 10000,
        "max_string_value_length": 255
    }"#;

    fn summary(&self) -> String {
        let parts = [
            (self.max_container_depth, "deep"),
            (self.max_object_entry_count, "entries"),
            (self.max_array_element_count, "elements"),
        ];
        let parts = parts.into_iter().filter(|(most, _)| *most >= 0);
        let parts: Vec<_> = parts.map(|(most, what)| format!("{most} {what}")).collect();
        match parts.len() {
            0 => "well-formed JSON".into(),
            _ => format!("JSON of at most {}", parts.join(", ")),
        }
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let types = Types::compile("content_types", &self.content_types, &mut faults);
        faults.into_result()?;
        Ok(Box::new(Guard {
            limits: Limits {
                container_depth: limit(self.max_container_depth),
                object_entries: limit(self.max_object_entry_count),
                name_length: limit(self.max_object_entry_name_length),
                array_elements: limit(self.max_array_element_count),
                string_length: limit(self.max_string_value_length),
                number_length: limit(self.max_number_length),
                exponent: limit(self.max_number_exponent),
                unique_names: self.duplicate_keys == DuplicateKeys::Refuse,
            },
            door: Door { types, others: self.other_content_types, max_body_bytes: self.max_body_bytes },
        }))
    }
}

struct Guard {
    limits: Limits,
    door: Door,
}

impl Policy for Guard {
    fn asks(&self) -> Unrecorded {
        Unrecorded::NOTHING
    }

    fn reads(&self) -> Reads {
        self.door.reads()
    }

    fn reads_body_of(&self, request: &Request) -> bool {
        self.door.looks_at(request)
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(self.judge(request))
    }
}

impl Guard {
    fn judge(&self, request: &Request) -> Decision {
        let body = match self.door.look(request)? {
            Look::At(body) => body,
            Look::Past(note) => return Ok(Step::passed(note)),
        };
        if !is_as_ascii(charset_of(request.headers()).as_ref()) {
            let words = "The body's charset is not one that JSON may have";
            return Err(Refusal::of_caller(Reply::bad_request(words), Note::new("the charset is not UTF-8")));
        }
        match scan(body, &self.limits) {
            Ok(depth) => Ok(Step::passed(
                Note::new("{} bytes of JSON, {} deep").with(body.len() as u64).with(u64::from(depth)),
            )),
            Err(fault) => {
                let what = fault.what.to_string();
                let reply = Reply::bad_request(format!("The JSON body {what}"))
                    .member("pointer", fault.pointer.as_str().into())
                    .member("offset", fault.offset.into());
                let note = Note::new("the body {} at {}, byte {}").with(what.as_str());
                Err(Refusal::of_caller(reply, note.with(fault.place()).with(fault.offset as u64)))
            }
        }
    }
}

/// True for charsets in which every byte below 128 stands for the character that it is in UTF-8, so that whoever believes
/// them sees the same document.
fn is_as_ascii(charset: Result<&Option<String>, &()>) -> bool {
    const SAFE: [&str; 8] =
        ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252"];
    match charset {
        Ok(Some(charset)) => SAFE.contains(&charset.as_str()),
        Ok(None) => true,
        Err(()) => false,
    }
}

#[cfg(test)]
mod tests;
