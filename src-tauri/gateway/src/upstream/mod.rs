//! The way to an upstream and back: pick a connection, send, stream, keep the connection.

mod addresses;
mod backend;
mod balance;
mod body;
mod budget;
mod call;
mod ceiling;
mod check;
mod connect;
mod draw;
mod ejection;
mod fault;
mod fitness;
mod hash_key;
mod health;
mod http2;
mod lanes;
mod names;
mod patience;
mod places;
mod pool;
mod resolve;
mod room;
mod send;
mod state;
mod target;
mod underway;

use std::time::Duration;

use gatepost_model::Millis;

pub(crate) use backend::Backend;
pub use body::UpstreamBody;
pub(crate) use call::send;
pub(crate) use check::Check;
pub use fitness::TargetFailure;
pub use health::Health;
pub(crate) use names::SystemNames;
pub use names::{LookUp, Names};
pub(crate) use patience::Patience;
pub(crate) use pool::Pool;
pub(crate) use resolve::Resolver;
pub(crate) use room::Open;

pub use state::TargetState;
pub(crate) use target::{Tail, Target};

/// Longest wait for an upstream, whatever is configured: far dates would overflow the clock.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3_600);

fn bounded(wait: Millis) -> Duration {
    wait.duration().min(MAX_WAIT)
}
