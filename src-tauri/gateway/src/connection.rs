//! One connection of a caller, whatever protocol it speaks: from accepted to closed.

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
    let caller = Caller { remote, address, local, listener, tls: None, watch: watch.clone() };
    let number = worker.connections.number();
    let standing = Standing { worker: worker.clone(), number };
    let opening = Box::pin(open(worker.clone(), caller, stream));
    let task = tokio::task::spawn_local(contained(standing, remote, watch.clone(), opening));
    worker.connections.insert(number, task.abort_handle(), watch);
}

/// A place among the worker's connections; dropped with the connection, however that ends.
struct Standing {
    worker: Rc<Worker>,
    number: u64,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.worker.connections.remove(self.number);
        self.worker.freed.notify_waiters();
    }
}

/// A policy that panics takes its own call and connection with it, and nothing else.
async fn contained(
    standing: Standing,
    remote: SocketAddr,
    watch: Rc<Watch>,
    opening: Pin<Box<impl Future<Output = Result<Option<Opened>, Broken>>>>,
) {
    let worker = &standing.worker;
    let mut served = pin!(serve(worker, opening));
    let ended = poll_fn(|cx| {
        watch.wake_by(cx.waker());
        match catch_unwind(AssertUnwindSafe(|| served.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    match ended.await {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%remote, %error, "connection broke off"),
        None => {
            worker.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%remote, "a call panicked; its connection is closed");
        }
    }
}

/// Why a connection broke off.
pub(crate) type Broken = Box<dyn std::error::Error>;

/// A connection of which it is known what it speaks.
enum Opened {
    Http1(Rc<Caller>, Rc<http1::Line>),
    Http2(Rc<Caller>, Box<(Transport, BytesMut)>),
}

/// What only the beginning of a connection needs stands in `opening`, and goes with it.
async fn serve(
    worker: &Rc<Worker>,
    opening: Pin<Box<impl Future<Output = Result<Option<Opened>, Broken>>>>,
) -> Result<(), Broken> {
    match opening.await? {
        None => Ok(()),
        Some(Opened::Http1(caller, line)) => http1::serve(worker, &caller, &line).await,
        Some(Opened::Http2(caller, begun)) => {
            let (transport, first) = *begun;
            Box::pin(http2::serve(worker, &caller, transport, first)).await
        }
    }
}

/// Greets over TLS where the listener does, and waits for the first bytes. None where there are none.
async fn open(worker: Rc<Worker>, mut caller: Caller, stream: TcpStream) -> Result<Option<Opened>, Broken> {
    let plan = worker.plan();
    let mut transport = match plan.listeners.get(&caller.listener).map(|listener| &listener.greeting) {
        Some(Greeting::Tls(tls)) => {
            let greeted = greet(&worker, tls, stream, caller.remote, caller.listener).await;
            let Some((transport, facts)) = greeted else { return Ok(None) };
            caller.tls = Some(Arc::new(facts));
            transport
        }
        // The listener was closed since, or its TLS cannot be had: plain HTTP is no way out.
        Some(Greeting::Impossible(_)) => return Ok(None),
        Some(Greeting::Plain) | None => Transport::Plain(stream),
    };
    drop(plan);
    let caller = Rc::new(caller);
    let mut first = BytesMut::new();
    if !poll_fn(|cx| poll_first(&worker, &mut transport, &caller, &mut first, cx)).await? {
        return Ok(None);
    }
    let speaks_http2 = match &caller.tls {
        Some(tls) => tls.speaks_http2,
        None => first.starts_with(HTTP2_PREFACE),
    };
    Ok(Some(if speaks_http2 {
        Opened::Http2(caller, Box::new((transport, first)))
    } else {
        let line = http1::line_of(&worker, &caller, transport, first);
        Opened::Http1(caller, line)
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
