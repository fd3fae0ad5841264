//! Automated policies: for every API, before its own, in an order of their own. An API's own policy of the same kind
//! gives way on the requests that an automated one is for, while that one is on and not in shadow.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_model::{ApiId, AppliedPolicyId};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::applied::{self, AppliedPolicyView, Checked, Order, Owner};
use crate::control::Control;
use crate::error::{ApiError, ErrorBody};
use crate::inputs::AppliedPolicyInput;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(list, apply))
        .routes(routes!(change, remove))
        .routes(routes!(reorder))
        .routes(routes!(check))
        .routes(routes!(conflicts))
}

/// Most policies of APIs that a list of conflicts names.
const MOST_CONFLICTS: usize = 100;

/// The automated policies in the order of enforcement.
#[utoipa::path(get, path = "/automated-policies", operation_id = "list_automated_policies",
    responses((status = 200, body = Vec<AppliedPolicyView>)))]
async fn list(State(control): State<Control>) -> Json<Vec<AppliedPolicyView>> {
    Json(applied::view_all(&control, &Owner::all_apis()))
}

/// Applies a policy to every API, as the last automated one.
#[utoipa::path(post, path = "/automated-policies", operation_id = "apply_automated_policy",
    request_body = AppliedPolicyInput,
    responses((status = 201, body = AppliedPolicyView), (status = 422, body = ErrorBody)))]
async fn apply(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<AppliedPolicyView>), ApiError> {
    Ok((StatusCode::CREATED, Json(applied::apply(&control, Owner::all_apis(), &body).await?)))
}

/// Changes an automated policy: its configuration, scope, or whether it is on. Its place stays.
#[utoipa::path(put, path = "/automated-policies/{policy_id}", operation_id = "change_automated_policy",
    params(("policy_id" = i64, Path)), request_body = AppliedPolicyInput,
    responses((status = 200, body = AppliedPolicyView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn change(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<AppliedPolicyView>, ApiError> {
    Ok(Json(applied::change(&control, Owner::all_apis(), id, &body).await?))
}

/// Removes an automated policy. APIs' own policies of its kind are enforced again.
#[utoipa::path(delete, path = "/automated-policies/{policy_id}", operation_id = "remove_automated_policy",
    params(("policy_id" = i64, Path)), responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove(State(control): State<Control>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    applied::remove(&control, Owner::all_apis(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the automated policies in another order.
#[utoipa::path(put, path = "/automated-policies-order", operation_id = "reorder_automated_policies", request_body = Order,
    responses((status = 200, body = Vec<AppliedPolicyView>), (status = 422, body = ErrorBody)))]
async fn reorder(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Json<Vec<AppliedPolicyView>>, ApiError> {
    applied::reorder(&control, Owner::all_apis(), &body).await?;
    Ok(list(State(control)).await)
}

/// Checks an automated policy without saving it.
#[utoipa::path(post, path = "/automated-policies/check", operation_id = "check_automated_policy",
    request_body = AppliedPolicyInput, responses((status = 200, body = Checked)))]
async fn check(State(control): State<Control>, body: Bytes) -> Result<Json<Checked>, ApiError> {
    Ok(Json(applied::check(&control, &Owner::all_apis(), &body)?))
}

/// What an automated policy of one kind is for, and whose own policies would give way to it.
#[derive(Serialize, ToSchema)]
struct ConflictsView {
    /// How many APIs there are: an automated policy is for each of them.
    apis: usize,
    /// How many policies of this kind APIs have of their own.
    total: usize,
    /// The first 100 of them.
    first: Vec<ConflictView>,
}

/// An API's own policy of the same kind.
#[derive(Serialize, ToSchema)]
struct ConflictView {
    api_id: ApiId,
    api_name: String,
    api_version: String,
    applied_policy_id: AppliedPolicyId,
    /// Whether it is on: one that is off is enforced neither way.
    enabled: bool,
}

/// Whose own policies give way to an automated one of this kind, whether there is one or not.
#[utoipa::path(get, path = "/automated-policies/conflicts/{policy}", operation_id = "automated_policy_conflicts",
    params(("policy" = String, Path)), responses((status = 200, body = ConflictsView)))]
async fn conflicts(State(control): State<Control>, Path(policy): Path<String>) -> Json<ConflictsView> {
    let in_force = control.in_force();
    let catalog = &in_force.catalog;
    let own = catalog.policies.iter().filter(|applied| applied.policy == policy);
    let own = own.filter_map(|applied| Some((applied, catalog.apis.get(applied.api_id?)?)));
    let first = own.clone().take(MOST_CONFLICTS).map(|(applied, api)| ConflictView {
        api_id: api.id,
        api_name: api.name.clone(),
        api_version: api.version.clone(),
        applied_policy_id: applied.id,
        enabled: applied.enabled,
    });
    Json(ConflictsView { apis: catalog.apis.len(), total: own.clone().count(), first: first.collect() })
}
