//! A TCP stream that hands a head and a short body to the system in one plain write: a vectored one costs more.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Most bytes that are copied together; more are worth a vectored write.
const MAX_JOINED: usize = 8 * 1_024;

/// Where small writes are put together; one serves all streams of a thread.
pub(crate) type Joiner = Rc<RefCell<Vec<u8>>>;

/// The stream.
pub(crate) struct Stream {
    tcp: TokioIo<TcpStream>,
    joiner: Joiner,
}

impl Stream {
    /// Takes a connected stream over.
    pub(crate) fn new(tcp: TcpStream, joiner: &Joiner) -> Self {
        Self { tcp: TokioIo::new(tcp), joiner: joiner.clone() }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { tcp, joiner } = &mut *self;
        let tcp = Pin::new(tcp);
        if let [piece] = pieces {
            return tcp.poll_write(cx, piece);
        }
        if pieces.iter().map(|piece| piece.len()).sum::<usize>() > MAX_JOINED {
            return tcp.poll_write_vectored(cx, pieces);
        }
        let mut joined = joiner.borrow_mut();
        joined.clear();
        for piece in pieces {
            joined.extend_from_slice(piece);
        }
        tcp.poll_write(cx, &joined)
    }
}
