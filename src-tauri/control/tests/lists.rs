//! Long lists in parts, and which route takes a request, through the management API.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::num::NonZeroUsize;

use axum::Router;
use gatepost_control::{Control, Options, call, router};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Instance {
    router: Router,
    _control: Control,
    _home: TempDir,
}

impl Instance {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("tempdir");
        let workers = NonZeroUsize::new(1).expect("one");
        let options = Options { data_dir: home.path().to_owned(), workers, headless: true };
        let control = Control::open(options).expect("opens");
        Self { router: router(control.clone()), _control: control, _home: home }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = call(self.router.clone(), method, path, body).await.expect("answers");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn names(&self, path: &str, field: &str) -> Vec<String> {
        let (status, body) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        let rows = body.as_array().expect("a list").iter();
        rows.map(|row| row[field].as_str().expect("a name").to_owned()).collect()
    }

    async fn add(&self, path: &str, body: Value) -> i64 {
        let (status, added) = self.ask("POST", path, body).await;
        assert_eq!(status, 201, "{added}");
        added["id"].as_i64().expect("a number")
    }

    async fn api(&self, listen: Value, routes: Value) -> i64 {
        let form = json!({
            "name": "Orders", "listen": listen, "upstream": {"url": "http://127.0.0.1:9/old"}, "routes": routes
        });
        self.add("/api/apis", form).await
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

#[tokio::test]
async fn clients_and_contracts_come_in_parts_and_are_found_by_name() {
    let instance = Instance::new();
    let api = instance.api(json!({"port": free_port()}), json!([])).await;
    let mut clients = Vec::new();
    for name in ["Shop", "Shop backend", "Billing"] {
        clients.push(instance.add("/api/clients", json!({"name": name})).await);
    }
    for client in &clients[..2] {
        instance.add("/api/contracts", json!({"client_app_id": client, "api_id": api})).await;
    }
    assert_eq!(instance.names("/api/clients?limit=1&search=shop", "name").await, ["Shop"]);
    let next = format!("/api/clients?limit=1&search=shop&after={}", clients[0]);
    assert_eq!(instance.names(&next, "name").await, ["Shop backend"]);
    let without = format!("/api/clients?without_api_id={api}");
    assert_eq!(instance.names(&without, "name").await, ["Billing"]);

    let contracts = format!("/api/contracts?api_id={api}&search=BACK");
    assert_eq!(instance.names(&contracts, "client_name").await, ["Shop backend"]);
    assert_eq!(instance.names("/api/contracts?search=orders", "client_name").await.len(), 2);
    assert_eq!(instance.names("/api/contracts?search=nobody", "client_name").await, [""; 0]);
}

#[tokio::test]
async fn says_which_route_would_take_a_request_and_why_none() {
    let instance = Instance::new();
    let listen = json!({"port": free_port(), "base_path": "/orders", "hosts": ["a.test"]});
    let routes = json!([{
        "name": "beta", "path": "/v2(/.*)", "headers": [{"name": "x-tier", "value": "gold"}],
        "destination_path": "/new", "upstream": {"targets": [{"url": "http://127.0.0.1:8"}, {"url": "http://127.0.0.1:7"}]}
    }]);
    let api = instance.api(listen, routes).await;
    let path = format!("/api/apis/{api}/route-preview");
    let ask = async |question: Value| instance.ask("POST", &path, question).await;

    let gold = json!([{"name": "X-Tier", "value": "gold"}]);
    let (status, taken) = ask(json!({"path": "/orders/v2/7?a=1", "headers": gold})).await;
    assert_eq!((status, &taken["route"], &taken["api"]["id"]), (200, &json!("beta"), &json!(api)), "{taken}");
    assert_eq!(taken["urls"], json!(["http://127.0.0.1:8/new/7?a=1", "http://127.0.0.1:7/new/7?a=1"]));
    let (_, own) = ask(json!({"path": "/orders/v2/7"})).await;
    assert_eq!((&own["route"], &own["urls"]), (&json!(null), &json!(["http://127.0.0.1:9/old/v2/7"])));

    let (_, none) = ask(json!({"path": "/orders/v2/7", "host": "b.test"})).await;
    assert_eq!((&none["status"], &none["hint"]), (&json!(404), &json!("the host is none of a.test")));
    let (_, bad) = ask(json!({"method": "CONNECT", "path": "/orders"})).await;
    assert_eq!((&bad["status"], &bad["hint"]), (&json!(400), &json!(null)), "{bad}");

    let smuggled =
        json!({"path": "/orders HTTP/1.1\r\nx: y", "headers": [{"name": "a b", "value": "c\r\nd: e"}]});
    let (status, refused) = ask(smuggled).await;
    let faults = refused["error"]["faults"].as_array().expect("faults").iter();
    let fields: Vec<_> = faults.map(|fault| fault["field"].as_str().expect("a field")).collect();
    assert_eq!((status, fields), (422, vec!["path", "headers[0].name", "headers[0].value"]));
    assert_eq!(instance.ask("POST", "/api/apis/99/route-preview", json!({"path": "/"})).await.0, 404);
}
