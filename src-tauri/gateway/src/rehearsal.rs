//! Runs a policy over calls that are over, to tell what it would have done with them. Nothing is enforced, nobody is
//! called, and what it remembers is its own.
//!
//! A record does not hold everything: no bodies, no secrets, no certificates. Where a decision may hang on those, the
//! answer is [`Rehearsed::CannotTell`] and not a guess. A policy that looks at secrets runs twice side by side, with
//! wrong ones and with none: what both let pass does not hang on them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gatepost_model::{ApiId, AppliedPolicyId, Fault, Outcome, Scope};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::past_call::Secrets;
use crate::policy::{Decision, Refusal, Step, Verdict};
use crate::{
    Body, Context, Env, Kind, Link, Outbound, OutboundError, PastCall, Plan, Request, Response, Route,
    StateStore, Unrecorded,
};

/// One policy, and calls one after the other.
pub struct Rehearsal {
    with_wrong_secrets: Link,
    without_secrets: Link,
    name: &'static str,
    plan: Arc<Plan>,
    api: ApiId,
    base_path_len: usize,
    /// When the first call came, epoch microseconds.
    begun_us: Option<i64>,
    /// How far its clock has come.
    now: Duration,
}

/// What the policy would have done with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rehearsed {
    /// It is not for this call, by its scope.
    OutOfScope,
    /// Let pass as it is, for this reason.
    Passed(String),
    /// Let pass, changed like this.
    Changed {
        /// Why.
        why: String,
        /// What: one line each.
        what: Vec<String>,
    },
    /// Refused.
    Refused {
        /// Such as 429.
        status: StatusCode,
        /// Why.
        why: String,
    },
    /// Answered itself, as it is meant to: a preflight, a cached answer.
    Answered {
        /// Such as 200.
        status: StatusCode,
        /// Why.
        why: String,
    },
    /// Could not do its work; the call would have been answered with an error.
    Failed {
        /// Such as 500.
        status: StatusCode,
        /// Why.
        why: String,
    },
    /// It hangs on something that is not known any more.
    CannotTell(String),
}

impl Rehearsal {
    /// Compiles the policy for an API of the Plan in force, or gives every fault of its configuration and scope.
    pub fn new(
        kind: &'static Kind,
        config: &Value,
        only: &[Scope],
        plan: Arc<Plan>,
        route: &Route,
    ) -> Result<Self, Vec<Fault>> {
        let link = || -> Result<Link, Vec<Fault>> {
            let (states, text) = (StateStore::new(), config.to_string());
            let nobody =
                Outbound::fake(|_| Err(OutboundError::Failed("nobody is called to try a policy".into())));
            let env = Env::new(AppliedPolicyId(0), &text, &states).calling_by(nobody);
            let policy = kind.compile(config, &env)?;
            Link::new(AppliedPolicyId(0), kind.name, kind.acts_on, only, Some(policy))
                .map_err(|words| vec![Fault::new("only", words)])
        };
        Ok(Self {
            with_wrong_secrets: link()?,
            without_secrets: link()?,
            name: kind.name,
            plan,
            api: route.api,
            base_path_len: route.base_path_len(),
            begun_us: None,
            now: Duration::ZERO,
        })
    }

    /// Says that automated policies stand in its place, for the requests that one of `by` matches; all when it is empty.
    pub fn replaced_on(self, by: &[Scope]) -> Result<Self, Vec<Fault>> {
        let replaced = |link: Link| link.replaced_on(by).map_err(|words| vec![Fault::new("only", words)]);
        let (with_wrong_secrets, without_secrets) =
            (replaced(self.with_wrong_secrets)?, replaced(self.without_secrets)?);
        Ok(Self { with_wrong_secrets, without_secrets, ..self })
    }

    /// What it would have done with the next call; calls come in the order in which they came.
    pub fn next(&mut self, call: &PastCall) -> Rehearsed {
        let since = call.at_us.saturating_sub(*self.begun_us.get_or_insert(call.at_us));
        self.now = self.now.max(Duration::from_micros(since.try_into().unwrap_or_default()));
        let with = self.run(&self.with_wrong_secrets, call, Secrets::Wrong);
        // Both see every call, so that both count the same.
        let without = self.run(&self.without_secrets, call, Secrets::Missing);
        if !call.has_secrets() || !self.with_wrong_secrets.asks().secrets || with == Rehearsed::OutOfScope {
            return with;
        }
        match (&with, &without) {
            (Rehearsed::Passed(_), Rehearsed::Passed(_)) | (Rehearsed::CannotTell(_), _) => with,
            (Rehearsed::Changed { .. }, Rehearsed::Changed { .. }) => with,
            _ => {
                let names = call.names_of_secrets().join(", ");
                Rehearsed::CannotTell(format!("it may hang on {names}, of which no value is recorded"))
            }
        }
    }

    fn run(&self, link: &Link, call: &PastCall, secrets: Secrets) -> Rehearsed {
        let Some(mut request) = call.request(secrets) else {
            return Rehearsed::CannotTell("its request cannot be put together from the record".into());
        };
        let mut cx = self.context(call);
        let Ok(policy) = link.policy_for(&request, &cx) else { return Rehearsed::OutOfScope };
        if let Some(why) = not_known(link.asks(), call) {
            return Rehearsed::CannotTell(why.into());
        }
        let (acts_on, reads) = (link.acts_on(), link.reads());
        let mut so_far = Rehearsed::Passed(String::new());
        if acts_on.request {
            if reads.request.is_some() && call.bytes > 0 && policy.reads_body_of(&request) {
                return Rehearsed::CannotTell("it reads the request's body, which is not recorded".into());
            }
            let before = request.headers().clone();
            let decided = now(policy.on_request(&mut request, &mut cx));
            so_far =
                self.told(decided, call.bytes, "request", || changes_of_request(&before, &request, call));
        }
        let goes_on = matches!(so_far, Rehearsed::Passed(_) | Rehearsed::Changed { .. });
        if !acts_on.response || !goes_on {
            return so_far;
        }
        let Some(answer) = &call.answer else {
            return match acts_on.request {
                true => so_far,
                false => {
                    Rehearsed::CannotTell("it looks at answers of the upstream, which was not called".into())
                }
            };
        };
        let Some(mut response) = answer.response() else {
            return Rehearsed::CannotTell("its answer cannot be put together from the record".into());
        };
        if reads.response.is_some() && answer.bytes > 0 {
            return Rehearsed::CannotTell("it reads the answer's body, which is not recorded".into());
        }
        let before = (response.status(), response.headers().clone());
        let decided = now(policy.on_response(&mut response, &mut cx));
        let then = self.told(decided, answer.bytes, "answer", || changes_of_response(&before, &response));
        both(so_far, then)
    }

    fn context(&self, call: &PastCall) -> Context {
        let (now, base_path_len) = (self.now, self.base_path_len);
        Context { now, base_path_len, ..call.context(self.plan.clone(), self.api) }
    }

    /// What a decision about a message with a body of so many bytes comes to.
    fn told(
        &self,
        decided: Option<Decision>,
        bytes: u64,
        message: &str,
        what: impl FnOnce() -> Vec<String>,
    ) -> Rehearsed {
        match decided {
            None => Rehearsed::CannotTell("it asks another server, or waits, which is not done here".into()),
            Some(Ok(Step { inspection: Some(_), .. })) if bytes > 0 => {
                Rehearsed::CannotTell(format!("it looks at the {message}'s body, which is not recorded"))
            }
            Some(Ok(Step { outcome: Outcome::Changed, note, .. })) => {
                Rehearsed::Changed { why: note.to_string(), what: what() }
            }
            Some(Ok(step)) => Rehearsed::Passed(step.note.to_string()),
            Some(Err(refusal)) => {
                let Refusal { answer, outcome, note } = *refusal;
                let (status, why) = (answer.into_response(self.name, "").status(), note.to_string());
                match outcome {
                    Outcome::Answered => Rehearsed::Answered { status, why },
                    Outcome::Failed => Rehearsed::Failed { status, why },
                    _ => Rehearsed::Refused { status, why },
                }
            }
        }
    }
}

/// A decision that needs no waiting: what would be waited for is not begun.
fn now(verdict: Verdict<'_>) -> Option<Decision> {
    match verdict {
        Verdict::Now(decision) => Some(decision),
        Verdict::Later(_) => None,
    }
}

/// What the policy looks at and the record does not tell; secrets apart.
fn not_known(asks: Unrecorded, call: &PastCall) -> Option<&'static str> {
    let unknown = call.unknown;
    if asks.client && unknown.client {
        return Some("it may look at which client called, which is not recorded to the end");
    }
    if asks.claims && unknown.claims {
        return Some("it may look at the caller's claims or principal, which are not recorded");
    }
    if asks.changes && unknown.changes {
        return Some("it may look at what a policy before it changed in the request, which is not recorded");
    }
    (asks.certificate && unknown.certificate)
        .then_some("it may look at the caller's certificate, which is not recorded")
}

/// What both halves did.
fn both(request: Rehearsed, response: Rehearsed) -> Rehearsed {
    use Rehearsed::{Changed, Passed};
    let joined = |one: String, other: String| match (one.is_empty(), other.is_empty()) {
        (_, true) => one,
        (true, false) => other,
        (false, false) => format!("{one}; {other}"),
    };
    match (request, response) {
        (Passed(one), Passed(other)) => Passed(joined(one, other)),
        (Passed(one), Changed { why, what }) => Changed { why: joined(one, why), what },
        (Changed { why, what }, Passed(other)) => Changed { why: joined(why, other), what },
        (Changed { why, mut what }, Changed { why: other, what: more }) => {
            what.extend(more);
            Changed { why: joined(why, other), what }
        }
        (_, decided) => decided,
    }
}

fn changes_of_request(before: &HeaderMap, request: &Request, call: &PastCall) -> Vec<String> {
    let mut what = changes_of_headers("request", before, request.headers());
    if request.method().as_str() != call.method {
        what.push(format!("request: the method becomes {}", request.method()));
    }
    if request.uri().path() != call.target.split('?').next().unwrap_or_default() {
        what.push(format!("request: the path becomes {}", request.uri().path()));
    }
    if matches!(request.body(), Body::Read(_)) {
        what.push("request: another body".into());
    }
    what
}

fn changes_of_response((status, headers): &(StatusCode, HeaderMap), response: &Response) -> Vec<String> {
    let mut what = changes_of_headers("answer", headers, response.headers());
    if response.status() != *status {
        what.push(format!("answer: the status becomes {}", response.status().as_u16()));
    }
    if matches!(response.body(), Body::Read(_)) {
        what.push("answer: another body".into());
    }
    what
}

/// One line for each header that is new, gone, or another. Values stay out: they may be secrets.
fn changes_of_headers(message: &str, before: &HeaderMap, after: &HeaderMap) -> Vec<String> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).map(http::HeaderName::as_str).collect();
    let values = |headers: &HeaderMap, name: &str| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
    let changed = names.into_iter().filter_map(|name| {
        let (then, now) = (values(before, name), values(after, name));
        let verb = match (then.is_empty(), now.is_empty()) {
            _ if then == now => return None,
            (true, _) => "gets",
            (_, true) => "loses",
            _ => "gets another",
        };
        Some(format!("{message}: {verb} {name}"))
    });
    changed.collect()
}
