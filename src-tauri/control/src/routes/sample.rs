//! The sample API: start and stop it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, Topic};
use crate::error::{ApiError, ErrorBody};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(stop))
}

/// Whether the sample API runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleView {
    running: bool,
    /// Such as `http://127.0.0.1:9000`.
    url: Option<String>,
    /// Anything worth saying, such as that its usual port was taken.
    message: Option<String>,
}

impl SampleView {
    pub(crate) fn of(control: &Control) -> Self {
        let address = control.sample().address();
        let message =
            address.filter(|address| address.port() != crate::sample::DEFAULT_PORT).map(|address| {
                format!("Port {} is in use, so it took {}", crate::sample::DEFAULT_PORT, address.port())
            });
        Self { running: address.is_some(), url: address.map(|address| format!("http://{address}")), message }
    }
}

/// Starts the sample API on 127.0.0.1:9000, or on a free port when that is taken.
#[utoipa::path(post, path = "/sample/start", operation_id = "start_sample",
    responses((status = 200, body = SampleView), (status = 502, body = ErrorBody)))]
async fn start(State(control): State<Control>) -> Result<Json<SampleView>, ApiError> {
    let started = control.sample().start().await;
    started.map_err(|error| ApiError::Unreachable(format!("The sample API cannot start: {error}")))?;
    control.notify(vec![Topic::Status]);
    Ok(Json(SampleView::of(&control)))
}

/// Stops the sample API.
#[utoipa::path(post, path = "/sample/stop", operation_id = "stop_sample", responses((status = 200, body = SampleView)))]
async fn stop(State(control): State<Control>) -> Json<SampleView> {
    control.sample().stop();
    control.notify(vec![Topic::Status]);
    Json(SampleView::of(&control))
}
