//! Writes an answer to a caller, head and body, as the caller takes it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, UPGRADE};
use http::{HeaderMap, Response, StatusCode, Version, response};
use http_body::{Body as _, Frame};

use super::encode::{self, Encoder};
use super::line::Line;
use crate::BodyError;
use crate::connection::Broken;
use crate::record::RecordedBody;
use crate::worker::Worker;

/// Most bytes of a body that nobody wanted which are read so that the connection may stay.
const MOST_DISCARDED: u64 = 64 * 1_024;

/// What the request says of how its answer is written.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) version: Version,
    pub(crate) is_head: bool,
    pub(crate) keep_alive: bool,
}

/// Writes all of it; true when the connection may stay.
pub(crate) async fn respond(
    worker: &Worker,
    line: &Line,
    asked: Asked,
    response: Response<RecordedBody>,
) -> Result<bool, Broken> {
    let (mut head, mut body) = response.into_parts();
    let mut encoder = encoder_for(&mut head, &body, asked);
    let stays = !worker.draining.get() && may_stay(line, asked, &head, encoder);
    write_head(worker, line, asked, &head, encoder, stays);
    let mut trailers = None;
    while encoder != Encoder::Unsent && !body.is_end_stream() {
        match poll_fn(|cx| poll_frame(line, &mut body, cx)).await? {
            None => break,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    encoder.data(data, &mut line.io()).map_err(|_| "the answer is longer than announced")?;
                    if line.io().is_full() {
                        flush(line).await?;
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok(),
            },
            Some(Err(error)) => {
                // What came before the break goes on; that something is missing shows by the end.
                flush(line).await?;
                return Err(error);
            }
        }
    }
    encoder.end(trailers.as_ref(), &mut line.io()).map_err(|_| "the answer is shorter than announced")?;
    flush(line).await?;
    drop(body);
    Ok(stays && discard_rest(line).await)
}

/// How the body goes, and what the head must not say of it.
fn encoder_for(head: &mut response::Parts, body: &RecordedBody, asked: Asked) -> Encoder {
    let length = body.size_hint().exact();
    if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        if head.status == StatusCode::NO_CONTENT {
            head.headers.remove(CONTENT_LENGTH);
        }
        return Encoder::Unsent;
    }
    if asked.is_head {
        if let Some(length @ 1..) = length {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        return Encoder::Unsent;
    }
    match length {
        Some(length) => Encoder::Exactly(length),
        None if asked.version == Version::HTTP_10 => Encoder::UntilClose,
        None => Encoder::Chunked,
    }
}

/// Whether another request can follow: nothing speaks against it, and what is left of this one is known to be little.
fn may_stay(line: &Line, asked: Asked, head: &response::Parts, encoder: Encoder) -> bool {
    let unwanted = line.withdraw_continue() && !line.body_is_done();
    asked.keep_alive
        && encoder != Encoder::UntilClose
        && !unwanted
        && line.body_left().is_none_or(|left| left <= MOST_DISCARDED)
        && !head.headers.contains_key(CONNECTION)
}

fn write_head(
    worker: &Worker,
    line: &Line,
    asked: Asked,
    head: &response::Parts,
    encoder: Encoder,
    stays: bool,
) {
    let mut io = line.io();
    let output = io.output();
    encode::status_line(asked.version, head.status, output);
    encode::answer_fields(&head.headers, encoder, output);
    if !head.headers.contains_key(DATE) {
        worker.date.write(output);
    }
    if !stays {
        if !head.headers.contains_key(CONNECTION) {
            output.extend_from_slice(b"connection: close\r\n");
        }
    } else if asked.version == Version::HTTP_10 {
        output.extend_from_slice(b"connection: keep-alive\r\n");
    }
    output.extend_from_slice(b"\r\n");
}

/// A part of a body, or its end.
type Part = Option<Result<Frame<Bytes>, BodyError>>;

/// The next part of the body. While there is none, what is written goes out, and the caller may leave.
fn poll_frame(line: &Line, body: &mut RecordedBody, cx: &mut Context<'_>) -> Poll<io::Result<Part>> {
    if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
        return Poll::Ready(Ok(frame));
    }
    let mut io = line.io();
    if let Poll::Ready(Err(error)) = io.poll_flush(cx) {
        return Poll::Ready(Err(error));
    }
    if io.poll_gone(cx) {
        return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
    }
    Poll::Pending
}

async fn flush(line: &Line) -> io::Result<()> {
    poll_fn(|cx| line.io().poll_flush(cx)).await
}

/// Reads on to the end of a request of which nobody wanted the rest.
async fn discard_rest(line: &Line) -> bool {
    let mut most = MOST_DISCARDED;
    line.body_is_done() || poll_fn(|cx| line.poll_discard(&mut most, cx)).await
}

/// Writes an interim answer (1xx).
pub(crate) fn write_interim(line: &Line, interim: &Response<()>) {
    let mut io = line.io();
    let output = io.output();
    encode::status_line(Version::HTTP_11, interim.status(), output);
    encode::fields(interim.headers(), output);
    output.extend_from_slice(b"\r\n");
}

/// Writes the head of the answer after which the connection speaks another protocol.
pub(crate) async fn write_switch(worker: &Worker, line: &Line, headers: &HeaderMap) -> io::Result<()> {
    {
        let mut io = line.io();
        let output = io.output();
        encode::status_line(Version::HTTP_11, StatusCode::SWITCHING_PROTOCOLS, output);
        if !headers.contains_key(DATE) {
            worker.date.write(output);
        }
        debug_assert!(headers.contains_key(UPGRADE) && headers.contains_key(CONNECTION));
        encode::fields(headers, output);
        output.extend_from_slice(b"\r\n");
    }
    flush(line).await
}
