//! Tokenization: values leave as tokens of the same form, and come back as what they were.

mod cipher;

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Message, Otherwise, Policy, PolicyConfig, Reads, Refusal, Reply, Request,
    Response, Secret, Step, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conformance::{Conforms, Table, absent, answer, differs, ours};
use crate::masking::{Format, Place, Places, Rewrite, Trouble, rewrite};
use cipher::{Alphabet, Cipher};

/// # Tokenization
///
/// Puts tokens in the place of values, or values in the place of tokens.
///
/// A token has the form of its value: digits become other digits and letters other letters, and what sets them apart
/// stays, so `4111-1111-1111-1111` may become `8302-5516-0047-9923`. The same value gives the same token, under one key
/// and tweak. Nothing is stored: the token is the value, encrypted with AES-256 in the mode FF1 (NIST SP 800-38G), so
/// whoever has the key can turn it back, and nobody else.
///
/// Apply it twice for both ways: `tokenize` on what leaves, `detokenize` on what comes in.
///
/// `fields` are JSONPath (`$.customer.card`, `$..iban`) for JSON, the same with one name for forms, and paths
/// (`//card`, `/order/@owner`) for XML. Nothing else of a body changes. Bodies of other types and streams pass as they
/// are, and the trail says so.
///
/// A value needs enough letters and digits of the alphabet: at least 6 digits, or 4 letters, or 4 of both, and at
/// most 512. Signs outside the alphabet keep their places.
///
/// | What happens | Answer |
/// |---|---|
/// | a value that cannot be turned, or, with `fail_on_unmatched`, a body with none of the fields | `status`, by default 400; for a response 502 |
/// | a body that is not what its content type says | 400; for a response 502 |
///
/// Different from the vendor on purpose: there is no tokenization service to run and to fail; both ways are one
/// policy; fields are JSONPath and XML paths instead of dotted names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokenization {
    /// Which way.
    #[serde(default = "tokenize")]
    action: Action,
    /// Which message.
    #[serde(default = "response")]
    direction: Direction,
    /// Which values.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 500)), example = ["$.customer.card"])]
    fields: Vec<String>,
    /// What is turned.
    #[serde(default = "digits")]
    format: Alphabet,
    /// Key, at least 16 characters. Kept encrypted and not shown again. Another key makes other tokens, and old ones
    /// can no longer be turned back.
    key: Secret,
    /// Sets tokens of one use apart from those of another. No secret.
    #[serde(default)]
    #[schemars(length(max = 200))]
    tweak: String,
    /// Refuses a body that has none of the fields.
    #[serde(default)]
    fail_on_unmatched: bool,
    /// Status for a request that cannot be turned.
    #[serde(default = "bad_request")]
    #[schemars(range(min = 400, max = 499))]
    status: u16,
    /// Longest body, as sent and inflated; a longer request is answered 413, a longer response 502.
    #[serde(default = "max_body_bytes")]
    #[schemars(range(min = 1_024, max = 67_108_864))]
    max_body_bytes: u32,
}

/// Which way.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Action {
    /// Values become tokens.
    Tokenize,
    /// Tokens become values.
    Detokenize,
}

/// Which message.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Direction {
    /// What the upstream gets.
    Request,
    /// What the caller gets.
    Response,
}

fn tokenize() -> Action {
    Action::Tokenize
}

fn response() -> Direction {
    Direction::Response
}

fn digits() -> Alphabet {
    Alphabet::Digits
}

fn bad_request() -> u16 {
    400
}

fn max_body_bytes() -> u32 {
    1_048_576
}

/// Shortest key, in bytes.
const MIN_KEY: usize = 16;

impl Conforms for Tokenization {
    const TABLE: Table = Table {
        vendor: "tokenization, detokenization",
        parameters: &[
            ours("action", "both ways are one policy"),
            differs("direction", "direction", "names the message that is turned; the default is the same"),
            differs("failOnUnmatched", "fail_on_unmatched", "off, unless told otherwise"),
            absent("service", "nothing is asked: the token is the encrypted value"),
            differs("expression", "fields", "several; JSONPath or XML paths instead of dotted names"),
            differs("format", "format", "digits, letters or both"),
            ours("key", "the vendor's service has one of its own"),
            ours("tweak", "FF1 has one"),
            ours("status", "as the vendor's configurable code"),
            ours("max_body_bytes", "everything read has a bound"),
        ],
        answers: &[
            answer(400, "", "a_value_too_short_to_hide_is_refused_with_the_status_that_was_set"),
            answer(413, "", "a_request_longer_than_the_limit_is_413"),
            answer(502, "", "an_answer_that_cannot_be_turned_is_502"),
        ],
    };
}

impl PolicyConfig for Tokenization {
    const NAME: &'static str = "tokenization";
    const CATEGORY: Category = Category::Compliance;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const EXAMPLE: &'static str = r#"{
        "action": "tokenize", "direction": "response", "fields": ["$..card"], "format": "digits",
        "key": "a key of your own, long and random"
    }"#;

    fn summary(&self) -> String {
        let way = match self.action {
            Action::Tokenize => "tokens for",
            Action::Detokenize => "values for the tokens in",
        };
        let message = match self.direction {
            Direction::Request => "requests",
            Direction::Response => "responses",
        };
        format!("{way} {} in {message}", self.fields.join(", "))
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let places = Places::parse(&self.fields, "fields", &mut faults);
        if self.key.expose().len() < MIN_KEY {
            faults.add("key", format!("must have at least {MIN_KEY} characters"));
        }
        let status = faults.take(
            "status",
            StatusCode::from_u16(self.status)
                .ok()
                .filter(StatusCode::is_client_error)
                .ok_or_else(|| "must be 400 to 499".to_owned()),
        );
        let cipher = faults.take("format", Cipher::new(self.key.expose(), self.format, &self.tweak));
        match (status, cipher) {
            (Some(status), Some(cipher)) if faults.is_empty() => Ok(Box::new(Turning {
                turns: [Turns { places, cipher, action: self.action }],
                direction: self.direction,
                fail_on_unmatched: self.fail_on_unmatched,
                status,
                max_body: self.max_body_bytes as usize,
            })),
            _ => Err(faults.into_vec()),
        }
    }
}

struct Turning {
    turns: [Turns; 1],
    direction: Direction,
    fail_on_unmatched: bool,
    status: StatusCode,
    max_body: usize,
}

/// Turns values at places.
struct Turns {
    places: Places,
    cipher: Cipher,
    action: Action,
}

impl Rewrite for Turns {
    fn places(&self) -> &Places {
        &self.places
    }

    fn rewrite(&self, place: &Place<'_>, value: &str) -> Result<Option<String>, String> {
        let turned = match self.action {
            Action::Tokenize => self.cipher.tokenize(value),
            Action::Detokenize => self.cipher.detokenize(value),
        };
        turned.map(Some).map_err(|why| format!("{} {why}", place.name()))
    }
}

/// Why a message was not turned.
enum Unturned {
    Malformed(String),
    Value(String),
}

impl Turning {
    fn turn(&self, message: &mut impl Message) -> Result<Step, Unturned> {
        let Some(format) = Format::of(&message.media_type()) else {
            return Ok(Step::passed(Note::new("not JSON, XML or a form")));
        };
        let Some(body) = message.content().bytes().filter(|body| !body.is_empty()) else {
            return Ok(Step::passed(Note::new("no body")));
        };
        let done = rewrite(format, body, &self.turns).map_err(|trouble| match trouble {
            Trouble::Malformed(why) => Unturned::Malformed(why),
            Trouble::Refused(why) => Unturned::Value(why),
        })?;
        if done.changed == 0 && self.fail_on_unmatched {
            return Err(Unturned::Value("none of the fields is there".into()));
        }
        let note = Note::new("{} values").with(done.changed as u64);
        Ok(match done.body {
            Some(body) => {
                message.replace_body(body.into());
                Step::changed(note)
            }
            None => Step::passed(note),
        })
    }
}

impl Policy for Turning {
    fn asks(&self) -> Unrecorded {
        Unrecorded::NOTHING
    }

    fn reads(&self) -> Reads {
        match self.direction {
            Direction::Request => Reads::request(self.max_body),
            Direction::Response => Reads::response(self.max_body, Otherwise::Refuse),
        }
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        if self.direction == Direction::Response {
            return Verdict::Now(Ok(Step::passed(Note::default())));
        }
        Verdict::Now(self.turn(request).map_err(|unturned| match unturned {
            Unturned::Malformed(why) => Refusal::of_caller(
                Reply::bad_request("The body is not what its content type says"),
                Note::new("{}").with(why.as_str()),
            ),
            Unturned::Value(why) => Refusal::of_caller(
                Reply::of(self.status, "A value of the body cannot be turned"),
                Note::new("{}").with(why.as_str()),
            ),
        }))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, cx: &'a mut Context) -> Verdict<'a> {
        // An answer of the gateway's own has none of the upstream's values in it.
        if self.direction == Direction::Request || cx.refused_by.is_some() {
            return Verdict::Now(Ok(Step::passed(Note::default())));
        }
        Verdict::Now(self.turn(response).map_err(|unturned| {
            let (Unturned::Malformed(why) | Unturned::Value(why)) = unturned;
            let reply = Reply::of(StatusCode::BAD_GATEWAY, "The answer could not be turned");
            Refusal::of_failure(reply, Note::new("{}").with(why.as_str()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::tests::{Trial, call};

    const KEY: &str = "a key of your own, long and random";

    fn config(action: &str, direction: &str, fields: &[&str]) -> Value {
        json!({"action": action, "direction": direction, "fields": fields, "key": KEY})
    }

    fn tokenized(body: &str) -> String {
        let trial = Trial::of("tokenization", config("tokenize", "response", &["$..card"]));
        let answer =
            trial.answering(200, &[("content-type", "application/json")], body.to_owned()).run(call());
        assert_eq!(answer.status(), 200, "{:?}", answer.notes());
        answer.body().expect("a body").to_owned()
    }

    #[test]
    fn what_left_as_a_token_comes_back_as_the_value() {
        let body = r#"{"a":{"card":"4111-1111-1111-1111"},"n":1.50,"card":["5500000000000004"]}"#;
        let tokens = tokenized(body);
        assert!(!tokens.contains("4111-1111") && !tokens.contains("5500000000000004"), "{tokens}");
        assert_eq!(tokens.len(), body.len(), "a token has the form of its value");
        let back = Trial::of("tokenization", config("detokenize", "request", &["$..card"]));
        let answer = back.run(call().body("application/json", tokens));
        assert_eq!(answer.body_sent_upstream().map(|sent| &sent[..]), Some(body.as_bytes()));
    }

    #[test]
    fn the_same_value_gives_the_same_token_under_one_key_and_tweak() {
        let (one, again) =
            (tokenized(r#"{"card":"4111111111111111"}"#), tokenized(r#"{"card":"4111111111111111"}"#));
        assert_eq!(one, again);
        let mut other = config("tokenize", "response", &["$..card"]);
        other["tweak"] = json!("another use");
        let trial = Trial::of("tokenization", other);
        let answered =
            trial.answering(200, &[("content-type", "application/json")], r#"{"card":"4111111111111111"}"#);
        assert_ne!(answered.run(call()).body(), Some(one.as_str()));
    }

    #[test]
    fn a_value_too_short_to_hide_is_refused_with_the_status_that_was_set() {
        for status in [400, 422] {
            let mut short = config("tokenize", "request", &["$.card"]);
            short["status"] = json!(status);
            let answer =
                Trial::of("tokenization", short).run(call().body("application/json", r#"{"card":"12345"}"#));
            assert_eq!(answer.status(), status);
            assert!(
                answer.notes().iter().any(|note| note.contains("card has too few")),
                "{:?}",
                answer.notes()
            );
        }
    }

    #[test]
    fn a_body_with_none_of_the_fields_is_refused_where_that_was_asked_for() {
        let mut strict = config("tokenize", "request", &["$.card"]);
        let ask = |config: &Value| {
            Trial::of("tokenization", config.clone()).run(call().body("application/json", "{}")).status()
        };
        assert_eq!(ask(&strict), 200);
        strict["fail_on_unmatched"] = json!(true);
        assert_eq!(ask(&strict), 400);
    }

    #[test]
    fn a_request_longer_than_the_limit_is_413() {
        let mut small = config("tokenize", "request", &["$.card"]);
        small["max_body_bytes"] = json!(1024);
        let body = format!("{{\"card\":\"{}\"}}", "1".repeat(1024));
        let answer = Trial::of("tokenization", small).run(call().body("application/json", body));
        assert_eq!(answer.status(), 413);
    }

    #[test]
    fn an_answer_that_cannot_be_turned_is_502() {
        for body in [r#"{"card":"12"}"#, "{"] {
            let trial = Trial::of("tokenization", config("tokenize", "response", &["$.card"]));
            let answer = trial.answering(200, &[("content-type", "application/json")], body).run(call());
            assert_eq!(answer.status(), 502, "{body}");
        }
    }

    #[test]
    fn no_value_is_in_the_trail() {
        let trial = Trial::of("tokenization", config("tokenize", "request", &["$.card"]));
        let notes = trial.run(call().body("application/json", r#"{"card":"98765"}"#)).notes().join(" ");
        assert!(!notes.contains("98765"), "{notes}");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let faults =
            Trial::faults("tokenization", &json!({"fields": ["$[", "card"], "key": "short", "status": 400}));
        for field in ["fields[0]", "fields[1]", "key"] {
            assert!(faults.iter().any(|fault| fault.starts_with(field)), "{field} is not among {faults:?}");
        }
    }
}
