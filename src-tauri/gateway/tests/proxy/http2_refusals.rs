//! What an upstream over HTTP/2 says that it did not look at is asked again, and nothing else.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepost_gateway::Limits;
use gatepost_model::Outcome;
use h2::Reason;
use http::Response;

use crate::support::frames::{END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, go_away, scripted};
use crate::support::http2::{Http2Backend, Http2Client, http2_backend, next, request};
use crate::support::{Api, World};

/// `:status 200` from the static table (RFC 7541, A).
const OK: [u8; 1] = [0x88];

fn before(address: SocketAddr) -> World {
    World::with(&[api(address)], Limits::default(), 1)
}

fn api(address: SocketAddr) -> Api {
    Api::at("/api", format!("http://{address}")).http2()
}

/// Refuses the first request of its life once it has read `read` bytes of it, and echoes all others.
fn refusing_once(read: usize) -> (Http2Backend, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let backend = http2_backend(h2::server::Builder::new(), move |mut exchange| {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_first {
                let mut seen = 0;
                while seen < read {
                    seen += next(&mut exchange.body).await.expect("more").expect("the body").len();
                }
                exchange.respond.send_reset(Reason::REFUSED_STREAM);
            } else {
                let body = exchange.whole_body().await;
                let trailers = exchange.body.trailers().await.expect("the end");
                let body = String::from_utf8(body).expect("text");
                exchange.answer(Response::new(()), &body, trailers).await;
            }
            true
        }
    });
    (backend, asked)
}

#[test]
fn a_refused_request_is_asked_again_with_its_body() {
    for is_http2 in [false, true] {
        let body = "x".repeat(60_000);
        let (backend, asked) = refusing_once(body.len());
        let world = before(backend.address);
        if is_http2 {
            let answer = Http2Client::connect(world.address).post("/api", body.as_bytes());
            assert!((answer.status(), answer.text()) == (200, &*body));
        } else {
            let answer = world.client().post("/api", &body);
            assert!((answer.status, answer.body) == (200, body));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        let (facts, detail) = world.calls(1).remove(0);
        assert_eq!((facts.request_bytes, facts.response_bytes), (60_000, 60_000));
        let tries: Vec<_> = detail.trail.iter().map(|step| step.outcome).collect();
        assert_eq!(tries, [Outcome::Failed, Outcome::Passed]);
    }
}

#[test]
fn a_body_that_goes_on_and_its_trailers_follow_what_is_asked_again() {
    let (backend, asked) = refusing_once(5);
    let world = before(backend.address);
    let mut client = Http2Client::connect(world.address);
    let (answer, mut stream) = client.begin(request("POST", "/api").body(()).expect("valid"), true);
    stream.send_data("first".into(), false).expect("taken");
    client.wait(async {
        while asked.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    });
    stream.send_data("second".into(), false).expect("taken");
    let trailers =
        http::HeaderMap::from_iter([("x-sum".parse().expect("a name"), "7".parse().expect("a value"))]);
    stream.send_trailers(trailers).expect("taken");
    let answer = client.wait(crate::support::http2::read(answer)).expect("an answer");
    assert_eq!((answer.text(), answer.trailer("x-sum")), ("firstsecond", Some("7")));
}

#[test]
fn a_refused_request_is_not_asked_again_once_too_much_of_it_was_sent() {
    let (backend, asked) = refusing_once(100_000);
    let world = before(backend.address);
    assert_eq!(world.client().post("/api", &"x".repeat(200_000)).status, 502);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refused_request_is_asked_again_no_more_often_than_retries_allow() {
    let (backend, asked) = refusing_once(1);
    let never = api(backend.address).edited(|api| api.upstream.retries.attempts = 0);
    let world = World::with(&[never], Limits::default(), 1);
    assert_eq!(world.client().post("/api", "x").status, 502);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_connection_that_ends_did_not_look_at_is_asked_on_another() {
    let goes_away = |upstream: &mut Frames, _| upstream.say(GOAWAY, 0, 0, &go_away(0, 0)).expect("taken");
    let answers = |upstream: &mut Frames, stream| {
        upstream.say(HEADERS, END_HEADERS | END_STREAM, stream, &OK).expect("taken");
    };
    let world = before(scripted(vec![goes_away, answers]));
    assert_eq!(world.client().post("/api", "x").status, 200);
}

#[test]
fn what_a_connection_that_ends_may_have_looked_at_is_not_asked_again() {
    for code in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
        let goes_away: fn(&mut Frames, u32) = match code {
            Reason::NO_ERROR => |upstream, stream| upstream.end(&go_away(stream, 0)),
            _ => |upstream, stream| upstream.end(&go_away(stream, 11)),
        };
        let answers = |upstream: &mut Frames, stream| {
            upstream.say(HEADERS, END_HEADERS | END_STREAM, stream, &OK).expect("taken");
        };
        let world = before(scripted(vec![goes_away, answers]));
        assert_eq!(world.client().post("/api", "x").status, 502, "{code:?}");
    }
}
