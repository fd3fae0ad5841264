//! A caller of a few lines: one connection, one request after the other, answers with a stated length.
//!
//! It exists because a measurement must know what its caller costs and when its bytes go out.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take to go on.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes: the list of 10,000 APIs is some megabytes.
const MAX_ANSWER: usize = 64 << 20;

/// An open connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    head: &'a str,
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The first header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

/// The bytes of a request without a body. `headers` are whole lines.
pub fn get(path: &str, headers: &[String]) -> Vec<u8> {
    request("GET", path, headers, "")
}

/// The bytes of a request. `headers` are whole lines.
pub fn request(method: &str, path: &str, headers: &[String], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{method} {path} HTTP/1.1\r\n{headers}{length}\r\n{body}").into_bytes()
}

/// The `Host` line of a port on this machine.
pub fn host(port: u16) -> String {
    format!("Host: 127.0.0.1:{port}")
}

impl Connection {
    /// Connects to a port on this machine.
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and waits for its whole answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more()?;
        };
        let length = std::str::from_utf8(&self.buffer[..head]).ok().and_then(body_length);
        let length = length.ok_or_else(|| io::Error::other("an answer without a length"))?;
        while self.buffer.len() < head + length {
            self.read_more()?;
        }
        let text = std::str::from_utf8(&self.buffer[..head]).map_err(io::Error::other)?;
        let status = status(text).ok_or_else(|| io::Error::other("an answer without a status"))?;
        Ok(Answer { status, head: text, body: &self.buffer[head..head + length] })
    }

    /// Gives back the memory that the last answer took: for connections that are going to do nothing.
    pub fn rest(&mut self) {
        self.buffer = Vec::new();
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ if self.buffer.len() > MAX_ANSWER => Err(io::Error::other("an answer that is too long")),
            read => {
                self.buffer.extend_from_slice(&chunk[..read]);
                Ok(())
            }
        }
    }
}

fn status(head: &str) -> Option<u16> {
    head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.trim()))
}

/// The bytes of the body by its head; none when it is chunked or goes on until the connection ends.
fn body_length(head: &str) -> Option<usize> {
    match header(head, "content-length") {
        Some(length) => length.parse().ok(),
        None => matches!(status(head)?, 204 | 304).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_request_states_the_length_of_its_body() {
        assert_eq!(get("/a", &["Host: x".into()]), b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        let put = request("PUT", "/a", &["Host: x".into()], "{}");
        assert!(put.ends_with(b"Content-Length: 2\r\n\r\n{}"));
    }

    #[test]
    fn lengths_are_read_from_heads() {
        assert_eq!(body_length("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"), Some(12));
        assert_eq!(body_length("HTTP/1.1 204 No Content\r\n\r\n"), Some(0));
        assert_eq!(body_length("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), None);
        assert_eq!(body_length("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), None);
    }

    #[test]
    fn an_answer_that_comes_in_pieces_is_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut seen = [0; 18];
            stream.read_exact(&mut seen).unwrap();
            for piece in ["HTTP/1.1 200 OK\r\nX-A: b\r\ncontent-le", "ngth: 4\r\n\r\nab", "cd"] {
                stream.write_all(piece.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(port).unwrap();
        let answer = connection.exchange(&get("/", &[])).unwrap();
        assert_eq!((answer.status, answer.header("x-a"), answer.body), (200, Some("b"), &b"abcd"[..]));
        server.join().unwrap();
        assert!(connection.exchange(&get("/", &[])).is_err(), "nobody is there any more");
    }
}
