//! TLS with upstreams by their settings: own authority, client certificate, server name, no verification.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::sync::Arc;

use gatepost_gateway::TlsStore;
use gatepost_model::{Certificate, UpstreamProtocol, UpstreamTls};

use crate::support::{Api, Authority, World, backend_showing, world};

struct Upstream {
    authority: Authority,
    port: u16,
}

impl Upstream {
    /// A backend for `hosts`; where `mutual`, it takes only callers with a certificate of its authority.
    fn new(hosts: &[&str], mutual: bool) -> Self {
        let authority = Authority::new();
        let shown = authority.issue("backend", hosts);
        let key = shown.key.as_ref().expect("a key").pem().to_owned();
        let callers = mutual.then(|| authority.roots());
        let port = backend_showing(shown.chain.as_bytes(), key.as_bytes(), callers);
        Self { authority, port }
    }

    fn behind(&self, tls: &UpstreamTls, certificates: &[Certificate]) -> World {
        let tls = TlsStore::new().client(tls, UpstreamProtocol::Auto, certificates).expect("valid");
        let api = Api::at("/api", format!("https://localhost:{}", self.port));
        world(&[Api { tls: Arc::clone(&tls), ..api }])
    }
}

fn refusal(world: &World) -> String {
    assert_eq!(world.client().get("/api/").status, 502);
    world.calls(1).remove(0).1.error.expect("said").into()
}

fn trusting() -> UpstreamTls {
    UpstreamTls { authority: Some("own".into()), ..UpstreamTls::default() }
}

#[test]
fn an_own_authority_is_trusted_instead_of_the_systems() {
    let upstream = Upstream::new(&["localhost"], false);
    let good = upstream.behind(&trusting(), &[upstream.authority.trusted_as("own")]);
    assert_eq!(good.client().get("/api/").body, "secure");
    let other = upstream.behind(&trusting(), &[Authority::new().trusted_as("own")]);
    assert!(refusal(&other).starts_with("TLS with localhost failed: invalid peer certificate"));
}

#[test]
fn a_certificate_for_another_name_is_refused_unless_that_name_is_asked_for() {
    let upstream = Upstream::new(&["api.internal"], false);
    let own = [upstream.authority.trusted_as("own")];
    let why = refusal(&upstream.behind(&trusting(), &own));
    assert!(why.contains("not valid for name"), "{why}");
    let named = UpstreamTls { server_name: Some("api.internal".into()), ..trusting() };
    assert_eq!(upstream.behind(&named, &own).client().get("/api/").body, "secure");
}

#[test]
fn without_verification_any_certificate_is_taken() {
    let upstream = Upstream::new(&["api.internal"], false);
    let open = UpstreamTls { verify: false, ..UpstreamTls::default() };
    assert_eq!(upstream.behind(&open, &[]).client().get("/api/").body, "secure");
}

#[test]
fn a_client_certificate_is_shown_to_the_target() {
    let upstream = Upstream::new(&["localhost"], true);
    let certificates = [upstream.authority.trusted_as("own"), upstream.authority.issue("me", &["me.test"])];
    let showing = UpstreamTls { certificate: Some("me".into()), ..trusting() };
    assert_eq!(upstream.behind(&showing, &certificates).client().get("/api/").body, "secure");
    // In TLS 1.3 the refusal comes when the answer is awaited.
    assert_eq!(upstream.behind(&trusting(), &certificates).client().get("/api/").status, 502);
}
