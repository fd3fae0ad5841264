//! Ends what a draining worker need not wait for: connections that changed their protocol, which have no end of their own
//! and no word in which a gateway could say goodbye, and callers that have their last answer and do not hang up.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::sync::Notify;

/// How long after the beginning of a drain they are closed, so that what is being said still arrives.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// Said once.
#[derive(Default)]
pub(crate) struct Farewell {
    is_said: Cell<bool>,
    saying: Notify,
}

impl Farewell {
    /// Ends all that stand, and those that are yet to begin.
    pub(crate) fn say(&self) {
        self.is_said.set(true);
        self.saying.notify_waiters();
    }

    /// Waits until it is said; gives what the call is recorded with.
    pub(crate) async fn heard(&self) -> io::Error {
        let saying = self.saying.notified();
        if !self.is_said.get() {
            saying.await;
        }
        io::Error::other("the gateway stops")
    }
}
