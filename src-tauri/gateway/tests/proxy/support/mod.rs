//! A small language for the tests: `backend(..)` answers, `world()` runs a gateway, `client.get(..)` calls it.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

mod authority;
mod backend;
mod caller_over_tls;
mod client;
pub mod frames;
pub mod http2;
mod tls;
mod world;

use std::time::{Duration, Instant};

pub use authority::Authority;
pub use backend::{Backend, Exchange, Next, backend, backend_on};
pub use caller_over_tls::TlsCaller;
pub use client::Client;
pub use tls::{backend_over_tls, backend_showing};
pub use world::{Api, World, free_address, world};

/// How long any wait in a test may take before the test has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it never came: {what}");
        std::thread::yield_now();
    }
}
