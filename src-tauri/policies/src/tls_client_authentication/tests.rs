//! Every rule by name, on certificates made for it.

use std::sync::Arc;

use gatepost_gateway::TlsFacts;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use serde_json::{Value, json};

use crate::tests::{Call, Trial, call};

/// `O=Example, CN=orders` with a name of each kind.
fn shown(names: &[SanType]) -> Arc<TlsFacts> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, "orders");
    params.subject_alt_names = names.to_vec();
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    Arc::new(TlsFacts::showing(Some(certificate.der().clone())).unwrap())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn uri(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

fn email(email: &str) -> SanType {
    SanType::Rfc822Name(email.try_into().unwrap())
}

fn trial(config: Value) -> Trial {
    Trial::of("tls-client-authentication", config)
        .with_client("orders", "s", true)
        .with_client("guest", "s", false)
}

fn by(facts: &Arc<TlsFacts>) -> Call {
    call().tls(facts.clone())
}

fn passes(list: &str, entry: &str, facts: &Arc<TlsFacts>) -> bool {
    trial(json!({list: [entry]})).run(by(facts)).status() == 200
}

#[test]
fn who_shows_no_certificate_is_asked_for_one() {
    let nothing = TlsFacts::showing(None).unwrap();
    let mut unasked = TlsFacts::showing(None).unwrap();
    unasked.asked_for_certificate = false;
    let cases = [
        (call(), "this port speaks plain HTTP"),
        (by(&Arc::new(nothing)), "the caller showed no certificate"),
        (
            by(&Arc::new(unasked)),
            "this port asks for no client certificates; its TLS settings say whether it does",
        ),
    ];
    for (call, note) in cases {
        let answer = trial(json!({})).run(call);
        assert_eq!((answer.status(), answer.header("www-authenticate")), (401, Some("Client-Certificate")));
        assert_eq!(answer.notes()[0], note);
        assert!(answer.sent_upstream().is_none());
    }
}

#[test]
fn without_lists_every_certificate_of_the_authority_passes() {
    let answer = trial(json!({})).run(by(&shown(&[])));
    assert_eq!((answer.status(), answer.identity().principal()), (200, Some("O=Example, CN=orders")));
    assert_eq!(answer.notes()[0], "O=Example, CN=orders is from the port's authority");
}

#[test]
fn refuses_a_certificate_that_fits_no_entry() {
    let config = json!({"subjects": ["CN=other"], "subject_alternative_names": ["DNS:other.test"], "fingerprints": ["ab".repeat(32)]});
    let answer = trial(config).run(by(&shown(&[dns("orders.test")])));
    assert_eq!((answer.status(), answer.error()), (403, "Your certificate may not call this API"));
    assert_eq!(answer.notes()[0], "O=Example, CN=orders is none of the certificates that may call");
    assert!(answer.identity().principal().is_none() && answer.sent_upstream().is_none());
}

#[test]
fn a_subject_fits_whole_and_from_either_end() {
    let facts = shown(&[]);
    for (entry, fits) in [
        ("O=Example, CN=orders", true),
        ("cn=orders,o=Example", true),
        ("CN=orders", false),
        ("CN=Orders, O=Example", false),
    ] {
        assert_eq!(passes("subjects", entry, &facts), fits, "{entry}");
    }
}

#[test]
fn names_fit_exactly_or_by_their_star() {
    let facts = shown(&[
        dns("a.orders.test"),
        uri("spiffe://example.com/ns/prod/orders"),
        email("Ann@Example.com"),
        SanType::IpAddress([10, 1, 2, 3].into()),
    ]);
    for (entry, fits) in [
        ("DNS:A.orders.test", true),
        ("DNS:*.orders.test", true),
        ("DNS:*.test", false),
        ("DNS:orders.test", false),
        ("URI:spiffe://example.com/ns/prod/orders", true),
        ("uri:spiffe://example.com/ns/*", true),
        ("URI:spiffe://example.com/ns/prod", false),
        ("URI:spiffe://example.com/ns/dev/*", false),
        ("email:Ann@example.com", true),
        ("email:ann@example.com", false),
        ("email:*@EXAMPLE.com", true),
        ("email:*@ample.com", false),
        ("IP:10.1.2.3", true),
        ("IP:10.1.0.0/16", true),
        ("IP:10.2.0.0/16", false),
        // A name of one kind is none of another.
        ("URI:a.orders.test:", false),
        ("DNS:10.1.2.3", false),
    ] {
        assert_eq!(passes("subject_alternative_names", entry, &facts), fits, "{entry}");
    }
}

#[test]
fn a_uri_that_climbs_out_of_its_place_does_not_fit() {
    for path in ["../admin", "a/%2e%2E/admin", "a%2F..%2Fadmin", "."] {
        let facts = shown(&[uri(&format!("spiffe://example.com/ns/{path}"))]);
        assert!(!passes("subject_alternative_names", "URI:spiffe://example.com/ns/*", &facts), "{path}");
    }
}

#[test]
fn a_fingerprint_fits_with_and_without_colons() {
    let facts = shown(&[]);
    let fingerprint = facts.client_certificate.as_ref().unwrap().fingerprint.to_string();
    let pairs: Vec<_> =
        fingerprint.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
    assert!(passes("fingerprints", &fingerprint, &facts));
    assert!(passes("fingerprints", &pairs.join(":").to_uppercase(), &facts));
    assert!(!passes("fingerprints", &"00".repeat(32), &facts));
}

#[test]
fn the_principal_is_what_was_asked_for() {
    let facts = shown(&[dns("orders.test"), uri("spiffe://e/orders"), email("ann@e.test")]);
    for (word, principal) in [
        ("common_name", "orders"),
        ("dns", "orders.test"),
        ("uri", "spiffe://e/orders"),
        ("email", "ann@e.test"),
    ] {
        let answer = trial(json!({"principal": word})).run(by(&facts));
        assert_eq!(answer.identity().principal(), Some(principal));
    }
    let answer = trial(json!({"principal": "uri"})).run(by(&shown(&[])));
    assert_eq!((answer.status(), answer.identity().principal()), (200, None));
}

#[test]
fn asks_for_a_contract_of_the_client_that_the_certificate_names() {
    let by_name = trial(json!({"client_id": "dns"}));
    let known = trial(json!({"client_id": "common_name"})).run(by(&shown(&[])));
    assert_eq!((known.status(), known.client_name()), (200, Some("App of orders")));
    for (names, note) in [
        (vec![dns("guest")], "App of guest has no approved contract with this API"),
        (vec![dns("nobody")], "unknown client ID nobody"),
        (vec![], "O=Example, CN=orders names no client: it has no DNS name"),
    ] {
        let answer = by_name.run(by(&shown(&names)));
        assert_eq!((answer.status(), answer.notes()[0].as_str()), (403, note));
        assert_eq!(answer.error(), "The client of your certificate may not call this API");
    }
}

#[test]
fn says_all_faults_at_once() {
    let config = json!({
        "subjects": ["CN=a", "orders"],
        "subject_alternative_names": [
            "orders.test", "DNS:a.*.test", "DNS:", "URI:spiffe://e*", "URI:spiffe:///*", "URI:a/*", "email:*", "email:a*@b", "IP:x"
        ],
        "fingerprints": ["z".repeat(64)],
    });
    let mut fields = vec!["subjects[1]".to_owned()];
    fields.extend((0..9).map(|n| format!("subject_alternative_names[{n}]")));
    fields.push("fingerprints[0]".into());
    assert_eq!(Trial::faults("tls-client-authentication", &config), fields);
}
