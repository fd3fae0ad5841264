//! The targets behind an API, and how each is at the moment.

use axum::Json;
use axum::extract::{Path, State};
use gatepost_gateway::{Health, TargetFailure, TargetState};
use gatepost_model::ApiId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;
use crate::error::{ApiError, ErrorBody};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A target and how it is. Counts begin with the program, or when the target was added.
#[derive(Serialize, ToSchema)]
struct TargetView {
    /// Name of the route that it is for; none for the API's own upstream.
    route: Option<String>,
    /// Where it is.
    url: String,
    /// Its share of the requests is this over the sum of all of its upstream.
    weight: u16,
    /// What its health checks say.
    health: HealthView,
    /// Until when it is left out because its calls failed, epoch milliseconds; none while it is not. Nothing is told in
    /// the live stream when that time is over.
    ejected_until: Option<i64>,
    /// The last call or check that failed.
    last_failure: Option<FailureView>,
    /// Calls under way.
    outstanding: u64,
    /// Open connections.
    connections: u32,
    checks: ChecksView,
    /// Calls sent to it, those tried again included.
    calls: u64,
    /// Of those, calls that failed: no connection, no answer, one that broke off or came too late, 502, 503 or 504.
    failures: u64,
}

/// What health checks say.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HealthView {
    /// It is used.
    Healthy,
    /// It is left out.
    Unhealthy,
    /// No check has decided yet, or there are none: it is used.
    Unknown,
}

/// Why a target failed, and when.
#[derive(Serialize, ToSchema)]
struct FailureView {
    /// Epoch milliseconds.
    at: i64,
    /// In words.
    message: String,
}

/// How many health checks there were.
#[derive(Serialize, ToSchema)]
struct ChecksView {
    passed: u64,
    failed: u64,
}

impl From<TargetState> for TargetView {
    fn from(state: TargetState) -> Self {
        Self {
            route: state.route.map(Into::into),
            url: state.url.into(),
            weight: state.weight,
            health: match state.health {
                Health::Healthy => HealthView::Healthy,
                Health::Unhealthy => HealthView::Unhealthy,
                Health::Unknown => HealthView::Unknown,
            },
            ejected_until: state.ejected_until,
            last_failure: state
                .last_failure
                .map(|TargetFailure { at_ms, message }| FailureView { at: at_ms, message: message.into() }),
            outstanding: state.outstanding,
            connections: state.connections,
            checks: ChecksView { passed: state.checks_passed, failed: state.checks_failed },
            calls: state.calls,
            failures: state.failures,
        }
    }
}

/// The targets of an API: those of its own upstream, then those of its routes. The live stream's topic `targets` tells
/// when one becomes fit or unfit.
#[utoipa::path(get, path = "/apis/{id}/targets", operation_id = "list_targets", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<TargetView>), (status = 404, body = ErrorBody)))]
async fn list(
    State(control): State<Control>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<TargetView>>, ApiError> {
    let targets = control.gateway().targets(ApiId(id)).ok_or(ApiError::NotFound("API"))?;
    Ok(Json(targets.into_iter().map(TargetView::from).collect()))
}
