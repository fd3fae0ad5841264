//! Deadlines of calls without a timer each: one tick looks at all that wait, and sleeps while none does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

/// How often deadlines are looked at; they are late by at most this.
const TICK: Duration = Duration::from_millis(20);

/// Something that waits for one thing after the other, each for a limited time.
#[derive(Default)]
pub(crate) struct Deadline {
    at: Cell<Option<Instant>>,
    passed: Cell<bool>,
    listed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Deadline {
    /// From now on it is overdue at `at`; what was before is forgotten.
    pub(crate) fn set(self: &Rc<Self>, at: Instant, deadlines: &Deadlines) {
        self.at.set(Some(at));
        self.passed.set(false);
        if !self.listed.replace(true) {
            deadlines.list(self);
        }
    }

    /// It is never overdue.
    pub(crate) fn clear(&self) {
        self.at.set(None);
        self.passed.set(false);
    }

    /// True from being set until cleared, passed or not.
    pub(crate) fn is_set(&self) -> bool {
        self.at.get().is_some() || self.passed.get()
    }

    /// Ready once it is overdue.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.passed.get() {
            return Poll::Ready(());
        }
        let mut waker = self.waker.borrow_mut();
        match &*waker {
            Some(known) if known.will_wake(cx.waker()) => {}
            _ => *waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn look(&self, now: Instant) {
        if self.at.get().is_some_and(|at| at <= now) {
            self.at.set(None);
            self.passed.set(true);
            if let Some(waker) = &*self.waker.borrow() {
                waker.wake_by_ref();
            }
        }
    }
}

/// The deadlines of one worker.
#[derive(Default)]
pub(crate) struct Deadlines {
    listed: RefCell<Vec<Rc<Deadline>>>,
    sleeps: Cell<bool>,
    woken: Notify,
}

impl Deadlines {
    fn list(&self, deadline: &Rc<Deadline>) {
        self.listed.borrow_mut().push(deadline.clone());
        if self.sleeps.replace(false) {
            self.woken.notify_one();
        }
    }

    /// Looks at all of them; those that wait for nothing any more are left out until they do again.
    fn tick(&self, now: Instant) {
        self.listed.borrow_mut().retain(|deadline| {
            deadline.look(now);
            deadline.listed.set(deadline.at.get().is_some());
            deadline.listed.get()
        });
    }

    /// Watches for ever.
    pub(crate) async fn watch(&self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.listed.borrow().is_empty() {
                self.sleeps.set(true);
                self.woken.notified().await;
                ticks.reset();
            }
            ticks.tick().await;
            self.tick(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes_at_its_time_and_not_before() {
        let (deadlines, deadline) = (Deadlines::default(), Rc::new(Deadline::default()));
        let mut cx = Context::from_waker(Waker::noop());
        let now = Instant::now();
        let second = Duration::from_secs(1);
        deadline.set(now + second, &deadlines);
        deadlines.tick(now);
        assert!(deadline.poll(&mut cx).is_pending());
        deadlines.tick(now + second);
        assert!(deadline.poll(&mut cx).is_ready());
        assert!(deadlines.listed.borrow().is_empty());
        deadline.set(now + 2 * second, &deadlines);
        assert!(deadline.poll(&mut cx).is_pending(), "it was set anew");
        deadline.clear();
        deadlines.tick(now + 3 * second);
        assert!(deadline.poll(&mut cx).is_pending(), "it waits for nothing");
        assert!(deadlines.listed.borrow().is_empty());
    }
}
