//! What policies would have done with calls that are over.

use std::sync::Arc;

use gatepost_gateway::{
    Chain, ClientDirectory, Enforcement, Identity, PastAnswer, PastCall, Plan, Rehearsal, Rehearsed, Route,
    Unrecorded,
};
use gatepost_model::{ApiId, BasePath, REDACTED, Scope, Upstream, UpstreamUrl};
use serde_json::{Value, json};

use crate::kind;

/// `GET /posts` from this machine, `seconds` after the first.
fn past(seconds: i64) -> PastCall {
    PastCall {
        at_us: 1_700_000_000_000_000 + seconds * 1_000_000,
        method: "GET".into(),
        target: "/posts".into(),
        http_version: "HTTP/1.1".into(),
        headers: vec![("host".into(), "localhost".into())],
        bytes: 0,
        body: None,
        remote: ([127, 0, 0, 1], 40_000).into(),
        request_id: "r-1".into(),
        is_https: false,
        identity: Identity::default(),
        unknown: Unrecorded::NOTHING,
        answer: Some(PastAnswer { status: 200, headers: vec![("x-a".into(), "1".into())], bytes: 10 }),
    }
}

fn with_header(call: PastCall, name: &str, value: &str) -> PastCall {
    let mut headers = call.headers.clone();
    headers.push((name.into(), value.into()));
    PastCall { headers, ..call }
}

fn rehearsal(policy: &str, config: &Value, only: &[Scope]) -> Rehearsal {
    let upstream = Upstream::of_url(UpstreamUrl::parse("http://127.0.0.1:1").expect("valid"));
    let base_path = BasePath::parse("/posts").expect("valid");
    let route = Route::plain(ApiId(1), base_path, &upstream, Enforcement::Ready(Chain::default()));
    let plan = Plan { clients: Arc::new(ClientDirectory::default()), ..Plan::default() };
    Rehearsal::new(kind(policy).expect("listed"), config, only, Arc::new(plan), &route).expect("compiles")
}

fn of(policy: &str, config: &Value, call: &PastCall) -> Rehearsed {
    rehearsal(policy, config, &[]).next(call)
}

fn status(rehearsed: &Rehearsed) -> Option<u16> {
    match rehearsed {
        Rehearsed::Refused { status, .. } => Some(status.as_u16()),
        _ => None,
    }
}

fn cannot_tell(rehearsed: &Rehearsed) -> &str {
    match rehearsed {
        Rehearsed::CannotTell(why) => why,
        told => panic!("{told:?}"),
    }
}

#[test]
fn a_limit_counts_by_the_times_of_the_calls() {
    let mut limit = rehearsal("rate-limiting", &json!({"limits": [{"requests": 2, "per": "1m"}]}), &[]);
    let told: Vec<_> = [0, 10, 20, 59, 60, 61, 62].map(|second| status(&limit.next(&past(second)))).into();
    assert_eq!(told, [None, None, Some(429), Some(429), None, None, Some(429)]);
}

#[test]
fn calls_out_of_scope_are_neither_judged_nor_counted() {
    let only = [Scope { methods: vec!["POST".into()], path: Some("/".into()) }];
    let mut limit = rehearsal("rate-limiting", &json!({"limits": [{"requests": 1, "per": "1m"}]}), &only);
    assert_eq!(limit.next(&past(0)), Rehearsed::OutOfScope);
    let post = |second| PastCall { method: "POST".into(), ..past(second) };
    assert_eq!([status(&limit.next(&post(1))), status(&limit.next(&post(2)))], [None, Some(429)]);
}

#[test]
fn what_hangs_on_a_secret_cannot_be_told_and_what_does_not_can() {
    let signed = with_header(past(0), "authorization", REDACTED);
    let jwt =
        || json!({"signing_method": "hmac", "text_key": "x".repeat(32), "skip_client_id_validation": true});
    assert!(cannot_tell(&of("jwt-validation", &jwt(), &signed)).contains("authorization"));
    assert_eq!(status(&of("jwt-validation", &jwt(), &past(0))), Some(400), "it has no token at all");
    let blocked = json!({"ips": ["127.0.0.1"]});
    assert_eq!(status(&of("ip-blocklist", &blocked, &signed)), Some(403), "whatever the secret is");
}

#[test]
fn callers_by_a_secret_pass_together_as_long_as_that_is_certain() {
    let config =
        json!({"limits": [{"requests": 2, "per": "1m"}], "key": "#[attributes.headers['authorization']]"});
    let mut limit = rehearsal("rate-limiting", &config, &[]);
    let mut next = |second| limit.next(&with_header(past(second), "authorization", REDACTED));
    assert!(matches!([next(0), next(1)], [Rehearsed::Passed(_), Rehearsed::Passed(_)]));
    assert!(cannot_tell(&next(2)).contains("authorization"), "it may be another caller's");
}

#[test]
fn a_redacted_query_is_a_secret_too() {
    let config = json!({"client_id_expression": "#[attributes.queryParams['client_id']]",
        "client_secret_expression": "#[attributes.queryParams['client_secret']]"});
    let call = PastCall { target: format!("/posts?client_id=a&client_secret={REDACTED}"), ..past(0) };
    assert!(cannot_tell(&of("client-id-enforcement", &config, &call)).contains("its query"));
    assert_eq!(status(&of("client-id-enforcement", &config, &past(0))), Some(401));
}

#[test]
fn says_what_would_be_changed_in_both_messages_without_values() {
    let config = json!({"inbound_headers": [{"key": "x-new", "value": "v"}],
        "outbound_headers": [{"key": "x-a", "value": "other"}]});
    let Rehearsed::Changed { what, .. } = of("header-injection", &config, &past(0)) else {
        panic!("not changed")
    };
    assert_eq!(what, ["request: gets x-new", "answer: gets another x-a"]);
}

#[test]
fn who_called_counts_where_it_is_recorded() {
    let config = json!({"limits": [{"requests": 1, "per": "1m"}], "key": "#[authentication.clientId]"});
    let mut limit = rehearsal("rate-limiting", &config, &[]);
    let known = |id: &str| {
        let identity = Identity { client_id: Some(id.into()), ..Identity::default() };
        PastCall { identity, ..past(0) }
    };
    let told = [known("a"), known("b"), known("a")].map(|call| status(&limit.next(&call)));
    assert_eq!(told, [None, None, Some(429)]);
    let unknown = PastCall { unknown: Unrecorded::ANYTHING, ..past(0) };
    assert!(cannot_tell(&limit.next(&unknown)).contains("which client called"));
}

#[test]
fn key_sets_are_not_fetched() {
    // Nobody listens there: a fetch would be an error, and not this.
    let config = json!({"signing_method": "es", "jwt_key_origin": "jwks", "jwks_url": "http://127.0.0.1:1/",
        "skip_client_id_validation": true, "jwt_origin": "custom_expression", "jwt_expression": "#[attributes.headers['x-token']]"});
    let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJhbm4ifQ.AAAA";
    let call = with_header(past(0), "x-token", token);
    assert!(cannot_tell(&of("jwt-validation", &config, &call)).contains("another server"));
}

#[test]
fn a_record_of_something_that_is_no_request_says_so() {
    let call = PastCall { method: "G T".into(), ..past(0) };
    assert!(cannot_tell(&of("ip-blocklist", &json!({"ips": ["10"]}), &call)).contains("put together"));
}

#[test]
fn an_answer_that_was_never_given_is_not_judged() {
    let config = json!({"outbound_headers": [{"key": "x-a", "value": "#[attributes.statusCode]"}]});
    let call = PastCall { answer: None, ..past(0) };
    assert!(matches!(of("header-injection", &config, &call), Rehearsed::Passed(_)), "its request half ran");
}
