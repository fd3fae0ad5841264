//! The pieces of memory in which one worker's calls are recorded, used for one call after the other.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};

use gatepost_model::{CallDetail, CallFacts, HeaderBlock, RecordedCall};
use smallvec::SmallVec;

/// Most pieces kept for later calls: as many calls as often run at once.
const MOST_KEPT: usize = 64;

/// A piece in which any text has grown beyond this many bytes is let go.
const LARGEST_KEPT: usize = 8 * 1_024;

/// Pieces that no call uses at the moment.
#[derive(Default)]
pub(crate) struct Records(RefCell<Vec<RecordedCall>>);

impl Records {
    /// A piece in which nothing is said.
    pub(crate) fn take(&self) -> RecordedCall {
        self.0.borrow_mut().pop().unwrap_or_else(|| Box::new((nothing_counted(), nothing_known())))
    }

    /// Takes a piece back, whatever is in it.
    pub(crate) fn keep(&self, mut record: RecordedCall) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < MOST_KEPT && is_small(&record.1) {
            record.0 = nothing_counted();
            forget(&mut record.1);
            kept.push(record);
        }
    }
}

fn is_small(detail: &CallDetail) -> bool {
    let CallDetail { request_id, target, host, request_headers, response_headers, response_trailers, .. } =
        detail;
    let texts = [request_id.capacity(), target.capacity(), host.capacity()];
    let headers = [request_headers, response_headers, response_trailers].map(HeaderBlock::capacity);
    texts.into_iter().chain(headers).all(|capacity| capacity <= LARGEST_KEPT)
}

fn forget(detail: &mut CallDetail) {
    detail.request_id.clear();
    detail.method = Cow::Borrowed("");
    detail.target.clear();
    detail.host.clear();
    detail.request_headers.clear();
    detail.response_headers.clear();
    detail.response_trailers.clear();
    detail.grpc_status = None;
    detail.response_body = None;
    detail.error = None;
    detail.upstream_address = None;
    detail.connection_reused = false;
    detail.trail.clear();
}

fn nothing_counted() -> CallFacts {
    CallFacts {
        at_us: 0,
        plan: 0,
        api: None,
        client: None,
        status: 0,
        refused_by: None,
        would_refuse_by: None,
        duration_us: 0,
        upstream_us: None,
        request_bytes: 0,
        response_bytes: 0,
    }
}

fn nothing_known() -> CallDetail {
    CallDetail {
        request_id: String::new(),
        method: Cow::Borrowed(""),
        target: String::new(),
        host: String::new(),
        remote: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        scheme: "",
        http_version: "",
        request_headers: HeaderBlock::default(),
        response_headers: HeaderBlock::default(),
        response_trailers: HeaderBlock::default(),
        grpc_status: None,
        response_body: None,
        error: None,
        upstream_address: None,
        connection_reused: false,
        trail: SmallVec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_is_used_again_says_nothing_of_the_call_before() {
        let records = Records::default();
        let mut record = records.take();
        record.0.status = 200;
        record.1.target.push_str("/secret");
        record.1.request_headers.refill([("host", &b"a"[..])].into_iter());
        record.1.error = Some("broke off".into());
        records.keep(record);
        let again = records.take();
        assert!(again.1.target.capacity() > 0, "it is the same piece");
        assert_eq!(format!("{again:?}"), format!("{:?}", (nothing_counted(), nothing_known())));
    }

    #[test]
    fn what_has_grown_is_not_kept() {
        let records = Records::default();
        let mut record = records.take();
        record.1.target = "x".repeat(LARGEST_KEPT + 1);
        records.keep(record);
        assert_eq!(records.take().1.target.capacity(), 0);
    }
}
