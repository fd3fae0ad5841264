//! What holds for every policy in shadow.

use gatepost_model::Outcome;
use serde_json::json;

use super::{Trial, call};

#[test]
fn a_policy_in_shadow_refuses_nobody_and_says_that_it_would() {
    let trial = Trial::of("client-id-enforcement", json!({})).in_shadow();
    let answer = trial.run(call());
    assert_eq!((answer.status(), answer.refused_by()), (200, None));
    assert_eq!(answer.outcomes(), [Outcome::WouldRefuse]);
    assert_eq!(answer.notes(), ["no client ID"]);
    assert_eq!(answer.would_refuse_by(), Some("client-id-enforcement"));
}

#[test]
fn the_first_in_shadow_that_would_refuse_is_counted_beside_the_one_that_does() {
    let trial = Trial::of("ip-blocklist", json!({"ips": ["127.0.0.1"]})).in_shadow();
    let trial = trial.and("client-id-enforcement", json!({})).in_shadow();
    let answer = trial.and("ip-allowlist", json!({"ips": ["192.0.2.1"]})).run(call());
    assert_eq!((answer.would_refuse_by(), answer.refused_by()), (Some("ip-blocklist"), Some("ip-allowlist")));
}

#[test]
fn a_policy_in_shadow_changes_nothing_and_says_that_it_would() {
    let config = json!({
        "inbound_headers": [{"key": "x-in", "value": "1"}], "outbound_headers": [{"key": "x-out", "value": "1"}],
    });
    let answer = Trial::of("header-injection", config).in_shadow().run(call());
    assert!(answer.sent_upstream().is_some_and(|headers| !headers.contains_key("x-in")));
    assert_eq!((answer.header("x-out"), answer.header("x-backend")), (None, Some("one")));
    assert_eq!(answer.outcomes(), [Outcome::WouldChange, Outcome::WouldChange]);
}

#[test]
fn who_calls_is_not_known_to_others_from_a_policy_in_shadow() {
    let trial =
        Trial::of("client-id-enforcement", json!({})).with_client("my-app", "s3cret", true).in_shadow();
    let answer = trial.run(call().header("client_id", "my-app").header("client_secret", "s3cret"));
    assert_eq!((answer.client_name(), answer.outcomes()), (None, vec![Outcome::Passed]));
}

#[test]
fn a_policy_in_shadow_uses_its_real_state_and_keeps_its_headers_to_itself() {
    let config = json!({"limits": [{"requests": 1, "per": "1m"}], "expose_headers": true});
    let trial = Trial::of("rate-limiting", config).in_shadow();
    let outcomes: Vec<_> = (0..2).map(|_| trial.run(call()).outcomes()[0]).collect();
    assert_eq!(outcomes, [Outcome::Passed, Outcome::WouldRefuse]);
    assert_eq!(trial.run(call()).header("x-ratelimit-limit"), None);
}
