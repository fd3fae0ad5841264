//! One worker's connections to upstreams on which nothing runs: last in, first out, so that those not needed age.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;

use crate::{Body, Limits};

/// An open connection.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Body>,
    pub(super) address: SocketAddr,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// The idle connections by target.
pub(crate) struct Pool {
    idle: RefCell<HashMap<Arc<str>, Vec<Idle>>>,
    most_per_target: usize,
    keep_for: Duration,
}

impl Pool {
    /// Empty.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            idle: RefCell::default(),
            most_per_target: limits.max_idle_upstream,
            keep_for: limits.upstream_idle_timeout,
        }
    }

    /// The connection that was used last and can take a request now.
    pub(super) fn take(&self, target: &str) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let of_target = idle.get_mut(target)?;
        while of_target.last().is_some_and(|last| last.connection.sender.is_closed()) {
            of_target.pop();
        }
        // One whose request's body is still being sent comes free later.
        let place = of_target.iter().rposition(|idle| idle.connection.sender.is_ready())?;
        Some(of_target.remove(place).connection)
    }

    fn keep(&self, target: Arc<str>, connection: Connection, since: Instant) {
        if connection.sender.is_closed() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        let of_target = idle.entry(target).or_default();
        if of_target.len() < self.most_per_target {
            of_target.push(Idle { connection, since });
        }
    }

    /// Closes what stood idle too long, and forgets what the other side closed.
    pub(crate) fn sweep(&self, now: Instant) {
        self.idle.borrow_mut().retain(|_, of_target| {
            of_target.retain(|idle| {
                !idle.connection.sender.is_closed()
                    && now.saturating_duration_since(idle.since) < self.keep_for
            });
            !of_target.is_empty()
        });
    }
}

/// A connection in use.
pub(super) struct Lease {
    pub(super) connection: Connection,
    pub(super) target: Arc<str>,
    pub(super) pool: Rc<Pool>,
}

impl Lease {
    /// Its answer was read to the end: it may serve another call.
    pub(super) fn give_back(self, now: Instant) {
        self.pool.keep(self.target, self.connection, now);
    }
}
