//! One call from arrival to the last byte of its answer. Dropping it records it, so that every call is recorded
//! exactly once, however it ends.

use std::borrow::Cow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Poll};
use std::time::Instant;

use bytes::Bytes;
use gatepost_model::{CallDetail, CallFacts, HeaderBlock, RecordedCall};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use http_body::{Frame, SizeHint};

use crate::caller::Caller;
use crate::clock::micros;
use crate::form;
use crate::http1::{Glimpse, Io};
use crate::meter::Meter;
use crate::record_mask::RecordMasks;
use crate::redact::redact_query;
use crate::request_id;
use crate::watch::Watch;
use crate::worker::Worker;
use crate::{Body, BodyError, Context, Response};

/// The answer's status while there is none: the caller left (nginx's number for it).
const CALLER_LEFT: u16 = 499;

/// Longest body of an answer of the gateway's own that is kept with the call, in bytes.
const MAX_KEPT_BODY: usize = 4_096;

const HTTP_2: &str = "HTTP/2";

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A call under way.
pub(crate) struct Call {
    worker: Rc<Worker>,
    /// What its connection is doing.
    watch: Rc<Watch>,
    /// What is recorded of it; none while the operator wants no calls recorded.
    recorded: Option<RecordedCall>,
    status: u16,
    response_bytes: u64,
    /// When its head had arrived, epoch microseconds.
    pub(crate) at_us: i64,
    /// The same moment on the clock that measures.
    pub(crate) arrived: Instant,
    /// `x-request-id`.
    pub(crate) request_id: HeaderValue,
    /// The facts that policies see; none while no API was found.
    pub(crate) cx: Option<Context>,
    /// What its bodies report.
    pub(crate) meter: Rc<Meter>,
}

impl Call {
    /// Captures a request as it arrived.
    pub(crate) fn begin<B>(
        worker: &Rc<Worker>,
        plan: u64,
        caller: &Caller,
        request: &http::Request<B>,
        meter: &Rc<Meter>,
    ) -> Box<Self> {
        let arrived = Instant::now();
        let at_us = worker.wall.at(arrived);
        let is_wanted = worker.sink.wants_calls();
        Box::new(Self {
            worker: worker.clone(),
            watch: caller.watch.clone(),
            recorded: is_wanted.then(|| {
                let mut recorded = worker.records.take();
                (recorded.0.at_us, recorded.0.plan) = (at_us, plan);
                note_request(&mut recorded.1, caller, request);
                recorded
            }),
            status: CALLER_LEFT,
            response_bytes: 0,
            at_us,
            arrived,
            request_id: worker.request_ids.of(request.headers()),
            cx: None,
            meter: meter.clone(),
        })
    }

    /// Captures what is known of bytes that are no request which may go on.
    pub(crate) fn refused(
        worker: &Rc<Worker>,
        plan: u64,
        caller: &Caller,
        meter: &Rc<Meter>,
        glimpse: &Glimpse,
    ) -> Box<Self> {
        let mut call = Self::begin(worker, plan, caller, &http::Request::new(()), meter);
        if let Some((_, detail)) = call.recorded.as_deref_mut() {
            detail.method = String::from_utf8_lossy(&glimpse.method).into_owned().into();
            detail.target.clear();
            detail.target.push_str(&redact_query(&String::from_utf8_lossy(&glimpse.target)));
            detail.error = Some(glimpse.refused.reason.into());
        }
        call
    }

    /// Ends the call without an answer of its own; `status` is the one that comes closest, `why` is for the operator.
    pub(crate) fn end_with(mut self: Box<Self>, status: StatusCode, why: &str) {
        self.status = status.as_u16();
        if let Some((_, detail)) = self.recorded.as_deref_mut() {
            detail.error = Some(why.into());
        }
    }

    /// Takes the answer: from here on the call ends with its body. Its status is the one that was decided, in whatever
    /// form the caller is told; `request` are the headers of the request.
    pub(crate) fn answer_with(
        mut self: Box<Self>,
        mut response: Response,
        request: &HeaderMap,
    ) -> http::Response<RecordedBody> {
        self.status = response.status().as_u16();
        form::fit(&mut response, request);
        if let Some((_, detail)) = self.recorded.as_deref_mut() {
            capture(response.headers(), &mut detail.response_headers);
            if detail.http_version == HTTP_2 {
                // An answer that is an error and nothing else has it here instead of in its trailers.
                detail.grpc_status = grpc_status_of(response.headers());
            }
            let body = response.body().as_full().filter(|body| body.len() <= MAX_KEPT_BODY);
            detail.response_body = body.map(|body| String::from_utf8_lossy(body).into());
        }
        response.map(|body| RecordedBody { body, call: self })
    }

    /// Notes what follows the body.
    fn note_trailers(&mut self, trailers: &HeaderMap) {
        if let Some((_, detail)) = self.recorded.as_deref_mut() {
            capture(trailers, &mut detail.response_trailers);
            detail.grpc_status = grpc_status_of(trailers).or(detail.grpc_status);
        }
    }

    /// Notes what is known only at the end.
    fn close(&mut self, facts: &mut CallFacts, detail: &mut CallDetail, now: Instant) {
        facts.status = self.status;
        detail.request_id.push_str(request_id::text(&self.request_id));
        detail.upstream_address = self.meter.address.get();
        detail.connection_reused = self.meter.reused.get();
        let mut error = detail.error.take().or_else(|| self.meter.broke_off.take());
        if let Some(cx) = &mut self.cx {
            facts.api = Some(cx.api);
            cx.settle();
            facts.client = cx.identity.client_app;
            facts.refused_by = cx.refused_by;
            facts.would_refuse_by = cx.would_refuse_by;
            detail.trail.append(&mut cx.trail);
            if let Some(masks) = cx.kept.remove::<RecordMasks>() {
                masks.hide_in(detail);
            }
            error = error.or_else(|| cx.error.take());
        }
        error = error.or_else(|| self.watch.closed_because().map(Into::into));
        if std::thread::panicking() && facts.status == CALLER_LEFT {
            facts.status = 500;
            error = Some("The gateway failed on this call; its log says where".into());
        }
        detail.error = error;
        facts.duration_us = micros(now - self.arrived);
        facts.request_bytes = self.meter.request_bytes.get();
        facts.response_bytes = self.response_bytes;
        facts.upstream_us = self.meter.sent_first.get().map(|sent| {
            micros(self.meter.upstream_ended.get().unwrap_or(now).saturating_duration_since(sent))
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let now = Instant::now();
        if let Some(mut recorded) = self.recorded.take() {
            let (facts, detail) = &mut *recorded;
            self.close(facts, detail, now);
            self.worker.sink.record(self.worker.number, facts, detail);
            self.worker.records.keep(recorded);
        }
        self.watch.served(now);
    }
}

fn note_request<B>(detail: &mut CallDetail, caller: &Caller, request: &http::Request<B>) {
    let headers = request.headers();
    let uri = request.uri();
    let target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
    detail.method = name_of(request.method());
    detail.target.push_str(&redact_query(target));
    match uri.authority() {
        Some(authority) => detail.host.push_str(authority.as_str()),
        None => {
            let host = headers.get(http::header::HOST).map(HeaderValue::as_bytes);
            detail.host.push_str(&String::from_utf8_lossy(host.unwrap_or_default()));
        }
    }
    detail.remote = caller.remote;
    detail.scheme = caller.scheme();
    detail.http_version = name_of_version(request.version());
    capture(headers, &mut detail.request_headers);
}

/// The body of an answer with its call. When it goes, the call is over.
pub(crate) struct RecordedBody {
    // Goes first, so that the upstream's part has ended when the call is recorded.
    body: Body,
    call: Box<Call>,
}

impl RecordedBody {
    /// The bytes of the upstream's connection, where that has changed its protocol.
    pub(crate) fn upstream_io(&mut self) -> Option<&mut Io> {
        match self.body.innermost_mut() {
            Body::Upstream(body) => body.changed_io(),
            _ => None,
        }
    }

    /// Counts what passed, up and down, over a connection that has changed its protocol.
    pub(crate) fn count(&mut self, up: u64, down: u64) {
        let meter = &self.call.meter;
        meter.request_bytes.set(meter.request_bytes.get() + up);
        self.call.response_bytes += down;
    }

    /// Notes why a connection that had changed its protocol broke off.
    pub(crate) fn broke_off(&self, error: &std::io::Error) {
        let words = match error.kind() {
            std::io::ErrorKind::TimedOut => {
                "nothing was said over the changed connection for too long".into()
            }
            _ => format!("the changed connection broke off: {error}").into(),
        };
        self.call.meter.broke_off.replace(Some(words));
    }
}

impl http_body::Body for RecordedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            match (frame.data_ref(), frame.trailers_ref()) {
                (Some(data), _) => self.call.response_bytes += data.len() as u64,
                (None, Some(trailers)) => self.call.note_trailers(trailers),
                (None, None) => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn capture(headers: &HeaderMap, block: &mut HeaderBlock) {
    block.refill(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
}

/// See "Responses" in gRPC over HTTP2.
fn grpc_status_of(headers: &HeaderMap) -> Option<u32> {
    headers.get(GRPC_STATUS)?.to_str().ok()?.parse().ok()
}

fn name_of_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => HTTP_2,
        _ => "HTTP/1.1",
    }
}

fn name_of(method: &Method) -> Cow<'static, str> {
    const KNOWN: [&str; 9] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"];
    match KNOWN.iter().find(|known| **known == method.as_str()) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(method.as_str().to_owned()),
    }
}
