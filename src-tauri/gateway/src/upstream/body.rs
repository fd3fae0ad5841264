//! What an upstream answers, as it streams. At its end its connection goes back to the pool.

use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Patience;
use super::fault;
use super::pool::Lease;
use super::underway::Underway;
use crate::BodyError;
use crate::http1::{Failure, Io};
use crate::http2;
use crate::meter::Meter;

/// A response body straight from an upstream. Dropped before its end, it takes the connection with it, or its stream.
pub struct UpstreamBody {
    stream: UpstreamStream,
    /// The call that it ends.
    underway: Option<Underway>,
    meter: Rc<Meter>,
    patience: Patience,
}

/// An upstream's body in the protocol that it came by.
pub(super) enum UpstreamStream {
    Http1(Lease),
    Http2(http2::Answer),
    /// The body has ended, and its connection has been given back or closed.
    Ended,
}

impl UpstreamBody {
    /// In a box, since an answer is handed on from place to place.
    pub(super) fn new(stream: UpstreamStream, meter: Rc<Meter>, patience: Patience) -> Box<Self> {
        let mut body = Box::new(Self { stream, underway: None, meter, patience });
        if body.is_end_stream() {
            body.finish();
        }
        body
    }

    /// Tells the call how its target did, once that is known, and ends it.
    pub(super) fn ends(&mut self, underway: Underway) {
        self.underway = Some(underway);
        if let UpstreamStream::Ended = self.stream {
            self.end_call();
        }
    }

    fn end_call(&mut self) {
        if let Some(mut underway) = self.underway.take() {
            underway.succeeded();
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = match &mut self.stream {
            UpstreamStream::Http1(lease) => lease.connection.poll_frame(cx),
            UpstreamStream::Http2(answer) => {
                answer.poll_frame(cx).map_err(|error| Failure::Broke(io::Error::other(error)))
            }
            UpstreamStream::Ended => return Poll::Ready(None),
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.meter.deadline.clear();
                if self.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(failure))) => Poll::Ready(Some(Err(self.break_off(&failure)))),
            Poll::Pending => self.wait(cx),
        }
    }

    /// Nothing has come: it must within the time that bodies have.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.meter.deadline.is_set() {
            self.patience.for_bodies(&self.meter);
        }
        self.meter.deadline.poll(cx).map(|()| Some(Err(self.break_off(&Failure::Overdue))))
    }

    fn break_off(&mut self, failure: &Failure) -> BodyError {
        let words = self.meter.address.get().map(|address| fault::broke_off(address, failure));
        let error = words.as_deref().unwrap_or("the upstream broke off").into();
        if let Some(mut underway) = self.underway.take() {
            underway.failed(words.as_deref().unwrap_or_default());
        }
        self.meter.broke_off.replace(words);
        self.meter.upstream_ended.set(Some(Instant::now()));
        self.stream = UpstreamStream::Ended;
        error
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        match &self.stream {
            UpstreamStream::Http1(lease) => lease.connection.is_done(),
            UpstreamStream::Http2(answer) => answer.is_end_stream(),
            UpstreamStream::Ended => true,
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match &self.stream {
            UpstreamStream::Http1(lease) => {
                lease.connection.left().map_or_else(SizeHint::default, SizeHint::with_exact)
            }
            UpstreamStream::Http2(answer) => answer.size_hint(),
            UpstreamStream::Ended => SizeHint::with_exact(0),
        }
    }

    /// The bytes of a connection that has changed its protocol; such a body has no end of its own.
    pub(crate) fn changed_io(&mut self) -> Option<&mut Io> {
        match &mut self.stream {
            UpstreamStream::Http1(lease) => Some(lease.connection.io()),
            UpstreamStream::Http2(_) | UpstreamStream::Ended => None,
        }
    }

    fn finish(&mut self) {
        let now = Instant::now();
        match std::mem::replace(&mut self.stream, UpstreamStream::Ended) {
            UpstreamStream::Http1(lease) => lease.give_back(now),
            UpstreamStream::Http2(_) => {}
            UpstreamStream::Ended => return,
        }
        self.meter.upstream_ended.set(Some(now));
        self.end_call();
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        if !matches!(self.stream, UpstreamStream::Ended) {
            self.meter.upstream_ended.set(Some(Instant::now()));
        }
    }
}
