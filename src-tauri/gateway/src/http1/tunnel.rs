//! Both directions of a connection that changed to another protocol, byte for byte, until both have ended.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::io::Io;
use super::line::Line;
use crate::record::RecordedBody;
use crate::worker::Worker;

/// One direction.
#[derive(Default)]
struct Way {
    bytes: u64,
    has_ended: bool,
}

/// Copies until both ends have closed, one breaks off, nothing was said for too long, or the gateway stops. The call in
/// `body` ends with it.
pub(crate) async fn tunnel(worker: &Worker, line: &Line, mut body: RecordedBody) -> io::Result<()> {
    let (mut up, mut down) = (Way::default(), Way::default());
    let mut counted = (0, 0);
    let limit = worker.limits.get().upgraded_idle_timeout;
    line.deadline.set(Instant::now() + limit, &worker.deadlines);
    let mut farewell = pin!(worker.farewell.heard());
    let ended = poll_fn(|cx| {
        // Nothing else than an upstream's connection can have agreed to change.
        let Some(upstream) = body.upstream_io() else { return Poll::Ready(Ok(())) };
        let mut caller = line.io();
        poll_way(&mut caller, upstream, &mut up, cx)?;
        poll_way(upstream, &mut caller, &mut down, cx)?;
        body.count(up.bytes - counted.0, down.bytes - counted.1);
        if counted != (up.bytes, down.bytes) {
            counted = (up.bytes, down.bytes);
            line.deadline.set(Instant::now() + limit, &worker.deadlines);
        }
        if up.has_ended && down.has_ended {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(goodbye) = farewell.as_mut().poll(cx) {
            return Poll::Ready(Err(goodbye));
        }
        line.deadline.poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    });
    let ended = ended.await;
    if let Err(error) = &ended {
        body.broke_off(error);
    }
    ended
}

/// Moves what there is from one end to the other, which is told when the first one ends.
fn poll_way(from: &mut Io, to: &mut Io, way: &mut Way, cx: &mut Context<'_>) -> io::Result<()> {
    while !way.has_ended {
        if to.poll_flush(cx)?.is_pending() {
            return Ok(());
        }
        if from.input.is_empty() {
            match from.poll_fill(cx)? {
                Poll::Pending => return Ok(()),
                Poll::Ready(0) => {
                    way.has_ended = to.poll_shutdown(cx)?.is_ready();
                    return Ok(());
                }
                Poll::Ready(_) => {}
            }
        }
        let data = from.input.split().freeze();
        way.bytes += data.len() as u64;
        to.queue(data, b"");
    }
    Ok(())
}
