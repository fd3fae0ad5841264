//! What recorded traffic promises, through its public door alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod analytics;
mod counts;
mod live;
mod recording;
mod retention;
mod search;
mod world;
