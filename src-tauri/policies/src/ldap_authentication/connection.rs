//! One connection to a directory server: it is greeted, asked one thing at a time, and its answers are bounded.

use std::io;

use bytes::{Buf, BytesMut};
use gatepost_gateway::ClientTls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ber::{Malformed, SEQUENCE, head};
use super::message::{Answer, Outcome, SUCCESS, is_farewell, read, start_tls};

/// Longest message of a server, in bytes: none that is asked for has attributes in it.
const MAX_MESSAGE: usize = 64 * 1024;
/// Most messages in answer to one request: two entries, and pointers to other servers.
const MAX_ANSWERS: usize = 100;

/// Where the server is, and how it is spoken to.
pub(super) struct Server {
    /// An IPv6 address without its brackets.
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) security: Security,
}

pub(super) enum Security {
    Plain,
    /// From the first byte.
    Tls(ClientTls),
    /// After asking for it (RFC 4511, 4.14).
    StartTls(ClientTls),
}

/// A stream of any kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Open, and nothing is under way on it.
pub(super) struct Connection<S = Box<dyn Stream>> {
    stream: S,
    read: BytesMut,
    /// Of the last message sent.
    number: u32,
}

/// Opens one. Says why it cannot.
pub(super) async fn connect(server: &Server) -> Result<Connection, String> {
    let Server { host, port, security } = server;
    let socket = TcpStream::connect((&**host, *port)).await;
    let socket = socket.map_err(|error| format!("the server cannot be reached: {error}"))?;
    // Messages are small and each is waited for; where it cannot be set they are only slower.
    let _ = socket.set_nodelay(true);
    let stream: Box<dyn Stream> = match security {
        Security::Plain => Box::new(socket),
        Security::Tls(tls) => Box::new(tls.greet(socket, host).await?),
        Security::StartTls(tls) => Box::new(tls.greet(agree_on_tls(socket).await?, host).await?),
    };
    Ok(Connection::over(stream))
}

async fn agree_on_tls(socket: TcpStream) -> Result<TcpStream, String> {
    let mut plain = Connection::over(socket);
    let (_, outcome) = plain.ask(start_tls).await.map_err(|error| error.to_string())?;
    if outcome.code != SUCCESS {
        return Err(format!("the server does not begin TLS: {outcome}"));
    }
    // What came before the greeting is not protected by it, and must not be taken for what came after.
    if !plain.read.is_empty() {
        return Err("the server sent more than its agreement before TLS".into());
    }
    Ok(plain.stream)
}

impl<S: Stream> Connection<S> {
    pub(super) fn over(stream: S) -> Self {
        Self { stream, read: BytesMut::new(), number: 0 }
    }

    /// Sends the request that `request` makes with the number given to it. Gives the names of the entries that were
    /// found, if that was asked, and the result.
    pub(super) async fn ask(
        &mut self,
        request: impl FnOnce(u32) -> Vec<u8>,
    ) -> io::Result<(Vec<Box<str>>, Outcome)> {
        // Numbers of messages have 31 bits.
        self.number = self.number % 0x7fff_ffff + 1;
        self.stream.write_all(&request(self.number)).await?;
        self.stream.flush().await?;
        let mut entries = Vec::new();
        for _ in 0..MAX_ANSWERS {
            match self.answer().await? {
                Answer::Done(outcome) => return Ok((entries, outcome)),
                Answer::Entry(name) => entries.push(name),
                Answer::Elsewhere => {}
            }
        }
        Err(io::Error::other("the answer has too many parts"))
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let malformed = |_: Malformed| io::Error::other("the server's answer is no LDAP");
        let (begin, end) = loop {
            match head(&self.read).map_err(malformed)? {
                Some((tag, ..)) if tag != SEQUENCE => return Err(malformed(Malformed)),
                Some((.., end)) if end > MAX_MESSAGE => {
                    return Err(io::Error::other("the server's answer is too long"));
                }
                Some((_, begin, end)) if end <= self.read.len() => break (begin, end),
                _ => {}
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let (number, answer) = read(&self.read[begin..end]).map_err(malformed)?;
        self.read.advance(end);
        match answer {
            Answer::Done(outcome) if is_farewell(number) => {
                Err(io::Error::other(format!("the server ends the connection: {outcome}")))
            }
            answer if number == self.number => Ok(answer),
            _ => Err(io::Error::other("the server answers what was not asked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::bind;
    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
    }

    /// What becomes of a bind whose answer is `answer`, and then the end.
    fn answered(answer: &[u8]) -> Result<u32, String> {
        run(async {
            let (ours, mut theirs) = tokio::io::duplex(1 << 20);
            theirs.write_all(answer).await.expect("room");
            theirs.shutdown().await.expect("shut");
            let mut connection = Connection::over(ours);
            let asked = connection.ask(|number| bind(number, "cn=a", "b")).await;
            asked.map(|(_, outcome)| outcome.code).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn takes_the_answer_to_its_question_alone() {
        let result = |number| [0x30, 12, 2, 1, number, 0x61, 7, 0x0a, 1, 49, 4, 0, 4, 0];
        assert_eq!(answered(&result(1)), Ok(49));
        assert_eq!(answered(&result(2)), Err("the server answers what was not asked".into()));
        assert_eq!(answered(&result(0)), Err("the server ends the connection: result 49".into()));
    }

    #[test]
    fn answers_are_bounded() {
        assert_eq!(
            answered(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
            Err("the server's answer is too long".into())
        );
        assert_eq!(answered(b"HTTP/1.1 400 Bad Request\r\n"), Err("the server's answer is no LDAP".into()));
        let endless = [0x30, 5, 2, 1, 1, 0x73, 0].repeat(MAX_ANSWERS);
        assert_eq!(answered(&endless), Err("the answer has too many parts".into()));
        assert!(answered(&[0x30, 12, 2]).is_err_and(|error| error.contains("end of file")));
    }
}
