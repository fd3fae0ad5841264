//! One worker's connections to upstreams on which nothing runs: last in, first out, so that those not needed age.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Limits;
use crate::http1::Connection;

struct Idle {
    connection: Box<Connection>,
    until: Instant,
}

/// The idle connections by target.
pub(crate) struct Pool {
    idle: RefCell<HashMap<Arc<str>, Vec<Idle>>>,
    most_per_target: usize,
}

impl Pool {
    /// Empty.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { idle: RefCell::default(), most_per_target: limits.max_idle_upstream }
    }

    /// The connection that was used last and can take a request now.
    pub(super) fn take(&self, target: &str) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        let of_target = idle.get_mut(target)?;
        while let Some(mut last) = of_target.pop() {
            if last.connection.is_usable() {
                return Some(last.connection);
            }
        }
        None
    }

    fn keep(&self, target: Arc<str>, connection: Box<Connection>, until: Instant) {
        let mut idle = self.idle.borrow_mut();
        let of_target = idle.entry(target).or_default();
        if of_target.len() < self.most_per_target {
            of_target.push(Idle { connection, until });
        }
    }

    /// Closes what stood idle too long, and forgets what the other side closed.
    pub(crate) fn sweep(&self, now: Instant) {
        self.idle.borrow_mut().retain(|_, of_target| {
            of_target.retain_mut(|idle| {
                let stays = now < idle.until && idle.connection.is_usable();
                idle.connection.release();
                stays
            });
            !of_target.is_empty()
        });
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
        if self.connection.is_at_rest() {
            self.pool.keep(self.target, self.connection, now + self.keep_for);
        }
    }
}
