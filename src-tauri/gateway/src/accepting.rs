//! Why callers wait unaccepted: the system has no room for another connection, or as many stand as may.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::wall_us;

/// For so long after the system refused a connection it counts as still doing so: an acceptor tries again much sooner.
const STILL_MS: i64 = 1_000;

/// What keeps callers waiting at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unaccepted {
    /// The system gives no more connections.
    pub by_system: Option<SystemRefusal>,
    /// Since when as many connections stand as [`Limits::max_connections`](crate::Limits::max_connections) allows on
    /// some worker, epoch milliseconds.
    pub by_limit_since_ms: Option<i64>,
}

/// The system gives no more connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemRefusal {
    /// Since when, epoch milliseconds.
    pub since_ms: i64,
    /// How often it was tried in vain since then.
    pub tries: u64,
    /// What it says.
    pub reason: String,
    last_ms: i64,
}

/// What all workers' acceptors report.
#[derive(Default)]
pub(crate) struct Accepting {
    refusal: Mutex<Option<SystemRefusal>>,
    /// How many acceptors wait for a connection to end, and since when the first of them.
    full: Mutex<(usize, i64)>,
}

impl Accepting {
    /// Notes that the system refused a connection.
    pub(crate) fn refused_by_system(&self, error: &io::Error) {
        self.refused_at(wall_us() / 1_000, error);
    }

    fn refused_at(&self, now_ms: i64, error: &io::Error) {
        let mut refusal = self.refusal.lock();
        let before = refusal.take().filter(|refusal| now_ms - refusal.last_ms <= STILL_MS);
        let (since_ms, tries) = before.map_or((now_ms, 0), |before| (before.since_ms, before.tries));
        *refusal =
            Some(SystemRefusal { since_ms, tries: tries + 1, reason: error.to_string(), last_ms: now_ms });
    }

    /// Notes that an acceptor waits for a connection to end, as long as the guard is there.
    pub(crate) fn waits(self: &Arc<Self>) -> Full {
        let mut full = self.full.lock();
        if full.0 == 0 {
            full.1 = wall_us() / 1_000;
        }
        full.0 += 1;
        Full(self.clone())
    }

    /// How it is now.
    pub(crate) fn state(&self) -> Unaccepted {
        self.state_at(wall_us() / 1_000)
    }

    fn state_at(&self, now_ms: i64) -> Unaccepted {
        let refusal = self.refusal.lock().clone();
        let (waiting, since_ms) = *self.full.lock();
        Unaccepted {
            by_system: refusal.filter(|refusal| now_ms - refusal.last_ms <= STILL_MS),
            by_limit_since_ms: (waiting > 0).then_some(since_ms),
        }
    }
}

/// An acceptor that waits.
pub(crate) struct Full(Arc<Accepting>);

impl Drop for Full {
    fn drop(&mut self) {
        self.0.full.lock().0 -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_lasts_while_it_comes_again_and_begins_anew_later() {
        let accepting = Accepting::default();
        let error = io::Error::other("too many open files");
        for at in [10_000, 10_050, 10_900] {
            accepting.refused_at(at, &error);
        }
        let refusal = accepting.state_at(11_900).by_system.expect("it lasts");
        assert_eq!((refusal.since_ms, refusal.tries), (10_000, 3));
        assert_eq!(accepting.state_at(11_901).by_system, None);
        accepting.refused_at(20_000, &error);
        let refusal = accepting.state_at(20_000).by_system.expect("it is back");
        assert_eq!((refusal.since_ms, refusal.tries), (20_000, 1));
    }

    #[test]
    fn the_limit_counts_while_anybody_waits() {
        let accepting = Arc::new(Accepting::default());
        let (first, second) = (accepting.waits(), accepting.waits());
        drop(first);
        assert!(accepting.state().by_limit_since_ms.is_some());
        drop(second);
        assert_eq!(accepting.state(), Unaccepted::default());
    }
}
