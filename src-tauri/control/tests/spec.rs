//! An API's own OpenAPI document through the management API.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::num::NonZeroUsize;

use axum::Router;
use gatepost_control::{Control, Options, call, router};
use serde_json::{Value, json};
use tempfile::TempDir;

const YAML: &str = "
openapi: 3.0.3
info: {title: Pets, version: '2'}
paths:
  /pets/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {summary: One pet, operationId: pet, responses: {200: {description: fine}}}
  /pets:
    post: {deprecated: true, responses: {201: {description: made}}}
";

struct Instance {
    router: Router,
    /// The API.
    api: String,
    _home: TempDir,
}

impl Instance {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("tempdir");
        let router = open(&home);
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let api =
            json!({"name": "A", "listen": {"port": free.port()}, "upstream": {"url": "http://127.0.0.1:9"}});
        let (_, api) = call(router.clone(), "POST", "/api/apis", api.to_string()).await.expect("answers");
        let api: Value = serde_json::from_str(&api).expect("JSON");
        Self { router, api: format!("/api/apis/{}", api["id"]), _home: home }
    }

    async fn ask(&self, method: &str, below: &str, body: &Value) -> (u16, Value) {
        let path = format!("{}{below}", self.api);
        let (status, text) =
            call(self.router.clone(), method, &path, body.to_string()).await.expect("answers");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

fn open(home: &TempDir) -> Router {
    let workers = NonZeroUsize::new(1).expect("one");
    let options = Options { data_dir: home.path().to_owned(), workers, headless: true };
    router(Control::open(options).expect("opens"))
}

#[tokio::test]
async fn a_document_is_listed_by_operation_and_given_back_as_it_was() {
    let instance = Instance::new().await;
    assert_eq!(instance.ask("GET", "/spec", &Value::Null).await.0, 404);
    let (status, given) = instance.ask("PUT", "/spec", &json!({"text": YAML})).await;
    assert_eq!(status, 200, "{given}");
    assert_eq!(
        (&given["title"], &given["version"], &given["openapi"]),
        (&json!("Pets"), &json!("2"), &json!("3.0.3"))
    );
    assert_eq!((&given["format"], &given["bytes"]), (&json!("yaml"), &json!(YAML.len())));
    let expected = json!([
        {"method": "GET", "path": "/pets/{id}", "pattern": "/pets/[^/]+", "operation_id": "pet", "summary": "One pet", "deprecated": false},
        {"method": "POST", "path": "/pets", "pattern": "/pets", "operation_id": "", "summary": "", "deprecated": true}
    ]);
    assert_eq!(given["operations"], expected);
    assert_eq!(instance.ask("GET", "/spec", &Value::Null).await, (200, given));
    assert_eq!(instance.ask("GET", "/spec/document", &Value::Null).await, (200, json!({"text": YAML})));

    assert_eq!(instance.ask("DELETE", "/spec", &Value::Null).await.0, 204);
    assert_eq!(instance.ask("GET", "/spec", &Value::Null).await.0, 404);
    assert_eq!(instance.ask("DELETE", "/spec", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_faulty_document_is_refused_with_the_places_and_lines_of_its_faults() {
    let instance = Instance::new().await;
    let faulty = YAML.replace("name: id", "name: other").replace("/pets:", "pets:");
    let (status, answer) = instance.ask("PUT", "/spec", &json!({"text": faulty})).await;
    assert_eq!(status, 422, "{answer}");
    let faults = answer["error"]["faults"].as_array().expect("faults");
    let fields: Vec<&str> = faults.iter().filter_map(|fault| fault["field"].as_str()).collect();
    assert_eq!(fields, ["/paths/~1pets~1{id}/get", "/paths/~1pets~1{id}/get", "/paths/pets"]);
    assert!(faults.iter().all(|fault| fault["message"].as_str().is_some_and(|told| told.contains("(line "))));
    assert_eq!(instance.ask("GET", "/spec", &Value::Null).await.0, 404, "nothing was kept");
}

#[tokio::test]
async fn a_document_that_a_policy_needs_stays_and_only_one_that_it_can_use_takes_its_place() {
    let instance = Instance::new().await;
    let validation = json!({"policy": "schema-validation"});
    let (status, refused) = instance.ask("POST", "/policies", &validation).await;
    assert_eq!((status, &refused["error"]["faults"][0]["field"]), (422, &json!("config.source")));
    instance.ask("PUT", "/spec", &json!({"text": YAML})).await;
    let (status, applied) = instance.ask("POST", "/policies", &validation).await;
    assert_eq!(status, 201, "{applied}");

    let (status, refused) = instance.ask("DELETE", "/spec", &Value::Null).await;
    assert_eq!(status, 422, "{refused}");
    assert!(
        refused["error"]["message"]
            .as_str()
            .is_some_and(|told| told.starts_with("schema-validation could not"))
    );
    let unusable = YAML.replace("type: integer", "type: string, pattern: '(?=a)'");
    let (status, refused) = instance.ask("PUT", "/spec", &json!({"text": unusable})).await;
    assert_eq!(status, 422, "{refused}");
    let another = YAML.replace("title: Pets", "title: Cats");
    assert_eq!(instance.ask("PUT", "/spec", &json!({"text": another})).await.0, 200);
    assert_eq!(instance.ask("GET", "", &Value::Null).await.1["has_spec"], json!(true));

    let policy = format!("/policies/{}", applied["id"]);
    assert_eq!(instance.ask("DELETE", &policy, &Value::Null).await.0, 204);
    assert_eq!(instance.ask("PUT", "/spec", &json!({"text": unusable})).await.0, 200, "nobody needs it");
    assert_eq!(instance.ask("DELETE", "/spec", &Value::Null).await.0, 204);
}

#[tokio::test]
async fn a_document_goes_with_its_api() {
    let instance = Instance::new().await;
    instance.ask("PUT", "/spec", &json!({"text": YAML})).await;
    assert_eq!(instance.ask("DELETE", "", &Value::Null).await.0, 204);
    assert_eq!(instance.ask("GET", "/spec", &Value::Null).await.0, 404);
}
