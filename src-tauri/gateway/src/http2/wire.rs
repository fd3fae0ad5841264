//! The bytes under an HTTP/2 connection. What one turn of the connection writes goes out in one piece: `h2` asks for a
//! flush after every DATA frame, which would be a system call, and over TLS a record, for each.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::transport::Transport;
use crate::watch::Watch;

/// Most bytes put together before they are written; more wait until these are taken.
const MAX_TOGETHER: usize = 64 * 1_024;

/// Room that is kept for them while there is nothing to write.
const MAX_KEPT: usize = 16 * 1_024;

/// One connection's bytes; its clones are the same connection.
#[derive(Clone)]
pub(super) struct Wire(Rc<RefCell<Ends>>);

struct Ends {
    transport: Transport,
    /// Read already, to be read again.
    first: BytesMut,
    /// Written by `h2`, of which `sent` bytes went out.
    together: Vec<u8>,
    sent: usize,
    /// Given to TLS, which may still hold some.
    unflushed: bool,
    /// Of a caller's connection.
    watch: Option<Rc<Watch>>,
}

impl Wire {
    /// Of a connection, of which `first` has been read already.
    pub(super) fn new(transport: Transport, first: BytesMut, watch: Option<Rc<Watch>>) -> Self {
        let ends = Ends { transport, first, together: Vec::new(), sent: 0, unflushed: false, watch };
        Self(Rc::new(RefCell::new(ends)))
    }

    /// Takes one turn of the connection, then sends what it wrote.
    pub(super) fn turn<T, E: From<io::Error>>(
        &self,
        cx: &mut Context<'_>,
        turn: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, E>>,
    ) -> Poll<Result<T, E>> {
        let polled = turn(cx);
        match self.0.borrow_mut().poll_send(cx) {
            Poll::Ready(Err(error)) if polled.is_pending() => Poll::Ready(Err(error.into())),
            _ => polled,
        }
    }
}

impl Ends {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.poll_send_all(cx);
        match &self.watch {
            Some(watch) => watch.noting_stalls(polled),
            None => polled,
        }
    }

    fn poll_send_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let transport = &mut self.transport;
        while self.sent < self.together.len() {
            let sent = ready!(Pin::new(&mut *transport).poll_write(cx, &self.together[self.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(transport).poll_flush(cx))?;
            self.unflushed = false;
            self.sent = 0;
            self.together.clear();
            self.together.shrink_to(MAX_KEPT);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.0.borrow_mut();
        if ends.first.is_empty() {
            return Pin::new(&mut ends.transport).poll_read(cx, buffer);
        }
        let taken = buffer.remaining().min(ends.first.len());
        buffer.put_slice(&ends.first.split_to(taken));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.0.borrow_mut();
        if ends.together.len() >= MAX_TOGETHER {
            ready!(ends.poll_send(cx))?;
        }
        let mut taken = 0;
        for piece in pieces {
            let room = MAX_TOGETHER - ends.together.len();
            let some = &piece[..piece.len().min(room)];
            ends.together.extend_from_slice(some);
            taken += some.len();
        }
        Poll::Ready(Ok(taken))
    }

    /// Nothing yet: the turn's end sends everything.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.0.borrow_mut();
        ready!(ends.poll_send(cx))?;
        Pin::new(&mut ends.transport).poll_shutdown(cx)
    }
}
