//! What is behind an API: written, checked, put in force, read back.

use serde_json::{Value, json};

use crate::program::{Backend, DataFolder, Gateway, PATIENCE, caller, free_port, get, run, until};

/// A file that says everything that can be said about upstreams and routes, and its one API as the management API
/// shows it.
fn everything(port: u16) -> (String, Value) {
    let text = format!(
        r#"
gatepost: 1
apis:
  - name: Orders
    listen: {{port: {port}, base_path: /orders, hosts: [api.test], version_header: API-Version}}
    upstream:
      targets: [{{url: "http://127.0.0.1:9", weight: 2}}, {{url: "https://127.0.0.2:9/b"}}]
      balance: consistent_hash
      hash_on: header:X-User
      protocol: http1
      timeouts: {{connect: 1s, response: 2s, idle: 3s, total: 1m, keep_alive: 5000}}
      health: {{path: /health, interval: 1h, timeout: 1s, expect: 204, healthy_after: 1, unhealthy_after: 5}}
      ejection: {{failures: 3, duration: 20s, max_percent: 100}}
      retries: {{attempts: 2, on_status: [502, 503], budget_percent: 10}}
      ceilings: {{connections: 100, pending: 50, requests: 200}}
      tls: {{verify: false, server_name: api.internal}}
    routes:
      - name: orders-v2
        path: "/v2(/.*)"
        methods: [GET]
        hosts: [v2.test]
        headers: [{{name: X-Tier, value: "gold|silver"}}]
        destination_path: /orders
        upstream: {{url: "http://127.0.0.1:9/v2", ejection: false}}
      - {{name: rest, upstream: {{url: "http://127.0.0.1:9", timeouts: {{connect: 5s}}}}}}
"#
    );
    let form = json!({
        "name": "Orders",
        "asset_id": "orders",
        "version": "v1",
        "label": "default",
        "listen": {
            "address": "127.0.0.1", "port": port, "base_path": "/orders", "hosts": ["api.test"],
            "version_header": "api-version"
        },
        "upstream": {
            "targets": [{"url": "http://127.0.0.1:9/", "weight": 2}, {"url": "https://127.0.0.2:9/b"}],
            "balance": "consistent_hash",
            "hash_on": "header:x-user",
            "protocol": "http1",
            "timeouts": {"connect": "1s", "response": "2s", "idle": "3s", "total": "1m", "keep_alive": "5s"},
            "health": {
                "path": "/health", "interval": "1h", "timeout": "1s", "expect": "204", "healthy_after": 1,
                "unhealthy_after": 5
            },
            "ejection": {"failures": 3, "duration": "20s", "max_percent": 100},
            "retries": {"attempts": 2, "on_status": [502, 503], "budget_percent": 10},
            "ceilings": {"connections": 100, "pending": 50, "requests": 200},
            "tls": {"verify": false, "server_name": "api.internal"}
        },
        "routes": [
            {
                "name": "orders-v2", "path": "/v2(/.*)", "methods": ["GET"], "hosts": ["v2.test"],
                "headers": [{"name": "x-tier", "value": "gold|silver"}], "destination_path": "/orders",
                "upstream": {"url": "http://127.0.0.1:9/v2", "ejection": false}
            },
            {"name": "rest", "upstream": {"url": "http://127.0.0.1:9/"}}
        ]
    });
    (text, form)
}

#[test]
fn everything_that_can_be_written_is_applied_and_read_back_the_same() {
    let (text, form) = everything(free_port());
    let folder = DataFolder::new();
    let path = folder.write("gatepost.yaml", &text);
    let config = ["--config", path.to_str().unwrap()];
    let gateway = Gateway::start_on(folder, &config);
    let id = gateway.show("/apis")[0]["id"].clone();
    let api = gateway.show(&format!("/apis/{id}"));
    assert_eq!(api["form"], form);
    assert_eq!((&api["targets"], &api["routes"]), (&json!(2), &json!(2)));
    assert_eq!(api["warnings"][0]["field"], json!("upstream.tls.verify"));
    let saved = gateway.manage("PUT", &format!("/apis/{id}"), form.clone());
    assert_eq!(saved["form"], form);
    let plan = gateway.show("/status")["plan"]["number"].clone();

    let gateway = Gateway::start_on(gateway.kill(), &config);
    assert_eq!(gateway.show(&format!("/apis/{id}"))["form"], form, "it is what was kept");
    assert_eq!(gateway.show("/status")["plan"]["number"], plan, "nothing differed, so nothing was saved");
}

#[test]
fn a_check_says_every_fault_of_upstreams_and_routes_with_its_line() {
    let folder = DataFolder::new();
    let path = folder.write(
        "gatepost.yaml",
        "gatepost: 1
apis:
  - name: a
    listen: {version_header: 'a b'}
    upstream:
      targets:
        - {url: 'http://a', weight: 0}
        - {url: nowhere}
      balance: random
      timeouts: {idle: 2h}
      health: {interval: 1s, timeout: 1s}
      ejection: off
      ceilings: {pending: 5000000000}
    routes:
      - name: r
        path: (
        upstream:
          url: http://a
          targets: [{url: 'http://b'}]
      - name: r
        upstream: {url: 'http://a', retries: {attempts: 6}, hash_on: client_address}
",
    );
    let checked = run(&["check", path.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    for place in [
        ":4: apis[0].listen.version_header: ",
        ":7: apis[0].upstream.targets[0].weight: ",
        ":8: apis[0].upstream.targets[1].url: ",
        ":9: apis[0].upstream.balance: ",
        ":10: apis[0].upstream.timeouts.idle: ",
        ":11: apis[0].upstream.health.timeout: ",
        ":12: apis[0].upstream.ejection: ",
        ":13: apis[0].upstream.ceilings.pending: ",
        ":16: apis[0].routes[0].path: ",
        ":19: apis[0].routes[0].upstream.targets: ",
        ":20: apis[0].routes[1].name: ",
        ":21: apis[0].routes[1].upstream.retries.attempts: ",
        ":21: apis[0].routes[1].upstream.hash_on: ",
        ": 13 faults",
    ] {
        assert!(said.contains(place), "{place} not in {said}");
    }
}

#[test]
fn a_check_warns_of_a_certificate_that_is_not_checked_and_finds_the_file_valid() {
    let folder = DataFolder::new();
    let path = folder.write("gatepost.yaml", &everything(8081).0);
    let checked = run(&["check", path.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains(":16: warning: apis[0].upstream.tls.verify: "), "{said}");
    assert!(said.contains("valid: 1 APIs"), "{said}");
}

#[test]
fn a_certificate_that_does_not_exist_is_a_fault_of_its_field() {
    let gateway = Gateway::start();
    let tls = json!({"authority": "nobody", "certificate": "nothing"});
    let api = json!({
        "name": "A", "upstream": {"url": "https://127.0.0.1:9", "tls": tls},
        "routes": [{"name": "r", "upstream": {"url": "https://127.0.0.1:9", "tls": {"authority": "nobody"}}}]
    });
    let answer = gateway.ask("POST", "/apis", Some(api));
    assert_eq!(answer.status, 422);
    let faults = answer.json()["error"]["faults"].clone();
    let fields: Vec<_> =
        faults.as_array().into_iter().flatten().map(|fault| fault["field"].clone()).collect();
    assert_eq!(
        fields,
        ["upstream.tls.authority", "upstream.tls.certificate", "routes[0].upstream.tls.authority"]
    );
    assert_eq!(gateway.show("/apis"), json!([]), "nothing was saved");
}

#[test]
fn a_file_may_name_a_certificate_that_is_elsewhere_but_is_applied_only_where_it_exists() {
    let folder = DataFolder::new();
    let path = folder.write(
        "gatepost.yaml",
        "gatepost: 1
apis:
  - name: a
    upstream: {url: 'https://127.0.0.1:9', tls: {authority: nobody}}
",
    );
    let checked = run(&["check", path.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains(":4: warning: apis[0].upstream.tls.authority: "), "{said}");

    let data = folder.path().join("data");
    let (data, path) = (data.to_str().unwrap(), path.to_str().unwrap());
    let applied = run(&["serve", "--data-dir", data, "--admin", "127.0.0.1:0", "--config", path]);
    assert_eq!(applied.status.code(), Some(1));
    let said = String::from_utf8_lossy(&applied.stderr).into_owned();
    assert!(
        said.contains("apis[0].upstream.tls.authority: there is no certificate authority `nobody`"),
        "{said}"
    );
}

/// An API with a good and a dead target, and a route of its own.
fn with_a_dead_target(gateway: &Gateway, live: &str, dead: &str) -> Value {
    gateway.manage(
        "POST",
        "/apis",
        json!({
            "name": "Two", "listen": {"port": gateway.port},
            "upstream": {
                "targets": [{"url": live}, {"url": dead, "weight": 2}],
                "ejection": {"failures": 1, "duration": "1h"}
            },
            "routes": [{"name": "spare", "path": "/spare", "upstream": {"url": live}}]
        }),
    )
}

#[test]
fn every_target_is_shown_those_of_routes_too() {
    let gateway = Gateway::start();
    let (live, dead) = ("http://127.0.0.1:9/posts", "http://127.0.0.1:9/");
    let api = with_a_dead_target(&gateway, live, dead);
    let targets = gateway.show(&format!("/apis/{}/targets", api["id"]));
    let places: Vec<_> = targets.as_array().into_iter().flatten().collect();
    let places: Vec<_> =
        places.iter().map(|target| json!([target["route"], target["url"], target["weight"]])).collect();
    assert_eq!(places, [json!([null, live, 1]), json!([null, dead, 2]), json!(["spare", live, 1])]);
    assert_eq!((&targets[1]["health"], &targets[1]["calls"]), (&json!("unknown"), &json!(0)));
    assert_eq!(gateway.ask("GET", "/apis/99/targets", None).status, 404);
}

#[test]
fn a_target_that_fails_is_left_out_shown_so_and_told_of() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let dead = format!("http://127.0.0.1:{}/", free_port());
    let api = with_a_dead_target(&gateway, &format!("{}/posts", backend.url), &dead);
    let events = gateway.live();
    let (agent, url) = (caller(), api["proxy_url"].as_str().unwrap().to_owned());
    let left_out = until("the dead target is left out", || {
        assert_eq!(get(&agent, &url, &[]).status, 200, "the call is tried on the other target");
        let targets = gateway.show(&format!("/apis/{}/targets", api["id"]));
        targets[1]["ejected_until"].is_i64().then_some(targets)
    });
    assert_eq!((&left_out[1]["failures"], &left_out[1]["outstanding"]), (&json!(1), &json!(0)));
    assert!(left_out[1]["last_failure"]["message"].is_string(), "{left_out}");
    assert_eq!((&left_out[0]["failures"], &left_out[0]["ejected_until"]), (&json!(0), &json!(null)));
    until("the change was told", || {
        let event = events.recv_timeout(PATIENCE).unwrap();
        event["topics"].as_array()?.contains(&json!("targets")).then_some(())
    });
}

#[test]
fn a_target_that_fails_its_health_checks_is_shown_so_and_told_of() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let events = gateway.live();
    let dead = format!("http://127.0.0.1:{}/", free_port());
    let health = json!({"path": "/posts", "interval": "1s", "unhealthy_after": 1});
    let api = gateway.manage(
        "POST",
        "/apis",
        json!({
            "name": "Checked", "listen": {"port": gateway.port},
            "upstream": {"targets": [{"url": backend.url}, {"url": dead}], "health": health}
        }),
    );
    let targets = until("both targets were asked", || {
        let targets = gateway.show(&format!("/apis/{}/targets", api["id"]));
        (0..2).all(|n| targets[n]["health"] != "unknown").then_some(targets)
    });
    assert_eq!((&targets[0]["health"], &targets[1]["health"]), (&json!("healthy"), &json!("unhealthy")));
    assert!(targets[0]["checks"]["passed"].as_u64() >= Some(1), "{targets}");
    assert!(targets[1]["checks"]["failed"].as_u64() >= Some(1), "{targets}");
    until("the change was told", || {
        let event = events.recv_timeout(PATIENCE).unwrap();
        event["topics"].as_array()?.contains(&json!("targets")).then_some(())
    });
}
