//! Discovery, both ways of checking, and every answer.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatepost_gateway::OutboundError;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

use crate::tests::{Answer, Call, Trial, call};

const NAME: &str = "openidconnect-access-token-enforcement";
const NOW: i64 = 1_800_000_000;
static KEY: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("made"));

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk(id: &str) -> Value {
    let (x, y) = KEY.public_key().as_ref()[1..].split_at(32);
    json!({"kty": "EC", "crv": "P-256", "kid": id, "x": encoded(x), "y": encoded(y)})
}

/// ES256 of claims that are all right, but for these.
fn token(header: &Value, claims: &Value) -> String {
    let (mut head, mut all) = (
        json!({"alg": "ES256", "kid": "k", "typ": "at+jwt"}),
        json!({"iss": "https://login.test", "aud": "https://api.test", "sub": "ann", "exp": NOW + 60}),
    );
    for (whole, part) in [(&mut head, header), (&mut all, claims)] {
        for (name, value) in part.as_object().expect("an object") {
            whole[name] = value.clone();
        }
    }
    let unsigned = format!("{}.{}", encoded(head.to_string()), encoded(all.to_string()));
    let signature = KEY.sign(&SystemRandom::new(), unsigned.as_bytes()).expect("signed");
    format!("{unsigned}.{}", encoded(signature))
}

fn good() -> String {
    token(&json!({}), &json!({}))
}

/// An issuer that answers by path, and every path it was asked for.
struct Issuer {
    document: Value,
    keys: Value,
    about: Value,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            document: json!({
                "issuer": "https://login.test", "introspection_endpoint": "https://login.test/ask",
                "jwks_uri": "https://login.test/keys",
            }),
            keys: json!({"keys": [jwk("k")]}),
            about: json!({"active": true, "sub": "ann"}),
        }
    }
}

fn config(validate: &str, more: Value) -> Value {
    let mut config = json!({
        "issuer": "https://login.test", "validate": validate, "authorization_value": "Basic Zzpz",
        "supported_types": "at+jwt", "signing_method": "es",
    });
    let Value::Object(more) = more else { panic!("an object") };
    config.as_object_mut().expect("an object").extend(more);
    config
}

fn trial(config: Value, issuer: Issuer) -> (Trial, Arc<Mutex<Vec<String>>>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = asked.clone();
    let trial = Trial::of(NAME, config).calling_by(move |request| {
        let path = request.uri().path().to_owned();
        let answer = match path.as_str() {
            "/.well-known/openid-configuration" => &issuer.document,
            "/keys" => &issuer.keys,
            "/ask" => &issuer.about,
            other => panic!("{other} was asked for"),
        };
        log.lock().expect("whole").push(path);
        Ok(http::Response::new(answer.to_string().into()))
    });
    (trial, asked)
}

fn of(validate: &str, more: Value) -> Trial {
    trial(config(validate, more), Issuer::default()).0
}

fn bearer(token: &str) -> Call {
    call().header("authorization", &format!("Bearer {token}")).at_epoch(NOW)
}

fn challenge(answer: &Answer) -> &str {
    answer.header(WWW_AUTHENTICATE).expect("a challenge")
}

#[test]
fn the_issuers_document_says_where_it_is_asked_and_is_fetched_once() {
    let (trial, asked) = trial(config("introspection", json!({})), Issuer::default());
    for name in ["a", "b"] {
        assert_eq!(trial.run(bearer(name)).status(), 200);
    }
    assert_eq!(trial.saved_again().run(bearer("c")).status(), 200);
    let asked = asked.lock().expect("whole");
    assert_eq!(*asked, ["/.well-known/openid-configuration", "/ask", "/ask", "/ask"]);
}

#[test]
fn only_answers_about_tokens_with_a_known_end_are_remembered() {
    for (about, questions) in [
        (json!({"active": true}), 2),
        (json!({"active": true, "exp": NOW + 60}), 1),
        (json!({"active": false}), 1),
    ] {
        let (trial, asked) = trial(config("introspection", json!({})), Issuer { about, ..Issuer::default() });
        trial.run(bearer("a"));
        trial.run(bearer("a"));
        let asked = asked.lock().expect("whole");
        assert_eq!(asked.iter().filter(|path| *path == "/ask").count(), questions);
    }
}

#[test]
fn a_signed_token_passes_by_the_issuers_keys_and_nobody_is_asked_about_it() {
    let (trial, asked) = trial(config("jwt", json!({"authorization_value": ""})), Issuer::default());
    for _ in 0..3 {
        let answer = trial.run(bearer(&good()));
        assert_eq!((answer.status(), answer.notes()), (200, vec!["an active token of ann".to_owned()]));
    }
    assert_eq!(*asked.lock().expect("whole"), ["/.well-known/openid-configuration", "/keys"]);
}

#[test]
fn a_signed_token_counts_only_as_the_issuer_made_it_for_us() {
    let none = format!("{}.{}.", encoded(r#"{"alg":"none"}"#), encoded(r#"{"sub":"root"}"#));
    let mut forged = good();
    forged.truncate(forged.len() - 8);
    let audience = json!({"supported_audiences": "https://api.test"});
    let unending = token(&json!({}), &json!({"exp": null}));
    for bad in [
        token(&json!({}), &json!({"iss": "https://evil.test"})),
        token(&json!({}), &json!({"aud": "https://other.test"})),
        token(&json!({}), &json!({"exp": NOW - 31})),
        token(&json!({"typ": "JWT"}), &json!({})),
        token(&json!({"alg": "ES384"}), &json!({})),
        token(&json!({"kid": "unknown"}), &json!({})),
        unending,
        forged,
        none,
        "opaque".into(),
    ] {
        let answer = of("jwt", audience.clone()).run(bearer(&bad));
        assert_eq!(answer.status(), 401, "{bad}");
        assert!(challenge(&answer).starts_with("Bearer error=\"invalid_token\""));
        assert!(answer.identity().properties.is_none());
    }
    assert_eq!(of("jwt", audience).run(bearer(&good())).status(), 200);
}

#[test]
fn by_auto_signed_tokens_go_by_keys_and_others_by_asking() {
    let (trial, asked) = trial(config("auto", json!({})), Issuer::default());
    assert_eq!(trial.run(bearer(&good())).status(), 200);
    assert!(!asked.lock().expect("whole").contains(&"/ask".to_owned()));
    assert_eq!(trial.run(bearer("opaque")).status(), 200);
    assert!(asked.lock().expect("whole").contains(&"/ask".to_owned()));
    let unsigned = format!("{}.{}.AAAA", encoded(r#"{"alg":"ES256","kid":"k"}"#), encoded("{}"));
    assert_eq!(trial.run(bearer(&unsigned)).status(), 401, "a JWT that fails is not asked about");
}

#[test]
fn a_rotated_in_key_works_within_the_floor_and_unknown_ones_cause_no_flood() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let (count, keys) = (fetches.clone(), Arc::new(Mutex::new(json!({"keys": [jwk("old")]}))));
    let shared = keys.clone();
    let document = Issuer::default().document;
    let config = config("jwt", json!({"discovery_refresh_floor": "30s"}));
    let trial = Trial::of(NAME, config).calling_by(move |request| {
        let keys = shared.lock().expect("whole");
        Ok(http::Response::new(match request.uri().path() {
            "/keys" => {
                count.fetch_add(1, Relaxed);
                keys.to_string().into()
            }
            _ => document.to_string().into(),
        }))
    });
    for ms in 0..100 {
        assert_eq!(trial.run(bearer(&good()).at_ms(ms * 100)).status(), 401);
    }
    assert_eq!(fetches.load(Relaxed), 1);
    *keys.lock().expect("whole") = json!({"keys": [jwk("k")]});
    assert_eq!(trial.run(bearer(&good()).at_ms(30_000)).status(), 200);
    assert_eq!(fetches.load(Relaxed), 2);
}

#[test]
fn a_token_that_the_issuer_does_not_call_active_is_401() {
    let issuer = Issuer { about: json!({"active": false}), ..Issuer::default() };
    let answer = trial(config("introspection", json!({})), issuer).0.run(bearer("t"));
    assert_eq!((answer.status(), answer.error()), (401, "The token is not active"));
}

#[test]
fn what_is_no_token_is_400_and_nobody_is_asked() {
    for validate in ["introspection", "jwt", "auto"] {
        let (trial, asked) = trial(config(validate, json!({})), Issuer::default());
        assert_eq!(trial.run(bearer("a b")).status(), 400);
        let absent = trial.run(call());
        assert_eq!((absent.status(), challenge(&absent)), (401, "Bearer"));
        assert!(asked.lock().expect("whole").is_empty());
    }
}

#[test]
fn scopes_are_asked_for_both_ways() {
    let both =
        [("introspection", "opaque".to_owned()), ("jwt", token(&json!({}), &json!({"scp": ["read"]})))];
    for (validate, token) in both {
        let issuer = || Issuer { about: json!({"active": true, "scope": "read"}), ..Issuer::default() };
        let ask = |scopes: &str| {
            trial(config(validate, json!({ "scopes": scopes })), issuer()).0.run(bearer(&token))
        };
        assert_eq!(ask("read").status(), 200, "{validate}");
        let refused = ask("write");
        assert_eq!(refused.status(), 403);
        assert!(challenge(&refused).starts_with("Bearer error=\"insufficient_scope\""));
    }
}

#[test]
fn a_client_app_is_found_under_three_names_and_needs_a_contract() {
    let strict = || config("jwt", json!({"skip_client_id_validation": false}));
    for name in ["client_id", "azp", "appid"] {
        for (app, status) in [("app", 200), ("revoked", 403), ("unknown", 403)] {
            let trial = trial(strict(), Issuer::default()).0;
            let trial = trial.with_client("app", "s", true).with_client("revoked", "s", false);
            let answer = trial.run(bearer(&token(&json!({}), &json!({ name: app }))));
            assert_eq!(answer.status(), status, "{name} {app}");
        }
    }
}

#[test]
fn claims_and_fields_go_upstream_as_headers() {
    for (validate, token) in [("introspection", "opaque".to_owned()), ("jwt", good())] {
        let trial = of(validate, json!({"expose_headers": true}));
        let answer = trial.run(bearer(&token).header("x-agw-sub", "root"));
        let sent = answer.sent_upstream().expect("sent");
        assert_eq!(sent.get_all("x-agw-sub").iter().collect::<Vec<_>>(), ["ann"]);
        assert!(!sent.contains_key("x-agw-exp"));
    }
}

#[test]
fn without_a_document_of_the_issuers_own_the_answer_is_503() {
    let plain = json!("https://login.test");
    for (document, why) in [
        (json!({"issuer": "https://evil.test"}), "another issuer"),
        (json!({"issuer": "https://login.test/"}), "another issuer"),
        (json!({}), "names no issuer"),
        (json!([]), "names no issuer"),
        (json!({"issuer": plain, "introspection_endpoint": "http://login.test/ask"}), "not https"),
        (json!({"issuer": plain, "introspection_endpoint": "file:///etc"}), "not a URL"),
    ] {
        let issuer = Issuer { document, ..Issuer::default() };
        let answer = trial(config("introspection", json!({})), issuer).0.run(bearer("t"));
        assert_eq!((answer.status(), answer.error()), (503, "Tokens cannot be checked now"));
        assert!(answer.notes()[0].contains(why), "{:?}", answer.notes());
    }
    for validate in ["introspection", "jwt"] {
        let dead = Trial::of(NAME, config(validate, json!({})))
            .calling_by(|_| Err(OutboundError::Failed("refused".into())));
        assert_eq!(dead.run(bearer(&good())).status(), 503);
    }
}

#[test]
fn the_old_document_stays_while_the_issuer_fails() {
    let asked = AtomicUsize::new(0);
    let (document, keys) = (Issuer::default().document, Issuer::default().keys);
    let trial = Trial::of(NAME, config("jwt", json!({}))).calling_by(move |request| {
        let body = if request.uri().path() == "/keys" { &keys } else { &document };
        match asked.fetch_add(1, Relaxed) {
            0 | 1 => Ok(http::Response::new(body.to_string().into())),
            _ => Err(OutboundError::Failed("down".into())),
        }
    });
    for hours in 0..5 {
        assert_eq!(trial.run(bearer(&good()).at_ms(hours * 3_700_000)).status(), 200);
    }
}

#[test]
fn an_issuer_without_an_endpoint_to_ask_is_500() {
    let issuer = Issuer { document: json!({"issuer": "https://login.test"}), ..Issuer::default() };
    let answer = trial(config("introspection", json!({})), issuer).0.run(bearer("t"));
    assert_eq!(answer.status(), 500);
    assert!(answer.notes()[0].ends_with("its document has no introspection_endpoint"));
}

#[test]
fn the_metadata_names_the_issuer() {
    let trial = of("introspection", json!({"enable_protected_resource_metadata": true}));
    let answer = trial.run(call().target("/.well-known/oauth-protected-resource").header("host", "h"));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json()["authorization_servers"], json!(["https://login.test"]));
}

#[test]
fn faults_are_told_all_at_once() {
    let faults = |config: Value| Trial::faults(NAME, &config);
    assert_eq!(
        faults(json!({"issuer": "x", "clock_skew": "1h"})),
        ["issuer", "authorization_value", "clock_skew"]
    );
    for issuer in ["https://a?b", "https://a#b", "https://u:p@a", ""] {
        assert_eq!(faults(config("jwt", json!({ "issuer": issuer }))), ["issuer"], "{issuer}");
    }
    assert_eq!(faults(config("jwt", json!({"signing_method": "hmac"}))), ["signing_method"]);
    assert_eq!(faults(config("jwt", json!({"supported_types": ""}))), ["supported_audiences"]);
    assert_eq!(faults(config("jwt", json!({"signing_key_length": 512}))), ["signing_key_length"]);
    assert!(faults(config("introspection", json!({"supported_types": ""}))).is_empty());
}
