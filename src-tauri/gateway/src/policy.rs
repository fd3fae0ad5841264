//! The frame of policies: what an operator writes (`PolicyConfig`), what runs (`Policy`), and the type-erased
//! `Kind` that the registry lists.
//!
//! A whole policy. It reads the request's body; `compile` gives faults for what cannot work; the trail says what decided.
//!
//! ```
//! use gatepost_gateway::{
//!     ActsOn, Category, Context, Env, Policy, PolicyConfig, Reads, Refusal, Reply, Request, Step, Verdict,
//! };
//! use gatepost_model::{Fault, Note};
//!
//! /// # No word
//! ///
//! /// Refuses requests with a certain word in their body.
//! ///
//! /// | Body | Answer |
//! /// |---|---|
//! /// | has the word | 400 |
//! /// | longer than 64 KiB | 413 |
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! pub struct NoWord {
//!     /// The word.
//!     word: String,
//! }
//!
//! impl PolicyConfig for NoWord {
//!     const NAME: &'static str = "no-word";
//!     const CATEGORY: Category = Category::Security;
//!     const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
//!     const EXAMPLE: &'static str = r#"{"word": "boo"}"#;
//!
//!     fn summary(&self) -> String {
//!         format!("no `{}` in requests", self.word)
//!     }
//!
//!     fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
//!         if self.word.is_empty() {
//!             return Err(vec![Fault::new("word", "must not be empty")]);
//!         }
//!         Ok(Box::new(Enforced { word: self.word.into_bytes() }))
//!     }
//! }
//!
//! struct Enforced {
//!     word: Vec<u8>,
//! }
//!
//! impl Policy for Enforced {
//!     fn reads(&self) -> Reads {
//!         Reads::request(64 * 1024)
//!     }
//!
//!     fn on_request<'a>(&'a self, request: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
//!         // None for a stream, which is never waited for.
//!         let Some(body) = request.body().bytes() else {
//!             return Verdict::Now(Ok(Step::passed(Note::new("not looked at"))));
//!         };
//!         let found = body.windows(self.word.len()).any(|part| part == self.word);
//!         Verdict::Now(if found {
//!             Err(Refusal::of_caller(Reply::bad_request("That word is not welcome"), Note::new("has the word")))
//!         } else {
//!             Ok(Step::passed(Note::new("{} bytes without the word").with(body.len() as u64)))
//!         })
//!     }
//! }
//! # let _ = NoWord::NAME;
//! ```
//!
//! What else there is:
//!
//! | To | there is |
//! |---|---|
//! | read a body whole | [`Policy::reads`], then `message.body().bytes()`; rules in [`Reads`]; why there is none: `cx.unread` |
//! | read only some bodies, by the request's head | [`Policy::reads_body_of`] |
//! | replace one | [`Message::replace_body`](crate::Message::replace_body), then [`Step::changed`] |
//! | look at one as it passes | [`Step::inspecting`] with an [`Inspector`] |
//! | refuse | [`Refusal::of_caller`] (a violation), [`Refusal::of_failure`] (500, 502, 503) |
//! | report, refusing nothing | [`Step::would_refuse`] |
//! | answer, refusing nothing | [`Refusal::of_answer`] (preflight, cached answer) |
//! | say more in an answer | [`Reply::member`](crate::Reply::member), [`Reply::header`](crate::Reply::header), [`Reply::of`](crate::Reply::of) |
//! | hide values in the record of the call | [`Context::mask_record`](crate::Context::mask_record) |
//! | say who calls | `cx.identity.client_app`, `.client_name`, `.client_id`, `.principal`, `.properties` |
//! | remember between calls | [`Env::state`] |
//! | know what the API says it is | [`Env::spec`] |
//! | remember from request half to response half | `cx.kept` |
//! | know the time | `cx.now` for limits, `cx.wall_us` for dates |
//! | call somebody | [`Env::outbound`], and [`Cached`](crate::Cached) for documents; the half answers [`Verdict::Later`] |
//! | take expressions | [`Expression::parse`](crate::Expression::parse); `parse_with_payload` and `reads_payload` where bodies are read |
//! | say what of a call it looks at that is never recorded, so that it can be tried on past calls | [`Policy::asks`], [`Unrecorded`] |
//! | stand before all others | [`PolicyConfig::PLACE`] |
//! | answer a document outside the base path | [`Policy::well_known`] |
//!
//! Shadow needs nothing of a policy: the chain runs it on copies and drops what it decides.

use std::any::Any;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use gatepost_model::{ApiId, AppliedPolicyId, Fault, Note, Outcome};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::inspect::Inspection;
use crate::{
    Checker, Context, Inspector, Outbound, Reads, Reply, Request, Response, StateStore, Unrecorded, Watch,
};

/// What an operator writes. Its JSON Schema draws the form, its doc comment is the help page: a `# Title` line, a
/// one-sentence summary, then the rest in Markdown.
pub trait PolicyConfig: JsonSchema + DeserializeOwned + 'static {
    /// Such as `rate-limiting`.
    const NAME: &'static str;
    /// Where the catalogue shows it.
    const CATEGORY: Category;
    /// Which halves it has.
    const ACTS_ON: ActsOn;
    /// Where in the order it may stand.
    const PLACE: Place = Place::InOrder;
    /// Whether nobody passes where the port asks callers for no certificates: the console warns of that.
    const NEEDS_CLIENT_CERTIFICATES: bool = false;
    /// A configuration that compiles, as JSON; shown in the catalogue and tested.
    const EXAMPLE: &'static str;

    /// One line that says what this configuration does, such as `60 calls per 1 min, counted per x-user header`.
    fn summary(&self) -> String;

    /// Runs once, on save. What it returns can no longer be invalid. Every fault at once, fields relative to the
    /// configuration.
    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>>;
}

/// What runs. Shared by all data-plane threads. A half that needs no waiting answers [`Verdict::Now`], which costs
/// no allocation.
pub trait Policy: Send + Sync {
    /// Which bodies it reads whole. Asked once, when its API is compiled; see [`Reads`].
    fn reads(&self) -> Reads {
        Reads::default()
    }

    /// Whether it reads the body of this request, judged by its head, such as its content type. Asked only of a policy
    /// that reads requests. A body that it does not read passes as it comes, unless another policy reads it.
    fn reads_body_of(&self, _request: &Request) -> bool {
        true
    }

    /// Which facts that are never recorded it may look at. Where that is more than it does look at, a preview says of
    /// more calls that it cannot tell; where it is less, it tells something wrong. By default nothing is known.
    fn asks(&self) -> Unrecorded {
        Unrecorded::ANYTHING
    }

    /// The name of a document below `/.well-known/` that it answers for the whole API. Callers put the name before the
    /// API's path (RFC 8615; RFC 9728, 3.1), so that such a request is this API's although its base path stands further
    /// back: for it the base path counts as `/`. It never goes to the upstream. None.
    fn well_known(&self) -> Option<&'static str> {
        None
    }

    /// Looks at the request, may change it, or refuses it.
    fn on_request<'a>(&'a self, _request: &'a mut Request, _cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(Step::passed(Note::default())))
    }

    /// Looks at the response, may change it, or puts another in its place. Called only where `on_request` ran.
    fn on_response<'a>(&'a self, _response: &'a mut Response, _cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(Step::passed(Note::default())))
    }
}

/// A policy's decision, now or later.
pub enum Verdict<'a> {
    /// Decided.
    Now(Decision),
    /// Something must be waited for.
    Later(Pin<Box<dyn Future<Output = Decision> + 'a>>),
}

/// Go on, or answer at once.
pub type Decision = Result<Step, Box<Refusal>>;

/// Go on: what was done, for the trail.
#[derive(Debug)]
pub struct Step {
    pub(crate) outcome: Outcome,
    pub(crate) note: Note,
    pub(crate) inspection: Option<Box<Inspection>>,
}

impl Step {
    /// Let pass, nothing changed.
    pub fn passed(note: Note) -> Self {
        Self { outcome: Outcome::Passed, note, inspection: None }
    }

    /// Let pass, something changed.
    pub fn changed(note: Note) -> Self {
        Self { outcome: Outcome::Changed, note, inspection: None }
    }

    /// A rule was broken, and the configuration says to report it and let it pass: for the trail the same as a refusal in
    /// shadow.
    pub fn would_refuse(note: Note) -> Self {
        Self { outcome: Outcome::WouldRefuse, note, inspection: None }
    }

    /// Looks at the body of the message as it passes. A body that is empty already is not looked at.
    #[must_use]
    pub fn inspecting(self, watch: Watch, inspector: impl Inspector + 'static) -> Self {
        let inspection = Inspection { inspector: Box::new(inspector), watch };
        Self { inspection: Some(Box::new(inspection)), ..self }
    }
}

/// Answer at once.
#[derive(Debug)]
pub struct Refusal {
    pub(crate) answer: Answer,
    pub(crate) outcome: Outcome,
    pub(crate) note: Note,
}

/// With what.
pub(crate) enum Answer {
    Reply(Reply),
    Whole(Box<Response>),
}

impl Answer {
    pub(crate) fn into_response(self, policy: &str, request_id: &str) -> Response {
        match self {
            Self::Reply(reply) => reply.into_response(policy, request_id),
            Self::Whole(response) => *response,
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reply(reply) => reply.fmt(f),
            Self::Whole(response) => response.status().fmt(f),
        }
    }
}

impl Refusal {
    /// The caller broke the policy's rule: a violation.
    pub fn of_caller(reply: Reply, note: Note) -> Box<Self> {
        Box::new(Self { answer: Answer::Reply(reply), outcome: Outcome::Refused, note })
    }

    /// The same with an answer of somebody else's, such as an authorization server's.
    pub fn of_caller_with(response: Response, note: Note) -> Box<Self> {
        Box::new(Self { answer: Answer::Whole(Box::new(response)), outcome: Outcome::Refused, note })
    }

    /// The policy could not do its work; nobody broke a rule.
    pub fn of_failure(reply: Reply, note: Note) -> Box<Self> {
        Box::new(Self { answer: Answer::Reply(reply), outcome: Outcome::Failed, note })
    }

    /// Not a refusal at all: the policy has the answer, such as a preflight's or a cached one.
    pub fn of_answer(response: Response, note: Note) -> Box<Self> {
        Box::new(Self { answer: Answer::Whole(Box::new(response)), outcome: Outcome::Answered, note })
    }
}

/// Where in the order a policy may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Before all others whatever the order says, and for the whole API: it takes no scope.
    First,
    /// The same, but behind those that are first: browsers can read what it answers.
    BehindFirst,
    /// Where the operator puts it.
    #[default]
    InOrder,
}

impl Place {
    /// True where the operator has no say in it.
    pub fn is_fixed(self) -> bool {
        self != Self::InOrder
    }
}

/// Which halves a policy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActsOn {
    /// It has a request half.
    pub request: bool,
    /// It has a response half.
    pub response: bool,
}

/// Where the catalogue shows a policy. The vendor's groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Who may call.
    Security,
    /// How much may be called.
    QualityOfService,
    /// What is changed on the way.
    Transformation,
    /// What rules from outside ask for: browsers, contracts, registrations.
    Compliance,
    /// What is seen of calls.
    Troubleshooting,
}

impl Category {
    /// As shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Security => "Security",
            Self::QualityOfService => "Quality of service",
            Self::Transformation => "Transformation",
            Self::Compliance => "Compliance",
            Self::Troubleshooting => "Troubleshooting",
        }
    }
}

/// What the gateway lends to `compile`.
pub struct Env<'a> {
    api: Option<ApiId>,
    applied: AppliedPolicyId,
    config: &'a str,
    states: &'a StateStore,
    outbound: Outbound,
    spec: Option<&'a str>,
}

impl<'a> Env<'a> {
    /// For one applied policy; `config` is its configuration as text and tells states of the same policy apart.
    pub fn new(applied: AppliedPolicyId, config: &'a str, states: &'a StateStore) -> Self {
        Self { api: None, applied, config, states, outbound: Outbound::network(), spec: None }
    }

    /// For the chain of this API: an automated policy, which is in the chains of all, remembers for each apart.
    #[must_use]
    pub fn in_chain_of(self, api: ApiId) -> Self {
        Self { api: Some(api), ..self }
    }

    /// Calls go by `outbound` instead of the network.
    #[must_use]
    pub fn calling_by(self, outbound: Outbound) -> Self {
        Self { outbound, ..self }
    }

    /// The API has this specification.
    #[must_use]
    pub fn described_by(self, spec: Option<&'a str>) -> Self {
        Self { spec, ..self }
    }

    /// The API's own OpenAPI document as it was given, sound when it was; none where it has none. A policy is compiled
    /// again when it changes.
    pub fn spec(&self) -> Option<&'a str> {
        self.spec
    }

    /// Makes calls. Nothing may be called while compiling: a check of a configuration compiles it too.
    pub fn outbound(&self) -> Outbound {
        self.outbound.clone()
    }

    /// What this policy remembers between requests. Survives every save that leaves its configuration alone.
    pub fn state<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.states.get_or_make((self.api, self.applied), self.config, make)
    }
}

/// A `PolicyConfig` with its type erased: what the registry lists.
pub struct Kind {
    /// Such as `rate-limiting`.
    pub name: &'static str,
    /// Where the catalogue shows it.
    pub category: Category,
    /// Which halves it has.
    pub acts_on: ActsOn,
    /// Where in the order it may stand.
    pub place: Place,
    /// Whether nobody passes where the port asks callers for no certificates.
    pub needs_client_certificates: bool,
    /// A configuration that compiles, as JSON.
    pub example: &'static str,
    schema: fn() -> Value,
    /// The schema, compiled when it is first needed.
    checker: OnceLock<Checker>,
    summary: fn(Value) -> Option<String>,
    compile: Compile,
}

type Compile = fn(Value, &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>>;

impl Kind {
    /// Erases a configuration type.
    pub const fn of<C: PolicyConfig>() -> Self {
        Self {
            name: C::NAME,
            category: C::CATEGORY,
            acts_on: C::ACTS_ON,
            place: C::PLACE,
            needs_client_certificates: C::NEEDS_CLIENT_CERTIFICATES,
            example: C::EXAMPLE,
            schema: || schemars::schema_for!(C).to_value(),
            checker: OnceLock::new(),
            summary: |config| serde_json::from_value::<C>(config).ok().map(|config| config.summary()),
            compile: |config, env| {
                let config: C = serde_json::from_value(config)
                    .map_err(|error| vec![Fault::new("", error.to_string())])?;
                config.compile(env)
            },
        }
    }

    fn checker(&self) -> &Checker {
        self.checker.get_or_init(|| Checker::of(self.schema()))
    }

    /// JSON pointers of the secrets that a configuration holds.
    pub fn secrets_in(&self, config: &Value) -> BTreeSet<String> {
        self.checker().secrets_in(config)
    }

    /// JSON Schema 2020-12 of the configuration, with title, description and help for every field.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// One line that says what a configuration does; none while it is faulty.
    pub fn summary(&self, config: &Value) -> Option<String> {
        (self.summary)(config.clone())
    }

    /// Compiles a configuration, or gives every fault: first those of its form, then those of its sense.
    pub fn compile(&self, config: &Value, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let faults = self.checker().faults(config);
        if !faults.is_empty() {
            return Err(faults);
        }
        (self.compile)(config.clone(), env)
    }
}
