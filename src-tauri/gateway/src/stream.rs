//! A transport as hyper wants it: begins with the bytes that were read already, notes when a caller stops taking what
//! is for it, and hands a head and a short body to the system in one plain write, since a vectored one costs more.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;

use crate::caller::Caller;
use crate::transport::Transport;
use crate::watch::Watch;
use crate::worker::Worker;

/// Most bytes that are copied together; more are worth a vectored write.
const MAX_JOINED: usize = 8 * 1_024;

/// Where small writes are put together; one serves all streams of a thread.
pub(crate) type Joiner = Rc<RefCell<Vec<u8>>>;

/// The stream.
pub(crate) struct Stream {
    transport: TokioIo<Transport>,
    /// Read already, to be read again.
    first: BytesMut,
    joiner: Joiner,
    watch: Option<Rc<Watch>>,
}

impl Stream {
    /// Of a caller's connection, of which `first` has been read already.
    pub(crate) fn of_caller(transport: Transport, first: BytesMut, worker: &Worker, caller: &Caller) -> Self {
        let watch = Some(caller.watch.clone());
        Self { transport: TokioIo::new(transport), first, joiner: worker.joiner.clone(), watch }
    }

    /// Of a connection to an upstream.
    pub(crate) fn of_upstream(transport: Transport, worker: &Worker) -> Self {
        let joiner = worker.joiner.clone();
        Self { transport: TokioIo::new(transport), first: BytesMut::new(), joiner, watch: None }
    }

    fn noting_stalls<T>(&self, polled: Poll<T>) -> Poll<T> {
        match &self.watch {
            Some(watch) => watch.noting_stalls(polled),
            None => polled,
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let taken = buffer.remaining().min(self.first.len());
            buffer.put_slice(&self.first[..taken]);
            self.first.advance(taken);
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.transport).poll_read(cx, buffer);
        if let (true, Some(watch)) = (polled.is_ready(), &self.watch) {
            watch.reading();
        }
        polled
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.transport).poll_write(cx, bytes);
        self.noting_stalls(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { transport, joiner, .. } = &mut *self;
        let transport = Pin::new(transport);
        let polled = if let [piece] = pieces {
            transport.poll_write(cx, piece)
        } else if pieces.iter().map(|piece| piece.len()).sum::<usize>() > MAX_JOINED {
            transport.poll_write_vectored(cx, pieces)
        } else {
            let mut joined = joiner.borrow_mut();
            joined.clear();
            for piece in pieces {
                joined.extend_from_slice(piece);
            }
            transport.poll_write(cx, &joined)
        };
        self.noting_stalls(polled)
    }
}
