//! What the system has no more of: file descriptors, ports, and upstreams that keep their promises.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::faulty::{FINE, Faulty};
use crate::program::{Answer, Backend, DataFolder, Gateway, caller, get, until};
use crate::raw::Raw;

/// Enough to start and to serve some callers.
const DESCRIPTORS: u32 = 96;
const CALLERS: usize = 150;

#[test]
fn without_a_free_descriptor_it_waits_says_so_and_goes_on() {
    let backend = Faulty::start();
    let gateway = Gateway::start_with_descriptors(DESCRIPTORS);
    gateway.add_api("Api", &backend.url());
    const ASK: &str = "GET /api/v1/fine HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut first = Raw::connect(gateway.port);
    assert_eq!(first.say(ASK).answer().map(|answer| answer.status), Some(200));

    let waiting: Vec<_> = (0..CALLERS).map(|_| Raw::connect(gateway.port)).collect();
    gateway.program.wait_for_line("cannot accept a connection");
    let warning = || gateway.show("/status")["warnings"][0].clone();
    let refused = until("it says so", || Some(warning()).filter(|said| said["kind"] == "not_accepting"));
    assert!(refused["message"].as_str().is_some_and(|said| said.contains("ulimit -n")), "{refused}");
    assert!(refused["since_ms"].is_i64(), "{refused}");
    // Who was there before is served on: its connections stand already.
    let answer = first.say(ASK).answer().expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, FINE));

    drop(waiting);
    let answer = until("a new caller is served", || Raw::connect(gateway.port).say(ASK).answer());
    assert_eq!((answer.status, answer.text().as_str()), (200, FINE));
    assert_eq!(gateway.show("/status")["listeners"][0]["state"], "listening");
    until("it is over", || warning().is_null().then_some(()));
    let Gateway { program, folder: _folder, .. } = gateway;
    assert_eq!(program.terminate(), Some(0));
}

#[test]
fn a_port_that_was_lost_while_it_was_down_is_regained() {
    let backend = Backend::start();
    let gateway = Gateway::start();
    let (_, url) = gateway.add_api("Posts API", &format!("{}/posts", backend.url));
    assert_eq!(get(&caller(), &url, &[]).status, 200);
    let port = gateway.port;
    let folder: DataFolder = gateway.kill();
    let taken = until("another takes the port", || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());

    let gateway = Gateway::start_on(folder, &[]);
    let listener = || gateway.show("/status")["listeners"][0].clone();
    assert_eq!(listener()["state"], "failed", "it starts, and says what is missing");
    assert_eq!(gateway.show("/status")["warnings"][0]["kind"], "listener_failed");
    drop(taken);
    until("the port is regained", || (listener()["state"] == "listening").then_some(()));
    assert_eq!(get(&caller(), &url, &[]).status, 200);
}

#[test]
fn an_upstream_that_resets_under_load_fails_its_own_calls_and_no_other() {
    const CONNECTIONS: u32 = 16;
    const CALLS: u32 = 4_000;
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    let (api, url) = gateway.add_api("Api", &backend.url());
    let url = format!("{url}/sometimes-reset");
    let [next, well, badly] = [(); 3].map(|()| AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let agent = caller();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= CALLS {
                        return;
                    }
                    let called = if number.is_multiple_of(2) {
                        agent.get(&url).call()
                    } else {
                        agent.post(&url).send("x")
                    };
                    let answer = Answer::read(called.expect("every call is answered"));
                    match answer.status {
                        200 => {
                            assert_eq!(answer.body, FINE);
                            well.fetch_add(1, Ordering::Relaxed);
                        }
                        502 => _ = badly.fetch_add(1, Ordering::Relaxed),
                        other => panic!("{other}: {}", answer.body),
                    }
                }
            });
        }
    });
    let (well, badly) = (well.into_inner(), badly.into_inner());
    assert_eq!(well + badly, CALLS);
    let asked = backend.requests();
    let posts = asked.iter().filter(|head| head.starts_with("POST")).count();
    let reset_posts =
        asked.iter().step_by(Faulty::RESETS_EVERY).filter(|head| head.starts_with("POST")).count();
    assert!(posts <= CALLS as usize / 2, "{posts}: one that an upstream may have worked on was asked twice");
    assert!(reset_posts <= badly as usize, "{reset_posts} were reset, {badly} callers were told");
    assert!(well > CALLS / 2, "{well} well, {badly} badly");
    let totals = until("every call is counted", || {
        let totals = gateway.show(&format!("/analytics?api_id={api}"))["totals"].clone();
        (totals["calls"].as_u64()? >= u64::from(CALLS)).then_some(totals)
    });
    assert_eq!(
        (&totals["calls"], &totals["ok_2xx"], &totals["server_5xx"]),
        (&json!(CALLS), &json!(well), &json!(badly))
    );
}
