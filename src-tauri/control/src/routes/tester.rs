//! The tester: sends a request as anybody would, and shows the answer beside what the gateway recorded of it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;
use crate::tester::{self, BurstInput, BurstResult, TesterAnswer, TesterRequest};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(send)).routes(routes!(burst))
}

/// Sends one request.
#[utoipa::path(post, path = "/tester/send", operation_id = "tester_send", request_body = TesterRequest,
    responses((status = 200, body = TesterAnswer), (status = 422, body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn send(State(control): State<Control>, body: Bytes) -> Result<Json<TesterAnswer>, ApiError> {
    let request: TesterRequest = read_body(&body)?;
    tester::send(&control, request).await.map(Json)
}

/// Sends one request many times.
#[utoipa::path(post, path = "/tester/burst", operation_id = "tester_burst", request_body = BurstInput,
    responses((status = 200, body = BurstResult), (status = 422, body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn burst(State(control): State<Control>, body: Bytes) -> Result<Json<BurstResult>, ApiError> {
    let input: BurstInput = read_body(&body)?;
    tester::burst(&control, input).await.map(Json)
}
