//! Which API a request is for, and which requests are for none.

use crate::support::{Api, Client, World, backend, world};

#[test]
fn apis_on_one_port_are_told_apart_by_host_and_path() {
    let named = |name: &'static str| {
        backend(move |exchange| {
            let line = format!("{name} {}", exchange.request_line());
            exchange.respond(&line)
        })
    };
    let (one, two, three) = (named("one"), named("two"), named("three"));
    let world = world(&[
        Api::at("/posts", one.url("")),
        Api::at("/posts/v2", two.url("/second")),
        Api { hosts: &["other.test"], ..Api::at("/posts", three.url("")) },
    ]);
    let mut client = world.client();
    let mut body =
        |host: &str, path: &str| client.ask(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")).body;
    assert_eq!(body("any.test", "/posts/7"), "one GET /7 HTTP/1.1");
    assert_eq!(body("any.test", "/posts/v2/7?q=%20"), "two GET /second/7?q=%20 HTTP/1.1");
    assert_eq!(body("OTHER.test:8081", "/posts"), "three GET / HTTP/1.1");
    assert!(body("any.test", "/postscript").contains("No API is listening"));
    assert!(body("other.test", "http://any.test/posts/8").contains("one GET /8"), "the target's host counts");
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let backend = backend(|exchange| exchange.respond("reached"));
    let world = World::before(&backend);
    let refused = [
        "GET /api/../x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /api/%2e%2E/x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /api/x HTTP/1.1\r\n\r\n",
        "GET /api/x HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        "CONNECT api.test:80 HTTP/1.1\r\nhost: a\r\n\r\n",
    ];
    for request in refused {
        let answer = world.client().ask(request);
        assert_eq!(answer.status, 400, "{request}");
        assert!(answer.body.contains("request_id"), "{request}");
    }
    let recorded = world.calls(refused.len());
    assert!(recorded.iter().all(|(facts, _)| facts.status == 400 && facts.api.is_none()));
    assert_eq!(backend.connections(), 0);
}

#[test]
fn an_old_caller_is_answered_and_let_go() {
    let world = World::before(&backend(|exchange| {
        let line = exchange.request_line().to_owned();
        exchange.respond(&line)
    }));
    let mut client = Client::connect(world.address);
    client.say("GET /api/x HTTP/1.0\r\n\r\n");
    let rest = client.rest();
    assert!(rest.starts_with("HTTP/1.0 200"), "{rest}");
    assert!(rest.ends_with("GET /x HTTP/1.1"), "{rest}");
}

#[test]
fn an_api_whose_policies_cannot_be_enforced_never_runs_open() {
    let backend = backend(|exchange| exchange.respond("open"));
    let world = world(&[
        Api { impossible: true, ..Api::at("/broken", backend.url("")) },
        Api::at("/fine", backend.url("")),
    ]);
    let mut client = world.client();
    assert_eq!(client.get("/broken/x").status, 503);
    assert_eq!(client.get("/fine/x").body, "open");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, facts.upstream_us), (503, None));
    assert_eq!(detail.error.as_deref(), Some("a test says so"));
}
