//! Counts are written seldom, and still none is missing or doubled: not for who asks, not after a kill.

use gatepost_model::ClientAppId;
use gatepost_traffic::{Retention, Settings};
use rusqlite::Connection;

use crate::world::{MINUTE_MS, World};

/// Calls that the stored counts have, whatever else is known.
fn stored(world: &World) -> u64 {
    let database = Connection::open(world.dir.path().join("traffic.db")).unwrap();
    let calls = "SELECT ifnull(sum(calls), 0) FROM rollup";
    database.query_row(calls, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
}

/// All calls of the last hour, which are read from the stored counts.
fn counted(world: &World) -> u64 {
    world.last_minutes(60).totals.calls
}

/// A world whose one call is counted, so that the next ones wait for the minute's end.
fn begun(settings: Settings) -> World {
    let world = World::with(settings);
    world.record_many(1);
    assert_eq!((counted(&world), stored(&world)), (1, 1));
    world
}

#[test]
fn calls_that_a_kill_left_uncounted_are_counted_once() {
    let world = begun(Settings::default());
    for killed in 1..=3 {
        world.record_many(700);
        world.traffic.flush().unwrap();
        assert_eq!(stored(&world), 1, "the minute is not over");
        let copy = world.killed_copy();
        assert_eq!(counted(&copy), 1 + 700 * killed);
        // Now they are counted; neither a kill nor a stop counts them again.
        let mut again = copy.killed_copy();
        assert_eq!(counted(&again), 1 + 700 * killed);
        again.restart();
        assert_eq!((counted(&again), stored(&again)), (1 + 700 * killed, 1 + 700 * killed));
    }
}

#[test]
fn a_block_that_is_counted_in_part_is_counted_on_from_there() {
    let world = begun(Settings::default());
    world.record_many(100);
    assert_eq!(counted(&world), 101);
    world.record_many(100);
    world.traffic.flush().unwrap();
    assert_eq!(stored(&world), 101);
    let copy = world.killed_copy();
    assert_eq!((counted(&copy), copy.last_minutes(15).totals.calls), (201, 201));
    assert_eq!(copy.last_minutes(60).totals.request_bytes, 2_010);
}

#[test]
fn calls_that_were_left_uncounted_long_ago_count_in_their_minute() {
    let world = begun(Settings::default());
    let query = world.query(60);
    world.record_many(10);
    world.traffic.flush().unwrap();
    let copy = world.killed_copy();
    copy.pass_ms(100 * MINUTE_MS);
    assert_eq!(counted(&copy), 0);
    assert_eq!(copy.traffic.analytics(&query).unwrap().totals.calls, 11);
}

#[test]
fn who_asks_has_the_call_that_has_just_ended() {
    let world = begun(Settings::default());
    for calls in 2..20 {
        world.record_many(1);
        assert_eq!(counted(&world), calls);
    }
}

#[test]
fn counts_are_written_when_their_minute_ends_and_at_the_stop() {
    let world = begun(Settings::default());
    world.record_many(10);
    world.traffic.flush().unwrap();
    assert_eq!(stored(&world), 1);
    world.pass_ms(MINUTE_MS);
    world.traffic.flush().unwrap();
    assert_eq!(stored(&world), 11);
    world.record_many(10);
    world.traffic.close();
    assert_eq!(stored(&world), 21);
}

#[test]
fn more_apis_and_clients_than_memory_is_kept_for_do_not_wait_for_the_minute() {
    const CLIENTS: i64 = 33_000;
    let world = begun(Settings::default());
    for client in 0..CLIENTS {
        world.record(|facts, _| facts.client = Some(ClientAppId(10 + client)));
        if client % 8_000 == 7_999 {
            world.traffic.flush().unwrap();
            assert_eq!(stored(&world), 1);
        }
    }
    world.traffic.flush().unwrap();
    assert!(stored(&world) > 32_000);
    assert_eq!(counted(&world), 1 + CLIENTS.unsigned_abs());
}

#[test]
fn calls_whose_detail_was_dropped_survive_a_kill() {
    let world = begun(Settings { queue_capacity: 1, ..Settings::default() });
    let mut calls = 1;
    while world.traffic.recording().dropped_details == 0 {
        world.record_many(100);
        calls += 100;
        world.traffic.flush().unwrap();
    }
    assert_eq!(counted(&world.killed_copy()), calls);
}

#[test]
fn calls_are_counted_before_they_are_forgotten() {
    let retention = Retention { calls: 1_000, ..Retention::default() };
    let world = begun(Settings { retention, ..Settings::default() });
    world.record_many(5_000);
    world.traffic.flush().unwrap();
    assert!(world.traffic.recording().kept_calls < 1_512 + 512);
    let copy = world.killed_copy();
    assert_eq!(counted(&copy), 5_001);
}

#[test]
fn a_file_of_before_has_its_calls_counted_already() {
    let mut world = begun(Settings::default());
    world.traffic.close();
    let database = Connection::open(world.dir.path().join("traffic.db")).unwrap();
    database.execute("DELETE FROM state WHERE name = 'counted_to'", []).unwrap();
    drop(database);
    world.restart();
    world.record_many(5);
    world.traffic.flush().unwrap();
    assert_eq!(counted(&world.killed_copy()), 6);
}
