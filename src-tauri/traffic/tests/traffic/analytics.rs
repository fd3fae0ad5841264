//! Figures add up, over time and over restarts.

use gatepost_model::{ApiId, ClientAppId};
use gatepost_traffic::{Analytics, AnalyticsQuery};

use crate::world::{DAY_MS, MINUTE_MS, World};

/// A day of calls of three APIs and three clients, with every kind of outcome.
fn a_day() -> World {
    let world = World::new();
    for n in 0..1_440_u64 {
        world.pass_ms(MINUTE_MS);
        world.record(|facts, _| {
            facts.api = Some(ApiId(1 + n as i64 % 3));
            facts.client = [None, Some(ClientAppId(1)), Some(ClientAppId(2))][n as usize / 3 % 3];
            facts.status = [200, 302, 404, 502, 429, 101][n as usize % 6];
            facts.refused_by = (facts.status == 429).then_some("rate-limiting");
            facts.would_refuse_by =
                n.is_multiple_of(4).then_some(["cors", "rate-limiting"][n as usize / 4 % 2]);
            facts.duration_us = 500 + n * 10;
            facts.upstream_us = (n % 2 == 0).then_some(400);
        });
    }
    world
}

fn assert_adds_up(analytics: &Analytics) {
    let totals = &analytics.totals;
    let classes = [totals.ok_2xx, totals.redirect_3xx, totals.client_4xx, totals.server_5xx, totals.refused];
    assert_eq!(classes.iter().sum::<u64>(), totals.calls);
    let series = |figure: fn(&gatepost_traffic::Figures) -> u64| {
        analytics.series.iter().map(|point| figure(&point.figures)).sum::<u64>()
    };
    assert_eq!(series(|figures| figures.calls), totals.calls);
    assert_eq!(series(|figures| figures.refused), totals.refused);
    assert_eq!(series(|figures| figures.would_refuse), totals.would_refuse);
    let in_shadow = analytics.by_policy.iter().map(|policy| policy.would_refuse).sum::<u64>();
    assert_eq!(in_shadow, totals.would_refuse);
    assert_eq!(series(|figures| figures.request_bytes), totals.request_bytes);
    assert_eq!(analytics.by_api.iter().map(|api| api.figures.calls).sum::<u64>(), totals.calls);
    assert_eq!(analytics.by_client.iter().map(|client| client.figures.calls).sum::<u64>(), totals.calls);
    assert_eq!(analytics.by_policy.iter().map(|policy| policy.calls).sum::<u64>(), totals.refused);
    assert_eq!(analytics.spread.cells.iter().flatten().sum::<u64>(), totals.calls);
    for api in &analytics.by_api {
        assert_eq!(api.spark.iter().sum::<u64>(), api.figures.calls);
    }
    let steps = (analytics.to_ms - analytics.from_ms) / 1_000 / i64::from(analytics.step_s);
    assert_eq!(analytics.series.len() as i64, steps);
    assert!(analytics.series.iter().zip(&analytics.spread.cells).all(|(_, cells)| cells.len() == 19));
}

#[test]
fn the_series_adds_up_to_the_totals() {
    let world = a_day();
    for minutes in [1, 5, 15, 60, 24 * 60, 30 * 24 * 60] {
        for step_s in [None, Some(5), Some(60), Some(900)] {
            let analytics =
                world.traffic.analytics(&AnalyticsQuery { step_s, ..world.query(minutes) }).unwrap();
            assert_adds_up(&analytics);
            assert!(analytics.totals.calls >= minutes.min(1_440) as u64, "{minutes} min, {step_s:?}");
        }
    }
    let week = world.last_minutes(7 * 24 * 60);
    assert_eq!((week.totals.calls, week.totals.refused, week.totals.would_refuse), (1_440, 240, 360));
    let by_policy: Vec<_> =
        week.by_policy.iter().map(|row| (row.policy.as_str(), row.calls, row.would_refuse)).collect();
    assert_eq!(by_policy, [("rate-limiting", 240, 180), ("cors", 0, 180)]);
}

#[test]
fn calls_of_one_api_or_client_are_figured_alone() {
    let world = a_day();
    let day = world.query(7 * 24 * 60);
    let by_api = world.traffic.analytics(&AnalyticsQuery { api_id: Some(ApiId(2)), ..day }).unwrap();
    assert_adds_up(&by_api);
    assert_eq!((by_api.totals.calls, by_api.by_api.len(), by_api.by_api[0].api_id), (480, 1, ApiId(2)));
    let client_app_id = Some(ClientAppId(2));
    let by_client = world.traffic.analytics(&AnalyticsQuery { client_app_id, ..day }).unwrap();
    assert_adds_up(&by_client);
    assert_eq!((by_client.totals.calls, by_client.by_client.len()), (480, 1));
    // Five minutes from the slots in memory: the figures of one API of three.
    let fine = AnalyticsQuery { api_id: Some(ApiId(1)), ..world.query(6) };
    let fine = world.traffic.analytics(&fine).unwrap();
    assert!(fine.step_s < 60 && fine.totals.calls == 2, "{fine:?}");
}

#[test]
fn a_call_made_just_now_is_counted_in_steps_of_seconds() {
    let world = World::new();
    world.pass_ms(12_345);
    world.record_many(5);
    let analytics = world.last_minutes(15);
    assert_eq!((analytics.totals.calls, analytics.step_s), (5, 15));
    assert_eq!(analytics.series.last().map(|point| point.figures.calls), Some(5));
    world.pass_ms(15 * MINUTE_MS + 15_000);
    let later = world.last_minutes(15);
    assert_eq!((later.totals.calls, later.before.calls), (0, 5), "now it is in the time before");
}

#[test]
fn figures_are_those_of_the_calls() {
    let world = World::new();
    for n in 1..=1_000 {
        world.record(|facts, _| {
            facts.duration_us = n * 100;
            facts.upstream_us = Some(n * 90);
        });
    }
    for minutes in [15, 60] {
        let totals = world.last_minutes(minutes).totals;
        assert_eq!((totals.avg_us, totals.max_us, totals.gateway_avg_us), (50_050, 100_000, 5_005));
        for (told, exact) in [(totals.p50_us, 50_000), (totals.p95_us, 95_000), (totals.p99_us, 99_000)] {
            assert!(told.abs_diff(exact) * 100 <= exact * 3, "{told} is not within 3 % of {exact}");
        }
    }
}

#[test]
fn rollups_survive_a_restart_without_doubling() {
    let mut world = World::new();
    for starts in 1..=4 {
        world.record_many(100);
        world.restart();
        for minutes in [15, 60] {
            let analytics = world.last_minutes(minutes);
            assert_adds_up(&analytics);
            assert_eq!(analytics.totals.calls, 100 * starts);
        }
    }
}

#[test]
fn a_call_that_took_hours_counts_when_it_ends() {
    let world = World::new();
    world.pass_ms(DAY_MS);
    world.record(|facts, _| facts.duration_us = 5 * 3_600 * 1_000_000);
    assert_eq!(world.last_minutes(15).totals.calls, 1);
}

#[test]
fn a_quarter_of_an_hour_of_yesterday_comes_in_minutes() {
    let world = World::new();
    world.record_many(7);
    let yesterday = world.query(15);
    world.pass_ms(DAY_MS);
    world.record_many(1);
    let analytics = world.traffic.analytics(&yesterday).unwrap();
    assert_eq!((analytics.totals.calls, analytics.step_s), (7, 60));
}
