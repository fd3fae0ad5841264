//! What the frame does for policies, seen with one that uses all of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatepost_gateway::{
    ActsOn, Cached, Category, Context, Decision, Env, Kind, Message, Otherwise, OutboundError,
    OutboundOptions, Place, Policy, PolicyConfig, Reads, Refusal, Reply, Request, Response, Step, Verdict,
};
use gatepost_model::{Fault, Note, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{Trial, call, gzip};

/// Writes bodies in capitals where `loud`, and asks a server for the word that is not allowed in them.
#[derive(Deserialize, JsonSchema)]
struct Shouts {
    loud: bool,
}

static SHOUTS: Kind = Kind::of::<Shouts>();

impl PolicyConfig for Shouts {
    const NAME: &'static str = "shouts";
    const CATEGORY: Category = Category::Transformation;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const PLACE: Place = Place::First;
    const EXAMPLE: &'static str = "{}";

    fn summary(&self) -> String {
        "shouts".into()
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let outbound = env.outbound();
        let word = Cached::new(Duration::from_secs(60), Duration::from_secs(1), move || {
            let request = http::Request::get("http://words.test/").body(Bytes::new()).expect("valid");
            let sending = outbound.send(request, &OutboundOptions::default());
            Box::pin(async move { sending.await.map(http::Response::into_body).map_err(|e| e.to_string()) })
        });
        Ok(Box::new(Shouting { loud: self.loud, word }))
    }
}

struct Shouting {
    loud: bool,
    word: Cached<Bytes>,
}

impl Policy for Shouting {
    fn reads(&self) -> Reads {
        Reads::request(100).and(Reads::response(100, Otherwise::PassUnread))
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Later(Box::pin(async move {
            let word: Arc<Bytes> = self.word.get(cx.now).await.map_err(|why| {
                let note = Note::new("no word: {}").with(&*why);
                Refusal::of_failure(Reply::unavailable("Nobody knows the word"), note)
            })?;
            let body = request.body().bytes().cloned().unwrap_or_default();
            if !word.is_empty() && body.windows(word.len()).any(|part| *part == **word) {
                return Err(Refusal::of_caller(Reply::bad_request("That word"), Note::new("has the word")));
            }
            self.shout(request)
        }))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(self.shout(response))
    }
}

impl Shouting {
    fn shout(&self, message: &mut impl Message) -> Decision {
        match message.content().bytes() {
            Some(bytes) if self.loud && !bytes.is_empty() => {
                let loud = bytes.to_ascii_uppercase();
                message.replace_body(loud.into());
                Ok(Step::changed(Note::default()))
            }
            _ => Ok(Step::passed(Note::default())),
        }
    }
}

fn trial(loud: bool) -> Trial {
    Trial::of_kind(&SHOUTS, json!({"loud": loud}))
        .calling_by(|_| Ok(http::Response::new(Bytes::from_static(b"boo"))))
}

#[test]
fn a_compressed_body_is_seen_inflated_and_goes_on_as_it_was_sent() {
    let answer = trial(false).run(call().gzipped_body("text/plain", b"hello"));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body_sent_upstream().map(|body| body.to_vec()), Some(gzip(b"hello")));
    let refused = trial(false).run(call().gzipped_body("text/plain", b"boo!"));
    assert_eq!((refused.status(), refused.refused_by()), (400, Some("shouts")));
}

#[test]
fn a_replaced_body_is_not_said_to_be_compressed() {
    let compressed = [("content-encoding", "gzip"), ("etag", "\"1\"")];
    let answer = trial(true)
        .answering(201, &compressed, gzip(b"thanks"))
        .run(call().gzipped_body("text/plain", b"hello"));
    assert_eq!(answer.body_sent_upstream().map(|body| &body[..]), Some(&b"HELLO"[..]));
    assert!(answer.sent_upstream().is_some_and(|headers| !headers.contains_key("content-encoding")));
    assert_eq!((answer.status(), answer.body()), (201, Some("THANKS")));
    assert_eq!((answer.header("content-encoding"), answer.header("etag")), (None, None));
}

#[test]
fn a_body_that_cannot_be_read_is_refused_with_the_status_that_says_why() {
    let cases = [
        (call().body("text/plain", vec![b'a'; 101]), 413, "the body is over the limit"),
        (call().gzipped_body("text/plain", &vec![b'a'; 100_000]), 413, "the body is over the limit"),
        (
            call().body("text/plain", "a").header("content-encoding", "gzip"),
            400,
            "the body is not what its content-encoding says",
        ),
        (
            call().body("text/plain", "a").header("content-encoding", "zip"),
            415,
            "the body has a content-encoding that is not known",
        ),
    ];
    for (call, status, note) in cases {
        let answer = trial(false).run(call);
        assert_eq!((answer.status(), answer.refused_by()), (status, Some("shouts")), "{note}");
        assert_eq!(answer.notes()[0], note);
        assert!(answer.sent_upstream().is_none());
    }
}

#[test]
fn a_stream_and_an_answer_that_is_too_long_pass_unread_with_a_note() {
    let stream = trial(true).answering(200, &[("content-type", "text/event-stream")], "data: 1\n\n");
    let answer = stream.run(call());
    assert_eq!(answer.body(), Some("data: 1\n\n"));
    assert!(answer.notes().contains(&"runs without the body, which is a stream".to_owned()));
    let long = "a".repeat(101);
    let answer = trial(true).answering(200, &[], long.clone()).run(call());
    assert_eq!(answer.body(), Some(&*long));
    assert!(answer.notes().contains(&"runs without the body, which is over the limit".to_owned()));
}

#[test]
fn in_shadow_nothing_of_a_body_changes_or_is_lost() {
    let trial = trial(true).in_shadow().answering(200, &[], "thanks");
    for (body, outcome) in [("hello", Outcome::WouldChange), ("boo", Outcome::WouldRefuse)] {
        let answer = trial.run(call().body("text/plain", body));
        assert_eq!(answer.body_sent_upstream().map(|sent| &sent[..]), Some(body.as_bytes()));
        assert_eq!((answer.outcomes()[0], answer.body()), (outcome, Some("thanks")));
    }
    let long = "a".repeat(101);
    let answer = trial.run(call().body("text/plain", long.clone()));
    assert_eq!(answer.outcomes()[0], Outcome::WouldRefuse);
    assert_eq!(answer.body_sent_upstream().map(|sent| &sent[..]), Some(long.as_bytes()));
}

#[test]
fn a_call_that_fails_is_told_by_status_and_trail() {
    let failing = |_| Err(OutboundError::Failed("nobody listens".into()));
    let answer = Trial::of_kind(&SHOUTS, json!({"loud": true})).calling_by(failing).run(call());
    assert_eq!((answer.status(), answer.refused_by()), (503, None));
    assert_eq!(answer.notes()[0], "no word: nobody listens");
}

#[test]
fn what_has_its_place_first_stands_before_what_was_applied_earlier() {
    let answer = Trial::of("client-id-enforcement", json!({}));
    let answer = answer.and_kind(&SHOUTS, json!({"loud": false}));
    let answer = answer.calling_by(|_| Err(OutboundError::TooLarge(1))).run(call());
    assert_eq!(answer.outcomes()[..2], [Outcome::Failed, Outcome::NotReached]);
}
