//! A draft of an API's policies, applied as one: several changed, added, removed and put in another order, and callers
//! meet all of it or none.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_gateway::{Kind, MAX_POLICIES};
use gatepost_model::{ApiId, AppliedPolicyId, Faults};
use gatepost_store::NewPolicy;
use schemars::JsonSchema;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
use crate::applied::{AppliedPolicyView, Owner, TOUCHED, view_all};
use crate::control::Control;
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;
use crate::inputs::AppliedPolicyInput;
use crate::kept::restore;
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(apply_all))
}

/// All of an API's policies, as they are to be.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct PolicyDraft {
    /// In the order of enforcement.
    policies: Vec<DraftedPolicy>,
    /// Those that go.
    #[serde(default)]
    removed: Vec<i64>,
}

/// One of them: `id` alone stays as it is, `set` alone is new, both together is a change.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftedPolicy {
    #[serde(default)]
    id: Option<i64>,
    #[serde(default)]
    set: Option<AppliedPolicyInput>,
}

/// Applies a draft: all of it at once, or nothing where any of it has a fault. Every policy that the API has must be
/// named, so that none goes that the draft does not know of.
#[utoipa::path(put, path = "/apis/{id}/policies", operation_id = "apply_policy_draft", params(("id" = i64, Path)),
    request_body = PolicyDraft,
    responses((status = 200, body = Vec<AppliedPolicyView>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn apply_all(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Vec<AppliedPolicyView>>, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let owner = Owner::api(api);
    let draft: PolicyDraft = read_body(&body)?;
    let removed = draft.removed.clone();
    let steps = checked(draft, &in_force, ApiId(id), control.kinds()).map_err(ApiError::Invalid)?;
    let what = format!("Applied a draft of {} policies to {} {}", steps.len(), api.name, api.version);
    let save = control.save(what, TOUCHED, move |tx| {
        let mut known: Vec<i64> = tx.load()?.policies_of(ApiId(id)).map(|applied| applied.id.0).collect();
        let mut named: Vec<i64> = steps.iter().filter_map(Step::id).chain(removed.iter().copied()).collect();
        known.sort_unstable();
        named.sort_unstable();
        if known != named {
            let words = "must name every policy of this API once, here or in `removed`; read them again";
            return Err(ApiError::fault("policies", words));
        }
        for id in removed {
            tx.delete_policy(AppliedPolicyId(id))?;
        }
        let mut order = Vec::with_capacity(steps.len());
        for step in steps {
            order.push(match step {
                Step::Stays(id) => id,
                Step::Changes(id, new) => {
                    tx.update_policy(id, &new)?;
                    id
                }
                Step::Comes(new) => tx.insert_policy(ApiId(id), &new)?,
            });
        }
        Ok(tx.reorder_policies(ApiId(id), &order)?)
    });
    save.await?;
    Ok(Json(view_all(&control, &owner)))
}

/// What becomes of one policy.
enum Step {
    Stays(AppliedPolicyId),
    Changes(AppliedPolicyId, NewPolicy),
    Comes(NewPolicy),
}

impl Step {
    fn id(&self) -> Option<i64> {
        match self {
            Self::Stays(id) | Self::Changes(id, _) => Some(id.0),
            Self::Comes(_) => None,
        }
    }
}

/// The draft as steps, or all that is wrong with it.
fn checked(
    draft: PolicyDraft,
    in_force: &InForce,
    api: ApiId,
    kinds: &[Kind],
) -> Result<Vec<Step>, Vec<gatepost_model::Fault>> {
    let mut faults = Faults::new();
    if draft.policies.len() > MAX_POLICIES {
        faults.add("policies", format!("an API may have at most {MAX_POLICIES} policies"));
    }
    let mut steps = Vec::new();
    for (at, DraftedPolicy { id, set }) in draft.policies.into_iter().enumerate() {
        let id = id.map(AppliedPolicyId);
        let Some(mut input) = set else {
            match id {
                Some(id) => steps.push(Step::Stays(id)),
                None => faults.add(format!("policies[{at}]"), "needs `id`, `set` or both"),
            }
            continue;
        };
        restore(&mut input, in_force, Some(api), kinds);
        if let Err(inner) = input.check(kinds, in_force.spec(api)) {
            faults.extend_under(&format!("policies[{at}].set"), inner);
        }
        steps.push(match id {
            Some(id) => Step::Changes(id, input.into()),
            None => Step::Comes(input.into()),
        });
    }
    faults.into_result().map(|()| steps)
}
