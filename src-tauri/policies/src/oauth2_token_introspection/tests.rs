//! Every answer, what is remembered and for how long, and what upstream and later policies get.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gatepost_gateway::{OutboundAnswer, OutboundError};
use gatepost_model::Outcome;
use http::header::{ALLOW, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::tests::{Answer, Call, Trial, call};

const NOW: i64 = 1_800_000_000;
const URL: &str = "https://login.test/introspect";

fn config(more: Value) -> Value {
    let mut config = json!({
        "introspection_url": URL, "authorization_value": "Basic Zzpz", "skip_client_id_validation": true,
    });
    let Value::Object(more) = more else { panic!("an object") };
    config.as_object_mut().expect("an object").extend(more);
    config
}

/// A policy whose server always says this, and how often it was asked.
fn saying(more: Value, answer: Value) -> (Trial, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let trial = Trial::of("oauth2-token-introspection", config(more)).calling_by(move |_| {
        count.fetch_add(1, Relaxed);
        Ok(http::Response::new(answer.to_string().into()))
    });
    (trial, asked)
}

fn bearer(token: &str) -> Call {
    call().header("authorization", &format!("Bearer {token}")).at_epoch(NOW)
}

fn challenge(answer: &Answer) -> &str {
    answer.header(WWW_AUTHENTICATE).expect("a challenge")
}

#[test]
fn an_active_token_passes_and_later_policies_know_what_the_server_said() {
    let (trial, _) = saying(json!({}), json!({"active": true, "sub": "ann", "scope": "a b"}));
    let trial = trial.and(
        "header-injection",
        json!({"inbound_headers": [
            {"key": "x-a", "value": "#[authentication.principal] #[authentication.properties.scope] #[vars.claimSet.sub]"},
        ]}),
    );
    let answer = trial.run(bearer("good"));
    assert_eq!((answer.status(), answer.notes()[0].as_str()), (200, "an active token of ann"));
    assert_eq!(answer.sent_upstream().expect("sent")["x-a"], "ann a b ann");
}

#[test]
fn the_server_is_asked_as_rfc_7662_has_it() {
    let seen = Arc::new(Mutex::new(None));
    let shared = seen.clone();
    let trial = Trial::of("oauth2-token-introspection", config(json!({}))).calling_by(move |request| {
        *shared.lock().expect("whole") = Some(request);
        Ok(http::Response::new(r#"{"active":true}"#.into()))
    });
    assert_eq!(trial.run(bearer("a+b/c==")).status(), 200);
    let seen = seen.lock().expect("whole").take().expect("asked");
    assert_eq!((seen.method().as_str(), seen.uri().to_string().as_str()), ("POST", URL));
    assert_eq!(seen.headers()["authorization"], "Basic Zzpz");
    assert_eq!(seen.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(seen.body(), "token=a%2Bb%2Fc%3D%3D&token_type_hint=access_token");
}

#[test]
fn an_absent_token_is_401_without_an_error() {
    let (trial, asked) = saying(json!({}), json!({"active": true}));
    for call in
        [call(), call().header("authorization", "Basic YTpi"), call().header("authorization", "Bearer ")]
    {
        let answer = trial.run(call);
        assert_eq!((answer.status(), challenge(&answer)), (401, "Bearer"));
        assert_eq!(answer.refused_by(), Some("oauth2-token-introspection"));
    }
    assert_eq!(asked.load(Relaxed), 0);
}

#[test]
fn what_is_no_token_is_400_and_nobody_is_asked() {
    let (trial, asked) = saying(json!({}), json!({"active": true}));
    let long = "a".repeat(16 * 1_024 + 1);
    let several = bearer("good").header("authorization", "Bearer other");
    for call in [bearer("a b"), bearer("a\"b"), bearer("a&b"), bearer("===="), bearer(&long), several] {
        let answer = trial.run(call);
        assert_eq!(answer.status(), 400);
        assert!(challenge(&answer).starts_with("Bearer error=\"invalid_request\""));
    }
    assert_eq!(asked.load(Relaxed), 0);
}

#[test]
fn a_token_that_is_not_active_is_401() {
    let (trial, _) = saying(json!({}), json!({"active": false, "sub": "ann"}));
    let answer = trial.run(bearer("revoked"));
    assert_eq!((answer.status(), answer.error()), (401, "The token is not active"));
    assert_eq!(
        challenge(&answer),
        "Bearer error=\"invalid_token\", error_description=\"The token is not active\""
    );
    assert!(answer.identity().principal.is_none() && answer.identity().properties.is_none());
    assert_eq!(answer.outcomes(), [Outcome::Refused]);
}

#[test]
fn a_token_of_a_form_that_the_server_does_not_know_is_401() {
    for (error, status) in [("unsupported_token_type", 401), ("invalid_token", 401), ("invalid_request", 500)]
    {
        let body = json!({ "error": error }).to_string();
        let trial = Trial::of("oauth2-token-introspection", config(json!({}))).calling_by(move |_| {
            let answer = http::Response::builder().status(400).body(Bytes::from(body.clone()));
            Ok(answer.expect("valid"))
        });
        assert_eq!(trial.run(bearer("a.b.c")).status(), status, "{error}");
    }
}

#[test]
fn a_token_without_the_scopes_is_403() {
    let answer = json!({"active": true, "scope": "read"});
    let (trial, _) = saying(json!({"scopes": "read write"}), answer.clone());
    let refused = trial.run(bearer("t"));
    assert_eq!(refused.status(), 403);
    assert!(challenge(&refused).starts_with("Bearer error=\"insufficient_scope\""));
    assert!(challenge(&refused).ends_with("scope=\"read write\""));
    assert_eq!(refused.notes(), ["the token has no scope write"]);
    let (trial, _) = saying(json!({"scopes": "read write", "scope_validation_criteria": "or"}), answer);
    assert_eq!(trial.run(bearer("t")).status(), 200);
}

#[test]
fn a_token_for_another_audience_is_401() {
    for (audience, status) in
        [(json!("https://a"), 200), (json!(["x", "https://a"]), 200), (json!("x"), 401), (json!(null), 401)]
    {
        let (trial, _) =
            saying(json!({"supported_audiences": "https://a"}), json!({"active": true, "aud": audience}));
        assert_eq!(trial.run(bearer("t")).status(), status, "{audience}");
    }
    let (trial, _) = saying(json!({"supported_audiences": "https://a"}), json!({"active": true}));
    assert_eq!(trial.run(bearer("t")).status(), 401);
}

#[test]
fn a_client_app_without_a_contract_is_403() {
    let on = json!({"skip_client_id_validation": false});
    for (answer, status) in [
        (json!({"active": true, "client_id": "app"}), 200),
        (json!({"active": true, "client_id": "revoked-app"}), 403),
        (json!({"active": true, "client_id": "nobody"}), 403),
        (json!({"active": true, "client_id": ""}), 403),
        (json!({"active": true}), 403),
    ] {
        let (trial, _) = saying(on.clone(), answer.clone());
        let trial = trial.with_client("app", "s", true).with_client("revoked-app", "s", false);
        let got = trial.run(bearer("t"));
        assert_eq!(got.status(), status, "{answer}");
        if status == 403 {
            assert_eq!(got.error(), "Invalid Client");
        } else {
            assert_eq!(got.client_name(), Some("App of app"));
        }
    }
}

#[test]
fn the_client_is_found_by_the_field_that_consumer_by_names() {
    for field in ["username", "app"] {
        let more = json!({"skip_client_id_validation": false, "consumer_by": field});
        let (trial, _) = saying(more, json!({"active": true, "client_id": "other", field: "app"}));
        assert_eq!(trial.with_client("app", "s", true).run(bearer("t")).status(), 200, "{field}");
    }
}

#[test]
fn an_answer_that_is_none_is_500() {
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"active":"true"}"#,
        r#"{"active":true,"active":true}"#,
        r#"{"active":true,"exp":"soon"}"#,
    ] {
        let trial = Trial::of("oauth2-token-introspection", config(json!({})))
            .calling_by(|_| Ok(http::Response::new(body.into())));
        let answer = trial.run(bearer("t"));
        assert_eq!((answer.status(), answer.outcomes()), (500, vec![Outcome::Failed]), "{body}");
        assert!(answer.sent_upstream().is_none() && answer.refused_by().is_none());
    }
    for status in [302, 400, 401, 403, 404] {
        let trial = Trial::of("oauth2-token-introspection", config(json!({}))).calling_by(move |_| {
            let answer =
                http::Response::builder().status(status).body(Bytes::from_static(b"{\"active\":true}"));
            Ok(answer.expect("valid"))
        });
        assert_eq!(trial.run(bearer("t")).status(), 500, "{status}");
    }
}

#[test]
fn a_server_that_cannot_be_asked_is_503_and_left_alone_for_a_second() {
    let failures: [fn() -> OutboundAnswer; 3] = [
        || Err(OutboundError::TimedOut(std::time::Duration::from_secs(10))),
        || Err(OutboundError::Failed("refused".into())),
        || Ok(http::Response::builder().status(502).body(Bytes::new()).expect("valid")),
    ];
    for failure in failures {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let trial = Trial::of("oauth2-token-introspection", config(json!({}))).calling_by(move |_| {
            count.fetch_add(1, Relaxed);
            failure()
        });
        for at in [0, 500, 999] {
            let answer = trial.run(bearer("t").at_ms(at));
            assert_eq!((answer.status(), answer.error()), (503, "Tokens cannot be checked now"));
            assert!(answer.notes()[0].starts_with("the authorization server cannot be asked: login.test: "));
            assert!(!answer.notes()[0].contains("introspect"), "{:?}", answer.notes());
        }
        assert_eq!(asked.load(Relaxed), 1);
        assert_eq!(trial.run(bearer("t").at_ms(1_000)).status(), 503);
        assert_eq!(asked.load(Relaxed), 2);
    }
}

#[test]
fn an_active_token_is_remembered_for_its_time_and_over_a_save() {
    let (trial, asked) = saying(json!({"validated_token_ttl": "10m"}), json!({"active": true}));
    for at in [0, 1, 599_999] {
        assert_eq!(trial.run(bearer("t").at_ms(at)).status(), 200);
    }
    assert_eq!(trial.saved_again().run(bearer("t").at_ms(599_999)).status(), 200);
    assert_eq!(asked.load(Relaxed), 1);
    assert_eq!(trial.run(bearer("other").at_ms(0)).status(), 200);
    assert_eq!(asked.load(Relaxed), 2);
    assert_eq!(trial.run(bearer("t").at_ms(600_000)).status(), 200);
    assert_eq!(asked.load(Relaxed), 3);
}

#[test]
fn an_active_token_is_never_remembered_past_its_end() {
    let (trial, asked) = saying(json!({}), json!({"active": true, "exp": NOW + 5}));
    assert_eq!(trial.run(bearer("t")).status(), 200);
    assert_eq!(trial.run(bearer("t").at_ms(4_999).at_epoch(NOW + 4)).status(), 200);
    assert_eq!(asked.load(Relaxed), 1);
    let late = trial.run(bearer("t").at_ms(5_000).at_epoch(NOW + 5));
    assert_eq!((late.status(), late.error()), (401, "The token has expired"));
    assert_eq!(asked.load(Relaxed), 2);
    let (trial, asked) = saying(json!({}), json!({"active": true, "exp": NOW + 5}));
    assert_eq!(trial.run(bearer("t")).status(), 200);
    let slept = trial.run(bearer("t").at_ms(1).at_epoch(NOW + 3_600));
    assert_eq!((slept.status(), asked.load(Relaxed)), (401, 1), "the machine slept in between");
}

#[test]
fn that_a_token_is_not_active_is_remembered_for_as_long_as_is_said() {
    for (ttl, questions) in [("0s", 3), ("10s", 1)] {
        let (trial, asked) = saying(json!({"inactive_token_ttl": ttl}), json!({"active": false}));
        for at in [0, 1, 9_999] {
            assert_eq!(trial.run(bearer("t").at_ms(at)).status(), 401);
        }
        assert_eq!(asked.load(Relaxed), questions);
    }
}

#[test]
fn a_cache_of_none_asks_for_every_call() {
    for more in [json!({"max_cache_entries": 0}), json!({"validated_token_ttl": 0})] {
        let (trial, asked) = saying(more, json!({"active": true}));
        for _ in 0..3 {
            assert_eq!(trial.run(bearer("t")).status(), 200);
        }
        assert_eq!(asked.load(Relaxed), 3);
    }
}

#[test]
fn fields_go_upstream_as_headers_and_forged_ones_do_not() {
    let answer = json!({
        "active": true, "sub": "ann", "level": 3, "scope": "a", "exp": NOW + 60, "aud": ["x"], "odd name": "x",
        "broken": "a\nb",
    });
    let (trial, _) = saying(json!({"expose_headers": true}), answer.clone());
    let forged =
        bearer("t").header("X-AGW-sub", "root").header("x-agw-admin", "1").header("x_agw_sub", "root");
    let got = trial.run(forged);
    let sent = got.sent_upstream().expect("sent");
    let mut names: Vec<_> =
        sent.keys().map(http::HeaderName::as_str).filter(|name| name.contains("agw")).collect();
    names.sort_unstable();
    assert_eq!(names, ["x-agw-active", "x-agw-level", "x-agw-sub"]);
    assert_eq!((&sent["x-agw-sub"], &sent["x-agw-level"]), (&"ann".parse().unwrap(), &"3".parse().unwrap()));
    assert_eq!(got.outcomes()[0], Outcome::Changed);
    let (trial, _) = saying(json!({}), answer);
    assert!(trial.run(bearer("t")).sent_upstream().expect("sent").get("x-agw-sub").is_none());
}

fn with_metadata() -> Trial {
    saying(json!({"enable_protected_resource_metadata": true, "scopes": "a b"}), json!({"active": false})).0
}

#[test]
fn the_metadata_is_answered_without_a_token_and_challenges_say_where() {
    let at = |call: Call| call.header("host", "api.test:8081");
    let answer = with_metadata().run(at(call().target("/.well-known/oauth-protected-resource")));
    assert_eq!((answer.status(), answer.header(CONTENT_TYPE)), (200, Some("application/json")));
    assert_eq!(
        *answer.json(),
        json!({
            "resource": "http://api.test:8081", "authorization_servers": ["https://login.test"],
            "scopes_supported": ["a", "b"], "bearer_methods_supported": ["header"],
        })
    );
    let address = "resource_metadata=\"http://api.test:8081/.well-known/oauth-protected-resource\"";
    let absent = with_metadata().run(at(call()));
    assert_eq!(challenge(&absent), format!("Bearer {address}"));
    let inactive = with_metadata().run(at(bearer("t")));
    assert!(challenge(&inactive).ends_with(address));
    let odd = with_metadata().run(call().header("host", "a\"b"));
    assert_eq!(challenge(&odd), "Bearer");
    assert!(with_metadata().run(call().header(HOST.as_str(), "")).header(WWW_AUTHENTICATE).is_some());
}

#[test]
fn another_authorization_server_can_be_named() {
    let more = json!({
        "enable_protected_resource_metadata": true,
        "override_protected_resource_metadata_authorization_server_url": true,
        "protected_resource_metadata_authorization_server_url": "https://other.test/tenant",
    });
    let (trial, _) = saying(more, json!({}));
    let answer = trial.run(call().target("/.well-known/oauth-protected-resource").header("host", "h"));
    assert_eq!(answer.json()["authorization_servers"], json!(["https://other.test/tenant"]));
}

#[test]
fn below_the_metadata_there_is_nothing() {
    let trial = with_metadata();
    let target = "/.well-known/oauth-protected-resource/x";
    assert_eq!(trial.run(call().target(target).header("host", "h")).status(), 404);
    let target = "/.well-known/oauth-protected-resources";
    assert_eq!(trial.run(call().target(target).header("host", "h")).status(), 401, "another path");
}

#[test]
fn metadata_is_only_read() {
    let post = call().method("POST").target("/.well-known/oauth-protected-resource").header("host", "h");
    let answer = with_metadata().run(post);
    assert_eq!((answer.status(), answer.header(ALLOW)), (405, Some("GET")));
}

#[test]
fn faults_are_told_all_at_once() {
    let faulty = json!({
        "introspection_url": "ftp://x", "authorization_value": "a\nb", "scopes": "a\"b", "validated_token_ttl": "2d",
        "inactive_token_ttl": "1h", "authentication_timeout": "1ms",
    });
    assert_eq!(
        Trial::faults("oauth2-token-introspection", &faulty),
        [
            "introspection_url",
            "authorization_value",
            "scopes",
            "validated_token_ttl",
            "inactive_token_ttl",
            "authentication_timeout"
        ]
    );
    let overriding = "override_protected_resource_metadata_authorization_server_url";
    let url = "protected_resource_metadata_authorization_server_url";
    for (more, field) in [
        (json!({ url: "https://x" }), overriding),
        (json!({ overriding: true, url: "https://x" }), "enable_protected_resource_metadata"),
        (json!({ overriding: true, "enable_protected_resource_metadata": true }), url),
        (json!({"introspection_url": "https://user:pw@x"}), "introspection_url"),
        (json!({"authorization_value": " "}), "authorization_value"),
    ] {
        assert_eq!(Trial::faults("oauth2-token-introspection", &config(more)), [field]);
    }
}
