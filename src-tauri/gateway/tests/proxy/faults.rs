//! What goes wrong in one call stays in that call.

use crate::support::{Api, backend, world};
use gatepost_gateway::{Context, Policy, Request, Response, Verdict};

struct Panics;

impl Policy for Panics {
    fn on_request<'a>(&'a self, request: &'a mut Request, _cx: &'a mut Context) -> Verdict<'a> {
        assert!(request.uri().path().ends_with("answer"), "a fault in a policy");
        Verdict::Now(Ok(gatepost_gateway::Step::passed(gatepost_model::Note::default())))
    }

    fn on_response<'a>(&'a self, _response: &'a mut Response, _cx: &'a mut Context) -> Verdict<'a> {
        panic!("a fault in a policy's other half")
    }
}

#[test]
fn a_policy_that_panics_takes_nothing_else_with_it() {
    let backend = backend(|exchange| exchange.respond("x"));
    let world = world(&[
        Api::at("/fine", backend.url("")),
        Api { policy: Some(|| Box::new(Panics)), ..Api::at("/broken", backend.url("")) },
    ]);
    let mut others: Vec<_> = (0..4).map(|_| world.client()).collect();
    for path in ["/broken/request", "/broken/answer"] {
        for _ in 0..4 {
            let mut client = world.client();
            client.say(&format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n"));
            assert_eq!(client.rest(), "", "its own connection is closed");
        }
    }
    for other in &mut others {
        assert_eq!(other.get("/fine/").body, "x");
    }
    let calls = world.calls(12);
    assert_eq!(calls.iter().filter(|(facts, _)| facts.status == 500).count(), 8);
    assert_eq!(world.gateway.panics(), 8);
}
