//! What an upstream answers, as it streams. At its end its connection goes back to the pool.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::fault;
use super::pool::Lease;
use crate::BodyError;
use crate::http2;
use crate::meter::Meter;

/// A response body straight from an upstream. Dropped before its end, it takes the connection with it, or its stream.
pub struct UpstreamBody {
    stream: UpstreamStream,
    is_over: bool,
    meter: Rc<Meter>,
}

/// An upstream's body in the protocol that it came by.
pub(super) enum UpstreamStream {
    Http1(Incoming, Option<Lease>),
    Http2(http2::Answer),
}

impl UpstreamBody {
    pub(super) fn new(stream: UpstreamStream, meter: Rc<Meter>) -> Self {
        let mut body = Self { stream, is_over: false, meter };
        if body.stream.is_end_stream() {
            body.finish();
        }
        body
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.stream.poll_frame(cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(_))) => {
                if self.stream.is_end_stream() {
                    self.finish();
                }
            }
            Poll::Ready(None) => self.finish(),
            Poll::Ready(Some(Err(_))) => {
                self.meter.broke_off.replace(self.meter.address.get().map(fault::broke_off));
            }
        }
        polled
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.stream.size_hint()
    }

    fn finish(&mut self) {
        if !self.is_over {
            self.is_over = true;
            let now = Instant::now();
            self.meter.upstream_ended.set(Some(now));
            self.stream.give_back(now);
        }
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        if !self.is_over {
            self.meter.upstream_ended.set(Some(Instant::now()));
        }
    }
}

impl UpstreamStream {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Http1(incoming, _) => Pin::new(incoming).poll_frame(cx).map_err(Into::into),
            Self::Http2(answer) => answer.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(incoming, _) => incoming.is_end_stream(),
            Self::Http2(answer) => answer.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(incoming, _) => incoming.size_hint(),
            Self::Http2(answer) => answer.size_hint(),
        }
    }

    fn give_back(&mut self, now: Instant) {
        if let Self::Http1(_, lease) = self
            && let Some(lease) = lease.take()
        {
            lease.give_back(now);
        }
    }
}
