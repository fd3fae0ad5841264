//! HTTP/1.1 on both sides of the gateway. One task per caller's connection reads the request, runs the policies, talks
//! to the upstream and writes the answer.
//!
//! `head`, `framing`, `chunked` and `decoder` turn bytes into meaning and do nothing else; `io` moves bytes; `server` and
//! `client` are the two loops.

mod buffers;
pub(crate) mod chunked;
mod client;
pub(crate) mod decoder;
mod encode;
pub(crate) mod framing;
pub(crate) mod head;
mod io;
mod line;
mod receive;
pub(crate) mod refused;
mod respond;
mod server;
mod tunnel;

pub(crate) use buffers::Buffers;
pub(crate) use client::{Connection, Failure};
pub(crate) use io::Io;
pub(crate) use line::{Line, LineBody};
pub(crate) use receive::Glimpse;
pub(crate) use server::{line_of, serve};
