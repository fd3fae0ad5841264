//! WebSockets over HTTP/2 (RFC 8441): an extended CONNECT becomes an upgrade towards the upstream, and the stream then
//! carries the bytes of the changed connection both ways.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use h2::ext::Protocol;
use h2::{Reason, SendStream};
use http::request::Parts;
use http::{HeaderValue, Method};

use super::body::Incoming;
use crate::http1::Io;
use crate::meter::Meter;
use crate::record::RecordedBody;
use crate::worker::Worker;

const WEBSOCKET: &str = "websocket";

/// Makes an extended CONNECT for a WebSocket the request that asks for one over HTTP/1.1 (RFC 6455, 4.1), and gives the
/// protocol to change to. Leaves every other request as it is.
pub(super) fn as_upgrade(head: &mut Parts) -> Option<HeaderValue> {
    let protocol = head.extensions.remove::<Protocol>()?;
    let mut nonce = [0; 16];
    if protocol.as_str() != WEBSOCKET || getrandom::fill(&mut nonce).is_err() {
        return None;
    }
    head.method = Method::GET;
    let key = HeaderValue::try_from(BASE64_STANDARD.encode(nonce)).ok()?;
    head.headers.insert("sec-websocket-key", key);
    Some(HeaderValue::from_static(WEBSOCKET))
}

/// One direction.
#[derive(Default)]
struct Way {
    bytes: u64,
    has_ended: bool,
}

/// Copies until both ends have closed, one breaks off, nothing was said for too long, or the gateway stops. The call in
/// `body` ends with it.
pub(super) async fn tunnel(
    worker: &Worker,
    meter: &Rc<Meter>,
    mut caller: (Incoming, SendStream<Bytes>),
    mut body: RecordedBody,
) {
    let (mut up, mut down) = (Way::default(), Way::default());
    let mut counted = (0, 0);
    let limit = worker.limits.get().upgraded_idle_timeout;
    meter.deadline.set(Instant::now() + limit, &worker.deadlines);
    let mut farewell = pin!(worker.farewell.heard());
    let ended = poll_fn(|cx| {
        // Nothing else than an upstream's connection can have agreed to change.
        let Some(upstream) = body.upstream_io() else { return Poll::Ready(Ok(())) };
        poll_up(&mut caller.0, upstream, &mut up, cx)?;
        poll_down(upstream, &mut caller.1, &mut down, cx)?;
        body.count(up.bytes - counted.0, down.bytes - counted.1);
        if counted != (up.bytes, down.bytes) {
            counted = (up.bytes, down.bytes);
            meter.deadline.set(Instant::now() + limit, &worker.deadlines);
        }
        if up.has_ended && down.has_ended {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(goodbye) = farewell.as_mut().poll(cx) {
            return Poll::Ready(Err(goodbye));
        }
        meter.deadline.poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    });
    if let Err(error) = ended.await {
        body.broke_off(&error);
        caller.1.send_reset(Reason::CANCEL);
    }
}

/// Moves what the caller sent; its end ends the upstream's half.
fn poll_up(from: &mut Incoming, to: &mut Io, way: &mut Way, cx: &mut Context<'_>) -> io::Result<()> {
    while !way.has_ended {
        if to.poll_flush(cx)?.is_pending() {
            return Ok(());
        }
        match from.poll_frame(cx) {
            Poll::Pending => return Ok(()),
            Poll::Ready(Some(Err(error))) => return Err(io::Error::other(error)),
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                way.bytes += data.len() as u64;
                to.queue(data, b"");
            }
            Poll::Ready(None) => {
                way.has_ended = to.poll_shutdown(cx)?.is_ready();
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Moves what the upstream sent, as far as the caller takes it; its end ends the stream.
fn poll_down(
    from: &mut Io,
    to: &mut SendStream<Bytes>,
    way: &mut Way,
    cx: &mut Context<'_>,
) -> io::Result<()> {
    while !way.has_ended {
        if from.input.is_empty() {
            match from.poll_fill(cx)? {
                Poll::Pending => return Ok(()),
                Poll::Ready(0) => {
                    to.send_data(Bytes::new(), true).map_err(io::Error::other)?;
                    way.has_ended = true;
                    return Ok(());
                }
                Poll::Ready(_) => {}
            }
        }
        to.reserve_capacity(from.input.len());
        if to.capacity() == 0 {
            match to.poll_capacity(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(_) => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let data = from.input.split_to(to.capacity().min(from.input.len())).freeze();
        way.bytes += data.len() as u64;
        to.send_data(data, false).map_err(io::Error::other)?;
    }
    Ok(())
}
