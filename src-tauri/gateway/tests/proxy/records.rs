//! What is recorded of a call.

use crate::support::{Api, World, backend, world};
use gatepost_model::{ApiId, REDACTED};

#[test]
fn a_call_is_recorded_once_with_all_that_is_known_of_it() {
    let backend = backend(|exchange| {
        let body = exchange.bytes(4);
        exchange.respond(&format!("got {body}"))
    });
    let world = World::before(&backend);
    let answer = world.client().ask(
        "POST /api/x?client_secret=s3cret&a=1 HTTP/1.1\r\nHost: API.test:80\r\nauthorization: Bearer t\r\n\
         content-length: 4\r\n\r\nbody",
    );
    assert_eq!(answer.body, "got body");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.api, facts.status, facts.plan), (Some(ApiId(1)), 200, 1));
    assert_eq!((facts.request_bytes, facts.response_bytes), (4, 8));
    assert!(facts.upstream_us.is_some_and(|upstream| upstream <= facts.duration_us));
    assert!(facts.at_us > 1_600_000_000_000_000, "epoch microseconds");
    assert_eq!((detail.method.as_ref(), detail.scheme, detail.http_version), ("POST", "http", "HTTP/1.1"));
    assert_eq!(detail.target, format!("/api/x?client_secret={REDACTED}&a=1"));
    assert_eq!(detail.host, "API.test:80");
    assert_eq!(detail.upstream_address, Some(backend.address));
    let headers = detail.request_headers.to_vec();
    assert!(headers.contains(&("authorization".into(), REDACTED.into())), "{headers:?}");
    assert!(!headers.iter().any(|(name, _)| name.starts_with("x-forwarded")), "as received");
    let id = answer.header("x-request-id").expect("set").to_owned();
    assert!(detail.response_headers.to_vec().contains(&("x-request-id".into(), id)));
    assert_eq!(detail.response_body, None, "the backend's body is not kept");
    assert_eq!(detail.trail.last().expect("the upstream's step").note.to_string(), "answered 200");
    assert_eq!(world.calls_in_the_end(), 1);
}

#[test]
fn calls_for_no_api_are_recorded_too() {
    let world = world(&[Api::at("/api", "http://127.0.0.1:1")]);
    let answer = world.client().get("/nowhere");
    assert_eq!(answer.status, 404);
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.api, facts.status, facts.upstream_us), (None, 404, None));
    assert_eq!(detail.response_body.as_deref(), Some(answer.body.as_str()));
    assert_eq!(world.calls_in_the_end(), 1);
}
