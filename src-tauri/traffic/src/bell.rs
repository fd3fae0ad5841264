//! How others wake the writer, and wait until it has done what they need.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Default)]
struct State {
    /// Number of the last turn that was asked for.
    asked: u64,
    /// Number of the last asked turn that is done.
    done: u64,
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
    pub is_asked: bool,
    pub is_closing: bool,
}

impl Bell {
    /// Waits for a whole turn of the writer that begins after now. Returns whether there was one.
    pub fn wait_for_turn(&self) -> bool {
        let mut state = self.state.lock();
        state.asked += 1;
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
        Ring { asked: state.asked, is_asked: state.asked > state.done, is_closing: state.closing }
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
