//! Bodies that policies read whole: who reads what, up to which limit, and what happens past it.
//!
//! The rules. A body is read once, before the first policy that asks for it and is on and in scope; later ones share it.
//! A body whose announced length is over the limit is not asked for at all, so that a caller that waits for
//! `100 Continue` is never told to send it. Streams are never waited for: `text/event-stream`, gRPC,
//! `multipart/x-mixed-replace` and changed protocols. Answers to HEAD, and 204 and 304, have no body to read.
//! A policy sees a body inflated; what goes on is what was sent, its trailers included, unless a policy replaces it. A
//! caller that stops sending is answered 408 after the idle time of the API's upstream.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::Body as _;

use crate::body::{ReadBody, Resumed};
use crate::form::is_grpc;
use crate::inflate::{encodings_of, inflate};
use crate::{Body, Reply, Request, Response};

/// Which bodies a policy reads whole. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The request's, before its request half.
    pub request: Option<BodyLimit>,
    /// The response's, before its response half.
    pub response: Option<BodyLimit>,
}

impl Reads {
    /// The request's, at most `bytes` long, inflated too; a longer one is refused with 413.
    pub const fn request(bytes: usize) -> Self {
        Self { request: Some(BodyLimit { bytes, otherwise: Otherwise::Refuse }), response: None }
    }

    /// The response's, at most `bytes` long, inflated too, and what becomes of one that cannot be read.
    pub const fn response(bytes: usize, otherwise: Otherwise) -> Self {
        Self { request: None, response: Some(BodyLimit { bytes, otherwise }) }
    }

    /// Both of what two ask for.
    pub const fn and(self, other: Self) -> Self {
        Self {
            request: match other.request {
                Some(limit) => Some(limit),
                None => self.request,
            },
            response: match other.response {
                Some(limit) => Some(limit),
                None => self.response,
            },
        }
    }
}

/// How much of a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit {
    /// Most bytes, as sent and inflated.
    pub bytes: usize,
    /// What becomes of a body that cannot be read.
    pub otherwise: Otherwise,
}

/// What becomes of a body that cannot be read: too large, of an unknown encoding, not what its encoding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// A request is answered 413, 415 or 400; in place of a response stands a 502.
    Refuse,
    /// It goes on, and the policy's half runs without it: `body().bytes()` is none, `cx.unread` says why, and so does
    /// the trail.
    PassUnread,
}

/// Why a policy does not see a body that it would read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is a stream, or may be one: it is never waited for.
    Stream,
    /// It is longer than `limit` bytes, as sent or inflated.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// Its `Content-Encoding` is not known, or there are too many.
    UnknownEncoding,
    /// It is not what its `Content-Encoding` says.
    NotAsEncoded,
    /// It broke off.
    BrokeOff,
    /// It stopped coming for as long as an upstream may be idle.
    Stalled,
}

impl Unread {
    /// In words, after "it".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "is a stream",
            Self::TooLarge { .. } => "is over the limit",
            Self::UnknownEncoding => "has a content-encoding that is not known",
            Self::NotAsEncoded => "is not what its content-encoding says",
            Self::BrokeOff => "broke off",
            Self::Stalled => "stopped coming",
        }
    }

    /// What the sender of a request is told.
    pub fn reply_to_request(self) -> Reply {
        match self {
            Self::TooLarge { limit } => {
                let words: Cow<'static, str> = format!("The body is longer than {limit} bytes").into();
                Reply::too_large(words).member("limit", limit.into())
            }
            Self::UnknownEncoding => {
                Reply::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body's content-encoding is not known here")
                    .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br"))
            }
            Self::NotAsEncoded => Reply::bad_request("The body is not what its content-encoding says"),
            Self::Stream => Reply::bad_request("The body is a stream, which cannot be looked into here"),
            Self::BrokeOff => Reply::bad_request("The body broke off"),
            Self::Stalled => Reply::request_timed_out(),
        }
    }

    /// What stands in place of a response.
    pub fn reply_to_response(self) -> Reply {
        match self {
            Self::Stalled => Reply::timed_out(),
            _ => Reply::of(StatusCode::BAD_GATEWAY, "The upstream's answer cannot be passed on"),
        }
    }

    /// True where nothing of the body is left that could go on.
    pub(crate) const fn is_end(self) -> bool {
        matches!(self, Self::BrokeOff | Self::Stalled)
    }
}

/// A request or a response: what policies do with either.
pub trait Message {
    /// Its headers.
    fn fields(&self) -> &HeaderMap;
    /// Its headers, to change.
    fn fields_mut(&mut self) -> &mut HeaderMap;
    /// Its body.
    fn content(&self) -> &Body;
    /// Its body, to change.
    fn content_mut(&mut self) -> &mut Body;

    /// Puts another body in place: bytes as they are, not compressed. What the headers said of the old one goes: length,
    /// encoding, digests, a strong ETag, and its trailers with it.
    fn replace_body(&mut self, bytes: Bytes) {
        const OF_THE_OLD: [HeaderName; 6] = [
            CONTENT_LENGTH,
            http::header::CONTENT_ENCODING,
            HeaderName::from_static("content-md5"),
            HeaderName::from_static("content-digest"),
            HeaderName::from_static("repr-digest"),
            HeaderName::from_static("digest"),
        ];
        for name in &OF_THE_OLD {
            self.fields_mut().remove(name);
        }
        let etag = self.fields().get(http::header::ETAG);
        if etag.is_some_and(|etag| !etag.as_bytes().starts_with(b"W/")) {
            self.fields_mut().remove(http::header::ETAG);
        }
        *self.content_mut() = Body::Read(ReadBody::replacing(bytes));
    }

    /// The media type without its parameters, in lower case; empty where there is none.
    fn media_type(&self) -> String {
        let value = self.fields().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

impl Message for Request {
    fn fields(&self) -> &HeaderMap {
        self.headers()
    }

    fn fields_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn content(&self) -> &Body {
        self.body()
    }

    fn content_mut(&mut self) -> &mut Body {
        self.body_mut()
    }
}

impl Message for Response {
    fn fields(&self) -> &HeaderMap {
        self.headers()
    }

    fn fields_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn content(&self) -> &Body {
        self.body()
    }

    fn content_mut(&mut self) -> &mut Body {
        self.body_mut()
    }
}

/// True for an answer that has no body whatever its headers say (RFC 9110, 6.4.1).
pub(crate) fn has_no_body(response: &Response, is_head: bool) -> bool {
    let status = response.status();
    is_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn is_stream(message: &impl Message) -> bool {
    let kind = message.media_type();
    is_grpc(&kind) || matches!(&*kind, "text/event-stream" | "multipart/x-mixed-replace")
}

/// Reads a message's body. Where it cannot, the body can still go on as it came, except where it broke off. Each piece
/// may take as long as `wait`; where that is none, the body has limits of its own.
pub(crate) async fn read(
    message: &mut impl Message,
    limit: usize,
    wait: Option<Duration>,
) -> Result<(), Unread> {
    if is_stream(message) && !message.content().is_here() {
        return Err(Unread::Stream);
    }
    let encodings = encodings_of(message.fields())?;
    let body = message.content_mut();
    match body {
        Body::Empty => return Ok(()),
        Body::Read(read) if read.seen().is_some() => {}
        Body::Full(bytes) if encodings.is_empty() && bytes.len() <= limit => return Ok(()),
        _ => collect(body, limit, wait).await?,
    }
    let Body::Read(read) = body else { return Ok(()) };
    read.see(|sent| inflate(&encodings, sent, limit))?;
    if read.seen().is_some_and(|seen| seen.len() > limit) { Err(Unread::TooLarge { limit }) } else { Ok(()) }
}

/// Waits for all of `body`, and puts it in place as one piece.
async fn collect(body: &mut Body, limit: usize, wait: Option<Duration>) -> Result<(), Unread> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unread::TooLarge { limit });
    }
    let (mut pieces, mut trailers) = (Pieces::default(), None);
    loop {
        let next = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        let next = match wait {
            Some(wait) => tokio::time::timeout(wait, next).await.map_err(|_| Unread::Stalled)?,
            None => next.await,
        };
        match next {
            None => break,
            Some(Err(_)) => return Err(Unread::BrokeOff),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => pieces.add(data),
                Err(frame) => trailers = frame.into_trailers().ok(),
            },
        }
        if pieces.len() > limit {
            let rest = std::mem::take(body);
            *body = Body::Resumed(Box::new(Resumed { front: pieces.join(), rest }));
            return Err(Unread::TooLarge { limit });
        }
    }
    *body = Body::Read(ReadBody::of(pieces.join(), trailers));
    Ok(())
}

/// One piece stays as it is; several are copied together.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    more: BytesMut,
}

impl Pieces {
    fn add(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.first = piece;
        } else {
            if self.more.is_empty() {
                self.more.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.more.extend_from_slice(&piece);
        }
    }

    fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    fn join(self) -> Bytes {
        if self.more.is_empty() { self.first } else { self.more.freeze() }
    }
}
