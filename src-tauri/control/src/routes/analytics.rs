//! Figures of a range of time: in all, over time, by API, client and policy.

use axum::Json;
use axum::extract::{Query, State};
use gatepost_model::{ApiId, ClientAppId, Faults};
use gatepost_traffic::{Analytics, AnalyticsQuery, PlanChange};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::changes::latest;
use crate::control::{Control, blocking, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::names::Names;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Most saves that are shown beside figures.
const MAX_CHANGES: u32 = 200;
/// Longest range, in milliseconds: a year.
const LONGEST: i64 = 366 * 86_400_000;

#[derive(Deserialize, IntoParams)]
struct Range {
    /// Epoch milliseconds; default an hour before the end.
    from_ms: Option<i64>,
    /// Epoch milliseconds; default now.
    to_ms: Option<i64>,
    /// Seconds from one point of the series to the next; default about 60 points.
    step_s: Option<u32>,
    /// Only calls for this API.
    api_id: Option<i64>,
    /// Only calls by this client app.
    client_app_id: Option<i64>,
}

impl Range {
    fn read(self) -> Result<AnalyticsQuery, ApiError> {
        let to_ms = self.to_ms.unwrap_or_else(now_ms);
        let from_ms = self.from_ms.unwrap_or(to_ms.saturating_sub(3_600_000));
        let mut faults = Faults::new();
        if from_ms < 0 || from_ms >= to_ms {
            faults.add("from_ms", "must be before the end");
        } else if to_ms - from_ms > LONGEST {
            faults.add("from_ms", "at most a year before the end");
        }
        faults.into_result().map_err(ApiError::Invalid)?;
        Ok(AnalyticsQuery {
            from_ms,
            to_ms,
            step_s: self.step_s,
            api_id: self.api_id.map(ApiId),
            client_app_id: self.client_app_id.map(ClientAppId),
        })
    }
}

/// Figures of a range of time, up to calls that just ended.
#[utoipa::path(get, path = "/analytics", operation_id = "show_analytics", params(Range),
    responses((status = 200, body = Analytics), (status = 422, body = ErrorBody)))]
async fn show(
    State(control): State<Control>,
    Query(range): Query<Range>,
) -> Result<Json<Analytics>, ApiError> {
    let query = range.read()?;
    let reader = control.clone();
    let mut analytics = blocking(move || reader.traffic().analytics(&query)).await??;
    fill_in_names(&mut analytics, Names(&control.in_force().catalog));
    let changes = latest(&control, MAX_CHANGES).await?.into_iter();
    analytics.plan_changes = changes
        .filter(|change| (analytics.from_ms..analytics.to_ms).contains(&change.at_ms))
        .map(|change| PlanChange { number: change.number, at_ms: change.at_ms, what: change.what })
        .collect();
    Ok(Json(analytics))
}

fn fill_in_names(analytics: &mut Analytics, names: Names<'_>) {
    for entry in &mut analytics.by_api {
        match names.api(entry.api_id) {
            Some(api) => (entry.name, entry.version) = (api.name.clone(), api.version.clone()),
            None => entry.name = "Deleted API".into(),
        }
    }
    for entry in &mut analytics.by_client {
        let app = entry.client_app_id.map(|id| names.client(id));
        entry.name = match app {
            None => "Unknown".into(),
            Some(None) => "Deleted client app".into(),
            Some(Some(app)) => app.name.clone(),
        };
    }
}
