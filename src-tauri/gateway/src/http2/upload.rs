//! The body of a request on its way to an upstream that speaks HTTP/2, alongside its answer.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Frame;
use tokio::task::AbortHandle;

use super::body::{Stopped, send};
use super::replay::Replay;
use crate::BodyError;
use crate::meter::Meter;
use crate::upstream::Patience;

/// Longest time without room for a piece. The call's own deadline is nearer.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// A body that is being sent.
pub(super) struct Upload {
    sending: Pin<Box<dyn Future<Output = Result<(), Stopped>>>>,
    is_answered: Rc<Cell<bool>>,
    /// The caller's connection is read by the task that serves it, and by no other.
    must_stay: bool,
}

impl Upload {
    /// Of a request whose head has been sent.
    pub(super) fn new(
        mut stream: SendStream<Bytes>,
        body: Replay,
        meter: &Rc<Meter>,
        patience: &Patience,
    ) -> Self {
        let is_answered = Rc::new(Cell::new(false));
        let must_stay = body.is_bound_to_its_task();
        let (meter, patience) = (meter.clone(), patience.clone());
        let mut body = Timed { body, meter, patience, is_answered: is_answered.clone() };
        let sending = Box::pin(async move {
            let sent = send(&mut stream, &mut body, MAX_WAIT).await;
            if sent.is_err() {
                stream.send_reset(Reason::CANCEL);
            } else {
                body.has_ended();
            }
            sent
        });
        Self { sending, is_answered, must_stay }
    }

    /// Sends as much as there is and the upstream takes; ready at the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        self.sending.as_mut().poll(cx)
    }

    /// Goes on while the answer streams: by itself where it can, so that neither direction waits for the other.
    pub(super) fn go_on(self) -> Rest {
        self.is_answered.set(true);
        if self.must_stay {
            Rest::Here(self)
        } else {
            Rest::Elsewhere(Elsewhere(tokio::task::spawn_local(self.sending).abort_handle()))
        }
    }
}

/// What is left of a request's body once its answer has begun. Ends with that.
pub(super) enum Rest {
    /// Sent whenever the answer is looked for.
    Here(Upload),
    /// Sent by a task of its own.
    Elsewhere(#[expect(dead_code, reason = "ends the task when dropped")] Elsewhere),
}

/// See [`Rest::Elsewhere`].
pub(super) struct Elsewhere(AbortHandle);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body whose every piece gives the next one its time.
struct Timed {
    body: Replay,
    meter: Rc<Meter>,
    patience: Patience,
    is_answered: Rc<Cell<bool>>,
}

impl Timed {
    fn has_ended(&self) {
        if !self.is_answered.get() {
            self.patience.for_answer(&self.meter);
        }
    }
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.body.poll_frame(cx);
        if polled.is_ready() {
            self.patience.for_bodies(&self.meter);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
