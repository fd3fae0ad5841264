//! gRPC through the gateway, HTTP/2 on both sides.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::time::Duration;

use bytes::Bytes;
use gatepost_gateway::{Context, Policy, Refusal, Reply, Request, Verdict};
use gatepost_model::Note;
use http::{HeaderMap, HeaderValue, Response};

use crate::support::http2::{Http2Client, Http2Exchange, http2_backend, next, read, request};
use crate::support::{Api, World, world};

struct Refusing;

impl Policy for Refusing {
    fn on_request<'a>(&'a self, _: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        let reply = Reply::rate_limited("Too many", Duration::from_secs(5));
        Verdict::Now(Err(Refusal::of_caller(reply, Note::default())))
    }
}

fn call(path: &str) -> http::Request<()> {
    let head = request("POST", path).header("content-type", "application/grpc").header("te", "trailers");
    head.header("grpc-timeout", "5S").body(()).expect("valid")
}

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static(code))])
}

fn head() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).expect("valid")
}

/// Echoes messages as they come; answers `/Fail` by trailers alone.
fn served() -> World {
    let backend = http2_backend(h2::server::Builder::new(), async |mut exchange: Http2Exchange| {
        assert_eq!(exchange.head.headers["te"], "trailers");
        assert_eq!(exchange.head.headers["grpc-timeout"], "5S");
        if exchange.head.uri.path() == "/Fail" {
            let mut failed = head();
            failed.headers_mut().extend(status("5"));
            exchange.answer(failed, "", None).await;
            return true;
        }
        let mut stream = exchange.respond.send_response(head(), false).expect("taken");
        while let Some(data) = next(&mut exchange.body).await {
            stream.send_data(data.expect("a message"), false).expect("taken");
        }
        stream.send_trailers(status("0")).expect("taken");
        true
    });
    let url = format!("http://{}", backend.address);
    let mut refusing = Api::at("/refused", url.clone()).http2();
    refusing.policy = Some(|| Box::new(Refusing));
    world(&[Api::at("/", url).http2(), refusing])
}

#[test]
fn a_unary_call_passes_with_its_trailers() {
    let world = served();
    let mut client = Http2Client::connect(world.address);
    let (answer, mut stream) = client.begin(call("/Echo"), true);
    stream.send_data(Bytes::from_static(b"\0\0\0\0\x02hi"), true).expect("taken");
    let answer = client.wait(read(answer)).expect("an answer");
    assert_eq!((answer.status(), answer.trailer("grpc-status")), (200, Some("0")));
    assert_eq!(answer.body, b"\0\0\0\0\x02hi");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, detail.grpc_status), (200, Some(0)));
    assert_eq!(detail.response_trailers.to_vec(), [("grpc-status".to_owned(), "0".to_owned())]);
}

#[test]
fn messages_pass_both_ways_while_the_call_runs() {
    let world = served();
    let mut client = Http2Client::connect(world.address);
    let (answer, mut stream) = client.begin(call("/Chat"), true);
    client.wait(async {
        let mut body = answer.await.expect("a head").into_body();
        for number in 0..20 {
            let message = Bytes::from(format!("message {number}"));
            stream.send_data(message.clone(), false).expect("taken");
            assert_eq!(next(&mut body).await.expect("some").expect("data"), message);
        }
        stream.send_data(Bytes::new(), true).expect("taken");
        assert!(next(&mut body).await.is_none());
        let trailers = body.trailers().await.expect("an end").expect("trailers");
        assert_eq!(trailers["grpc-status"], "0");
    });
}

#[test]
fn an_answer_of_trailers_alone_passes_as_one() {
    let world = served();
    let mut client = Http2Client::connect(world.address);
    let (answer, _stream) = client.begin(call("/Fail"), true);
    client.wait(async {
        let (head, body) = answer.await.expect("a head").into_parts();
        assert_eq!(head.headers["grpc-status"], "5");
        assert!(body.is_end_stream());
    });
    assert_eq!(world.calls(1).remove(0).1.grpc_status, Some(5));
}

#[test]
fn a_refusal_is_told_in_trailers_and_recorded_as_it_was_decided() {
    let world = served();
    let mut client = Http2Client::connect(world.address);
    let answer = client.ask(call("/refused/Echo")).expect("an answer");
    assert_eq!((answer.status(), answer.header("grpc-status")), (200, Some("14")));
    assert_eq!((answer.header("grpc-message"), answer.header("retry-after")), (Some("Too many"), Some("5")));
    assert_eq!(answer.header("content-type"), Some("application/grpc"));
    assert!(answer.body.is_empty());
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.refused_by), (429, Some("test-policy")));
    assert_eq!(detail.grpc_status, Some(14));
}

#[test]
fn a_caller_that_cancels_ends_the_upstreams_call() {
    let (told, is_told) = std::sync::mpsc::channel();
    let backend = http2_backend(h2::server::Builder::new(), move |mut exchange: Http2Exchange| {
        let told = told.clone();
        async move {
            let mut stream = exchange.respond.send_response(head(), false).expect("taken");
            stream.send_data(Bytes::from_static(b"first"), false).expect("taken");
            let reset = std::future::poll_fn(|cx| stream.poll_reset(cx)).await;
            told.send(reset.expect("a reset")).expect("the test waits");
            true
        }
    });
    let world = world(&[Api::at("/", format!("http://{}", backend.address)).http2()]);
    let mut client = Http2Client::connect(world.address);
    let (answer, mut stream) = client.begin(call("/Watch"), true);
    client.wait(async {
        let mut body = answer.await.expect("a head").into_body();
        assert_eq!(next(&mut body).await.expect("some").expect("data"), "first");
        stream.send_reset(h2::Reason::CANCEL);
        tokio::task::yield_now().await;
    });
    assert_eq!(is_told.recv_timeout(crate::support::PATIENCE).expect("it is told"), h2::Reason::CANCEL);
}
