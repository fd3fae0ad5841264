//! The built-in tester: one request, or the same one many times.

mod burst;
mod credentials;
mod exchange;
mod prepare;
mod send;

pub(crate) use burst::{BurstInput, BurstResult, burst};
pub(crate) use prepare::TesterRequest;
pub(crate) use send::{TesterAnswer, send};
