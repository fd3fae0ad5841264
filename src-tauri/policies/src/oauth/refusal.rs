//! Why a caller is not let in, and what it is answered (RFC 6750, 3).

use std::sync::Arc;

use gatepost_gateway::{Refusal, Reply};
use gatepost_model::Note;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use crate::bearer::challenge;
use crate::jwt::Flaw;

/// Why a caller is not let in.
#[derive(Debug)]
pub(crate) enum Problem {
    /// No token came.
    Absent,
    /// What came is no token.
    Malformed(&'static str, Note),
    /// The token is none that counts.
    Flawed(Flaw),
    /// The token has not this scope.
    Lacks(Box<str>),
    /// The token is of a client app without a contract.
    InvalidClient(Note),
    /// Nobody can say whether the token counts.
    Trouble(Trouble),
}

/// Why a server said nothing that counts; in words for the operator.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// It could not be asked.
    Unreachable(Arc<str>),
    /// Its answer is no answer.
    Unfit(Arc<str>),
}

impl Problem {
    /// The token is not active, or was never a token of this server's.
    pub(crate) fn inactive() -> Self {
        let note = const { Note::new("the authorization server says that the token is not active") };
        Self::Flawed(Flaw::new("The token is not active", note))
    }

    /// The answer. `scopes`: those that a token needs; `metadata`: where callers learn more (RFC 9728, 5.1).
    pub(crate) fn refusal(self, scopes: &str, metadata: Option<&str>) -> Box<Refusal> {
        const LACKS: &str = "The token has not the scopes that this needs";
        let metadata = metadata.map(|address| ("resource_metadata", address));
        let more = |scopes: Option<_>| -> Vec<_> { scopes.into_iter().chain(metadata).collect() };
        match self {
            // Without an error: those who did not try did nothing wrong (RFC 6750, 3.1).
            Self::Absent => {
                let challenge = metadata
                    .map_or("Bearer".to_owned(), |(name, value)| format!("Bearer {name}=\"{value}\""));
                let reply = Reply::unauthorized("The access token is not present", challenge);
                Refusal::of_caller(reply, const { Note::new("no token") })
            }
            Self::Malformed(words, note) => {
                let challenge = challenge("invalid_request", words, &more(None));
                Refusal::of_caller(challenging(Reply::bad_request(words), challenge), note)
            }
            Self::Flawed(flaw) => {
                let challenge = challenge("invalid_token", flaw.words, &more(None));
                Refusal::of_caller(Reply::unauthorized(flaw.words, challenge), flaw.note)
            }
            Self::Lacks(missing) => {
                let challenge = challenge("insufficient_scope", LACKS, &more(Some(("scope", scopes))));
                let note = Note::new("the token has no scope {}").with(&*missing);
                Refusal::of_caller(challenging(Reply::forbidden(LACKS), challenge), note)
            }
            // The vendor's words.
            Self::InvalidClient(note) => Refusal::of_caller(Reply::forbidden("Invalid Client"), note),
            Self::Trouble(Trouble::Unreachable(why)) => Refusal::of_failure(
                Reply::unavailable("Tokens cannot be checked now"),
                Note::new("the authorization server cannot be asked: {}").with(why),
            ),
            Self::Trouble(Trouble::Unfit(why)) => Refusal::of_failure(
                Reply::failed("The authorization server gave no answer that can be used"),
                Note::new("the authorization server is of no help: {}").with(why),
            ),
        }
    }
}

impl From<Flaw> for Problem {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}

fn challenging(reply: Reply, challenge: String) -> Reply {
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => reply.header(WWW_AUTHENTICATE, challenge),
        Err(_) => reply,
    }
}
