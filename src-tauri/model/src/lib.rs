//! Gatepost's words as plain types, with their validation. No I/O.
//!
//! Every other crate speaks in these types: the store keeps them, the management API shows them, and the
//! control crate compiles them into the gateway's Plan.

mod api;
mod api_route;
mod balance;
mod call;
mod catalog;
mod certificate;
mod client;
mod duration;
mod fault;
mod health;
mod input;
mod listener;
mod moment;
mod policy;
mod rows;
mod spec;
mod upstream;
mod upstream_url;

pub use api::{Api, ApiId, BasePath, Host, Listen, Slug};
pub use api_route::{ApiRoute, HeaderRule, RoutePath, RouteRule, header_name};
pub use balance::{Balance, HashOn};
pub use call::{
    CallDetail, CallFacts, CallSink, Header, HeaderBlock, Note, NoteValue, Outcome, Phase, REDACTED,
    RecordedCall, TrailStep, is_secret_header,
};
pub use catalog::Catalog;
pub use certificate::{Certificate, CertificateId, CertificateKind, PrivateKey};
pub use client::{
    ClientApp, ClientAppId, Contract, ContractId, ContractState, Credential, CredentialId, PreviousSecret,
};
pub use duration::{Millis, parse_duration};
pub use fault::{Fault, Faults};
pub use health::{Ejection, HealthCheck, StatusRanges};
pub use input::{
    BalanceInput, CeilingsInput, EjectionInput, EjectionSettings, HeaderRuleInput, HealthInput, RetriesInput,
    RouteInput, StatusesInput, TargetInput, TimeoutsInput, UpstreamInput, UpstreamTlsInput, words,
};
pub use listener::{ClientCertificates, Listener, ListenerTls, TlsVersion};
pub use moment::parse_moment;
pub use policy::{AppliedPolicy, AppliedPolicyId, PathPattern, Scope};
pub use rows::{Row, Rows};
pub use spec::ApiSpec;
pub use upstream::{Ceilings, Retries, Target, Timeouts, Upstream, UpstreamProtocol, UpstreamTls};
pub use upstream_url::UpstreamUrl;
