//! Sends one request to its upstream and brings back the head of the answer, the body streaming behind it.

use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use gatepost_model::{Note, Outcome, Phase, TrailStep};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use http_body::Body as _;
use hyper::client::conn::TrySendError;
use tokio::time::timeout_at;

use super::body::UpstreamStream;
use super::connect::{Connected, connect};
use super::fault::{Fault, closed_before_answer};
use super::http2::{ask_twice, is_known_to_speak_http2, way_to};
use super::pool::{Connection, Lease};
use super::{Target, UpstreamBody, bounded};
use crate::headers::{address_to_upstream, strip_hop_by_hop};
use crate::meter::Meter;
use crate::worker::Worker;
use crate::{Body, Context, Reply, Request, Response};

/// Sends `request` on; `caller` is the caller's address as text. Leaves a step in the trail and, where there is no
/// answer, the reason in the context.
pub(crate) async fn send(
    worker: &Worker,
    target: &Target,
    mut request: Request,
    caller: &HeaderValue,
    cx: &mut Context,
    meter: &Rc<Meter>,
) -> Result<Response, Reply> {
    let begun = Instant::now();
    meter.sent_first.set(Some(begun));
    let answer = match prepare(&mut request, target, caller, cx) {
        Ok(()) => exchange(worker, target, request, meter).await,
        Err(fault) => Err(fault),
    };
    let (outcome, note) = match &answer {
        Ok(response) => {
            (Outcome::Passed, Note::new("answered {}").with(u64::from(response.status().as_u16())))
        }
        Err(fault) => (Outcome::Failed, Note::new("{}").with(&*fault.words)),
    };
    cx.trail.push(TrailStep {
        phase: Phase::Upstream,
        policy: "",
        applied: None,
        outcome,
        note,
        duration_ns: u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX),
    });
    answer.map_err(|fault| {
        meter.upstream_ended.set(Some(Instant::now()));
        cx.error = Some(fault.words);
        fault.reply
    })
}

fn prepare(request: &mut Request, target: &Target, caller: &HeaderValue, cx: &Context) -> Result<(), Fault> {
    *request.uri_mut() =
        target.uri_for(request.uri(), cx.base_path_len).ok_or_else(Fault::address_too_long)?;
    *request.version_mut() = Version::HTTP_11;
    if !request.body().is_as_sent() {
        // The length its sender announced was another body's.
        request.headers_mut().remove(CONTENT_LENGTH);
    }
    address_to_upstream(request.headers_mut(), &target.authority, caller, cx.scheme);
    Ok(())
}

async fn exchange(
    worker: &Worker,
    target: &Target,
    request: Request,
    meter: &Rc<Meter>,
) -> Result<Response, Fault> {
    let (connected, request) = if is_known_to_speak_http2(worker, target) {
        (way_to(worker, target).await?, request)
    } else {
        let request = match worker.pool.take(&target.key) {
            Some(connection) => {
                let spare = Spare::of(&request).filter(Spare::is_idempotent);
                meter.reused.set(true);
                match ask(worker, target, connection, request, meter).await? {
                    Ok(response) => return Ok(response),
                    Err((fault, failed)) => again(failed, spare).ok_or(fault)?,
                }
            }
            None => request,
        };
        (connect(target, worker, None).await?, request)
    };
    match connected {
        Connected::Http1(connection) => {
            meter.reused.set(false);
            ask(worker, target, connection, request, meter).await?.map_err(|(fault, _)| fault)
        }
        Connected::Http2(lease) => ask_twice(worker, target, lease, request, meter).await,
    }
}

/// Asks on one connection. The outer fault is final; the inner one comes with what is left of the request.
async fn ask(
    worker: &Worker,
    target: &Target,
    mut connection: Connection,
    request: Request,
    meter: &Rc<Meter>,
) -> Result<Result<Response, (Fault, TrySendError<Request>)>, Fault> {
    let address = connection.address;
    meter.address.set(Some(address));
    let sending = connection.sender.try_send_request(request);
    let response = match answer_in_time(sending, target, address, meter).await? {
        Ok(response) => response,
        Err(failed) => return Ok(Err((Fault::no_answer(address, failed.error()), failed))),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Fault::unasked_upgrade(address));
    }
    let lease = Lease { connection, target: target.key.clone(), pool: worker.pool.clone() };
    let mut response = response.map(|incoming| {
        Body::Upstream(UpstreamBody::new(UpstreamStream::Http1(incoming, Some(lease)), meter.clone()))
    });
    *response.version_mut() = Version::HTTP_11;
    strip_hop_by_hop(response.headers_mut());
    Ok(Ok(response))
}

/// Waits for the head of the answer. The time runs from the last byte sent, so that a long upload is not held
/// against the upstream.
pub(super) async fn answer_in_time<F: Future>(
    sending: F,
    target: &Target,
    address: SocketAddr,
    meter: &Meter,
) -> Result<F::Output, Fault> {
    let limit = target.timeouts.response;
    let mut sending = pin!(sending);
    meter.sent_last.set(Some(Instant::now()));
    loop {
        let deadline = meter.sent_last.get().unwrap_or_else(Instant::now) + bounded(limit);
        if let Ok(answer) = timeout_at(deadline.into(), sending.as_mut()).await {
            return Ok(answer);
        }
        let sent_since = meter.sent_last.get().is_some_and(|sent| sent + bounded(limit) > Instant::now());
        if !sent_since {
            return Err(if meter.caller_owes.get() {
                Fault::caller_stalled(limit)
            } else {
                Fault::no_answer_in(address, limit)
            });
        }
    }
}

/// The head of a request that can be sent twice: it has no body.
pub(super) struct Spare {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Spare {
    pub(super) fn of(request: &Request) -> Option<Self> {
        request.body().is_end_stream().then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    /// True when doing it twice does what doing it once does (RFC 9110, 9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    pub(super) fn into_request(self) -> Request {
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request
    }
}

/// The request to send once more, when the upstream cannot have worked on it or may do so twice. Its connection had
/// stood idle, and was most likely closed at the other end the moment before.
fn again(mut failed: TrySendError<Request>, spare: Option<Spare>) -> Option<Request> {
    if let Some(unsent) = failed.take_message() {
        return Some(unsent);
    }
    spare.filter(|_| closed_before_answer(failed.error())).map(Spare::into_request)
}
