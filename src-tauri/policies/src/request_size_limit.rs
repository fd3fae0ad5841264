//! Request size limit: refuses bodies that are longer than an API needs.

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Policy, PolicyConfig, Refusal, Request, Unread, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Note};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::conformance::{Conforms, Table, answer, ours};
use crate::size::{Count, DEFAULT_LIMIT, MAX_LIMIT, SizeLimit};

/// # Request size limit
///
/// Refuses requests whose body is longer than a limit, with 413.
///
/// A body whose announced length is over the limit is refused at once: nothing of it is read, and a caller that waits for
/// `100 Continue` is never told to send it. One without a length (chunked, or HTTP/2 without `Content-Length`) is
/// counted as it passes, without being held up, and the call ends with the first byte over the limit: the caller gets
/// 413, and the upstream sees a request that breaks off. Memory does not grow with the limit.
///
/// Compressed bodies are inflated to be counted, one piece at a time, so that a bomb of a few kilobytes ends at the limit
/// too. Neither what is sent nor what it inflates to may be longer. To count only what is sent, choose `wire`.
///
/// | The body | is answered |
/// |---|---|
/// | is longer than the limit | 413, with the limit |
/// | has a `Content-Encoding` that is not known, where it is counted inflated | 415 |
/// | is not what its `Content-Encoding` says, where it is counted inflated | 400 |
///
/// Streams are counted from their beginning to their end, gRPC included; a WebSocket is not.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestSizeLimit {
    /// Longest body, in bytes.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 0, max = MAX_LIMIT))]
    max_bytes: u64,
    /// What is counted.
    #[serde(default)]
    count: Count,
}

fn default_limit() -> u64 {
    DEFAULT_LIMIT
}

impl Conforms for RequestSizeLimit {
    const TABLE: Table = Table {
        vendor: "",
        parameters: &[
            ours("max_bytes", "10 MiB unless told otherwise"),
            ours("count", "compressed bodies are counted inflated, so that bombs are"),
        ],
        answers: &[
            answer(400, "", "a_request_that_is_not_what_its_encoding_says_is_answered_with_400"),
            answer(413, "", "an_announced_length_over_the_limit_is_answered_with_413_at_once"),
            answer(
                415,
                "accept-encoding",
                "a_request_of_an_unknown_encoding_is_answered_with_415_unless_sent_bytes_count",
            ),
        ],
    };
}

impl PolicyConfig for RequestSizeLimit {
    const NAME: &'static str = "request-size-limit";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{"max_bytes": 1048576}"#;

    fn summary(&self) -> String {
        format!("bodies of at most {} {}", self.max_bytes, self.count.in_words())
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        Ok(Box::new(Limited(SizeLimit { most: self.max_bytes, count: self.count, refuse })))
    }
}

struct Limited(SizeLimit);

impl Policy for Limited {
    fn asks(&self) -> Unrecorded {
        Unrecorded::NOTHING
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(self.0.judge(request))
    }
}

fn refuse(why: Unread, note: Note) -> Box<Refusal> {
    Refusal::of_caller(why.reply_to_request(), note)
}

#[cfg(test)]
mod tests {
    use gatepost_model::Outcome;
    use serde_json::{Value, json};

    use crate::tests::{Answer, Trial, call, gzip};

    fn trial(config: Value) -> Trial {
        Trial::of("request-size-limit", config)
    }

    fn passed(answer: &Answer) -> bool {
        answer.status() == 200 && answer.body_sent_upstream().is_some()
    }

    #[test]
    fn an_announced_length_over_the_limit_is_answered_with_413_at_once() {
        let trial = trial(json!({"max_bytes": 10}));
        let answer = trial.run(call().body("text/plain", "a".repeat(11)));
        assert_eq!((answer.status(), &answer.json()["limit"]), (413, &json!(10)));
        assert_eq!(answer.error(), "The body is longer than 10 bytes");
        assert_eq!(answer.notes()[0], "11 bytes, where 10 are allowed");
        assert_eq!(
            (answer.refused_by(), answer.sent_upstream().is_none()),
            (Some("request-size-limit"), true)
        );
        let answer = trial.run(call().body("text/plain", "a".repeat(10)));
        assert_eq!((passed(&answer), answer.notes()[0].as_str()), (true, "10 of 10 bytes"));
        assert_eq!(trial.run(call()).notes()[0], "no body");
    }

    #[test]
    fn compressed_bodies_are_counted_inflated_unless_sent_bytes_count() {
        let text = [b'a'; 1_000];
        let sent = || call().gzipped_body("text/plain", &text);
        assert!(gzip(&text).len() < 100);
        let refused = trial(json!({"max_bytes": 999})).run(sent());
        assert_eq!((refused.status(), refused.refused_by()), (413, Some("request-size-limit")));
        assert!(refused.notes().contains(&"more than 999 bytes".to_owned()));
        assert!(passed(&trial(json!({"max_bytes": 1_000})).run(sent())));
        assert!(passed(&trial(json!({"max_bytes": 999, "count": "wire"})).run(sent())));
        let refused = trial(json!({"max_bytes": gzip(&text).len() - 1, "count": "wire"})).run(sent());
        assert_eq!(refused.status(), 413);
    }

    #[test]
    fn a_bomb_of_any_known_encoding_ends_at_the_limit() {
        let trial = trial(json!({"max_bytes": 100_000}));
        let bomb = gzip(&vec![0; 50_000_000]);
        let twice = gzip(&bomb);
        for (encoding, body) in [("gzip", bomb), ("gzip, gzip", twice)] {
            let answer = trial.run(call().body("text/plain", body).header("content-encoding", encoding));
            assert_eq!((answer.status(), answer.body_sent_upstream()), (413, None), "{encoding}");
        }
    }

    #[test]
    fn what_another_policy_has_read_is_known() {
        let trial = Trial::of("json-threat-protection", json!({}))
            .and("request-size-limit", json!({"max_bytes": 50}));
        let text = |length| json!("a".repeat(length)).to_string();
        let answer = trial.run(call().gzipped_body("application/json", text(100).as_bytes()));
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (413, true));
        assert_eq!(answer.notes()[1], "more than 50 bytes");
        let answer = trial.run(call().gzipped_body("application/json", text(48).as_bytes()));
        assert_eq!((answer.status(), answer.notes()[1].as_str()), (200, "50 of 50 bytes"));
    }

    #[test]
    fn a_request_that_is_not_what_its_encoding_says_is_answered_with_400() {
        let answer =
            trial(json!({})).run(call().body("text/plain", "no gzip").header("content-encoding", "gzip"));
        assert_eq!((answer.status(), answer.body_sent_upstream()), (400, None));
    }

    #[test]
    fn a_request_of_an_unknown_encoding_is_answered_with_415_unless_sent_bytes_count() {
        let zip = || call().body("text/plain", "zip").header("content-encoding", "zip");
        let answer = trial(json!({})).run(zip());
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (415, true));
        assert!(answer.header("accept-encoding").is_some());
        assert!(passed(&trial(json!({"count": "wire"})).run(zip())));
    }

    #[test]
    fn none_at_all_may_be_allowed() {
        let trial = trial(json!({"max_bytes": 0}));
        assert_eq!(
            (trial.run(call()).status(), trial.run(call().body("text/plain", "a")).status()),
            (200, 413)
        );
    }

    #[test]
    fn in_shadow_it_says_so_and_lets_pass() {
        let trial = trial(json!({"max_bytes": 10})).in_shadow();
        let announced = trial.run(call().body("text/plain", "a".repeat(11)));
        assert_eq!((passed(&announced), announced.outcomes()[0]), (true, Outcome::WouldRefuse));
        let counted = trial.run(call().gzipped_body("text/plain", b""));
        assert!(passed(&counted), "gzip of nothing is longer than 10 bytes");
    }

    #[test]
    fn a_limit_out_of_range_is_named() {
        assert_eq!(Trial::faults("request-size-limit", &json!({"max_bytes": -1})), ["max_bytes"]);
        assert_eq!(Trial::faults("request-size-limit", &json!({"count": "x"})), ["count"]);
    }
}
