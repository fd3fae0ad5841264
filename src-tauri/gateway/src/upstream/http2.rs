//! Calls to targets that speak HTTP/2: finds room on a connection, asks, and asks once more where that is safe.

use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use gatepost_model::UpstreamProtocol;
use http::{HeaderMap, Method, Uri, Version};
use http_body::Body as _;
use tokio::time::{timeout, timeout_at};

use super::body::UpstreamStream;
use super::connect::{Connected, Wanted, connect};
use super::fault::Fault;
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
pub(super) async fn way_to(worker: &Worker, target: &Target) -> Result<Connected, Fault> {
    let limit = target.timeouts.connect;
    match timeout(bounded(limit), worker.sessions.way_to(&target.key)).await {
        Ok(Way::Standing(lease)) => Ok(Connected::Http2(lease)),
        Ok(Way::New(opening)) => connect(target, worker, Wanted::Http2(opening)).await,
        Err(_) => Err(Fault::all_busy(&target.host, limit)),
    }
}

/// Asks, and once more on another connection where the first took the request for nothing.
pub(super) async fn ask_twice(
    worker: &Worker,
    target: &Target,
    lease: Lease,
    request: Request,
    meter: &Rc<Meter>,
) -> Result<Response, Fault> {
    let (fault, request) = match ask_on(worker, target, lease, request, meter).await? {
        Ok(response) => return Ok(response),
        Err(failed) => failed,
    };
    match way_to(worker, target).await? {
        Connected::Http2(lease) => {
            ask_on(worker, target, lease, request, meter).await?.map_err(|(fault, _)| fault)
        }
        Connected::Http1(_) => Err(fault),
    }
}

/// Asks on one connection. The outer fault is final; the inner one comes with the request, where it may be sent again.
async fn ask_on(
    worker: &Worker,
    target: &Target,
    lease: Lease,
    request: Request,
    meter: &Rc<Meter>,
) -> Result<Result<Response, (Fault, Request)>, Fault> {
    let address = lease.address();
    meter.address.set(Some(address));
    meter.reused.set(lease.was_used);
    let was_used = lease.was_used;
    let spare = Spare::of(&request);
    let patience = worker.limits.stall_timeout;
    let answered = match ask(lease, request, target.tls.is_some(), patience) {
        Ok(mut asked) => answer_in_time(asked.answer(), target, address, meter).await?,
        Err(failed) => Err(failed),
    };
    let failed = match answered {
        Ok(response) => {
            let patience = Patience::new(target.timeouts, &worker.deadlines);
            return Ok(Ok(into_response(response, meter, patience)));
        }
        Err(failed) => failed,
    };
    let (fault, spare) = match failed {
        Failed::CallerLeft => return Err(Fault::caller_left()),
        Failed::Stalled => return Err(Fault::takes_nothing(address, patience)),
        Failed::NotProcessed(error) => (Fault::http2(address, &error), spare),
        // A connection that had stood idle was most likely closed at the other end the moment before.
        Failed::BrokeOff(error) => {
            let may_repeat = was_used && error.is_io();
            (Fault::http2(address, &error), spare.filter(|spare| may_repeat && spare.is_idempotent()))
        }
    };
    match spare {
        Some(spare) => Ok(Err((fault, spare.into_request()))),
        None => Err(fault),
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

/// Waits for the head of the answer. The time runs from the last byte sent, so that a long upload is not held
/// against the upstream.
async fn answer_in_time<F: Future>(
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

    /// True when doing it twice does what doing it once does (RFC 9110, 9.2.2).
    fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    fn into_request(self) -> Request {
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request
    }
}
