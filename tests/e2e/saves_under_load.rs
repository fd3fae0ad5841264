//! A save takes effect at once, whole or not at all, without failing a call (invariants 1 and 2).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::program::{Answer, Backend, Gateway, caller, until};

const CONNECTIONS: u32 = 32;
const CALLS: u32 = 20_000;
const SAVES: u32 = 200;

#[test]
fn twenty_thousand_calls_and_two_hundred_saves_without_a_failure() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Echo", &format!("{}/echo", backend.url));
    let (api_path, mark) =
        (format!("/apis/{api}/policies"), gateway.apply(api, "header-injection", marks(0)));
    let (next, saved) = (AtomicU32::new(0), AtomicBool::new(false));

    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let agent = caller();
                // Calls go on until every save is made, and at least for as many as are asked for.
                while next.fetch_add(1, Ordering::Relaxed) < CALLS || !saved.load(Ordering::Relaxed) {
                    let answer = Answer::read(agent.get(&url).call().expect("no call fails"));
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    assert_one_plan(&answer);
                }
            });
        }
        for save in 0..SAVES / 4 {
            // Added, changed, reordered, removed.
            let added =
                gateway.manage("POST", &api_path, limit(1_000_000 + save))["id"].as_i64().expect("a number");
            gateway.manage(
                "PUT",
                &format!("{api_path}/{mark}"),
                json!({"policy": "header-injection", "config": marks(save + 1)}),
            );
            gateway.manage("PUT", &format!("/apis/{api}/policies-order"), json!({"ids": [added, mark]}));
            gateway.manage("DELETE", &format!("{api_path}/{added}"), Value::Null);
        }
        saved.store(true, Ordering::Relaxed);
    });

    // Each thread took one number more than it made calls.
    let made = u64::from(next.load(Ordering::Relaxed) - CONNECTIONS);
    assert!(made >= u64::from(CALLS) - u64::from(CONNECTIONS));
    let counted = until("every call is counted", || {
        let totals = gateway.show(&format!("/analytics?api_id={api}"))["totals"].clone();
        (totals["calls"].as_u64()? >= made).then_some(totals)
    });
    assert_eq!((&counted["calls"], &counted["ok_2xx"]), (&json!(made), &json!(made)));
    assert_eq!(gateway.show("/status")["plan"]["number"], json!(2 + SAVES));
}

/// The request half and the response half carry the same mark, so a call under two Plans would show.
fn marks(number: u32) -> Value {
    let header = json!([{"key": "x-mark", "value": number.to_string()}]);
    json!({"inbound_headers": header, "outbound_headers": header})
}

fn limit(requests: u32) -> Value {
    json!({"policy": "rate-limiting", "config": {"limits": [{"requests": requests, "per": "1h"}]}})
}

fn assert_one_plan(answer: &Answer) {
    let echoed = answer.json();
    let seen = echoed["headers"].as_array().expect("a list").iter().find(|header| header[0] == "x-mark");
    let seen = seen.and_then(|header| header[1].as_str()).map(str::to_owned);
    assert_eq!(seen.as_deref(), answer.header("x-mark"), "request and response ran under different Plans");
}
