//! Settings: whether calls are recorded and how long they are kept, and whether the first-run walk is over.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use gatepost_model::Faults;
use gatepost_store::Store;
use gatepost_traffic::Retention;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, Topic, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// What an operator can set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Calls are recorded; default true. While it is off they are neither kept nor counted.
    #[serde(default = "on")]
    pub(crate) recording: bool,
    /// How many calls are kept in detail: 1,000 to 10,000,000; default 100,000.
    pub(crate) retention_calls: u64,
    /// For how many days: 1 to 365; default 7.
    pub(crate) retention_days: u32,
    /// The first-run walk was finished or skipped.
    pub(crate) tour_done: bool,
}

fn on() -> bool {
    true
}

impl Default for Settings {
    fn default() -> Self {
        Self { recording: true, retention_calls: 100_000, retention_days: 7, tour_done: false }
    }
}

/// Its key in the catalog.
const KEY: &str = "settings";

impl Settings {
    /// The stored ones, or the defaults.
    pub(crate) fn load(store: &Store) -> Result<Self, gatepost_store::StoreError> {
        let stored = store.setting(KEY)?;
        Ok(stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
    }

    /// As the recorder takes it.
    pub(crate) fn retention(&self) -> Retention {
        Retention { calls: self.retention_calls, days: self.retention_days, ..Retention::default() }
    }

    fn check(self) -> Result<Self, ApiError> {
        let mut faults = Faults::new();
        if !(1_000..=10_000_000).contains(&self.retention_calls) {
            faults.add("retention_calls", "must be from 1,000 to 10,000,000");
        }
        if !(1..=365).contains(&self.retention_days) {
            faults.add("retention_days", "must be from 1 to 365");
        }
        faults.into_result().map_err(ApiError::Invalid)?;
        Ok(self)
    }
}

pub(crate) async fn current(control: &Control) -> Result<Settings, ApiError> {
    let control = control.clone();
    Ok(blocking(move || Settings::load(control.store())).await??)
}

/// The settings.
#[utoipa::path(get, path = "/settings", operation_id = "show_settings", responses((status = 200, body = Settings)))]
async fn show(State(control): State<Control>) -> Result<Json<Settings>, ApiError> {
    current(&control).await.map(Json)
}

/// Changes the settings; they take effect at once.
#[utoipa::path(put, path = "/settings", operation_id = "change_settings", request_body = Settings,
    responses((status = 200, body = Settings), (status = 422, body = ErrorBody)))]
async fn change(State(control): State<Control>, body: Bytes) -> Result<Json<Settings>, ApiError> {
    let settings = read_body::<Settings>(&body)?.check()?;
    let (saved, store) = (settings.clone(), control.clone());
    blocking(move || {
        let value = serde_json::to_value(&saved).map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok::<_, ApiError>(store.store().set_setting(KEY, &value)?)
    })
    .await??;
    control.traffic().set_retention(settings.retention());
    control.traffic().set_recording(settings.recording);
    control.notify(vec![Topic::Settings, Topic::Status]);
    Ok(Json(settings))
}
