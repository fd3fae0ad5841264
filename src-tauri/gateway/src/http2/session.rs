//! One connection to an upstream that speaks HTTP/2: shared by as many calls as it takes.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use h2::Ping;
use h2::client::{Builder, SendRequest};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::pings::Pings;
use super::sessions::Opening;
use super::wire::Wire;
use super::{MAX_ERRORS, MAX_REMEMBERED_RESETS, MAX_STREAMS, SEND_BUFFER, STREAM_WINDOW};
use crate::connection::Broken;
use crate::transport::Transport;
use crate::upstream::Open;

/// Bytes of all answers of a connection that may wait for callers: room for 64 callers who take nothing, before one of
/// them holds up the others.
const CONNECTION_WINDOW: u32 = 64 * STREAM_WINDOW;

/// Bytes of an answer's head.
const MAX_HEAD: u32 = 64 * 1_024;

/// A connection.
pub(crate) struct Session {
    sender: SendRequest<Bytes>,
    address: SocketAddr,
    under_way: Rc<Cell<usize>>,
    /// Until when it is kept while nothing runs on it.
    until: Cell<Instant>,
    has_served: Cell<bool>,
    driver: AbortHandle,
    /// Told whenever a stream is over.
    freed: Rc<Notify>,
    /// Counts it while it stands.
    open: Open,
}

impl Session {
    /// Greets the upstream over `transport`, and waits until it has said how much it takes at once: its settings come
    /// before its answer to a ping.
    pub(crate) async fn open(
        transport: Transport,
        address: SocketAddr,
        opening: &Opening,
        open: Open,
    ) -> Result<Self, Broken> {
        let wire = Wire::new(transport, BytesMut::new(), None);
        let mut greeting = pin!(settings().handshake::<_, Bytes>(wire.clone()));
        let (sender, mut connection) = poll_fn(|cx| greeting.as_mut().poll(cx)).await?;
        let mut ping_pong = connection.ping_pong().ok_or("its pings are taken")?;
        ping_pong.send_ping(Ping::opaque())?;
        let mut first_turn = |cx: &mut Context<'_>| match Pin::new(&mut connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(ended.map_err(Broken::from).and(Err("it closed".into()))),
            Poll::Pending => ping_pong.poll_pong(cx).map_err(Broken::from),
        };
        poll_fn(|cx| wire.turn(cx, &mut first_turn)).await?;
        let mut pings = Pings::new(ping_pong);
        let under_way = Rc::new(Cell::new(0));
        let streams = under_way.clone();
        let driver = tokio::task::spawn_local(async move {
            let mut turn = |cx: &mut Context<'_>| {
                if pings.poll_silence(cx, || streams.get() > 0).is_ready() {
                    return Poll::Ready(Err(Broken::from("it answers no ping")));
                }
                Pin::new(&mut connection).poll(cx).map_err(Broken::from)
            };
            if let Err(error) = poll_fn(|cx| wire.turn(cx, &mut turn)).await {
                tracing::debug!(%address, %error, "upstream connection ended");
            }
        });
        Ok(Self {
            sender,
            address,
            under_way,
            until: Cell::new(Instant::now()),
            has_served: Cell::new(false),
            driver: driver.abort_handle(),
            freed: opening.freed(),
            open,
        })
    }

    /// True once it takes no further request: it broke off, or its other side said that it is going away.
    pub(super) fn has_ended(&self) -> bool {
        let polled = self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
        matches!(polled, Poll::Ready(Err(_)))
    }

    /// Whether one more call is within what the other side takes at once.
    pub(super) fn has_room(&self) -> bool {
        self.under_way.get() < self.sender.current_max_send_streams().min(MAX_STREAMS as usize)
    }

    /// True when nothing runs on it, and has not for as long as its last call's upstream keeps a connection.
    pub(super) fn is_not_needed(&self, now: Instant) -> bool {
        self.under_way.get() == 0 && now >= self.until.get()
    }

    /// True while its target's name leads to it.
    pub(super) fn is_current(&self) -> bool {
        self.open.is_current(self.address.ip())
    }

    /// True when nothing runs on it and a call waits for its place under a ceiling.
    pub(super) fn is_in_the_way(&self) -> bool {
        self.under_way.get() == 0 && self.open.is_waited_for()
    }

    /// A place on it for one call, after which it is kept for this long.
    pub(super) fn lease(self: &Rc<Self>, keep_for: Duration) -> Lease {
        self.under_way.set(self.under_way.get() + 1);
        Lease { session: self.clone(), keep_for, was_used: self.has_served.replace(true) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn settings() -> Builder {
    let mut settings = Builder::new();
    settings
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(MAX_HEAD)
        .max_concurrent_reset_streams(MAX_REMEMBERED_RESETS)
        .max_local_error_reset_streams(Some(MAX_ERRORS));
    settings
}

/// One call's place on a session. Given back when it goes.
pub(crate) struct Lease {
    session: Rc<Session>,
    /// How long the connection is kept when nothing runs on it any more.
    keep_for: Duration,
    /// Whether the connection had served a call before.
    pub(crate) was_used: bool,
}

impl Lease {
    /// The upstream's socket.
    pub(crate) fn address(&self) -> SocketAddr {
        self.session.address
    }

    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.session.sender.clone()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let session = &self.session;
        session.under_way.set(session.under_way.get() - 1);
        session.until.set(Instant::now() + self.keep_for);
        session.freed.notify_one();
    }
}
