//! Gatepost's words as plain types, with their validation. No I/O.
//!
//! Every other crate speaks in these types: the store keeps them, the management API shows them, and the
//! control crate compiles them into the gateway's Plan.

mod api;
mod call;
mod catalog;
mod client;
mod duration;
mod fault;
mod policy;

pub use api::{Api, ApiId, BasePath, Host, Listen, Slug, Timeouts, Upstream, UpstreamUrl};
pub use call::{
    CallDetail, CallFacts, CallSink, Header, HeaderBlock, Note, NoteValue, Outcome, Phase, REDACTED,
    TrailStep,
};
pub use catalog::Catalog;
pub use client::{ClientApp, ClientAppId, Contract, ContractId, ContractState, Credential, CredentialId};
pub use duration::{Millis, parse_duration};
pub use fault::{Fault, Faults};
pub use policy::{AppliedPolicy, AppliedPolicyId, PathPattern, Scope};
