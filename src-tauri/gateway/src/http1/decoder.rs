//! A body coming out of what a connection has read, whatever its length is told by.

use bytes::BytesMut;

use super::chunked::{self, Piece};
use super::framing::Length;

/// What is still to come of a body.
#[derive(Debug)]
pub enum Decoder {
    /// This many bytes.
    Exactly(u64),
    /// Chunks.
    Chunked(chunked::Decoder),
    /// Everything until the connection closes.
    UntilClose,
}

impl Decoder {
    /// Of a body of which nothing has been read.
    pub fn new(length: Length) -> Self {
        match length {
            Length::Exactly(length) => Self::Exactly(length),
            Length::Chunked => Self::Chunked(chunked::Decoder::default()),
            Length::UntilClose => Self::UntilClose,
        }
    }

    /// True when the body has ended.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Exactly(left) => *left == 0,
            Self::Chunked(decoder) => decoder.is_done(),
            Self::UntilClose => false,
        }
    }

    /// How many bytes are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self {
            Self::Exactly(left) => Some(*left),
            Self::Chunked(decoder) if decoder.is_done() => Some(0),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// Takes the next part out of `input`; none when more must arrive, or the body has ended.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Piece>, &'static str> {
        match self {
            Self::Chunked(decoder) => decoder.next(input),
            _ if input.is_empty() => Ok(None),
            Self::UntilClose => Ok(Some(Piece::Data(input.split().freeze()))),
            Self::Exactly(0) => Ok(None),
            Self::Exactly(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= taken as u64;
                Ok(Some(Piece::Data(input.split_to(taken).freeze())))
            }
        }
    }

    /// The connection closed. True when that is how this body ends.
    pub fn ends_with_connection(&mut self) -> bool {
        let ends = matches!(self, Self::UntilClose);
        if ends {
            *self = Self::Exactly(0);
        }
        ends
    }
}
