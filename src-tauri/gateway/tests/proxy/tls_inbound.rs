//! TLS with callers: what they are shown, who is let in, and what changes while connections stand.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use gatepost_gateway::{
    Expression, Greeting, Listening, Policy, Refusal, Reply, Request, Side, Step, Subject, Verdict,
};
use gatepost_model::{Certificate, ClientCertificates, ListenerTls, Note, TlsVersion};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};

use crate::support::{Api, Authority, PATIENCE, TlsCaller, World, backend, world};

fn settings(certificates: &[&Certificate]) -> ListenerTls {
    ListenerTls {
        certificates: certificates.iter().map(|certificate| certificate.name.clone()).collect(),
        min_version: TlsVersion::Tls12,
        http2: true,
        client_certificates: ClientCertificates::Off,
        client_authority: None,
    }
}

/// A world at `/api` that says which policy let a request through.
pub(crate) struct Secured {
    world: World,
    apis: Vec<Api>,
    greeting: Greeting,
}

impl Secured {
    fn new(tls: &ListenerTls, certificates: &[Certificate]) -> Self {
        let backend = backend(|exchange| {
            let seen = format!("{:?}", exchange.headers("x-forwarded-proto"));
            exchange.respond(&seen)
        });
        let apis = vec![Api::at("/api", backend.url(""))];
        let mut secured = Self { world: world(&apis), apis, greeting: Greeting::Plain };
        secured.put_in_force(tls, certificates);
        secured
    }

    fn put_in_force(&mut self, tls: &ListenerTls, certificates: &[Certificate]) {
        self.greeting = Greeting::compile(Some(tls), certificates, &self.greeting);
        let states = self.world.listen_with(&[self.world.address], &self.apis, &self.greeting);
        assert_eq!(states[0].state, Listening::Yes, "{:?}", self.greeting);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.world.address
    }

    /// Why the last greeting failed, once `count` have.
    pub(crate) fn failure(&self, count: u64) -> String {
        let begun = std::time::Instant::now();
        loop {
            let failures = self.world.gateway.handshake_failures(self.address());
            if failures.count >= count {
                assert_eq!(failures.count, count);
                return failures.last.expect("told").reason;
            }
            assert!(begun.elapsed() < PATIENCE, "{failures:?}");
            std::thread::yield_now();
        }
    }
}

fn der(certificate: &Certificate) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(certificate.chain.as_bytes()).expect("a certificate")
}

#[test]
fn a_call_over_tls_is_a_call() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let secured = Secured::new(&settings(&[&certificate]), &[certificate]);
    let caller = TlsCaller::new(authority.roots(), None);
    let mut hello = caller.greet(secured.address(), "api.test").expect("greeted");
    for _ in 0..2 {
        assert_eq!(hello.client.get("/api/").body, r#"["https"]"#);
    }
    assert_eq!(hello.client.post("/api/", &"x".repeat(100_000)).status, 200);
    let calls = secured.world.calls(3);
    assert!(calls.iter().all(|(_, detail)| detail.scheme == "https"));
}

#[test]
fn the_certificate_is_chosen_by_the_name() {
    let authority = Authority::new();
    let certificates = [
        authority.issue("first", &["first.test"]),
        authority.issue("wildcard", &["*.shop.test"]),
        authority.issue("exact", &["api.shop.test"]),
    ];
    let secured = Secured::new(&settings(&certificates.each_ref()), &certificates);
    let caller = TlsCaller::new(authority.roots(), None);
    for (name, wanted) in [("first.test", 0), ("www.shop.test", 1), ("api.shop.test", 2)] {
        let hello = caller.greet(secured.address(), name).expect("greeted");
        assert_eq!(hello.shown, der(&certificates[wanted]), "{name}");
    }
    let why = caller.greet(secured.address(), "other.test").err().expect("the first one is not for it");
    assert!(why.contains("not valid for name"), "{why}");
    assert!(secured.failure(1).contains("does not trust the certificate"), "{}", secured.failure(1));
}

#[test]
fn http2_is_offered_unless_switched_off() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let mut tls = settings(&[&certificate]);
    let mut secured = Secured::new(&tls, std::slice::from_ref(&certificate));
    let both = TlsCaller::new(authority.roots(), None).offering(&[b"h2", b"http/1.1"]);
    let agreed = |secured: &Secured| both.greet(secured.address(), "api.test").expect("greeted").protocol;
    assert_eq!(agreed(&secured).as_deref(), Some(&b"h2"[..]));
    tls.http2 = false;
    secured.put_in_force(&tls, &[certificate]);
    assert_eq!(agreed(&secured).as_deref(), Some(&b"http/1.1"[..]));
}

#[test]
fn a_changed_certificate_is_shown_from_the_next_greeting_on_and_breaks_nothing() {
    let authority = Authority::new();
    let before = authority.issue("site", &["api.test"]);
    let after = authority.issue("site", &["api.test"]);
    let tls = settings(&[&before]);
    let mut secured = Secured::new(&tls, std::slice::from_ref(&before));
    let caller = TlsCaller::new(authority.roots(), None);
    let mut standing = caller.greet(secured.address(), "api.test").expect("greeted");
    assert_eq!(standing.client.get("/api/").status, 200);

    secured.put_in_force(&tls, std::slice::from_ref(&after));
    assert_eq!(standing.client.get("/api/").status, 200, "the connection stands");
    let fresh =
        TlsCaller::new(authority.roots(), None).greet(secured.address(), "api.test").expect("greeted");
    assert_eq!((standing.shown, fresh.shown), (der(&before), der(&after)));
    let again = caller.greet(secured.address(), "api.test").expect("greeted");
    assert!(again.is_resumed, "renewing a certificate costs nobody a session");
}

#[test]
fn a_connection_that_was_greeted_by_weaker_demands_must_greet_again() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let everything = [certificate.clone(), authority.trusted_as("callers")];
    let tls = settings(&[&certificate]);
    let mut secured = Secured::new(&tls, &everything);
    let caller = TlsCaller::new(authority.roots(), None);
    let mut standing = caller.greet(secured.address(), "api.test").expect("greeted");
    assert_eq!(standing.client.get("/api/").status, 200);

    let stronger = ListenerTls {
        client_certificates: ClientCertificates::Required,
        client_authority: Some("callers".into()),
        ..tls
    };
    secured.put_in_force(&stronger, &everything);
    let refused = standing.client.get("/api/");
    assert_eq!((refused.status, refused.header("connection")), (421, Some("close")));
    // Its ticket is worth nothing any more either.
    assert!(caller.greet(secured.address(), "api.test").is_ok_and(|hello| !hello.is_resumed));
}

#[test]
fn a_higher_version_is_asked_only_of_those_who_speak_a_lower_one() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let tls = settings(&[&certificate]);
    let mut secured = Secured::new(&tls, std::slice::from_ref(&certificate));
    let mut standing = [&TLS12, &TLS13].map(|version| {
        let caller = TlsCaller::speaking(&[version], authority.roots(), None);
        caller.greet(secured.address(), "api.test").expect("greeted").client
    });
    let newest = ListenerTls { min_version: TlsVersion::Tls13, ..tls.clone() };
    secured.put_in_force(&newest, std::slice::from_ref(&certificate));
    assert_eq!(standing.each_mut().map(|client| client.get("/api/").status), [421, 200]);
    secured.put_in_force(&tls, &[certificate]);
    assert_eq!(standing[1].get("/api/").status, 200, "less is asked of nobody in vain");
}

#[test]
fn who_was_vouched_for_goes_on_while_his_authority_does() {
    let (ours, others) = (Authority::new(), Authority::new());
    let certificate = ours.issue("site", &["api.test"]);
    let [mine, theirs] = [ours.trusted_as("callers"), others.trusted_as("callers")];
    let both = Certificate { chain: format!("{}{}", mine.chain, theirs.chain).into(), ..mine.clone() };
    let asking = |client_certificates| ListenerTls {
        client_certificates,
        client_authority: Some("callers".into()),
        ..settings(&[&certificate])
    };
    let required = asking(ClientCertificates::Required);
    let changes = [
        (asking(ClientCertificates::Optional), &mine, 200),
        (ListenerTls { min_version: TlsVersion::Tls13, ..required.clone() }, &mine, 200),
        (required.clone(), &both, 200),
        (required.clone(), &theirs, 421),
        (settings(&[&certificate]), &mine, 421),
    ];
    for (after, trusted, status) in changes {
        let mut secured = Secured::new(&required, &[certificate.clone(), mine.clone()]);
        let caller = TlsCaller::new(ours.roots(), Some(&ours.issue("caller", &["caller.test"])));
        let mut standing = caller.greet(secured.address(), "api.test").expect("greeted").client;
        assert_eq!(standing.get("/api/").status, 200);
        secured.put_in_force(&after, &[certificate.clone(), trusted.clone()]);
        assert_eq!(standing.get("/api/").status, status, "{after:?}");
    }
}

#[test]
fn who_is_nobody_goes_on_unless_he_must_be_somebody() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let everything = [certificate.clone(), authority.trusted_as("callers")];
    let asking = |client_certificates| ListenerTls {
        client_certificates,
        client_authority: Some("callers".into()),
        ..settings(&[&certificate])
    };
    let mut secured = Secured::new(&settings(&[&certificate]), &everything);
    let caller = TlsCaller::new(authority.roots(), None);
    let mut standing = caller.greet(secured.address(), "api.test").expect("greeted").client;
    secured.put_in_force(&asking(ClientCertificates::Optional), &everything);
    assert_eq!(standing.get("/api/").status, 200);
    secured.world.listen(&[secured.world.address], &secured.apis);
    assert_eq!(standing.get("/api/").status, 200, "more is given than a plain listener asks for");
    secured.put_in_force(&asking(ClientCertificates::Required), &everything);
    assert_eq!(standing.get("/api/").status, 421);
}

#[test]
fn a_plain_connection_does_not_outlive_the_switch_to_tls() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let backend = backend(|exchange| exchange.respond("x"));
    let apis = vec![Api::at("/api", backend.url(""))];
    let world = world(&apis);
    let mut plain = world.client();
    assert_eq!(plain.get("/api/").status, 200);
    let mut secured = Secured { world, apis, greeting: Greeting::Plain };
    secured.put_in_force(&settings(&[&certificate]), &[certificate]);
    assert_eq!(plain.get("/api/").status, 421);
}

#[test]
fn plain_http_on_a_tls_port_is_told_so() {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let secured = Secured::new(&settings(&[&certificate]), &[certificate]);
    let mut stream = TcpStream::connect(secured.address()).expect("accepts");
    stream.write_all(b"GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n").expect("takes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("speaks HTTPS"), "{answer}");
    assert!(secured.failure(1).contains("plain HTTP"));
}

#[test]
fn a_listener_without_its_certificate_stays_closed() {
    let tls = ListenerTls { certificates: vec!["gone".into()], ..settings(&[]) };
    let greeting = Greeting::compile(Some(&tls), &[], &Greeting::Plain);
    let backend = backend(|exchange| exchange.respond("x"));
    let apis = [Api::at("/api", backend.url(""))];
    let world = world(&apis);
    let states = world.listen_with(&[world.address], &apis, &greeting);
    let Listening::Failed { message, .. } = &states[0].state else { panic!("it is open") };
    assert!(message.ends_with("should speak TLS and cannot: there is no certificate `gone`"), "{message}");
    assert!(TcpStream::connect(world.address).is_err());
    assert_eq!(world.gateway.listeners(), states);
    assert_eq!(world.gateway.retry_failed(), states, "trying again opens nothing");
    world.listen(&[world.address], &apis);
    assert_eq!(world.client().get("/api/").status, 200, "and it opens once it may");
}

/// Lets in those whose certificate says so, and tells the upstream who they are.
struct ByCertificate(Expression);

impl Policy for ByCertificate {
    fn on_request<'a>(
        &'a self,
        request: &'a mut Request,
        cx: &'a mut gatepost_gateway::Context,
    ) -> Verdict<'a> {
        let who = self.0.evaluate(&Subject::request(request, cx)).expect("evaluates");
        Verdict::Now(match who {
            Some(_) => Ok(Step::passed(Note::default())),
            None => Err(Refusal::of_caller(Reply::forbidden("no certificate"), Note::default())),
        })
    }
}

/// Asks callers for a certificate, and lets none past its policy without one.
pub(crate) fn mutual(client_certificates: ClientCertificates) -> (Authority, Secured) {
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let tls = ListenerTls {
        client_certificates,
        client_authority: Some("callers".into()),
        ..settings(&[&certificate])
    };
    let certificates = [certificate, authority.trusted_as("callers")];
    let mut secured = Secured::new(&tls, &certificates);
    secured.apis[0].policy = Some(|| {
        let named = Expression::parse("#[attributes.clientCertificate.subject]", Side::Request);
        Box::new(ByCertificate(named.expect("valid")))
    });
    secured.put_in_force(&tls, &certificates);
    (authority, secured)
}

#[test]
fn a_caller_with_a_good_certificate_is_known_to_policies() {
    for mode in [ClientCertificates::Optional, ClientCertificates::Required] {
        let (authority, secured) = mutual(mode);
        let shown = authority.issue("caller", &["caller.test"]);
        let caller = TlsCaller::new(authority.roots(), Some(&shown));
        let mut hello = caller.greet(secured.address(), "api.test").expect("greeted");
        assert_eq!(hello.client.get("/api/").status, 200);
        // Known as well when the session is resumed.
        let mut again = caller.greet(secured.address(), "api.test").expect("greeted");
        assert!(again.is_resumed);
        assert_eq!(again.client.get("/api/").status, 200);
    }
}

#[test]
fn a_caller_without_a_certificate_is_let_in_only_where_it_may() {
    let (authority, secured) = mutual(ClientCertificates::Optional);
    let caller = TlsCaller::new(authority.roots(), None);
    let mut hello = caller.greet(secured.address(), "api.test").expect("greeted");
    assert_eq!(hello.client.get("/api/").status, 403, "let in, and unknown to the policy");

    let (authority, secured) = mutual(ClientCertificates::Required);
    let caller = TlsCaller::new(authority.roots(), None);
    // In TLS 1.3 the caller learns of its refusal after its own greeting.
    let _ = caller.greet(secured.address(), "api.test");
    assert_eq!(secured.failure(1), "the caller showed no certificate, which it must");
}

#[test]
fn a_certificate_of_somebody_else_is_refused() {
    for mode in [ClientCertificates::Optional, ClientCertificates::Required] {
        let (authority, secured) = mutual(mode);
        let shown = Authority::new().issue("caller", &["caller.test"]);
        let _ = TlsCaller::new(authority.roots(), Some(&shown)).greet(secured.address(), "api.test");
        let reason = secured.failure(1);
        assert!(reason.starts_with("the caller's certificate is not good"), "{reason}");
    }
}

#[test]
fn a_caller_that_does_not_finish_its_greeting_is_let_go() {
    use gatepost_gateway::Limits;
    use std::time::Duration;
    let authority = Authority::new();
    let certificate = authority.issue("site", &["api.test"]);
    let limits = Limits { head_timeout: Duration::from_millis(50), max_greetings: 1, ..Limits::default() };
    let backend = backend(|exchange| exchange.respond("x"));
    let apis = vec![Api::at("/api", backend.url(""))];
    let world = World::with(&apis, limits, 1);
    let mut secured = Secured { world, apis, greeting: Greeting::Plain };
    secured.put_in_force(&settings(&[&certificate]), &[certificate]);
    let mut slow = TcpStream::connect(secured.address()).expect("accepts");
    slow.write_all(&[22, 3, 1]).expect("takes");
    assert!(secured.failure(1).starts_with("the caller did not finish its greeting"));
    assert_eq!(slow.read(&mut [0; 64]).expect("closed"), 0);
    let caller = TlsCaller::new(authority.roots(), None);
    let mut hello = caller.greet(secured.address(), "api.test").expect("its turn is free again");
    assert_eq!(hello.client.get("/api/").status, 200);
}
