//! Journeys through the built program and real sockets. Each has its own ports and data folder.

// A journey that cannot go on panics, and values are handed over so that calls read as sentences.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value, missing_docs)]

mod attacks;
mod automated;
#[cfg(target_os = "linux")]
mod big_bodies;
mod check;
mod console;
mod credentials;
mod exhaustion;
mod faults;
mod faulty;
mod kill;
mod lifecycle;
mod limits;
mod masking;
mod previews;
mod program;
mod raw;
mod saves_under_load;
mod specification;
mod story;
mod streaming;
mod threats;
mod tls;
mod tokens;
mod upstreams;
mod websocket;
