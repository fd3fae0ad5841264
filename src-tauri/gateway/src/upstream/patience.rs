//! How long a call waits for its upstream, step by step.

use std::rc::Rc;
use std::time::{Duration, Instant};

use gatepost_model::Timeouts;

use super::bounded;
use crate::deadline::Deadlines;
use crate::meter::Meter;

/// The patience of one API with its upstream.
#[derive(Clone)]
pub(crate) struct Patience {
    timeouts: Timeouts,
    deadlines: Rc<Deadlines>,
}

impl Patience {
    /// As configured.
    pub(super) fn new(timeouts: Timeouts, deadlines: &Rc<Deadlines>) -> Self {
        Self { timeouts, deadlines: deadlines.clone() }
    }

    /// The request has been sent: its answer must begin in time. A long upload is not held against the upstream.
    pub(crate) fn for_answer(&self, meter: &Meter) {
        self.wait(meter, bounded(self.timeouts.response));
    }

    /// A body streams: the next byte must come, or be taken, in time.
    pub(crate) fn for_bodies(&self, meter: &Meter) {
        self.wait(meter, bounded(self.timeouts.idle));
    }

    fn wait(&self, meter: &Meter, limit: Duration) {
        let at = Instant::now() + limit;
        let at = meter.until.get().map_or(at, |until| until.min(at));
        meter.deadline.set(at, &self.deadlines);
    }
}
