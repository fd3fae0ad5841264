//! The frame of policies: what an operator writes (`PolicyConfig`), what runs (`Policy`), and the type-erased
//! `Kind` that the registry lists.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use gatepost_model::{AppliedPolicyId, Fault, Note, Outcome};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Checker, Context, Reply, Request, Response, StateStore};

/// What an operator writes. Its JSON Schema draws the form, its doc comment is the help page: a `# Title` line, a
/// one-sentence summary, then the rest in Markdown.
pub trait PolicyConfig: JsonSchema + DeserializeOwned + 'static {
    /// Such as `rate-limiting`.
    const NAME: &'static str;
    /// Where the catalogue shows it.
    const CATEGORY: Category;
    /// Which halves it has.
    const ACTS_ON: ActsOn;
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
}

impl Step {
    /// Let pass, nothing changed.
    pub fn passed(note: Note) -> Self {
        Self { outcome: Outcome::Passed, note }
    }

    /// Let pass, something changed.
    pub fn changed(note: Note) -> Self {
        Self { outcome: Outcome::Changed, note }
    }
}

/// Answer at once with `reply`.
#[derive(Debug)]
pub struct Refusal {
    pub(crate) reply: Reply,
    pub(crate) outcome: Outcome,
    pub(crate) note: Note,
}

impl Refusal {
    /// The caller broke the policy's rule: a violation.
    pub fn of_caller(reply: Reply, note: Note) -> Box<Self> {
        Box::new(Self { reply, outcome: Outcome::Refused, note })
    }

    /// The policy could not do its work; nobody broke a rule.
    pub fn of_failure(reply: Reply, note: Note) -> Box<Self> {
        Box::new(Self { reply, outcome: Outcome::Failed, note })
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
}

impl Category {
    /// As shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Security => "Security",
            Self::QualityOfService => "Quality of service",
            Self::Transformation => "Transformation",
        }
    }
}

/// What the gateway lends to `compile`.
pub struct Env<'a> {
    applied: AppliedPolicyId,
    config: &'a str,
    states: &'a StateStore,
}

impl<'a> Env<'a> {
    /// For one applied policy; `config` is its configuration as text and tells states of the same policy apart.
    pub fn new(applied: AppliedPolicyId, config: &'a str, states: &'a StateStore) -> Self {
        Self { applied, config, states }
    }

    /// What this policy remembers between requests. Survives every save that leaves its configuration alone.
    pub fn state<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.states.get_or_make(self.applied, self.config, make)
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
        let faults = self.checker.get_or_init(|| Checker::of(&self.schema())).faults(config);
        if !faults.is_empty() {
            return Err(faults);
        }
        (self.compile)(config.clone(), env)
    }
}
