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
use crate::meter::Meter;

/// A response body straight from an upstream. Dropped before its end, it takes the connection with it.
pub struct UpstreamBody {
    stream: UpstreamStream,
    lease: Option<Lease>,
    meter: Rc<Meter>,
}

/// An upstream's body in the protocol that it came by.
pub(super) enum UpstreamStream {
    Http1(Incoming),
}

impl UpstreamBody {
    pub(super) fn new(stream: UpstreamStream, lease: Lease, meter: Rc<Meter>) -> Self {
        let mut body = Self { stream, lease: Some(lease), meter };
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
                self.lease = None;
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
        if let Some(lease) = self.lease.take() {
            let now = Instant::now();
            self.meter.upstream_ended.set(Some(now));
            lease.give_back(now);
        }
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        if self.lease.is_some() {
            self.meter.upstream_ended.set(Some(Instant::now()));
        }
    }
}

impl UpstreamStream {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Http1(incoming) => Pin::new(incoming).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(incoming) => incoming.size_hint(),
        }
    }
}
