//! The data plane: listener, route, policies, upstream, recorder. Knows nothing of SQLite, HTTP management or windows.
//!
//! The way of a request: `listener` accepts and reads, `plan` and `route` find the API, `chain` runs the request
//! halves of its policies, `upstream` sends and streams, `chain` runs the response halves, and the end of the
//! response body makes one call for the recorder.

mod accept;
mod accepting;
mod body;
mod cached;
mod caller;
mod chain;
mod checks;
mod clients;
mod clock;
mod connection;
mod context;
mod date;
mod deadline;
mod exchange;
mod expression;
mod farewell;
mod form;
mod gateway;
mod headers;
mod http1;
mod http2;
mod inflate;
mod inspect;
mod limits;
mod listener;
mod meter;
mod outbound;
mod past_call;
mod plan;
mod policy;
mod preview;
mod reading;
mod record;
mod record_mask;
mod records;
mod redact;
mod rehearsal;
mod reply;
mod request_id;
mod route;
mod rule;
mod schema;
mod scope;
mod secret;
mod shared_map;
mod state;
mod target;
mod tls;
mod transport;
mod unary;
mod unrecorded;
mod upstream;
mod watch;
mod worker;

pub use accepting::{SystemRefusal, Unaccepted};
pub use body::{Body, BodyError, CallerBody, ReadBody, Resumed};
pub use cached::{Cached, Fetching};
pub use chain::{Chain, Link, MAX_AUTOMATED, MAX_POLICIES};
pub use clients::{ClientDirectory, KnownClient, KnownCredential};
pub use context::{Context, Identity, Unsettled};
pub use expression::{Expression, ExpressionFault, MAX_EXPRESSION, Side, Subject};
pub use form::is_own_answer;
pub use gateway::Gateway;
pub use http2::RepeatedBody;
pub use inflate::is_compressed;
pub use inspect::{Inspected, Inspector, Watch};
pub use limits::Limits;
pub use listener::{ListenerState, Listening};
pub use outbound::{
    MAX_OUTBOUND, Outbound, OutboundAnswer, OutboundError, OutboundOptions, OutboundTrailers, OutboundTrust,
    Sending,
};
pub use past_call::{PastAnswer, PastCall};
pub use plan::{Enforcement, ListenerPlan, Plan, Route, RouteTls};
pub use policy::{
    ActsOn, Category, Decision, Env, Kind, Place, Policy, PolicyConfig, Refusal, Step, Verdict,
};
pub use preview::{Answer, Destination, Preview};
pub use reading::{BodyLimit, Message, Otherwise, Reads, Unread};
pub use record_mask::RecordMask;
pub use rehearsal::{Rehearsal, Rehearsed};
pub use reply::Reply;
pub use route::RouteTable;
pub use schema::{Checker, field_of};
pub use scope::{CompiledScope, Taken};
pub use secret::Secret;
pub(crate) use secret::secret_places;
pub use state::StateStore;
pub use tls::{
    CertificateFacts, ClientTls, DistinguishedName, Greeting, HandshakeFailures, IdentityFault, LastFailure,
    ServerTls, SubjectName, TlsFacts, TlsStore, Trust, check_identity, read_chain, read_key,
};
pub use unary::{Unary, UnaryAnswer, UnaryError};
pub use unrecorded::Unrecorded;
pub use upstream::{Health, LookUp, Names, TargetFailure, TargetState, UpstreamBody};

/// The parsers of what comes from outside, for fuzzing and property tests.
pub mod wire {
    pub use crate::http1::chunked::{Decoder as ChunkDecoder, Piece};
    pub use crate::http1::decoder::Decoder;
    pub use crate::http1::framing::{Length, of_request, of_response};
    pub use crate::http1::head::{HeadEnd, HeadLimits, parse_request, parse_response};
    pub use crate::http1::refused::Refused;
    pub use crate::target::settle;
}

pub use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A request on its way to the upstream.
pub type Request = http::Request<Body>;
/// An answer on its way to the caller.
pub type Response = http::Response<Body>;
