//! HTTP/2 with callers.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use bytes::Bytes;
use gatepost_gateway::{Context, Limits, Policy, Request, Verdict};
use h2::Reason;

use crate::support::http2::{Http2Client, next, read, request};
use crate::support::{Api, Backend, Next, PATIENCE, World, backend};

struct Panicking;

impl Policy for Panicking {
    fn on_request<'a>(&'a self, _: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        panic!("a test wants this")
    }
}

fn caller(world: &World) -> Http2Client {
    Http2Client::connect(world.address)
}

#[test]
fn a_call_over_http2_reaches_an_http1_upstream_and_is_recorded() {
    let backend = backend(|exchange| {
        assert_eq!(exchange.request_line(), "GET /things?q=1 HTTP/1.1");
        assert_eq!(exchange.headers("x-forwarded-host"), ["api.test"]);
        exchange.respond("hello")
    });
    let world = World::before(&backend);
    let answer = caller(&world).get("/api/things?q=1");
    assert_eq!((answer.status(), answer.text()), (200, "hello"));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.header("connection"), None);
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.response_bytes), (200, 5));
    assert_eq!(
        (detail.http_version, &*detail.host, &*detail.target),
        ("HTTP/2", "api.test", "/api/things?q=1")
    );
}

#[test]
fn a_body_passes_both_ways() {
    let backend = backend(|exchange| {
        let length: usize =
            exchange.headers("content-length").first().map_or(0, |l| l.parse().expect("a number"));
        let body = if length > 0 {
            exchange.bytes(length)
        } else {
            std::iter::from_fn(|| Some(exchange.chunk()).filter(|chunk| !chunk.is_empty())).collect()
        };
        exchange.respond(&body)
    });
    let world = World::before(&backend);
    let body: String = ('a'..='z').cycle().take(3_000_000).collect();
    let answer = caller(&world).post("/api/echo", body.as_bytes());
    assert_eq!(answer.status(), 200);
    assert!(answer.text() == body, "the body changed on its way");
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!((facts.request_bytes, facts.response_bytes), (3_000_000, 3_000_000));
}

#[test]
fn many_streams_of_one_connection_run_side_by_side() {
    let world = World::before(&backend(|exchange| {
        let line = exchange.request_line().to_owned();
        exchange.respond(&line)
    }));
    let mut client = caller(&world);
    let begun: Vec<_> = (0..50)
        .map(|number| {
            client.begin(request("GET", &format!("/api/{number}")).body(()).expect("valid"), false).0
        })
        .collect();
    for (number, answer) in begun.into_iter().enumerate() {
        let answer = client.wait(read(answer)).expect("an answer");
        assert_eq!(answer.text(), format!("GET /{number} HTTP/1.1"));
    }
    assert_eq!(world.calls_in_the_end(), 50);
}

#[test]
fn a_host_that_is_not_the_authority_is_refused() {
    let world = World::before(&backend(|exchange| exchange.respond("")));
    let mut client = caller(&world);
    let lying = request("GET", "/api").header("host", "other.test").body(()).expect("valid");
    assert_eq!(client.ask(lying).expect("an answer").status(), 400);
    let saying_it_twice = request("GET", "/api").header("host", "api.test").body(()).expect("valid");
    assert_eq!(client.ask(saying_it_twice).expect("an answer").status(), 200);
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!(facts.status, 400);
}

#[test]
fn dot_segments_and_connect_are_refused_as_over_http1() {
    let world = World::before(&backend(|exchange| exchange.respond("")));
    let mut client = caller(&world);
    assert_eq!(client.get("/api/%2e%2e/x").status(), 400);
    let connect = http::Request::builder().method("CONNECT").uri("api.test:80").body(()).expect("valid");
    assert_eq!(client.ask(connect).expect("an answer").status(), 400);
}

#[test]
fn a_head_over_the_bounds_is_refused() {
    let world = World::before(&backend(|exchange| exchange.respond("")));
    let mut client = caller(&world);
    let mut many = request("GET", "/api");
    for number in 0..=100 {
        many = many.header(format!("x-{number}"), "1");
    }
    assert_eq!(client.ask(many.body(()).expect("valid")).expect("an answer").status(), 431);
    let long = request("GET", "/api").header("x", "a".repeat(70 * 1_024)).body(()).expect("valid");
    assert_eq!(client.ask(long).expect("an answer").status(), 431);
    assert_eq!(client.get("/api").status(), 200);
}

#[test]
fn the_crumbs_of_a_cookie_reach_an_http1_upstream_as_one_header() {
    let world = World::before(&backend(|exchange| {
        let cookies = exchange.headers("cookie").join("|");
        exchange.respond(&cookies)
    }));
    let crumbs =
        request("GET", "/api").header("cookie", "a=1").header("cookie", "b=2").body(()).expect("valid");
    assert_eq!(caller(&world).ask(crumbs).expect("an answer").text(), "a=1; b=2");
}

#[test]
fn an_answer_to_head_has_no_body() {
    let world = World::before(&backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
        Next::Keep
    }));
    let mut client = caller(&world);
    let head = client.ask(request("HEAD", "/api").body(()).expect("valid")).expect("an answer");
    assert_eq!((head.status(), head.header("content-length"), head.body.len()), (200, Some("5"), 0));
    let unknown = client.ask(request("HEAD", "/nowhere").body(()).expect("valid")).expect("an answer");
    assert_eq!((unknown.status(), unknown.body.len()), (404, 0));
    let body = client.get("/nowhere");
    assert_eq!(body.header("content-length"), Some(body.body.len().to_string().as_str()));
    assert!(body.header("date").is_some());
}

#[test]
fn trailers_of_an_http1_upstream_arrive() {
    let world = World::before(&backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n");
        exchange.say("2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n");
        Next::Keep
    }));
    let answer = caller(&world).get("/api");
    assert_eq!((answer.text(), answer.trailer("x-sum")), ("hi", Some("7")));
}

#[test]
fn a_stream_that_its_caller_resets_ends_its_upstream_request() {
    let (gone, is_gone) = std::sync::mpsc::channel();
    let world = World::before(&backend(move |exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
        // Nothing more comes from the gateway until it closes.
        assert_eq!(exchange.rest(), "");
        gone.send(()).expect("the test waits");
        Next::Close
    }));
    let mut client = caller(&world);
    let (answer, mut stream) = client.begin(request("GET", "/api").body(()).expect("valid"), false);
    client.wait(async {
        let mut body = answer.await.expect("a head").into_body();
        assert_eq!(next(&mut body).await.expect("some").expect("data"), "half");
        stream.send_reset(Reason::CANCEL);
    });
    assert_eq!(client.post("/nowhere", b"").status(), 404);
    is_gone.recv_timeout(crate::support::PATIENCE).expect("the upstream's connection is closed");
    let calls = world.calls(2);
    assert!(calls.iter().any(|(facts, _)| facts.status == 200 && facts.response_bytes == 4));
}

#[test]
fn a_flood_of_resets_ends_the_connection() {
    let world = World::before(&backend(|exchange| {
        let _ = exchange.rest();
        Next::Close
    }));
    let mut client = caller(&world);
    for _ in 0..2_000 {
        let Ok(mut sender) = client.ready() else { break };
        let head = request("GET", "/api").body(()).expect("valid");
        let Ok((_, mut stream)) = sender.send_request(head, true) else { break };
        // The gateway sees the stream before it sees the reset.
        client.wait(tokio::task::yield_now());
        stream.send_reset(Reason::CANCEL);
    }
    // The frame that says why is lost where the caller was still writing.
    let error = client.ended().expect_err("the gateway ends it");
    assert!(error.is_io() || error.reason() == Some(Reason::ENHANCE_YOUR_CALM), "{error}");
    assert!(world.calls_in_the_end() < 2_000);
}

#[test]
fn a_stream_over_the_bound_is_refused_and_may_ask_again() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = parking_lot::Mutex::new(wait);
    let upstream = backend(move |exchange| {
        wait.lock().recv().expect("the test goes on");
        exchange.respond("late")
    });
    let limits = Limits { max_streams: 1, ..Limits::default() };
    let world = World::with(&[Api::at("/api", upstream.url(""))], limits, 1);
    let mut client = caller(&world);
    let (first, _) = client.begin(request("GET", "/api").body(()).expect("valid"), false);
    let second = client.ask(request("GET", "/api").body(()).expect("valid"));
    assert_eq!(second.expect_err("refused").reason(), Some(Reason::REFUSED_STREAM));
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.api, &*detail.target), (503, None, "/api"));
    let why = "As many requests are under way over HTTP/2 as there may be";
    assert_eq!(detail.error.as_deref(), Some(why));
    go.send(()).expect("the backend waits");
    assert_eq!(client.wait(read(first)).expect("an answer").text(), "late");
    go.send(()).expect("the backend waits");
    assert_eq!(client.get("/api").text(), "late");
}

#[test]
fn a_caller_that_takes_nothing_for_too_long_loses_its_stream() {
    let upstream = backend(|exchange| {
        exchange.say("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        let _ = exchange.try_say(&"a".repeat(1_000_000));
        Next::Close
    });
    let limits = Limits { stall_timeout: std::time::Duration::from_millis(50), ..Limits::default() };
    let world = World::with(&[Api::at("/api", upstream.url(""))], limits, 1);
    let mut client = caller(&world);
    let (answer, _) = client.begin(request("GET", "/api").body(()).expect("valid"), false);
    let error = client.wait(async {
        let mut body = answer.await.expect("a head").into_body();
        // What comes is kept, and its window is not opened again.
        loop {
            if let Err(error) = body.data().await.expect("not the end") {
                return error;
            }
        }
    });
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    assert_eq!(client.get("/nowhere").status(), 404);
}

#[test]
fn a_connection_is_told_to_go_when_the_gateway_drains() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = parking_lot::Mutex::new(wait);
    let (asked, is_asked) = std::sync::mpsc::channel::<()>();
    let world = World::before(&backend(move |exchange| {
        asked.send(()).expect("the test waits");
        wait.lock().recv().expect("the test goes on");
        exchange.respond("late")
    }));
    let mut client = caller(&world);
    let (answer, _) = client.begin(request("GET", "/api").body(()).expect("valid"), false);
    client.wait(async {
        while is_asked.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
    });
    let drained = std::thread::scope(|scope| {
        let draining = scope.spawn(|| world.gateway.drain(crate::support::PATIENCE));
        go.send(()).expect("the backend waits");
        assert_eq!(client.wait(read(answer)).expect("an answer").text(), "late");
        client.ended().expect("a clean end");
        draining.join()
    });
    drained.expect("drains");
}

#[test]
fn a_policy_that_panics_ends_its_stream_only() {
    let upstream = backend(|exchange| exchange.respond("fine"));
    let mut panicking = Api::at("/bad", upstream.url(""));
    panicking.policy = Some(|| Box::new(Panicking));
    let world = crate::support::world(&[panicking, Api::at("/api", upstream.url(""))]);
    let mut client = caller(&world);
    let error = client.ask(request("GET", "/bad").body(()).expect("valid")).expect_err("reset");
    assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
    assert_eq!(client.get("/api").text(), "fine");
    assert_eq!(world.gateway.panics(), 1);
    assert_eq!(world.calls(1)[0].0.status, 500);
}

#[test]
fn an_upload_is_held_up_where_the_upstream_does_not_take_it() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = parking_lot::Mutex::new(wait);
    let world = World::before(&backend(move |exchange| {
        wait.lock().recv().expect("the test goes on");
        let mut taken = 0;
        loop {
            let chunk = exchange.chunk();
            if chunk.is_empty() {
                break;
            }
            taken += chunk.len();
        }
        exchange.respond(&taken.to_string())
    }));
    let mut client = caller(&world);
    let (answer, mut stream) = client.begin(request("POST", "/api").body(()).expect("valid"), true);
    let total: usize = 64 * 1_024 * 1_024;
    let piece = Bytes::from(vec![b'x'; 64 * 1_024]);
    let mut sent = 0;
    // Until nothing more is taken.
    client.wait(async {
        loop {
            stream.reserve_capacity(piece.len());
            let room = std::future::poll_fn(|cx| stream.poll_capacity(cx));
            match tokio::time::timeout(std::time::Duration::from_millis(300), room).await {
                Ok(Some(Ok(room))) => {
                    let some = piece.slice(..room.min(total - sent).min(piece.len()));
                    sent += some.len();
                    stream.send_data(some, false).expect("taken");
                    assert!(sent < total, "nobody takes it, and all of it went away");
                }
                Ok(ended) => panic!("{ended:?}"),
                Err(_) => return,
            }
        }
    });
    assert!(sent < 20 * 1_024 * 1_024, "{sent} bytes went away");
    go.send(()).expect("the backend waits");
    stream.send_data(Bytes::new(), true).expect("taken");
    assert_eq!(client.wait(read(answer)).expect("an answer").text(), sent.to_string());
}

/// Changes to bytes that it sends back in capitals.
fn shouting() -> Backend {
    backend(|exchange| {
        assert_eq!(exchange.headers("upgrade"), ["websocket"]);
        assert_eq!(exchange.headers("sec-websocket-version"), ["13"]);
        assert_eq!(exchange.headers("sec-websocket-key").len(), 1);
        exchange.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n");
        exchange.say("sec-websocket-accept: x\r\nsec-websocket-protocol: chat\r\n\r\n");
        let heard = exchange.bytes(5).to_uppercase();
        exchange.say(&heard);
        assert_eq!(exchange.rest(), "");
        Next::Close
    })
}

fn websocket(path: &str) -> http::Request<()> {
    let mut asked = request("CONNECT", path).header("sec-websocket-version", "13").body(()).expect("valid");
    asked.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
    asked
}

#[test]
fn a_websocket_passes_to_an_http1_upstream() {
    let world = World::before(&shouting());
    let mut client = caller(&world);
    // The gateway's settings, which allow it, come with the first answer.
    assert_eq!(client.get("/nowhere").status(), 404);
    let (answer, mut stream) = client.begin(websocket("/api/chat"), true);
    client.wait(async {
        let (head, mut body) = answer.await.expect("an answer").into_parts();
        assert_eq!(head.status, 200);
        assert_eq!(head.headers["sec-websocket-protocol"], "chat");
        assert!(head.headers.get("sec-websocket-accept").is_none());
        stream.send_data(Bytes::from_static(b"hello"), false).expect("taken");
        assert_eq!(next(&mut body).await.expect("some").expect("data"), "HELLO");
        stream.send_data(Bytes::new(), true).expect("taken");
        while let Some(data) = next(&mut body).await {
            assert_eq!(data.expect("an end, and no reset"), "");
        }
    });
    let (facts, _) = world.calls(2).remove(1);
    assert_eq!((facts.status, facts.request_bytes, facts.response_bytes), (101, 5, 5));
}

#[test]
fn a_drain_does_not_wait_for_the_end_of_a_websocket() {
    let world = World::before(&shouting());
    let mut client = caller(&world);
    assert_eq!(client.get("/nowhere").status(), 404);
    let (answer, _stream) = client.begin(websocket("/api/chat"), true);
    assert_eq!(client.wait(answer).expect("an answer").status(), 200);
    std::thread::scope(|scope| {
        scope.spawn(|| world.gateway.drain(PATIENCE));
        client.ended().expect("a goodbye");
    });
    let (_, detail) = world.calls(2).remove(1);
    assert_eq!(detail.error.as_deref(), Some("the changed connection broke off: the gateway stops"));
}

#[test]
fn an_answer_that_changes_nothing_is_no_tunnel() {
    let world = World::before(&backend(|exchange| exchange.respond("not here")));
    let mut client = caller(&world);
    assert_eq!(client.get("/nowhere").status(), 404);
    let (answer, _stream) = client.begin(websocket("/api"), true);
    assert_eq!(client.wait(read(answer)).expect("an answer").status(), 502);
    let (answer, _stream) = client.begin(websocket("/nowhere"), true);
    assert_eq!(client.wait(read(answer)).expect("an answer").status(), 404);
}
