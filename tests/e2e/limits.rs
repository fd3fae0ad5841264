//! The data plane's bounds as settings: over the management API and from a file, in force at once, said when reached.

use std::time::Duration;

use serde_json::{Value, json};

use crate::faulty::{FINE, Faulty};
use crate::program::{DataFolder, Gateway, run, until};
use crate::raw::Raw;

const ASK: &str = "GET /api/v1/fine HTTP/1.1\r\nhost: a\r\n\r\n";

fn limit(gateway: &Gateway, limits: Value) {
    let mut settings = gateway.show("/settings");
    settings["limits"] = limits;
    gateway.manage("PUT", "/settings", settings);
}

fn in_force(gateway: &Gateway, name: &str) -> Value {
    let limits = gateway.show("/settings/limits");
    let found = limits.as_array().and_then(|limits| limits.iter().find(|limit| limit["name"] == name));
    found.expect("every limit is listed")["value"].clone()
}

fn warns(gateway: &Gateway, kind: &str) -> bool {
    let status = gateway.show("/status");
    status["warnings"].as_array().is_some_and(|warnings| warnings.iter().any(|said| said["kind"] == kind))
}

#[test]
fn a_smaller_head_and_a_shorter_wait_hold_for_connections_that_stand() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    gateway.add_api("Api", &backend.url());
    let mut standing = Raw::connect(gateway.port);
    let long = format!("GET /api/v1/fine HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "l".repeat(2_000));
    assert_eq!(standing.say(&long).answer().map(|answer| answer.status), Some(200));

    limit(&gateway, json!({"max_head_bytes": 1_024, "head_timeout": "1s"}));
    assert_eq!(in_force(&gateway, "head_timeout"), 1_000);
    assert_eq!(standing.say(&long).answer().map(|answer| answer.status), Some(431));
    let mut slow = Raw::connect(gateway.port);
    // The usual ten seconds would not be over.
    slow.say("GET /api/v1/fine HTT").hang_up(Duration::from_secs(8)).expect("let go");

    limit(&gateway, json!({}));
    assert_eq!(Raw::connect(gateway.port).say(&long).answer().map(|answer| answer.status), Some(200));
}

#[test]
fn callers_past_the_most_connections_wait_and_it_says_so() {
    const CALLERS: usize = 64;
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    gateway.add_api("Api", &backend.url());
    limit(&gateway, json!({"max_connections": 10}));
    let mut callers: Vec<_> = (0..CALLERS).map(|_| Raw::connect(gateway.port)).collect();
    until("it says so", || warns(&gateway, "connection_limit").then_some(()));

    limit(&gateway, json!({}));
    for caller in &mut callers {
        let answer = caller.say(ASK).answer().expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (200, FINE));
    }
    until("it is over", || (!warns(&gateway, "connection_limit")).then_some(()));
}

#[test]
fn what_cannot_be_is_refused_by_name_and_changes_nothing() {
    let gateway = Gateway::start();
    limit(&gateway, json!({"max_headers": 50}));
    let mut settings = gateway.show("/settings");
    settings["limits"] = json!({"max_connections": 0, "idle_timeout": "soon", "max_hats": 1});
    settings["retention_days"] = json!(0);
    let refused = gateway.ask("PUT", "/settings", Some(settings.clone()));
    assert_eq!(refused.status, 422);
    let faults = refused.json()["error"]["faults"].clone();
    let fields: Vec<_> = faults.as_array().expect("faults").iter().map(|fault| &fault["field"]).collect();
    for field in ["limits.max_connections", "limits.idle_timeout", "limits.max_hats", "retention_days"] {
        assert!(fields.iter().any(|named| **named == field), "{field} not in {faults}");
    }
    assert_eq!(in_force(&gateway, "max_headers"), 50);

    // A change that does not speak of them leaves them as they are; they outlive the program.
    settings["retention_days"] = json!(3);
    settings.as_object_mut().expect("an object").remove("limits");
    assert_eq!(gateway.manage("PUT", "/settings", settings)["limits"], json!({"max_headers": 50}));
    let gateway = Gateway::start_on(gateway.kill(), &[]);
    assert_eq!(in_force(&gateway, "max_headers"), 50);
}

#[test]
fn a_file_sets_the_limits_it_names_and_keeps_the_others() {
    let folder = DataFolder::new();
    let path = folder.write(
        "gatepost.yaml",
        "gatepost: 1\nsettings:\n  limits:\n    max_headers: 5\n    idle_timeout: 1ms\n    max_streams: 10\n",
    );
    let checked = run(&["check", path.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    for place in
        [":4: settings.limits.max_headers: must be from 10 to 1000", ":5: settings.limits.idle_timeout: "]
    {
        assert!(said.contains(place), "{place} not in {said}");
    }

    let path = folder.write("gatepost.yaml", "gatepost: 1\nsettings: {limits: {idle_timeout: 90s}}\n");
    let gateway = Gateway::start_on(folder, &["--config", path.to_str().unwrap()]);
    assert_eq!(gateway.show("/settings")["limits"], json!({"idle_timeout": "90s"}));
    assert_eq!(in_force(&gateway, "idle_timeout"), 90_000);
    limit(&gateway, json!({"idle_timeout": "90s", "max_streams": 20}));

    let gateway = Gateway::start_on(gateway.kill(), &["--config", path.to_str().unwrap()]);
    assert_eq!(gateway.show("/settings")["limits"], json!({"idle_timeout": "90s", "max_streams": 20}));
    let number = gateway.show("/status")["plan"]["number"].clone();
    let gateway = Gateway::start_on(gateway.kill(), &["--config", path.to_str().unwrap()]);
    assert_eq!(gateway.show("/status")["plan"]["number"], number, "nothing differed");
}
