//! HTTP/2 with callers. A flood of streams, resets, headers, pings or settings ends the connection, at the bounds that
//! `h2` and the constants here set; a caller that resets a stream ends its upstream request.
//!
//! A stream for which there is no room is recorded as a call. Heads that `h2` refuses itself are not: those that break a
//! rule of HTTP/2 (RFC 9113, 8.1.1, reset), those that are too large (431) and those of more streams at once than were
//! allowed (refused). It answers them inside its connection and gives whoever drives that neither a word nor a count of
//! them. What it leaves to us to refuse (`request::check`) is recorded like any other call.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use http::header::{CONTENT_LENGTH, DATE, SEC_WEBSOCKET_ACCEPT};
use http::{Method, StatusCode, response};
use http_body::Body as _;

use super::body::{Incoming, Stopped, send};
use super::crew::Crew;
use super::pings::Pings;
use super::request::join_cookies;
use super::tunnel::{as_upgrade, tunnel};
use super::wire::Wire;
use super::{MAX_ERRORS, MAX_REMEMBERED_RESETS, MAX_STREAMS, SEND_BUFFER, STREAM_WINDOW};
use crate::Limits;
use crate::body::CallerStream;
use crate::caller::Caller;
use crate::connection::Broken;
use crate::exchange::{answer, note_crowded_out};
use crate::headers::strip_hop_by_hop;
use crate::meter::Meter;
use crate::record::RecordedBody;
use crate::request_id::X_REQUEST_ID;
use crate::transport::Transport;
use crate::worker::Worker;

/// Bytes of all streams of a caller's connection that may wait for upstreams.
const CONNECTION_WINDOW: u32 = 1_024 * 1_024;

/// Streams that a caller may have reset before they were even looked at.
const MAX_UNSEEN_RESETS: usize = 20;

/// Streams that a caller may reset before their answer began, within [`RESET_WINDOW`]: each cost an upstream a request
/// (CVE-2023-44487).
const MAX_RESETS: u32 = 200;

/// See [`MAX_RESETS`].
const RESET_WINDOW: Duration = Duration::from_secs(10);

/// Serves a connection, of which `first` has been read already.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    caller: &Rc<Caller>,
    transport: Transport,
    first: BytesMut,
) -> Result<(), Broken> {
    let wire = Wire::new(transport, first, Some(caller.watch.clone()));
    let mut greeting = pin!(settings(&worker.limits.get()).handshake::<_, Bytes>(wire.clone()));
    let greeted = poll_fn(|cx| wire.turn(cx, |cx| greeting.as_mut().poll(cx).map_err(Broken::from)));
    let mut connection = greeted.await?;
    // From here on streams count as work, and not bytes.
    caller.watch.served(Instant::now());
    let mut pings = Pings::new(connection.ping_pong().ok_or("its pings are taken")?);
    let resets = Rc::new(Resets::default());
    let mut is_ending = false;
    let mut turn = |cx: &mut Context<'_>| {
        if worker.draining.get() && !is_ending {
            is_ending = true;
            connection.graceful_shutdown();
            caller.watch.says_goodbye();
        }
        if resets.are_too_many() {
            connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        }
        if pings.poll_silence(cx, || connection.has_streams()).is_ready() {
            return Poll::Ready(Err("the caller answers no ping".into()));
        }
        while let Some(accepted) = ready!(connection.poll_accept(cx)) {
            let (request, mut respond) = accepted?;
            if !is_ending && !worker.plan().listeners.contains_key(&caller.listener) {
                is_ending = true;
                connection.graceful_shutdown();
            }
            if Crew::has_room(worker) {
                let (caller, resets) = (caller.clone(), resets.clone());
                Crew::take_on(worker, Job { caller, resets, request, respond });
            } else {
                // Its caller may ask again (RFC 9113, 8.7).
                respond.send_reset(Reason::REFUSED_STREAM);
                note_crowded_out(worker, caller, &request);
            }
        }
        Poll::Ready(Ok(()))
    };
    poll_fn(|cx| wire.turn(cx, &mut turn)).await
}

fn settings(limits: &Limits) -> Builder {
    let mut settings = Builder::new();
    settings
        .max_concurrent_streams(MAX_STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_reset_streams(MAX_REMEMBERED_RESETS)
        .max_pending_accept_reset_streams(MAX_UNSEEN_RESETS)
        .max_local_error_reset_streams(Some(MAX_ERRORS))
        .enable_connect_protocol();
    settings
}

/// How many streams of a connection its caller reset before their answer began.
pub(super) struct Resets {
    since: Cell<Instant>,
    count: Cell<u32>,
}

impl Default for Resets {
    fn default() -> Self {
        Self { since: Cell::new(Instant::now()), count: Cell::new(0) }
    }
}

impl Resets {
    fn note(&self, now: Instant) {
        if now.saturating_duration_since(self.since.get()) >= RESET_WINDOW {
            self.since.set(now);
            self.count.set(0);
        }
        self.count.set(self.count.get() + 1);
    }

    fn are_too_many(&self) -> bool {
        self.count.get() > MAX_RESETS
    }
}

/// A stream to be served.
pub(super) struct Job {
    caller: Rc<Caller>,
    resets: Rc<Resets>,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
}

/// Serves a stream to its end.
pub(super) async fn serve_stream(worker: &Rc<Worker>, job: Job) {
    let Job { caller, resets, request, mut respond } = job;
    if contained(answer_stream(worker, &caller, &resets, request, &mut respond)).await.is_err() {
        worker.panics.fetch_add(1, Ordering::Relaxed);
        tracing::error!(remote = %caller.remote, "a call panicked; its stream is reset");
        respond.send_reset(Reason::INTERNAL_ERROR);
    }
}

/// A policy that panics takes its own call with it, and nothing else.
async fn contained(stream: impl Future<Output = ()>) -> Result<(), ()> {
    let mut stream = pin!(stream);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| stream.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(_) => Poll::Ready(Err(())),
    })
    .await
}

async fn answer_stream(
    worker: &Rc<Worker>,
    caller: &Caller,
    resets: &Resets,
    request: http::Request<RecvStream>,
    respond: &mut SendResponse<Bytes>,
) {
    let is_head = request.method() == Method::HEAD;
    let meter = Rc::new(Meter::new(&Rc::default()));
    let (mut head, stream) = request.into_parts();
    let stream = Incoming::new(stream, &head.headers);
    let upgrade = as_upgrade(&mut head);
    let (body, tunnelled) = match upgrade {
        Some(_) => (CallerStream::Nothing, Some(stream)),
        None => (CallerStream::Http2(stream), None),
    };
    meter.upgrade.replace(upgrade);
    join_cookies(&mut head.headers);
    let mut answering = pin!(answer(worker, caller, http::Request::from_parts(head, body), &meter));
    let answered = poll_fn(|cx| {
        let polled = answering.as_mut().poll(cx);
        for interim in meter.interims.borrow_mut().drain(..) {
            // Whether it has gone the reset says.
            let _ = respond.send_informational(interim);
        }
        match polled {
            Poll::Ready(response) => Poll::Ready(Some(response)),
            Poll::Pending => respond.poll_reset(cx).map(|_| None),
        }
    });
    match (answered.await, tunnelled) {
        (None, _) => resets.note(Instant::now()),
        (Some(response), None) => send_answer(worker, respond, response, is_head).await,
        (Some(response), Some(stream)) => {
            send_tunnel(worker, respond, &meter, stream, response).await;
        }
    }
}

/// Answers an extended CONNECT: success means a tunnel, and nothing else may look like one (RFC 8441, 5).
async fn send_tunnel(
    worker: &Worker,
    respond: &mut SendResponse<Bytes>,
    meter: &Rc<Meter>,
    stream: Incoming,
    mut response: http::Response<RecordedBody>,
) {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        if response.status().is_success() {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
        return send_answer(worker, respond, response, false).await;
    }
    let (mut head, body) = response.into_parts();
    head.status = StatusCode::OK;
    head.headers.remove(SEC_WEBSOCKET_ACCEPT);
    complete(&mut head, None, worker);
    if let Ok(answer) = respond.send_response(http::Response::from_parts(head, ()), false) {
        tunnel(worker, meter, (stream, answer), body).await;
    }
}

async fn send_answer(
    worker: &Worker,
    respond: &mut SendResponse<Bytes>,
    response: http::Response<RecordedBody>,
    is_head: bool,
) {
    let (mut head, mut body) = response.into_parts();
    complete(&mut head, body.size_hint().exact(), worker);
    let has_no_body = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let has_body = !is_head && !has_no_body && !body.is_end_stream();
    match respond.send_response(http::Response::from_parts(head, ()), !has_body) {
        Ok(mut stream) if has_body => {
            let sent = send(&mut stream, &mut body, worker.limits.get().stall_timeout).await;
            match sent {
                Ok(()) | Err(Stopped::Unwanted) => {}
                Err(Stopped::Stalled) => stream.send_reset(Reason::CANCEL),
                // The caller must not take half a body for a whole one.
                Err(Stopped::BrokeOff) => stream.send_reset(Reason::INTERNAL_ERROR),
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::debug!(%error, "an answer could not be sent");
            respond.send_reset(Reason::INTERNAL_ERROR);
        }
    }
}

/// Says what the gateway says of every answer, and nothing of a connection.
fn complete(head: &mut response::Parts, length: Option<u64>, worker: &Worker) {
    strip_hop_by_hop(&mut head.headers);
    if head.status == StatusCode::NO_CONTENT {
        head.headers.remove(CONTENT_LENGTH);
    } else if let Some(length @ 1..) = length {
        head.headers.entry(CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    // Differs in every answer: in the table of known fields it would only drive out others.
    if let Some(id) = head.headers.get_mut(X_REQUEST_ID) {
        id.set_sensitive(true);
    }
    if !head.headers.contains_key(DATE)
        && let Some(date) = worker.date.value()
    {
        head.headers.insert(DATE, date);
    }
}
