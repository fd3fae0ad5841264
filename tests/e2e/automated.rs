//! Automated policies from a file: for every API, counted for each apart, in the place of own ones of their kind.

use serde_json::{Value, json};

use crate::program::{Backend, DataFolder, Gateway, caller, free_port, get, until};

fn file(port: u16, backend: &str, automated: &str) -> String {
    format!(
        r#"
gatepost: 1
{automated}
apis:
  - name: Posts
    listen: {{port: {port}, base_path: /posts}}
    upstream: {{url: "{backend}/posts"}}
    policies:
      - policy: rate-limiting
        config: {{limits: [{{requests: 1, per: 1h}}]}}
  - name: Users
    listen: {{port: {port}, base_path: /users}}
    upstream: {{url: "{backend}/users"}}
"#
    )
}

const LIMIT: &str = "
automated_policies:
  - policy: header-injection
    config: {outbound_headers: [{key: x-gateway, value: gatepost}]}
  - policy: rate-limiting
    config: {limits: [{requests: 2, per: 1h}]}
";

#[test]
fn what_a_policy_in_shadow_would_refuse_is_counted_apart_from_what_is_refused() {
    let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
    let shadow = "automated_policies: [{policy: client-id-enforcement, shadow: true}]";
    let path = folder.write("gatepost.yaml", &file(port, &backend.url, shadow));
    let gateway = Gateway::start_on(folder, &["--config", path.to_str().expect("UTF-8")]);
    let agent = caller();
    let statuses = [0; 2].map(|_| get(&agent, &format!("http://127.0.0.1:{port}/posts"), &[]).status);
    assert_eq!(statuses, [200, 429], "the one in shadow lets pass, the API's own limit does not");
    let found = until("both calls are recorded", || {
        let calls = gateway.show("/calls?status=would_refuse&policy=client-id-enforcement")["calls"].take();
        calls.as_array().filter(|calls| calls.len() == 2).cloned()
    });
    assert_eq!(found[0]["refused_by"], "rate-limiting", "{found:?}");
    assert!(found.iter().all(|call| call["would_refuse_by"] == "client-id-enforcement"), "{found:?}");
    let figures = until("both calls are counted", || {
        let figures = gateway.show("/analytics");
        (figures["totals"]["calls"] == 2).then_some(figures)
    });
    assert_eq!((&figures["totals"]["refused"], &figures["totals"]["would_refuse"]), (&json!(1), &json!(2)));
    let by_policy = json!([{"policy": "rate-limiting", "calls": 1, "would_refuse": 0},
        {"policy": "client-id-enforcement", "calls": 0, "would_refuse": 2}]);
    assert_eq!(figures["by_policy"], by_policy);
}

#[test]
fn automated_policies_come_from_a_file_stay_over_a_start_and_go_with_an_empty_list() {
    let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
    let path = folder.write("gatepost.yaml", &file(port, &backend.url, LIMIT));
    let config = ["--config", path.to_str().expect("UTF-8")];
    let gateway = Gateway::start_on(folder, &config);
    let agent = caller();
    let ask = |api: &str| get(&agent, &format!("http://127.0.0.1:{port}/{api}"), &[]);

    let answers: Vec<_> = ["posts", "posts", "posts", "users", "users", "users"].map(ask).into();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 429, 200, 200, 429], "two for each, though Posts has one of its own");
    assert!(answers.iter().all(|answer| answer.header("x-gateway") == Some("gatepost")));
    let refused = until("the refused call is recorded", || {
        let calls = gateway.show("/calls?status=refused&limit=1");
        calls["calls"].get(0).map(|call| call["id"].clone())
    });
    let trail = gateway.show(&format!("/calls/{refused}"))["trail"].clone();
    let limit = trail.as_array().into_iter().flatten().find(|step| step["policy"] == "rate-limiting");
    assert_eq!(limit.map(|step| &step["automated"]), Some(&json!(true)), "{trail}");

    // What a console added is no part of the file, but a list that the file has is the whole list.
    let plan = gateway.show("/status")["plan"]["number"].clone();
    let folder = gateway.kill();
    let gateway = Gateway::start_on(folder, &config);
    assert_eq!(gateway.show("/status")["plan"]["number"], plan, "nothing differs, so nothing is saved");
    assert_eq!(gateway.show("/automated-policies").as_array().map(Vec::len), Some(2));
    let own = gateway.show("/apis/1/policies");
    assert_eq!(own[0]["replaced_by"].as_array().map(Vec::len), Some(1), "{own}");

    let folder = gateway.kill();
    folder.write("gatepost.yaml", &file(port, &backend.url, "automated_policies: []"));
    let gateway = Gateway::start_on(folder, &config);
    assert_eq!(gateway.show("/automated-policies"), Value::Array(Vec::new()));
    let own = gateway.show("/apis/1/policies");
    assert_eq!(own[0]["replaced_by"], json!([]));
    assert_eq!(["posts", "posts", "users"].map(|api| ask(api).status), [200, 429, 200], "its own is back");
}
