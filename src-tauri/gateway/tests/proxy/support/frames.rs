//! A caller, and an upstream, that write HTTP/2 frames by hand, as no library would.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::PATIENCE;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// `:method GET`, `:scheme http`, `:path /` from the static table, and `:authority a` (RFC 7541, A and 6.2.2).
pub const GET: [u8; 6] = [0x82, 0x86, 0x84, 0x01, 0x01, b'a'];

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub struct Frames(TcpStream);

/// One frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a RST_STREAM or a GOAWAY.
    pub fn code(&self) -> u8 {
        match self.kind {
            RST_STREAM => self.payload[3],
            GOAWAY => self.payload[7],
            other => panic!("a frame of kind {other} has no code"),
        }
    }
}

impl Frames {
    /// Connected, greeted and with settings of its own sent.
    pub fn connect(address: SocketAddr) -> Self {
        let mut frames = Self::over(TcpStream::connect(address).expect("the gateway accepts"));
        frames.0.write_all(PREFACE).expect("the gateway reads");
        frames.say(SETTINGS, 0, 0, &[]).expect("the gateway reads");
        frames
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Self(stream)
    }

    /// The other side of a gateway that connects, once it has sent a whole request; with the request's stream.
    fn after_a_request(stream: TcpStream) -> (Self, u32) {
        let mut frames = Self::over(stream);
        let mut preface = [0; PREFACE.len()];
        frames.0.read_exact(&mut preface).expect("the gateway speaks");
        frames.say(SETTINGS, 0, 0, &[]).expect("the gateway reads");
        loop {
            let frame = frames.hear().expect("the gateway speaks");
            match frame.kind {
                SETTINGS | PING if frame.flags & ACK == 0 => {
                    let payload = if frame.kind == PING { &*frame.payload } else { &[] };
                    frames.say(frame.kind, ACK, 0, payload).expect("the gateway reads");
                }
                HEADERS | DATA if frame.flags & END_STREAM != 0 => return (frames, frame.stream),
                _ => {}
            }
        }
    }

    pub fn say(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> std::io::Result<()> {
        self.0.write_all(&frame(kind, flags, stream, payload))
    }

    /// Many at once.
    pub fn say_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The next frame; none when the gateway has closed.
    pub fn hear(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("nothing came"),
            Err(_) => return None,
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Says why it ends, and closes.
    pub fn end(&mut self, go_away: &[u8]) {
        self.say(GOAWAY, 0, 0, go_away).expect("taken");
        self.0.shutdown(std::net::Shutdown::Write).expect("a socket");
    }

    /// The next frame of this kind; none when the gateway closes first.
    pub fn hear_of(&mut self, kind: u8) -> Option<Frame> {
        std::iter::from_fn(|| self.hear()).find(|frame| frame.kind == kind)
    }
}

/// An upstream on which one connection after the other takes a whole request, and then does as its script says.
pub fn scripted(scripts: Vec<fn(&mut Frames, u32)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for script in scripts {
            let (stream, _) = listener.accept().expect("the gateway connects");
            let (mut frames, stream) = Frames::after_a_request(stream);
            script(&mut frames, stream);
            // Whoever wants to hear its end waits for it.
            while frames.hear().is_some() {}
        }
    });
    address
}

/// What a GOAWAY says: the last stream that was looked at, and why.
pub fn go_away(last: u32, code: u8) -> [u8; 8] {
    let [a, b, c, d] = last.to_be_bytes();
    [a, b, c, d, 0, 0, 0, code]
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header field as literals, without indexing (RFC 7541, 6.2.2); each shorter than 127 bytes.
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, u8::try_from(name.len()).expect("short")];
    bytes.extend(name.as_bytes());
    bytes.push(u8::try_from(value.len()).expect("short"));
    bytes.extend(value.as_bytes());
    bytes
}
