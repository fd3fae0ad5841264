//! HTTP/2 with upstreams.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::future::Future;

use bytes::Bytes;
use gatepost_gateway::Limits;
use gatepost_model::{ApiId, Millis};
use http::{HeaderMap, HeaderValue, Response};

use crate::support::http2::{Http2Backend, Http2Client, Http2Exchange, http2_backend, read, request};
use crate::support::{Api, World, until, world};

fn backend<F>(answer: impl Fn(Http2Exchange) -> F + Send + 'static) -> Http2Backend
where
    F: Future<Output = bool> + 'static,
{
    http2_backend(h2::server::Builder::new(), answer)
}

fn before(backend: &Http2Backend) -> World {
    world(&[api(backend)])
}

fn api(backend: &Http2Backend) -> Api {
    Api::at("/api", format!("http://{}/base", backend.address)).http2()
}

fn ok() -> Response<()> {
    Response::new(())
}

#[test]
fn an_http1_caller_is_served_by_an_http2_upstream() {
    let backend = backend(async |mut exchange| {
        let head = &exchange.head;
        assert_eq!(head.uri.path_and_query().expect("a path"), "/base/things?q=1");
        assert_eq!(head.uri.scheme_str(), Some("http"));
        assert!(head.headers.get("host").is_none());
        assert!(head.headers.get("connection").is_none());
        assert_eq!(head.headers["x-forwarded-host"], "api.test");
        let authority = head.uri.authority().expect("an authority").to_string();
        let body = exchange.whole_body().await;
        let answer = format!("{authority} {}", String::from_utf8_lossy(&body));
        exchange.answer(ok(), &answer, None).await;
        true
    });
    let world = before(&backend);
    let mut client = world.client();
    for _ in 0..3 {
        let answer = client.post("/api/things?q=1", "hello");
        assert_eq!((answer.status, answer.body), (200, format!("{} hello", backend.address)));
    }
    assert_eq!(backend.connections(), 1);
    let calls = world.calls(3);
    let (facts, detail) = &calls[2];
    assert_eq!((facts.status, facts.request_bytes, detail.upstream_address), (200, 5, Some(backend.address)));
    assert!(detail.connection_reused && !calls[0].1.connection_reused);
}

#[test]
fn trailers_pass_to_an_http1_caller() {
    let backend = backend(async |exchange| {
        let trailers =
            HeaderMap::from_iter([("x-sum".parse().expect("a name"), HeaderValue::from_static("7"))]);
        let head = Response::builder().header("trailer", "x-sum").body(()).expect("valid");
        exchange.answer(head, "hi", Some(trailers)).await;
        true
    });
    let world = before(&backend);
    let mut client = world.client();
    client.say("GET /api HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\nte: trailers\r\n\r\n");
    let answer = client.rest();
    assert!(answer.to_ascii_lowercase().contains("x-sum: 7\r\n"), "{answer}");
}

#[test]
fn calls_at_once_share_a_connection_as_far_as_the_upstream_lets_them() {
    let mut settings = h2::server::Builder::new();
    settings.max_concurrent_streams(10);
    let backend = http2_backend(settings, async |exchange| {
        tokio::task::yield_now().await;
        exchange.answer(ok(), "done", None).await;
        true
    });
    // Calls for which there is no room yet wait as long as a connection may take.
    let patient = api(&backend).timeout_ms(20_000);
    let world = World::with(&[patient], Limits::default(), 1);
    let mut client = Http2Client::connect(world.address);
    // Its settings have arrived with the first answer.
    assert_eq!(client.get("/api").text(), "done");
    let begun: Vec<_> =
        (0..100).map(|_| client.begin(request("GET", "/api").body(()).expect("valid"), false).0).collect();
    for answer in begun {
        assert_eq!(client.wait(read(answer)).expect("an answer").text(), "done");
    }
    assert!((1..=8).contains(&backend.connections()), "{} connections", backend.connections());
    assert_eq!(world.calls_in_the_end(), 101);
}

#[test]
fn an_upstream_that_goes_away_is_asked_on_a_new_connection() {
    let backend = backend(async |exchange| {
        let place = exchange.place;
        exchange.answer(ok(), "here", None).await;
        place < 1
    });
    let world = World::with(&[api(&backend)], gatepost_gateway::Limits::default(), 1);
    let mut client = world.client();
    for _ in 0..10 {
        assert_eq!(client.get("/api").body, "here");
    }
    assert!(backend.connections() > 1);
}

#[test]
fn a_connection_on_which_nothing_runs_is_kept_as_long_as_its_upstream_says() {
    let answering = || {
        backend(async |exchange| {
            exchange.answer(ok(), "x", None).await;
            true
        })
    };
    let (short, long) = (answering(), answering());
    let kept = |path, backend: &Http2Backend, ms| {
        let api = Api::at(path, format!("http://{}", backend.address)).http2();
        api.edited(move |api| api.upstream.timeouts.keep_alive = Millis(ms))
    };
    let world = world(&[kept("/short", &short, 1), kept("/long", &long, 3_600_000)]);
    assert_eq!(world.client().get("/long").body, "x");
    assert_eq!(world.client().get("/short").body, "x");
    let open = |api| world.gateway.targets(ApiId(api)).expect("it is in the Plan")[0].connections;
    until("the connection is closed", || open(1) == 0);
    assert_eq!(open(2), 1);
}

#[test]
fn what_an_upstream_refused_is_asked_again() {
    let backend = backend(async |mut exchange| {
        if exchange.place == 0 {
            exchange.respond.send_reset(h2::Reason::REFUSED_STREAM);
        } else {
            exchange.answer(ok(), "now", None).await;
        }
        true
    });
    let world = before(&backend);
    let answer = world.client().ask("DELETE /api HTTP/1.1\r\nhost: api.test\r\n\r\n");
    assert_eq!((answer.status, answer.body.as_str()), (200, "now"));
}

#[test]
fn an_upstream_that_breaks_off_gives_502_and_a_broken_answer_stays_broken() {
    let backend = backend(async |mut exchange| {
        if exchange.head.uri.path() == "/base/late" {
            let mut stream = exchange.respond.send_response(ok(), false).expect("taken");
            stream.send_data(Bytes::from_static(b"half"), false).expect("taken");
            tokio::task::yield_now().await;
            stream.send_reset(h2::Reason::INTERNAL_ERROR);
        } else {
            exchange.respond.send_reset(h2::Reason::INTERNAL_ERROR);
        }
        true
    });
    let world = before(&backend);
    assert_eq!(world.client().get("/api").status, 502);
    let mut client = Http2Client::connect(world.address);
    let broken = client.ask(request("GET", "/api/late").body(()).expect("valid"));
    assert!(broken.is_err(), "{broken:?}");
    let calls = world.calls(2);
    let words = calls[1].1.error.as_deref().expect("a reason");
    assert!(words.contains("in the middle of its answer"), "{words}");
}

#[test]
fn an_upstream_that_takes_too_long_gives_504_and_is_told_to_stop() {
    let (told, is_told) = std::sync::mpsc::channel();
    let backend = backend(move |mut exchange| {
        let told = told.clone();
        async move {
            let reset = std::future::poll_fn(|cx| exchange.respond.poll_reset(cx)).await;
            told.send(reset.expect("a reset")).expect("the test waits");
            true
        }
    });
    let world = world(&[api(&backend).timeout_ms(300)]);
    assert_eq!(world.client().get("/api").status, 504);
    let reason = is_told.recv_timeout(crate::support::PATIENCE).expect("it is told");
    assert_eq!(reason, h2::Reason::CANCEL);
}

#[test]
fn nobody_listening_gives_502() {
    let address = crate::support::free_address();
    let world = world(&[Api::at("/api", format!("http://{address}")).http2()]);
    assert_eq!(world.client().get("/api").status, 502);
    assert_eq!(world.client().get("/api").status, 502);
}

#[test]
fn a_target_that_speaks_http1_only_gives_502_where_http2_is_wanted() {
    let old = crate::support::backend(|exchange| exchange.respond("old"));
    let world = world(&[Api::at("/api", old.url("")).http2()]);
    assert_eq!(world.client().get("/api").status, 502);
}

/// Sends back what comes, as it comes.
fn echo() -> Http2Backend {
    backend(async |mut exchange| {
        let mut stream = exchange.respond.send_response(ok(), false).expect("taken");
        while let Some(data) = crate::support::http2::next(&mut exchange.body).await {
            let mut data = data.expect("the body");
            while !data.is_empty() {
                stream.reserve_capacity(data.len());
                let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
                let room = room.expect("open").expect("open");
                stream.send_data(data.split_to(room.min(data.len())), false).expect("taken");
            }
        }
        stream.send_data(Bytes::new(), true).expect("taken");
        true
    })
}

#[test]
fn a_large_body_passes_both_ways() {
    let world = before(&echo());
    let body: Vec<u8> = (0..5_000_000_u32).map(|number| (number % 251) as u8).collect();
    let answer = Http2Client::connect(world.address).post("/api", &body);
    assert!(answer.body == body, "the body changed on its way");
    let (facts, _) = world.calls(1).remove(0);
    assert_eq!((facts.request_bytes, facts.response_bytes), (5_000_000, 5_000_000));
}

#[test]
fn an_answer_to_an_http1_caller_streams_while_it_still_sends() {
    let world = before(&echo());
    let mut client = world.client();
    client.say("POST /api HTTP/1.1\r\nhost: api.test\r\ntransfer-encoding: chunked\r\n\r\n");
    client.say("5\r\nfirst\r\n");
    assert_eq!(client.head().status, 200);
    assert_eq!(client.chunk(), "first");
    client.say("6\r\nsecond\r\n");
    assert_eq!(client.chunk(), "second");
    client.say("0\r\n\r\n");
    assert_eq!(client.chunk(), "");
    assert_eq!(client.post("/api", "again").body, "again");
}

#[test]
fn interim_answers_pass() {
    let backend = backend(async |mut exchange| {
        let hints = Response::builder().status(103).header("link", "</a.css>").body(()).expect("valid");
        exchange.respond.send_informational(hints).expect("taken");
        exchange.answer(ok(), "done", None).await;
        true
    });
    let world = before(&backend);
    let mut client = world.client();
    client.say("GET /api HTTP/1.1\r\nhost: api.test\r\n\r\n");
    let hints = client.head();
    assert_eq!((hints.status, hints.header("link")), (103, Some("</a.css>")));
    assert_eq!(client.answer().body, "done");
    let mut client = Http2Client::connect(world.address);
    let (mut answer, _) = client.begin(request("GET", "/api").body(()).expect("valid"), false);
    client.wait(async {
        let hints = std::future::poll_fn(|cx| answer.poll_informational(cx)).await;
        assert_eq!(hints.expect("hints").expect("an answer").status(), 103);
        assert_eq!(answer.await.expect("an answer").status(), 200);
    });
}

#[test]
fn a_session_that_one_worker_keeps_makes_room_for_anothers_call() {
    let backend = backend(async |exchange| {
        exchange.answer(ok(), "x", None).await;
        true
    });
    let under_a_ceiling = api(&backend).edited(|api| api.upstream.ceilings.connections = Some(1));
    let world = World::with(&[under_a_ceiling], Limits::default(), 4);
    // Connections spread over the workers by chance: of twelve, some are on different ones.
    assert!((0..12).all(|_| world.client().get("/api/").body == "x"));
    let states = world.gateway.targets(gatepost_model::ApiId(1)).expect("it is in the Plan");
    assert_eq!(states[0].connections, 1);
}
