//! What is written, checked and written again.

use serde_json::{Value, json};

use super::{RouteInput, UpstreamInput};
use crate::{Balance, Ejection, HashOn, Millis, Upstream, UpstreamProtocol};

fn read(value: Value) -> UpstreamInput {
    serde_json::from_value(value).expect("of the right form")
}

fn upstream(value: Value) -> Upstream {
    read(value).check().expect("valid")
}

fn fields(faults: Vec<crate::Fault>) -> Vec<String> {
    let mut fields: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
    fields.sort();
    fields
}

fn faults(value: Value) -> Vec<String> {
    fields(read(value).check().expect_err("faulty"))
}

fn everything() -> Value {
    json!({
        "targets": [{"url": "https://10.0.0.1:9000/a", "weight": 2}, {"url": "https://10.0.0.2:9000/"}],
        "balance": "consistent_hash",
        "hash_on": "cookie:session",
        "protocol": "http2",
        "timeouts": {"connect": "1s", "response": "2s", "idle": "3s", "total": "1m", "keep_alive": "5s"},
        "health": {
            "path": "/health?deep=1", "interval": "5s", "timeout": "1s", "expect": "200-299,404",
            "healthy_after": 1, "unhealthy_after": 5
        },
        "ejection": {"failures": 3, "duration": "20s", "max_percent": 100},
        "retries": {"attempts": 2, "on_status": [502, 503], "budget_percent": 10},
        "ceilings": {"connections": 100, "pending": 50, "requests": 200},
        "tls": {"verify": false, "authority": "my-ca", "certificate": "mine", "server_name": "[::1]"}
    })
}

#[test]
fn a_url_is_enough() {
    let url = "http://127.0.0.1:9000/posts";
    let read = upstream(json!({"url": url}));
    assert_eq!(read, Upstream::of_url(crate::UpstreamUrl::parse(url).expect("valid")));
    assert_eq!(serde_json::to_value(UpstreamInput::of(&read)).expect("written"), json!({"url": url}));
}

#[test]
fn everything_is_read_and_written_again_as_it_was() {
    let read = upstream(everything());
    assert_eq!(read.targets.iter().map(|target| target.weight).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(read.balance, Balance::ConsistentHash(HashOn::Cookie("session".into())));
    assert_eq!((read.protocol, read.timeouts.total), (UpstreamProtocol::Http2, Some(Millis(60_000))));
    assert_eq!(read.ejection, Some(Ejection { failures: 3, duration: Millis(20_000), max_percent: 100 }));
    assert_eq!(read.retries.on_status, [502, 503]);
    assert_eq!(read.ceilings.pending, Some(50));
    assert_eq!(read.tls.server_name.as_deref(), Some("::1"));
    let written = UpstreamInput::of(&read);
    assert_eq!(serde_json::to_value(&written).expect("written"), everything());
    assert_eq!(written.check(), Ok(read));
}

#[test]
fn what_is_as_the_default_has_it_is_left_out() {
    let read = upstream(json!({
        "targets": [{"url": "http://a/", "weight": 1}],
        "balance": "round_robin", "protocol": "auto", "timeouts": {"connect": 5000}, "ejection": true,
        "retries": {"attempts": 1}, "ceilings": {}, "tls": {"verify": true}, "health": {"expect": "200-399"}
    }));
    let written = serde_json::to_value(UpstreamInput::of(&read)).expect("written");
    assert_eq!(written, json!({"url": "http://a/", "health": {}}));
}

#[test]
fn ejection_is_on_unless_it_is_switched_off() {
    let ejection = |value| upstream(json!({"url": "http://a", "ejection": value})).ejection;
    assert_eq!(upstream(json!({"url": "http://a"})).ejection, Some(Ejection::default()));
    assert_eq!(ejection(json!(true)), Some(Ejection::default()));
    assert_eq!(ejection(json!({"failures": 1})), Some(Ejection { failures: 1, ..Ejection::default() }));
    assert_eq!(ejection(json!(false)), None);
    let off = UpstreamInput::of(&upstream(json!({"url": "http://a", "ejection": false})));
    assert_eq!(serde_json::to_value(off).expect("written"), json!({"url": "http://a/", "ejection": false}));
}

#[test]
fn one_status_is_a_number_too() {
    let health = upstream(json!({"url": "http://a", "health": {"expect": 204}})).health.expect("given");
    assert!(health.expect.contains(204) && !health.expect.contains(200));
}

#[test]
fn a_short_interval_shortens_the_default_timeout() {
    let health = |value| upstream(json!({"url": "http://a", "health": value})).health.expect("given");
    let short = health(json!({"interval": "2s"}));
    assert_eq!(short.timeout, Millis(1_000));
    assert_eq!(health(json!({})).timeout, Millis(2_000));
    let written =
        UpstreamInput::of(&Upstream { health: Some(short), ..upstream(json!({"url": "http://a"})) });
    assert_eq!(serde_json::to_value(written.health).expect("written"), json!({"interval": "2s"}));
}

#[test]
fn every_fault_at_once_with_its_field() {
    let found = faults(json!({
        "targets": [{"url": "nowhere"}, {"url": "http://a", "weight": 0}, {"url": "http://a:80/", "weight": 1001}],
        "hash_on": "client_address",
        "timeouts": {"connect": "0s", "total": "2h"},
        "health": {
            "path": "health", "interval": "500ms", "timeout": "500ms", "expect": "ok", "healthy_after": 0,
            "unhealthy_after": 101
        },
        "ejection": {"failures": 0, "duration": 0, "max_percent": 101},
        "retries": {"attempts": 6, "on_status": [503, 200], "budget_percent": 101},
        "ceilings": {"connections": 0, "pending": 2_000_000, "requests": 0},
        "tls": {"authority": " ", "certificate": "", "server_name": "a b"}
    }));
    assert_eq!(
        found,
        [
            "ceilings.connections",
            "ceilings.pending",
            "ceilings.requests",
            "ejection.duration",
            "ejection.failures",
            "ejection.max_percent",
            "hash_on",
            "health.expect",
            "health.healthy_after",
            "health.interval",
            "health.path",
            "health.timeout",
            "health.unhealthy_after",
            "retries.attempts",
            "retries.budget_percent",
            "retries.on_status[1]",
            "targets[0].url",
            "targets[1].weight",
            "targets[2].url",
            "targets[2].weight",
            "timeouts.connect",
            "timeouts.total",
            "tls.authority",
            "tls.certificate",
            "tls.server_name"
        ]
    );
}

#[test]
fn a_url_or_targets_but_not_both_and_not_none() {
    assert_eq!(faults(json!({})), ["url"]);
    assert_eq!(faults(json!({"targets": []})), ["targets"]);
    assert_eq!(faults(json!({"url": "http://a", "targets": [{"url": "http://b"}]})), ["targets"]);
    let many: Vec<_> = (0..51).map(|n| json!({"url": format!("http://h{n}")})).collect();
    assert_eq!(faults(json!({"targets": many})), ["targets"]);
}

#[test]
fn a_consistent_hash_says_what_of_and_nothing_else_does() {
    let hash = |balance: &str, on: &str| json!({"url": "http://a", "balance": balance, "hash_on": on});
    assert_eq!(faults(json!({"url": "http://a", "balance": "consistent_hash"})), ["hash_on"]);
    assert_eq!(faults(hash("consistent_hash", "query:x")), ["hash_on"]);
    assert_eq!(faults(hash("least_outstanding", "cookie:x")), ["hash_on"]);
    assert_eq!(
        upstream(hash("consistent_hash", "client_address")).balance,
        Balance::ConsistentHash(HashOn::ClientAddress)
    );
}

fn routes(value: Value) -> Result<Vec<crate::ApiRoute>, Vec<crate::Fault>> {
    let routes: Vec<RouteInput> = serde_json::from_value(value).expect("of the right form");
    RouteInput::check_all(&routes)
}

#[test]
fn routes_are_read_and_written_again_as_they_were() {
    let written = json!([
        {
            "name": "orders-v2", "path": "/v2(/.*)", "methods": ["GET"], "hosts": ["api.test"],
            "headers": [{"name": "x-tier", "value": "gold|silver"}], "destination_path": "/orders",
            "upstream": everything()
        },
        {"name": "rest", "upstream": {"url": "http://b/"}}
    ]);
    let read = routes(written.clone()).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(read[0].rule.path.as_ref().and_then(|path| path.tail_of("/v2/7")).as_deref(), Some("/7"));
    assert_eq!(read[1].destination_path, "/");
    let again: Vec<_> = read.iter().map(RouteInput::of).collect();
    assert_eq!(serde_json::to_value(&again).expect("written"), written);
    assert_eq!(RouteInput::check_all(&again), Ok(read));
}

#[test]
fn every_fault_of_every_route_at_once_with_its_field() {
    let found = routes(json!([
        {"name": "a", "upstream": {"url": "http://a"}},
        {
            "name": " ", "path": "(", "methods": ["get"], "hosts": ["a b"],
            "headers": [{"name": "x y", "value": "("}, {"name": "x", "value": "("}],
            "destination_path": "/a/../b", "upstream": {"targets": [{"url": "http://a", "weight": 0}]}
        },
        {"name": "a", "upstream": {"url": "nowhere"}},
        {"name": "a", "upstream": {"url": "http://b"}}
    ]));
    assert_eq!(
        fields(found.expect_err("faulty")),
        [
            "routes[1].destination_path",
            "routes[1].headers[0].name",
            "routes[1].headers[0].value",
            "routes[1].headers[1].value",
            "routes[1].hosts[0]",
            "routes[1].methods[0]",
            "routes[1].name",
            "routes[1].path",
            "routes[1].upstream.targets[0].weight",
            "routes[2].name",
            "routes[2].upstream.url",
            "routes[3].name"
        ]
    );
    let many: Vec<_> =
        (0..51).map(|n| json!({"name": format!("r{n}"), "upstream": {"url": "http://a"}})).collect();
    assert_eq!(fields(routes(json!(many)).expect_err("too many")), ["routes"]);
}
