//! Sends one request to its upstream and brings back the head of the answer, the body streaming behind it.

use std::rc::Rc;
use std::time::Instant;

use gatepost_model::{Note, Outcome, Phase, TrailStep, UpstreamProtocol};
use http::header::{CONNECTION, CONTENT_LENGTH, UPGRADE};
use http::{HeaderValue, StatusCode, Version};
use http_body::Body as _;

use super::body::UpstreamStream;
use super::connect::{Connected, Wanted, connect};
use super::fault::Fault;
use super::http2::{ask_twice, is_known_to_speak_http2, way_to};
use super::pool::Lease;
use super::{Backend, Patience, Tail, Target, UpstreamBody, bounded};
use crate::headers::{address_to_upstream, strip_hop_by_hop};
use crate::http1::{Connection, Failure};
use crate::meter::Meter;
use crate::worker::Worker;
use crate::{Body, Context, Reply, Request, Response};

/// Sends `request` on; `caller` is the caller's address as text. Leaves a step in the trail and, where there is no
/// answer, the reason in the context.
pub(crate) async fn send(
    worker: &Worker,
    backend: &Backend,
    tail: &Tail,
    mut request: Request,
    caller: &HeaderValue,
    cx: &mut Context,
    meter: &Rc<Meter>,
) -> Result<Response, Reply> {
    let begun = Instant::now();
    meter.sent_first.set(Some(begun));
    let Some(target) = backend.targets.first() else {
        return Err(Reply::unavailable("This API has no upstream"));
    };
    meter.until.set(target.timeouts.total.map(|total| begun + bounded(total)));
    let answer = match prepare(&mut request, target, tail, caller, cx) {
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

fn prepare(
    request: &mut Request,
    target: &Target,
    tail: &Tail,
    caller: &HeaderValue,
    cx: &Context,
) -> Result<(), Fault> {
    *request.uri_mut() = target.uri_for(request.uri(), tail).ok_or_else(Fault::address_too_long)?;
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
    mut request: Request,
    meter: &Rc<Meter>,
) -> Result<Response, Fault> {
    let changes = meter.upgrade.borrow().is_some() && target.protocol != UpstreamProtocol::Http2;
    let connected = if !changes && is_known_to_speak_http2(worker, target) {
        way_to(worker, target).await?
    } else {
        if let Some(connection) = worker.pool.take(&target.key) {
            meter.reused.set(true);
            match ask(worker, target, connection, &mut request, meter).await {
                Ok(response) => return Ok(response),
                // It had stood idle, and was most likely closed at the other end the moment before.
                Err(Unanswered { may_repeat: true, .. }) => {}
                Err(unanswered) => return Err(unanswered.fault),
            }
        }
        connect(target, worker, if changes { Wanted::Http1 } else { Wanted::Either }).await?
    };
    match connected {
        Connected::Http1(connection) => {
            meter.reused.set(false);
            let answer = ask(worker, target, connection, &mut request, meter).await;
            answer.map_err(|unanswered| unanswered.fault)
        }
        Connected::Http2(lease) => ask_twice(worker, target, lease, request, meter).await,
    }
}

/// A request without an answer.
struct Unanswered {
    fault: Fault,
    /// The connection ended before an answer, and the request is whole and may be sent on another.
    may_repeat: bool,
}

async fn ask(
    worker: &Worker,
    target: &Target,
    mut connection: Box<Connection>,
    request: &mut Request,
    meter: &Rc<Meter>,
) -> Result<Response, Unanswered> {
    let has_no_body = request.body().is_end_stream();
    let patience = Patience::new(target.timeouts, &worker.deadlines);
    meter.address.set(Some(connection.address));
    match connection.ask(request, meter, &patience).await {
        Ok(answer) => Ok(answered(worker, target, connection, answer, meter, patience)),
        Err(failure) => {
            let is_harmless = request.method().is_idempotent() || connection.has_sent_nothing();
            let may_repeat = has_no_body && is_harmless && matches!(failure, Failure::Closed);
            Err(Unanswered { fault: fault_of(failure, target, &connection, meter), may_repeat })
        }
    }
}

fn answered(
    worker: &Worker,
    target: &Target,
    connection: Box<Connection>,
    mut answer: http::Response<()>,
    meter: &Rc<Meter>,
    patience: Patience,
) -> Response {
    let changes = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = if changes { answer.headers_mut().remove(UPGRADE) } else { None };
    strip_hop_by_hop(answer.headers_mut());
    if let Some(protocol) = protocol {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        answer.headers_mut().insert(UPGRADE, protocol);
    }
    let lease = Lease {
        connection,
        target: target.key.clone(),
        pool: worker.pool.clone(),
        keep_for: bounded(target.timeouts.keep_alive),
    };
    answer.map(|()| Body::Upstream(UpstreamBody::new(UpstreamStream::Http1(lease), meter.clone(), patience)))
}

fn fault_of(failure: Failure, target: &Target, connection: &Connection, meter: &Meter) -> Fault {
    match failure {
        Failure::Overdue if meter.caller_owes.get() => Fault::caller_stalled(target.timeouts.idle),
        Failure::Overdue => Fault::no_answer_in(connection.address, target.timeouts.response),
        failure => Fault::no_answer(connection.address, &failure),
    }
}
