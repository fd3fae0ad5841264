//! A caller on one connection, who can say anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// TCP, or TLS over it.
pub trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

pub struct Client(BufReader<Box<dyn Wire>>);

/// An answer read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the gateway accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self::over(stream)
    }

    /// On a connection that stands.
    pub fn over(wire: impl Wire + 'static) -> Self {
        Self(BufReader::new(Box::new(wire)))
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: api.test\r\n\r\n"))
    }

    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        let length = body.len();
        self.ask(&format!("POST {path} HTTP/1.1\r\nhost: api.test\r\ncontent-length: {length}\r\n\r\n{body}"))
    }

    pub fn ask(&mut self, request: &str) -> Answer {
        self.say(request);
        self.answer()
    }

    pub fn say(&mut self, bytes: &str) {
        self.0.get_mut().write_all(bytes.as_bytes()).expect("the gateway takes the request");
    }

    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        answer.body = match (answer.header("content-length"), answer.header("transfer-encoding")) {
            _ if matches!(answer.status, 204 | 304) => String::new(),
            (Some(length), None) => self.bytes(length.parse().expect("a length")),
            (None, Some("chunked")) => {
                std::iter::from_fn(|| Some(self.chunk()).filter(|chunk| !chunk.is_empty())).collect()
            }
            framing => panic!("no framing: {framing:?}"),
        };
        answer
    }

    /// Status and headers.
    pub fn head(&mut self) -> Answer {
        let status = self.line().expect("an answer");
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut headers = Vec::new();
        while let Some((name, value)) = self.line().as_deref().and_then(|line| line.split_once(": ")) {
            headers.push((name.to_owned(), value.to_owned()));
        }
        Answer { status, headers, body: String::new() }
    }

    /// The next chunk, empty at the end.
    pub fn chunk(&mut self) -> String {
        let size = usize::from_str_radix(&self.line().expect("a chunk size"), 16).expect("a size in hex");
        let data = self.bytes(size);
        self.line();
        data
    }

    pub fn bytes(&mut self, count: usize) -> String {
        let mut data = vec![0; count];
        self.0.read_exact(&mut data).expect("the whole body");
        String::from_utf8(data).expect("text")
    }

    /// What is left until the gateway closes; an abortive close counts too.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
                panic!("still open: {error}")
            }
            _ => String::from_utf8(rest).expect("text"),
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).expect("the gateway answers");
        (read > 0).then(|| line.trim_end().to_owned())
    }
}
