//! The history of saves: one line each, numbered as the Plan it made.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, blocking};
use crate::error::ApiError;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Most lines one answer has.
const MOST: u32 = 1_000;

/// One save.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// Number of the Plan it made.
    pub(crate) number: u64,
    /// Epoch milliseconds.
    pub(crate) at_ms: i64,
    /// In words.
    pub(crate) what: String,
}

#[derive(Deserialize, IntoParams)]
struct Page {
    /// 1 to 1,000; default 50.
    limit: Option<u32>,
}

/// The latest saves, newest first.
#[utoipa::path(get, path = "/changes", operation_id = "list_changes", params(Page),
    responses((status = 200, body = Vec<ChangeView>)))]
async fn list(
    State(control): State<Control>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<ChangeView>>, ApiError> {
    latest(&control, page.limit.unwrap_or(50).clamp(1, MOST)).await.map(Json)
}

/// The latest `limit` saves, newest first.
pub(crate) async fn latest(control: &Control, limit: u32) -> Result<Vec<ChangeView>, ApiError> {
    let control = control.clone();
    let changes = blocking(move || control.store().changes(limit)).await??;
    let views = changes.into_iter();
    Ok(views
        .map(|change| ChangeView { number: change.number, at_ms: change.at_ms, what: change.what })
        .collect())
}
