//! Bodies pass as they come, in both directions, and one side leaving ends the other.

use std::io::Read;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

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
