//! Load on a program: by wrk, by h2load, or at a fixed rate by threads of our own.

mod h2load;
mod paced;
mod tool;
mod wrk;

use anyhow::Result;

use super::subject::{Front, Subject};

/// Connections that callers keep open.
pub const CONNECTIONS: u32 = 32;
/// HTTP/2: as many requests under way as with the connections above, on fewer connections.
const H2_CONNECTIONS: u32 = 8;
const H2_STREAMS: u32 = CONNECTIONS / H2_CONNECTIONS;

/// What loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// HTTP/1.1, one request after the other on each of 32 connections, as fast as they are answered.
    Wrk,
    /// HTTP/2, 4 streams on each of 8 connections, as fast as they are answered.
    H2load,
    /// HTTP/1.1 on 32 connections, this many requests a second whether answers come or not.
    Paced(u32),
}

/// What each request says.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub path: String,
    /// Whole header lines.
    pub headers: Vec<String>,
    /// Bytes to POST; none makes a GET.
    pub body: usize,
    /// A script for wrk that makes the requests instead.
    pub script: Option<String>,
}

/// What came of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub requests: u64,
    pub per_second: f64,
    /// Latencies in microseconds, where the tool tells them.
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
}

impl Call {
    /// A GET.
    pub fn get(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// A POST of this many bytes.
    pub fn post(path: &str, body: usize) -> Self {
        Self { body, ..Self::get(path) }
    }

    /// A POST of this JSON.
    pub fn post_json(path: &str, json: &str) -> Self {
        let script = format!(
            "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [==[{json}]==]\n"
        );
        Self { script: Some(script), ..Self::get(path) }
    }

    /// With more header lines.
    pub fn with(mut self, headers: &[&str]) -> Self {
        self.headers.extend(headers.iter().map(|&header| header.to_owned()));
        self
    }
}

impl Tool {
    /// Loads a program; every answer must be a success, else the comparison is worth nothing.
    pub fn run(self, subject: &Subject, front: Front, call: &Call, seconds: u32) -> Result<Load> {
        match self {
            Self::Wrk => wrk::run(&subject.url(front, &call.path), call, seconds),
            Self::H2load => h2load::run(&subject.url(front, &call.path), call, seconds),
            Self::Paced(per_second) => paced::run(subject.ports.plain, call, per_second, seconds),
        }
    }
}
