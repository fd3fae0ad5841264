//! The way to an upstream and back: pick a connection, send, stream, keep the connection.

mod body;
mod connect;
mod fault;
mod http2;
mod patience;
mod pool;
mod resolve;
mod send;
mod target;

use std::time::Duration;

use gatepost_model::Millis;

pub use body::UpstreamBody;
pub(crate) use patience::Patience;
pub(crate) use pool::Pool;
pub(crate) use resolve::Resolver;
pub(crate) use send::send;
pub(crate) use target::Target;

/// Longest wait for an upstream, whatever is configured: far dates would overflow the clock.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3_600);

fn bounded(wait: Millis) -> Duration {
    wait.duration().min(MAX_WAIT)
}
