//! One worker's connections to upstreams that speak HTTP/2, by target.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::session::{Lease, Session};

/// Most connections to one target that are kept. A call beyond what they take at once waits for one that ends.
const MAX_SESSIONS: usize = 8;

/// The connections.
#[derive(Default)]
pub(crate) struct Sessions(RefCell<HashMap<Arc<str>, Rc<OfTarget>>>);

/// Those of one target, which was found to speak HTTP/2.
#[derive(Default)]
pub(crate) struct OfTarget {
    sessions: RefCell<Vec<Rc<Session>>>,
    is_opening: Cell<bool>,
    /// Told when a stream is over, or a connection was opened or could not be.
    pub(super) freed: Rc<Notify>,
}

/// What a call to a target goes over.
pub(crate) enum Way {
    /// A connection that stands.
    Standing(Lease),
    /// One to be opened; others wait for it meanwhile.
    New(Opening),
}

/// The right to open a connection. Whoever waits goes on when it is dropped.
pub(crate) struct Opening {
    of_target: Rc<OfTarget>,
    keep_for: Duration,
}

impl Sessions {
    /// True when the target spoke HTTP/2 when it was last asked.
    pub(crate) fn know(&self, target: &str) -> bool {
        self.0.borrow().contains_key(target)
    }

    /// A way to a target, waiting where as many calls run as its connections take, or one is being opened. After the call
    /// the connection is kept for this long while nothing runs on it.
    pub(crate) async fn way_to(&self, target: &Arc<str>, keep_for: Duration) -> Way {
        let of_target = self.of(target);
        loop {
            if let Some(lease) = of_target.lease(keep_for) {
                return Way::Standing(lease);
            }
            if !of_target.is_opening.get() && of_target.sessions.borrow().len() < MAX_SESSIONS {
                of_target.is_opening.set(true);
                return Way::New(Opening { of_target, keep_for });
            }
            of_target.freed.notified().await;
        }
    }

    /// Keeps a connection that was opened before it was known that the target speaks HTTP/2.
    pub(crate) fn opening(&self, target: &Arc<str>, keep_for: Duration) -> Opening {
        let of_target = self.of(target);
        of_target.is_opening.set(true);
        Opening { of_target, keep_for }
    }

    fn of(&self, target: &Arc<str>) -> Rc<OfTarget> {
        self.0.borrow_mut().entry(target.clone()).or_default().clone()
    }

    /// Forgets a target that speaks HTTP/1.1 by now.
    pub(crate) fn forget(&self, target: &str) {
        self.0.borrow_mut().remove(target);
    }

    /// Closes those on which nothing runs and that are in the way of another worker's call.
    pub(crate) fn make_room(&self) {
        for of_target in self.0.borrow().values().filter(|of_target| !of_target.is_opening.get()) {
            of_target.sessions.borrow_mut().retain(|session| !session.is_in_the_way());
        }
    }

    /// Closes what stood idle too long, and forgets what ended or leads where its name leads no more: calls on it still end.
    pub(crate) fn sweep(&self, now: Instant) {
        self.0.borrow_mut().retain(|_, of_target| {
            let mut sessions = of_target.sessions.borrow_mut();
            sessions.retain(|session| {
                session.is_current()
                    && !session.is_in_the_way()
                    && !session.has_ended()
                    && !session.is_not_needed(now)
            });
            !sessions.is_empty() || of_target.is_opening.get()
        });
    }
}

impl OfTarget {
    /// A place on the first connection with room, so that those not needed age.
    fn lease(&self, keep_for: Duration) -> Option<Lease> {
        let mut sessions = self.sessions.borrow_mut();
        sessions.retain(|session| !session.has_ended());
        sessions.iter().find(|session| session.has_room()).map(|session| session.lease(keep_for))
    }
}

impl Opening {
    /// A place on a connection that stands and has room by now.
    pub(crate) fn standing(&self) -> Option<Lease> {
        self.of_target.lease(self.keep_for)
    }

    /// Told whenever a stream of the target is over.
    pub(crate) fn freed(&self) -> Rc<Notify> {
        self.of_target.freed.clone()
    }

    /// Keeps the connection, and gives a place on it. One over the bound serves this call alone.
    pub(crate) fn keep(self, session: Session) -> Lease {
        let session = Rc::new(session);
        let mut sessions = self.of_target.sessions.borrow_mut();
        if sessions.len() < MAX_SESSIONS {
            sessions.push(session.clone());
        }
        session.lease(self.keep_for)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.of_target.is_opening.set(false);
        self.of_target.freed.notify_waiters();
    }
}
