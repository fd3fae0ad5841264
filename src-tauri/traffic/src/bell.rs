//! How others wake the writer, and wait until it has done what they need.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Default)]
struct State {
    /// Number of the last turn that was asked for.
    asked: u64,
    /// Number of the last asked turn that is done.
    done: u64,
    /// Whether one of those who wait reads the stored counts.
    counts_asked: bool,
    closing: bool,
    gone: bool,
}

/// Between the writer and everyone else.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    wake: Condvar,
    turned: Condvar,
}

/// What the writer was woken for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    asked: u64,
    /// The stored counts must be complete after this turn.
    pub wants_counts: bool,
    pub is_closing: bool,
}

impl Bell {
    /// Waits for a whole turn of the writer that begins after now, with `counts` for one that leaves none unwritten.
    /// Returns whether there was one. Those who ask while a turn is on share the next.
    pub fn wait_for_turn(&self, counts: bool) -> bool {
        let mut state = self.state.lock();
        state.asked += 1;
        state.counts_asked |= counts;
        let mine = state.asked;
        self.wake.notify_one();
        self.turned.wait_while(&mut state, |state| state.done < mine && !state.gone);
        state.done >= mine
    }

    /// Tells the writer to end after one more turn.
    pub fn close(&self) {
        self.state.lock().closing = true;
        self.wake.notify_one();
    }

    /// The writer's wait, for at most `pause`.
    pub fn wait(&self, pause: Duration) -> Ring {
        let mut state = self.state.lock();
        if state.asked == state.done && !state.closing {
            self.wake.wait_for(&mut state, pause);
        }
        let wants_counts = std::mem::take(&mut state.counts_asked) || state.closing;
        Ring { asked: state.asked, wants_counts, is_closing: state.closing }
    }

    /// The writer's word that a turn is done.
    pub fn done(&self, ring: Ring) {
        self.state.lock().done = ring.asked;
        self.turned.notify_all();
    }

    /// The writer's last word, so that nobody waits for it in vain.
    pub fn gone(&self) {
        self.state.lock().gone = true;
        self.turned.notify_all();
    }
}
