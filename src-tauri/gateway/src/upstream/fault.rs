//! Why a call to an upstream failed, in words for the operator, and what the caller is told, which is less.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use gatepost_model::{Millis, Timeouts};

use crate::Reply;
use crate::http1::Failure;
use crate::meter::Meter;

/// A call that got no answer from its upstream.
pub(super) struct Fault {
    /// For the operator.
    pub(super) words: Box<str>,
    /// For the caller.
    pub(super) reply: Reply,
    /// Whether it counts against the target.
    pub(super) is_targets: bool,
}

impl Fault {
    fn bad_gateway(words: String) -> Self {
        Self { words: words.into(), reply: Reply::bad_gateway(), is_targets: true }
    }

    fn timed_out(words: String) -> Self {
        Self { words: words.into(), reply: Reply::timed_out(), is_targets: true }
    }

    fn ours(words: impl Into<Box<str>>, reply: Reply) -> Self {
        Self { words: words.into(), reply, is_targets: false }
    }

    pub(super) fn unknown_name(host: &str, error: &io::Error) -> Self {
        Self::bad_gateway(format!("{host} has no address ({error}): is the name right?"))
    }

    pub(super) fn unreachable(address: SocketAddr, error: &io::Error) -> Self {
        Self::bad_gateway(match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!("{address} refused the connection: is the backend running?")
            }
            _ => format!("{address} cannot be reached: {error}"),
        })
    }

    pub(super) fn no_connection_in(host: &str, port: u16, limit: Millis) -> Self {
        Self::timed_out(format!("{host}:{port} did not take the connection within {} ms", limit.0))
    }

    pub(super) fn tls(host: &str, error: &str) -> Self {
        Self::bad_gateway(format!("TLS with {host} failed: {error}"))
    }

    pub(super) fn no_answer_in(address: SocketAddr, limit: Millis) -> Self {
        Self::timed_out(format!("{address} took the request and sent no answer within {} ms", limit.0))
    }

    pub(super) fn call_too_long(limit: Millis) -> Self {
        Self::timed_out(format!("no answer began within the {} ms that the whole call may take", limit.0))
    }

    pub(super) fn caller_stalled(limit: Millis) -> Self {
        let words = format!("the caller stopped sending its body for {} ms", limit.0);
        Self::ours(words, Reply::request_timed_out())
    }

    pub(super) fn address_too_long() -> Self {
        let reply = Reply::bad_request("The path is too long");
        Self::ours("the path for the upstream is longer than a URI may be", reply)
    }

    pub(super) fn unasked_upgrade(address: SocketAddr) -> Self {
        Self::bad_gateway(format!("{address} changed the protocol without being asked"))
    }

    pub(super) fn caller_left() -> Self {
        Self::ours("the caller's body broke off", Reply::bad_gateway())
    }

    pub(super) fn overdue(address: SocketAddr, timeouts: Timeouts, meter: &Meter) -> Self {
        if meter.caller_owes.get() {
            Self::caller_stalled(timeouts.idle)
        } else {
            Self::no_answer_in(address, timeouts.response)
        }
    }

    pub(super) fn too_many_interims(address: SocketAddr) -> Self {
        Self::bad_gateway(format!("{address} sent too many interim answers"))
    }

    pub(super) fn all_busy(host: &str, limit: Millis) -> Self {
        let words = format!("no connection to {host} had room for another call within {} ms", limit.0);
        Self::ours(words, Reply::unavailable("The upstream is busy"))
    }

    pub(super) fn too_many_wait(most: u32) -> Self {
        let words = format!("{most} calls wait for a connection already, which is the most that may");
        Self::ours(words, Reply::unavailable("The upstream is busy"))
    }

    pub(super) fn no_room(most: u32, limit: Millis) -> Self {
        let words =
            format!("none of its {most} connections, the most it may have, came free in {} ms", limit.0);
        Self::ours(words, Reply::unavailable("The upstream is busy"))
    }

    pub(super) fn no_http2(address: SocketAddr, error: &dyn Error) -> Self {
        Self::bad_gateway(format!("{address} did not greet over HTTP/2: {error}"))
    }

    pub(super) fn http2(address: SocketAddr, error: &h2::Error) -> Self {
        Self::bad_gateway(if error.is_io() {
            format!("{address} closed the connection without an answer")
        } else {
            format!("{address} did not answer: {error}")
        })
    }

    pub(super) fn no_answer(address: SocketAddr, failure: &Failure) -> Self {
        match failure {
            Failure::Body(error) => {
                let words = format!("the caller's body broke off: {error}");
                Self::ours(words, Reply::bad_request("The request's body broke off"))
            }
            Failure::UnaskedUpgrade => Self::unasked_upgrade(address),
            Failure::Closed => {
                Self::bad_gateway(format!("{address} closed the connection without an answer"))
            }
            Failure::Broke(error) => Self::bad_gateway(format!("{address} did not answer: {error}")),
            Failure::NotHttp(words) => {
                Self::bad_gateway(format!("{address} answered with something that is not HTTP: {words}"))
            }
            Failure::BodyLength => {
                Self::ours("the request's body is not as long as announced", Reply::bad_gateway())
            }
            Failure::Overdue => Self::timed_out(format!("{address} sent no answer in time")),
        }
    }
}

/// For the operator: the head came, the body did not.
pub(super) fn broke_off(address: SocketAddr, failure: &Failure) -> Box<str> {
    match failure {
        Failure::NotHttp(words) => format!("{address} broke off in the middle of its answer: {words}"),
        Failure::Overdue => format!("{address} stopped in the middle of its answer for too long"),
        _ => format!("{address} broke off in the middle of its answer"),
    }
    .into()
}
