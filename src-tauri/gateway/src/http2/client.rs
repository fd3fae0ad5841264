//! One call to an upstream that speaks HTTP/2.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::ResponseFuture;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Uri, Version};
use http_body::{Body as _, Frame, SizeHint};
use tokio::task::AbortHandle;

use super::body::{Incoming, Stopped, send};
use super::session::Lease;
use crate::{BodyError, Request};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The upstream said that it has not looked at the request: it may be asked again, whatever it is (RFC 9113, 8.7).
    NotProcessed(h2::Error),
    /// The connection or the stream broke off.
    BrokeOff(h2::Error),
    /// The caller's body did not arrive to its end.
    CallerLeft,
    /// The upstream took no more of the request for too long.
    Stalled,
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

/// A request on its way: its head is sent, its body follows, its answer is awaited.
pub(crate) struct Asked {
    answer: ResponseFuture,
    upload: Option<Upload>,
    lease: Option<Lease>,
}

type Upload = Pin<Box<dyn Future<Output = Result<(), Stopped>>>>;

/// Sends `request`, whose target is a path and whose host is in its `Host` header.
pub(crate) fn ask(lease: Lease, request: Request, is_tls: bool, patience: Duration) -> Result<Asked, Failed> {
    let (mut head, mut body) = request.into_parts();
    let scheme = if is_tls { Scheme::HTTPS } else { Scheme::HTTP };
    head.uri = absolute(scheme, &mut head.headers, head.uri);
    head.version = Version::HTTP_2;
    let has_body = !body.is_end_stream();
    let (answer, mut stream) = lease.sender().send_request(http::Request::from_parts(head, ()), !has_body)?;
    let upload = has_body.then(|| -> Upload {
        Box::pin(async move {
            let sent = send(&mut stream, &mut body, patience).await;
            if sent.is_err() {
                stream.send_reset(Reason::CANCEL);
            }
            sent
        })
    });
    Ok(Asked { answer, upload, lease: Some(lease) })
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

impl Asked {
    /// The head of the answer. The request's body goes on being sent while it is awaited, and afterwards.
    pub(crate) async fn answer(&mut self) -> Result<http::Response<Answer>, Failed> {
        let response = poll_fn(|cx| self.poll_answer(cx)).await?;
        let rest = self.upload.take().map(|upload| tokio::task::spawn_local(upload).abort_handle());
        let (head, stream) = response.into_parts();
        let incoming = Incoming::new(stream, &head.headers);
        let answer = Answer { incoming, _upload: rest.map(Rest), _lease: self.lease.take() };
        Ok(http::Response::from_parts(head, answer))
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<http::Response<h2::RecvStream>, Failed>> {
        let mut stopped = None;
        if let Some(upload) = &mut self.upload
            && let Poll::Ready(uploaded) = upload.as_mut().poll(cx)
        {
            self.upload = None;
            stopped = uploaded.err();
        }
        match Pin::new(&mut self.answer).poll(cx) {
            Poll::Ready(answer) => Poll::Ready(answer.map_err(Failed::from)),
            Poll::Pending => match stopped {
                Some(Stopped::BrokeOff) => Poll::Ready(Err(Failed::CallerLeft)),
                Some(Stopped::Stalled) => Poll::Ready(Err(Failed::Stalled)),
                // An answer may still come that says why.
                Some(Stopped::Unwanted) | None => Poll::Pending,
            },
        }
    }
}

/// The body of an answer, with what is left of the request. Dropped before its end, it cancels the stream.
pub(crate) struct Answer {
    incoming: Incoming,
    _upload: Option<Rest>,
    _lease: Option<Lease>,
}

impl Answer {
    /// The next piece, or the trailers at the end.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
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

/// The rest of a request's body, sent while its answer streams. Ends with that.
struct Rest(AbortHandle);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.abort();
    }
}
