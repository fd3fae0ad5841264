//! One worker's connections to upstreams on which nothing runs: last in, first out, so that those not needed age.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::Limits;
use crate::http1::Connection;

struct Idle {
    connection: Box<Connection>,
    until: Instant,
}

/// What there is of one target.
#[derive(Default)]
struct OfTarget {
    idle: Vec<Idle>,
    /// Calls of this worker that wait for one.
    waiting: usize,
}

/// The idle connections by target.
pub(crate) struct Pool {
    idle: RefCell<HashMap<Arc<str>, OfTarget>>,
    most_per_target: Cell<usize>,
}

impl Pool {
    /// Empty.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { idle: RefCell::default(), most_per_target: Cell::new(limits.max_idle_upstream) }
    }

    /// Keeps so many of each target from now on.
    pub(crate) fn keep_at_most(&self, most_per_target: usize) {
        self.most_per_target.set(most_per_target);
    }

    /// The connection that was used last and can take a request now.
    pub(super) fn take(&self, target: &str) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        let of_target = idle.get_mut(target)?;
        while let Some(mut last) = of_target.idle.pop() {
            if last.connection.is_usable() {
                return Some(last.connection);
            }
        }
        None
    }

    fn keep(&self, target: Arc<str>, connection: Box<Connection>, until: Instant) {
        let mut idle = self.idle.borrow_mut();
        let of_target = idle.entry(target).or_default();
        if connection.open.is_waited_for() {
            if of_target.waiting == 0 {
                // Another worker's call needs its place under the ceiling.
                return;
            }
            connection.open.tell_waiting();
        }
        if of_target.idle.len() < self.most_per_target.get() {
            of_target.idle.push(Idle { connection, until });
        }
    }

    /// Notes that a call waits for a connection, as long as the guard is there.
    pub(super) fn wait_for<'p>(&'p self, target: &'p Arc<str>) -> WaitsHere<'p> {
        self.idle.borrow_mut().entry(target.clone()).or_default().waiting += 1;
        WaitsHere { pool: self, target }
    }

    /// Closes what is in the way of another worker's call.
    pub(crate) fn make_room(&self) {
        for of_target in self.idle.borrow_mut().values_mut().filter(|of_target| of_target.waiting == 0) {
            of_target.idle.retain(|idle| !idle.connection.open.is_waited_for());
        }
    }

    /// Closes what stood idle too long or leads where its name leads no more, and forgets what the other side closed.
    pub(crate) fn sweep(&self, now: Instant) {
        self.idle.borrow_mut().retain(|_, of_target| {
            of_target.idle.retain_mut(|idle| {
                let stays = now < idle.until && is_current(&idle.connection) && idle.connection.is_usable();
                idle.connection.release();
                stays
            });
            !of_target.idle.is_empty() || of_target.waiting > 0
        });
    }
}

/// A call of this worker that waits for a connection.
pub(super) struct WaitsHere<'p> {
    pool: &'p Pool,
    target: &'p Arc<str>,
}

impl Drop for WaitsHere<'_> {
    fn drop(&mut self) {
        if let Some(of_target) = self.pool.idle.borrow_mut().get_mut(self.target) {
            of_target.waiting -= 1;
        }
    }
}

/// A connection in use.
pub(super) struct Lease {
    pub(super) connection: Box<Connection>,
    pub(super) target: Arc<str>,
    pub(super) pool: Rc<Pool>,
    /// How long it is kept when it is not in use.
    pub(super) keep_for: Duration,
}

impl Lease {
    /// The answer has ended: the connection may serve another call, unless something of this one is left on it.
    pub(super) fn give_back(self, now: Instant) {
        if self.connection.is_at_rest() && is_current(&self.connection) {
            self.pool.keep(self.target, self.connection, now + self.keep_for);
        }
    }
}

/// True while it leads where its target's name does.
fn is_current(connection: &Connection) -> bool {
    connection.open.is_current(connection.address.ip())
}
