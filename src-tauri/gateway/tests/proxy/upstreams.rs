//! Several targets: which is chosen, which is left out, what is asked again, and how much may go on at once.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use gatepost_gateway::{Health, Limits, TargetState};
use gatepost_model::{
    ApiId, Balance, Ceilings, Ejection, HashOn, HealthCheck, Millis, Outcome, Phase, Retries, Target,
    Upstream, UpstreamUrl,
};

use crate::support::{Api, Backend, Exchange, Next, PATIENCE, World, backend, free_address, until, world};

/// A backend that answers with its name, and says how many requests it has seen.
fn named(name: &'static str) -> (Backend, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let backend = backend(move |exchange| {
        count.fetch_add(1, Ordering::SeqCst);
        read_body(exchange);
        exchange.respond(name)
    });
    (backend, seen)
}

fn read_body(exchange: &mut Exchange) {
    let length = exchange.headers("content-length").first().and_then(|length| length.parse().ok());
    exchange.bytes(length.unwrap_or(0));
}

fn target(url: impl AsRef<str>, weight: u16) -> Target {
    Target { url: UpstreamUrl::parse(url.as_ref()).expect("valid"), weight }
}

/// An API at `/api` in front of these targets.
fn api(targets: Vec<Target>, edit: impl Fn(&mut Upstream) + 'static) -> Api {
    Api::at("/api", targets[0].url.to_string()).edited(move |api| {
        api.upstream.targets = targets.clone();
        api.upstream.retries = Retries { attempts: 0, ..Retries::default() };
        edit(&mut api.upstream);
    })
}

/// On one worker, where turns are one sequence.
fn on_one_worker(api: Api) -> World {
    World::with(&[api], Limits::default(), 1)
}

fn states(world: &World) -> Vec<TargetState> {
    world.gateway.targets(ApiId(1)).expect("it is in the Plan")
}

#[test]
fn targets_take_turns_by_weight() {
    let ((one, _), (two, _)) = (named("one"), named("two"));
    let world = on_one_worker(api(vec![target(one.url(""), 2), target(two.url(""), 1)], |_| {}));
    let mut client = world.client();
    let answers: Vec<_> = (0..6).map(|_| client.get("/api/").body).collect();
    assert_eq!(answers, ["one", "two", "one", "one", "two", "one"]);
    let (_, detail) = world.calls(1).remove(0);
    let note = detail.trail.iter().find(|step| step.phase == Phase::Upstream).expect("it ran");
    assert_eq!(note.note.to_string(), format!("{} answered 200", one.url("/")));
    let calls: Vec<_> = states(&world).iter().map(|state| state.calls).collect();
    assert_eq!(calls, [4, 2]);
}

#[test]
fn where_a_target_is_not_there_another_is_asked_even_with_a_body() {
    let (good, seen) = named("good");
    let targets = vec![target(format!("http://{}", free_address()), 1), target(good.url(""), 1)];
    let world = on_one_worker(api(targets, |upstream| {
        upstream.retries = Retries::default();
        upstream.ejection = None;
    }));
    let mut client = world.client();
    for _ in 0..4 {
        assert_eq!(client.post("/api/", "pay").body, "good", "nothing had been sent");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 4);
    let tries: Vec<Vec<Outcome>> = world
        .calls(4)
        .iter()
        .map(|(_, detail)| {
            let tries = detail.trail.iter().filter(|step| step.phase == Phase::Upstream);
            tries.map(|step| step.outcome).collect()
        })
        .collect();
    assert!(tries.contains(&vec![Outcome::Failed, Outcome::Passed]), "{tries:?}");
    let failures: Vec<_> = states(&world).iter().map(|state| state.failures).collect();
    assert_eq!(failures, [2, 0]);
    let last = states(&world)[0].last_failure.clone().expect("it failed");
    assert!(last.message.contains("refused the connection"), "{last:?}");
}

#[test]
fn a_call_that_may_have_been_done_is_never_done_twice() {
    let seen = Arc::new(AtomicUsize::new(0));
    let hangs_up = || {
        let seen = seen.clone();
        backend(move |exchange| {
            seen.fetch_add(1, Ordering::SeqCst);
            read_body(exchange);
            Next::Close
        })
    };
    let (one, two) = (hangs_up(), hangs_up());
    let world = on_one_worker(api(vec![target(one.url(""), 1), target(two.url(""), 1)], |upstream| {
        upstream.retries = Retries { attempts: 5, ..Retries::default() };
        upstream.ejection = None;
    }));
    assert_eq!(world.client().post("/api/", "pay").status, 502);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    assert_eq!(world.client().get("/api/").status, 502);
    assert_eq!(seen.load(Ordering::SeqCst), 1 + 6, "doing a GET twice does no harm");
}

#[test]
fn statuses_that_are_named_are_asked_again_where_that_is_safe() {
    let busy = backend(|exchange| {
        read_body(exchange);
        exchange.say("HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy");
        Next::Keep
    });
    let (good, _) = named("good");
    let world = on_one_worker(api(vec![target(busy.url(""), 1), target(good.url(""), 1)], |upstream| {
        upstream.retries = Retries { attempts: 1, on_status: vec![503], ..Retries::default() };
        upstream.ejection = None;
    }));
    let mut client = world.client();
    assert!((0..4).all(|_| client.get("/api/").body == "good"));
    let posted: BTreeSet<_> = (0..4).map(|_| client.post("/api/", "pay").body).collect();
    assert_eq!(posted, BTreeSet::from(["busy".to_owned(), "good".to_owned()]));
}

#[test]
fn a_target_that_fails_is_left_out_and_comes_back_by_time() {
    let (good, _) = named("good");
    let failing = Arc::new(AtomicBool::new(true));
    let fails = failing.clone();
    let moody = backend(move |exchange| {
        if fails.load(Ordering::SeqCst) {
            return Next::Close;
        }
        exchange.respond("moody")
    });
    let world = on_one_worker(api(vec![target(moody.url(""), 1), target(good.url(""), 1)], |upstream| {
        upstream.ejection = Some(Ejection { failures: 2, duration: Millis(50), max_percent: 50 });
    }));
    let changes = world.gateway.target_changes();
    let mut client = world.client();
    let failed = (0..4).filter(|_| client.get("/api/").status == 502).count();
    assert_eq!(failed, 2);
    assert!(changes.has_changed().expect("it runs"), "whoever looks on is told");
    failing.store(false, Ordering::SeqCst);
    until("the target is asked again", || client.get("/api/").body == "moody");
    assert_eq!(states(&world)[0].ejected_until, None);
}

#[test]
fn the_last_target_is_never_left_out() {
    let world = on_one_worker(api(vec![target(format!("http://{}", free_address()), 1)], |upstream| {
        upstream.ejection = Some(Ejection { failures: 1, duration: Millis(60_000), max_percent: 100 });
    }));
    let mut client = world.client();
    assert!((0..3).all(|_| client.get("/api/").status == 502));
    assert_eq!(states(&world)[0].ejected_until, None);
}

/// A backend whose health check can be made to fail.
fn patient() -> (Backend, Arc<AtomicBool>) {
    let healthy = Arc::new(AtomicBool::new(true));
    let is_healthy = healthy.clone();
    let backend = backend(move |exchange| match exchange.request_line() {
        "GET /healthz?full=1 HTTP/1.1" if is_healthy.load(Ordering::SeqCst) => exchange.respond("well"),
        "GET /healthz?full=1 HTTP/1.1" => {
            exchange.say("HTTP/1.1 500 Ill\r\ncontent-length: 0\r\n\r\n");
            Next::Keep
        }
        _ => exchange.respond("served"),
    });
    (backend, healthy)
}

fn checked(upstream: &mut Upstream) {
    upstream.health = Some(HealthCheck {
        path: "/healthz?full=1".into(),
        interval: Millis(10),
        healthy_after: 2,
        unhealthy_after: 2,
        ..HealthCheck::default()
    });
}

#[test]
fn a_target_that_fails_its_checks_gets_no_calls_until_it_passes_them() {
    let (backend, healthy) = patient();
    let world = world(&[api(vec![target(backend.url("/base"), 1)], checked)]);
    until("it is found healthy", || states(&world)[0].health == Health::Healthy);
    assert_eq!(world.client().get("/api/").body, "served");
    let changes = world.gateway.target_changes();
    healthy.store(false, Ordering::SeqCst);
    until("it is found unhealthy", || states(&world)[0].health == Health::Unhealthy);
    until("that is told", || changes.has_changed().expect("it runs"));
    let state = states(&world).remove(0);
    assert_eq!(&*state.last_failure.expect("it failed").message, "its health check was answered 500");
    assert_eq!(world.client().get("/api/").status, 503);
    let (_, detail) = world.calls(2).remove(1);
    assert_eq!(detail.error.as_deref(), Some("its health checks found no target that is fit"));
    healthy.store(true, Ordering::SeqCst);
    until("it is found healthy again", || world.client().get("/api/").body == "served");
}

#[test]
fn checks_end_with_the_plan_that_wanted_them() {
    let (backend, _) = patient();
    let wanted = api(vec![target(backend.url(""), 1)], checked);
    let world = world(&[wanted]);
    until("it is checked", || states(&world)[0].checks_passed > 0);
    let before = states(&world)[0].checks_passed;
    world.listen(&[world.address], &[api(vec![target(backend.url(""), 1)], checked)]);
    until("checks go on over a save", || states(&world)[0].checks_passed > before);
    assert_eq!(states(&world)[0].health, Health::Healthy, "what was known stays known");
    world.listen(&[world.address], &[api(vec![target(backend.url(""), 1)], |_| {})]);
    assert_eq!(states(&world)[0].health, Health::Unknown);
}

#[test]
fn a_check_that_nobody_answers_fails() {
    let world = world(&[api(vec![target(format!("http://{}", free_address()), 1)], checked)]);
    until("it is found unhealthy", || states(&world)[0].health == Health::Unhealthy);
    let message = states(&world)[0].last_failure.clone().expect("it failed").message;
    assert!(message.contains("refused the connection"), "{message}");
}

/// A backend that holds every request until it is let go on.
fn held() -> (Backend, Receiver<()>, SyncSender<()>) {
    let (arrived, arrives) = sync_channel(100);
    let (go, goes) = sync_channel(100);
    let goes = Mutex::new(goes);
    let backend = backend(move |exchange| {
        arrived.send(()).expect("the test waits");
        let _ = goes.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        exchange.respond("x")
    });
    (backend, arrives, go)
}

const GET: &str = "GET /api/ HTTP/1.1\r\nhost: api.test\r\n\r\n";

#[test]
fn calls_beyond_the_ceiling_are_answered_503() {
    let (backend, arrives, go) = held();
    let world = world(&[api(vec![target(backend.url(""), 1)], |upstream| {
        upstream.ceilings = Ceilings { requests: Some(2), ..Ceilings::default() };
    })]);
    let mut held = [world.client(), world.client()];
    for client in &mut held {
        client.say(GET);
        arrives.recv_timeout(PATIENCE).expect("it arrives");
    }
    assert_eq!(states(&world)[0].outstanding, 2);
    assert_eq!(world.client().get("/api/").status, 503);
    let (_, detail) = world.calls(1).remove(0);
    let words = "as many calls are under way as its upstream may have at once";
    assert_eq!(detail.error.as_deref(), Some(words));
    for client in &mut held {
        go.send(()).expect("it waits");
        assert_eq!(client.answer().body, "x");
    }
    until("the calls are over", || states(&world)[0].outstanding == 0);
    go.send(()).expect("it waits");
    assert_eq!(world.client().get("/api/").body, "x");
}

#[test]
fn a_caller_that_leaves_gives_its_place_back() {
    let (backend, arrives, go) = held();
    let world = world(&[api(vec![target(backend.url(""), 1)], |upstream| {
        upstream.ceilings = Ceilings { requests: Some(1), ..Ceilings::default() };
    })]);
    let mut leaves = world.client();
    leaves.say(GET);
    arrives.recv_timeout(PATIENCE).expect("it arrives");
    drop(leaves);
    until("its place is free", || states(&world)[0].outstanding == 0);
    go.send(()).expect("the first request's backend waits");
    go.send(()).expect("the second's will");
    assert_eq!(world.client().get("/api/").body, "x");
}

#[test]
fn calls_wait_for_a_connection_under_its_ceiling_but_not_too_many() {
    let (backend, arrives, go) = held();
    let world = on_one_worker(api(vec![target(backend.url(""), 1)], |upstream| {
        upstream.ceilings = Ceilings { connections: Some(1), pending: Some(1), requests: None };
    }));
    let (mut first, mut second) = (world.client(), world.client());
    first.say(GET);
    arrives.recv_timeout(PATIENCE).expect("it arrives");
    second.say(GET);
    until("the second call is under way", || states(&world)[0].outstanding == 2);
    assert_eq!(world.client().get("/api/").status, 503);
    let error = world.calls(1).remove(0).1.error.expect("it failed");
    assert!(error.starts_with("1 calls wait for a connection already"), "{error}");
    for client in [&mut first, &mut second] {
        go.send(()).expect("it waits");
        assert_eq!(client.answer().body, "x");
    }
    assert_eq!(backend.connections(), 1);
    assert_eq!(states(&world)[0].connections, 1);
}

#[test]
fn a_connection_that_one_worker_keeps_makes_room_for_anothers_call() {
    let (backend, _) = named("x");
    let world = World::with(
        &[api(vec![target(backend.url(""), 1)], |upstream| {
            upstream.ceilings = Ceilings { connections: Some(1), ..Ceilings::default() };
        })],
        Limits::default(),
        4,
    );
    // Connections spread over the workers by chance: of twelve, some are on different ones.
    assert!((0..12).all(|_| world.client().get("/api/").body == "x"));
}

#[test]
fn the_whole_call_has_a_time_that_no_try_goes_beyond() {
    let (backend, arrives, _go) = held();
    let world = world(&[api(vec![target(backend.url(""), 1)], |upstream| {
        upstream.timeouts.total = Some(Millis(50));
        upstream.retries = Retries { attempts: 5, ..Retries::default() };
    })]);
    assert_eq!(world.client().get("/api/").status, 504);
    arrives.recv_timeout(PATIENCE).expect("it was asked once");
    let (facts, detail) = world.calls(1).remove(0);
    assert_eq!((facts.status, detail.trail.len()), (504, 1), "and not again");
}

#[test]
fn the_same_key_goes_to_the_same_target() {
    let ((one, _), (two, _), (three, _)) = (named("one"), named("two"), named("three"));
    let targets = [one, two, three].map(|backend| target(backend.url(""), 1)).to_vec();
    let world = world(&[api(targets, |upstream| {
        upstream.balance = Balance::ConsistentHash(HashOn::Header("x-user".into()));
    })]);
    let ask = |user: u32| {
        let request = format!("GET /api/ HTTP/1.1\r\nhost: a\r\nx-user: u-{user}\r\n\r\n");
        world.client().ask(&request).body
    };
    let answers: Vec<_> = (0..30).map(ask).collect();
    assert_eq!(answers.iter().collect::<BTreeSet<_>>().len(), 3, "{answers:?}");
    assert!((0..30).map(ask).eq(answers));
}

#[test]
fn calls_go_where_fewer_are_under_way() {
    let (slow, _arrives, go) = held();
    let (fast, _) = named("fast");
    let world = world(&[api(vec![target(slow.url(""), 1), target(fast.url(""), 1)], |upstream| {
        upstream.balance = Balance::LeastOutstanding;
    })]);
    let mut asked = 0;
    let mut waits = loop {
        let mut client = world.client();
        client.say(GET);
        asked += 1;
        until("the call hangs on the slow one, or is over", || {
            let (slow, fast) = (&states(&world)[0], &states(&world)[1]);
            slow.calls + fast.calls == asked && (slow.outstanding == 1 || fast.outstanding == 0)
        });
        if states(&world)[0].outstanding == 1 {
            break client;
        }
    };
    assert!((0..20).all(|_| world.client().get("/api/").body == "fast"));
    go.send(()).expect("it waits");
    assert_eq!(waits.answer().body, "x");
}

#[test]
fn a_save_that_leaves_a_target_alone_keeps_what_is_known_of_it() {
    let ((one, _), (two, _)) = (named("one"), named("two"));
    let before = api(vec![target(one.url(""), 1)], |_| {});
    let world = world(&[before]);
    assert_eq!(world.client().get("/api/").body, "one");
    let after = api(vec![target(two.url(""), 1), target(one.url(""), 1)], |_| {});
    world.listen(&[world.address], &[after]);
    let calls: Vec<_> = states(&world).iter().map(|state| state.calls).collect();
    assert_eq!(calls, [0, 1]);
}
