//! Starting, stopping, and what is in the way.

use std::net::{Ipv4Addr, TcpListener};

use serde_json::{Value, json};

use crate::program::{Backend, DataFolder, Gateway, caller, get, run, until};

#[test]
fn a_second_start_on_the_same_folder_is_refused() {
    let gateway = Gateway::start();
    let data = gateway.folder.path().join("data");
    let second = run(&["serve", "--data-dir", data.to_str().unwrap(), "--admin", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use") && said.contains(data.to_str().unwrap()), "{said}");
    assert_eq!(gateway.ask("GET", "/status", None).status, 200, "the first runs on");
}

#[test]
fn what_was_saved_is_in_force_after_a_restart() {
    let backend = Backend::start();
    let gateway = Gateway::start();
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    gateway.apply(api, "client-id-enforcement", json!({}));
    let (app, id, secret) = gateway.client("MyTestApp");
    gateway.grant(app, api);
    let plan = gateway.show("/status")["plan"].clone();
    let agent = caller();
    assert_eq!(get(&agent, &url, &[("client_id", &id), ("client_secret", &secret)]).status, 200);

    let Gateway { program, folder, .. } = gateway;
    assert_eq!(program.terminate(), Some(0));
    let gateway = Gateway::start_on(folder, &[]);
    assert_eq!(gateway.show("/status")["plan"], plan, "a restart is no change");
    assert_eq!(get(&agent, &url, &[("client_id", &id), ("client_secret", &secret)]).status, 200);
    assert_eq!(get(&agent, &url, &[]).status, 401);
    // A call is recorded when its last byte has gone, which its caller may see first.
    until("calls of before and after are counted", || {
        let totals = gateway.show(&format!("/analytics?api_id={api}"))["totals"].clone();
        (totals["calls"] == 3).then_some(())
    });
}

#[test]
fn a_port_in_use_is_reported_and_all_else_runs_on() {
    let backend = Backend::start();
    let gateway = Gateway::start();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let (_, fine) = gateway.add_api("Fine", &format!("{}/posts", backend.url));
    let blocked = gateway.manage(
        "POST",
        "/apis",
        json!({"name": "Blocked", "listen": {"port": port}, "upstream": {"url": format!("{}/posts", backend.url)}}),
    );
    assert_eq!(blocked["state"], "failed");
    let fault = blocked["fault"].as_str().unwrap();
    assert!(fault.contains(&port.to_string()) && fault.contains("in use"), "{fault}");
    let listeners = gateway.show("/status")["listeners"].clone();
    let failed = listeners.as_array().unwrap().iter().find(|listener| listener["port"] == port).unwrap();
    assert_eq!(failed["state"], "failed");
    assert!(failed["advice"].as_str().is_some_and(|advice| !advice.is_empty()));
    assert_eq!(get(&caller(), &fine, &[]).status, 200);

    drop(taken);
    until("the port is taken once it is free", || {
        let api = gateway.show(&format!("/apis/{}", blocked["id"]));
        (api["state"] == "active").then_some(())
    });
    assert_eq!(get(&caller(), blocked["proxy_url"].as_str().unwrap(), &[]).status, 200);
}

#[test]
fn a_deleted_api_gives_its_port_back() {
    let backend = Backend::start();
    let gateway = Gateway::start();
    let (api, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    assert_eq!(get(&caller(), &url, &[]).status, 200);
    gateway.manage("DELETE", &format!("/apis/{api}"), Value::Null);
    until("the port is free", || TcpListener::bind((Ipv4Addr::LOCALHOST, gateway.port)).ok());
}

#[test]
fn upstream_troubles_have_their_own_status() {
    let backend = Backend::start();
    let gateway = Gateway::start();
    let nobody = crate::program::free_port();
    let (_, refused) = gateway.add_api("Refused", &format!("http://127.0.0.1:{nobody}"));
    let slow = gateway.manage(
        "POST",
        "/apis",
        json!({"name": "Slow", "listen": {"port": gateway.port}, "upstream": {
            "url": format!("{}/slow", backend.url), "timeouts": {"response": "100ms"}}}),
    );
    let agent = caller();
    assert_eq!(get(&agent, &refused, &[]).status, 502);
    assert_eq!(get(&agent, &format!("{}?ms=5000", slow["proxy_url"].as_str().unwrap()), &[]).status, 504);
    let nowhere = get(&agent, &format!("http://127.0.0.1:{}/nowhere", gateway.port), &[]);
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.header("x-request-id").is_some());
    let calls = until("all three are recorded", || {
        let calls = gateway.show("/calls")["calls"].as_array()?.clone();
        (calls.len() == 3).then_some(calls)
    });
    let explained = calls.iter().filter(|call| {
        let call = gateway.show(&format!("/calls/{}", call["id"]));
        call["error"].as_str().is_some_and(|error| !error.is_empty())
    });
    assert_eq!(explained.count(), 2, "502 and 504 say why");
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = DataFolder::new();
    let file = folder.write("a-file", "not a folder");
    let refused = run(&["serve", "--data-dir", file.to_str().unwrap(), "--admin", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a-file"));
}
