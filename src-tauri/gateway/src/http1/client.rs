//! One connection to an upstream, driven by the task of the caller whose request is on it.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use http_body::{Body as _, Frame};

use super::buffers::Buffers;
use super::chunked::Piece;
use super::decoder::Decoder;
use super::encode::{self, Encoder};
use super::framing::{self, Length};
use super::head::{self, HeadEnd, HeadLimits};
use super::io::Io;
use crate::headers::has_token;
use crate::meter::Meter;
use crate::transport::Transport;
use crate::upstream::{Open, Patience};
use crate::{Body, BodyError, Request};

/// What an upstream's head may have.
const LIMITS: HeadLimits = HeadLimits { bytes: 64 * 1_024, first_line: 16 * 1_024, fields: 256 };

/// Why there is no answer, or no more of it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection ended before a byte of an answer.
    Closed,
    /// It broke off.
    Broke(io::Error),
    /// What came is not HTTP, for this reason.
    NotHttp(&'static str),
    /// The protocol was changed without having been asked for.
    UnaskedUpgrade,
    /// The request's body broke off.
    Body(BodyError),
    /// The request's body is not as long as announced.
    BodyLength,
    /// Nothing came in time.
    Overdue,
}

/// A connection.
pub(crate) struct Connection {
    io: Io,
    /// The other end.
    pub(crate) address: SocketAddr,
    end: HeadEnd,
    method: Method,
    /// What is left of the answer.
    decoder: Decoder,
    /// What is left of the request.
    upload: Option<Upload>,
    may_stay: bool,
    /// What had been written when the request began.
    written_before: u64,
    /// Counts it while it stands.
    pub(crate) open: Open,
}

struct Upload {
    body: Body,
    encoder: Encoder,
    trailers: Option<HeaderMap>,
}

impl Connection {
    /// Over a transport on which nothing was said yet.
    pub(crate) fn new(transport: Transport, address: SocketAddr, buffers: &Rc<Buffers>, open: Open) -> Self {
        Self {
            open,
            io: Io::new(transport, buffers, None),
            address,
            end: HeadEnd::default(),
            method: Method::GET,
            decoder: Decoder::new(Length::Exactly(0)),
            upload: None,
            may_stay: true,
            written_before: 0,
        }
    }

    /// True for one that stood idle, if it can take a request: nothing has come on it, not even its end. Whatever has
    /// come belongs to no request, and must not become the answer to the next one.
    pub(crate) fn is_usable(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.is_at_rest() && self.io.poll_fill(&mut cx).is_pending()
    }

    /// True when request and answer are over and another request may follow.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.may_stay
            && self.decoder.is_done()
            && self.upload.is_none()
            && !self.io.owes()
            && self.io.input.is_empty()
    }

    /// Sends `request` and waits for the head of its answer. The request is left as it was, but for its body, which
    /// is taken.
    pub(crate) async fn ask(
        &mut self,
        request: &mut Request,
        meter: &Meter,
        patience: &Patience,
    ) -> Result<Response<()>, Failure> {
        let upgrade = meter.upgrade.borrow().clone();
        self.begin(request, upgrade.as_ref());
        if self.upload.is_none() {
            patience.for_answer(meter);
        } else {
            patience.for_bodies(meter);
        }
        let mut response = poll_fn(|cx| self.poll_answer(meter, patience, cx)).await?;
        meter.deadline.clear();
        let (status, version) = (response.status(), response.version());
        let headers = response.headers();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            if upgrade.is_none() || self.upload.is_some() {
                return Err(Failure::UnaskedUpgrade);
            }
            self.may_stay = false;
            self.decoder = Decoder::new(Length::UntilClose);
            return Ok(response);
        }
        self.may_stay = self.may_stay && wants_to_stay(version, headers);
        let length =
            framing::of_response(&self.method, status, version, headers).map_err(Failure::NotHttp)?;
        self.decoder = Decoder::new(length);
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }

    /// Writes the head to the output and makes the body ready to follow.
    fn begin(&mut self, request: &mut Request, upgrade: Option<&HeaderValue>) {
        self.end = HeadEnd::default();
        self.written_before = self.io.written;
        self.method = request.method().clone();
        let body = std::mem::take(request.body_mut());
        let encoder = encoder_for(request.method(), &body);
        let output = self.io.output();
        encode::request_line(request.method(), request.uri(), output);
        encode::unframed_fields(request.headers(), output);
        if let Some(protocol) = upgrade {
            output.extend_from_slice(b"connection: upgrade\r\n");
            encode::field(UPGRADE.as_str(), protocol.as_bytes(), output);
        }
        if let Some(encoder) = encoder {
            encoder.announce(output);
        }
        output.extend_from_slice(b"\r\n");
        self.upload = encoder.filter(|encoder| *encoder != Encoder::Exactly(0)).map(|encoder| Upload {
            body,
            encoder,
            trailers: None,
        });
    }

    /// True when nothing of the request has left.
    pub(crate) fn has_sent_nothing(&self) -> bool {
        self.io.written == self.written_before
    }

    fn poll_answer(
        &mut self,
        meter: &Meter,
        patience: &Patience,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<()>, Failure>> {
        if self.upload.is_some() || self.io.owes() {
            let (had_body, written) = (self.upload.is_some(), self.io.written);
            self.poll_upload(cx)?;
            if had_body && self.upload.is_none() {
                patience.for_answer(meter);
            } else if had_body && self.io.written > written {
                patience.for_bodies(meter);
            }
        }
        loop {
            match self.end.find(&self.io.input, &LIMITS, true) {
                Err(_) => return Poll::Ready(Err(Failure::NotHttp("its head is too large"))),
                Ok(Some(length)) => {
                    let head = self.io.input.split_to(length).freeze();
                    let fields = self.end.fields();
                    self.end = HeadEnd::default();
                    let response = head::parse_response(&head, fields).map_err(Failure::NotHttp)?;
                    if !is_interim(response.status()) {
                        return Poll::Ready(Ok(response));
                    }
                    if !meter.keep_interim(response) {
                        return Poll::Ready(Err(Failure::NotHttp("too many interim answers")));
                    }
                    continue;
                }
                Ok(None) if !begins_like_http(&self.io.input) => {
                    return Poll::Ready(Err(Failure::NotHttp("no HTTP/1 status line")));
                }
                Ok(None) => {}
            }
            match self.io.poll_fill(cx) {
                Poll::Ready(Ok(0)) => {
                    let words = "its head breaks off";
                    let is_fresh = self.io.input.is_empty();
                    let failure = if is_fresh { Failure::Closed } else { Failure::NotHttp(words) };
                    return Poll::Ready(Err(failure));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) if is_closed(&error) && self.io.input.is_empty() => {
                    return Poll::Ready(Err(Failure::Closed));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::Broke(error))),
                Poll::Pending => return meter.deadline.poll(cx).map(|()| Err(Failure::Overdue)),
            }
        }
    }

    /// Sends as much of the request as the upstream takes and the caller has sent. An upstream that takes no more may
    /// still answer, so that a failure to write is no failure of the call.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        match self.poll_send(cx) {
            Ok(_) => Ok(()),
            Err(Failure::Broke(_)) => {
                self.upload = None;
                self.may_stay = false;
                self.io.give_up_writing();
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Failure> {
        while let Some(upload) = &mut self.upload {
            if self.io.is_full() && self.io.poll_flush(cx).map_err(Failure::Broke)?.is_pending() {
                return Ok(Poll::Pending);
            }
            match Pin::new(&mut upload.body).poll_frame(cx) {
                Poll::Pending => {
                    let _ = self.io.poll_flush(cx).map_err(Failure::Broke)?;
                    return Ok(Poll::Pending);
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        upload.encoder.data(data, &mut self.io).map_err(|_| Failure::BodyLength)?;
                    }
                    Err(frame) => upload.trailers = frame.into_trailers().ok(),
                },
                Poll::Ready(Some(Err(error))) => return Err(Failure::Body(error)),
                Poll::Ready(None) => {
                    let trailers = upload.trailers.take();
                    let ended = upload.encoder.end(trailers.as_ref(), &mut self.io);
                    ended.map_err(|_| Failure::BodyLength)?;
                    self.upload = None;
                }
            }
        }
        Ok(self.io.poll_flush(cx).map_err(Failure::Broke)?)
    }

    /// The next part of the answer's body. What is left of the request goes on meanwhile.
    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if (self.upload.is_some() || self.io.owes())
            && let Err(failure) = self.poll_upload(cx)
        {
            return Poll::Ready(Some(Err(failure)));
        }
        loop {
            match self.decoder.next(&mut self.io.input) {
                Ok(Some(Piece::Data(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Some(Piece::Trailers(trailers))) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(None) if self.decoder.is_done() => return Poll::Ready(None),
                Ok(None) => {}
                Err(words) => return Poll::Ready(Some(Err(Failure::NotHttp(words)))),
            }
            match ready!(self.io.poll_fill(cx)) {
                Ok(0) if self.decoder.ends_with_connection() => {
                    self.may_stay = false;
                    return Poll::Ready(None);
                }
                Ok(0) => return Poll::Ready(Some(Err(Failure::Closed))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(Failure::Broke(error)))),
            }
        }
    }

    /// True when the answer's body has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.decoder.is_done()
    }

    /// How many bytes of the answer's body are still to come, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        self.decoder.left()
    }

    /// The bytes of a connection that changed its protocol.
    pub(crate) fn io(&mut self) -> &mut Io {
        &mut self.io
    }

    /// Lets go of what an idle connection does not need.
    pub(crate) fn release(&mut self) {
        self.io.release();
    }
}

/// How the body is sent; none for a request that has none and by its method need not say so (RFC 9110, 8.6).
fn encoder_for(method: &Method, body: &Body) -> Option<Encoder> {
    match body.size_hint().exact() {
        Some(0) if matches!(*method, Method::POST | Method::PUT | Method::PATCH) => Some(Encoder::Exactly(0)),
        Some(0) => None,
        Some(length) => Some(Encoder::Exactly(length)),
        None => Some(Encoder::Chunked),
    }
}

fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

/// False as soon as what came cannot be the beginning of an answer.
fn begins_like_http(input: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"HTTP/1.";
    let length = input.len().min(BEGINNING.len());
    input[..length] == BEGINNING[..length]
}

fn wants_to_stay(version: Version, headers: &HeaderMap) -> bool {
    match version {
        Version::HTTP_11 => !headers.contains_key(CONNECTION) || !has_token(headers, &CONNECTION, "close"),
        _ => has_token(headers, &CONNECTION, "keep-alive"),
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}
