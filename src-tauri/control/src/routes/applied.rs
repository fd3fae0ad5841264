//! An API's own policies: apply, change, reorder, switch on and off, remove. Every one takes effect at once.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
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
}

/// The API with this number, or 404.
fn owner(control: &Control, id: i64) -> Result<Owner, ApiError> {
    Ok(Owner::api(api_of(&control.in_force(), id)?))
}

/// The API's own policies in the order of enforcement; automated ones run before them.
#[utoipa::path(get, path = "/apis/{id}/policies", operation_id = "list_applied_policies", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<AppliedPolicyView>), (status = 404, body = ErrorBody)))]
async fn list(
    State(control): State<Control>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<AppliedPolicyView>>, ApiError> {
    Ok(Json(applied::view_all(&control, &owner(&control, id)?)))
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
    let applied = applied::apply(&control, owner(&control, id)?, &body).await?;
    Ok((StatusCode::CREATED, Json(applied)))
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
    Ok(Json(applied::change(&control, owner(&control, id)?, policy_id, &body).await?))
}

/// Removes a policy.
#[utoipa::path(delete, path = "/apis/{id}/policies/{policy_id}", operation_id = "remove_applied_policy",
    params(("id" = i64, Path), ("policy_id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove(
    State(control): State<Control>,
    Path((id, policy_id)): Path<(i64, i64)>,
) -> Result<StatusCode, ApiError> {
    applied::remove(&control, owner(&control, id)?, policy_id).await?;
    Ok(StatusCode::NO_CONTENT)
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
    let owner = owner(&control, id)?;
    applied::reorder(&control, owner.clone(), &body).await?;
    Ok(Json(applied::view_all(&control, &owner)))
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
    Ok(Json(applied::check(&control, &owner(&control, id)?, &body)?))
}
