//! Plans come and go, listeners open and close, the gateway ends: no call suffers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::{Api, Client, Next, PATIENCE, World, backend, free_address, world};
use gatepost_gateway::{Limits, Listening};

#[test]
fn no_call_fails_while_plans_are_swapped() {
    const CALLERS: usize = 8;
    const CALLS: usize = 250;
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::before(&backend);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut client = world.client();
                for _ in 0..CALLS {
                    assert_eq!(client.get("/api/").status, 200);
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let mut plans = 0;
        while done.load(Ordering::SeqCst) < CALLERS * CALLS || plans < 50 {
            let extra = Api::at("/other", backend.url(""));
            world.listen(&[world.address], &[Api::at("/api", backend.url("")), extra]);
            plans += 1;
            std::thread::yield_now();
        }
    });
    let calls = world.calls(CALLERS * CALLS);
    assert!(calls.iter().all(|(facts, _)| facts.status == 200));
    assert!(calls.iter().any(|(facts, _)| facts.plan > 10), "calls ran under later Plans");
    assert_eq!(world.calls_in_the_end(), CALLERS * CALLS);
}

#[test]
fn a_port_in_use_is_reported_and_everything_else_runs() {
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::before(&backend);
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = holder.local_addr().expect("bound");
    let states = world.listen(&[world.address, taken], &[Api::at("/api", backend.url(""))]);
    let state = |address| {
        let listeners = world.gateway.listeners();
        listeners.into_iter().find(|listener| listener.address == address).expect("known").state
    };
    assert_eq!(states, world.gateway.listeners());
    let Listening::Failed { message, advice } = state(taken) else { panic!("the port is taken") };
    assert_eq!(message, format!("Port {} is in use by another program", taken.port()));
    assert!(advice.contains("another port"));
    assert_eq!(world.client().get("/api/").body, "x");
    drop(holder);
    world.gateway.retry_failed();
    assert_eq!(state(taken), Listening::Yes);
    assert_eq!(Client::connect(taken).get("/api/").body, "x");
}

#[test]
fn a_port_moves_from_one_address_to_all_of_them() {
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::before(&backend);
    let everywhere = SocketAddr::from(([0, 0, 0, 0], world.address.port()));
    let api = || [Api::at("/api", backend.url(""))];
    let states = world.listen(&[world.address, everywhere], &api());
    let Listening::Failed { message, .. } = &states[0].state else { panic!("both cannot be open") };
    assert!(
        message.contains("in use by another API of this gateway, which listens on 127.0.0.1"),
        "{message}"
    );
    assert_eq!(states[1].state, Listening::Yes);
    let states = world.listen(&[everywhere], &api());
    assert_eq!(states[0].state, Listening::Yes);
    assert_eq!(world.client().get("/api/").body, "x");
}

#[test]
fn a_closed_listener_ends_its_connections_with_their_next_answer() {
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::before(&backend);
    let mut client = world.client();
    assert_eq!(client.get("/api/").header("connection"), None);
    world.listen(&[], &[]);
    assert!(TcpStream::connect(world.address).is_err(), "nobody listens any more");
    let last = client.get("/api/");
    assert_eq!((last.status, last.header("connection")), (404, Some("close")));
    assert_eq!(client.rest(), "");
    world.listen(&[world.address], &[Api::at("/api", backend.url(""))]);
    assert_eq!(world.client().get("/api/").body, "x");
}

#[test]
fn a_running_call_ends_under_the_plan_it_began_with() {
    let (asked, was_asked) = sync_channel::<()>(1);
    let (go_on, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let backend = backend(move |exchange| {
        asked.send(()).expect("the test waits");
        wait.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE).expect("released");
        exchange.respond("late")
    });
    let world = World::before(&backend);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    was_asked.recv_timeout(PATIENCE).expect("asked");
    world.listen(&[], &[]);
    go_on.send(()).expect("the backend waits");
    assert_eq!(client.answer().body, "late");
    assert_eq!(world.calls(1).remove(0).0.plan, 1);
}

#[test]
fn draining_finishes_what_runs_and_closes_what_is_idle() {
    let (asked, was_asked) = sync_channel::<()>(1);
    let (go_on, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let backend = backend(move |exchange| {
        if exchange.request_line().contains("slow") {
            asked.send(()).expect("the test waits");
            wait.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE).expect("released");
        }
        exchange.respond("done")
    });
    let world = World::before(&backend);
    let mut idle = world.client();
    assert_eq!(idle.get("/api/quick").body, "done");
    let _silent = world.client();
    let mut running = world.client();
    running.say("GET /api/slow HTTP/1.1\r\nhost: a\r\n\r\n");
    was_asked.recv_timeout(PATIENCE).expect("asked");
    let drained = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            world.gateway.drain(PATIENCE);
            drained.store(true, Ordering::SeqCst);
        });
        assert_eq!(idle.rest(), "", "idle connections are closed");
        assert!(!drained.load(Ordering::SeqCst), "a call still runs");
        go_on.send(()).expect("the backend waits");
        let answer = running.answer();
        assert_eq!((answer.body.as_str(), answer.header("connection")), ("done", Some("close")));
    });
    assert!(TcpStream::connect(world.address).is_err());
    assert!(world.gateway.listeners().is_empty());
    assert!(world.listen(&[world.address], &[]).is_empty(), "what has ended opens nothing");
}

#[test]
fn a_drain_does_not_wait_longer_than_it_may() {
    let (asked, was_asked) = sync_channel::<()>(1);
    let (release, wait) = sync_channel::<()>(1);
    let wait = Mutex::new(wait);
    let backend = backend(move |_| {
        asked.send(()).expect("the test waits");
        let _ = wait.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        Next::Close
    });
    let world = World::before(&backend);
    let mut client = world.client();
    client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    was_asked.recv_timeout(PATIENCE).expect("asked");
    world.gateway.drain(Duration::from_millis(200));
    assert_eq!(client.rest(), "");
    assert_eq!(world.calls(1).remove(0).0.status, 499);
    drop(release);
}

#[test]
fn connections_that_stand_too_long_are_closed() {
    let second = Duration::from_secs(1);
    let limits = Limits { idle_timeout: second, head_timeout: second, ..Limits::default() };
    let world = World::with(&[Api::at("/api", format!("http://{}", free_address()))], limits, 1);
    let mut silent = world.client();
    let mut slow = world.client();
    slow.say("GET /api/ HTTP/1.1\r\nhost:");
    let mut done = world.client();
    assert_eq!(done.get("/nowhere").status, 404);
    for client in [&mut silent, &mut slow, &mut done] {
        assert_eq!(client.rest(), "");
    }
}

#[test]
fn a_head_that_drips_gains_no_time() {
    let limits = Limits { head_timeout: Duration::from_millis(500), ..Limits::default() };
    let backend = backend(|exchange| exchange.respond("x"));
    let world = World::with(&[Api::at("/api", backend.url(""))], limits, 1);
    let mut dripping = TcpStream::connect(world.address).expect("the gateway accepts");
    dripping.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket");
    dripping.write_all(b"GET /api/ HTTP/1.1\r\nhost: a\r\nx: ").expect("taken");
    let begun = Instant::now();
    // Each drop comes well before the time is over; the whole head never does.
    while dripping.write_all(b"x").is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it still waits for the rest");
        if matches!(dripping.read(&mut [0; 64]), Ok(0)) {
            break;
        }
        assert_eq!(world.client().get("/api/").body, "x", "nobody waits for it");
    }
}

#[test]
fn connections_past_the_limit_wait_for_room() {
    let backend = backend(|exchange| exchange.respond("x"));
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let world = World::with(&[Api::at("/api", backend.url(""))], limits, 1);
    let mut first = world.client();
    assert_eq!(first.get("/api/").body, "x");
    // Accepted by the system, not by the gateway.
    let mut second = world.client();
    second.say("GET /api/second HTTP/1.1\r\nhost: a\r\n\r\n");
    for _ in 0..20 {
        assert_eq!(first.get("/api/").body, "x");
    }
    drop(first);
    assert_eq!(second.answer().body, "x");
    let order: Vec<_> = world.calls(22).into_iter().map(|(_, detail)| detail.target).collect();
    assert_eq!(order[21], "/api/second", "it waited for the first to leave");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let world = world(&[]);
    let mut client = world.client();
    let large = "x".repeat(70_000);
    let answer = client.ask(&format!("GET / HTTP/1.1\r\nhost: a\r\nx-large: {large}\r\n\r\n"));
    assert_eq!(answer.status, 431);
}
