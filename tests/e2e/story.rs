//! The story: a proxy in front of a backend, protected, limited, called and watched.

use serde_json::{Value, json};

use crate::program::{Backend, Gateway, caller, get, until};

#[test]
fn five_calls_a_minute_and_not_one_more() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    gateway.apply(api, "client-id-enforcement", json!({}));
    gateway.apply(
        api,
        "rate-limiting",
        json!({"limits": [{"requests": 5, "per": "1m"}], "expose_headers": true}),
    );
    let (app, id, secret) = gateway.client("MyTestApp");
    gateway.grant(app, api);
    let (_, other_id, other_secret) = gateway.client("Of another API");
    let agent = caller();

    let without = get(&agent, &format!("{url}/1"), &[]);
    assert_eq!(without.status, 401);
    assert_eq!(without.header("www-authenticate"), Some("Client-ID-Enforcement"));
    assert_eq!(without.json()["policy"], "client-id-enforcement");
    let wrong = get(&agent, &format!("{url}/1"), &[("client_id", &id), ("client_secret", "wrong")]);
    assert_eq!(wrong.status, 401);
    let other =
        get(&agent, &format!("{url}/1"), &[("client_id", &other_id), ("client_secret", &other_secret)]);
    assert_eq!(other.status, 401);
    assert_eq!(
        other.json()["error"],
        wrong.json()["error"],
        "which of the two it was is not the caller's to know"
    );

    let backends_own = get(&agent, &format!("{}/posts/1", backend.url), &[]);
    let credentials = [("client_id", id.as_str()), ("client_secret", secret.as_str())];
    for call in 1..=5 {
        let answer = get(&agent, &format!("{url}/1"), &credentials);
        assert_eq!((answer.status, &answer.body), (200, &backends_own.body), "call {call}");
        assert_eq!(answer.header("x-ratelimit-remaining"), Some((5 - call).to_string().as_str()));
    }
    let sixth = get(&agent, &format!("{url}/1"), &credentials);
    assert_eq!(sixth.status, 429);
    let retry_after: u64 = sixth.header("retry-after").expect("given").parse().expect("seconds");
    assert!((1..=60).contains(&retry_after));
    assert_eq!(sixth.json()["request_id"].as_str(), sixth.header("x-request-id"));

    let analytics = gateway.show(&format!("/analytics?api_id={api}"));
    let totals = &analytics["totals"];
    assert_eq!((&totals["calls"], &totals["ok_2xx"], &totals["refused"]), (&json!(9), &json!(5), &json!(4)));
    assert_eq!(
        analytics["by_policy"],
        json!([{"policy": "client-id-enforcement", "calls": 3, "would_refuse": 0}, {"policy": "rate-limiting", "calls": 1, "would_refuse": 0}])
    );
    let of_app = gateway.show(&format!("/analytics?client_app_id={app}"));
    assert_eq!(of_app["totals"]["calls"], 6);
    let in_series: u64 =
        analytics["series"].as_array().expect("a list").iter().filter_map(|p| p["calls"].as_u64()).sum();
    assert_eq!(in_series, 9);

    let call = recorded(&gateway, sixth.header("x-request-id").expect("given"));
    assert_eq!(
        (&call["status"], &call["refused_by"], &call["client_name"]),
        (&json!(429), &json!("rate-limiting"), &json!("MyTestApp"))
    );
    let outcomes: Vec<_> =
        call["trail"].as_array().expect("a list").iter().filter_map(|s| s["outcome"].as_str()).collect();
    assert_eq!(&outcomes[..2], ["passed", "refused"]);
    let text = call.to_string();
    assert!(!text.contains(&secret), "a secret reached the record of a call");
}

fn recorded(gateway: &Gateway, request_id: &str) -> Value {
    let summary = until("the call is recorded", || {
        let page = gateway.show("/calls?limit=50");
        page["calls"].as_array()?.iter().find(|call| call["request_id"] == request_id).cloned()
    });
    gateway.show(&format!("/calls/{}", summary["id"]))
}

#[test]
fn the_tester_calls_as_a_client_app_and_shows_the_trail() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, _) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    gateway.apply(api, "client-id-enforcement", json!({}));
    gateway.apply(api, "rate-limiting", json!({"limits": [{"requests": 5, "per": "1m"}]}));
    let (app, _, secret) = gateway.client("MyTestApp");
    gateway.grant(app, api);

    let request = json!({"method": "GET", "api_id": api, "path": "/1"});
    let without = gateway.manage("POST", "/tester/send", request.clone());
    assert_eq!(
        (&without["status"], &without["call"]["refused_by"]),
        (&json!(401), &json!("client-id-enforcement"))
    );

    let mut as_app = request;
    as_app["call_as"] = json!(app);
    let answer = gateway.manage("POST", "/tester/send", as_app.clone());
    assert_eq!(answer["status"], 200);
    assert_eq!(answer["call"]["client_name"], "MyTestApp");
    let phases: Vec<_> = answer["call"]["trail"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|s| s["phase"].as_str())
        .collect();
    assert!(phases.contains(&"upstream"), "{phases:?}");
    assert!(!answer.to_string().contains(&secret), "the secret is hidden in what was sent");

    let burst =
        gateway.manage("POST", "/tester/burst", json!({"request": as_app, "count": 10, "concurrency": 4}));
    let calls = |status: u64| {
        let counts = burst["by_status"].as_array().expect("a list").iter();
        counts
            .filter(|count| count["status"] == status)
            .filter_map(|count| count["calls"].as_u64())
            .sum::<u64>()
    };
    assert_eq!((calls(200), calls(429)), (4, 6));
    assert_eq!(burst["first_refused"]["status"], 429);
}

#[test]
fn a_contract_revoked_is_refused_at_once_and_restored_at_once() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    let (app, id, secret) = gateway.client("MyTestApp");
    gateway.apply(api, "client-id-enforcement", json!({}));
    let contract = gateway.grant(app, api);
    let agent = caller();
    let status = || get(&agent, &url, &[("client_id", &id), ("client_secret", &secret)]).status;
    assert_eq!(status(), 200);
    gateway.manage("POST", &format!("/contracts/{contract}/revoke"), Value::Null);
    assert_eq!(status(), 401);
    gateway.manage("POST", &format!("/contracts/{contract}/restore"), Value::Null);
    assert_eq!(status(), 200);
}

#[test]
fn counters_survive_a_save_that_does_not_touch_their_policy() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    let limit = json!({"limits": [{"requests": 2, "per": "1h"}]});
    let limiting = gateway.apply(api, "rate-limiting", limit.clone());
    let agent = caller();
    assert_eq!(get(&agent, &url, &[]).status, 200);
    assert_eq!(get(&agent, &url, &[]).status, 200);
    let injecting =
        gateway.apply(api, "header-injection", json!({"outbound_headers": [{"key": "x-a", "value": "1"}]}));
    assert_eq!(get(&agent, &url, &[]).status, 429, "after another policy was added");
    gateway.manage("PUT", &format!("/apis/{api}/policies-order"), json!({"ids": [injecting, limiting]}));
    assert_eq!(get(&agent, &url, &[]).status, 429, "after a reorder");
    let off = json!({"policy": "header-injection", "config": {"outbound_headers": [{"key": "x-a", "value": "1"}]}, "enabled": false});
    gateway.manage("PUT", &format!("/apis/{api}/policies/{injecting}"), off);
    let refused = get(&agent, &url, &[]);
    assert_eq!((refused.status, refused.header("x-a")), (429, None), "after another was switched off");
    let more = json!({"policy": "rate-limiting", "config": {"limits": [{"requests": 3, "per": "1h"}]}});
    gateway.manage("PUT", &format!("/apis/{api}/policies/{limiting}"), more);
    assert_eq!(get(&agent, &url, &[]).status, 200, "a change of the policy itself begins anew");
}

#[test]
fn a_policy_is_only_for_the_methods_and_paths_of_its_scope() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Echo", &format!("{}/echo", backend.url));
    let input = json!({
        "policy": "client-id-enforcement", "config": {}, "only": [{"methods": ["GET"], "path": "/private/.*"}]
    });
    gateway.manage("POST", &format!("/apis/{api}/policies"), input);
    let agent = caller();
    assert_eq!(get(&agent, &format!("{url}/open"), &[]).status, 200);
    assert_eq!(get(&agent, &format!("{url}/private/a"), &[]).status, 401);
    assert_eq!(agent.post(format!("{url}/private/a")).send_empty().expect("answers").status(), 200);
}
