//! The buffers of one worker. A connection holds one only while something is in it, so that an idle one costs little.

use std::cell::RefCell;

use bytes::BytesMut;

/// Bytes in a fresh buffer: most heads with a short body fit.
pub(crate) const BUFFER: usize = 8 * 1_024;

/// Most buffers of each kind kept for the next connection that needs one.
const MOST_KEPT: usize = 64;

/// Buffers that nobody uses at the moment.
#[derive(Default)]
pub(crate) struct Buffers {
    input: RefCell<Vec<BytesMut>>,
    output: RefCell<Vec<Vec<u8>>>,
}

impl Buffers {
    /// An empty buffer to read into.
    pub(crate) fn input(&self) -> BytesMut {
        self.input.borrow_mut().pop().unwrap_or_else(|| BytesMut::with_capacity(BUFFER))
    }

    /// Takes back a buffer with nothing in it. One whose bytes somebody still uses, or that has grown, is let go.
    pub(crate) fn take_input(&self, mut buffer: BytesMut) {
        let mut kept = self.input.borrow_mut();
        if kept.len() < MOST_KEPT && buffer.try_reclaim(BUFFER) && buffer.capacity() < 2 * BUFFER {
            kept.push(buffer);
        }
    }

    /// An empty buffer to write from.
    pub(crate) fn output(&self) -> Vec<u8> {
        self.output.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(BUFFER))
    }

    /// Takes back a buffer to write from, whatever is in it.
    pub(crate) fn take_output(&self, mut buffer: Vec<u8>) {
        let mut kept = self.output.borrow_mut();
        if kept.len() < MOST_KEPT && (BUFFER..=2 * BUFFER).contains(&buffer.capacity()) {
            buffer.clear();
            kept.push(buffer);
        }
    }
}
