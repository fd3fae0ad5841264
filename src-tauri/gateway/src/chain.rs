//! The policies of one API, in order: request halves top to bottom, response halves bottom to top.

use std::time::Instant;

use gatepost_model::{AppliedPolicyId, Note, Outcome, PathPattern, Phase, Scope, TrailStep};

use crate::{ActsOn, Context, Policy, Refusal, Reply, Request, Response, Step, Verdict};

/// Most policies an API may have.
pub const MAX_POLICIES: usize = 64;

/// The policies of one API. Immutable: a save swaps in a new chain.
#[derive(Default)]
pub struct Chain(Vec<Link>);

/// One applied policy in its place.
pub struct Link {
    applied: AppliedPolicyId,
    name: &'static str,
    acts_on: ActsOn,
    scope: Vec<CompiledScope>,
    /// None when it is switched off.
    policy: Option<Box<dyn Policy>>,
}

struct CompiledScope {
    methods: Vec<String>,
    path: Option<PathPattern>,
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
        let scope = only.iter().map(|scope| {
            let path = scope.path.as_deref().map(PathPattern::parse).transpose()?;
            Ok(CompiledScope { methods: scope.methods.clone(), path })
        });
        Ok(Self { applied, name, acts_on, scope: scope.collect::<Result<_, String>>()?, policy })
    }

    /// The policy, when it is on and this request is in its scope; else why not.
    fn policy_for(&self, request: &Request, cx: &Context) -> Result<&dyn Policy, Note> {
        let policy = self.policy.as_deref().ok_or(const { Note::new("off") })?;
        let path = cx.path_below_base(request.uri().path());
        let in_scope = self.scope.is_empty()
            || self.scope.iter().any(|scope| {
                (scope.methods.is_empty()
                    || scope.methods.iter().any(|method| method == request.method().as_str()))
                    && scope.path.as_ref().is_none_or(|pattern| pattern.matches(path))
            });
        if in_scope { Ok(policy) } else { Err(Note::new("not for this method and path")) }
    }

    fn step(&self, phase: Phase, outcome: Outcome, note: Note, duration_ns: u32) -> TrailStep {
        TrailStep { phase, policy: self.name, applied: Some(self.applied), outcome, note, duration_ns }
    }
}

/// Which links' request halves ran: one bit each.
type Ran = u64;
const _: () = assert!(MAX_POLICIES <= Ran::BITS as usize);

impl Chain {
    /// Links in the order of enforcement; at most [`MAX_POLICIES`], more are a fault of the caller's validation.
    pub fn new(links: Vec<Link>) -> Self {
        debug_assert!(links.len() <= MAX_POLICIES);
        Self(links)
    }

    /// True when there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        let mut response = match self.ask(request, cx, &mut ran).await {
            Ok(()) => match send(request, cx).await {
                Ok(response) => response,
                Err(reply) => reply.into_response("", &cx.request_id),
            },
            Err(response) => response,
        };
        if ran != 0 {
            self.answer(&mut response, cx, ran).await;
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
            let decision = match policy.on_request(request, cx) {
                Verdict::Now(decision) => decision,
                Verdict::Later(decision) => decision.await,
            };
            let duration_ns = nanoseconds_since(begun);
            match decision {
                Ok(Step { outcome, note }) => {
                    cx.trail.push(link.step(Phase::Request, outcome, note, duration_ns));
                }
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
    async fn answer(&self, response: &mut Response, cx: &mut Context, ran: Ran) {
        for (place, link) in self.0.iter().enumerate().rev() {
            let Some(policy) =
                link.policy.as_deref().filter(|_| ran & (1 << place) != 0 && link.acts_on.response)
            else {
                continue;
            };
            let begun = Instant::now();
            let decision = match policy.on_response(response, cx) {
                Verdict::Now(decision) => decision,
                Verdict::Later(decision) => decision.await,
            };
            let duration_ns = nanoseconds_since(begun);
            match decision {
                Ok(Step { outcome, note }) => {
                    cx.trail.push(link.step(Phase::Response, outcome, note, duration_ns));
                }
                Err(refusal) => *response = link.refuse(*refusal, Phase::Response, cx, duration_ns),
            }
        }
    }
}

impl Link {
    fn refuse(&self, refusal: Refusal, phase: Phase, cx: &mut Context, duration_ns: u32) -> Response {
        if refusal.outcome == Outcome::Refused {
            cx.refused_by = Some(self.name);
        }
        cx.trail.push(self.step(phase, refusal.outcome, refusal.note, duration_ns));
        refusal.reply.into_response(self.name, &cx.request_id)
    }
}

fn nanoseconds_since(begun: Instant) -> u32 {
    u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX)
}
