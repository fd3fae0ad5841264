//! Which headers pass, which end, which are added.

use crate::support::{World, backend};

/// Answers with the head of the request as its body.
fn mirror() -> World {
    World::before(&backend(|exchange| {
        let head = exchange.head.join("\n");
        exchange.respond(&head)
    }))
}

#[test]
fn the_upstream_learns_who_asked_for_what() {
    let answer = mirror()
        .client()
        .ask("GET /api/x?a=1 HTTP/1.1\r\nhost: api.test\r\nx-forwarded-for: 10.0.0.1\r\nx-own: 1\r\n\r\n");
    let lines: Vec<&str> = answer.body.lines().collect();
    assert_eq!(lines[0], "GET /x?a=1 HTTP/1.1");
    assert!(lines.contains(&"x-forwarded-for: 10.0.0.1, 127.0.0.1"), "{lines:?}");
    assert!(lines.contains(&"x-forwarded-proto: http"), "{lines:?}");
    assert!(lines.contains(&"x-forwarded-host: api.test"), "{lines:?}");
    assert!(lines.contains(&"x-own: 1"), "{lines:?}");
    assert!(!lines.contains(&"host: api.test"), "{lines:?}");
}

#[test]
fn what_speaks_of_one_connection_does_not_pass() {
    let answer = mirror().client().ask(
        "GET /api/ HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\n\
         proxy-authorization: Basic eA==\r\nte: gzip\r\nupgrade: websocket\r\n\r\n",
    );
    for gone in ["connection", "x-hop", "keep-alive", "proxy-authorization", "te:", "upgrade"] {
        assert!(!answer.body.contains(gone), "{gone}: {}", answer.body);
    }
    let world = World::before(&backend(|exchange| {
        exchange
            .say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nkeep-alive: timeout=9\r\nconnection: x-hop\r\n");
        exchange
            .say("x-hop: 1\r\nx-own: 1\r\nserver: backend/1\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
        crate::support::Next::Keep
    }));
    let answer = world.client().get("/api/");
    for gone in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(answer.header(gone), None);
    }
    assert_eq!(answer.header("x-own"), Some("1"));
    assert_eq!(answer.header("server"), Some("backend/1"));
    assert_eq!(answer.header("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
}

#[test]
fn every_call_has_one_request_id_on_both_sides() {
    let world = mirror();
    let mut client = world.client();
    let given = client.ask("GET /api/ HTTP/1.1\r\nhost: a\r\nx-request-id: mine-1\r\n\r\n");
    assert_eq!(given.header("x-request-id"), Some("mine-1"));
    assert!(given.body.contains("x-request-id: mine-1"));
    let made = client.get("/api/");
    let id = made.header("x-request-id").expect("one is made");
    assert_eq!(id.len(), 20);
    assert!(made.body.contains(&format!("x-request-id: {id}")));
    let refused = client.get("/nowhere");
    let id = refused.header("x-request-id").expect("also on answers of the gateway");
    assert!(refused.body.contains(id));
    let recorded: Vec<_> = world.calls(3).into_iter().map(|(_, detail)| detail.request_id).collect();
    assert_eq!(recorded[0], "mine-1");
    assert_eq!(recorded[2], id);
}

#[test]
fn a_length_beside_chunks_does_not_reach_the_upstream() {
    let world = World::before(&backend(|exchange| {
        let lengths = exchange.headers("content-length").len();
        let body = exchange.chunk();
        assert_eq!(exchange.chunk(), "");
        exchange.respond(&format!("{lengths} lengths, {body}"))
    }));
    let answer = world.client().ask(
        "POST /api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    // Refusing it altogether would be as safe (RFC 9112, 6.3).
    if answer.status != 400 {
        assert_eq!(answer.body, "0 lengths, hello");
    }
}

#[test]
fn answers_without_a_body_keep_their_announced_length() {
    let world = World::before(&backend(|exchange| {
        if exchange.request_line().starts_with("HEAD") {
            exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n");
        } else {
            exchange.say("HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n");
        }
        crate::support::Next::Keep
    }));
    let mut client = world.client();
    client.say("HEAD /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    let head = client.head();
    assert_eq!((head.status, head.header("content-length")), (200, Some("1234")));
    let unchanged = client.get("/api/");
    assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some("\"x\"")));
}
