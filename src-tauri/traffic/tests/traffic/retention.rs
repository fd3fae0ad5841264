//! What is old or too much is forgotten; the counts stay.

use gatepost_traffic::{CallFilter, Retention, Settings};

use crate::world::{DAY_MS, MINUTE_MS, World};

fn keeping(change: impl FnOnce(&mut Retention)) -> World {
    let mut settings = Settings::default();
    change(&mut settings.retention);
    World::with(settings)
}

/// Lets the writer come round to forgetting.
fn a_second_later(world: &World) {
    world.pass_ms(1_000);
    world.traffic.flush().unwrap();
}

fn oldest_kept(world: &World) -> Option<u64> {
    let (mut before, mut oldest) = (None, None);
    loop {
        let page = world.page(&CallFilter::default(), before);
        oldest = page.calls.last().map(|call| call.id).or(oldest);
        before = page.next;
        if before.is_none() {
            return oldest;
        }
    }
}

#[test]
fn calls_are_forgotten_by_count_and_the_counts_stay() {
    let world = keeping(|retention| retention.calls = 1_000);
    world.record_many(5_000);
    a_second_later(&world);
    let kept = world.traffic.recording().kept_calls;
    assert!((1_000..1_512).contains(&kept), "{kept} kept");
    assert_eq!(oldest_kept(&world), Some(5_000 - kept + 1));
    assert_eq!(world.traffic.call(1).unwrap(), None);
    for minutes in [15, 60] {
        assert_eq!(world.last_minutes(minutes).totals.calls, 5_000);
    }
}

#[test]
fn calls_are_forgotten_by_age() {
    let world = keeping(|retention| retention.days = 2);
    world.record_many(600);
    world.pass_ms(DAY_MS);
    world.record_many(600);
    world.pass_ms(DAY_MS + MINUTE_MS);
    world.record_many(600);
    a_second_later(&world);
    let oldest = oldest_kept(&world).unwrap();
    // A block goes when its last call is too old, so a few of the first day may stay with calls of the second.
    assert!((90..=601).contains(&oldest), "{oldest}");
    world.pass_ms(3 * DAY_MS);
    world.record_many(1_000);
    a_second_later(&world);
    assert!(oldest_kept(&world).unwrap() > 1_200);
}

#[test]
fn calls_are_forgotten_by_bytes_however_few_they_are() {
    let world = keeping(|retention| retention.bytes = 1 << 20);
    for _ in 0..200 {
        world.record(|_, detail| detail.target = "x".repeat(20_000));
        world.traffic.flush().unwrap();
    }
    a_second_later(&world);
    let kept = world.traffic.recording().kept_calls;
    assert!((45..=56).contains(&kept), "{kept} calls of 20 KB in 1 MiB");
}

#[test]
fn counts_are_forgotten_by_age() {
    let world = keeping(|retention| retention.rollup_days = 3);
    let first_hours = world.query(24 * 60);
    for _ in 0..5 {
        world.record_many(10);
        world.pass_ms(DAY_MS);
        world.traffic.flush().unwrap();
    }
    a_second_later(&world);
    let kept = world.last_minutes(30 * 24 * 60).totals.calls;
    assert!((20..=30).contains(&kept), "{kept}");
    assert_eq!(world.traffic.analytics(&first_hours).unwrap().totals.calls, 0);
}

#[test]
fn retention_can_be_changed_while_running() {
    let world = World::new();
    world.record_many(5_000);
    world.traffic.flush().unwrap();
    assert_eq!(world.traffic.recording().kept_calls, 5_000);
    world.traffic.set_retention(Retention { calls: 100, ..world.traffic.retention() });
    a_second_later(&world);
    let kept = world.traffic.recording().kept_calls;
    assert!((100..612).contains(&kept), "{kept} kept");
}

#[test]
fn the_longest_retention_keeps_all() {
    let world = keeping(|retention| {
        *retention = Retention { calls: u64::MAX, days: u32::MAX, rollup_days: u32::MAX, bytes: u64::MAX };
    });
    world.record_many(600);
    a_second_later(&world);
    assert_eq!(world.traffic.recording().kept_calls, 600);
    assert_eq!(world.last_minutes(60).totals.calls, 600);
}

#[test]
fn numbers_are_not_used_again_when_all_calls_are_forgotten() {
    let mut world = keeping(|retention| retention.days = 1);
    world.record_many(10);
    world.restart();
    world.pass_ms(3 * DAY_MS);
    a_second_later(&world);
    assert_eq!(world.traffic.recording().kept_calls, 0);
    world.restart();
    world.record_many(1);
    assert_eq!(oldest_kept(&world), Some(11));
}
