//! An API's policies: apply, change, reorder, switch on and off, remove. Every one takes effect at once.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_gateway::{Kind, MAX_POLICIES, Place};
use gatepost_model::{ApiId, AppliedPolicy, AppliedPolicyId, Fault, Scope};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
use crate::control::{Control, Topic};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;
use crate::inputs::AppliedPolicyInput;
use crate::kept::{hidden, restore};
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(list, apply))
        .routes(routes!(change, remove))
        .routes(routes!(reorder))
        .routes(routes!(check))
}

/// What a save of an API's policies touches.
pub(super) const TOUCHED: &[Topic] = &[Topic::Policies, Topic::Apis];

/// A policy as applied, as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppliedPolicyView {
    id: AppliedPolicyId,
    policy: String,
    /// Its configuration. In the place of a secret stands a word for it (`$kept:...`), which keeps it when sent back.
    #[schema(value_type = Object)]
    config: Value,
    only: Vec<Scope>,
    enabled: bool,
    /// In shadow it decides and records, and lets pass.
    shadow: bool,
    /// Place in the order of enforcement, from 0.
    position: u32,
    /// What its configuration does, in one line.
    summary: String,
}

impl AppliedPolicyView {
    fn of(applied: &AppliedPolicy, kinds: &[Kind]) -> Self {
        let kind = kind_of(&applied.policy, kinds);
        Self {
            id: applied.id,
            policy: applied.policy.clone(),
            // What no policy of this program is can hold secrets that nothing here knows of.
            config: kind.map_or_else(|| serde_json::json!({}), |kind| hidden(&applied.config, kind)),
            only: applied.only.clone(),
            enabled: applied.enabled,
            shadow: applied.shadow,
            position: applied.position,
            summary: summary_of(&applied.policy, &applied.config, kinds),
        }
    }
}

fn summary_of(policy: &str, config: &Value, kinds: &[Kind]) -> String {
    kind_of(policy, kinds)
        .and_then(|kind| kind.summary(config))
        .unwrap_or_else(|| "Its configuration is not valid".into())
}

fn kind_of<'k>(policy: &str, kinds: &'k [Kind]) -> Option<&'k Kind> {
    kinds.iter().find(|kind| kind.name == policy)
}

/// The API's applied policy with this number, or 404.
fn applied_of(in_force: &InForce, api: i64, id: i64) -> Result<&AppliedPolicy, ApiError> {
    api_of(in_force, api)?;
    let found = in_force.catalog.policies_of(ApiId(api)).find(|applied| applied.id == AppliedPolicyId(id));
    found.ok_or(ApiError::NotFound("policy of this API"))
}

fn view(control: &Control, api: i64, id: i64) -> Result<Json<AppliedPolicyView>, ApiError> {
    let in_force = control.in_force();
    Ok(Json(AppliedPolicyView::of(applied_of(&in_force, api, id)?, control.kinds())))
}

pub(super) fn view_all(control: &Control, api: i64) -> Result<Json<Vec<AppliedPolicyView>>, ApiError> {
    let in_force = control.in_force();
    api_of(&in_force, api)?;
    let mut all: Vec<_> = in_force.catalog.policies_of(ApiId(api)).collect();
    all.sort_by_key(|applied| {
        kind_of(&applied.policy, control.kinds()).map_or(Place::InOrder, |kind| kind.place)
    });
    Ok(Json(all.into_iter().map(|applied| AppliedPolicyView::of(applied, control.kinds())).collect()))
}

/// The API's policies in the order of enforcement.
#[utoipa::path(get, path = "/apis/{id}/policies", operation_id = "list_applied_policies", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<AppliedPolicyView>), (status = 404, body = ErrorBody)))]
async fn list(
    State(control): State<Control>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<AppliedPolicyView>>, ApiError> {
    view_all(&control, id)
}

/// Applies a policy, as the last.
#[utoipa::path(post, path = "/apis/{id}/policies", operation_id = "apply_policy", params(("id" = i64, Path)),
    request_body = AppliedPolicyInput,
    responses((status = 201, body = AppliedPolicyView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn apply(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<(StatusCode, Json<AppliedPolicyView>), ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let mut input: AppliedPolicyInput = read_body(&body)?;
    restore(&mut input, &in_force, ApiId(id), control.kinds());
    input.check(control.kinds()).map_err(ApiError::Invalid)?;
    let what = format!("Applied {} to {} {}", input.policy, api.name, api.version);
    let applied = control.save(what, TOUCHED, move |tx| {
        if tx.load()?.policies_of(ApiId(id)).count() >= MAX_POLICIES {
            return Err(ApiError::fault(
                "policy",
                format!("an API may have at most {MAX_POLICIES} policies"),
            ));
        }
        Ok(tx.insert_policy(ApiId(id), &input.into())?)
    });
    Ok((StatusCode::CREATED, view(&control, id, applied.await?.0)?))
}

/// Changes a policy: its configuration, scope, or whether it is on. Its place stays.
#[utoipa::path(put, path = "/apis/{id}/policies/{policy_id}", operation_id = "change_applied_policy",
    params(("id" = i64, Path), ("policy_id" = i64, Path)), request_body = AppliedPolicyInput,
    responses((status = 200, body = AppliedPolicyView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn change(
    State(control): State<Control>,
    Path((id, policy_id)): Path<(i64, i64)>,
    body: Bytes,
) -> Result<Json<AppliedPolicyView>, ApiError> {
    let in_force = control.in_force();
    let (api, before) = (api_of(&in_force, id)?, applied_of(&in_force, id, policy_id)?);
    let mut input: AppliedPolicyInput = read_body(&body)?;
    restore(&mut input, &in_force, ApiId(id), control.kinds());
    input.check(control.kinds()).map_err(ApiError::Invalid)?;
    let verb = match (before.enabled, input.enabled) {
        (false, true) => "Switched on",
        (true, false) => "Switched off",
        _ if input.shadow && !before.shadow => "Put in shadow",
        _ if before.shadow && !input.shadow => "Began to enforce",
        _ => "Changed",
    };
    let what = format!("{verb} {} on {} {}", input.policy, api.name, api.version);
    let applied = AppliedPolicyId(policy_id);
    control.save(what, TOUCHED, move |tx| Ok(tx.update_policy(applied, &input.into())?)).await?;
    view(&control, id, policy_id)
}

/// Removes a policy.
#[utoipa::path(delete, path = "/apis/{id}/policies/{policy_id}", operation_id = "remove_applied_policy",
    params(("id" = i64, Path), ("policy_id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove(
    State(control): State<Control>,
    Path((id, policy_id)): Path<(i64, i64)>,
) -> Result<StatusCode, ApiError> {
    let in_force = control.in_force();
    let (api, applied) = (api_of(&in_force, id)?, applied_of(&in_force, id, policy_id)?);
    let what = format!("Removed {} from {} {}", applied.policy, api.name, api.version);
    control.save(what, TOUCHED, move |tx| Ok(tx.delete_policy(AppliedPolicyId(policy_id))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new order.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Every one of the API's policies, in the new order.
    ids: Vec<i64>,
}

/// Puts an API's policies in another order.
#[utoipa::path(put, path = "/apis/{id}/policies-order", operation_id = "reorder_policies", params(("id" = i64, Path)),
    request_body = Order,
    responses((status = 200, body = Vec<AppliedPolicyView>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn reorder(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Vec<AppliedPolicyView>>, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let order: Order = read_body(&body)?;
    let what = format!("Reordered the policies of {} {}", api.name, api.version);
    let save = control.save(what, TOUCHED, move |tx| {
        let mut known: Vec<i64> = tx.load()?.policies_of(ApiId(id)).map(|applied| applied.id.0).collect();
        let mut given = order.ids.clone();
        known.sort_unstable();
        given.sort_unstable();
        if known != given {
            return Err(ApiError::fault("ids", "must name every policy of this API once; read them again"));
        }
        let ids: Vec<_> = order.ids.into_iter().map(AppliedPolicyId).collect();
        Ok(tx.reorder_policies(ApiId(id), &ids)?)
    });
    save.await?;
    view_all(&control, id)
}

/// What a check found.
#[derive(Serialize, ToSchema)]
struct Checked {
    /// Empty when it could be saved.
    faults: Vec<Fault>,
    /// What the configuration does, in one line.
    summary: String,
}

/// Checks a policy without saving it.
#[utoipa::path(post, path = "/apis/{id}/policies/check", operation_id = "check_policy", params(("id" = i64, Path)),
    request_body = AppliedPolicyInput,
    responses((status = 200, body = Checked), (status = 404, body = ErrorBody)))]
async fn check(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Checked>, ApiError> {
    let in_force = control.in_force();
    api_of(&in_force, id)?;
    let kinds = control.kinds();
    let read = read_body::<AppliedPolicyInput>(&body);
    let checked = match read {
        Ok(mut input) => {
            restore(&mut input, &in_force, ApiId(id), kinds);
            let summary = summary_of(&input.policy, &Value::Object(input.config.clone()), kinds);
            Checked { faults: input.check(kinds).err().unwrap_or_default(), summary }
        }
        Err(ApiError::Invalid(faults)) => Checked { faults, summary: String::new() },
        Err(other) => return Err(other),
    };
    Ok(Json(checked))
}
