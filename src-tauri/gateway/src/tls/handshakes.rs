//! TLS greetings of callers that came to nothing, by listener: how many, and why the last one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use parking_lot::Mutex;

/// Greetings that came to nothing on one listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeFailures {
    /// Since the listener speaks TLS.
    pub count: u64,
    /// The latest.
    pub last: Option<LastFailure>,
}

/// A greeting that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// The caller's address.
    pub remote: SocketAddr,
    /// Why, in words.
    pub reason: String,
}

/// Those of all listeners. Locked only when a greeting fails or somebody looks.
#[derive(Debug, Default)]
pub(crate) struct Handshakes(Mutex<BTreeMap<SocketAddr, HandshakeFailures>>);

impl Handshakes {
    /// Notes one.
    pub(crate) fn failed(&self, listener: SocketAddr, failure: LastFailure) {
        let mut failures = self.0.lock();
        let of_listener = failures.entry(listener).or_default();
        of_listener.count += 1;
        of_listener.last = Some(failure);
    }

    /// How many failed on a listener.
    pub(crate) fn of(&self, listener: SocketAddr) -> HandshakeFailures {
        self.0.lock().get(&listener).cloned().unwrap_or_default()
    }

    /// Forgets the listeners that are no more.
    pub(crate) fn keep(&self, is_standing: impl Fn(&SocketAddr) -> bool) {
        self.0.lock().retain(|listener, _| is_standing(listener));
    }
}
