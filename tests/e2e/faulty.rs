//! A backend that does wrong on demand: the last segment of the path it is asked for names the fault.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::program::PATIENCE;

/// What it answers to what is no fault.
pub const FINE: &str = "fine";

/// What one drop of a dripping answer waits for the next.
const DROP: Duration = Duration::from_millis(20);

/// Runs until the test's process ends.
pub struct Faulty {
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

/// What reached it.
#[derive(Default)]
struct Seen {
    heads: Mutex<Vec<String>>,
    /// Requests whose body came to its end too.
    whole: AtomicUsize,
    connections: AtomicUsize,
}

impl Faulty {
    /// Of the requests for `sometimes-reset`, which; the first is one of them.
    pub const RESETS_EVERY: usize = 10;

    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen: Arc<Seen> = Arc::default();
        let noting = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                noting.connections.fetch_add(1, Ordering::SeqCst);
                let noting = noting.clone();
                std::thread::spawn(move || Connection::new(stream).serve(&noting));
            }
        });
        Self { address, seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Heads it was sent so far, each as it came.
    pub fn requests(&self) -> Vec<String> {
        self.seen.heads.lock().expect("no backend failed").clone()
    }

    /// How many requests came to their end.
    pub fn whole_requests(&self) -> usize {
        self.seen.whole.load(Ordering::SeqCst)
    }

    /// Connections it accepted so far.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Seen {
    /// How many heads there were before.
    fn note(&self, head: &str) -> usize {
        let mut heads = self.heads.lock().expect("no backend failed");
        heads.push(head.to_owned());
        heads.len() - 1
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    /// What has not been read of the request's body.
    unread: Unread,
    /// How many requests the backend had before.
    place: usize,
}

/// A request's body as its head announced it.
#[derive(Clone, Copy)]
enum Unread {
    Bytes(u64),
    Chunks,
}

/// Whether the connection goes on.
enum Then {
    GoOn,
    Close,
    Reset,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self { stream: BufReader::new(stream), unread: Unread::Bytes(0), place: 0 }
    }

    fn serve(mut self, seen: &Seen) {
        while let Some(head) = self.head() {
            self.place = seen.note(&head);
            let path = head.split(' ').nth(1).unwrap_or_default();
            let fault = path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
            match self.commit(fault) {
                Then::GoOn if self.read_body() => seen.whole.fetch_add(1, Ordering::SeqCst),
                Then::GoOn | Then::Close => return,
                Then::Reset => return self.reset(),
            };
        }
    }

    /// The faults by name. What cannot be written any more need not be.
    fn commit(&mut self, fault: &str) -> Then {
        match fault {
            "close" => Then::Close,
            "reset" => Then::Reset,
            "close-in-head" => self.say("HTTP/1.1 200 OK\r\ncontent-len").then(Then::Close),
            "reset-in-head" => self.say("HTTP/1.1 200 OK\r\ncontent-len").then(Then::Reset),
            "close-in-body" => self.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").then(Then::Close),
            "reset-in-body" => self.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").then(Then::Reset),
            "close-in-chunk" => self.chunked("a\r\nhalf").then(Then::Close),
            "close-between-chunks" => self.chunked("4\r\nhalf\r\n").then(Then::Close),
            "close-in-trailers" => self.chunked("4\r\nhalf\r\n0\r\nx-a: 1\r\n").then(Then::Close),
            "hang" => self.wait_for_the_end(),
            "hang-in-head" => self.say("HTTP/1.1 200 OK\r\n").wait_for_the_end(),
            "hang-in-body" => {
                self.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").wait_for_the_end()
            }
            "drip-head" => self.drip(b"HTTP/1.1 200 OK\r\nx-drop: ").drip(&[b'x'; 4_096]).then(Then::Close),
            "drip-body" => {
                self.say("HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n").drip(&[b'x'; 40]).then(Then::GoOn)
            }
            "garbage" => self.say("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\r\n\r\n").then(Then::Close),
            "another-protocol" => self.say("SSH-2.0-OpenSSH_9.2p1\r\n").then(Then::Close),
            "http-3" => self.say("HTTP/3.0 200 OK\r\ncontent-length: 0\r\n\r\n").then(Then::Close),
            "status-99" => self.say("HTTP/1.1 99 Low\r\ncontent-length: 0\r\n\r\n").then(Then::Close),
            "status-1000" => self.say("HTTP/1.1 1000 High\r\ncontent-length: 0\r\n\r\n").then(Then::Close),
            "two-lengths" => self
                .say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 2\r\n\r\nhalf")
                .then(Then::Close),
            "no-number" => self.say("HTTP/1.1 200 OK\r\ncontent-length: four\r\n\r\nhalf").then(Then::Close),
            "length-over-64-bits" => {
                self.say("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551617\r\n\r\nx").then(Then::Close)
            }
            "nul-in-header" => {
                self.say("HTTP/1.1 200 OK\r\nx-a: b\0c\r\ncontent-length: 0\r\n\r\n").then(Then::Close)
            }
            "no-colon" => self.say("HTTP/1.1 200 OK\r\nnothing\r\n\r\n").then(Then::Close),
            "huge-head" => {
                let value = "x".repeat(64 * 1_024);
                self.say("HTTP/1.1 200 OK\r\n");
                for n in 0..16 {
                    self.say(&format!("x-{n}: {value}\r\n"));
                }
                self.say("content-length: 0\r\n\r\n").then(Then::Close)
            }
            "endless-head" => {
                self.say("HTTP/1.1 200 OK\r\n");
                while self.stream.get_mut().write_all(b"x-more: and more\r\n").is_ok() {}
                Then::Close
            }
            "many-headers" => {
                self.say("HTTP/1.1 200 OK\r\n");
                let many: String = (0..2_000).map(|n| format!("x-{n}: 1\r\n")).collect();
                self.say(&many).say("content-length: 0\r\n\r\n").then(Then::Close)
            }
            "unasked-upgrade" => self
                .say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nhello")
                .then(Then::Close),
            "no-chunk-size" => self.chunked("zz\r\nhalf\r\n0\r\n\r\n").then(Then::Close),
            "chunk-over-64-bits" => self.chunked("fffffffffffffffff\r\nhalf\r\n0\r\n\r\n").then(Then::Close),
            "chunk-without-end" => self.chunked("4\r\nhalfxx\r\n0\r\n\r\n").then(Then::Close),
            "endless-chunk-extension" => {
                self.chunked("4;");
                while self.stream.get_mut().write_all(&[b'x'; 4_096]).is_ok() {}
                Then::Close
            }
            "endless-trailers" => {
                self.chunked("4\r\nhalf\r\n0\r\n");
                while self.stream.get_mut().write_all(b"x-more: and more\r\n").is_ok() {}
                Then::Close
            }
            "longer-than-said" => self
                .say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfineHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled")
                .then(Then::GoOn),
            "body-where-none-belongs" => self
                .say("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled")
                .then(Then::GoOn),
            "length-and-chunked" => self
                .say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n")
                .say("4\r\nfine\r\n0\r\n\r\n")
                .then(Then::Close),
            "interim-first" => self
                .say("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </b>\r\n\r\n")
                .fine(),
            "interim-storm" => {
                while self.stream.get_mut().write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").is_ok() {}
                Then::Close
            }
            "until-close" => self.say("HTTP/1.0 200 OK\r\n\r\nfine").then(Then::Close),
            "sometimes-reset" if self.place.is_multiple_of(Faulty::RESETS_EVERY) => Then::Reset,
            "early-answer" => {
                self.say("HTTP/1.1 413 Too Much\r\ncontent-length: 4\r\nconnection: close\r\n\r\nstop");
                // Takes the rest for a while, so that the answer is not lost to a reset.
                self.read_body();
                Then::Close
            }
            _ => self.fine(),
        }
    }

    fn fine(&mut self) -> Then {
        if !self.read_body() {
            return Then::Close;
        }
        self.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{FINE}", FINE.len())).then(Then::GoOn)
    }

    fn chunked(&mut self, body: &str) -> &mut Self {
        self.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").say(body)
    }

    fn say(&mut self, text: &str) -> &mut Self {
        // A gateway that has had enough hangs up.
        let _ = self.stream.get_mut().write_all(text.as_bytes());
        self
    }

    /// Byte by byte, until the gateway hangs up.
    fn drip(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            std::thread::sleep(DROP);
            if self.stream.get_mut().write_all(&[*byte]).is_err() {
                break;
            }
        }
        self
    }

    fn then(&mut self, then: Then) -> Then {
        then
    }

    fn wait_for_the_end(&mut self) -> Then {
        // Ends when the gateway hangs up, or the socket's own time is over.
        let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
        Then::Close
    }

    /// Closes so that the other side gets a reset instead of an end.
    fn reset(self) {
        let socket = socket2::SockRef::from(self.stream.get_ref());
        socket.set_linger(Some(Duration::ZERO)).expect("a socket");
    }

    fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            let before = head.len();
            if self.stream.read_line(&mut head).unwrap_or(0) == 0 {
                return None;
            }
            if head.len() - before <= 2 {
                let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
                self.unread = match (header("transfer-encoding: "), header("content-length: ")) {
                    (Some(_), _) => Unread::Chunks,
                    (None, length) => {
                        Unread::Bytes(length.and_then(|length| length.parse().ok()).unwrap_or(0))
                    }
                };
                return Some(head);
            }
        }
    }

    /// Reads the request's body; true when it came to its end.
    fn read_body(&mut self) -> bool {
        match std::mem::replace(&mut self.unread, Unread::Bytes(0)) {
            Unread::Bytes(length) => self.skip(length),
            Unread::Chunks => self.read_chunks(),
        }
    }

    fn read_chunks(&mut self) -> bool {
        loop {
            let Some(size) = self.line().and_then(|size| u64::from_str_radix(&size, 16).ok()) else {
                return false;
            };
            if size == 0 {
                return std::iter::from_fn(|| self.line()).any(|line| line.is_empty());
            }
            if !self.skip(size + 2) {
                return false;
            }
        }
    }

    fn skip(&mut self, length: u64) -> bool {
        std::io::copy(&mut self.stream.by_ref().take(length), &mut std::io::sink()).is_ok_and(|n| n == length)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap_or(0);
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }
}
