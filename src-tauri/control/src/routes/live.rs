//! The live stream as server-sent events, and the last 15 minutes to begin with.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use gatepost_traffic::Second;
use tokio_stream::{Stream, StreamExt};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, blocking};
use crate::error::ApiError;
use crate::live::LiveEvent;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(stream)).routes(routes!(recent))
}

/// What happens, as it happens: server-sent events whose data is a `LiveEvent`, at most 30 a second.
#[utoipa::path(get, path = "/live", operation_id = "live",
    responses((status = 200, body = LiveEvent, content_type = "text/event-stream")))]
async fn stream(State(control): State<Control>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = crate::live::live(&control).filter_map(|event| {
        let data = serde_json::to_string(&event).ok()?;
        Some(Ok(Event::default().data(data)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// The seconds of the last 15 minutes in which there were calls, oldest first.
#[utoipa::path(get, path = "/live/recent", operation_id = "recent_seconds", responses((status = 200, body = Vec<Second>)))]
async fn recent(State(control): State<Control>) -> Result<Json<Vec<Second>>, ApiError> {
    blocking(move || control.traffic().recent_seconds()).await.map(Json)
}
