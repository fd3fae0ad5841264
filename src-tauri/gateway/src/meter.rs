//! What the parts of one call tell each other while its bodies stream: sizes, times, the connection used.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};

use crate::deadline::Deadline;
use crate::headers::strip_hop_by_hop;

/// Most interim answers (1xx) before an answer.
const MOST_INTERIMS: usize = 16;

/// Shared by a call's parts on one thread.
pub(crate) struct Meter {
    /// Body bytes received from the caller.
    pub(crate) request_bytes: Cell<u64>,
    /// True while the upstream waits for more of the request's body than the caller has sent.
    pub(crate) caller_owes: Cell<bool>,
    /// When the upstream was first asked.
    pub(crate) sent_first: Cell<Option<Instant>>,
    /// When the upstream's answer was over, or given up.
    pub(crate) upstream_ended: Cell<Option<Instant>>,
    /// The upstream's socket.
    pub(crate) address: Cell<Option<SocketAddr>>,
    /// Whether the connection had served a call before.
    pub(crate) reused: Cell<bool>,
    /// Why a body broke off, in words for the operator.
    pub(crate) broke_off: RefCell<Option<Box<str>>>,
    /// How long whatever is waited for may take.
    pub(crate) deadline: Rc<Deadline>,
    /// When the whole call must be over.
    pub(crate) until: Cell<Option<Instant>>,
    /// The protocol that the caller wants to change to (RFC 9110, 7.8).
    pub(crate) upgrade: RefCell<Option<HeaderValue>>,
    /// Interim answers (1xx) of the upstream that wait to go on.
    pub(crate) interims: RefCell<Vec<Response<()>>>,
    /// How many there were.
    pub(crate) interims_seen: Cell<usize>,
}

impl Meter {
    /// Of a call that begins. `deadline` is nobody else's at the moment.
    pub(crate) fn new(deadline: &Rc<Deadline>) -> Self {
        Self {
            request_bytes: Cell::default(),
            caller_owes: Cell::default(),
            sent_first: Cell::default(),
            upstream_ended: Cell::default(),
            address: Cell::default(),
            reused: Cell::default(),
            broke_off: RefCell::default(),
            deadline: deadline.clone(),
            until: Cell::default(),
            upgrade: RefCell::default(),
            interims: RefCell::default(),
            interims_seen: Cell::default(),
        }
    }

    /// Keeps an interim answer of the upstream for whoever serves the caller; 100 is between this hop and the
    /// upstream. False when there are more than anybody means.
    pub(crate) fn keep_interim(&self, mut interim: Response<()>) -> bool {
        self.interims_seen.set(self.interims_seen.get() + 1);
        if self.interims_seen.get() > MOST_INTERIMS {
            return false;
        }
        if interim.status() != StatusCode::CONTINUE {
            strip_hop_by_hop(interim.headers_mut());
            interim.headers_mut().remove(CONTENT_LENGTH);
            self.interims.borrow_mut().push(interim);
        }
        true
    }
}
