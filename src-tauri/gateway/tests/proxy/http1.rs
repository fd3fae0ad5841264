//! HTTP/1.1 to the letter: what is refused, how connections end, what passes beside requests and answers.

use std::io::Read;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::{Api, Client, Next, PATIENCE, World, backend, world};
use gatepost_gateway::{Context, Limits, Policy, Request, Response, Step, Verdict};
use gatepost_model::Note;

#[test]
fn what_is_malformed_is_refused_recorded_and_ends_the_connection() {
    let backend = backend(|exchange| exchange.respond("reached"));
    let world = World::before(&backend);
    let fields = "x: 1\r\n".repeat(101);
    let refused: [(u16, &str); 16] = [
        (400, "GET /api/ HTTP/1.1\nhost: a\n\n"),
        (400, "GET /api/ HTTP/1.1\r\nhost: a\r\nx : 1\r\n\r\n"),
        (400, "GET /api/ HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n\r\n"),
        (400, "GET /api/ HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n"),
        (400, "GET /api/\u{1} HTTP/1.1\r\nhost: a\r\n\r\n"),
        (400, "GET /api/#f HTTP/1.1\r\nhost: a\r\n\r\n"),
        (400, "POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx"),
        (400, "POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\nx"),
        (
            400,
            "POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (400, "POST /api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        (400, "POST /api/ HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        (501, "POST /api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        (505, "GET /api/ HTTP/3.0\r\nhost: a\r\n\r\n"),
        (414, &format!("GET /api/{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(17_000))),
        (431, &format!("GET /api/ HTTP/1.1\r\nhost: a\r\n{fields}\r\n")),
        (400, "GET /api/ HTTP/1.1\r\n\r\n"),
    ];
    for (status, request) in refused {
        let mut client = world.client();
        let answer = client.ask(request);
        assert_eq!(answer.status, status, "{}", request.escape_debug());
        assert_eq!(answer.header("connection"), Some("close"), "{}", request.escape_debug());
        assert!(answer.body.contains("request_id"), "{}", answer.body);
        assert_eq!(client.rest(), "");
    }
    let calls = world.calls(refused.len());
    for ((status, request), (facts, detail)) in refused.iter().zip(&calls) {
        assert_eq!((facts.status, facts.api), (*status, None), "{}", request.escape_debug());
        assert!(request.starts_with(&*detail.method) && detail.target.len() <= 1_024 * 4);
    }
    let why: Vec<_> = calls.iter().filter_map(|(_, detail)| detail.error.as_deref()).collect();
    assert!(
        why.contains(&"A line ends without CR") && why.contains(&"Content-Length is repeated"),
        "{why:?}"
    );
    assert_eq!(backend.connections(), 0);
}

#[test]
fn a_request_behind_a_refused_one_is_never_looked_at() {
    let backend = backend(|exchange| exchange.respond("reached"));
    let world = World::before(&backend);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\nhost: a\n\nGET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.answer().status, 400);
    assert_eq!(client.rest(), "");
    assert_eq!((backend.connections(), world.calls_in_the_end()), (0, 1));
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let world = World::before(&backend(|exchange| {
        let line = exchange.request_line().to_owned();
        exchange.respond(&line)
    }));
    let mut client = world.client();
    let requests: String = (0..50).map(|n| format!("\r\nGET /api/{n} HTTP/1.1\r\nhost: a\r\n\r\n")).collect();
    client.say(&requests);
    for n in 0..50 {
        assert_eq!(client.answer().body, format!("GET /{n} HTTP/1.1"));
    }
}

#[test]
fn an_answer_without_a_length_reaches_new_callers_in_chunks_and_old_ones_until_the_end() {
    let world = World::before(&backend(|exchange| {
        exchange.say("HTTP/1.0 200 OK\r\n\r\nuntil the end");
        Next::Close
    }));
    let mut client = world.client();
    let answer = client.get("/api/");
    assert_eq!(
        (answer.header("transfer-encoding"), answer.body.as_str()),
        (Some("chunked"), "until the end")
    );
    assert_eq!(client.get("/api/").body, "until the end");
    let mut old = world.client();
    old.say("GET /api/ HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    let rest = old.rest();
    assert!(rest.starts_with("HTTP/1.0 200") && rest.ends_with("\r\n\r\nuntil the end"), "{rest}");
    assert!(rest.contains("connection: close") && !rest.contains("chunked"), "{rest}");
}

#[test]
fn an_old_caller_may_stay_if_it_asks_to() {
    let world = World::before(&backend(|exchange| exchange.respond("x")));
    let mut client = world.client();
    for _ in 0..2 {
        let answer = client.ask("GET /api/ HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
        assert_eq!((answer.header("connection"), answer.body.as_str()), (Some("keep-alive"), "x"));
    }
}

#[test]
fn a_body_in_chunks_passes_with_its_trailers() {
    let world = World::before(&backend(|exchange| {
        assert_eq!(exchange.headers("transfer-encoding"), ["chunked"]);
        let mut body = String::new();
        loop {
            let chunk = exchange.chunk_or_end();
            if chunk.is_empty() {
                break;
            }
            body.push_str(&chunk);
        }
        let trailers = exchange.trailers();
        exchange.respond(&format!("{body} {trailers:?}"))
    }));
    let mut client = world.client();
    let answer = client.ask(
        "POST /api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n\
         3;x=1\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 1\r\nhost: evil\r\n\r\n",
    );
    assert_eq!(answer.body, "abcdef [\"x-sum: 1\"]");
    assert_eq!(client.get("/nowhere").status, 404, "the connection goes on");
}

#[test]
fn chunks_that_are_none_end_the_call_and_the_connection() {
    let backend = backend(|exchange| {
        let _ = exchange.stream.read_to_end(&mut Vec::new());
        Next::Close
    });
    let world = World::before(&backend);
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\naX\r\n0\r\n\r\n");
    assert_eq!(client.answer().status, 400);
    assert_eq!(client.rest(), "");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!(facts.status, 400);
    assert!(detail.error.is_some_and(|error| error.contains("longer than its size says")));
}

#[test]
fn interim_answers_pass() {
    let world = World::before(&backend(|exchange| {
        exchange.say("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nconnection: x\r\n\r\n");
        exchange.say("HTTP/1.1 100 Continue\r\n\r\n");
        exchange.respond("x")
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    let hints = client.head();
    assert_eq!((hints.status, hints.header("link")), (103, Some("</a.css>")));
    assert_eq!(hints.header("connection"), None);
    assert_eq!(client.answer().body, "x");
    assert_eq!(world.calls(1).remove(0).0.status, 200);
}

#[test]
fn interim_answers_without_end_are_a_fault() {
    let world = World::before(&backend(|exchange| {
        exchange.say(&"HTTP/1.1 102 Processing\r\n\r\n".repeat(20));
        Next::Close
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.0\r\n\r\n");
    assert!(client.rest().starts_with("HTTP/1.0 502"));
}

#[test]
fn an_answer_that_comes_early_passes_and_ends_both_connections() {
    let backend = backend(|exchange| {
        exchange.bytes(3);
        exchange.say("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
        Next::Keep
    });
    let world = World::before(&backend);
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\nabc");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (413, "no"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.rest(), "");
    assert_eq!(world.client().post("/api/", "abc").status, 413);
    assert_eq!(backend.connections(), 2, "a connection with half a request on it serves no other");
}

#[test]
fn an_answer_flows_while_its_request_still_does() {
    let world = World::before(&backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for _ in 0..3 {
            let said = exchange.bytes(1);
            exchange.say(&format!("1\r\n{said}\r\n"));
        }
        exchange.say("0\r\n\r\n");
        Next::Keep
    }));
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n");
    assert_eq!(client.head().status, 200);
    for said in ["a", "b", "c"] {
        client.say(said);
        assert_eq!(client.chunk(), said);
    }
    assert_eq!(client.chunk(), "");
    assert_eq!(world.calls(1).remove(0).0.request_bytes, 3);
}

#[test]
fn bytes_that_nobody_asked_for_are_nobodys_answer() {
    let backend = backend(|exchange| {
        let place = exchange.place;
        let evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
        exchange.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{place}{evil}"));
        Next::Keep
    });
    let world = World::with(&[Api::at("/api", backend.url(""))], Limits::default(), 1);
    let mut client = world.client();
    for _ in 0..5 {
        assert_eq!(client.get("/api/").body, "0");
    }
    assert_eq!(backend.connections(), 5);
}

#[test]
fn a_length_that_can_be_read_in_two_ways_makes_no_answer() {
    for framing in [
        "content-length: 1\r\ncontent-length: 2",
        "content-length: 1\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip",
    ] {
        let world = World::before(&backend(move |exchange| {
            exchange.say(&format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\nxx"));
            Next::Close
        }));
        assert_eq!(world.client().get("/api/").status, 502, "{framing}");
    }
}

/// Refuses without a look at the body.
struct Refuses;

impl Policy for Refuses {
    fn on_request<'a>(&'a self, _request: &'a mut Request, _cx: &'a mut Context) -> Verdict<'a> {
        let reply = gatepost_gateway::Reply::forbidden("no");
        Verdict::Now(Err(gatepost_gateway::Refusal::of_caller(reply, Note::default())))
    }

    fn on_response<'a>(&'a self, _response: &'a mut Response, _cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(Step::passed(Note::default())))
    }
}

#[test]
fn a_refused_caller_is_not_told_to_go_on() {
    let world = world(&[Api { policy: Some(|| Box::new(Refuses)), ..Api::at("/api", "http://127.0.0.1:1") }]);
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (403, Some("close")));
    assert_eq!(client.rest(), "");
}

#[test]
fn a_short_body_that_nobody_wanted_does_not_end_the_connection_and_a_long_one_does() {
    let world = world(&[Api { policy: Some(|| Box::new(Refuses)), ..Api::at("/api", "http://127.0.0.1:1") }]);
    let mut client = world.client();
    for _ in 0..3 {
        let answer = client.post("/api/", &"x".repeat(10_000));
        assert_eq!((answer.status, answer.header("connection")), (403, None));
    }
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (403, Some("close")));
    assert_eq!(client.rest(), "");
}

#[test]
fn answers_have_a_date() {
    let world = World::before(&backend(|exchange| exchange.respond("x")));
    let date = world.client().get("/api/").header("date").expect("added").to_owned();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
}

#[test]
fn the_answer_to_head_has_no_body_and_the_connection_goes_on() {
    let world = World::before(&backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n");
        Next::Keep
    }));
    let mut client = world.client();
    for _ in 0..2 {
        client.say("HEAD /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
        assert_eq!(client.head().header("content-length"), Some("1234"));
    }
    client.say("HEAD /nowhere HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().status, 404);
    assert_eq!(client.get("/nowhere").status, 404);
}

#[test]
fn a_caller_that_stops_reading_is_let_go() {
    let (stopped, was_stopped) = sync_channel::<()>(1);
    let backend = backend(move |exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
        let piece = "x".repeat(64 * 1_024);
        while std::io::Write::write_all(exchange.stream.get_mut(), piece.as_bytes()).is_ok() {}
        stopped.send(()).expect("the test waits");
        Next::Close
    });
    let limits = Limits { stall_timeout: Duration::from_secs(1), ..Limits::default() };
    let world = World::with(&[Api::at("/api", backend.url(""))], limits, 1);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().status, 200);
    was_stopped.recv_timeout(PATIENCE).expect("the gateway ends both connections");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!(facts.status, 200);
    assert_eq!(detail.error.as_deref(), Some("the caller took nothing of its answer for too long"));
}

#[test]
fn an_upstream_that_stops_in_the_middle_is_not_waited_for() {
    let (release, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let backend = backend(move |exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
        let _ = wait.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        Next::Close
    });
    let world = world(&[Api::at("/api", backend.url("")).timeout_ms(50)]);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().status, 200);
    assert_eq!(client.rest(), "abc");
    let (_, detail) = world.calls(1).remove(0);
    assert!(detail.error.is_some_and(|error| error.contains("stopped in the middle of its answer")));
    drop(release);
}

#[test]
fn a_caller_that_waits_for_a_slow_upstream_is_answered_on_time_by_others() {
    let (release, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let backend = backend(move |exchange| {
        if exchange.request_line().contains("slow") {
            let _ = wait.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        }
        exchange.respond("x")
    });
    let world = World::with(&[Api::at("/api", backend.url(""))], Limits::default(), 1);
    let mut slow = Client::connect(world.address);
    slow.say("GET /api/slow HTTP/1.1\r\nhost: a\r\n\r\n");
    for _ in 0..10 {
        assert_eq!(world.client().get("/api/quick").body, "x");
    }
    drop(release);
    assert_eq!(slow.answer().body, "x");
}
