//! Recorded calls: a list that filters and pages, and one call whole.

use axum::Json;
use axum::extract::{Path, Query, State};
use gatepost_model::{ApiId, ClientAppId, Faults};
use gatepost_traffic::{BadStatusFilter, Call, CallFilter, CallPage, CallSummary};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::names::Names;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Most calls one answer has.
const MOST: usize = 1_000;

#[derive(Deserialize, IntoParams)]
struct Search {
    /// 1 to 1,000; default 100.
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<String>,
    api_id: Option<i64>,
    client_app_id: Option<i64>,
    /// `404`, `4xx`, `refused` or `would_refuse`.
    status: Option<String>,
    /// Name of the policy that refused; with `would_refuse`, that would have.
    policy: Option<String>,
    method: Option<String>,
    /// Part of path and query.
    path: Option<String>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

impl Search {
    fn read(self) -> Result<(CallFilter, Option<u64>, usize), ApiError> {
        let mut faults = Faults::new();
        let status =
            self.status.as_deref().map(|status| status.parse().map_err(|e: BadStatusFilter| e.to_string()));
        let status = status.and_then(|status| faults.take("status", status));
        let before =
            self.before.as_deref().map(|before| before.parse().map_err(|_| "is not a cursor".to_owned()));
        let before = before.and_then(|before| faults.take("before", before));
        faults.into_result().map_err(ApiError::Invalid)?;
        let filter = CallFilter {
            api_id: self.api_id.map(ApiId),
            client_app_id: self.client_app_id.map(ClientAppId),
            status,
            policy: self.policy,
            method: self.method,
            path: self.path,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
        };
        Ok((filter, before, self.limit.unwrap_or(100).clamp(1, MOST)))
    }
}

/// Recorded calls, newest first.
#[utoipa::path(get, path = "/calls", operation_id = "list_calls", params(Search),
    responses((status = 200, body = CallPage), (status = 422, body = ErrorBody)))]
async fn list(
    State(control): State<Control>,
    Query(search): Query<Search>,
) -> Result<Json<CallPage>, ApiError> {
    let (filter, before, limit) = search.read()?;
    let in_force = control.in_force();
    let mut page = blocking(move || control.traffic().calls(&filter, before, limit)).await??;
    name_all(&mut page.calls, Names(&in_force.catalog));
    Ok(Json(page))
}

/// One call with everything that is known of it.
#[utoipa::path(get, path = "/calls/{id}", operation_id = "show_call", params(("id" = u64, Path)),
    responses((status = 200, body = Call), (status = 404, body = ErrorBody)))]
async fn show(State(control): State<Control>, Path(id): Path<u64>) -> Result<Json<Call>, ApiError> {
    let in_force = control.in_force();
    let call = blocking(move || control.traffic().call(id)).await??;
    let mut call = call.ok_or(ApiError::NotFound("recorded call"))?;
    name(&mut call.summary, Names(&in_force.catalog));
    Ok(Json(call))
}

/// Fills in the names of APIs and client apps.
pub(crate) fn name_all(calls: &mut [CallSummary], names: Names<'_>) {
    for call in calls {
        name(call, names);
    }
}

/// Fills in the names of the call's API and client app.
pub(crate) fn name(call: &mut CallSummary, names: Names<'_>) {
    call.api_name = call.api_id.and_then(|id| names.api(id)).map(|api| api.name.clone());
    call.client_name = call.client_app_id.and_then(|id| names.client(id)).map(|app| app.name.clone());
}
