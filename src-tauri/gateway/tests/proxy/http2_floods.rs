//! Callers that abuse HTTP/2: what breaks its rules is refused, what floods ends its connection, nobody else notices.

use std::time::Duration;

use gatepost_gateway::Limits;

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GET, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
    field, frame,
};
use crate::support::{Api, World, backend};

const PROTOCOL_ERROR: u8 = 1;

/// Most bytes that a flood may have sent before its connection has to be closed.
const FLOOD: usize = 64 * 1_024 * 1_024;

fn served() -> World {
    World::before(&backend(|exchange| exchange.respond("fine")))
}

fn with_field(name: &str, value: &str) -> Vec<u8> {
    [&GET[..], &field(name, value)].concat()
}

/// Says `bytes` again and again, and hears nothing, until the gateway closes.
fn is_closed_on(frames: &mut Frames, bytes: &[u8]) {
    let mut said = 0;
    while frames.say_bytes(bytes).is_ok() {
        said += bytes.len();
        assert!(said < FLOOD, "the gateway goes on taking it");
    }
}

#[test]
fn what_is_malformed_is_reset_and_the_connection_goes_on() {
    let world = served();
    let mut frames = Frames::connect(world.address);
    let malformed = [
        with_field("connection", "close"),
        with_field("transfer-encoding", "chunked"),
        with_field("upgrade", "websocket"),
        with_field("te", "gzip"),
        with_field("content-length", "five"),
        // No :path.
        vec![0x82, 0x86, 0x01, 0x01, b'a'],
        // A pseudo-header behind a field.
        [&field("x", "1")[..], &GET[..]].concat(),
        // :path twice.
        [&GET[..], &[0x84]].concat(),
        // :protocol without CONNECT being extended.
        [&field(":protocol", "websocket")[..], &GET[..]].concat(),
    ];
    let mut stream = 1;
    for head in malformed {
        frames.say(HEADERS, END_HEADERS | END_STREAM, stream, &head).expect("stands");
        let reset = frames.hear_of(RST_STREAM).expect("stands");
        assert_eq!((reset.stream, reset.code()), (stream, PROTOCOL_ERROR), "{head:?}");
        stream += 2;
    }
    frames.say(HEADERS, END_HEADERS | END_STREAM, stream, &GET).expect("stands");
    assert_eq!(frames.hear_of(HEADERS).expect("an answer").stream, stream);
}

#[test]
fn bytes_that_no_name_or_value_has_are_refused() {
    let world = served();
    let heads = [
        with_field("Upper", "1"),
        with_field("a b", "1"),
        with_field("", "1"),
        with_field("x", "a\r\nb"),
        with_field("x", "a\0b"),
    ];
    for head in heads {
        let mut frames = Frames::connect(world.address);
        frames.say(HEADERS, END_HEADERS | END_STREAM, 1, &head).expect("stands");
        let told = std::iter::from_fn(|| frames.hear())
            .find(|frame| [HEADERS, RST_STREAM, GOAWAY].contains(&frame.kind))
            .map(|frame| frame.kind);
        assert!(matches!(told, Some(RST_STREAM | GOAWAY) | None), "{head:?}: {told:?}");
    }
    assert_eq!(world.client().get("/api").body, "fine");
}

#[test]
fn a_body_that_is_not_as_long_as_announced_is_reset() {
    let (told, is_told) = std::sync::mpsc::channel();
    let world = World::before(&backend(move |exchange| {
        told.send(String::new()).expect("the test waits");
        told.send(exchange.rest()).expect("the test waits");
        crate::support::Next::Close
    }));
    let mut frames = Frames::connect(world.address);
    // POST /api, five bytes announced.
    let head =
        [&[0x83, 0x86, 0x04, 0x04][..], b"/api", &[0x01, 0x01, b'a'], &field("content-length", "5")].concat();
    frames.say(HEADERS, END_HEADERS, 1, &head).expect("stands");
    let told = || is_told.recv_timeout(crate::support::PATIENCE).expect("the upstream is told");
    assert_eq!(told(), "");
    frames.say(DATA, END_STREAM, 1, b"more than five").expect("stands");
    let reset = frames.hear_of(RST_STREAM).expect("stands");
    assert_eq!((reset.stream, reset.code()), (1, PROTOCOL_ERROR));
    assert_eq!(told(), "");
}

#[test]
fn a_head_without_end_ends_the_connection() {
    let world = served();
    let mut frames = Frames::connect(world.address);
    frames.say(HEADERS, END_STREAM, 1, &GET).expect("stands");
    is_closed_on(&mut frames, &frame(CONTINUATION, 0, 1, &field("x", "y")));
    assert_eq!(world.client().get("/api").body, "fine");
}

#[test]
fn a_head_that_unpacks_to_megabytes_ends_the_connection() {
    let world = served();
    let mut frames = Frames::connect(world.address);
    // One field of 4,000 bytes, kept in the table, then named 12,000 times: 48 MB.
    let mut bomb = GET.to_vec();
    bomb.extend([0x40, 1, b'x', 0x7f]);
    // 4,000 as a prefixed integer: 127, and the rest seven bits at a time.
    bomb.extend([0xa1, 0x1e]);
    bomb.extend(std::iter::repeat_n(b'a', 4_000));
    bomb.extend(std::iter::repeat_n(0xbe, 12_000));
    frames.say(HEADERS, END_HEADERS | END_STREAM, 1, &bomb).expect("stands");
    const ENHANCE_YOUR_CALM: u8 = 11;
    assert_eq!(frames.hear_of(GOAWAY).expect("a reason").code(), ENHANCE_YOUR_CALM);
    assert_eq!(world.client().get("/api").body, "fine");
}

#[test]
fn a_caller_that_asks_and_does_not_listen_is_let_go() {
    let upstream = backend(|exchange| exchange.respond("fine"));
    let limits = Limits { stall_timeout: Duration::from_millis(100), ..Limits::default() };
    for kind in [PING, SETTINGS] {
        let world = World::with(&[Api::at("/api", upstream.url(""))], limits, 1);
        let mut frames = Frames::connect(world.address);
        let payload: &[u8] = if kind == PING { &[0; 8] } else { &[] };
        let many = frame(kind, 0, 0, payload).repeat(1_000);
        is_closed_on(&mut frames, &many);
        assert_eq!(world.client().get("/api").body, "fine");
    }
}

#[test]
fn data_without_content_ends_the_connection() {
    let world = World::before(&backend(|exchange| {
        let _ = exchange.rest();
        crate::support::Next::Close
    }));
    let mut frames = Frames::connect(world.address);
    let head = [&[0x83, 0x86, 0x04, 0x04][..], b"/api", &[0x01, 0x01, b'a']].concat();
    frames.say(HEADERS, END_HEADERS, 1, &head).expect("stands");
    is_closed_on(&mut frames, &frame(DATA, 0, 1, &[]).repeat(100));
}

#[test]
fn more_streams_than_are_let_are_refused() {
    let world = World::before(&backend(|exchange| {
        let _ = exchange.rest();
        crate::support::Next::Close
    }));
    let mut frames = Frames::connect(world.address);
    let head = [&[0x82, 0x86, 0x04, 0x04][..], b"/api", &[0x01, 0x01, b'a']].concat();
    for number in 0..129 {
        frames.say(HEADERS, END_HEADERS | END_STREAM, number * 2 + 1, &head).expect("stands");
    }
    const REFUSED_STREAM: u8 = 7;
    let refused = frames.hear_of(RST_STREAM).expect("stands");
    assert_eq!((refused.stream, refused.code()), (257, REFUSED_STREAM));
}

#[test]
fn a_connection_that_stands_idle_is_let_go() {
    let limits = Limits { idle_timeout: Duration::from_millis(100), ..Limits::default() };
    let upstream = backend(|exchange| exchange.respond("fine"));
    let world = World::with(&[Api::at("/api", upstream.url(""))], limits, 1);
    let mut frames = Frames::connect(world.address);
    // Ends with the connection, or with a word before it.
    let _ = frames.hear_of(GOAWAY);
    while frames.hear().is_some() {}
}
