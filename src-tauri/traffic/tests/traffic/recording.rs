//! Every call counts, whatever happens; its detail is found again.

use std::sync::Arc;

use gatepost_model::{ApiId, HeaderBlock, Outcome, Phase};
use gatepost_traffic::{CallFilter, Settings, TrafficError};

use crate::world::{World, detail, facts};

#[test]
fn counts_are_exact_when_the_ring_is_full() {
    const CALLS: u64 = 10_000;
    let world = World::with(Settings { queue_capacity: 8, ..Settings::default() });
    let recorder = world.traffic.recorder();
    std::thread::scope(|threads| {
        for worker in 0..2 {
            let recorder = Arc::clone(&recorder);
            threads.spawn(move || {
                for n in 0..CALLS {
                    let mut facts = facts();
                    facts.status = if n % 4 == 0 { 500 } else { 200 };
                    recorder.record(worker, &facts, &mut detail("r"));
                }
            });
        }
    });
    for minutes in [15, 60] {
        let totals = world.last_minutes(minutes).totals;
        assert_eq!((totals.calls, totals.server_5xx), (2 * CALLS, CALLS / 2));
        assert_eq!(totals.response_bytes, 2 * CALLS * 1_024);
    }
    let recording = world.traffic.recording();
    assert_eq!(recording.recorded, 2 * CALLS);
    assert!(recording.dropped_details > 0, "8 places cannot hold 20,000 calls");
    assert_eq!(recording.kept_calls, 2 * CALLS - recording.dropped_details);
}

#[test]
fn one_call_is_found_by_its_request_id() {
    let world = World::new();
    world.record_many(2_000);
    world.record(|facts, detail| {
        facts.status = 429;
        facts.refused_by = Some("rate-limiting");
        facts.upstream_us = None;
        detail.request_id = "the-one".into();
        detail.target = "/posts?q=1".into();
        detail.response_body = Some("{\"error\":\"Too many requests\"}".into());
        detail.upstream_address = None;
        detail.connection_reused = false;
        detail.trail[0].outcome = Outcome::Refused;
    });
    let call = world.traffic.call_by_request_id("the-one").unwrap().unwrap();
    assert_eq!((call.summary.id, call.summary.status, call.plan), (2_001, 429, 7));
    assert_eq!(call.summary.path, "/posts?q=1");
    assert_eq!(call.summary.refused_by.as_deref(), Some("rate-limiting"));
    assert_eq!((call.summary.api_id, call.summary.upstream_us), (Some(ApiId(1)), None));
    assert_eq!((call.host.as_str(), call.http_version.as_str()), ("localhost:8081", "HTTP/1.1"));
    assert_eq!((call.remote_address.as_str(), call.upstream_address), ("127.0.0.1:50000", None));
    assert_eq!(call.response_body.as_deref(), Some("{\"error\":\"Too many requests\"}"));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(call.request_headers, [header("host", "localhost:8081"), header("user-agent", "test")]);
    let [step] = &call.trail[..] else { panic!("{:?}", call.trail) };
    assert_eq!((step.phase, step.outcome), (Phase::Request, Outcome::Refused));
    assert_eq!((step.note.as_str(), step.duration_us), ("4 of 5 left", 1.5));
    assert_eq!(world.traffic.call_by_request_id("another").unwrap(), None);
}

#[test]
fn every_call_of_a_block_reads_back_with_its_own_headers() {
    let world = World::new();
    world.record_many(1_000);
    world.traffic.flush().unwrap();
    for id in [1, 2, 300, 511, 512, 513, 1_000] {
        let call = world.traffic.call(id).unwrap().unwrap();
        let request_id = call.summary.request_id.as_str();
        assert_eq!((call.summary.id, request_id), (id, format!("r-{}", id - 1).as_str()));
        // The header was captured by `detail` under the id it had then: r-0 for all.
        assert_eq!(call.response_headers[1].1, "r-0");
    }
    assert_eq!(world.traffic.call(1_001).unwrap(), None);
    assert_eq!(world.traffic.call(0).unwrap(), None);
    assert_eq!(world.traffic.call(u64::MAX).unwrap(), None);
}

#[test]
fn numbers_go_on_after_a_restart() {
    let mut world = World::new();
    world.record_many(3);
    world.restart();
    world.record_many(2);
    let page = world.page(&CallFilter::default(), None);
    assert_eq!(page.calls.iter().map(|call| call.id).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
}

#[test]
fn a_kill_after_a_flush_loses_and_doubles_nothing() {
    let world = World::new();
    for killed in 1..=3 {
        world.record_many(100);
        world.traffic.flush().unwrap();
        let copy = world.killed_copy();
        copy.record_many(1);
        let calls = 100 * killed + 1;
        assert_eq!(copy.page(&CallFilter::default(), None).calls[0].id, calls);
        for minutes in [15, 60] {
            assert_eq!(copy.last_minutes(minutes).totals.calls, calls);
        }
    }
}

#[test]
fn calls_count_while_the_database_cannot_be_written_and_are_kept_again_when_it_can() {
    let world = World::new();
    let database = rusqlite::Connection::open(world.dir.path().join("traffic.db")).unwrap();
    world.record_many(10);
    world.traffic.flush().unwrap();
    database.execute_batch("ALTER TABLE call_block RENAME TO hidden").unwrap();
    world.record_many(2_000);
    world.traffic.flush().unwrap();
    assert!(world.traffic.recording().fault.is_some());
    database.execute_batch("ALTER TABLE hidden RENAME TO call_block").unwrap();
    world.record_many(1);
    for minutes in [15, 60] {
        assert_eq!(world.last_minutes(minutes).totals.calls, 2_011);
    }
    let recording = world.traffic.recording();
    assert_eq!((recording.fault, recording.recorded), (None, 2_011));
    assert!(recording.dropped_details >= 1_000, "full blocks were lost");
    assert_eq!(recording.kept_calls, 2_011 - recording.dropped_details);
    let stored: u64 = database
        .query_row("SELECT sum(calls) FROM call_block", [], |row| row.get::<_, i64>(0))
        .unwrap()
        .unsigned_abs();
    assert_eq!(stored, recording.kept_calls);
}

#[test]
fn a_flush_after_the_end_says_so_and_recording_harms_nobody() {
    let world = World::new();
    world.record_many(1);
    world.traffic.close();
    world.record_many(1);
    assert!(matches!(world.traffic.flush(), Err(TrafficError::Closed)));
    assert_eq!(world.traffic.call(1).unwrap().map(|call| call.summary.id), Some(1));
    world.traffic.close();
}

#[test]
fn scheme_trailers_and_grpc_status_are_found_again() {
    let mut world = World::new();
    world.record(|_, detail| {
        let trailers: [(&str, &[u8]); 2] = [("grpc-status", b"5"), ("grpc-message", b"no such post")];
        (detail.scheme, detail.http_version) = ("https", "HTTP/2");
        detail.response_trailers = HeaderBlock::capture(trailers.into_iter());
        detail.grpc_status = Some(5);
    });
    world.record(|_, _| {});
    for _ in 0..2 {
        let statuses: Vec<_> =
            world.page(&CallFilter::default(), None).calls.iter().map(|call| call.grpc_status).collect();
        assert_eq!(statuses, [None, Some(5)]);
        let call = world.traffic.call(1).unwrap().unwrap();
        assert_eq!((call.scheme.as_str(), call.summary.grpc_status), ("https", Some(5)));
        assert_eq!(call.response_trailers[1], ("grpc-message".to_owned(), "no such post".to_owned()));
        world.restart();
    }
}
