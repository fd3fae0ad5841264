//! The body of a request that may have to be sent again: its beginning is kept until its answer begins, so that what an
//! upstream did not look at (RFC 9113, 8.7) can go to another one.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use crate::{Body, BodyError};

/// Most bytes that are kept of one body; what has sent more is not sent again.
const MAX_KEPT: usize = 64 * 1_024;

/// A body that is being sent; its clones are the same body.
#[derive(Clone)]
pub(crate) struct Replay(Rc<RefCell<Sent>>);

struct Sent {
    body: Body,
    /// What was taken out of it; none once that is more than can be kept, or need not be.
    kept: Option<VecDeque<Kept>>,
    bytes: usize,
    /// Of all of it, where that was known.
    length: Option<u64>,
}

enum Kept {
    Data(Bytes),
    Trailers(http::HeaderMap),
}

impl Replay {
    /// Of a body of which nothing was sent.
    pub(crate) fn new(body: Body) -> Self {
        let length = body.size_hint().exact();
        Self(Rc::new(RefCell::new(Sent { body, kept: Some(VecDeque::new()), bytes: 0, length })))
    }

    /// Keeps nothing from here on: its request has an answer.
    pub(crate) fn forget(&self) {
        self.0.borrow_mut().kept = None;
    }

    /// The whole body once more, where all of it is there.
    pub(crate) fn again(self) -> Option<Body> {
        let mut sent = self.0.borrow_mut();
        let kept = sent.kept.take()?;
        let rest = std::mem::take(&mut sent.body);
        Some(Body::Repeated(Box::new(RepeatedBody { kept, rest, length: sent.length })))
    }

    /// See [`Body::is_bound_to_its_task`].
    pub(super) fn is_bound_to_its_task(&self) -> bool {
        self.0.borrow().body.is_bound_to_its_task()
    }

    pub(super) fn poll_frame(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let sent = &mut *self.0.borrow_mut();
        let polled = Pin::new(&mut sent.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => sent.keep(frame),
            Poll::Ready(Some(Err(_))) => sent.kept = None,
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.0.borrow().body.is_end_stream()
    }
}

impl Sent {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        let Some(kept) = &mut self.kept else { return };
        self.bytes += frame.data_ref().map_or(0, Bytes::len);
        if self.bytes > MAX_KEPT {
            self.kept = None;
        } else if let Some(data) = frame.data_ref() {
            kept.push_back(Kept::Data(data.clone()));
        } else if let Some(trailers) = frame.trailers_ref() {
            kept.push_back(Kept::Trailers(trailers.clone()));
        }
    }
}

/// A body that is sent once more: what was kept, then the rest.
pub struct RepeatedBody {
    kept: VecDeque<Kept>,
    rest: Body,
    /// Of all of it, where that is known.
    length: Option<u64>,
}

impl RepeatedBody {
    /// See [`Body::is_bound_to_its_task`].
    pub(crate) fn is_bound_to_its_task(&self) -> bool {
        self.rest.is_bound_to_its_task()
    }

    /// See [`Body::is_as_sent`].
    pub(crate) fn is_as_sent(&self) -> bool {
        self.rest.is_as_sent()
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.kept.pop_front() {
            Some(Kept::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Kept::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.kept.is_empty() && self.rest.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}
