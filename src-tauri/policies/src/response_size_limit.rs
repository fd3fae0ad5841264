//! Response size limit: keeps answers that are longer than callers expect from them.

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Otherwise, Policy, PolicyConfig, Reads, Refusal, Response, Step, Unread,
    Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::conformance::{Conforms, Table, answer, ours};
use crate::size::{Count, DEFAULT_LIMIT, MAX_LIMIT, SizeLimit};
use crate::threat::MAX_READ;

/// # Response size limit
///
/// Keeps answers whose body is longer than a limit from callers.
///
/// | The answer | What the caller gets |
/// |---|---|
/// | announces a length over the limit | 502 in its place; nothing of it is read |
/// | announces none, and turns out longer | its beginning, then the connection breaks off at the limit (HTTP/2: the stream is reset) |
/// | the same with `hold` | 502 in its place |
/// | has a `Content-Encoding` that is not known, where it is counted inflated | 502 |
///
/// Once the head of an answer has gone to the caller its status cannot be taken back; breaking off is the one way left to
/// say that what came is not whole. With `hold` the gateway waits for the whole answer, which costs memory up to the
/// limit and makes callers wait; streams (server-sent events, gRPC) are never waited for.
///
/// Compressed answers are inflated to be counted, one piece at a time: neither what is sent nor what it inflates to may be
/// longer. To count only what is sent, choose `wire`. Streams are counted from their beginning to their end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseSizeLimit {
    /// Longest body, in bytes.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 0, max = MAX_LIMIT))]
    max_bytes: u64,
    /// What is counted.
    #[serde(default)]
    count: Count,
    /// Waits for the whole answer before any of it goes on. With bodies counted inflated, and limits up to 256 MiB.
    #[serde(default)]
    hold: bool,
}

fn default_limit() -> u64 {
    DEFAULT_LIMIT
}

impl Conforms for ResponseSizeLimit {
    const TABLE: Table = Table {
        vendor: "",
        parameters: &[
            ours("max_bytes", "10 MiB unless told otherwise"),
            ours("count", "compressed answers are counted inflated"),
            ours("hold", "a clean 502 costs memory and waiting"),
        ],
        answers: &[answer(502, "", "an_announced_length_over_the_limit_is_answered_with_502")],
    };
}

impl PolicyConfig for ResponseSizeLimit {
    const NAME: &'static str = "response-size-limit";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: false, response: true };
    const EXAMPLE: &'static str = r#"{"max_bytes": 1048576}"#;

    fn summary(&self) -> String {
        let held = if self.hold { ", held until whole" } else { "" };
        format!("answers of at most {} {}{held}", self.max_bytes, self.count.in_words())
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        if self.hold && self.count == Count::Wire {
            faults.add("hold", "needs `count` to be `inflated`: what is held is inflated");
        }
        if self.hold && self.max_bytes > MAX_READ {
            faults.add("max_bytes", format!("is at most {MAX_READ} where answers are held"));
        }
        faults.into_result()?;
        let held = usize::try_from(self.max_bytes).unwrap_or(usize::MAX);
        Ok(Box::new(Limited {
            limit: SizeLimit { most: self.max_bytes, count: self.count, refuse },
            held: self.hold.then_some(held),
        }))
    }
}

struct Limited {
    limit: SizeLimit,
    held: Option<usize>,
}

impl Policy for Limited {
    fn asks(&self) -> Unrecorded {
        Unrecorded::NOTHING
    }

    fn reads(&self) -> Reads {
        self.held.map(|most| Reads::response(most, Otherwise::Refuse)).unwrap_or_default()
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            Ok(Step::passed(const { Note::new("another protocol from here on") }))
        } else {
            self.limit.judge(response)
        })
    }
}

/// The upstream broke the rule, and not the caller.
fn refuse(why: Unread, note: Note) -> Box<Refusal> {
    Refusal::of_failure(why.reply_to_response(), note)
}

#[cfg(test)]
mod tests {
    use gatepost_model::Outcome;
    use serde_json::{Value, json};

    use crate::tests::{Trial, call, gzip};

    fn trial(config: Value) -> Trial {
        Trial::of("response-size-limit", config)
    }

    #[test]
    fn an_announced_length_over_the_limit_is_answered_with_502() {
        let trial = trial(json!({"max_bytes": 10}));
        let answer = trial.answering(200, &[], "a".repeat(11)).run(call());
        assert_eq!((answer.status(), answer.error()), (502, "The upstream's answer cannot be passed on"));
        assert_eq!(answer.notes()[0], "11 bytes, where 10 are allowed");
        assert_eq!((answer.outcomes()[0], answer.header("x-backend")), (Outcome::Failed, None));
    }

    #[test]
    fn an_answer_within_the_limit_is_left_alone() {
        let trial = trial(json!({"max_bytes": 10})).answering(201, &[], "a".repeat(10));
        let answer = trial.run(call());
        assert_eq!((answer.status(), answer.body()), (201, Some("aaaaaaaaaa")));
        assert_eq!(answer.notes()[0], "10 of 10 bytes");
    }

    #[test]
    fn a_compressed_answer_breaks_off_where_it_inflates_beyond_the_limit() {
        let compressed = gzip(&[b'a'; 1_000]);
        let run = |config| {
            trial(config).answering(200, &[("content-encoding", "gzip")], compressed.clone()).run(call())
        };
        let cut = run(json!({"max_bytes": 999}));
        assert_eq!((cut.status(), cut.body_was_cut()), (200, true));
        assert!(cut.notes().contains(&"more than 999 bytes".to_owned()));
        assert!(!run(json!({"max_bytes": 1_000})).body_was_cut());
        assert!(!run(json!({"max_bytes": 999, "count": "wire"})).body_was_cut());
    }

    #[test]
    fn a_held_answer_is_answered_with_502_instead_of_being_cut() {
        let compressed = gzip(&[b'a'; 1_000]);
        let run = |most: u64| {
            let trial = trial(json!({"max_bytes": most, "hold": true}));
            trial.answering(200, &[("content-encoding", "gzip")], compressed.clone()).run(call())
        };
        assert_eq!((run(999).status(), run(1_000).status()), (502, 200));
        assert!(run(1_000).notes().contains(&"1000 of 1000 bytes".to_owned()));
        let stream = trial(json!({"max_bytes": 5, "hold": true}));
        let answer = stream.answering(200, &[("content-type", "text/event-stream")], "data:1").run(call());
        assert_eq!(answer.status(), 502, "its length is known");
    }

    #[test]
    fn an_answer_of_an_unknown_encoding_is_answered_with_502_unless_sent_bytes_count() {
        let run =
            |config| trial(config).answering(200, &[("content-encoding", "zip")], "zip").run(call()).status();
        assert_eq!((run(json!({})), run(json!({"count": "wire"}))), (502, 200));
    }

    #[test]
    fn in_shadow_it_says_so_and_lets_pass() {
        let trial = trial(json!({"max_bytes": 10})).in_shadow();
        let answer = trial.answering(200, &[], "a".repeat(11)).run(call());
        assert_eq!((answer.status(), answer.outcomes()[0]), (200, Outcome::WouldRefuse));
    }

    #[test]
    fn holding_needs_inflated_bodies_and_memory_for_them() {
        let faults = |config: Value| Trial::faults("response-size-limit", &config);
        assert_eq!(
            faults(json!({"hold": true, "count": "wire", "max_bytes": 1_u64 << 30})),
            ["hold", "max_bytes"]
        );
    }
}
