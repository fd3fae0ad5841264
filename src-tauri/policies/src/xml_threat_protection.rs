//! XML threat protection: refuses XML bodies that are malformed, define entities, or are larger in some way than the API
//! needs.

mod encoding;
mod fault;
pub(crate) mod scan;

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Policy, PolicyConfig, Reads, Refusal, Reply, Request, Step,
    Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use schemars::JsonSchema;
use serde::Deserialize;

use self::fault::What;
use self::scan::{Limits, scan};
use crate::conformance::{Conforms, Table, answer, differs, ours};
use crate::threat::{Door, Look, MAX_READ, MAX_TYPE, MAX_TYPES, OtherTypes, Types, charset_of, limit};

/// # XML threat protection
///
/// Refuses XML bodies that are malformed, define entities, or are deeper, wider or longer than the limits.
///
/// The body is read whole and checked before any of it reaches the upstream. It is checked as one XML 1.0 document,
/// inflated where it is compressed. Nothing in it is expanded and nothing is fetched. Whatever parser the upstream has, it
/// never sees:
///
/// - a document type declaration, and so no entities: not those that grow to gigabytes (billion laughs, quadratic
///   blow-up), and not those that read files or call other servers (XXE)
/// - a reference to an entity other than `&lt;`, `&gt;`, `&amp;`, `&apos;` and `&quot;`; those to single characters
///   (`&#65;`) pass
/// - the namespace of XInclude, whose elements put other documents in their place
/// - elements nested so deep that a parser overflows its stack; thousands of attributes, which take some parsers quadratic
///   time
/// - an encoding in which markup can hide: UTF-8, UTF-16, ISO-8859 and Windows-125x are taken, and the content type, the
///   byte order mark and the declaration must agree on it
///
/// Schema locations (`xsi:schemaLocation`) and stylesheets pass: ordinary documents have them.
///
/// | The request | is answered |
/// |---|---|
/// | breaks a limit or a rule, or is no XML | 400, with `path` (the open elements) and `line` |
/// | has a longer body than `max_body_bytes`, sent or inflated | 413 |
/// | has another content type, where those are refused; or a `Content-Encoding` that is not known | 415 |
///
/// A body of no bytes passes. Only bodies whose content type is listed are checked, and others are not even read;
/// documents within multipart bodies are not looked for. `*/*` in the list means all bodies, those without a content type
/// too.
///
/// The vendor's limits are all off by default. Here they begin with values that ordinary APIs do not reach; -1 switches
/// one off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct XmlThreatProtection {
    /// Most elements within each other; the outermost is 1 deep. -1 for no limit: then checking a body can take twenty
    /// times its size in memory.
    #[serde(default = "default_depth")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_node_depth: i64,
    /// Most attributes of one element, without declarations of namespaces; -1 for no limit.
    #[serde(default = "default_attributes")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_attribute_count_per_element: i64,
    /// Most elements, comments and processing instructions directly in one element; -1 for no limit.
    #[serde(default = "default_children")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_child_count: i64,
    /// Longest text between two tags, in characters; -1 for no limit.
    #[serde(default = "default_text")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_text_length: i64,
    /// Longest value of an attribute, in characters; -1 for no limit.
    #[serde(default = "default_attribute")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_attribute_length: i64,
    /// Longest comment or processing instruction, in characters; -1 for no limit.
    #[serde(default = "default_attribute")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_comment_length: i64,
    /// Most namespaces that one element declares; -1 for no limit.
    #[serde(default = "default_namespaces")]
    #[schemars(range(min = -1, max = 1_000_000_000))]
    max_namespace_count_per_element: i64,
    /// Lets a document type declaration pass that has nothing but a name. One that says more is always refused.
    #[serde(default)]
    allow_bare_doctype: bool,
    /// Longest body that is read, in bytes, sent or inflated.
    #[serde(default = "default_body")]
    #[schemars(range(min = 1, max = MAX_READ))]
    max_body_bytes: u64,
    /// Content types of bodies that are checked: `application/xml`, `application/*`, `*/*+xml` or `*/*`.
    #[serde(default = "default_types")]
    #[schemars(length(min = 1, max = MAX_TYPES), inner(length(min = 1, max = MAX_TYPE)))]
    content_types: Vec<String>,
    /// What becomes of bodies of other content types.
    #[serde(default)]
    other_content_types: OtherTypes,
}

fn default_depth() -> i64 {
    64
}

fn default_attributes() -> i64 {
    64
}

fn default_children() -> i64 {
    10_000
}

fn default_text() -> i64 {
    65_536
}

fn default_attribute() -> i64 {
    4_096
}

fn default_namespaces() -> i64 {
    32
}

fn default_body() -> u64 {
    1_048_576
}

fn default_types() -> Vec<String> {
    ["application/xml", "text/xml", "*/*+xml"].map(str::to_owned).into()
}

impl Conforms for XmlThreatProtection {
    const TABLE: Table = Table {
        vendor: "xml-threat-protection-flex",
        parameters: &[
            differs("maxNodeDepth", "max_node_depth", "64 unless told otherwise, where the vendor has none"),
            differs(
                "maxAttributeCountPerElement",
                "max_attribute_count_per_element",
                "64 unless told otherwise",
            ),
            differs("maxChildCount", "max_child_count", "10,000 unless told otherwise"),
            differs("maxTextLength", "max_text_length", "65,536 unless told otherwise"),
            differs("maxAttributeLength", "max_attribute_length", "4,096 unless told otherwise"),
            differs(
                "maxCommentLength",
                "max_comment_length",
                "4,096 unless told otherwise; processing instructions count too",
            ),
            ours("max_namespace_count_per_element", "the vendor does not count declarations of namespaces"),
            ours("allow_bare_doctype", "declarations that say more than a name are always refused"),
            ours("max_body_bytes", "the body is held in memory while it is checked"),
            ours("content_types", "which bodies are XML"),
            ours("other_content_types", "so that a wrong content type is no way around"),
        ],
        answers: &[
            answer(400, "", "each_of_the_vendors_limits_for_xml_is_answered_with_400_and_the_path"),
            answer(413, "", "an_xml_body_over_the_limit_is_answered_with_413_sent_or_inflated"),
            answer(415, "accept-encoding", "xml_of_an_unknown_content_encoding_is_answered_with_415"),
        ],
    };
}

impl PolicyConfig for XmlThreatProtection {
    const NAME: &'static str = "xml-threat-protection";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{
        "max_node_depth": 20,
        "max_attribute_count_per_element": 20,
        "max_child_count": 1000,
        "max_text_length": 4096
    }"#;

    fn summary(&self) -> String {
        let parts = [
            (self.max_node_depth, "deep"),
            (self.max_attribute_count_per_element, "attributes"),
            (self.max_child_count, "children"),
        ];
        let parts = parts.into_iter().filter(|(most, _)| *most >= 0);
        let parts: Vec<_> = parts.map(|(most, what)| format!("{most} {what}")).collect();
        match parts.len() {
            0 => "well-formed XML without entities".into(),
            _ => format!("XML of at most {}", parts.join(", ")),
        }
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let types = Types::compile("content_types", &self.content_types, &mut faults);
        faults.into_result()?;
        Ok(Box::new(Guard {
            limits: Limits {
                node_depth: limit(self.max_node_depth),
                attributes: limit(self.max_attribute_count_per_element),
                namespaces: limit(self.max_namespace_count_per_element),
                children: limit(self.max_child_count),
                text_length: limit(self.max_text_length),
                attribute_length: limit(self.max_attribute_length),
                comment_length: limit(self.max_comment_length),
                bare_doctype: self.allow_bare_doctype,
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
        let Ok(charset) = charset_of(request.headers()) else {
            let what = What::EncodingsDisagree.to_string();
            let note = Note::new("the body {}").with(what.as_str());
            return Err(Refusal::of_caller(Reply::bad_request(format!("The XML body {what}")), note));
        };
        match scan(body, charset.as_deref(), &self.limits) {
            Ok(depth) => Ok(Step::passed(
                Note::new("{} bytes of XML, {} deep").with(body.len() as u64).with(u64::from(depth)),
            )),
            Err(fault) => {
                let what = fault.what.to_string();
                let reply = Reply::bad_request(format!("The XML body {what}"))
                    .member("path", fault.path.as_str().into())
                    .member("line", fault.line.into());
                let note = Note::new("the body {} at {}, line {}").with(what.as_str());
                Err(Refusal::of_caller(reply, note.with(fault.path.as_str()).with(fault.line as u64)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
