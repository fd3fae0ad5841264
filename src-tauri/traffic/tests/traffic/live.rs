//! Events for whoever listens.

use gatepost_traffic::LiveEvent;

use crate::world::World;

/// Everything that a listener has got by now.
fn events(receiver: &mut tokio::sync::broadcast::Receiver<LiveEvent>) -> Vec<LiveEvent> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

#[test]
fn live_batches_are_bounded_and_nothing_is_told_twice() {
    let world = World::new();
    let mut receiver = world.traffic.subscribe();
    let (mut told, mut skipped, mut last_id) = (0, 0, 0);
    for _ in 0..10 {
        world.record_many(1_000);
        // Many turns of the writer at one moment: still one batch.
        for _ in 0..5 {
            world.traffic.flush().unwrap();
        }
        world.pass_ms(50);
        world.traffic.flush().unwrap();
        let batches = events(&mut receiver);
        assert!(batches.len() <= 2, "{} events at one moment", batches.len());
        for event in batches {
            let LiveEvent::Calls { calls, skipped: more } = event else { continue };
            assert!(calls.len() <= 200);
            assert!(
                calls.is_sorted_by_key(|call| call.id) && calls.first().is_none_or(|call| call.id > last_id)
            );
            last_id = calls.last().map_or(last_id, |call| call.id);
            told += calls.len() as u64;
            skipped += more;
        }
    }
    assert_eq!(told + skipped, 10_000);
    assert_eq!(last_id, 10_000, "the newest call is told");
}

#[test]
fn every_second_is_told_once_when_it_is_over_and_again_when_late_calls_join_it() {
    let world = World::new();
    let mut receiver = world.traffic.subscribe();
    world.record(|facts, _| (facts.status, facts.refused_by) = (429, Some("rate-limiting")));
    let mut seconds = Vec::new();
    for _ in 0..30 {
        world.pass_ms(100);
        world.traffic.flush().unwrap();
        seconds.extend(events(&mut receiver).into_iter().filter_map(|event| match event {
            LiveEvent::Second(second) => Some((second.at_ms, second.calls, second.refused)),
            LiveEvent::Calls { .. } => None,
        }));
    }
    let start = crate::world::START_MS;
    let expected = [(start - 1_000, 0, 0), (start, 1, 1), (start + 1_000, 0, 0)];
    assert_eq!(seconds, expected);
    // A call that ended in the first second, but comes only now.
    let (mut late, mut detail) = (crate::world::facts(), crate::world::detail("late"));
    late.at_us = start * 1_000;
    world.traffic.recorder().record(1, &late, &mut detail);
    world.traffic.flush().unwrap();
    world.pass_ms(1_000);
    world.traffic.flush().unwrap();
    let again = events(&mut receiver);
    assert!(again.iter().any(|event| matches!(event, LiveEvent::Second(second)
        if second.at_ms == start && second.calls == 2)));
    let recent = world.traffic.recent_seconds();
    assert_eq!(recent.iter().map(|second| (second.at_ms, second.calls)).collect::<Vec<_>>(), [(start, 2)]);
}

#[test]
fn recent_seconds_come_back_after_a_restart() {
    let mut world = World::new();
    world.record_many(3);
    world.pass_ms(2_000);
    world.record_many(1);
    world.restart();
    let seconds = world.traffic.recent_seconds();
    assert_eq!(seconds.iter().map(|second| second.calls).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(seconds[0].p95_us / 100, 10, "{seconds:?}");
}

#[test]
fn events_are_written_as_the_console_reads_them() {
    let world = World::new();
    let mut receiver = world.traffic.subscribe();
    world.record_many(1);
    world.traffic.flush().unwrap();
    world.pass_ms(1_200);
    world.traffic.flush().unwrap();
    let json: Vec<serde_json::Value> =
        events(&mut receiver).iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    let of_kind =
        |kind: &str| json.iter().find(|event| event["kind"] == kind && event["calls"] != 0).unwrap();
    assert_eq!(of_kind("calls")["calls"][0]["path"], "/posts/0");
    assert_eq!(of_kind("calls")["skipped"], 0);
    assert_eq!(of_kind("second")["ok_2xx"], 1);
}
