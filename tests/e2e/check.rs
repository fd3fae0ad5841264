//! Configuration files: checked whole, applied whole or not at all.

use serde_json::json;

use crate::program::{Backend, DataFolder, Gateway, caller, gatepost, get, run};

fn story(backend: &str, port: u16) -> String {
    format!(
        r#"
gatepost: 1
apis:
  - name: JSONPlaceholder Posts API
    asset_id: jsonplaceholder-posts
    version: v1
    listen: {{port: {port}, base_path: /posts/v1}}
    upstream: {{url: "{backend}/posts"}}
    policies:
      - policy: client-id-enforcement
      - policy: rate-limiting
        config: {{limits: [{{requests: 2, per: 1m}}], expose_headers: true}}
        only: [{{methods: [GET], path: "/.*"}}]
clients:
  - name: MyTestApp
    credentials: [{{client_id: my-test-app, client_secret: "${{MY_TEST_APP_SECRET:-s3cret}}"}}]
contracts:
  - {{client: MyTestApp, api: jsonplaceholder-posts, version: v1}}
"#
    )
}

#[test]
fn every_fault_is_said_with_its_line_and_field() {
    let folder = DataFolder::new();
    let path = folder.write(
        "gatepost.yaml",
        "gatepost: 1
apis:
  - name: a
    nam: b
    upstream: {url: nowhere}
  - name: c
    listen: {port: eighty}
    upstream: {url: 'http://127.0.0.1:1'}
    policies:
      - {policy: rate-limiting, config: {limits: [{requests: 0, per: 1m}]}}
clients: [{name: '${NOT_SET}'}]
",
    );
    let checked = run(&["check", path.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    for place in [
        ":4: apis[0].nam: ",
        ":5: apis[0].upstream.url: ",
        ":7: apis[1].listen.port: ",
        ":10: apis[1].policies[0].config.limits[0].requests: ",
        ":11: clients[0].name: the environment variable NOT_SET is not set",
    ] {
        assert!(said.contains(place), "{place} not in {said}");
    }
}

#[test]
fn a_valid_file_is_valid_and_takes_variables_from_the_environment() {
    let folder = DataFolder::new();
    let path = folder.write("gatepost.yaml", &story("http://127.0.0.1:9000", 8081));
    let checked =
        gatepost(&["check", path.to_str().unwrap()]).env("MY_TEST_APP_SECRET", "other").output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
}

#[test]
fn a_file_is_in_force_when_the_program_is_ready_and_again_after_a_restart() {
    let backend = Backend::start();
    let port = crate::program::free_port();
    let folder = DataFolder::new();
    let path = folder.write("gatepost.yaml", &story(&backend.url, port));
    let config = ["--config", path.to_str().unwrap()];
    let gateway = Gateway::start_on(folder, &config);
    let url = format!("http://127.0.0.1:{port}/posts/v1/1");
    let credentials = [("client_id", "my-test-app"), ("client_secret", "s3cret")];
    let agent = caller();
    assert_eq!(get(&agent, &url, &[]).status, 401);
    assert_eq!([0; 3].map(|_| get(&agent, &url, &credentials).status), [200, 200, 429]);
    let plan = gateway.show("/status")["plan"]["number"].clone();
    assert_eq!(plan, json!(1), "one file, one save");

    let gateway = Gateway::start_on(gateway.kill(), &config);
    assert_eq!(gateway.show("/status")["plan"]["number"], plan, "nothing differed, so nothing was saved");
    assert_eq!(get(&agent, &url, &credentials).status, 200);
}

#[test]
fn a_faulty_file_changes_nothing() {
    let folder = DataFolder::new();
    let text = story("http://127.0.0.1:9000", 8081).replace("rate-limiting", "rate-limitin");
    let path = folder.write("gatepost.yaml", &text);
    let data = folder.path().join("data");
    let arguments = [
        "serve",
        "--data-dir",
        data.to_str().unwrap(),
        "--admin",
        "127.0.0.1:0",
        "--config",
        path.to_str().unwrap(),
    ];
    let refused = run(&arguments);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("apis[0].policies[1].policy"), "{said}");
    let gateway = Gateway::start_on(folder, &[]);
    assert_eq!(gateway.show("/apis"), json!([]));
}
