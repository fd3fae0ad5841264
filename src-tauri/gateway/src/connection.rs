//! One connection of a caller: HTTP/1.1 over TCP, watched so that it cannot stand for ever.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use http::HeaderValue;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::Limits;
use crate::exchange::answer;
use crate::stream::Stream;
use crate::worker::Worker;

/// Smallest buffer that hyper works with, in bytes.
const MIN_BUFFER: usize = 8 * 1_024;

/// What does not change while a connection stands.
pub(crate) struct Caller {
    /// The caller's socket.
    pub(crate) remote: SocketAddr,
    /// Its address as text, for `X-Forwarded-For`.
    pub(crate) address: HeaderValue,
    /// Our socket.
    pub(crate) local: SocketAddr,
    /// The listener that accepted it.
    pub(crate) listener: SocketAddr,
    /// What it is doing.
    pub(crate) watch: Rc<Watch>,
}

/// What a connection is doing, and since when.
pub(crate) struct Watch {
    doing: Cell<Doing>,
    /// Since when the caller has taken no byte, while there are some for it.
    stalled: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy)]
enum Doing {
    /// No byte of a request has arrived.
    Idle(Instant),
    /// A head is arriving.
    Reading(Instant),
    /// A request is being served.
    Serving,
}

impl Watch {
    /// A head has arrived.
    pub(crate) fn serving(&self) {
        self.doing.set(Doing::Serving);
    }

    /// The answer has been handed over.
    pub(crate) fn idle(&self, now: Instant) {
        self.doing.set(Doing::Idle(now));
    }

    fn stood_too_long(&self, now: Instant, limits: &Limits) -> bool {
        let past = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        self.stalled.get().is_some_and(|since| past(since, limits.stall_timeout))
            || match self.doing.get() {
                Doing::Idle(since) => past(since, limits.idle_timeout),
                Doing::Reading(since) => past(since, limits.head_timeout),
                Doing::Serving => false,
            }
    }
}

/// The connections of one worker.
#[derive(Default)]
pub(crate) struct Connections {
    next: Cell<u64>,
    standing: RefCell<HashMap<u64, (AbortHandle, Rc<Watch>)>>,
}

impl Connections {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.standing.borrow().len()
    }

    /// True when there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.standing.borrow().is_empty()
    }

    /// Lets every connection look at whether the worker is draining.
    pub(crate) fn wake_all(&self) {
        for (_, watch) in self.standing.borrow().values() {
            if let Some(waker) = &*watch.waker.borrow() {
                waker.wake_by_ref();
            }
        }
    }

    /// Closes those on which nothing runs.
    pub(crate) fn close_idle(&self) {
        for (abort, watch) in self.standing.borrow().values() {
            if let Doing::Idle(_) = watch.doing.get() {
                abort.abort();
            }
        }
    }

    /// Closes those that stood too long.
    pub(crate) fn sweep(&self, now: Instant, limits: &Limits) {
        for (abort, watch) in self.standing.borrow().values() {
            if watch.stood_too_long(now, limits) {
                abort.abort();
            }
        }
    }
}

/// Serves a connection that `listener` accepted, on this worker, until it ends.
pub(crate) fn adopt(worker: &Rc<Worker>, stream: TcpStream, listener: SocketAddr) {
    // Without a peer it is gone already.
    let Ok(remote) = stream.peer_addr() else { return };
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    let Ok(address) = HeaderValue::try_from(remote.ip().to_string()) else { return };
    let local = stream.local_addr().unwrap_or(listener);
    // Where it fails answers are late, not wrong.
    let _ = stream.set_nodelay(true);
    let watch = Rc::new(Watch {
        doing: Cell::new(Doing::Idle(Instant::now())),
        stalled: Cell::new(None),
        waker: RefCell::new(None),
    });
    let caller = Caller { remote, address, local, listener, watch: watch.clone() };
    let number = worker.connections.next.get();
    worker.connections.next.set(number + 1);
    let standing = Standing { worker: worker.clone(), number };
    let task = tokio::task::spawn_local(serve(standing, caller, stream));
    worker.connections.standing.borrow_mut().insert(number, (task.abort_handle(), watch));
}

/// A place among the worker's connections; dropped with the connection, however that ends.
struct Standing {
    worker: Rc<Worker>,
    number: u64,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.worker.connections.standing.borrow_mut().remove(&self.number);
        self.worker.freed.notify_waiters();
    }
}

async fn serve(standing: Standing, caller: Caller, stream: TcpStream) {
    let worker = &standing.worker;
    let watch = caller.watch.clone();
    let io = Watched { stream: Stream::new(stream, &worker.joiner), watch: watch.clone() };
    let caller = &caller;
    let service =
        service_fn(move |request| async move { Ok::<_, Infallible>(answer(worker, caller, request).await) });
    let connection = http1::Builder::new()
        .max_header_size(worker.limits.max_head_bytes)
        .max_buf_size(worker.limits.max_head_bytes.max(MIN_BUFFER))
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut told_to_end = false;
    let ended = poll_fn(|cx| {
        watch.waker.borrow_mut().get_or_insert_with(|| cx.waker().clone());
        if worker.draining.get() && !told_to_end {
            told_to_end = true;
            connection.as_mut().graceful_shutdown();
        }
        // A policy that panics takes its own call and connection with it, and nothing else.
        match catch_unwind(AssertUnwindSafe(|| connection.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    match ended.await {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(remote = %caller.remote, %error, "connection broke off"),
        None => {
            worker.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(remote = %caller.remote, "a call panicked; its connection is closed");
        }
    }
}

/// A caller's stream that notes when heads begin to arrive and when answers stop being taken.
struct Watched {
    stream: Stream,
    watch: Rc<Watch>,
}

impl Watched {
    fn noting_stalls<T>(&self, polled: Poll<T>) -> Poll<T> {
        match polled {
            Poll::Ready(_) if self.watch.stalled.get().is_some() => self.watch.stalled.set(None),
            Poll::Pending if self.watch.stalled.get().is_none() => {
                self.watch.stalled.set(Some(Instant::now()));
            }
            _ => {}
        }
        polled
    }
}

impl Read for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready()
            && let Doing::Idle(_) = self.watch.doing.get()
        {
            self.watch.doing.set(Doing::Reading(Instant::now()));
        }
        polled
    }
}

impl Write for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noting_stalls(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.noting_stalls(polled)
    }
}
