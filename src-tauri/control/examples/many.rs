//! What thousands of APIs and client apps cost: `many <data dir> [apis] [clients] [rounds]`. Fills an empty data
//! folder, opens it as a start of the program does, and times what an operator does most. Prints milliseconds.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a measurement, read by a person")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gatepost_control::{Control, Options, call, router};
use gatepost_model::{ApiId, BasePath, Listen, Slug, Upstream, UpstreamUrl};
use gatepost_store::{NewApi, NewClient, NewPolicy, Secret, Store, Write, WriteError};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().expect("many <data dir> [apis] [clients] [rounds]"));
    let mut number = |default: i64| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (apis, clients, rounds) = (number(10_000), number(100_000), number(20));
    if !dir.join("gatepost.db").exists() {
        let begun = Instant::now();
        fill(&dir, apis, clients);
        report("fill", begun);
    }

    let begun = Instant::now();
    let store = Store::open(&dir).expect("opens");
    report("store: open", begun);
    let begun = Instant::now();
    drop(store.load().expect("loads"));
    report("store: load", begun);
    drop(store);

    let begun = Instant::now();
    let control =
        Control::open(Options { data_dir: dir, workers: NonZeroUsize::MIN, headless: true }).expect("opens");
    report("control: open", begun);
    let api = (apis / 2).max(1);
    let policy = policy_of(&control, api).await;
    let path = format!("/api/apis/{api}/policies/{policy}");
    for (what, method, path, body) in [
        (
            "change a policy",
            "PUT",
            path.as_str(),
            json!({"policy": "client-id-enforcement", "enabled": false}),
        ),
        ("and back", "PUT", path.as_str(), json!({"policy": "client-id-enforcement"})),
        ("revoke a contract", "POST", "/api/contracts/1/revoke", Value::Null),
        ("restore it", "POST", "/api/contracts/1/restore", Value::Null),
        ("rename a client app", "PUT", "/api/clients/1", json!({"name": "Client 1", "description": "again"})),
        ("show an API", "GET", &format!("/api/apis/{api}"), Value::Null),
        ("list APIs", "GET", "/api/apis", Value::Null),
        ("list client apps", "GET", "/api/clients?limit=200", Value::Null),
        ("find client apps", "GET", "/api/clients?limit=200&search=client-777", Value::Null),
        ("list an API's contracts", "GET", &format!("/api/contracts?api_id={api}"), Value::Null),
        ("show the status", "GET", "/api/status", Value::Null),
    ] {
        time(&control, rounds, what, method, path, &body).await;
    }
    control.stop().await;
}

async fn time(control: &Control, rounds: i64, what: &str, method: &str, path: &str, body: &Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut took = Vec::new();
    let mut bytes = 0;
    for _ in 0..rounds {
        let begun = Instant::now();
        let (status, answer) =
            call(router(control.clone()), method, path, body.clone()).await.expect("answers");
        took.push(begun.elapsed());
        assert!(status < 300, "{method} {path}: {status} {answer}");
        bytes = answer.len();
    }
    took.sort_unstable();
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{what:28} median {median:10.2?}  worst {worst:10.2?}  {bytes} bytes");
}

async fn policy_of(control: &Control, api: i64) -> i64 {
    let path = format!("/api/apis/{api}/policies");
    let (_, answer) = call(router(control.clone()), "GET", &path, String::new()).await.expect("answers");
    let policies: Value = serde_json::from_str(&answer).expect("JSON");
    policies[0]["id"].as_i64().expect("a policy")
}

/// Every API enforces client IDs, every other one a rate limit too; every client app has a credential and a contract.
fn fill(dir: &Path, apis: i64, clients: i64) {
    let store = Store::open(dir).expect("opens");
    let filled = store.write("Filled", 0, |tx| {
        for number in 1..=apis {
            add_api(tx, number)?;
        }
        for number in 1..=clients {
            let new = NewClient { name: format!("Client {number}"), description: String::new() };
            let app = tx.insert_client(&new)?;
            tx.insert_credential(app, &format!("client-{number}"), &Secret::new(format!("secret-{number}")))?;
            tx.insert_contract(app, ApiId(number % apis + 1))?;
        }
        Ok::<_, WriteError>(())
    });
    filled.expect("filled");
}

fn add_api(tx: &mut Write<'_>, number: i64) -> Result<(), WriteError> {
    let asset_id = Slug::of_name(&format!("api-{number}"));
    let api = tx.insert_api(&NewApi {
        name: format!("API {number}"),
        version: "v1".into(),
        label: "default".into(),
        listen: Listen {
            address: Listen::DEFAULT_ADDRESS,
            port: 18_081,
            base_path: BasePath::default_of(&asset_id, "v1").expect("a path"),
            hosts: Vec::new(),
            version_header: None,
        },
        routes: Vec::new(),
        upstream: Upstream::of_url(UpstreamUrl::parse("http://127.0.0.1:9000/posts").expect("a URL")),
        asset_id,
    })?;
    let policy = |policy: &str, config| NewPolicy {
        policy: policy.into(),
        config,
        only: vec![],
        enabled: true,
        shadow: false,
        secrets: std::collections::BTreeSet::new(),
    };
    tx.insert_policy(api, &policy("client-id-enforcement", json!({})))?;
    if number % 2 == 0 {
        let limits = json!({"limits": [{"requests": 1_000, "per": "1m"}]});
        tx.insert_policy(api, &policy("rate-limiting", limits))?;
    }
    Ok(())
}

fn report(what: &str, begun: Instant) {
    println!("{what:28} {:10.2?}", begun.elapsed());
}
