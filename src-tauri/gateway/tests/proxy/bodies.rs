//! Policies that read bodies whole, replace them, or look at them as they pass.

use bytes::Bytes;
use gatepost_gateway::{
    Context, Decision, Inspector, Message, Otherwise, Policy, Reads, Refusal, Reply, Request, Response, Step,
    Verdict, Watch,
};
use gatepost_model::{Note, Outcome};

use crate::support::{Api, Next, World, backend, world};

/// Reads both bodies, up to 10 bytes, and writes them in capitals. Responses that are longer pass.
struct Shouts;

impl Policy for Shouts {
    fn reads(&self) -> Reads {
        Reads::request(10).and(Reads::response(10, Otherwise::PassUnread))
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(shout(request))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(shout(response))
    }
}

fn shout(message: &mut impl Message) -> Decision {
    let Some(bytes) = message.content().bytes().filter(|bytes| !bytes.is_empty()) else {
        return Ok(Step::passed(Note::new("nothing to shout")));
    };
    let loud = Bytes::from(bytes.to_ascii_uppercase());
    message.replace_body(loud);
    Ok(Step::changed(Note::new("shouted")))
}

/// Refuses bodies with a `#` in them, in either direction, as they pass.
struct NoSharp;

impl Policy for NoSharp {
    fn on_request<'a>(&'a self, _: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(Step::passed(Note::default()).inspecting(Watch::AsSent, FindsSharp)))
    }

    fn on_response<'a>(&'a self, _: &'a mut Response, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(Step::passed(Note::default()).inspecting(Watch::AsSent, FindsSharp)))
    }
}

struct FindsSharp;

impl Inspector for FindsSharp {
    fn inspect(&mut self, piece: &[u8]) -> Result<(), Box<Refusal>> {
        if piece.contains(&b'#') {
            return Err(Refusal::of_caller(Reply::forbidden("not that letter"), Note::new("there is a #")));
        }
        Ok(())
    }
}

fn shouting(answer: &'static str) -> World {
    let backend = backend(move |exchange| {
        let length = exchange.headers("content-length").first().and_then(|length| length.parse().ok());
        let body = exchange.bytes(length.unwrap_or_default());
        exchange.respond(&format!("{body}{answer}"))
    });
    world(&[Api { policy: Some(|| Box::new(Shouts)), ..Api::at("/api", backend.url("")) }])
}

#[test]
fn a_policy_reads_and_replaces_both_bodies() {
    let world = shouting("!");
    let mut client = world.client();
    client.say(
        "POST /api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",
    );
    assert_eq!(client.answer().body, "ABCD!");
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhe");
    assert_eq!(client.answer().body, "HE!");
}

#[test]
fn a_body_that_is_announced_too_long_is_never_asked_for() {
    let world = shouting("");
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("\"LIMIT\":10"), "{}", answer.body);
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.refused_by, facts.upstream_us), (Some("test-policy"), None));
    assert_eq!(detail.trail[0].outcome, Outcome::Refused);
}

#[test]
fn a_body_that_turns_out_too_long_is_refused() {
    let world = shouting("");
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n");
    assert_eq!(client.answer().status, 413);
}

#[test]
fn an_answer_that_is_too_long_passes_as_it_came() {
    let world = shouting("an answer of more than ten bytes");
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.answer().body, "an answer of more than ten bytes");
    let (_, detail) = world.calls(1).remove(0);
    let notes: Vec<_> = detail.trail.iter().map(|step| step.note.to_string()).collect();
    assert!(notes.contains(&"runs without the body, which is over the limit".to_owned()), "{notes:?}");
}

#[test]
fn a_caller_that_stops_sending_what_is_read_is_told_so() {
    let backend = backend(|exchange| exchange.respond("never"));
    let api = Api { policy: Some(|| Box::new(Shouts)), ..Api::at("/api", backend.url("")).timeout_ms(50) };
    let world = world(&[api]);
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab");
    assert_eq!(client.answer().status, 408);
    assert_eq!(world.calls(1).remove(0).0.refused_by, None, "nobody broke a rule");
}

#[test]
fn an_upload_ends_where_an_inspector_refuses_it() {
    let backend = backend(|exchange| {
        exchange.rest();
        Next::Close
    });
    let world = world(&[Api { policy: Some(|| Box::new(NoSharp)), ..Api::at("/api", backend.url("")) }]);
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc");
    client.say("d#f");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.contains("not that letter")), (403, true));
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.refused_by, detail.error), (Some("test-policy"), None));
    assert!(detail.trail.iter().any(|step| step.note.to_string() == "there is a #"));
}

#[test]
fn an_answer_breaks_off_where_an_inspector_refuses_it() {
    let backend = backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
        exchange.say("1\r\n#\r\n0\r\n\r\n");
        Next::Keep
    });
    let world = world(&[Api { policy: Some(|| Box::new(NoSharp)), ..Api::at("/api", backend.url("")) }]);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().status, 200);
    let rest = client.rest();
    assert!(!rest.contains('#') && !rest.ends_with("0\r\n\r\n"), "{rest}");
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!(facts.refused_by, Some("test-policy"));
}
