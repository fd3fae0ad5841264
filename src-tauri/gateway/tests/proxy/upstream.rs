//! Connections to upstreams: kept, replaced, and what is said when there is no answer.

use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use crate::support::{Api, Next, PATIENCE, World, backend, free_address, world};
use gatepost_gateway::Limits;
use gatepost_model::{Outcome, Phase};

#[test]
fn a_connection_serves_one_call_after_the_other() {
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::before(&backend);
    let mut client = world.client();
    for _ in 0..5 {
        assert_eq!(client.get("/api/").body, "x");
        assert_eq!(client.post("/api/", "").body, "x");
    }
    assert_eq!(backend.connections(), 1);
    let reused: Vec<bool> = world.calls(10).iter().map(|(_, detail)| detail.connection_reused).collect();
    assert_eq!(reused.iter().filter(|reused| **reused).count(), 9);
    assert!(!reused[0]);
}

#[test]
fn a_call_meeting_a_connection_that_just_closed_is_asked_again() {
    // Closes without saying so when the second request of a connection arrives: the latest possible moment.
    let backend = backend(|exchange| if exchange.place == 0 { exchange.respond("x") } else { Next::Close });
    let world = World::before(&backend);
    let mut client = world.client();
    for _ in 0..4 {
        assert_eq!(client.get("/api/").body, "x");
    }
    assert_eq!(backend.connections(), 4);
    assert_eq!(world.calls(4).len(), 4);
}

#[test]
fn a_call_that_may_have_been_done_is_not_asked_again() {
    let backend = backend(|exchange| if exchange.place == 0 { exchange.respond("x") } else { Next::Close });
    let world = World::before(&backend);
    let mut client = world.client();
    assert_eq!(client.get("/api/").body, "x");
    assert_eq!(client.post("/api/", "pay").status, 502);
    assert_eq!(backend.connections(), 1);
}

#[test]
fn an_upstream_that_is_not_there_gives_502_and_says_so_to_the_operator_alone() {
    let nobody = free_address();
    let world = world(&[Api::at("/api", format!("http://{nobody}"))]);
    let answer = world.client().get("/api/");
    assert_eq!(answer.status, 502);
    assert!(!answer.body.contains(&nobody.port().to_string()), "{}", answer.body);
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!(facts.status, 502);
    let words = format!("{nobody} refused the connection: is the backend running?");
    assert_eq!(detail.error.as_deref(), Some(words.as_str()));
    assert_eq!(detail.response_body.as_deref(), Some(answer.body.as_str()));
    assert!(detail.trail.iter().any(|step| step.phase == Phase::Upstream && step.outcome == Outcome::Failed));
}

#[test]
fn a_name_that_is_none_gives_502() {
    // RFC 6761: `.invalid` never resolves.
    let world = world(&[Api::at("/api", "http://nobody.invalid")]);
    assert_eq!(world.client().get("/api/").status, 502);
    let (_, detail) = world.calls(1).remove(0);
    assert!(detail.error.is_some_and(|error| error.starts_with("nobody.invalid has no address")));
}

#[test]
fn an_upstream_that_hangs_up_or_talks_nonsense_gives_502() {
    let silent = backend(|_| Next::Close);
    let strange = backend(|exchange| {
        exchange.say("220 mail ready\r\n");
        Next::Close
    });
    let world = world(&[Api::at("/silent", silent.url("")), Api::at("/strange", strange.url(""))]);
    let mut client = world.client();
    assert_eq!(client.get("/silent/").status, 502);
    assert_eq!(client.get("/strange/").status, 502);
    let errors: Vec<_> = world.calls(2).into_iter().filter_map(|(_, detail)| detail.error).collect();
    assert!(errors[0].ends_with("closed the connection without an answer"), "{errors:?}");
    assert!(errors[1].contains("not HTTP"), "{errors:?}");
}

#[test]
fn an_upstream_that_takes_too_long_gives_504() {
    let (release, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let backend = backend(move |_| {
        // Until the test is over.
        let _ = wait.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        Next::Close
    });
    let world = world(&[Api::at("/api", backend.url("")).timeout_ms(50)]);
    let answer = world.client().get("/api/");
    assert_eq!(answer.status, 504);
    let (facts, detail) = world.calls(1).remove(0);
    assert!(facts.upstream_us.is_some_and(|waited| waited >= 50_000));
    assert!(detail.error.is_some_and(|error| error.ends_with("sent no answer within 50 ms")));
    drop(release);
}

#[test]
fn a_caller_that_stops_sending_is_not_the_upstreams_fault() {
    let backend = backend(|exchange| {
        exchange.bytes(10);
        Next::Close
    });
    let world = world(&[Api::at("/api", backend.url("")).timeout_ms(50)]);
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc");
    assert_eq!(client.answer().status, 408);
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_the_caller_too() {
    let backend = backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
        Next::Close
    });
    let world = World::before(&backend);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().header("content-length"), Some("10"));
    assert_eq!(client.rest(), "abc");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.response_bytes), (200, 3));
    assert!(detail.error.is_some_and(|error| error.ends_with("broke off in the middle of its answer")));
}

#[test]
fn an_untrusted_certificate_is_refused_before_anything_is_sent() {
    // Not TLS at all, which no certificate can vouch for.
    let backend = backend(|_| Next::Close);
    let world = world(&[Api::at("/api", format!("https://{}", backend.address))]);
    assert_eq!(world.client().get("/api/").status, 502);
    let (_, detail) = world.calls(1).remove(0);
    assert!(detail.error.is_some_and(|error| error.starts_with("TLS with 127.0.0.1 failed")));
}

#[test]
fn many_callers_share_no_more_connections_than_run_at_once() {
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::with(&[Api::at("/api", backend.url(""))], Limits::default(), 1);
    for _ in 0..10 {
        assert_eq!(world.client().get("/api/").body, "x");
    }
    assert_eq!(backend.connections(), 1);
}
