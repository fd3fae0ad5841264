//! What the connections of one worker are doing, so that none can stand for ever.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Instant;

use tokio::task::AbortHandle;

use crate::Limits;

/// What a connection is doing, and since when.
pub(crate) struct Watch {
    doing: Cell<Doing>,
    /// Since when the caller has taken no byte, while there are some for it.
    stalled: Cell<Option<Instant>>,
    closed_because: Cell<Option<&'static str>>,
    says_goodbye: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy)]
enum Doing {
    /// No byte of a request has arrived.
    Idle(Instant),
    /// A head is arriving, or a connection is being greeted.
    Reading(Instant),
    /// This many requests are being served.
    Serving(u32),
}

impl Watch {
    /// Of a connection that has just been accepted.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            doing: Cell::new(Doing::Idle(now)),
            stalled: Cell::new(None),
            closed_because: Cell::new(None),
            says_goodbye: Cell::new(false),
            waker: RefCell::new(None),
        }
    }

    /// Bytes have arrived, or must arrive soon. Counts only from idleness.
    pub(crate) fn reading(&self) {
        if let Doing::Idle(_) = self.doing.get() {
            self.doing.set(Doing::Reading(Instant::now()));
        }
    }

    /// A head has arrived.
    pub(crate) fn serving(&self) {
        self.doing.set(Doing::Serving(match self.doing.get() {
            Doing::Serving(requests) => requests.saturating_add(1),
            _ => 1,
        }));
    }

    /// A request is over.
    pub(crate) fn served(&self, now: Instant) {
        self.doing.set(match self.doing.get() {
            Doing::Serving(requests) if requests > 1 => Doing::Serving(requests - 1),
            _ => Doing::Idle(now),
        });
    }

    /// Whoever serves the connection can be woken by this.
    pub(crate) fn wake_by(&self, waker: &Waker) {
        self.waker.borrow_mut().get_or_insert_with(|| waker.clone());
    }

    /// The caller took some of what is written to it.
    pub(crate) fn took(&self) {
        if self.stalled.get().is_some() {
            self.stalled.set(None);
        }
    }

    /// The caller takes nothing of what is written to it.
    pub(crate) fn takes_nothing(&self) {
        if self.stalled.get().is_none() {
            self.stalled.set(Some(Instant::now()));
        }
    }

    /// Notes whether the caller takes what is written to it.
    pub(crate) fn noting_stalls<T>(&self, polled: Poll<T>) -> Poll<T> {
        match polled {
            Poll::Ready(_) => self.took(),
            Poll::Pending => self.takes_nothing(),
        }
        polled
    }

    /// It has begun to tell its caller that it ends, and waits for a word back (HTTP/2).
    pub(crate) fn says_goodbye(&self) {
        self.says_goodbye.set(true);
    }

    /// Why it was closed while a call was under way, in words for the operator.
    pub(crate) fn closed_because(&self) -> Option<&'static str> {
        self.closed_because.get()
    }

    /// Why it must be closed now, if it must.
    fn stood_too_long(&self, now: Instant, limits: &Limits) -> Option<&'static str> {
        let past = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        if self.stalled.get().is_some_and(|since| past(since, limits.stall_timeout)) {
            return Some("the caller took nothing of its answer for too long");
        }
        match self.doing.get() {
            Doing::Idle(since) if past(since, limits.idle_timeout) => Some("no request came"),
            Doing::Reading(since) if past(since, limits.head_timeout) => {
                Some("a request did not arrive in time")
            }
            _ => None,
        }
    }
}

/// The connections of one worker.
#[derive(Default)]
pub(crate) struct Connections {
    next: Cell<u64>,
    standing: RefCell<HashMap<u64, (AbortHandle, Rc<Watch>)>>,
}

impl Connections {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.standing.borrow().len()
    }

    /// True when there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.standing.borrow().is_empty()
    }

    /// The number of the next connection.
    pub(crate) fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    /// Notes a connection.
    pub(crate) fn insert(&self, number: u64, task: AbortHandle, watch: Rc<Watch>) {
        self.standing.borrow_mut().insert(number, (task, watch));
    }

    /// Forgets one that has gone.
    pub(crate) fn remove(&self, number: u64) {
        self.standing.borrow_mut().remove(&number);
    }

    /// Lets every connection look at whether the worker is draining.
    pub(crate) fn wake_all(&self) {
        for (_, watch) in self.standing.borrow().values() {
            if let Some(waker) = &*watch.waker.borrow() {
                waker.wake_by_ref();
            }
        }
    }

    /// Closes those on which nothing runs, but those that say goodbye by themselves.
    pub(crate) fn close_silent(&self) {
        self.close_idle(|watch| !watch.says_goodbye.get());
    }

    /// Closes all on which nothing runs.
    pub(crate) fn close_all_idle(&self) {
        self.close_idle(|_| true);
    }

    fn close_idle(&self, is_meant: impl Fn(&Watch) -> bool) {
        for (abort, watch) in self.standing.borrow().values() {
            if matches!(watch.doing.get(), Doing::Idle(_)) && is_meant(watch) {
                abort.abort();
            }
        }
    }

    /// Closes those that stood too long.
    pub(crate) fn sweep(&self, now: Instant, limits: &Limits) {
        for (abort, watch) in self.standing.borrow().values() {
            if let Some(why) = watch.stood_too_long(now, limits) {
                watch.closed_because.set(Some(why));
                abort.abort();
            }
        }
    }
}
