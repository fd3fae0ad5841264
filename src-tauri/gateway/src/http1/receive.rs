//! The next request of a connection: its head, and how long its body is.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::Buf as _;
use http::header::{CONNECTION, EXPECT, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Version};

use super::framing::{self, Length};
use super::head::{self, HeadEnd, HeadLimits};
use super::line::Line;
use super::refused::Refused;
use crate::headers::has_token;

/// Most bytes of a refused method or target that are recorded.
const MOST_GLIMPSED: usize = 1_024;

/// What came: a request, or something that must not go on; nothing where the connection was closed.
pub(crate) type Received = Option<Result<Admitted, Glimpse>>;

/// A request with everything that its head says about the connection.
pub(crate) struct Admitted {
    pub(crate) request: Request<()>,
    pub(crate) length: Length,
    /// The caller waits for `100 Continue`.
    pub(crate) expects_continue: bool,
    /// The caller wants the connection to stay.
    pub(crate) keep_alive: bool,
    /// The protocol that the caller wants to change to.
    pub(crate) upgrade: Option<HeaderValue>,
}

/// A refused request as far as it is known.
pub(crate) struct Glimpse {
    pub(crate) method: Box<[u8]>,
    pub(crate) target: Box<[u8]>,
    pub(crate) refused: Refused,
}

/// Reads until the head is there. `end` remembers how far it was looked at.
pub(crate) fn poll_receive(
    line: &Line,
    limits: &HeadLimits,
    end: &mut HeadEnd,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Received>> {
    let mut io = line.io();
    loop {
        if end.is_fresh() {
            // Empty lines before a request are left over from one before (RFC 9112, 2.2).
            while io.input.starts_with(b"\r\n") {
                io.input.advance(2);
            }
        }
        let found = match io.input.as_ref() {
            b"\r" => Ok(None),
            input => end.find(input, limits, false),
        };
        match found {
            Err(refused) => return Poll::Ready(Ok(Some(Err(glimpse(&io.input, refused))))),
            Ok(Some(length)) => {
                let head = io.input.split_to(length).freeze();
                let admitted = head::parse_request(&head, end.fields()).and_then(admit);
                let received = admitted.map_err(|refused| glimpse(&head, refused));
                return Poll::Ready(Ok(Some(received)));
            }
            Ok(None) => {}
        }
        if ready!(io.poll_fill(cx))? == 0 {
            return Poll::Ready(Ok(None));
        }
    }
}

fn glimpse(head: &[u8], refused: Refused) -> Glimpse {
    let (method, target) = head::glimpse(head);
    let bounded = |bytes: &[u8]| bytes[..bytes.len().min(MOST_GLIMPSED)].into();
    Glimpse { method: bounded(method), target: bounded(target), refused }
}

fn admit(request: Request<()>) -> Result<Admitted, Refused> {
    let version = request.version();
    let headers = request.headers();
    let length = framing::of_request(headers, version)?;
    let is_current = version >= Version::HTTP_11;
    let expects_continue = is_current && has_token(headers, &EXPECT, "100-continue");
    let connection = headers.contains_key(CONNECTION);
    let keep_alive = match is_current {
        true => !connection || !has_token(headers, &CONNECTION, "close"),
        false => connection && has_token(headers, &CONNECTION, "keep-alive"),
    };
    let may_upgrade = connection && is_current && length == Length::Exactly(0);
    let upgrade = if may_upgrade { upgrade_of(headers) } else { None };
    Ok(Admitted { request, length, expects_continue, keep_alive, upgrade })
}

/// What the caller wants to change to. Not HTTP/2: that is agreed on before the first request.
fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = has_token(headers, &CONNECTION, "upgrade") && !has_token(headers, &UPGRADE, "h2c");
    headers.get(UPGRADE).filter(|_| asks).cloned()
}
