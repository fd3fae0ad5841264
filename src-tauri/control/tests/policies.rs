//! Applied policies through the management API: their order, and the secrets of their configurations.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::num::NonZeroUsize;

use axum::Router;
use gatepost_control::{Control, Options, call, router};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "a secret of thirty-two bytes, no fewer";

struct Instance {
    router: Router,
    /// Where its policies are.
    policies: String,
    home: TempDir,
}

impl Instance {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("tempdir");
        let workers = NonZeroUsize::new(1).expect("one");
        let options = Options { data_dir: home.path().to_owned(), workers, headless: true };
        let router = router(Control::open(options).expect("opens"));
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let api =
            json!({"name": "A", "listen": {"port": free.port()}, "upstream": {"url": "http://127.0.0.1:9"}});
        let (_, api) = call(router.clone(), "POST", "/api/apis", api.to_string()).await.expect("answers");
        let api: Value = serde_json::from_str(&api).expect("JSON");
        Self { router, policies: format!("/api/apis/{}/policies", api["id"]), home }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) =
            call(self.router.clone(), method, path, body.to_string()).await.expect("answers");
        assert!(!text.contains(SECRET), "{method} {path} gives the secret away: {text}");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

fn signed_with(key: &str) -> Value {
    json!({"policy": "jwt-validation", "config": {
        "signing_method": "hmac", "text_key": key, "skip_client_id_validation": true}})
}

#[tokio::test]
async fn a_secret_is_kept_by_its_word_and_given_back_to_nobody() {
    let instance = Instance::new().await;
    let (status, applied) = instance.ask("POST", &instance.policies, &signed_with(SECRET)).await;
    assert_eq!(status, 201, "{applied}");
    let word = applied["config"]["text_key"].as_str().expect("a word").to_owned();
    assert!(word.starts_with("$kept:"), "{word}");

    // The word alone would be too short a key: that it is taken shows that the secret stands in its place.
    let mut changed = signed_with(&word);
    changed["config"]["mandatory_exp_claim"] = json!(true);
    let one = format!("{}/{}", instance.policies, applied["id"]);
    let (status, applied) = instance.ask("PUT", &one, &changed).await;
    assert_eq!((status, &applied["config"]["text_key"]), (200, &json!(word)), "{applied}");
    let (status, copy) = instance.ask("POST", &instance.policies, &signed_with(&word)).await;
    assert_eq!((status, &copy["config"]["text_key"]), (201, &json!(word)), "a copy keeps it too: {copy}");
    let (_, checked) = instance.ask("POST", &format!("{}/check", instance.policies), &changed).await;
    assert_eq!(checked["faults"], json!([]));

    let database = std::fs::read(instance.home.path().join("gatepost.db-wal")).expect("there");
    assert!(!database.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()), "in clear on the disk");
}

#[tokio::test]
async fn a_word_that_no_secret_is_kept_for_is_a_fault() {
    let instance = Instance::new().await;
    let (status, refused) =
        instance.ask("POST", &instance.policies, &signed_with("$kept:0123456789abcdef")).await;
    assert_eq!(status, 422);
    let faults = refused["error"]["faults"].as_array().expect("faults");
    let told =
        faults.iter().find(|fault| fault["message"].as_str().is_some_and(|it| it.contains("not known")));
    assert_eq!(told.expect("told")["field"], "config.text_key", "{refused}");
}

#[tokio::test]
async fn a_secret_of_the_wrong_form_is_not_quoted() {
    let instance = Instance::new().await;
    let long = SECRET.repeat(2_000);
    let (status, refused) = instance.ask("POST", &instance.policies, &signed_with(&long)).await;
    assert_eq!(status, 422);
    assert_eq!(refused["error"]["faults"][0]["field"], "config.text_key", "{refused}");
}

#[tokio::test]
async fn cors_stands_first_wherever_it_is_put() {
    let instance = Instance::new().await;
    let mut ids = Vec::new();
    for policy in ["client-id-enforcement", "cors", "ip-blocklist"] {
        let config = if policy == "ip-blocklist" { json!({"ips": ["10.0.0.1"]}) } else { json!({}) };
        let form = json!({"policy": policy, "config": config});
        let (status, applied) = instance.ask("POST", &instance.policies, &form).await;
        assert_eq!(status, 201, "{applied}");
        ids.push(applied["id"].clone());
    }
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|applied| applied["policy"].as_str().expect("a name").to_owned()).collect()
    };
    let (_, shown) = instance.ask("GET", &instance.policies, &Value::Null).await;
    assert_eq!(names(&shown), ["cors", "client-id-enforcement", "ip-blocklist"]);
    let order = json!({"ids": [ids[2], ids[0], ids[1]]});
    let (status, shown) = instance.ask("PUT", &format!("{}-order", instance.policies), &order).await;
    assert_eq!(status, 200, "{shown}");
    assert_eq!(names(&shown), ["cors", "ip-blocklist", "client-id-enforcement"]);
}

fn adds(header: &str) -> Value {
    json!({"policy": "header-injection", "config": {"inbound_headers": [{"key": header, "value": "1"}]}})
}

#[tokio::test]
async fn a_draft_of_several_policies_comes_in_force_as_one() {
    let instance = Instance::new().await;
    let mut ids = Vec::new();
    for header in ["x-a", "x-b", "x-c"] {
        let (_, applied) = instance.ask("POST", &instance.policies, &adds(header)).await;
        ids.push(applied["id"].clone());
    }
    let plan = instance.ask("GET", "/api/status", &Value::Null).await.1["plan"]["number"].as_i64();
    let draft = json!({
        "policies": [{"set": adds("x-new")}, {"id": ids[2]}, {"id": ids[0], "set": adds("x-changed")}],
        "removed": [ids[1]],
    });
    let (status, all) = instance.ask("PUT", &instance.policies, &draft).await;
    assert_eq!(status, 200, "{all}");
    let keys: Vec<_> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["config"]["inbound_headers"][0]["key"])
        .collect();
    assert_eq!(keys, ["x-new", "x-c", "x-changed"]);
    assert_eq!(
        (&all[1]["id"], &all[2]["id"]),
        (&ids[2], &ids[0]),
        "what stays keeps its number, and so its state"
    );
    let after = instance.ask("GET", "/api/status", &Value::Null).await.1["plan"]["number"].as_i64();
    assert_eq!(after, plan.map(|number| number + 1), "one Plan, nothing in between");
}

#[tokio::test]
async fn a_draft_with_a_fault_changes_nothing_and_names_every_fault() {
    let instance = Instance::new().await;
    let (_, applied) = instance.ask("POST", &instance.policies, &adds("x-a")).await;
    let draft = json!({"policies": [
        {"id": applied["id"], "set": adds("x-changed")},
        {"set": adds("host")},
        {"set": {"policy": "no-such-policy"}},
        {},
    ]});
    let (status, refused) = instance.ask("PUT", &instance.policies, &draft).await;
    assert_eq!(status, 422);
    let fields: Vec<_> =
        refused["error"]["faults"].as_array().expect("faults").iter().map(|one| &one["field"]).collect();
    assert_eq!(
        fields,
        ["policies[1].set.config.inbound_headers[0].key", "policies[2].set.policy", "policies[3]"],
        "{refused}"
    );
    let (_, all) = instance.ask("GET", &instance.policies, &Value::Null).await;
    assert_eq!(all[0]["config"]["inbound_headers"][0]["key"], "x-a");
}

#[tokio::test]
async fn a_draft_that_does_not_know_of_a_policy_does_not_remove_it() {
    let instance = Instance::new().await;
    let (_, known) = instance.ask("POST", &instance.policies, &adds("x-a")).await;
    instance.ask("POST", &instance.policies, &adds("x-added-meanwhile")).await;
    let draft = json!({"policies": [{"id": known["id"], "set": adds("x-changed")}]});
    let (status, refused) = instance.ask("PUT", &instance.policies, &draft).await;
    assert_eq!((status, &refused["error"]["faults"][0]["field"]), (422, &json!("policies")));
    let (_, all) = instance.ask("GET", &instance.policies, &Value::Null).await;
    assert_eq!(
        (all.as_array().map(Vec::len), &all[0]["config"]["inbound_headers"][0]["key"]),
        (Some(2), &json!("x-a"))
    );
}
