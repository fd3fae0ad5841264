//! The one body type of requests and responses: streams by default, holds bytes only when somebody made them.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use crate::Unread;
use crate::http1::LineBody;
use crate::http2::{self, RepeatedBody};
use crate::inspect::Inspected;
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
    /// Read whole, because a policy asked for it.
    Read(Box<ReadBody>),
    /// What was read of one that turned out too long, and the rest of it.
    Resumed(Box<Resumed>),
    /// Looked at as it passes.
    Inspected(Box<Inspected>),
    /// What a policy in shadow gets of a body that only passes: how long it is said to be, and nothing to read.
    Elsewhere(SizeHint),
}

/// A body that was read whole.
pub struct ReadBody {
    /// What goes on.
    sent: Bytes,
    /// What policies see: the same, inflated. None where that cannot be.
    seen: Option<Bytes>,
    trailers: Option<HeaderMap>,
    /// A policy put it in place of another.
    is_new: bool,
}

/// A body of which some was read already.
pub struct Resumed {
    pub(crate) front: Bytes,
    pub(crate) rest: Body,
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

    /// The whole body as policies see it: inflated. There where the policy [reads](crate::Policy::reads) it and it could
    /// be read, and where there is none (then it is empty); none for a body that only passes.
    pub fn bytes(&self) -> Option<&Bytes> {
        static NOTHING: Bytes = Bytes::new();
        match self {
            Self::Empty => Some(&NOTHING),
            Self::Full(bytes) => Some(bytes),
            Self::Read(read) => read.seen.as_ref(),
            _ => None,
        }
    }

    /// A body that passes like one from a socket: policies see it only where they read it. For tests of policies.
    pub fn streaming(bytes: Bytes) -> Self {
        Self::Resumed(Box::new(Resumed { front: bytes, rest: Self::Empty }))
    }

    /// True for a body of which nothing has to be waited for.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Self::Empty | Self::Full(_) | Self::Read(_))
    }

    /// The same for a policy in shadow, which may do with it what it likes.
    pub(crate) fn for_shadow(&self) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Full(bytes) => Self::Full(bytes.clone()),
            Self::Read(read) => Self::Read(Box::new(ReadBody {
                sent: read.sent.clone(),
                seen: read.seen.clone(),
                trailers: read.trailers.clone(),
                is_new: read.is_new,
            })),
            passing => Self::Elsewhere(http_body::Body::size_hint(passing)),
        }
    }

    /// The body under all that looks at it.
    pub(crate) fn innermost_mut(&mut self) -> &mut Self {
        match self {
            Self::Inspected(inspected) => inspected.inner_mut().innermost_mut(),
            Self::Resumed(resumed) => resumed.rest.innermost_mut(),
            other => other,
        }
    }

    /// True for a body that only the task which serves its caller's connection may read.
    pub(crate) fn is_bound_to_its_task(&self) -> bool {
        match self {
            Self::Caller(body) => matches!(body.stream, CallerStream::Http1(_)),
            Self::Repeated(body) => body.is_bound_to_its_task(),
            Self::Resumed(resumed) => resumed.rest.is_bound_to_its_task(),
            Self::Inspected(inspected) => inspected.inner().is_bound_to_its_task(),
            Self::Empty | Self::Full(_) | Self::Upstream(_) | Self::Read(_) | Self::Elsewhere(_) => false,
        }
    }

    /// True for a body that goes on as it came, so that the length its sender announced holds.
    pub(crate) fn is_as_sent(&self) -> bool {
        match self {
            Self::Caller(_) | Self::Upstream(_) => true,
            Self::Repeated(body) => body.is_as_sent(),
            Self::Read(read) => !read.is_new,
            Self::Resumed(resumed) => resumed.rest.is_as_sent(),
            Self::Inspected(inspected) => inspected.inner().is_as_sent(),
            Self::Empty | Self::Full(_) | Self::Elsewhere(_) => false,
        }
    }
}

impl ReadBody {
    /// As it came.
    pub(crate) fn of(sent: Bytes, trailers: Option<HeaderMap>) -> Box<Self> {
        Box::new(Self { sent, seen: None, trailers, is_new: false })
    }

    /// In place of another.
    pub(crate) fn replacing(bytes: Bytes) -> Box<Self> {
        Box::new(Self { seen: Some(bytes.clone()), sent: bytes, trailers: None, is_new: true })
    }

    pub(crate) fn seen(&self) -> Option<&Bytes> {
        self.seen.as_ref()
    }

    /// Inflates it, unless that was done.
    pub(crate) fn see(
        &mut self,
        inflate: impl FnOnce(&Bytes) -> Result<Bytes, Unread>,
    ) -> Result<(), Unread> {
        if self.seen.is_none() {
            self.seen = Some(inflate(&self.sent)?);
        }
        Ok(())
    }

    fn next_frame(&mut self) -> Option<Frame<Bytes>> {
        if !self.sent.is_empty() {
            return Some(Frame::data(std::mem::take(&mut self.sent)));
        }
        self.trailers.take().map(Frame::trailers)
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.sent.len() as u64;
        if self.trailers.is_none() {
            return SizeHint::with_exact(length);
        }
        // Trailers cannot follow a body of an announced length (RFC 9112, 7.1.2).
        let mut hint = SizeHint::new();
        hint.set_lower(length);
        hint
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
            Self::Read(read) => Poll::Ready(read.next_frame().map(Ok)),
            Self::Resumed(resumed) if resumed.front.is_empty() => Pin::new(&mut resumed.rest).poll_frame(cx),
            Self::Resumed(resumed) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut resumed.front))))),
            Self::Inspected(inspected) => inspected.poll_frame(cx),
            Self::Elsewhere(_) => Poll::Ready(Some(Err("this body only passes".into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Caller(body) => body.stream.is_end_stream(),
            Self::Upstream(body) => body.is_end_stream(),
            Self::Repeated(body) => body.is_end_stream(),
            Self::Read(read) => read.sent.is_empty() && read.trailers.is_none(),
            Self::Resumed(resumed) => resumed.front.is_empty() && resumed.rest.is_end_stream(),
            Self::Inspected(inspected) => inspected.inner().is_end_stream(),
            Self::Elsewhere(hint) => hint.exact() == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Caller(body) => body.stream.size_hint(),
            Self::Upstream(body) => body.size_hint(),
            Self::Repeated(body) => body.size_hint(),
            Self::Read(read) => read.size_hint(),
            Self::Resumed(resumed) => longer(&resumed.rest.size_hint(), resumed.front.len() as u64),
            Self::Inspected(inspected) => inspected.inner().size_hint(),
            Self::Elsewhere(hint) => *hint,
        }
    }
}

fn longer(rest: &SizeHint, by: u64) -> SizeHint {
    let mut hint = SizeHint::new();
    hint.set_lower(rest.lower() + by);
    if let Some(upper) = rest.upper() {
        hint.set_upper(upper + by);
    }
    hint
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
