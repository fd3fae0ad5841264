//! What the checkers of bodies share: which bodies they look at, and limits that may be absent.

mod types;

use gatepost_gateway::{Refusal, Reply, Request, Unread};
use gatepost_model::Note;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::types::{MAX_TYPE, MAX_TYPES, Types, charset_of};

/// Most bytes of a body that an operator may have read: memory that one call can take.
pub(crate) const MAX_READ: u64 = 256 * 1_024 * 1_024;

/// What becomes of bodies of other content types.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
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

/// 415 for a body of a content type that is not listed.
pub(crate) fn refuse_type() -> Box<Refusal> {
    let reply = Reply::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Bodies of this content type are not accepted");
    Refusal::of_caller(reply, Note::new("the body's content type is not listed"))
}

/// 400 for a body that says it can be checked, and is a stream.
pub(crate) fn refuse_stream() -> Box<Refusal> {
    let note = Note::new("the body {}").with(Unread::Stream.as_str());
    Refusal::of_caller(Unread::Stream.reply_to_request(), note)
}

/// True for a request that is known to have no body.
pub(crate) fn has_no_body(request: &Request) -> bool {
    request.body().bytes().is_some_and(bytes::Bytes::is_empty)
}
