//! A call on its way through an upstream, counted from its beginning to the last byte of its answer.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::fitness::TargetFailure;
use super::{Backend, Target};
use crate::clock::{since_start, wall_ms};

/// One call. Whatever it counted is taken back when it goes.
pub(crate) struct Underway {
    backend: Arc<Backend>,
    worker: usize,
    /// Told when a target is sent out.
    changes: Rc<watch::Sender<u64>>,
    /// Whether it takes a place under the ceiling of requests.
    holds_place: bool,
    /// The target that it is on.
    place: Option<usize>,
    /// Whether it is known how that target did.
    judged: bool,
}

impl Underway {
    /// A call that begins on thread `worker`; none where the ceiling of requests is reached.
    pub(super) fn admit(
        backend: &Arc<Backend>,
        worker: usize,
        changes: &Rc<watch::Sender<u64>>,
    ) -> Option<Self> {
        let ceiling = backend.spec.ceilings.requests;
        if ceiling.is_some_and(|most| !backend.shared.load.requests.enter(most)) {
            return None;
        }
        Some(Self {
            backend: backend.clone(),
            worker,
            changes: changes.clone(),
            holds_place: ceiling.is_some(),
            place: None,
            judged: false,
        })
    }

    /// It tries the target at `place` now, and no other.
    pub(super) fn try_on(&mut self, place: usize) {
        self.leave_target();
        self.backend.targets[place].fitness.begin(self.worker);
        self.place = Some(place);
        self.judged = false;
    }

    /// The target answered to the end.
    pub(super) fn succeeded(&mut self) {
        if let Some(target) = self.unjudged() {
            target.fitness.failing.succeeded();
            self.judged = true;
        }
    }

    /// The target failed; `why` is for the operator. It may be sent out for that.
    pub(super) fn failed(&mut self, why: &str) {
        let Some(target) = self.unjudged() else { return };
        let fitness = &target.fitness;
        fitness.fail(self.worker);
        fitness.last_failure.store(Some(Arc::new(TargetFailure { at_ms: wall_ms(), message: why.into() })));
        let now = since_start(Instant::now());
        let left_out = self.place.and_then(|place| self.backend.note_failure(place, now));
        if let Some(length) = left_out {
            tracing::warn!(target = %target.url, ?length, why, "a failing target is left out for a while");
            self.changes.send_modify(|count| *count += 1);
        }
        self.judged = true;
    }

    fn unjudged(&self) -> Option<&Target> {
        self.place.filter(|_| !self.judged).and_then(|place| self.backend.targets.get(place))
    }

    fn leave_target(&mut self) {
        if let Some(place) = self.place.take() {
            self.backend.targets[place].fitness.end(self.worker);
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.leave_target();
        if self.holds_place {
            self.backend.shared.load.requests.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::{Ceilings, Ejection, Millis, Target as Spec, Upstream, UpstreamUrl};

    fn backend(ceilings: Ceilings) -> Arc<Backend> {
        let url = |port: u16| UpstreamUrl::parse(&format!("http://127.0.0.1:{port}")).expect("valid");
        let targets = vec![Spec { url: url(1), weight: 1 }, Spec { url: url(2), weight: 1 }];
        let ejection = Some(Ejection { failures: 2, duration: Millis(60_000), max_percent: 50 });
        Backend::compile(
            &Upstream { targets, ejection, ceilings, ..Upstream::of_url(url(1)) },
            &Arc::default(),
            None,
        )
    }

    fn admit(backend: &Arc<Backend>) -> Option<Underway> {
        Underway::admit(backend, 0, &Rc::new(watch::Sender::new(0)))
    }

    #[test]
    fn a_call_counts_on_the_target_it_is_on() {
        let backend = backend(Ceilings::default());
        let outstanding = || [0, 1].map(|place: usize| backend.targets[place].fitness.outstanding());
        let mut call = admit(&backend).expect("no ceiling");
        call.try_on(0);
        assert_eq!(outstanding(), [1, 0]);
        call.try_on(1);
        assert_eq!(outstanding(), [0, 1]);
        drop(call);
        assert_eq!((outstanding(), backend.tries()), ([0, 0], 2));
    }

    #[test]
    fn the_ceiling_counts_a_call_until_it_goes() {
        let backend = backend(Ceilings { requests: Some(1), ..Ceilings::default() });
        let first = admit(&backend);
        assert!(first.is_some() && admit(&backend).is_none());
        drop(first);
        assert!(admit(&backend).is_some());
    }

    #[test]
    fn a_try_is_judged_once_and_failures_in_a_row_send_its_target_out() {
        let backend = backend(Ceilings::default());
        let changes = Rc::new(watch::Sender::new(0));
        for _ in 0..2 {
            let mut call = Underway::admit(&backend, 0, &changes).expect("no ceiling");
            call.try_on(0);
            call.failed("it refused");
            call.failed("twice");
            call.succeeded();
        }
        let fitness = &backend.targets[0].fitness;
        assert_eq!((fitness.failed(), *changes.borrow()), (2, 1));
        assert!(fitness.failing.is_out(since_start(Instant::now())));
        let last = fitness.last_failure.load_full().expect("it failed");
        assert_eq!(&*last.message, "it refused");
    }

    #[test]
    fn a_call_that_was_given_up_says_nothing_of_its_target() {
        let backend = backend(Ceilings::default());
        let mut call = admit(&backend).expect("no ceiling");
        call.try_on(0);
        drop(call);
        assert_eq!(backend.targets[0].fitness.failed(), 0);
    }
}
