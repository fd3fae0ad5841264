//! The token that came with a request.

use gatepost_gateway::Request;
use gatepost_model::Note;

use super::Problem;
use crate::bearer::{Several, bearer_token};
use crate::jwt::MAX_TOKEN;

/// The access token of a request, in the form that RFC 6750, 2.1, gives them.
pub(crate) fn presented(request: &Request) -> Result<&str, Problem> {
    let token = match bearer_token(request) {
        Ok(token) => token.ok_or(Problem::Absent)?,
        Err(Several) => {
            let note = const { Note::new("several Authorization headers") };
            return Err(Problem::Malformed("There is more than one Authorization header", note));
        }
    };
    if token.len() > MAX_TOKEN {
        let note = Note::new("the token is longer than {} bytes").with(MAX_TOKEN as u64);
        return Err(Problem::Malformed("The token is too long", note));
    }
    if !is_token(token) {
        let note = const { Note::new("the token has characters that no token has") };
        return Err(Problem::Malformed("The token is malformed", note));
    }
    Ok(token)
}

/// `b64token` of RFC 6750, 2.1.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(is_known)
}
