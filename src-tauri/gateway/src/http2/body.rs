//! Bodies on streams: what arrives, read no faster than it goes on, and what leaves, as fast as the other side takes it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tokio::time::timeout;

use crate::BodyError;
use crate::headers::strip_hop_by_hop;

/// What the other side sends on a stream. The window opens again by what was taken, so that a sender is held up where
/// its bytes are not wanted yet. Dropped before its end, it cancels the stream.
pub(crate) struct Incoming {
    stream: RecvStream,
    /// As announced; `h2` resets a stream that brings more or less.
    length: Option<u64>,
    data_is_over: bool,
}

impl Incoming {
    /// The body behind this head.
    pub(super) fn new(stream: RecvStream, head: &HeaderMap) -> Self {
        let length = head.get(CONTENT_LENGTH).map(HeaderValue::to_str);
        let length = length.and_then(|length| length.ok()?.parse().ok());
        Self { stream, length, data_is_over: false }
    }

    /// The next piece, or the trailers at the end.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.data_is_over {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Fails only for a stream that has gone, which the next read says.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                // Its answer was complete and it wants no more of the request (RFC 9113, 8.1).
                Some(Err(error)) if error.reason() == Some(Reason::NO_ERROR) => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => self.data_is_over = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx))?;
        Poll::Ready(trailers.map(|mut trailers| {
            strip_hop_by_hop(&mut trailers);
            // These speak of a head (RFC 9110, 6.5.1).
            trailers.remove(CONTENT_LENGTH);
            trailers.remove(HOST);
            Ok(Frame::trailers(trailers))
        }))
    }

    /// True when nothing is to come.
    pub(crate) fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    /// As announced.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

/// Why a body did not go out to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The other side wants no more of it, or has gone.
    Unwanted,
    /// It took nothing for too long.
    Stalled,
    /// The body itself broke off.
    BrokeOff,
}

/// Sends `body` to its end; a piece is asked for once the one before was taken. The other side may take nothing for
/// `patience`. Whoever sends resets a stream that is not sent to its end.
pub(super) async fn send<B>(
    stream: &mut SendStream<Bytes>,
    body: &mut B,
    patience: Duration,
) -> Result<(), Stopped>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    loop {
        match next_frame(stream, body).await? {
            None => return stream.send_data(Bytes::new(), true).map_err(|_| Stopped::Unwanted),
            Some(Err(_)) => return Err(Stopped::BrokeOff),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let is_last = body.is_end_stream();
                    if is_last && data.is_empty() {
                        return stream.send_data(data, true).map_err(|_| Stopped::Unwanted);
                    }
                    send_data(stream, data, is_last, patience).await?;
                    if is_last {
                        return Ok(());
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return stream.send_trailers(trailers).map_err(|_| Stopped::Unwanted);
                }
            },
        }
    }
}

type NextFrame = Option<Result<Frame<Bytes>, BodyError>>;

async fn next_frame<B>(stream: &mut SendStream<Bytes>, body: &mut B) -> Result<NextFrame, Stopped>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(frame) => Poll::Ready(Ok(frame)),
        Poll::Pending => stream.poll_reset(cx).map(|_| Err(Stopped::Unwanted)),
    })
    .await
}

async fn send_data(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
    is_last: bool,
    patience: Duration,
) -> Result<(), Stopped> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        if stream.capacity() == 0 {
            let room = timeout(patience, poll_fn(|cx| stream.poll_capacity(cx))).await;
            match room {
                Ok(Some(Ok(_))) => {}
                Ok(_) => return Err(Stopped::Unwanted),
                Err(_) => return Err(Stopped::Stalled),
            }
        }
        let some = data.split_to(stream.capacity().min(data.len()));
        let is_last = is_last && data.is_empty();
        if !some.is_empty() {
            stream.send_data(some, is_last).map_err(|_| Stopped::Unwanted)?;
        }
    }
    Ok(())
}
