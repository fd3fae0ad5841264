//! A transport with what has been read and is not used yet, and what is to be written and has not gone yet.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};

use super::buffers::{BUFFER, Buffers};
use crate::transport::Transport;
use crate::watch::Watch;

/// Most bytes read at once from a sender that has many.
const MOST_READ: usize = 64 * 1_024;

/// Most bytes of a body that are copied behind the head to go in one plain write; more are worth a vectored one.
const MOST_JOINED: usize = 8 * 1_024;

/// Most bytes kept of what a caller sends while its request is being answered.
const MOST_AHEAD: usize = 16 * 1_024;

/// One connection's bytes.
pub(crate) struct Io {
    transport: Transport,
    /// Read, not used yet.
    pub(crate) input: BytesMut,
    /// How many bytes to make room for before reading.
    room: usize,
    /// To be written first, from `gone` on.
    output: Vec<u8>,
    gone: usize,
    /// To be written behind `output`, with `tail` behind it.
    large: Bytes,
    tail: &'static [u8],
    /// True once what is to be written has let others go first.
    had_turn: bool,
    /// Bytes written so far.
    pub(crate) written: u64,
    buffers: Rc<Buffers>,
    /// Told when the other side stops taking what is written.
    watch: Option<Rc<Watch>>,
}

impl Io {
    /// With nothing read or written yet. `watch` is the caller's, on its side of the gateway.
    pub(crate) fn new(transport: Transport, buffers: &Rc<Buffers>, watch: Option<Rc<Watch>>) -> Self {
        Self {
            transport,
            input: BytesMut::new(),
            room: BUFFER,
            output: Vec::new(),
            gone: 0,
            large: Bytes::new(),
            tail: &[],
            had_turn: false,
            written: 0,
            buffers: buffers.clone(),
            watch,
        }
    }

    /// Reads more into `input`; 0 is the end. Holds no buffer while there is nothing to read.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.transport.poll_readable(cx))?;
        if self.input.is_empty() && !self.input.try_reclaim(self.room) {
            self.input =
                if self.room == BUFFER { self.buffers.input() } else { BytesMut::with_capacity(self.room) };
        } else if self.input.capacity() - self.input.len() < self.room / 2 {
            self.input.reserve(self.room);
        }
        let space = self.input.capacity() - self.input.len();
        let polled = pin!(self.transport.read_buf(&mut self.input)).poll(cx);
        match &polled {
            // Who fills the room has more.
            Poll::Ready(Ok(read)) if *read == space => self.room = (self.room * 2).min(MOST_READ),
            Poll::Ready(Ok(read)) if *read < BUFFER / 2 => self.room = BUFFER,
            Poll::Ready(_) => {}
            Poll::Pending => self.release(),
        }
        polled
    }

    /// True when the other side has left, or ended its half, which is taken for leaving. Meanwhile keeps what it sends
    /// ahead, up to a bound.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> bool {
        while self.input.len() < MOST_AHEAD {
            match self.poll_fill(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0) | Err(_)) => return true,
                Poll::Ready(Ok(_)) => {}
            }
        }
        false
    }

    /// Lets go of the input buffer if nothing is in it.
    pub(crate) fn release(&mut self) {
        if self.input.is_empty() && self.input.capacity() > 0 {
            self.buffers.take_input(std::mem::take(&mut self.input));
        }
    }

    /// Where to put small things that are to be written. Only once nothing large waits any more.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.large.is_empty() && self.tail.is_empty());
        if self.output.capacity() == 0 {
            self.output = self.buffers.output();
        }
        &mut self.output
    }

    /// Puts `data` behind what is to be written, and `tail` behind that.
    pub(crate) fn queue(&mut self, data: Bytes, tail: &'static [u8]) {
        let output = self.output();
        if output.len() + data.len() <= MOST_JOINED {
            output.extend_from_slice(&data);
            output.extend_from_slice(tail);
        } else {
            self.large = data;
            self.tail = tail;
        }
    }

    /// True when what waits must be written before anything is added.
    pub(crate) fn is_full(&self) -> bool {
        !self.large.is_empty() || !self.tail.is_empty() || self.output.len() >= MOST_JOINED
    }

    /// Forgets what waits to be written: the other side takes nothing any more.
    pub(crate) fn give_up_writing(&mut self) {
        self.output.clear();
        self.gone = 0;
        self.had_turn = false;
        self.large = Bytes::new();
        self.tail = &[];
    }

    /// True while something waits to be written.
    pub(crate) fn owes(&self) -> bool {
        self.gone < self.output.len() || !self.large.is_empty() || !self.tail.is_empty()
    }

    /// Writes until nothing waits. What is small waits until every task that is ready now has run: messages that then
    /// leave together wake those who wait for them once, and not once each.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.owes() {
            return Poll::Ready(Ok(()));
        }
        if self.large.is_empty() && !std::mem::replace(&mut self.had_turn, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.owes() {
            match self.poll_write(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    self.advance(written);
                    self.written += written as u64;
                    if let Some(watch) = &self.watch {
                        watch.took();
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if let Some(watch) = &self.watch {
                        watch.takes_nothing();
                    }
                    return Poll::Pending;
                }
            }
        }
        self.gone = 0;
        self.had_turn = false;
        self.buffers.take_output(std::mem::take(&mut self.output));
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let small = &self.output[self.gone..];
        let transport = Pin::new(&mut self.transport);
        if self.large.is_empty() && self.tail.is_empty() {
            transport.poll_write(cx, small)
        } else {
            let pieces = [small, &self.large, self.tail].map(IoSlice::new);
            transport.poll_write_vectored(cx, &pieces)
        }
    }

    fn advance(&mut self, written: usize) {
        let small = written.min(self.output.len() - self.gone);
        self.gone += small;
        let large = (written - small).min(self.large.len());
        if large == self.large.len() {
            self.large = Bytes::new();
        } else {
            self.large.advance(large);
        }
        self.tail = self.tail.get(written - small - large..).unwrap_or_default();
    }

    /// Tells the other side that nothing more will be written.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
