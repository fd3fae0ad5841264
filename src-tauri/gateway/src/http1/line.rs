//! A caller's connection as its parts share it: the loop that serves it, and the body of the request being served.

use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::chunked::Piece;
use super::decoder::Decoder;
use super::framing::Length;
use super::io::Io;
use crate::BodyError;
use crate::deadline::Deadline;

/// The connection.
pub(crate) struct Line {
    io: RefCell<Io>,
    /// The body of the request being served.
    body: RefCell<Decoder>,
    /// Which request that is, so that a body that somebody kept never reads another request's.
    request: Cell<u64>,
    /// True while the caller waits for `100 Continue` before it sends its body.
    owes_continue: Cell<bool>,
    /// What the request being served waits for at most.
    pub(crate) deadline: Rc<Deadline>,
}

impl Line {
    /// Of a connection on which no request has been read.
    pub(crate) fn new(io: Io) -> Self {
        Self {
            io: RefCell::new(io),
            body: RefCell::new(Decoder::new(Length::Exactly(0))),
            request: Cell::new(0),
            owes_continue: Cell::new(false),
            deadline: Rc::default(),
        }
    }

    /// The connection's bytes, for as long as one poll.
    pub(crate) fn io(&self) -> RefMut<'_, Io> {
        self.io.borrow_mut()
    }

    /// The body of the request whose head has just been taken out of the input.
    pub(crate) fn begin_body(self: &Rc<Self>, length: Length, owes_continue: bool) -> LineBody {
        let request = self.request.get() + 1;
        self.request.set(request);
        self.body.replace(Decoder::new(length));
        self.owes_continue.set(owes_continue);
        LineBody { line: self.clone(), request }
    }

    /// True when the request's body has been read to its end.
    pub(crate) fn body_is_done(&self) -> bool {
        self.body.borrow().is_done()
    }

    /// How much of the request's body has not been read, where that is known.
    pub(crate) fn body_left(&self) -> Option<u64> {
        self.body.borrow().left()
    }

    /// True when the caller still waits to be told to go on. From now on it will not be.
    pub(crate) fn withdraw_continue(&self) -> bool {
        self.owes_continue.replace(false)
    }

    fn poll_piece(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Piece, BodyError>>> {
        let io = &mut *self.io.borrow_mut();
        let body = &mut *self.body.borrow_mut();
        loop {
            match body.next(&mut io.input) {
                Ok(Some(piece)) => {
                    // A caller that sends already need not be told to (RFC 9110, 10.1.1).
                    self.owes_continue.set(false);
                    return Poll::Ready(Some(Ok(piece)));
                }
                Ok(None) if body.is_done() => return Poll::Ready(None),
                Ok(None) => {}
                Err(words) => return Poll::Ready(Some(Err(words.into()))),
            }
            if self.owes_continue.replace(false) {
                io.output().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            if io.owes()
                && let Poll::Ready(Err(error)) = io.poll_flush(cx)
            {
                return Poll::Ready(Some(Err(error.into())));
            }
            match ready!(io.poll_fill(cx)) {
                Ok(0) => return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }

    /// Reads what is left of the request's body and throws it away. Ready with false when that is more than `most`
    /// bytes, or breaks off.
    pub(crate) fn poll_discard(&self, most: &mut u64, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            match ready!(self.poll_piece(cx)) {
                None => return Poll::Ready(true),
                Some(Ok(Piece::Trailers(_))) => {}
                Some(Ok(Piece::Data(data))) => match most.checked_sub(data.len() as u64) {
                    Some(left) => *most = left,
                    None => return Poll::Ready(false),
                },
                Some(Err(_)) => return Poll::Ready(false),
            }
        }
    }
}

/// The body of one request, read as it is asked for.
pub(crate) struct LineBody {
    line: Rc<Line>,
    request: u64,
}

impl LineBody {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.request != self.line.request.get() {
            return Poll::Ready(Some(Err("the request that this body belongs to is over".into())));
        }
        self.line.poll_piece(cx).map_ok(|piece| match piece {
            Piece::Data(data) => Frame::data(data),
            Piece::Trailers(trailers) => Frame::trailers(trailers),
        })
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.request == self.line.request.get() && self.line.body_is_done()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.line.body_left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
