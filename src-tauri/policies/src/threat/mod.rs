//! What the checkers of bodies share: which bodies they look at, and limits that may be absent.

mod types;

use bytes::Bytes;
use gatepost_gateway::{Reads, Refusal, Reply, Request, Unread};
use gatepost_model::Note;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::types::{MAX_TYPE, MAX_TYPES, Types, charset_of};

/// Most bytes of a body that an operator may have read: memory that one call can take.
pub(crate) const MAX_READ: u64 = 256 * 1_024 * 1_024;

/// What becomes of bodies of other content types.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum OtherTypes {
    /// They pass without a look.
    #[default]
    Pass,
    /// They are answered with 415.
    Refuse,
}

/// A limit as operators write it, where a negative one is none.
pub(crate) fn limit(written: i64) -> Option<u32> {
    u32::try_from(written).ok()
}

/// Which bodies a checker looks at, and how much of them.
pub(crate) struct Door {
    pub(crate) types: Types,
    pub(crate) others: OtherTypes,
    pub(crate) max_body_bytes: u64,
}

/// What stands behind the door.
pub(crate) enum Look<'a> {
    /// A body to check, inflated.
    At(&'a Bytes),
    /// Nothing to check, and why.
    Past(Note),
}

impl Door {
    /// For [`Policy::reads`](gatepost_gateway::Policy::reads).
    pub(crate) fn reads(&self) -> Reads {
        Reads::request(usize::try_from(self.max_body_bytes).unwrap_or(usize::MAX))
    }

    /// For [`Policy::reads_body_of`](gatepost_gateway::Policy::reads_body_of).
    pub(crate) fn looks_at(&self, request: &Request) -> bool {
        self.types.list_one_of(request.headers())
    }

    /// The body, where there is one to check; refuses one that must not pass unchecked.
    pub(crate) fn look<'a>(&self, request: &'a Request) -> Result<Look<'a>, Box<Refusal>> {
        let body = request.body().bytes();
        if body.is_some_and(Bytes::is_empty) {
            return Ok(Look::Past(const { Note::new("no body") }));
        }
        if self.looks_at(request) {
            // What says that it can be checked, and is a stream, is no way around.
            return body.map(Look::At).ok_or_else(|| {
                let note = Note::new("the body {}").with(Unread::Stream.as_str());
                Refusal::of_caller(Unread::Stream.reply_to_request(), note)
            });
        }
        match self.others {
            OtherTypes::Pass => Ok(Look::Past(const { Note::new("another content type, not looked at") })),
            OtherTypes::Refuse => {
                let words = "Bodies of this content type are not accepted";
                let reply = Reply::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, words);
                Err(Refusal::of_caller(reply, const { Note::new("the content type is not listed") }))
            }
        }
    }
}
