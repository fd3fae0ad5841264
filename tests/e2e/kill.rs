//! What the catalog acknowledged survives a kill at any moment (invariant 4).

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use ureq::http::Request;

use crate::program::{DataFolder, Gateway, caller, until};

const KILLS: u32 = 50;
const WRITERS: u32 = 2;

#[test]
fn fifty_kills_during_writes_lose_nothing_that_was_acknowledged() {
    let mut folder = DataFolder::new();
    let acknowledged = Mutex::new(BTreeSet::new());
    let number = AtomicU32::new(0);
    for kill in 0..KILLS {
        let gateway = Gateway::start_on(folder, &[]);
        assert_all_there(&gateway, &acknowledged.lock().expect("no writer failed"));
        // A different moment each time: after some more writes than the time before.
        let before = acknowledged.lock().expect("no writer failed").len();
        let enough = before + 1 + (kill as usize * 7) % 12;
        let (admin, token) = (gateway.admin().to_owned(), gateway.token().to_owned());
        folder = std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| write_until_dead(&admin, &token, &number, &acknowledged));
            }
            until("some writes are acknowledged", || {
                (acknowledged.lock().expect("no writer failed").len() >= enough).then_some(())
            });
            gateway.kill()
        });
    }
    let gateway = Gateway::start_on(folder, &[]);
    let acknowledged = acknowledged.lock().expect("no writer failed");
    assert!(acknowledged.len() >= KILLS as usize);
    assert_all_there(&gateway, &acknowledged);
}

/// Creates client apps until the program is gone, noting those it acknowledged.
fn write_until_dead(admin: &str, token: &str, number: &AtomicU32, acknowledged: &Mutex<BTreeSet<String>>) {
    let agent = caller();
    loop {
        let name = format!("app-{}", number.fetch_add(1, Ordering::Relaxed));
        let request =
            Request::post(format!("{admin}/api/clients")).header("authorization", format!("Bearer {token}"));
        let request = request.body(json!({"name": name}).to_string()).expect("a request");
        match agent.run(request) {
            Ok(response) if response.status() == 201 => {
                acknowledged.lock().expect("no writer failed").insert(name);
            }
            Ok(response) => panic!("{}", response.status()),
            Err(_) => return,
        }
    }
}

fn assert_all_there(gateway: &Gateway, acknowledged: &BTreeSet<String>) {
    let clients = gateway.show("/clients");
    let names: BTreeSet<_> = clients
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|app| app["name"].as_str().map(str::to_owned))
        .collect();
    let missing: Vec<_> = acknowledged.difference(&names).collect();
    assert!(missing.is_empty(), "acknowledged, but gone: {missing:?}");
}
