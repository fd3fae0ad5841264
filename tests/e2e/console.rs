//! The management API over HTTP: only with the token, only from this machine's own pages, and it says what is wrong.

use serde_json::json;

use crate::program::{Answer, Backend, Gateway, caller, get, until};

#[test]
fn nothing_is_told_without_the_token() {
    let gateway = Gateway::start();
    let url = format!("{}/api/apis", gateway.admin());
    for url in [url.clone(), format!("{}/api/no-such-operation", gateway.admin())] {
        for headers in [vec![], vec![("authorization", "Bearer wrong")]] {
            let answer = get(&caller(), &url, &headers);
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (401, &json!("unauthorized")));
        }
    }
    let unknown = gateway.ask("GET", "/no-such-operation", None);
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!("not_found")));
}

#[test]
fn other_pages_and_other_names_are_refused() {
    let gateway = Gateway::start();
    let bearer = format!("Bearer {}", gateway.token());
    let url = format!("{}/api/apis", gateway.admin());
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let answer = get(&caller(), &url, &[("authorization", &bearer), (name, value)]);
        assert_eq!(answer.status, 403, "{name}: {value}");
    }
}

#[test]
fn the_console_is_served_with_a_policy_against_foreign_scripts() {
    let gateway = Gateway::start();
    let page = get(&caller(), gateway.admin(), &[]);
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'self'"))
    );
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
}

#[test]
fn every_fault_of_an_input_is_named_at_once() {
    let gateway = Gateway::start();
    let faulty = json!({"name": "", "listen": {"base_path": "x"}, "upstream": {"url": "nowhere"}});
    let answer = gateway.ask("POST", "/apis", Some(faulty));
    assert_eq!(answer.status, 422);
    let answer = answer.json();
    let mut fields: Vec<_> = answer["error"]["faults"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|fault| fault["field"].as_str())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["listen.base_path", "name", "upstream.url"]);
    assert_eq!(gateway.show("/apis"), json!([]));
}

#[test]
fn two_apis_cannot_have_the_same_address() {
    let gateway = Gateway::start();
    let api = |name: &str| json!({"name": name, "listen": {"port": gateway.port, "base_path": "/a"}, "upstream": {"url": "http://127.0.0.1:1"}});
    gateway.manage("POST", "/apis", api("One"));
    let second = gateway.ask("POST", "/apis", Some(api("Two")));
    assert_eq!(
        (second.status, &second.json()["error"]["faults"][0]["field"]),
        (409, &json!("listen.base_path"))
    );
}

#[test]
fn live_events_tell_of_calls_and_changes() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let events = gateway.live();
    let (_, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    assert_eq!(get(&caller(), &url, &[]).status, 200);
    let mut kinds = std::collections::BTreeSet::new();
    until("a change, a call and a second were told", || {
        let event = events.recv_timeout(crate::program::PATIENCE).unwrap();
        if event["kind"] == "calls" {
            assert_eq!(event["calls"][0]["api_name"], "Posts API");
        }
        kinds.insert(event["kind"].as_str().unwrap().to_owned());
        (kinds.len() == 3).then_some(())
    });
}

#[test]
fn secrets_are_shown_when_issued_and_on_request_only() {
    let gateway = Gateway::start();
    let (app, _, secret) = gateway.client("MyTestApp");
    let shown: Answer = gateway.ask("GET", &format!("/clients/{app}"), None);
    assert!(!shown.body.contains(&secret));
    let credential = shown.json()["credentials"][0]["id"].clone();
    let revealed =
        gateway.manage("POST", &format!("/clients/{app}/credentials/{credential}/reveal"), json!(null));
    assert_eq!(revealed["client_secret"], json!(secret));
    for file in ["gatepost.db", "gatepost.db-wal"] {
        let bytes = std::fs::read(gateway.folder.path().join("data").join(file)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{file}");
    }
}

#[test]
fn calls_pass_unrecorded_while_recording_is_off_and_count_again_when_it_is_on() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (_, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    let record = |gateway: &Gateway, on: bool| {
        let mut settings = gateway.show("/settings");
        settings["recording"] = json!(on);
        gateway.manage("PUT", "/settings", settings);
    };
    record(&gateway, false);
    assert_eq!(get(&caller(), &url, &[]).status, 200);
    assert_eq!(gateway.show("/status")["recording"]["on"], json!(false));
    let gateway = Gateway::start_on(gateway.kill(), &[]);
    assert_eq!(get(&caller(), &url, &[]).status, 200, "still off after a new start");
    record(&gateway, true);
    assert_eq!(get(&caller(), &url, &[]).status, 200);
    let recorded = until("the third call is there", || {
        let page = gateway.show("/calls");
        let calls = page["calls"].as_array().unwrap().len();
        (calls > 0).then_some(calls)
    });
    assert_eq!(recorded, 1);
}
