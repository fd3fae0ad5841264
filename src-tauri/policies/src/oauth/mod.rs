//! What the policies share that take OAuth 2.0 access tokens: scopes, introspection and its memory, who is let in, and
//! the metadata of protected resources.

mod admission;
mod callers;
mod introspection;
mod metadata;
mod refusal;
mod scopes;
mod token;
mod tokens;

pub(crate) use self::admission::{Admission, audiences};
pub(crate) use self::callers::presented;
pub(crate) use self::introspection::{Introspection, Keeping, authorization};
pub(crate) use self::metadata::{Own, WELL_KNOWN, answer_of, document_of, suffix_of};
pub(crate) use self::refusal::{Problem, Trouble};
pub(crate) use self::scopes::{ScopeValidationCriteria, Scopes, is_scope};
pub(crate) use self::token::Facts;
pub(crate) use self::tokens::{Answered, Outcome, Tokens};
