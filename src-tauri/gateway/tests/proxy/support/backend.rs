//! A backend that says exactly the bytes a test wants it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::PATIENCE;

/// Whether the backend goes on with this connection.
pub enum Next {
    Keep,
    Close,
}

/// One request as the backend sees it.
pub struct Exchange {
    /// Request line and headers, line by line.
    pub head: Vec<String>,
    pub stream: BufReader<TcpStream>,
    /// How many requests this connection served before.
    pub place: usize,
}

impl Exchange {
    pub fn request_line(&self) -> &str {
        &self.head[0]
    }

    pub fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head[1..].iter().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn say(&mut self, bytes: &str) {
        self.stream.get_mut().write_all(bytes.as_bytes()).expect("the gateway takes the answer");
    }

    pub fn respond(&mut self, body: &str) -> Next {
        self.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        Next::Keep
    }

    /// The same to a gateway that may have gone.
    pub fn try_say(&mut self, bytes: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_bytes())
    }

    /// What is left until the gateway closes; an abortive close counts too.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        String::from_utf8(rest).expect("text")
    }

    /// The next chunk of a chunked body, empty at its end.
    pub fn chunk(&mut self) -> String {
        let size = self.line().expect("a chunk size");
        let size = usize::from_str_radix(&size, 16).expect("a size in hex");
        let data = self.bytes(size);
        self.line();
        data
    }

    /// The next chunk of a chunked body, empty at its end, whose trailers are left.
    pub fn chunk_or_end(&mut self) -> String {
        let size = self.line().expect("a chunk size");
        let size = usize::from_str_radix(&size, 16).expect("a size in hex");
        let data = self.bytes(size);
        if size > 0 {
            self.line();
        }
        data
    }

    /// The trailers of a chunked body, line by line.
    pub fn trailers(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line().filter(|line| !line.is_empty())).collect()
    }

    pub fn bytes(&mut self, count: usize) -> String {
        let mut data = vec![0; count];
        self.stream.read_exact(&mut data).expect("the body");
        String::from_utf8(data).expect("text")
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }

    fn read_head(&mut self) -> Option<()> {
        self.head.clear();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(());
            }
            self.head.push(line);
        }
    }
}

/// Runs until the test's process ends.
pub struct Backend {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Backend {
    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Answers each request by `answer`.
pub fn backend(answer: impl Fn(&mut Exchange) -> Next + Send + Sync + 'static) -> Backend {
    backend_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), answer)
}

/// The same on a socket of the test's.
pub fn backend_on(
    listener: TcpListener,
    answer: impl Fn(&mut Exchange) -> Next + Send + Sync + 'static,
) -> Backend {
    let address = listener.local_addr().expect("bound");
    let connections = Arc::new(AtomicUsize::new(0));
    let (answer, count) = (Arc::new(answer), connections.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            std::thread::spawn(move || {
                stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
                stream.set_nodelay(true).expect("a socket");
                let mut exchange = Exchange { head: Vec::new(), stream: BufReader::new(stream), place: 0 };
                while exchange.read_head().is_some() {
                    if let Next::Close = answer(&mut exchange) {
                        return;
                    }
                    exchange.place += 1;
                }
            });
        }
    });
    Backend { address, connections }
}
