//! Sends one request to one target and brings back the head of the answer, the body streaming behind it.

use std::rc::Rc;

use gatepost_model::UpstreamProtocol;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, StatusCode};
use http_body::Body as _;

use super::body::UpstreamStream;
use super::connect::{Connected, Wanted};
use super::fault::Fault;
use super::http2::{ask_twice, is_known_to_speak_http2, way_to};
use super::pool::Lease;
use super::room::connect_in_turn;
use super::{Patience, Target, UpstreamBody};
use crate::headers::strip_hop_by_hop;
use crate::http1::{Connection, Failure};
use crate::meter::Meter;
use crate::worker::Worker;
use crate::{Body, Request, Response};

/// A request without an answer.
pub(super) struct Unanswered {
    pub(super) fault: Fault,
    /// The request is whole, and may be sent again: nothing of it was sent, the upstream said that it did not look at it
    /// (RFC 9113, 8.7), or it has no body and doing it twice does what doing it once does (RFC 9110, 9.2.2).
    pub(super) may_repeat: bool,
    /// The connection ended before a byte of an answer: if it had stood idle, it was most likely closed at the other
    /// end the moment before.
    pub(super) was_closed: bool,
}

impl Unanswered {
    /// Nothing was sent.
    pub(super) fn unsent(fault: Fault) -> Self {
        Self { fault, may_repeat: true, was_closed: false }
    }
}

/// Sends `request` to this target. The request stays as it is, but for its body, which is taken once it is sent.
pub(super) async fn exchange(
    worker: &Worker,
    target: &Target,
    request: &mut Request,
    meter: &Rc<Meter>,
) -> Result<Response, Unanswered> {
    let changes = meter.upgrade.borrow().is_some() && target.protocol != UpstreamProtocol::Http2;
    let connected = if !changes && is_known_to_speak_http2(worker, target) {
        // What seldom runs takes its room when it does: a call's state is moved and touched as a whole.
        Box::pin(way_to(worker, target, meter)).await.map_err(Unanswered::unsent)?
    } else {
        if let Some(connection) = worker.pool.take(&target.key) {
            meter.reused.set(true);
            match ask(worker, target, connection, request, meter).await {
                Err(Unanswered { may_repeat: true, was_closed: true, .. }) => {}
                answered => return answered,
            }
        }
        meter.reused.set(false);
        let wanted = if changes { Wanted::Http1 } else { Wanted::Either };
        Box::pin(connect_in_turn(worker, target, wanted, meter)).await.map_err(Unanswered::unsent)?
    };
    match connected {
        Connected::Http1(connection) => ask(worker, target, connection, request, meter).await,
        Connected::Http2(lease) => Box::pin(ask_twice(worker, target, lease, request, meter)).await,
    }
}

/// Asks on one connection.
pub(super) async fn ask(
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
            let was_closed = matches!(failure, Failure::Closed);
            let fault = fault_of(failure, target, &connection, meter);
            Err(Unanswered { fault, may_repeat: has_no_body && is_harmless, was_closed })
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
        keep_for: target.keep_for(),
    };
    answer.map(|()| Body::Upstream(UpstreamBody::new(UpstreamStream::Http1(lease), meter.clone(), patience)))
}

fn fault_of(failure: Failure, target: &Target, connection: &Connection, meter: &Meter) -> Fault {
    match failure {
        Failure::Overdue => Fault::overdue(connection.address, target.timeouts, meter),
        failure => Fault::no_answer(connection.address, &failure),
    }
}
