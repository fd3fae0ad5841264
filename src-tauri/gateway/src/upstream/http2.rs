//! Calls to targets that speak HTTP/2: finds room on a connection, asks, and asks once more where that is safe.

use std::rc::Rc;

use gatepost_model::UpstreamProtocol;
use http::{HeaderMap, Method, Uri, Version};
use http_body::Body as _;
use tokio::time::timeout;

use super::body::UpstreamStream;
use super::connect::{Connected, Wanted};
use super::fault::Fault;
use super::room::connect_in_turn;
use super::send::Unanswered;
use super::{Patience, Target, UpstreamBody, bounded};
use crate::headers::strip_hop_by_hop;
use crate::http2::{Answer, Failed, Lease, Way, ask};
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

/// Asks, and once more on another connection where the first took the request for nothing.
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
    let spare = Spare::of(request);
    let has_no_body = spare.is_some();
    let patience = Patience::new(target.timeouts, &worker.deadlines);
    let asked = ask(lease, std::mem::take(request), target.tls.is_some(), meter, &patience).await;
    if let Some(spare) = spare {
        *request = spare.into_request();
    }
    let failed = match asked {
        Ok(response) => return Ok(into_response(response, meter, patience)),
        Err(failed) => failed,
    };
    let is_harmless = has_no_body && request.method().is_idempotent();
    let (fault, may_repeat, was_closed) = match failed {
        Failed::CallerLeft => (Fault::caller_left(), false, false),
        Failed::Overdue => (Fault::overdue(address, target.timeouts, meter), is_harmless, false),
        Failed::TooManyInterims => (Fault::too_many_interims(address), is_harmless, false),
        Failed::NotProcessed(error) => (Fault::http2(address, &error), has_no_body, true),
        // A connection that had stood idle was most likely closed at the other end the moment before.
        Failed::BrokeOff(error) => (Fault::http2(address, &error), is_harmless, was_used && error.is_io()),
    };
    Err(Unanswered { fault, may_repeat, was_closed })
}

fn into_response(response: http::Response<Answer>, meter: &Rc<Meter>, patience: Patience) -> Response {
    let mut response = response.map(|answer| {
        Body::Upstream(UpstreamBody::new(UpstreamStream::Http2(answer), meter.clone(), patience))
    });
    *response.version_mut() = Version::HTTP_11;
    strip_hop_by_hop(response.headers_mut());
    response
}

/// The head of a request that can be sent twice: it has no body.
struct Spare {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Spare {
    fn of(request: &Request) -> Option<Self> {
        request.body().is_end_stream().then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    fn into_request(self) -> Request {
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request
    }
}
