//! Asks the other side of a connection now and then whether it is still there (RFC 9113, 6.7), so that a stream on
//! which nothing happens can stand for hours, and one whose peer fell silent cannot.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use h2::{Ping, PingPong};
use tokio::time::{Sleep, sleep};

/// How often, while streams stand.
const EVERY: Duration = Duration::from_secs(30);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pings of one connection.
pub(super) struct Pings {
    ping_pong: PingPong,
    next: Pin<Box<Sleep>>,
    is_out: bool,
}

impl Pings {
    /// For a connection that was just made.
    pub(super) fn new(ping_pong: PingPong) -> Self {
        Self { ping_pong, next: Box::pin(sleep(EVERY)), is_out: false }
    }

    /// Ready once the other side has fallen silent. Asks only while there are streams.
    pub(super) fn poll_silence(&mut self, cx: &mut Context<'_>, has_streams: impl Fn() -> bool) -> Poll<()> {
        let ping_pong = &mut self.ping_pong;
        loop {
            if self.is_out && ping_pong.poll_pong(cx).is_ready() {
                self.is_out = false;
                self.next.as_mut().reset((Instant::now() + EVERY).into());
            }
            ready!(self.next.as_mut().poll(cx));
            if self.is_out {
                return Poll::Ready(());
            }
            self.is_out = has_streams() && ping_pong.send_ping(Ping::opaque()).is_ok();
            let wait = if self.is_out { PATIENCE } else { EVERY };
            self.next.as_mut().reset((Instant::now() + wait).into());
        }
    }
}
