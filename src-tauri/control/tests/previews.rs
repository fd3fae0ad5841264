//! What would be, asked of the management API before anything is saved.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;

use axum::Router;
use gatepost_control::{Control, Options, call, router};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Instance {
    router: Router,
    port: u16,
    api: String,
    _home: TempDir,
}

impl Instance {
    /// With one API at `/orders`.
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("tempdir");
        let workers = NonZeroUsize::new(1).expect("one");
        let options = Options { data_dir: home.path().to_owned(), workers, headless: true };
        let router = router(Control::open(options).expect("opens"));
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let api = json!({"name": "A", "listen": {"port": free.port(), "base_path": "/orders"},
            "upstream": {"url": "http://127.0.0.1:9"}});
        let (_, api) = call(router.clone(), "POST", "/api/apis", api.to_string()).await.expect("answers");
        let api: Value = serde_json::from_str(&api).expect("JSON");
        Self { router, port: free.port(), api: format!("/api/apis/{}", api["id"]), _home: home }
    }

    /// Calls the API, behind which nobody listens.
    async fn call(&self, path: &str, header: &str) {
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n\r\n");
        let port = self.port;
        let calling = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("listens");
            socket.write_all(head.as_bytes()).expect("takes it");
            let mut answer = String::new();
            socket.read_to_string(&mut answer).expect("answers");
            assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        });
        calling.await.expect("called");
    }

    /// The outcome of each of the last calls, oldest first.
    async fn outcomes(&self, question: &str, policy: &Value) -> Vec<String> {
        let (status, answer) = self.ask(&format!("{}/policies/preview{question}", self.api), policy).await;
        assert_eq!(status, 200, "{answer}");
        let calls = answer["calls"].as_array().expect("a list").iter().rev();
        calls.map(|call| call["outcome"].as_str().expect("text").to_owned()).collect()
    }

    async fn ask(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) =
            call(self.router.clone(), "POST", path, body.to_string()).await.expect("answers");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

impl Instance {
    async fn list(&self) -> (u16, Value) {
        let path = format!("{}/policies", self.api);
        let (status, text) = call(self.router.clone(), "GET", &path, String::new()).await.expect("answers");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

fn fields(refused: &Value) -> Vec<&str> {
    let faults = refused["error"]["faults"].as_array().expect("faults").iter();
    faults.map(|fault| fault["field"].as_str().expect("a field")).collect()
}

#[tokio::test]
async fn a_scope_says_which_requests_it_takes_and_by_which_row() {
    let instance = Instance::new().await;
    let question = json!({
        "only": [{"methods": ["POST"], "path": "/items/.*"}, {"methods": ["GET"]}],
        "requests": [{"method": "POST", "path": "/orders/items/1?a=2"}, {"path": "/orders"},
            {"method": "POST", "path": "/orders/other"}, {"path": "/elsewhere"}]
    });
    let (status, answer) = instance.ask(&format!("{}/scope-preview", instance.api), &question).await;
    assert_eq!(status, 200, "{answer}");
    let told: Vec<_> = answer["requests"].as_array().expect("a list").iter().collect();
    let taken: Vec<_> = told.iter().map(|one| (&one["taken"], &one["row"])).collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(taken, [(&yes, &json!(0)), (&yes, &json!(1)), (&no, &Value::Null), (&no, &Value::Null)]);
    assert_eq!(told[3]["fault"], "is not below /orders");
    assert_eq!(answer["recorded"], json!([]), "nobody called");
}

#[tokio::test]
async fn faults_of_a_scope_are_named_as_on_save() {
    let instance = Instance::new().await;
    let question =
        json!({"only": [{"path": "("}, {"methods": ["get"]}], "requests": [{"path": "/".repeat(9_000)}]});
    let (status, refused) = instance.ask(&format!("{}/scope-preview", instance.api), &question).await;
    assert_eq!(status, 422);
    assert_eq!(fields(&refused), ["only[0].path", "only[1].methods[0]", "requests[0].path"]);
}

fn limit(requests: u32) -> Value {
    json!({"policy": "rate-limiting", "config": {"limits": [{"requests": requests, "per": "1h"}]}})
}

#[tokio::test]
async fn the_last_calls_say_what_they_were_and_scopes_see_them() {
    let instance = Instance::new().await;
    for path in ["/orders/1?a=1", "/orders/1?a=2", "/orders/2"] {
        instance.call(path, "accept: */*").await;
    }
    let question = json!({"only": [{"path": "/1"}]});
    let (_, answer) = instance.ask(&format!("{}/scope-preview", instance.api), &question).await;
    let recorded: Vec<_> = answer["recorded"].as_array().expect("a list").iter().collect();
    let told: Vec<_> = recorded.iter().map(|one| (&one["path"], &one["taken"])).collect();
    assert_eq!(told, [(&json!("/orders/2"), &json!(false)), (&json!("/orders/1"), &json!(true))]);
}

#[tokio::test]
async fn a_limit_says_which_of_the_last_calls_it_would_have_refused_and_counts_nothing_itself() {
    let instance = Instance::new().await;
    for _ in 0..4 {
        instance.call("/orders/1", "authorization: Bearer x").await;
    }
    for _ in 0..2 {
        let told = instance.outcomes("", &limit(2)).await;
        assert_eq!(told, ["passed", "passed", "refused", "refused"], "each time anew");
    }
    assert_eq!(
        instance.outcomes("?last=1", &limit(1)).await,
        ["passed"],
        "counts from the oldest of them on"
    );
    let (_, answer) = instance.ask(&format!("{}/policies/preview", instance.api), &limit(3)).await;
    assert_eq!((&answer["counts"]["passed"], &answer["counts"]["refused"]), (&json!(3), &json!(1)));
    let refused = &answer["calls"][0];
    assert_eq!(
        (&refused["status"], &refused["was"], &refused["path"]),
        (&json!(429), &json!(502), &json!("/orders/1"))
    );
    assert!(refused["why"].as_str().is_some_and(|why| why.contains("0 of 3 left")), "{refused}");
    let (_, applied) = instance.list().await;
    assert_eq!(applied, json!([]), "nothing was saved");
}

#[tokio::test]
async fn what_hangs_on_a_secret_is_said_to_and_not_guessed() {
    let instance = Instance::new().await;
    instance.call("/orders/1", "authorization: Basic YTpi").await;
    instance.call("/orders/1", "accept: */*").await;
    let basic = json!({"policy": "client-id-enforcement", "config": {"credentials_origin": "http_basic_authentication_header"}});
    assert_eq!(instance.outcomes("", &basic).await, ["cannot_tell", "refused"]);
}

#[tokio::test]
async fn calls_that_an_earlier_policy_answered_do_not_reach_this_one() {
    let instance = Instance::new().await;
    let policies = format!("{}/policies", instance.api);
    let block = json!({"policy": "client-id-enforcement", "config": {"client_id_expression": "#[attributes.headers['x-id']]"}});
    let (status, first) = instance.ask(&policies, &block).await;
    assert_eq!(status, 201, "{first}");
    let path = "/orders/1";
    let port = instance.port;
    let calling = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("listens");
        write!(socket, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").expect("takes it");
        socket.read_to_string(&mut String::new()).expect("answers");
    });
    calling.await.expect("called");
    assert_eq!(instance.outcomes("", &limit(1)).await, ["not_reached"]);
    let itself = format!("?replaces={}", first["id"]);
    assert_eq!(instance.outcomes(&itself, &block).await, ["refused"], "it judges its own calls again");
    let (status, _) = instance.ask(&format!("{policies}/preview?replaces=999"), &limit(1)).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn faults_of_a_policy_are_named_as_on_save() {
    let instance = Instance::new().await;
    let faulty = json!({"policy": "rate-limiting", "config": {"limits": [{"requests": 0, "per": "1m"}]}, "only": [{"path": "("}]});
    let (status, refused) = instance.ask(&format!("{}/policies/preview", instance.api), &faulty).await;
    let (_, on_save) = instance.ask(&format!("{}/policies", instance.api), &faulty).await;
    assert_eq!((status, &refused), (422, &on_save));
    assert_eq!(fields(&refused), ["only[0].path", "config.limits[0].requests"]);
}

#[tokio::test]
async fn an_expression_is_evaluated_on_a_made_up_request() {
    let instance = Instance::new().await;
    let question = json!({"expression": "#[payload.name ++ ' at ' ++ attributes.queryParams['page']]",
        "request": {"method": "POST", "path": "/x?page=2", "body": "{\"name\": \"ann\"}",
            "headers": [["content-type", "application/json"]]}});
    let (status, answer) = instance.ask("/api/expressions/evaluate", &question).await;
    assert_eq!(
        (status, &answer["value"], &answer["fault"]),
        (200, &json!("ann at 2"), &Value::Null),
        "{answer}"
    );
    let of_answer =
        json!({"expression": "#[attributes.statusCode]", "side": "response", "request": {"status": 404}});
    let (_, answer) = instance.ask("/api/expressions/evaluate", &of_answer).await;
    assert_eq!(answer["value"], "404");
    let (_, answer) =
        instance.ask("/api/expressions/evaluate", &json!({"expression": "#[attributes.headers['x']]"})).await;
    assert_eq!(
        (&answer["value"], &answer["fault"]),
        (&Value::Null, &Value::Null),
        "it is missing, and that is no fault"
    );
}

#[tokio::test]
async fn a_fault_of_an_expression_has_its_place_as_browsers_count() {
    let instance = Instance::new().await;
    let evaluate = async |question: Value| instance.ask("/api/expressions/evaluate", &question).await;
    let (status, answer) = evaluate(json!({"expression": "🦀é #[attributes.nothing]"})).await;
    assert_eq!(
        (status, &answer["fault"]["from"], &answer["fault"]["to"]),
        (200, &json!(6), &json!(24)),
        "{answer}"
    );
    let (_, answer) = evaluate(json!({"expression": "#[1 / 0]"})).await;
    assert_eq!((&answer["fault"]["from"], &answer["fault"]["to"]), (&json!(0), &json!(8)), "{answer}");
    let (_, answer) = evaluate(json!({"expression": "a", "request": {"path": "no path"}})).await;
    assert!(answer["fault"]["message"].as_str().is_some_and(|it| it.contains("no request")), "{answer}");
    let (status, refused) = evaluate(json!({"expression": "a".repeat(9_000)})).await;
    assert_eq!((status, fields(&refused)), (422, vec!["expression"]));
    let (status, _) = evaluate(json!({"expression": "a", "call_id": 99})).await;
    assert_eq!(status, 404);
}
