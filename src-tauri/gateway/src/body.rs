//! The one body type of requests and responses: streams by default, holds bytes only when somebody made them.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::http1::LineBody;
use crate::http2::{self, RepeatedBody};
use crate::meter::Meter;
use crate::upstream::UpstreamBody;

/// Why a body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A streaming body. Lives on one thread.
#[derive(Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes that are already here: answers made by the gateway.
    Full(Bytes),
    /// Straight from a caller.
    Caller(CallerBody),
    /// Straight from an upstream.
    Upstream(Box<UpstreamBody>),
    /// What an upstream did not take, for another one.
    Repeated(Box<RepeatedBody>),
}

/// What a caller sends, counted as it passes.
pub struct CallerBody {
    stream: CallerStream,
    meter: Rc<Meter>,
}

/// A caller's body in the protocol that it came by.
pub(crate) enum CallerStream {
    Http1(LineBody),
    /// Whatever comes belongs to a tunnel, and not to the request.
    Nothing,
    Http2(http2::Incoming),
}

impl Body {
    /// The body of a request that has just arrived.
    pub(crate) fn of_caller(stream: CallerStream, meter: &Rc<Meter>) -> Self {
        if stream.is_end_stream() {
            Self::Empty
        } else {
            Self::Caller(CallerBody { stream, meter: meter.clone() })
        }
    }

    /// The bytes, where they are all here already.
    pub fn as_full(&self) -> Option<&Bytes> {
        match self {
            Self::Full(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// True for a body that only the task which serves its caller's connection may read.
    pub(crate) fn is_bound_to_its_task(&self) -> bool {
        match self {
            Self::Caller(body) => matches!(body.stream, CallerStream::Http1(_)),
            Self::Repeated(body) => body.is_bound_to_its_task(),
            Self::Empty | Self::Full(_) | Self::Upstream(_) => false,
        }
    }

    /// True for a body that goes on as it came, so that the length its sender announced holds.
    pub(crate) fn is_as_sent(&self) -> bool {
        match self {
            Self::Caller(_) | Self::Upstream(_) => true,
            Self::Repeated(body) => body.is_as_sent(),
            Self::Empty | Self::Full(_) => false,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Full(bytes) }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Caller(body) => body.poll_frame(cx),
            Self::Upstream(body) => body.poll_frame(cx),
            Self::Repeated(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Caller(body) => body.stream.is_end_stream(),
            Self::Upstream(body) => body.is_end_stream(),
            Self::Repeated(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Caller(body) => body.stream.size_hint(),
            Self::Upstream(body) => body.size_hint(),
            Self::Repeated(body) => body.size_hint(),
        }
    }
}

impl CallerBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.stream.poll_frame(cx);
        self.meter.caller_owes.set(polled.is_pending());
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.meter.request_bytes.set(self.meter.request_bytes.get() + bytes);
        }
        polled
    }
}

impl CallerStream {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Http1(body) => body.poll_frame(cx),
            Self::Nothing => Poll::Ready(None),
            Self::Http2(incoming) => incoming.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Nothing => true,
            Self::Http2(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Nothing => SizeHint::with_exact(0),
            Self::Http2(incoming) => incoming.size_hint(),
        }
    }
}
