//! One connection of a caller, whatever protocol it speaks: from accepted to closed.

use std::cell::OnceCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::BytesMut;
use http::HeaderValue;
use pin_project_lite::pin_project;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::caller::Caller;
use crate::tls::{Greeting, greet};
use crate::transport::Transport;
use crate::watch::Watch;
use crate::worker::Worker;
use crate::{http1, http2};

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves a connection that `listener` accepted, on this worker, until it ends.
pub(crate) fn adopt(worker: &Rc<Worker>, stream: TcpStream, listener: SocketAddr) {
    // Without a peer it is gone already.
    let Ok(remote) = stream.peer_addr() else { return };
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    let Ok(address) = HeaderValue::try_from(remote.ip().to_string()) else { return };
    let local = stream.local_addr().unwrap_or(listener);
    // Where it fails answers are late, not wrong.
    let _ = stream.set_nodelay(true);
    let watch = Rc::new(Watch::new(Instant::now()));
    let (number, tls) = (worker.connections.number(), OnceCell::new());
    let caller = Caller { worker: worker.clone(), number, remote, address, local, listener, tls, watch };
    let caller = Rc::new(caller);
    let serving = serve(caller.clone(), Box::pin(open(caller.clone(), stream)));
    let task = tokio::task::spawn_local(Contained { standing: Standing(caller.clone()), serving });
    worker.connections.insert(number, task.abort_handle(), caller.watch.clone());
}

/// A place among the worker's connections; dropped with the connection, however that ends.
struct Standing(Rc<Caller>);

impl Drop for Standing {
    fn drop(&mut self) {
        self.0.worker.connections.remove(self.0.number);
        self.0.worker.freed.notify_waiters();
    }
}

pin_project! {
    /// A policy that panics takes its own call and connection with it, and nothing else.
    ///
    /// Written out because an async function holds what it is given twice, and there may be 10,000 of these idle.
    struct Contained<F> {
        standing: Standing,
        #[pin]
        serving: F,
    }
}

impl<F: Future<Output = Result<(), Broken>>> Future for Contained<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let Caller { worker, remote, watch, .. } = &*this.standing.0;
        watch.wake_by(cx.waker());
        match catch_unwind(AssertUnwindSafe(|| this.serving.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => {}
            Ok(Poll::Ready(Err(error))) => tracing::debug!(%remote, %error, "connection broke off"),
            Err(_) => {
                worker.panics.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%remote, "a call panicked; its connection is closed");
            }
        }
        Poll::Ready(())
    }
}

/// Why a connection broke off.
pub(crate) type Broken = Box<dyn std::error::Error>;

/// A connection of which it is known what it speaks.
enum Opened {
    Http1(Rc<http1::Line>),
    Http2(Box<(Transport, BytesMut)>),
}

/// What only the beginning of a connection needs stands in `opening`, and goes with it.
#[expect(clippy::manual_async_fn, reason = "an async function holds what it is given twice")]
fn serve<O>(caller: Rc<Caller>, opening: Pin<Box<O>>) -> impl Future<Output = Result<(), Broken>>
where
    O: Future<Output = Result<Option<Opened>, Broken>>,
{
    async move {
        let line = match opening.await? {
            None => return Ok(()),
            Some(Opened::Http1(line)) => line,
            Some(Opened::Http2(begun)) => {
                let (transport, first) = *begun;
                return Box::pin(http2::serve(&caller.worker, &caller, transport, first)).await;
            }
        };
        http1::serve(&caller, &line).await
    }
}

/// Greets over TLS where the listener does, and waits for the first bytes. None where there are none.
async fn open(caller: Rc<Caller>, stream: TcpStream) -> Result<Option<Opened>, Broken> {
    let worker = &caller.worker;
    let plan = worker.plan();
    let mut transport = match plan.listeners.get(&caller.listener).map(|listener| &listener.greeting) {
        Some(Greeting::Tls(tls)) => {
            let greeted = greet(worker, tls, stream, caller.remote, caller.listener).await;
            let Some((transport, facts)) = greeted else { return Ok(None) };
            // Nothing else sets it.
            let _ = caller.tls.set(Arc::new(facts));
            transport
        }
        // The listener was closed since, or its TLS cannot be had: plain HTTP is no way out.
        Some(Greeting::Impossible(_)) => return Ok(None),
        Some(Greeting::Plain) | None => Transport::Plain(stream),
    };
    drop(plan);
    let mut first = BytesMut::new();
    if !poll_fn(|cx| poll_first(worker, &mut transport, &caller, &mut first, cx)).await? {
        return Ok(None);
    }
    let speaks_http2 = match caller.tls.get() {
        Some(tls) => tls.speaks_http2,
        None => first.starts_with(HTTP2_PREFACE),
    };
    Ok(Some(if speaks_http2 {
        Opened::Http2(Box::new((transport, first)))
    } else {
        Opened::Http1(http1::line_of(worker, &caller, transport, first))
    }))
}

/// Reads until it is certain whether this is HTTP/2; false where the caller closes without a word.
fn poll_first(
    worker: &Worker,
    transport: &mut Transport,
    caller: &Caller,
    first: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<bool>> {
    while first.len() < HTTP2_PREFACE.len() && HTTP2_PREFACE.starts_with(first) {
        ready!(transport.poll_readable(cx))?;
        if first.is_empty() {
            *first = worker.buffers.input();
        }
        match pin!(transport.read_buf(first)).poll(cx)? {
            Poll::Ready(0) => break,
            Poll::Ready(_) => caller.watch.reading(),
            Poll::Pending => {
                // Nobody holds a buffer in which nothing is.
                if first.is_empty() {
                    worker.buffers.take_input(std::mem::take(first));
                }
                return Poll::Pending;
            }
        }
    }
    Poll::Ready(Ok(!first.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function gives, without calling it.
    fn size<A, B, F>(_: impl FnOnce(A, B) -> F) -> usize {
        size_of::<F>()
    }

    /// The allocator gives the next size in steps of a quarter: with what tokio puts around a task (104 bytes), 256.
    #[test]
    fn an_idle_connection_is_a_small_task() {
        type Opening = std::future::Ready<Result<Option<Opened>, Broken>>;
        let contained = size_of::<Standing>() + size(serve::<Opening>);
        assert!(contained <= 152, "{contained}");
    }
}
