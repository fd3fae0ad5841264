//! The documents, where they are, and what becomes of challenges.

use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::tests::{Answer, Trial, call};

const NAME: &str = "oauth-protected-resource-metadata";
const AT: &str = "/.well-known/oauth-protected-resource";
const ADDRESS: &str = "resource_metadata=\"https://api.test/orders/.well-known/oauth-protected-resource\"";

fn config() -> Value {
    json!({
        "resource": "https://api.test/orders",
        "authorization_servers": ["https://login.test"],
        "scopes_supported": ["read"],
        "resource_scopes_overrides": [{"path": "/admin", "scopes_supported": ["root"]}],
    })
}

fn get(target: &str) -> Answer {
    Trial::of(NAME, config()).run(call().target(target))
}

#[test]
fn the_document_says_what_is_configured_and_leaves_out_what_is_not() {
    let answer = get(AT);
    assert_eq!((answer.status(), answer.header(CONTENT_TYPE)), (200, Some("application/json")));
    let expected = json!({
        "resource": "https://api.test/orders", "authorization_servers": ["https://login.test"],
        "scopes_supported": ["read"],
    });
    assert_eq!(*answer.json(), expected);
    assert_eq!(answer.refused_by(), None);
    let all = json!({
        "resource": "https://api.test",
        "authorization_servers": ["https://a"],
        "jwks_uri": "https://api.test/jwks",
        "scopes_supported": ["a"],
        "bearer_methods_supported": ["header", "body", "query"],
        "resource_signing_alg_values_supported": ["RS256"],
        "resource_name": "Orders",
        "resource_documentation": "https://docs",
        "resource_policy_uri": "https://policy",
        "resource_tos_uri": "https://tos",
        "tls_client_certificate_bound_access_tokens": true,
        "authorization_details_types_supported": ["payment"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "dpop_bound_access_tokens_required": true,
    });
    let answer = Trial::of(NAME, all.clone()).run(call().target(AT));
    assert_eq!(*answer.json(), all);
}

#[test]
fn the_document_is_where_rfc_9728_derives_it_too() {
    assert_eq!(get(&format!("{AT}/orders")).json()["resource"], "https://api.test/orders");
}

#[test]
fn a_part_of_the_api_has_scopes_of_its_own() {
    for target in ["/admin", "/orders/admin"] {
        let answer = get(&format!("{AT}{target}"));
        assert_eq!(answer.json()["scopes_supported"], json!(["root"]), "{target}");
        assert_eq!(answer.json()["resource"], "https://api.test/orders/admin");
    }
}

#[test]
fn other_paths_below_the_well_known_one_are_404() {
    for target in ["/x", "/orders/x", "/"] {
        let answer = get(&format!("{AT}{target}"));
        assert_eq!(answer.status(), 404, "{target}");
        assert!(answer.sent_upstream().is_none());
    }
    for target in ["/.well-known/oauth-protected-resources", "/.well-known", "/posts"] {
        assert_eq!(get(target).status(), 200, "{target} is the upstream's");
        assert!(get(target).sent_upstream().is_some());
    }
}

#[test]
fn other_methods_than_get_are_405() {
    for method in ["POST", "HEAD", "DELETE"] {
        let answer = Trial::of(NAME, config()).run(call().method(method).target(AT));
        assert_eq!((answer.status(), answer.header(ALLOW)), (405, Some("GET")), "{method}");
    }
}

#[test]
fn nobody_needs_a_token_to_learn_where_to_get_one() {
    let introspecting = json!({"introspection_url": "https://l", "authorization_value": "Basic a"});
    let trial = Trial::of("oauth2-token-introspection", introspecting).and(NAME, config());
    assert_eq!(trial.run(call().target(AT)).status(), 200);
    assert_eq!(trial.run(call()).header(WWW_AUTHENTICATE), Some(&*format!("Bearer {ADDRESS}")));
}

#[test]
fn pages_of_other_origins_can_read_the_document() {
    let cors: Value = serde_json::from_str(crate::kind("cors").expect("listed").example).expect("JSON");
    let origin = cors.pointer("/origin_groups/0/origins/0").and_then(Value::as_str);
    let origin = origin.expect("an example names one").to_owned();
    let trial = Trial::of(NAME, config()).and("cors", cors);
    let answer = trial.run(call().target(AT).header("origin", &origin));
    assert_eq!((answer.status(), answer.header("access-control-allow-origin")), (200, Some(&*origin)));
}

#[test]
fn challenges_of_other_policies_say_where_the_metadata_is() {
    let secret = json!({"signing_method": "hmac", "text_key": "0123456789abcdef0123456789abcdef"});
    let trial = Trial::of("jwt-validation", secret).and(NAME, config());
    assert_eq!(trial.run(call()).header(WWW_AUTHENTICATE), Some(&*format!("Bearer {ADDRESS}")));
    let answer = trial.run(call().header("authorization", "Bearer x"));
    let challenge = answer.header(WWW_AUTHENTICATE).expect("challenged");
    assert!(challenge.starts_with(&format!("Bearer {ADDRESS}, error=\"invalid_token\"")), "{challenge}");
}

#[test]
fn challenges_of_the_upstream_do_so_too_and_others_are_left_alone() {
    let after = |challenge: &str| {
        let trial = Trial::of(NAME, config()).answering(401, &[("www-authenticate", challenge)], "");
        trial.run(call()).header(WWW_AUTHENTICATE).map(str::to_owned)
    };
    assert_eq!(after("bearer"), Some(format!("Bearer {ADDRESS}")));
    assert_eq!(after("Bearer, Basic"), Some(format!("Bearer {ADDRESS}, Basic")));
    assert_eq!(after("Bearer realm=\"a\", Basic"), Some(format!("Bearer {ADDRESS}, realm=\"a\", Basic")));
    for other in ["Basic realm=\"Bearer\"", "Bearers", "Bearer resource_metadata=\"https://x\"", "Bear"] {
        assert_eq!(after(other).as_deref(), Some(other));
    }
}

#[test]
fn faults_are_told_all_at_once() {
    let faulty = json!({
        "resource": "http://api.test", "authorization_servers": ["https://a", "b"], "jwks_uri": "x",
        "scopes_supported": ["a b"], "resource_signing_alg_values_supported": ["RS256", "none"],
        "resource_scopes_overrides": [{"path": "admin", "scopes_supported": ["a\"b"]}],
    });
    assert_eq!(
        Trial::faults(NAME, &faulty),
        [
            "resource",
            "jwks_uri",
            "authorization_servers[1]",
            "resource_signing_alg_values_supported[1]",
            "scopes_supported[0]",
            "resource_scopes_overrides[0].path",
            "resource_scopes_overrides[0].scopes_supported[0]",
        ]
    );
    for resource in ["https://a#b", "https://a?b", "ftp://a", "https://u:p@a"] {
        assert_eq!(Trial::faults(NAME, &json!({ "resource": resource })), ["resource"], "{resource}");
    }
    for resource in ["http://localhost:8081/a", "http://127.0.0.1", "http://[::1]:1/x", "https://a/"] {
        assert!(Trial::faults(NAME, &json!({ "resource": resource })).is_empty(), "{resource}");
    }
    let twice = json!({"resource": "https://a", "resource_scopes_overrides": [
        {"path": "/a", "scopes_supported": ["x"]}, {"path": "/a/", "scopes_supported": ["x"]},
    ]});
    assert_eq!(Trial::faults(NAME, &twice), ["resource_scopes_overrides[1].path"]);
}
