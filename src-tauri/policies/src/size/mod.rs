//! What the two size limits share: what is counted, what is known before anything arrives, and counting as it passes.

use gatepost_gateway::{Inspector, Message, Refusal, Step, Unread, Watch, is_compressed};
use gatepost_model::Note;
use http_body::Body as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest limit: a tebibyte.
pub(crate) const MAX_LIMIT: u64 = 1 << 40;
/// The limit unless told otherwise: 10 MiB.
pub(crate) const DEFAULT_LIMIT: u64 = 10 * 1_024 * 1_024;

/// What is counted of a body.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Count {
    /// What it is once inflated, and what is sent: neither may be longer.
    #[default]
    Inflated,
    /// What is sent, compressed or not.
    Wire,
}

impl Count {
    /// After a number of bytes.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Inflated => "bytes, inflated",
            Self::Wire => "bytes as sent",
        }
    }
}

/// A limit in force.
#[derive(Clone, Copy)]
pub(crate) struct SizeLimit {
    pub(crate) most: u64,
    pub(crate) count: Count,
    /// How one side is refused.
    pub(crate) refuse: fn(Unread, Note) -> Box<Refusal>,
}

impl SizeLimit {
    /// Refuses by what is known already; counts what is not, as it passes.
    pub(crate) fn judge(self, message: &impl Message) -> Result<Step, Box<Refusal>> {
        let body = message.content();
        if body.is_end_stream() {
            return Ok(Step::passed(const { Note::new("no body") }));
        }
        let announced = body.size_hint();
        if announced.lower() > self.most {
            let note = Note::new("{} bytes, where {} are allowed").with(announced.lower()).with(self.most);
            return Err((self.refuse)(self.too_large(), note));
        }
        let is_compressed = self.count == Count::Inflated
            && is_compressed(message.fields()).map_err(|why| (self.refuse)(why, in_words(why)))?;
        let passed = |known: u64| Step::passed(Note::new("{} of {} bytes").with(known).with(self.most));
        if is_compressed {
            // Where another policy has read it, its length is known.
            if let Some(inflated) = body.bytes().map(|bytes| bytes.len() as u64) {
                return if inflated > self.most { Err(self.over()) } else { Ok(passed(inflated)) };
            }
        } else if let Some(exact) = announced.exact() {
            // The gateway takes no more than what was announced.
            return Ok(passed(exact));
        }
        let watch = if is_compressed { Watch::Inflated(self.most) } else { Watch::AsSent };
        let step = Step::passed(Note::new("at most {} bytes, counted as they pass").with(self.most));
        Ok(step.inspecting(watch, Counter { limit: self, left: self.most }))
    }

    fn too_large(self) -> Unread {
        Unread::TooLarge { limit: usize::try_from(self.most).unwrap_or(usize::MAX) }
    }

    fn over(self) -> Box<Refusal> {
        (self.refuse)(self.too_large(), Note::new("more than {} bytes").with(self.most))
    }
}

fn in_words(why: Unread) -> Note {
    Note::new("the body {}").with(why.as_str())
}

/// Counts a body as it passes.
struct Counter {
    limit: SizeLimit,
    left: u64,
}

impl Inspector for Counter {
    fn inspect(&mut self, piece: &[u8]) -> Result<(), Box<Refusal>> {
        self.left = self.left.checked_sub(piece.len() as u64).ok_or_else(|| self.limit.over())?;
        Ok(())
    }

    fn unreadable(&mut self, why: Unread) -> Result<(), Box<Refusal>> {
        Err(match why {
            Unread::TooLarge { .. } => self.limit.over(),
            _ => (self.limit.refuse)(why, in_words(why)),
        })
    }
}
