//! A small language for the tests: `backend(..)` answers, `world()` runs a gateway, `client.get(..)` calls it.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

mod backend;
mod client;
pub mod http2;
mod tls;
mod world;

use std::time::Duration;

pub use backend::{Backend, Next, backend};
pub use client::Client;
pub use tls::backend_over_tls;
pub use world::{Api, World, free_address, world};

/// How long any wait in a test may take before the test has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);
