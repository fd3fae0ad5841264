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
    incoming: Incoming,
    lease: Option<Lease>,
    meter: Rc<Meter>,
}

impl UpstreamBody {
    pub(super) fn new(incoming: Incoming, lease: Lease, meter: Rc<Meter>) -> Self {
        let mut body = Self { incoming, lease: Some(lease), meter };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(_))) => {
                if self.incoming.is_end_stream() {
                    self.finish();
                }
            }
            Poll::Ready(None) => self.finish(),
            Poll::Ready(Some(Err(_))) => {
                self.meter.broke_off.replace(self.meter.address.get().map(fault::broke_off));
                self.lease = None;
            }
        }
        polled.map_err(Into::into)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
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
