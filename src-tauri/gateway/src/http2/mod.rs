//! HTTP/2 (RFC 9113) on either side of the gateway, on the `h2` crate. Each stream of a caller is a task of its own on
//! the worker's thread; each connection is one more, which alone reads and writes.

mod body;
mod client;
mod crew;
mod pings;
mod replay;
mod request;
mod server;
mod session;
mod sessions;
mod tunnel;
mod upload;
mod wire;

pub(crate) use body::Incoming;
pub(crate) use client::{Answer, Failed, ask};
pub(crate) use crew::Crew;
pub use replay::RepeatedBody;
pub(crate) use replay::Replay;
pub(crate) use request::check;
pub(crate) use server::serve;
pub(crate) use session::{Lease, Session};
pub(crate) use sessions::{Opening, Sessions, Way};

/// What HTTP/2 says in frames of its own: streams under way on one connection in either direction. As many as nginx
/// and the RFC's least (100) allow a browser or a gRPC client to work with.
const MAX_STREAMS: u32 = 128;

/// Bytes of one stream that may wait for whoever takes them. Holds up a fast sender at a slow receiver; at 20 ms there
/// and back it lets 12 MB a second pass.
const STREAM_WINDOW: u32 = 256 * 1_024;

/// Bytes of one stream that wait to be sent.
const SEND_BUFFER: usize = 64 * 1_024;

/// Streams that we reset and still remember, so that what was under way for them is told from an error.
const MAX_REMEMBERED_RESETS: usize = 32;

/// Streams that the other side's own errors made us reset, before its connection is closed.
const MAX_ERRORS: usize = 128;
