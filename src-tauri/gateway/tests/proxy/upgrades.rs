//! Connections that change their protocol: WebSocket and anything else that both ends agree on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::support::{Api, Client, Next, PATIENCE, World, backend, world};
use gatepost_gateway::Limits;
use std::time::Duration;

const ASK: &str =
    "GET /api/ws HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: echo\r\n\r\n";

/// Changes to a protocol in which it says back what it hears, and `bye` when that ends.
fn echo() -> World {
    World::before(&backend(|exchange| {
        assert_eq!(
            (exchange.headers("connection"), exchange.headers("upgrade")),
            (vec!["upgrade"], vec!["echo"])
        );
        exchange.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\nx-own: 1\r\n\r\nhello");
        let mut bytes = [0; 4_096];
        while let Ok(read @ 1..) = exchange.stream.read(&mut bytes) {
            if exchange.stream.get_mut().write_all(&bytes[..read]).is_err() {
                return Next::Close;
            }
        }
        exchange.say("bye");
        Next::Close
    }))
}

#[test]
fn bytes_pass_both_ways_and_each_half_ends_by_itself() {
    let world = echo();
    let stream = TcpStream::connect(world.address).expect("the gateway accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut client = Client::over(stream.try_clone().expect("a socket"));
    client.say(&format!("{ASK}early"));
    let answer = client.head();
    assert_eq!(
        (answer.status, answer.header("upgrade"), answer.header("x-own")),
        (101, Some("echo"), Some("1"))
    );
    assert_eq!(answer.header("connection"), Some("upgrade"));
    assert_eq!(client.bytes(10), "helloearly");
    let large = "x".repeat(1_000_000);
    std::thread::scope(|scope| {
        let mut writer = &stream;
        let said = large.as_bytes();
        scope.spawn(move || writer.write_all(said).expect("the gateway takes it"));
        assert!(client.bytes(1_000_000) == large);
    });
    stream.shutdown(Shutdown::Write).expect("a socket");
    assert_eq!(client.rest(), "bye");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.request_bytes, facts.response_bytes), (101, 1_000_005, 1_000_013));
    assert_eq!(detail.error, None);
    assert!(facts.upstream_us.is_some());
}

#[test]
fn a_change_that_is_declined_is_an_answer_like_any_other() {
    let world = World::before(&backend(|exchange| exchange.respond("no")));
    let mut client = world.client();
    assert_eq!(client.ask(ASK).body, "no");
    assert_eq!(client.get("/api/").body, "no");
}

#[test]
fn nobody_changes_the_protocol_unasked() {
    let backend = backend(|exchange| {
        assert!(exchange.headers("upgrade").is_empty() && exchange.headers("connection").is_empty());
        exchange.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
        Next::Close
    });
    let world = World::before(&backend);
    let asks = [
        "GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /api/ HTTP/1.1\r\nhost: a\r\nupgrade: echo\r\n\r\n",
        "GET /api/ HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        "POST /api/ HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\ncontent-length: 1\r\n\r\nx",
        "GET /api/ HTTP/1.0\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
    ];
    for ask in asks {
        let mut client = world.client();
        client.say(ask);
        assert_eq!(client.head().status, 502, "{ask}");
    }
}

#[test]
fn a_caller_that_goes_ends_the_upstreams_half() {
    let world = echo();
    let mut client = world.client();
    client.say(ASK);
    assert_eq!(client.head().status, 101);
    drop(client);
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!(facts.status, 101);
}

#[test]
fn silence_ends_a_changed_connection() {
    let backend = backend(|exchange| {
        exchange.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
        let _ = exchange.stream.read(&mut [0]);
        Next::Close
    });
    let limits = Limits { upgraded_idle_timeout: Duration::from_millis(50), ..Limits::default() };
    let world = World::with(&[Api::at("/api", backend.url(""))], limits, 1);
    let mut client = world.client();
    client.say(ASK);
    assert_eq!(client.head().status, 101);
    assert_eq!(client.rest(), "");
    let (_, detail) = world.calls(1).remove(0);
    assert_eq!(detail.error.as_deref(), Some("nothing was said over the changed connection for too long"));
}

#[test]
fn a_drain_ends_changed_connections_when_its_time_is_over() {
    let world = echo();
    let mut client = world.client();
    client.say(ASK);
    assert_eq!(client.head().status, 101);
    assert_eq!(client.bytes(5), "hello");
    world.gateway.drain(Duration::from_millis(200));
    assert_eq!(client.rest(), "");
    assert_eq!(world.calls(1).remove(0).0.status, 101);
}

#[test]
fn a_drain_does_not_wait_for_the_end_of_what_has_none() {
    let world = echo();
    let mut client = world.client();
    client.say(ASK);
    assert_eq!(client.head().status, 101);
    assert_eq!(client.bytes(5), "hello");
    // Had it waited for all its time, the connection would not have been told why it ends.
    world.gateway.drain(PATIENCE);
    assert_eq!(client.rest(), "");
    let (_, detail) = world.calls(1).remove(0);
    assert_eq!(detail.error.as_deref(), Some("the changed connection broke off: the gateway stops"));
}

#[test]
fn an_api_without_an_upstream_that_answers_changes_nothing() {
    let world = world(&[Api::at("/api", "http://127.0.0.1:1")]);
    let mut client = Client::connect(world.address);
    assert_eq!(client.ask(ASK).status, 502);
}
