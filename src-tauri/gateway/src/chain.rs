//! The policies of one API, automated ones first, in order: request halves top to bottom, response halves bottom to top.

use std::rc::Rc;
use std::time::Instant;

use gatepost_model::{AppliedPolicyId, Note, Outcome, Phase, Scope, TrailStep};
use http::Method;

use crate::inspect::{Inspected, Inspection, Late};
use crate::reading::{has_no_body, read};
use crate::{
    ActsOn, Body, BodyLimit, CompiledScope, Context, Decision, Message, Otherwise, Place, Policy, Reads,
    Refusal, Reply, Request, Response, Step, Unread, Unrecorded, Verdict,
};

/// Most policies an API may have of its own.
pub const MAX_POLICIES: usize = 64;
/// Most automated policies.
pub const MAX_AUTOMATED: usize = 32;

/// The policies that are for one API. Immutable: a save swaps in a new chain.
#[derive(Default)]
pub struct Chain(Vec<Link>);

/// One applied policy in its place.
pub struct Link {
    applied: AppliedPolicyId,
    name: &'static str,
    acts_on: ActsOn,
    place: Place,
    scope: CompiledScope,
    /// For which requests an automated policy stands in its place.
    replaced: Option<CompiledScope>,
    is_automated: bool,
    /// None when it is switched off.
    policy: Option<Box<dyn Policy>>,
    /// Decides and records, and lets pass.
    is_shadow: bool,
    reads: Reads,
}

impl Link {
    /// A policy that is on (`Some`) or off, for the requests that one of `only` matches; all when `only` is empty.
    pub fn new(
        applied: AppliedPolicyId,
        name: &'static str,
        acts_on: ActsOn,
        only: &[Scope],
        policy: Option<Box<dyn Policy>>,
    ) -> Result<Self, String> {
        let scope = CompiledScope::new(only)?;
        let reads = policy.as_deref().map(Policy::reads).unwrap_or_default();
        let place = Place::InOrder;
        let (replaced, is_automated, is_shadow) = (None, false, false);
        Ok(Self { applied, name, acts_on, place, scope, replaced, is_automated, policy, is_shadow, reads })
    }

    /// One for every API, as the trail says of it.
    #[must_use]
    pub fn automated(self) -> Self {
        Self { is_automated: true, ..self }
    }

    /// Says that automated policies stand in its place, for the requests that one of `only` matches; all when `only` is
    /// empty. It stays compiled, so that what it remembers is there when they go.
    pub fn replaced_on(self, only: &[Scope]) -> Result<Self, String> {
        Ok(Self { replaced: Some(CompiledScope::new(only)?), ..self })
    }

    /// Where it stands whatever the order says.
    #[must_use]
    pub fn placed(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Whether it is in shadow: it decides on copies and with its real state, what it decides is recorded, and nothing
    /// is enforced.
    #[must_use]
    pub fn in_shadow(self, is_shadow: bool) -> Self {
        Self { is_shadow, ..self }
    }

    /// Which facts that are never recorded it may look at.
    pub(crate) fn asks(&self) -> Unrecorded {
        self.policy.as_deref().map(Policy::asks).unwrap_or_default()
    }

    pub(crate) const fn acts_on(&self) -> ActsOn {
        self.acts_on
    }

    pub(crate) const fn reads(&self) -> Reads {
        self.reads
    }

    /// True for halves that need no body and are enforced.
    const fn is_plain(&self, reads: Option<BodyLimit>) -> bool {
        !self.is_shadow && reads.is_none()
    }

    /// The policy, when it is on and this request is in its scope; else why not.
    pub(crate) fn policy_for(&self, request: &Request, cx: &Context) -> Result<&dyn Policy, Note> {
        let policy = self.policy.as_deref().ok_or(const { Note::new("off") })?;
        let path = cx.path_below_base(request.uri().path());
        if self.scope.takes(request.method(), path).is_none() {
            return Err(const { Note::new("not for this method and path") });
        }
        if self.replaced.as_ref().is_some_and(|by| by.takes(request.method(), path).is_some()) {
            return Err(const { Note::new("an automated policy of its kind runs in its place") });
        }
        Ok(policy)
    }

    fn step(&self, phase: Phase, outcome: Outcome, note: Note, duration_ns: u32) -> TrailStep {
        let (applied, automated) = (Some(self.applied), self.is_automated);
        TrailStep { phase, policy: self.name, applied, automated, outcome, note, duration_ns }
    }
}

/// Which links' request halves ran: one bit each.
type Ran = u128;
const _: () = assert!(MAX_POLICIES + MAX_AUTOMATED <= Ran::BITS as usize);

impl Chain {
    /// Links in the order of enforcement, but for those whose place is first; at most [`MAX_POLICIES`] of its own and
    /// [`MAX_AUTOMATED`], more are a fault of the caller's validation.
    pub fn new(mut links: Vec<Link>) -> Self {
        debug_assert!(links.len() <= MAX_POLICIES + MAX_AUTOMATED);
        links.sort_by_key(|link| link.place);
        Self(links)
    }

    /// True when there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a policy in force answers this document below `/.well-known/`.
    pub(crate) fn answers_well_known(&self, name: &str) -> bool {
        let answers = |link: &Link| link.policy.as_ref().and_then(|policy| policy.well_known()) == Some(name);
        self.0.iter().any(|link| !link.is_shadow && answers(link))
    }

    /// Runs the request halves, then `send`, then the response halves of those whose request half ran, the one that
    /// refused included. Writes the trail.
    pub async fn run(
        &self,
        request: &mut Request,
        cx: &mut Context,
        send: impl AsyncFnOnce(&mut Request, &mut Context) -> Result<Response, Reply>,
    ) -> Response {
        let mut ran: Ran = 0;
        let is_head = *request.method() == Method::HEAD;
        let mut response = match self.ask(request, cx, &mut ran).await {
            Ok(()) => {
                let sent = send(request, cx).await;
                match (cx.refused_as_it_passed(), sent) {
                    (Some(refused), _) => refused,
                    (None, Ok(response)) => response,
                    (None, Err(reply)) => reply.into_response("", &cx.request_id),
                }
            }
            Err(response) => response,
        };
        if ran != 0 {
            self.answer(&mut response, cx, ran, is_head).await;
        }
        response
    }

    /// The request halves. `Err` is the answer of the policy that refused.
    async fn ask(&self, request: &mut Request, cx: &mut Context, ran: &mut Ran) -> Result<(), Response> {
        for (place, link) in self.0.iter().enumerate() {
            let policy = match link.policy_for(request, cx) {
                Ok(policy) => policy,
                Err(why) => {
                    cx.trail.push(link.step(Phase::Request, Outcome::Skipped, why, 0));
                    continue;
                }
            };
            *ran |= 1 << place;
            if !link.acts_on.request {
                continue;
            }
            let begun = Instant::now();
            let decision = if link.is_plain(link.reads.request) {
                decided(policy.on_request(request, cx)).await
            } else {
                Box::pin(link.ask_with_care(place, policy, request, cx)).await
            };
            let duration_ns = nanoseconds_since(begun);
            match decision {
                Ok(step) => link.go_on(step, Phase::Request, request, cx, duration_ns),
                Err(refusal) => {
                    let response = link.refuse(*refusal, Phase::Request, cx, duration_ns);
                    for later in &self.0[place + 1..] {
                        cx.trail.push(later.step(Phase::Request, Outcome::NotReached, Note::default(), 0));
                    }
                    return Err(response);
                }
            }
        }
        Ok(())
    }

    /// The response halves, bottom to top.
    async fn answer(&self, response: &mut Response, cx: &mut Context, ran: Ran, is_head: bool) {
        for (place, link) in self.0.iter().enumerate().rev() {
            let Some(policy) =
                link.policy.as_deref().filter(|_| ran & (1 << place) != 0 && link.acts_on.response)
            else {
                continue;
            };
            let begun = Instant::now();
            let decision = if link.is_plain(link.reads.response) {
                decided(policy.on_response(response, cx)).await
            } else {
                Box::pin(link.answer_with_care(place, policy, response, cx, is_head)).await
            };
            let duration_ns = nanoseconds_since(begun);
            match decision {
                Ok(step) => link.go_on(step, Phase::Response, response, cx, duration_ns),
                Err(refusal) => *response = link.refuse(*refusal, Phase::Response, cx, duration_ns),
            }
        }
    }
}

async fn decided(verdict: Verdict<'_>) -> Decision {
    match verdict {
        Verdict::Now(decision) => decision,
        Verdict::Later(decision) => decision.await,
    }
}

impl Link {
    fn go_on(
        &self,
        step: Step,
        phase: Phase,
        message: &mut impl Message,
        cx: &mut Context,
        duration_ns: u32,
    ) {
        if step.outcome == Outcome::WouldRefuse {
            cx.would_refuse_by.get_or_insert(self.name);
        }
        cx.trail.push(self.step(phase, step.outcome, step.note, duration_ns));
        if let Some(inspection) = step.inspection {
            self.inspect(message, *inspection, phase, cx);
        }
    }

    fn inspect(&self, message: &mut impl Message, inspection: Inspection, phase: Phase, cx: &mut Context) {
        let late = Rc::new(Late {
            applied: self.applied,
            policy: self.name,
            phase,
            is_automated: self.is_automated,
            is_shadow: self.is_shadow,
            refusal: std::cell::Cell::default(),
        });
        cx.unsettled.late.push(late.clone());
        let body = std::mem::take(message.content_mut());
        *message.content_mut() = Body::Inspected(Inspected::new(body, inspection, message.fields(), late));
    }

    fn refuse(&self, refusal: Refusal, phase: Phase, cx: &mut Context, duration_ns: u32) -> Response {
        if refusal.outcome == Outcome::Refused {
            cx.refused_by = Some(self.name);
        }
        cx.trail.push(self.step(phase, refusal.outcome, refusal.note, duration_ns));
        refusal.answer.into_response(self.name, &cx.request_id)
    }

    /// The request half of a policy that reads the body, or is in shadow.
    async fn ask_with_care(
        &self,
        place: usize,
        policy: &dyn Policy,
        request: &mut Request,
        cx: &mut Context,
    ) -> Decision {
        if let Some(limit) = self.reads.request.filter(|_| policy.reads_body_of(request)) {
            let unread = read(request, limit.bytes, Some(cx.body_idle)).await.err();
            if let Some(settled) = self.settle_unread(unread, limit, Phase::Request, cx) {
                return settled;
            }
        }
        if !self.is_shadow {
            return decided(policy.on_request(request, cx)).await;
        }
        let mut copy = copy_of_request(request);
        let (identity, kept) = (cx.identity.clone(), cx.kept.clone());
        let decision = decided(policy.on_request(&mut copy, cx)).await;
        cx.identity = identity;
        let left = std::mem::replace(&mut cx.kept, kept);
        cx.unsettled.shadows.push((place, left));
        Ok(only_noted(decision))
    }

    /// The response half, likewise.
    async fn answer_with_care(
        &self,
        place: usize,
        policy: &dyn Policy,
        response: &mut Response,
        cx: &mut Context,
        is_head: bool,
    ) -> Decision {
        if let Some(limit) = self.reads.response.filter(|_| !has_no_body(response, is_head)) {
            let unread = read(response, limit.bytes, None).await.err();
            if let Some(settled) = self.settle_unread(unread, limit, Phase::Response, cx) {
                return settled;
            }
        }
        if !self.is_shadow {
            return decided(policy.on_response(response, cx)).await;
        }
        let mut copy = copy_of_response(response);
        let left = cx.unsettled.shadows.iter_mut().find(|(of, _)| *of == place);
        let left = left.map(|(_, left)| std::mem::take(left)).unwrap_or_default();
        let (identity, kept) = (cx.identity.clone(), std::mem::replace(&mut cx.kept, left));
        let decision = decided(policy.on_response(&mut copy, cx)).await;
        cx.identity = identity;
        cx.kept = kept;
        Ok(only_noted(decision))
    }

    /// What follows from a body that could not be read; none where the half runs all the same.
    fn settle_unread(
        &self,
        unread: Option<Unread>,
        limit: BodyLimit,
        phase: Phase,
        cx: &mut Context,
    ) -> Option<Decision> {
        cx.unread = unread;
        let why = unread?;
        let note = Note::new("the body {}").with(why.as_str());
        let reply = if phase == Phase::Request { why.reply_to_request() } else { why.reply_to_response() };
        if why.is_end() {
            if phase == Phase::Response {
                cx.error.get_or_insert_with(|| "the upstream's answer broke off as it was read".into());
            } else if let Some(refused) = cx.refused_as_it_passed() {
                return Some(Err(Refusal::of_answer(refused, note)));
            }
            return Some(Err(Refusal::of_failure(reply, note)));
        }
        if why == Unread::Stream || limit.otherwise == Otherwise::PassUnread {
            let note = Note::new("runs without the body, which {}").with(why.as_str());
            cx.trail.push(self.step(phase, Outcome::Skipped, note, 0));
            return None;
        }
        let refusal = match phase {
            Phase::Request => Refusal::of_caller(reply, note),
            _ => Refusal::of_failure(reply, note),
        };
        Some(if self.is_shadow { Ok(only_noted(Err(refusal))) } else { Err(refusal) })
    }
}

/// What a policy in shadow decided, which has no consequence.
fn only_noted(decision: Decision) -> Step {
    match decision {
        Ok(Step { outcome: Outcome::Changed, note, inspection }) => {
            Step { outcome: Outcome::WouldChange, note, inspection }
        }
        Ok(step) => step,
        Err(refusal) => {
            let outcome = match refusal.outcome {
                Outcome::Answered => Outcome::WouldChange,
                _ => Outcome::WouldRefuse,
            };
            Step { outcome, note: refusal.note, inspection: None }
        }
    }
}

fn copy_of_request(request: &Request) -> Request {
    let mut copy = Request::new(request.body().for_shadow());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    copy
}

fn copy_of_response(response: &Response) -> Response {
    let mut copy = Response::new(response.body().for_shadow());
    *copy.status_mut() = response.status();
    *copy.version_mut() = response.version();
    copy.headers_mut().clone_from(response.headers());
    copy.extensions_mut().clone_from(response.extensions());
    copy
}

fn nanoseconds_since(begun: Instant) -> u32 {
    u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX)
}
