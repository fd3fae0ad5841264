//! Credentials in their time: secrets rotated while callers use them, expiry, and names and passwords of people.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::program::{Backend, DataFolder, Gateway, caller, free_port, get};

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}

#[test]
fn a_secret_is_rotated_while_the_one_before_is_still_in_use() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    gateway.apply(api, "client-id-enforcement", json!({}));
    let (app, id, old) = gateway.client("MyTestApp");
    gateway.grant(app, api);
    let agent = caller();
    let status = |secret: &str| get(&agent, &url, &[("client_id", &id), ("client_secret", secret)]).status;
    let credential = gateway.show(&format!("/clients/{app}"))["credentials"][0]["id"].clone();
    let at = format!("/clients/{app}/credentials/{credential}");

    let rotated = gateway.manage("POST", &format!("{at}/rotate"), json!({"overlap": "1h"}));
    let new = rotated["client_secret"].as_str().expect("issued").to_owned();
    assert_eq!(rotated["client_id"], json!(id));
    assert_eq!(rotated["previous_secret"]["hint"], json!(&old[old.len() - 4..]));
    assert_eq!((status(&old), status(&new)), (200, 200));
    let gateway = Gateway::start_on(gateway.kill(), &[]);
    assert_eq!((status(&old), status(&new)), (200, 200), "after a new start too");

    gateway.manage("DELETE", &format!("{at}/previous-secret"), json!(null));
    assert_eq!((status(&old), status(&new)), (401, 200));
    let newest = gateway.manage("POST", &format!("{at}/rotate"), json!({"overlap": 0}));
    assert_eq!(newest["previous_secret"], json!(null));
    assert_eq!((status(&new), status(newest["client_secret"].as_str().expect("issued"))), (401, 200));
    let refused = gateway.ask("POST", &format!("{at}/rotate"), Some(json!({"overlap": "91d"})));
    assert_eq!((refused.status, &refused.json()["error"]["faults"][0]["field"]), (422, &json!("overlap")));
}

#[test]
fn an_expired_credential_is_refused_and_another_of_the_same_app_is_not() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    gateway.apply(api, "client-id-enforcement", json!({}));
    let (app, id, secret) = gateway.client("MyTestApp");
    gateway.grant(app, api);
    let second = gateway.manage("POST", &format!("/clients/{app}/credentials"), json!(null));
    let text = |member: &str| second[member].as_str().expect("issued").to_owned();
    let (second_id, second_secret) = (text("client_id"), text("client_secret"));
    let agent = caller();
    let status =
        |id: &str, secret: &str| get(&agent, &url, &[("client_id", id), ("client_secret", secret)]).status;
    let credential = gateway.show(&format!("/clients/{app}"))["credentials"][0]["id"].clone();
    let at = format!("/clients/{app}/credentials/{credential}");
    for (expires_at, expected) in
        [(json!(now_ms() - 1), 401), (json!(now_ms() + 3_600_000), 200), (json!(0), 401), (json!(null), 200)]
    {
        let changed = gateway.manage("PUT", &at, json!({"expires_at": expires_at}));
        assert_eq!(changed["expires_at"], expires_at);
        assert_eq!(status(&id, &secret), expected, "{expires_at}");
        assert_eq!(status(&second_id, &second_secret), 200);
    }
}

#[test]
fn a_file_says_who_may_call_and_until_when() {
    let backend = Backend::start();
    let (clients, people, inside) = (free_port(), free_port(), free_port());
    let file = format!(
        r##"
gatepost: 1
apis:
  - name: Clients
    listen: {{port: {clients}, base_path: /}}
    upstream: {{url: "{0}/echo"}}
    policies: [{{policy: client-id-enforcement}}]
  - name: People
    listen: {{port: {people}, base_path: /}}
    upstream: {{url: "{0}/echo"}}
    policies:
      - policy: basic-authentication
        config: {{username: alice, password: "open: sésame", users: [{{username: bob, password: b}}], realm: Orders}}
  - name: Inside
    listen: {{port: {inside}, base_path: /}}
    upstream: {{url: "{0}/echo"}}
    policies:
      - policy: client-id-enforcement
        config: {{client_id_expression: "#[payload.client_id]", client_secret_expression: "#[payload.client_secret]"}}
clients:
  - name: App
    credentials:
      - {{client_id: good, client_secret: new, expires_at: 2100-01-01, previous: {{client_secret: old, until: "2100-01-01T12:00:00Z"}}}}
      - {{client_id: over, client_secret: s, expires_at: 2020-01-01}}
      - {{client_id: changed, client_secret: new, previous: {{client_secret: old, until: 2020-01-01}}}}
contracts:
  - {{client: App, api: clients}}
  - {{client: App, api: inside}}
"##,
        backend.url
    );
    let folder = DataFolder::new();
    let config = folder.write("gatepost.yaml", &file);
    let _gateway = Gateway::start_on(folder, &["--config", config.to_str().expect("plain")]);
    let agent = caller();
    for (id, secret, expected) in [
        ("good", "new", 200),
        ("good", "old", 200),
        ("good", "older", 401),
        ("over", "s", 401),
        ("changed", "new", 200),
        ("changed", "old", 401),
    ] {
        let url = format!("http://127.0.0.1:{clients}/x");
        let answer = get(&agent, &url, &[("client_id", id), ("client_secret", secret)]);
        assert_eq!(answer.status, expected, "{id} {secret}");
        let body = json!({"client_id": id, "client_secret": secret}).to_string();
        let answer =
            agent.post(format!("http://127.0.0.1:{inside}/x")).content_type("application/json").send(&body);
        assert_eq!(answer.expect("answers").status(), expected, "{id} {secret} in the body");
    }
    // alice:open: sésame, bob:b, bob:c, alice:b
    for (pair, expected) in
        [("YWxpY2U6b3Blbjogc8Opc2FtZQ==", 200), ("Ym9iOmI=", 200), ("Ym9iOmM=", 401), ("YWxpY2U6Yg==", 401)]
    {
        let header = format!("Basic {pair}");
        let answer = get(&agent, &format!("http://127.0.0.1:{people}/x"), &[("authorization", &header)]);
        assert_eq!(answer.status, expected, "{pair}");
        match expected {
            200 => assert!(!answer.body.contains(&header), "the upstream does not get the password"),
            _ => assert_eq!(
                answer.header("www-authenticate"),
                Some("Basic realm=\"Orders\", charset=\"UTF-8\"")
            ),
        }
    }
}
