//! Masking of bodies.

use std::sync::Arc;

use gatepost_gateway::{Message, Refusal, Reply};
use gatepost_model::Note;
use http::StatusCode;

use super::rule::Rule;
use crate::masking::{Format, Trouble, rewrite};

/// A body that is not what its media type says, and why.
pub(super) struct Unmasked(String);

impl Unmasked {
    pub(super) fn of_request(self) -> Box<Refusal> {
        let reply = Reply::bad_request("The body is not what its content type says");
        Refusal::of_caller(reply, self.note())
    }

    pub(super) fn of_response(self) -> Box<Refusal> {
        let reply = Reply::of(StatusCode::BAD_GATEWAY, "The answer could not be masked");
        Refusal::of_failure(reply, self.note())
    }

    fn note(&self) -> Note {
        Note::new("the body cannot be masked: {}").with(self.0.as_str())
    }
}

/// Masks the values of the body; gives how many. A body without values that can be told apart stays.
pub(super) fn mask(message: &mut impl Message, rules: &[Arc<Rule>]) -> Result<usize, Unmasked> {
    let Some(format) = Format::of(&message.media_type()) else { return Ok(0) };
    let Some(body) = message.content().bytes().filter(|body| !body.is_empty()) else { return Ok(0) };
    let done = rewrite(format, body, rules).map_err(|trouble| match trouble {
        Trouble::Malformed(why) | Trouble::Refused(why) => Unmasked(why),
    })?;
    if let Some(body) = done.body {
        message.replace_body(body.into());
    }
    Ok(done.changed)
}
