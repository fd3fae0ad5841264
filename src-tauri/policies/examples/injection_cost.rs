//! What injection protection costs on ordinary requests, on one thread:
//! `cargo run --release -p gatepost-policies --example injection_cost`.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(clippy::expect_used, reason = "nothing comes from outside")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatepost_gateway::{Body, Context, Env, Request, StateStore, Verdict};
use gatepost_model::{ApiId, AppliedPolicyId};
use serde_json::{Value, json};

const CALLS: u32 = 20_000;
const ROUNDS: usize = 7;

fn main() {
    let order = json!({
        "order_id": "8f14e45f-ceea-467f-a0e6-2b1f4c0d7a91", "created": "2026-03-14T15:09:26Z",
        "customer": {"first_name": "Siobhan", "last_name": "O'Brien", "email": "siobhan+orders@example.com"},
        "items": [
            {"sku": "BK-10423", "title": "The Art of Doing Science & Engineering", "quantity": 1, "price": 27.5},
            {"sku": "MG-00217", "title": "Mug, 0.3 l (dishwasher safe)", "quantity": 2, "price": 9.9},
            {"sku": "TS-55120", "title": "T-shirt \"Ship it!\" size M", "quantity": 1, "price": 19.0},
        ],
        "note": "Please ring twice; if nobody's in, leave it with the neighbours or select a drop-off point. Thanks!",
        "url": "https://shop.example.com/cart?step=3&ref=mail", "gift": false, "coupon": null, "total": 66.3,
    });
    let prose = json!("It's fine to select one from the menu, or to drop it off at the table. ".repeat(14));
    let words = json!("ordinary words without anything in them that could be more than that ".repeat(14));
    let all = json!({
        "built_in_protections": ["sql", "xss", "shell", "path_traversal", "ldap", "xpath", "template"]
    });
    for (name, config) in [("sql and xss", json!({})), ("all families", all)] {
        for (what, body) in [("an order", &order), ("English prose", &prose), ("plain words", &words)] {
            println!(
                "{name:<14}{what:<16}{:>6} bytes{:>9.2} µs",
                body.to_string().len(),
                cost(&config, body)
            );
        }
    }
}

/// Microseconds a request; the quickest round counts.
fn cost(config: &Value, body: &Value) -> f64 {
    let kind = gatepost_policies::kind("injection-protection").expect("listed");
    let Ok(policy) = kind.compile(config, &Env::new(AppliedPolicyId(1), "", &StateStore::new())) else {
        panic!("the configuration compiles");
    };
    let body = Body::Full(Bytes::from(body.to_string()));
    let mut request: Request = http::Request::post("/orders?dry_run=false")
        .header("content-type", "application/json")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0")
        .header("accept", "application/json")
        .body(body)
        .expect("valid");
    let mut cx = Context::plain(Arc::default(), ApiId(1));
    let round = |_| {
        let begin = Instant::now();
        for _ in 0..CALLS {
            assert!(matches!(policy.on_request(&mut request, &mut cx), Verdict::Now(Ok(_))));
        }
        begin.elapsed()
    };
    (0..ROUNDS).map(round).min().unwrap_or(Duration::MAX).as_secs_f64() * 1e6 / f64::from(CALLS)
}
