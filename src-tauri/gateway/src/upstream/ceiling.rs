//! How much may go on at once towards one upstream, over all threads.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What goes on now. Requests, and calls that wait, are counted only while there is a ceiling for them.
#[derive(Default)]
pub(super) struct Load {
    pub(super) requests: Gauge,
    pub(super) pending: Gauge,
    pub(super) connections: Gauge,
}

/// A count with a ceiling.
#[derive(Default)]
pub(super) struct Gauge(AtomicU32);

/// A place under a ceiling, free again when this goes.
pub(super) struct Held<'g>(&'g Gauge);

impl Gauge {
    /// Takes a place, unless `most` are taken: true when it did. Whoever takes one gives it back by
    /// [`leave`](Self::leave).
    pub(super) fn enter(&self, most: u32) -> bool {
        let one_more = |count| (count < most).then(|| count + 1);
        self.0.fetch_update(Relaxed, Relaxed, one_more).is_ok()
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// A place that gives itself back.
    pub(super) fn hold(&self, most: u32) -> Option<Held<'_>> {
        self.enter(most).then(|| Held(self))
    }

    /// How many are taken.
    pub(super) fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_when_they_go() {
        let gauge = Gauge::default();
        let (one, two) = (gauge.hold(2), gauge.hold(2));
        assert!(one.is_some() && two.is_some() && gauge.hold(2).is_none());
        drop(one);
        assert_eq!(gauge.count(), 1);
        assert!(gauge.hold(1).is_none(), "a lower ceiling holds at once");
        assert!(gauge.hold(2).is_some());
    }

    #[test]
    fn threads_never_hold_more_together() {
        let gauge = Gauge::default();
        let most_seen = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        if let Some(_held) = gauge.hold(3) {
                            most_seen.fetch_max(gauge.count(), Relaxed);
                        }
                    }
                });
            }
        });
        assert!((1..=3).contains(&most_seen.into_inner()));
        assert_eq!(gauge.count(), 0);
    }
}
