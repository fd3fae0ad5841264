//! Calls to targets that speak HTTP/2: finds room on a connection, asks, and asks once more where that is safe.

use std::rc::Rc;

use gatepost_model::UpstreamProtocol;
use http::Version;
use http_body::Body as _;
use tokio::time::timeout;

use super::body::UpstreamStream;
use super::connect::{Connected, Wanted};
use super::fault::Fault;
use super::room::connect_in_turn;
use super::send::Unanswered;
use super::{Patience, Target, UpstreamBody, bounded};
use crate::headers::strip_hop_by_hop;
use crate::http2::{Answer, Failed, Lease, Replay, Way, ask};
use crate::meter::Meter;
use crate::worker::Worker;
use crate::{Body, Request, Response};

/// True where a call need not find out first what the target speaks.
pub(super) fn is_known_to_speak_http2(worker: &Worker, target: &Target) -> bool {
    match target.protocol {
        UpstreamProtocol::Auto => target.tls.is_some() && worker.sessions.know(&target.key),
        UpstreamProtocol::Http1 => false,
        UpstreamProtocol::Http2 => true,
    }
}

/// A place on a connection that stands, or on a new one; which may turn out to speak HTTP/1.1 by now.
pub(super) async fn way_to(worker: &Worker, target: &Target, meter: &Rc<Meter>) -> Result<Connected, Fault> {
    let limit = target.timeouts.connect;
    let finding = worker.sessions.way_to(&target.key, target.keep_for());
    match timeout(bounded(limit), finding).await {
        Ok(Way::Standing(lease)) => Ok(Connected::Http2(lease)),
        Ok(Way::New(opening)) => connect_in_turn(worker, target, Wanted::Http2(opening), meter).await,
        Err(_) => Err(Fault::all_busy(&target.host, limit)),
    }
}

/// Asks, and once more on another connection where the first one was closed before it looked at the request. What was
/// refused on one that stands is for whoever counts tries.
pub(super) async fn ask_twice(
    worker: &Worker,
    target: &Target,
    lease: Lease,
    request: &mut Request,
    meter: &Rc<Meter>,
) -> Result<Response, Unanswered> {
    let unanswered = match ask_on(worker, target, lease, request, meter).await {
        Err(unanswered) if unanswered.was_closed && unanswered.may_repeat => unanswered,
        answered => return answered,
    };
    match way_to(worker, target, meter).await.map_err(Unanswered::unsent)? {
        Connected::Http2(lease) => ask_on(worker, target, lease, request, meter).await,
        Connected::Http1(_) => Err(unanswered),
    }
}

/// Asks on one connection.
async fn ask_on(
    worker: &Worker,
    target: &Target,
    lease: Lease,
    request: &mut Request,
    meter: &Rc<Meter>,
) -> Result<Response, Unanswered> {
    let address = lease.address();
    meter.address.set(Some(address));
    meter.reused.set(lease.was_used);
    let was_used = lease.was_used;
    let (head, body) = std::mem::take(request).into_parts();
    *request = head_again(&head);
    let body = (!body.is_end_stream()).then(|| Replay::new(body));
    let patience = Patience::new(target.timeouts, &worker.deadlines);
    let head = http::Request::from_parts(head, ());
    let asked = ask(lease, head, body.clone(), target.tls.is_some(), meter, &patience).await;
    let failed = match asked {
        Ok(response) => {
            if let Some(body) = &body {
                body.forget();
            }
            return Ok(into_response(response, meter, patience));
        }
        Err(failed) => failed,
    };
    let is_harmless = body.is_none() && request.method().is_idempotent();
    let (fault, may_repeat, was_closed) = match failed {
        Failed::CallerLeft => (Fault::caller_left(), false, false),
        Failed::Overdue => (Fault::overdue(address, target.timeouts, meter), is_harmless, false),
        Failed::TooManyInterims => (Fault::too_many_interims(address), is_harmless, false),
        Failed::NotProcessed(error) => {
            (Fault::http2(address, &error), give_back(body, request), error.is_go_away())
        }
        // A connection that had stood idle was most likely closed at the other end the moment before.
        Failed::BrokeOff(error) => (Fault::http2(address, &error), is_harmless, was_used && error.is_io()),
    };
    Err(Unanswered { fault, may_repeat, was_closed })
}

/// Makes the request whole again; false where more of its body was sent than is kept.
fn give_back(body: Option<Replay>, request: &mut Request) -> bool {
    let Some(body) = body else { return true };
    match body.again() {
        Some(body) => {
            *request.body_mut() = body;
            true
        }
        None => false,
    }
}

fn into_response(response: http::Response<Answer>, meter: &Rc<Meter>, patience: Patience) -> Response {
    let mut response = response.map(|answer| {
        Body::Upstream(UpstreamBody::new(UpstreamStream::Http2(answer), meter.clone(), patience))
    });
    *response.version_mut() = Version::HTTP_11;
    strip_hop_by_hop(response.headers_mut());
    response
}

/// A request with the same head and no body.
fn head_again(head: &http::request::Parts) -> Request {
    let mut request = Request::new(Body::Empty);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.headers_mut() = head.headers.clone();
    request
}
