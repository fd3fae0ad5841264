//! Targets by name: all addresses are used, and other ones once the name leads there.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepost_gateway::{Limits, LookUp, Names};
use parking_lot::Mutex;

use crate::support::{Api, Backend, PATIENCE, World, backend_on};

/// Every name leads to these; nowhere when there is none.
struct Book(Mutex<Vec<IpAddr>>);

impl Names for Book {
    fn look_up(&self, _name: &str) -> LookUp {
        let found = self.0.lock().clone();
        Box::pin(async { if found.is_empty() { Err(io::Error::other("no server")) } else { Ok(found) } })
    }
}

/// Backends on one port of several addresses of this machine; each answers with its address.
fn on_addresses(last: &[u8]) -> Vec<(IpAddr, Backend)> {
    let first = TcpListener::bind((Ipv4Addr::new(127, 0, 0, last[0]), 0)).expect("a free port");
    let port = first.local_addr().expect("bound").port();
    let rest = last[1..].iter().map(|last| TcpListener::bind((Ipv4Addr::new(127, 0, 0, *last), port)));
    let Ok(rest) = rest.collect::<io::Result<Vec<_>>>() else {
        // Somebody has that port on one of the others.
        return on_addresses(last);
    };
    let named = |listener: TcpListener| {
        let address = listener.local_addr().expect("bound").ip();
        (address, backend_on(listener, move |exchange| exchange.respond(&address.to_string())))
    };
    std::iter::once(first).chain(rest).map(named).collect()
}

fn world_of(book: &Arc<Book>, port: u16) -> World {
    let limits = Limits { keep_names: Duration::from_millis(20), ..Limits::default() };
    World::naming(&[Api::at("/api", format!("http://backend.test:{port}"))], limits, book)
}

/// Needs more than one address of this machine, which Linux alone has without setting them up.
#[cfg(target_os = "linux")]
#[test]
fn new_connections_use_all_addresses_of_a_name_in_turn() {
    let backends = on_addresses(&[1, 2, 3]);
    let ips: Vec<IpAddr> = backends.iter().map(|(ip, _)| *ip).collect();
    let book = Arc::new(Book(Mutex::new(ips.clone())));
    let world = world_of(&book, backends[0].1.address.port());
    let begun = Instant::now();
    let mut held = Vec::new();
    while backends.iter().any(|(_, backend)| backend.connections() == 0) {
        assert!(begun.elapsed() < PATIENCE, "some address is never used");
        let mut client = world.client();
        client.say("GET /api/ HTTP/1.1\r\nhost: a\r\n\r\n");
        held.push(client);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn calls_follow_a_name_that_leads_elsewhere_and_outlive_a_name_server_that_fails() {
    let backends = on_addresses(&[1, 2]);
    let [(one, first), (two, _)] = &backends[..] else { panic!("two") };
    let book = Arc::new(Book(Mutex::new(vec![*one])));
    let world = world_of(&book, first.address.port());
    let ask = || world.client().get("/api/").body;
    assert_eq!(ask(), one.to_string());
    book.0.lock().clear();
    assert_eq!(ask(), one.to_string(), "what was known is used");
    *book.0.lock() = vec![*two];
    let begun = Instant::now();
    while ask() != two.to_string() {
        assert!(begun.elapsed() < PATIENCE, "calls stay with an address that the name has no more");
        std::thread::yield_now();
    }
}

#[test]
fn a_name_that_leads_nowhere_gives_502() {
    let world = world_of(&Arc::new(Book(Mutex::default())), 1);
    assert_eq!(world.client().get("/api/").status, 502);
    let error = world.calls(1).remove(0).1.error.expect("it failed");
    assert!(error.starts_with("backend.test has no address (no server)"), "{error}");
}
