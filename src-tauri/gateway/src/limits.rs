//! Every bound of the data plane: its name, its default, what happens past it.

use std::time::Duration;

use tokio::sync::Semaphore;

/// Bounds on what callers and upstreams can make the gateway hold. A change is in force at once, for connections that
/// stand too; what it says of a HTTP/2 connection's heads is told to its caller when it begins, and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of callers over all workers; 10,000. Past it new ones wait unaccepted.
    pub max_connections: usize,
    /// Requests under way on HTTP/2 connections over all workers; 10,000. Past it a stream is refused, and its caller may
    /// ask again.
    pub max_streams: usize,
    /// Bytes of a request's head, and of a connection's buffers; 64 KiB. A caller with a longer head is answered 431.
    pub max_head_bytes: usize,
    /// Bytes of a request's first line; 16 KiB. A caller with a longer one is answered 414.
    pub max_request_line_bytes: usize,
    /// Header fields of a request; 100. A caller with more is answered 431.
    pub max_headers: usize,
    /// From a head's first byte to its last; 10 s. Past it the connection is closed.
    pub head_timeout: Duration,
    /// TLS greetings under way over all workers; 2,000. Past it they take turns, within `head_timeout`, which bounds a
    /// greeting as it does a head.
    pub max_greetings: usize,
    /// How long a connection may stand without a request; 60 s. Past it it is closed.
    pub idle_timeout: Duration,
    /// How long a caller may take no byte of its answer; 60 s. Past it the connection is closed.
    pub stall_timeout: Duration,
    /// How long neither side of a connection that changed its protocol (WebSocket) may say anything; 10 min. Past it
    /// the connection is closed.
    pub upgraded_idle_timeout: Duration,
    /// Connections kept to one upstream target by one worker while nothing runs on them; 128.
    pub max_idle_upstream: usize,
    /// How long the addresses of a target's name are believed; 10 s. While they are in use they are looked up again
    /// then; where that fails the last known ones are used for 60 s more.
    pub keep_names: Duration,
}

impl Limits {
    /// One worker's part of what is bounded over all of them.
    pub(crate) fn share_of(self, workers: usize) -> Self {
        let share = |most: usize| most.div_ceil(workers).max(1);
        Self {
            max_connections: share(self.max_connections),
            max_streams: share(self.max_streams),
            max_greetings: share(self.max_greetings).min(Semaphore::MAX_PERMITS),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_streams: 10_000,
            max_head_bytes: 64 * 1024,
            max_request_line_bytes: 16 * 1024,
            max_headers: 100,
            head_timeout: Duration::from_secs(10),
            max_greetings: 2_000,
            idle_timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(60),
            upgraded_idle_timeout: Duration::from_secs(600),
            max_idle_upstream: 128,
            keep_names: Duration::from_secs(10),
        }
    }
}
