//! Bodies pass as they come, in both directions, and one side leaving ends the other.

use std::io::{Read, Write};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::{Next, PATIENCE, World, backend};

#[test]
fn an_event_arrives_before_the_answer_ends() {
    let (go_on, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let world = World::before(&backend(move |exchange| {
        exchange
            .say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n");
        exchange.say("9\r\ndata: 1\n\n\r\n");
        let wait = wait.lock().unwrap_or_else(PoisonError::into_inner);
        wait.recv_timeout(PATIENCE).expect("the caller has read the first event");
        exchange.say("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
        Next::Keep
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().status, 200);
    assert_eq!(client.chunk(), "data: 1\n\n");
    go_on.send(()).expect("the backend waits");
    assert_eq!(client.chunk(), "data: 2\n\n");
    assert_eq!(client.chunk(), "");
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!((facts.response_bytes, facts.status), (18, 200));
}

#[test]
fn an_upload_reaches_the_upstream_before_it_ends() {
    let (arrived, first) = sync_channel::<String>(1);
    let world = World::before(&backend(move |exchange| {
        arrived.send(exchange.bytes(3)).expect("the test waits");
        let rest = exchange.bytes(3);
        exchange.respond(&rest)
    }));
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc");
    assert_eq!(first.recv_timeout(PATIENCE).expect("streams"), "abc");
    client.say("def");
    assert_eq!(client.answer().body, "def");
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!((facts.request_bytes, facts.response_bytes), (6, 3));
}

#[test]
fn a_caller_who_leaves_ends_the_request_to_the_upstream() {
    let (asked, was_asked) = sync_channel::<()>(1);
    let (ended, was_ended) = sync_channel::<()>(1);
    let world = World::before(&backend(move |exchange| {
        asked.send(()).expect("the test waits");
        let mut byte = [0];
        if matches!(exchange.stream.read(&mut byte), Ok(0) | Err(_)) {
            ended.send(()).expect("the test waits");
        }
        Next::Close
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    was_asked.recv_timeout(PATIENCE).expect("the backend is asked");
    drop(client);
    was_ended.recv_timeout(PATIENCE).expect("the backend sees the end");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!(facts.status, 499);
    assert!(facts.upstream_us.is_some() && detail.upstream_address.is_some());
}

#[test]
fn a_caller_who_leaves_in_the_middle_of_an_answer_ends_it() {
    let (ended, was_ended) = sync_channel::<()>(1);
    let world = World::before(&backend(move |exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
        let mut byte = [0];
        if matches!(exchange.stream.read(&mut byte), Ok(0) | Err(_)) {
            ended.send(()).expect("the test waits");
        }
        Next::Close
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    client.head();
    assert_eq!(client.chunk(), "a");
    drop(client);
    was_ended.recv_timeout(PATIENCE).expect("the backend sees the end");
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.response_bytes), (200, 1));
}

#[test]
fn a_caller_who_waits_to_send_is_told_to_go_on() {
    let world = World::before(&backend(|exchange| {
        assert!(exchange.headers("expect").is_empty());
        let body = exchange.bytes(2);
        exchange.respond(&body)
    }));
    let mut client = world.client();
    client.say("POST /api/ HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    assert_eq!(client.head().status, 100);
    client.say("ok");
    assert_eq!(client.answer().body, "ok");
}

#[test]
fn a_caller_who_does_not_read_holds_the_upstream_back() {
    const PIECE: usize = 64 * 1_024;
    const PIECES: usize = 1_024;
    let (stopped, was_stopped) = sync_channel::<usize>(1);
    let world = World::before(&backend(move |exchange| {
        exchange.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PIECE * PIECES));
        let stream = exchange.stream.get_mut();
        stream.set_write_timeout(Some(Duration::from_millis(300))).expect("a socket");
        let piece = vec![b'x'; PIECE];
        let taken = (0..PIECES).take_while(|_| stream.write_all(&piece).is_ok()).count();
        stopped.send(taken * PIECE).expect("the test waits");
        Next::Close
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    let taken = was_stopped.recv_timeout(PATIENCE).expect("the backend is held back or done");
    assert!(taken < PIECE * PIECES / 2, "{taken} bytes taken that nobody reads");
}

#[test]
fn a_large_body_arrives_whole_in_both_directions() {
    let world = World::before(&backend(|exchange| {
        let body = exchange.bytes(5_000_000);
        exchange.respond(&body)
    }));
    let body: String = ('a'..='z').cycle().take(5_000_000).collect();
    let mut client = world.client();
    assert!(client.post("/api/", &body).body == body);
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!((facts.request_bytes, facts.response_bytes), (5_000_000, 5_000_000));
}

#[test]
fn trailers_pass() {
    let world = World::before(&backend(|exchange| {
        assert_eq!(exchange.headers("te"), ["trailers"]);
        exchange.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: grpc-status\r\n\r\n");
        exchange.say("1\r\na\r\n0\r\ngrpc-status: 0\r\n\r\n");
        Next::Keep
    }));
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te, close\r\n\r\n");
    let rest = client.rest();
    assert!(rest.ends_with("1\r\na\r\n0\r\ngrpc-status: 0\r\n\r\n"), "{rest}");
}
