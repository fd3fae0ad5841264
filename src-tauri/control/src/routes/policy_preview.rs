//! What a policy would have done with the last calls of an API, told before it is saved. It runs as it would run in the
//! gateway, away from the gateway's threads; see [`Rehearsal`] for what cannot be told.

use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use gatepost_gateway::{Kind, Place, Rehearsal, Rehearsed};
use gatepost_model::{ApiId, AppliedPolicyId, Outcome, Phase};
use gatepost_traffic::{Call, CallFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
use crate::applied::{Owner, applied_of, kind_of, read_and_check};
use crate::control::{Control, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::inputs::AppliedPolicyInput;
use crate::past::Past;
use crate::plan::{InForce, replaced_on};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(preview))
}

/// How many calls are looked at unless told otherwise.
const LAST: usize = 200;
/// Most calls that are looked at.
const MOST: usize = 500;
/// How long it may take to run over them; those that are left are said to be.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Deserialize, IntoParams)]
struct Asked {
    /// The applied policy that would be changed; none for one that would be added as the last.
    replaces: Option<i64>,
    /// How many of the last calls, 1 to 500; default 200.
    last: Option<usize>,
}

/// What a policy would have done with the last calls.
#[derive(Serialize, ToSchema)]
struct PolicyPreview {
    /// How many calls came to each end.
    counts: PreviewCounts,
    /// Newest first.
    calls: Vec<PreviewedCall>,
    /// Of the calls that were asked for, how many there was no time left for.
    left_out: usize,
}

/// How many calls came to each end.
#[derive(Default, Serialize, ToSchema)]
struct PreviewCounts {
    passed: usize,
    changed: usize,
    refused: usize,
    answered: usize,
    failed: usize,
    out_of_scope: usize,
    not_reached: usize,
    cannot_tell: usize,
}

/// What would have become of a call at this policy.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PreviewOutcome {
    /// Let pass as it is.
    Passed,
    /// Let pass, changed.
    Changed,
    /// Refused.
    Refused,
    /// Answered by the policy, as it is meant to: a preflight, a cached answer.
    Answered,
    /// The policy could not have done its work.
    Failed,
    /// By its scope the policy is not for it.
    OutOfScope,
    /// A policy before this one answered it.
    NotReached,
    /// It hangs on something that is not recorded.
    CannotTell,
}

/// A recorded call, and what would have become of it.
#[derive(Serialize, ToSchema)]
struct PreviewedCall {
    /// Its number.
    id: u64,
    /// When its head had arrived, epoch microseconds.
    at_us: i64,
    method: String,
    /// Path and query as received, secrets in the query replaced.
    path: String,
    /// The status that it was answered with.
    was: u16,
    outcome: PreviewOutcome,
    /// The status that it would have been answered with, where the policy would have answered.
    status: Option<u16>,
    /// Why, in words; may be empty where it would have passed.
    why: String,
    /// What would have been changed, a line each.
    changes: Vec<String>,
}

impl PreviewCounts {
    fn add(&mut self, outcome: PreviewOutcome) {
        *match outcome {
            PreviewOutcome::Passed => &mut self.passed,
            PreviewOutcome::Changed => &mut self.changed,
            PreviewOutcome::Refused => &mut self.refused,
            PreviewOutcome::Answered => &mut self.answered,
            PreviewOutcome::Failed => &mut self.failed,
            PreviewOutcome::OutOfScope => &mut self.out_of_scope,
            PreviewOutcome::NotReached => &mut self.not_reached,
            PreviewOutcome::CannotTell => &mut self.cannot_tell,
        } += 1;
    }
}

impl PreviewedCall {
    fn of(call: &Call, rehearsed: Rehearsed) -> Self {
        use PreviewOutcome as O;
        let (outcome, status, why, changes) = match rehearsed {
            Rehearsed::OutOfScope => (O::OutOfScope, None, String::new(), Vec::new()),
            Rehearsed::Passed(why) => (O::Passed, None, why, Vec::new()),
            Rehearsed::Changed { why, what } => (O::Changed, None, why, what),
            Rehearsed::Refused { status, why } => (O::Refused, Some(status.as_u16()), why, Vec::new()),
            Rehearsed::Answered { status, why } => (O::Answered, Some(status.as_u16()), why, Vec::new()),
            Rehearsed::Failed { status, why } => (O::Failed, Some(status.as_u16()), why, Vec::new()),
            Rehearsed::CannotTell(why) => (O::CannotTell, None, why, Vec::new()),
        };
        Self { status, changes, ..Self::ended(call, outcome, why) }
    }

    fn ended(call: &Call, outcome: PreviewOutcome, why: String) -> Self {
        let call = &call.summary;
        let (method, path) = (call.method.clone(), call.path.clone());
        Self {
            id: call.id,
            at_us: call.at_us,
            method,
            path,
            was: call.status,
            outcome,
            status: None,
            why,
            changes: Vec::new(),
        }
    }
}

/// Where the policy stands, or would stand.
struct Standing<'a> {
    in_force: &'a InForce,
    kinds: &'a [Kind],
    api: ApiId,
    place: Place,
    /// The applied policy that would be changed; the last where there is none.
    replaces: Option<AppliedPolicyId>,
}

impl Standing<'_> {
    /// The policy before this one that answered the call, and is still there and on.
    fn answered_before(&self, call: &Call) -> Option<String> {
        let answered = call.trail.iter().find(|step| {
            step.phase == Phase::Request
                && matches!(step.outcome, Outcome::Refused | Outcome::Failed | Outcome::Answered)
        })?;
        let (by, name) = (answered.applied_policy_id?, answered.policy.clone()?);
        let catalog = &self.in_force.catalog;
        // The automated ones run before the API's own.
        let mut order: Vec<_> = catalog.policies_of(None).chain(catalog.policies_of(self.api)).collect();
        order.sort_by_key(|applied| {
            kind_of(&applied.policy, self.kinds).map_or(Place::InOrder, |kind| kind.place)
        });
        let at = |id: AppliedPolicyId| order.iter().position(|applied| applied.id == id);
        let theirs = at(by)?;
        let ours = self.replaces.and_then(at);
        let is_before = match ours {
            Some(ours) => theirs < ours,
            None => self.place == Place::InOrder || order[theirs].api_id.is_none(),
        };
        (is_before && order[theirs].enabled && !order[theirs].shadow).then_some(name)
    }
}

/// Runs a policy as it is written, unsaved, over the last calls of an API, and tells what it would have done with each.
/// Nobody is called and nothing is enforced. The policy counts from the oldest of these calls on.
#[utoipa::path(post, path = "/apis/{id}/policies/preview", operation_id = "preview_policy",
    params(("id" = i64, Path), Asked), request_body = AppliedPolicyInput,
    responses((status = 200, body = PolicyPreview), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn preview(
    State(control): State<Control>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Result<Json<PolicyPreview>, ApiError> {
    let in_force = control.in_force();
    let owner = Owner::api(api_of(&in_force, id)?);
    if let Some(replaced) = asked.replaces {
        applied_of(&in_force, &owner, replaced)?;
    }
    let input = read_and_check(&control, &owner, &body)?;
    blocking(move || run(&control, &in_force, ApiId(id), &input, &asked)).await?.map(Json)
}

fn run(
    control: &Control,
    in_force: &InForce,
    id: ApiId,
    input: &AppliedPolicyInput,
    asked: &Asked,
) -> Result<PolicyPreview, ApiError> {
    let api = api_of(in_force, id.0)?;
    let route = in_force.route(api).ok_or(ApiError::NotFound("API in the Plan"))?;
    let kind = kind_of(&input.policy, control.kinds()).ok_or(ApiError::NotFound("policy"))?;
    let config = Value::Object(input.config.clone());
    let rehearsal = Rehearsal::new(kind, &config, &input.only, in_force.plan.clone(), route);
    let mut rehearsal = match replaced_on(kind.name, &in_force.catalog) {
        Some(by) => rehearsal.and_then(|rehearsal| rehearsal.replaced_on(&by)),
        None => rehearsal,
    }
    .map_err(ApiError::Invalid)?;
    let replaces = asked.replaces.map(AppliedPolicyId);
    let standing = Standing { in_force, kinds: control.kinds(), api: id, place: kind.place, replaces };
    let past = Past { catalog: &in_force.catalog, kinds: control.kinds(), itself: replaces };
    let filter = CallFilter { api_id: Some(id), ..CallFilter::default() };
    let mut calls = control.traffic().last_calls(&filter, asked.last.unwrap_or(LAST).clamp(1, MOST))?;
    // Calls are numbered as they end.
    calls.sort_by_key(|call| call.summary.at_us);
    let begun = Instant::now();
    let mut preview = PolicyPreview {
        counts: PreviewCounts::default(),
        calls: Vec::with_capacity(calls.len()),
        left_out: 0,
    };
    for call in &calls {
        if begun.elapsed() > PATIENCE {
            preview.left_out += 1;
            continue;
        }
        let previewed = previewed(call, &standing, &past, &mut rehearsal);
        preview.counts.add(previewed.outcome);
        preview.calls.push(previewed);
    }
    preview.calls.reverse();
    Ok(preview)
}

fn previewed(
    call: &Call,
    standing: &Standing<'_>,
    past: &Past<'_>,
    rehearsal: &mut Rehearsal,
) -> PreviewedCall {
    if let Some(by) = standing.answered_before(call) {
        return PreviewedCall::ended(call, PreviewOutcome::NotReached, format!("{by} answered it before"));
    }
    match past.call(call) {
        Some(past) => PreviewedCall::of(call, rehearsal.next(&past)),
        None => {
            let why = "its request cannot be put together from the record".to_owned();
            PreviewedCall::ended(call, PreviewOutcome::CannotTell, why)
        }
    }
}
