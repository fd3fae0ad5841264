//! What the two bodies of one call report while they stream: sizes, times, the connection used.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Instant;

/// Shared by a call's parts on one thread.
#[derive(Default)]
pub(crate) struct Meter {
    /// Body bytes received from the caller.
    pub(crate) request_bytes: Cell<u64>,
    /// True while the upstream waits for more of the request's body than the caller has sent.
    pub(crate) caller_owes: Cell<bool>,
    /// When the upstream was first asked.
    pub(crate) sent_first: Cell<Option<Instant>>,
    /// When the upstream was last given something.
    pub(crate) sent_last: Cell<Option<Instant>>,
    /// When the upstream's answer was over, or given up.
    pub(crate) upstream_ended: Cell<Option<Instant>>,
    /// The upstream's socket.
    pub(crate) address: Cell<Option<SocketAddr>>,
    /// Whether the connection had served a call before.
    pub(crate) reused: Cell<bool>,
    /// Why the upstream's body broke off, in words for the operator.
    pub(crate) broke_off: RefCell<Option<Box<str>>>,
}
