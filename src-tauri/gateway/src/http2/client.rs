//! One call to an upstream that speaks HTTP/2.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream};
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Uri, Version};
use http_body::{Frame, SizeHint};

use super::body::{Incoming, Stopped};
use super::replay::Replay;
use super::session::Lease;
use super::upload::{Rest, Upload};
use crate::BodyError;
use crate::meter::Meter;
use crate::upstream::Patience;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The upstream said that it has not looked at the request: it may be asked again, whatever it is (RFC 9113, 8.7).
    NotProcessed(h2::Error),
    /// The connection or the stream broke off.
    BrokeOff(h2::Error),
    /// The caller's body did not arrive to its end.
    CallerLeft,
    /// Something took too long.
    Overdue,
    /// More interim answers came than anybody means.
    TooManyInterims,
}

impl From<h2::Error> for Failed {
    fn from(error: h2::Error) -> Self {
        let refused = error.reason() == Some(Reason::REFUSED_STREAM);
        if error.is_remote() && (refused || error.is_go_away()) {
            Self::NotProcessed(error)
        } else {
            Self::BrokeOff(error)
        }
    }
}

/// Sends a request, whose target is a path and whose host is in its `Host` header, and waits for the head of its
/// answer. Its body, where it has one, goes on being sent while it is awaited, and afterwards.
pub(crate) async fn ask(
    lease: Lease,
    head: http::Request<()>,
    body: Option<Replay>,
    is_tls: bool,
    meter: &Rc<Meter>,
    patience: &Patience,
) -> Result<http::Response<Answer>, Failed> {
    let (mut head, ()) = head.into_parts();
    let scheme = if is_tls { Scheme::HTTPS } else { Scheme::HTTP };
    head.uri = absolute(scheme, &mut head.headers, head.uri);
    head.version = Version::HTTP_2;
    let head = http::Request::from_parts(head, ());
    let (mut answer, stream) = lease.sender().send_request(head, body.is_none())?;
    let mut upload = body.map(|body| Upload::new(stream, body, meter, patience));
    if upload.is_some() {
        patience.for_bodies(meter);
    } else {
        patience.for_answer(meter);
    }
    let response = poll_fn(|cx| poll_answer(&mut answer, &mut upload, meter, cx)).await?;
    meter.deadline.clear();
    let (head, stream) = response.into_parts();
    let incoming = Incoming::new(stream, &head.headers);
    let rest = upload.map(Upload::go_on);
    Ok(http::Response::from_parts(head, Answer { incoming, rest, _lease: lease }))
}

/// `:authority` is what `Host` was (RFC 9113, 8.3.1).
fn absolute(scheme: Scheme, headers: &mut HeaderMap, uri: Uri) -> Uri {
    let host = headers.remove(HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let Some(authority) = authority else { return uri };
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query =
        Some(uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).unwrap_or(uri)
}

fn poll_answer(
    answer: &mut ResponseFuture,
    upload: &mut Option<Upload>,
    meter: &Meter,
    cx: &mut Context<'_>,
) -> Poll<Result<http::Response<RecvStream>, Failed>> {
    let mut caller_left = false;
    if let Some(sending) = upload
        && let Poll::Ready(sent) = sending.poll(cx)
    {
        *upload = None;
        // One that wants no more of it may still answer, and say why.
        caller_left = matches!(sent, Err(Stopped::BrokeOff));
    }
    while let Poll::Ready(Some(Ok(interim))) = answer.poll_informational(cx) {
        if !meter.keep_interim(interim) {
            return Poll::Ready(Err(Failed::TooManyInterims));
        }
    }
    match Pin::new(answer).poll(cx) {
        Poll::Ready(answer) => Poll::Ready(answer.map_err(Failed::from)),
        Poll::Pending if caller_left => Poll::Ready(Err(Failed::CallerLeft)),
        Poll::Pending => meter.deadline.poll(cx).map(|()| Err(Failed::Overdue)),
    }
}

/// The body of an answer, with what is left of the request. Dropped before its end, it cancels the stream.
pub(crate) struct Answer {
    incoming: Incoming,
    rest: Option<Rest>,
    _lease: Lease,
}

impl Answer {
    /// The next piece, or the trailers at the end.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(Rest::Here(upload)) = &mut self.rest
            && upload.poll(cx).is_ready()
        {
            self.rest = None;
        }
        self.incoming.poll_frame(cx)
    }

    /// True when nothing is to come.
    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    /// As announced.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
