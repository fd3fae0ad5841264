//! Journeys through the built program and real sockets. Each has its own ports and data folder.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod check;
mod console;
mod kill;
mod lifecycle;
mod program;
mod saves_under_load;
mod story;
mod streaming;
