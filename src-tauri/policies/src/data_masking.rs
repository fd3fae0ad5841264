//! Data masking: personal data leaves, or is recorded, only in a form that tells nobody whose it is.

mod body;
mod record;
mod rule;

use std::sync::Arc;

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Message, Otherwise, Policy, PolicyConfig, Reads, Request, Response,
    Secret, Step, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conformance::{Conforms, Table, answer, ours};
use record::Record;
use rule::{MaskRule, Rule};

/// # Data masking
///
/// Masks personal data in what callers get, in what the upstream gets, and in what is recorded.
///
/// A rule says what is masked and how. With `fields` it masks whole values: JSONPath (`$.customer.email`,
/// `$..iban`) for JSON, the same with one name (`$.email`) for forms, and paths (`/order/email`, `//email`,
/// `/order/@owner`) for XML. With `kinds` or `patterns` it masks what is found inside values: those of `fields`, or
/// all where there are none.
///
/// | Kind | What is found |
/// |---|---|
/// | `email` | e-mail addresses |
/// | `phone` | telephone numbers with `+` or parts set apart |
/// | `card` | payment card numbers with a right check digit |
/// | `iban` | bank account numbers with right check digits |
/// | `national_id` | United States social security numbers |
/// | `name` | everything in fields such as `name`, `first_name`, `surname` |
///
/// | Method | `4111 1111 1111 1234` becomes |
/// |---|---|
/// | `partial` | `**** **** **** 1234` |
/// | `fixed` | the replacement |
/// | `hashed` | `9f2c...`, the same for the same value |
/// | `format_preserving` | `8207 3395 0164 7718`, the same for the same value |
///
/// The last two need a key; without it nobody can tell which value it was, nor try all that it could be.
///
/// **Bodies** are JSON, XML, forms and text, up to `max_body_bytes`. Nothing else of a body changes: numbers keep
/// their digits, members their order. A request that is not what its content type says is answered 400, a response
/// 502, since what cannot be read cannot be masked. Bodies of other types and streams (server-sent events, gRPC) pass
/// as they are, and the trail says so.
///
/// **What is recorded**: headers and query parameters that rules name, and kinds and patterns in all of them and in
/// the path. A call that a policy above refuses is recorded before this one sees it: put masking first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataMasking {
    /// Where values are masked.
    #[serde(default = "outgoing")]
    #[schemars(length(min = 1, max = 3), extend("uniqueItems" = true))]
    apply_to: Vec<Side>,
    /// What is masked, and how. Of several that fit a value the first counts.
    #[schemars(length(min = 1, max = 50))]
    rules: Vec<MaskRule>,
    /// Key for `hashed` and `format_preserving`, at least 16 characters. Kept encrypted and not shown again.
    #[serde(default)]
    key: Secret,
    /// Longest body, as sent and inflated; a longer request is answered 413, a longer response 502.
    #[serde(default = "max_body_bytes")]
    #[schemars(range(min = 1_024, max = 67_108_864))]
    max_body_bytes: u32,
}

/// Where.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Side {
    /// In what the upstream gets.
    Request,
    /// In what the caller gets.
    Response,
    /// In what is recorded of a call.
    Record,
}

fn outgoing() -> Vec<Side> {
    vec![Side::Response, Side::Record]
}

fn max_body_bytes() -> u32 {
    1_048_576
}

impl Conforms for DataMasking {
    const TABLE: Table = Table {
        vendor: "",
        parameters: &[
            ours("apply_to", "the vendor masks the lines of its log alone"),
            ours("rules", "the vendor's entities, and fields, headers and parameters by name"),
            ours("key", "hashes that nobody can try out"),
            ours("max_body_bytes", "everything read has a bound"),
        ],
        answers: &[
            answer(400, "", "a_request_that_is_not_what_its_type_says_is_400"),
            answer(413, "", "a_request_longer_than_the_limit_is_413"),
            answer(502, "", "a_response_that_cannot_be_masked_is_502"),
        ],
    };
}

impl PolicyConfig for DataMasking {
    const NAME: &'static str = "data-masking";
    const CATEGORY: Category = Category::Compliance;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const EXAMPLE: &'static str = r#"{"rules": [
        {"kinds": ["email", "card", "iban"], "method": "partial", "keep_last": 4},
        {"fields": ["$..password"], "headers": ["x-customer"], "method": "fixed", "replacement": "***"}
    ]}"#;

    fn summary(&self) -> String {
        let words: Vec<_> = self.rules.iter().map(MaskRule::summary).collect();
        format!("masks {}", words.join("; "))
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let rules: Vec<Arc<Rule>> = self
            .rules
            .into_iter()
            .enumerate()
            .map(|(at, rule)| Arc::new(rule.compile(&format!("rules[{at}]"), self.key.expose(), &mut faults)))
            .collect();
        faults.into_result()?;
        let masks = |side| self.apply_to.contains(&side);
        let in_body = || rules.iter().filter(|rule| rule.is_for_bodies()).cloned().collect();
        Ok(Box::new(Masking {
            request: masks(Side::Request).then(in_body),
            response: masks(Side::Response).then(in_body),
            record: masks(Side::Record).then(|| Arc::new(Record::new(rules.clone()))),
            rules,
            max_body: self.max_body_bytes as usize,
        }))
    }
}

struct Masking {
    /// All of them, for headers.
    rules: Vec<Arc<Rule>>,
    /// Those for bodies of requests; none where requests are left alone.
    request: Option<Vec<Arc<Rule>>>,
    response: Option<Vec<Arc<Rule>>>,
    record: Option<Arc<Record>>,
    max_body: usize,
}

impl Masking {
    fn mask(&self, message: &mut impl Message, in_body: &[Arc<Rule>]) -> Result<Step, body::Unmasked> {
        let headers = rule::mask_headers(message.fields_mut(), &self.rules);
        let values = if in_body.is_empty() { 0 } else { body::mask(message, in_body)? };
        let note = Note::new("masked {} values and {} headers").with(values as u64).with(headers as u64);
        Ok(if values + headers > 0 { Step::changed(note) } else { Step::passed(note) })
    }
}

impl Policy for Masking {
    fn asks(&self) -> Unrecorded {
        // Of headers only those that rules name, which may be secrets, or made by a policy above.
        Unrecorded { changes: true, ..Unrecorded::SECRETS }
    }

    fn reads(&self) -> Reads {
        let of = |rules: &Option<Vec<_>>| rules.as_ref().is_some_and(|rules| !rules.is_empty());
        let mut reads = Reads::default();
        if of(&self.request) {
            reads = reads.and(Reads::request(self.max_body));
        }
        if of(&self.response) {
            reads = reads.and(Reads::response(self.max_body, Otherwise::Refuse));
        }
        reads
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        if let Some(record) = &self.record {
            cx.mask_record(record.clone());
        }
        Verdict::Now(match &self.request {
            Some(in_body) => self.mask(request, in_body).map_err(body::Unmasked::of_request),
            None => Ok(Step::passed(Note::default())),
        })
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(match &self.response {
            Some(in_body) => self.mask(response, in_body).map_err(body::Unmasked::of_response),
            None => Ok(Step::passed(Note::default())),
        })
    }
}

#[cfg(test)]
mod tests;
