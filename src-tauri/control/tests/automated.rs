//! Automated policies through the management API and the gateway: before the APIs' own, in their place where they are
//! of one kind, counted for each API apart.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use axum::Router;
use gatepost_control::{Control, Options, call, router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ALL: &str = "/api/automated-policies";
const SECRET: &str = "a secret of thirty-two bytes, no fewer";

struct Instance {
    router: Router,
    gateway: SocketAddr,
    _home: TempDir,
}

impl Instance {
    /// With APIs at `/a` and `/b`, behind which nothing is: what passes is answered 502.
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("tempdir");
        let workers = NonZeroUsize::new(1).expect("one");
        let options = Options { data_dir: home.path().to_owned(), workers, headless: true };
        let router = router(Control::open(options).expect("opens"));
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let instance = Self { router, gateway: free, _home: home };
        for name in ["a", "b"] {
            let listen = json!({"port": free.port(), "base_path": format!("/{name}")});
            let api = json!({"name": name, "listen": listen, "upstream": {"url": "http://127.0.0.1:9"}});
            assert_eq!(instance.ask("POST", "/api/apis", &api).await.0, 201);
        }
        instance
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) =
            call(self.router.clone(), method, path, body.to_string()).await.expect("answers");
        assert!(!text.contains(SECRET), "{method} {path} gives the secret away: {text}");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn apply(&self, path: &str, policy: Value) -> i64 {
        let (status, applied) = self.ask("POST", path, &policy).await;
        assert_eq!(status, 201, "{applied}");
        applied["id"].as_i64().expect("a number")
    }

    /// The status of a call through the gateway.
    async fn status(&self, method: &str, path: &str) -> u16 {
        let mut stream = TcpStream::connect(self.gateway).await.expect("connects");
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }
}

fn limit(requests: u32) -> Value {
    json!({"policy": "rate-limiting", "config": {"limits": [{"requests": requests, "per": "1h"}]}})
}

#[tokio::test]
async fn counts_for_each_api_apart_and_keeps_counting_over_other_saves() {
    let instance = Instance::new().await;
    instance.apply(ALL, limit(2)).await;
    assert_eq!([instance.status("GET", "/a").await, instance.status("GET", "/a").await], [502, 502]);
    instance.apply("/api/apis/2/policies", json!({"policy": "client-id-enforcement"})).await;
    instance.apply(ALL, json!({"policy": "ip-blocklist", "config": {"ips": ["192.0.2.1"]}})).await;
    assert_eq!(instance.status("GET", "/a").await, 429);
    assert_eq!(
        instance.status("GET", "/b").await,
        401,
        "the automated limit lets it pass, its own policy does not"
    );
}

#[tokio::test]
async fn an_own_policy_of_the_kind_gives_way_and_comes_back_with_its_counters() {
    let instance = Instance::new().await;
    instance.apply("/api/apis/1/policies", limit(1)).await;
    assert_eq!(instance.status("GET", "/a").await, 502);
    let id = instance.apply(ALL, limit(1_000)).await;
    let one = format!("{ALL}/{id}");
    let (_, own) = instance.ask("GET", "/api/apis/1/policies", &Value::Null).await;
    assert_eq!(own[0]["replaced_by"], json!([id]));
    assert_eq!(instance.status("GET", "/a").await, 502, "its own limit is used up, but gives way");

    let mut shadow = limit(1_000);
    shadow["shadow"] = json!(true);
    instance.ask("PUT", &one, &shadow).await;
    assert_eq!(
        instance.status("GET", "/a").await,
        429,
        "one in shadow enforces nothing, so the own one must"
    );

    let mut for_posts = limit(1_000);
    for_posts["only"] = json!([{"methods": ["POST"]}]);
    instance.ask("PUT", &one, &for_posts).await;
    assert_eq!(instance.status("POST", "/a").await, 502);
    assert_eq!(instance.status("GET", "/a").await, 429, "what the automated one is not for, the own one is");

    instance.ask("PUT", &one, &limit(1_000)).await;
    assert_eq!(instance.status("GET", "/a").await, 502);
    assert_eq!(instance.ask("DELETE", &one, &Value::Null).await.0, 204);
    assert_eq!(instance.status("GET", "/a").await, 429);
}

#[tokio::test]
async fn runs_before_the_own_ones_in_its_order_and_the_trail_says_automated() {
    let instance = Instance::new().await;
    instance.apply("/api/apis/1/policies", json!({"policy": "client-id-enforcement"})).await;
    let limit = instance.apply(ALL, limit(5)).await;
    let block =
        instance.apply(ALL, json!({"policy": "ip-blocklist", "config": {"ips": ["192.0.2.1"]}})).await;
    let order = json!({"ids": [block, limit]});
    let (status, all) = instance.ask("PUT", "/api/automated-policies-order", &order).await;
    assert_eq!((status, &all[0]["id"], &all[1]["position"]), (200, &json!(block), &json!(1)));
    assert_eq!(instance.ask("PUT", "/api/automated-policies-order", &json!({"ids": [block]})).await.0, 422);
    assert_eq!(instance.status("GET", "/a").await, 401);

    let (_, calls) = loop {
        let calls = instance.ask("GET", "/api/calls", &Value::Null).await;
        if calls.1["calls"].as_array().is_some_and(|calls| !calls.is_empty()) {
            break calls;
        }
        tokio::task::yield_now().await;
    };
    let (_, call) =
        instance.ask("GET", &format!("/api/calls/{}", calls["calls"][0]["id"]), &Value::Null).await;
    let trail = call["trail"].as_array().expect("a trail");
    let steps: Vec<_> =
        trail.iter().map(|step| (step["policy"].clone(), step["automated"].clone())).collect();
    let expected = [("ip-blocklist", true), ("rate-limiting", true), ("client-id-enforcement", false)];
    assert_eq!(steps[..3], expected.map(|(policy, automated)| (json!(policy), json!(automated))));
}

#[tokio::test]
async fn names_whose_own_policies_give_way_before_it_is_applied() {
    let instance = Instance::new().await;
    let own = instance.apply("/api/apis/2/policies", limit(1)).await;
    let (_, found) = instance.ask("GET", &format!("{ALL}/conflicts/rate-limiting"), &Value::Null).await;
    let expected = json!({"apis": 2, "total": 1, "first": [
        {"api_id": 2, "api_name": "b", "api_version": "v1", "applied_policy_id": own, "enabled": true}]});
    assert_eq!(found, expected);
}

#[tokio::test]
async fn secrets_are_kept_by_their_words_and_faults_name_their_fields() {
    let instance = Instance::new().await;
    let signed = |key: &str| {
        json!({"policy": "jwt-validation", "config": {
            "signing_method": "hmac", "text_key": key, "skip_client_id_validation": true}})
    };
    let (_, applied) = instance.ask("POST", ALL, &signed(SECRET)).await;
    let word = applied["config"]["text_key"].as_str().expect("a word").to_owned();
    assert!(word.starts_with("$kept:"), "{word}");
    // The word alone would be too short a key: that it is taken shows that the secret stands in its place.
    assert_eq!(instance.ask("PUT", &format!("{ALL}/{}", applied["id"]), &signed(&word)).await.0, 200);
    assert_eq!(
        instance.ask("POST", "/api/apis/1/policies", &signed(&word)).await.0,
        422,
        "not that API's secret"
    );

    let (status, refused) = instance.ask("POST", ALL, &json!({"policy": "rate-limiting"})).await;
    assert_eq!((status, &refused["error"]["faults"][0]["field"]), (422, &json!("config.limits")));
    for path in [&*format!("{ALL}/99"), "/api/apis/1/policies/1"] {
        assert_eq!(instance.ask("PUT", path, &signed(SECRET)).await.0, 404, "{path}");
    }
}
