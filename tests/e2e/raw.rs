//! A caller that says any bytes on one connection and reads what comes back as it comes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::program::PATIENCE;

/// One connection to a port of 127.0.0.1.
pub struct Raw(BufReader<TcpStream>);

/// An answer; its body is what came of it.
#[derive(Debug, Default)]
pub struct RawAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body came to the end that the head promised.
    pub whole: bool,
}

impl RawAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Raw {
    pub fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the gateway accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self(BufReader::new(stream))
    }

    /// Sends; a gateway that has hung up already need not take it.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        match self.0.get_mut().write_all(bytes.as_ref()) {
            Err(error) if is_hang_up(&error) => {}
            sent => sent.expect("the gateway takes it or hangs up"),
        }
        self
    }

    /// The next answer that is not interim, to its end or to where it breaks off. None when the gateway hangs up
    /// without one.
    pub fn answer(&mut self) -> Option<RawAnswer> {
        loop {
            let mut answer = self.head()?;
            if !(100..200).contains(&answer.status) || answer.status == 101 {
                self.read_body(&mut answer);
                return Some(answer);
            }
        }
    }

    /// The next head, of an interim answer too.
    pub fn head(&mut self) -> Option<RawAnswer> {
        let first = self.line()?;
        let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {first}"));
        let mut answer = RawAnswer { status, ..RawAnswer::default() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(answer);
            }
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line}"));
            answer.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// Waits until the gateway has hung up, for so long. Gives what it still said; fails when it does not hang up.
    pub fn hang_up(&mut self, within: Duration) -> Result<Vec<u8>, String> {
        self.0.get_ref().set_read_timeout(Some(within)).expect("a socket");
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Err(error) if !is_hang_up(&error) => Err(format!("still open after {within:?}")),
            _ => Ok(rest),
        }
    }

    fn read_body(&mut self, answer: &mut RawAnswer) {
        let length = answer.header("content-length").map(|length| length.parse().expect("a length"));
        let is_chunked = answer.header("transfer-encoding").is_some_and(|coding| coding == "chunked");
        answer.whole = match (answer.status, length) {
            (101 | 204 | 304, _) => true,
            _ if is_chunked => self.read_chunks(&mut answer.body),
            (_, Some(length)) => self.read_up_to(length, &mut answer.body),
            // Without a length the end is where the connection ends in good order.
            (_, None) => self.0.read_to_end(&mut answer.body).is_ok(),
        };
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let Some(size) = self.line() else { return false };
            let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("no chunk size: {size}"));
            if size == 0 {
                return std::iter::from_fn(|| self.line()).any(|line| line.is_empty());
            }
            if !self.read_up_to(size, body) || self.line().is_none() {
                return false;
            }
        }
    }

    fn read_up_to(&mut self, length: usize, body: &mut Vec<u8>) -> bool {
        let before = body.len();
        let read = self.0.by_ref().take(length as u64).read_to_end(body);
        read.is_ok() && body.len() - before == length
    }

    /// None at the end, in whatever order.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.0.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) if is_hang_up(&error) => None,
            Err(error) => panic!("no answer in time: {error}"),
        }
    }
}

/// True for the ways in which a socket says that the other side has gone.
fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}
