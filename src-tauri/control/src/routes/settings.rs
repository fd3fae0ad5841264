//! Settings: whether calls are recorded and how long they are kept, the data plane's bounds, and whether the first-run
//! walk is over.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use gatepost_gateway::Limits;
use gatepost_model::{Fault, Faults};
use gatepost_store::{Store, StoreError};
use gatepost_traffic::Retention;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, Topic, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::limits::{LimitView, LimitsInput};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(show, change)).routes(routes!(show_limits))
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
    /// Bounds of the data plane. Absent in a change, they stay as they are; an empty one sets all back to their
    /// defaults.
    #[serde(default)]
    pub(crate) limits: Option<LimitsInput>,
}

fn on() -> bool {
    true
}

impl Default for Settings {
    fn default() -> Self {
        Self { recording: true, retention_calls: 100_000, retention_days: 7, tour_done: false, limits: None }
    }
}

/// Its key in the catalog.
pub(crate) const KEY: &str = "settings";

impl Settings {
    /// The stored ones, or the defaults.
    pub(crate) fn load(store: &Store) -> Result<Self, StoreError> {
        let stored = store.setting(KEY)?;
        let mut settings: Self =
            stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        settings.limits.get_or_insert_default();
        Ok(settings)
    }

    /// As the catalog keeps them.
    pub(crate) fn to_stored(&self) -> Result<serde_json::Value, ApiError> {
        serde_json::to_value(self).map_err(|error| ApiError::Internal(error.to_string()))
    }

    /// The same under `limits` where they are given; none where that changes nothing.
    pub(crate) fn limited_by(&self, limits: &LimitsInput) -> Option<Self> {
        let before = self.limits.clone().unwrap_or_default();
        let limits = before.overridden_by(limits);
        (limits != before).then(|| Self { limits: Some(limits), ..self.clone() })
    }

    /// Has traffic and gateway keep to them.
    pub(crate) fn put_in_force(&self, control: &Control) {
        control.traffic().set_retention(self.retention());
        control.traffic().set_recording(self.recording);
        control.gateway().set_limits(self.gateway_limits());
        control.notify(vec![Topic::Settings, Topic::Status]);
    }

    /// As the gateway takes them.
    pub(crate) fn gateway_limits(&self) -> Limits {
        self.limits.as_ref().map(LimitsInput::in_force).unwrap_or_default()
    }

    /// As the recorder takes it.
    pub(crate) fn retention(&self) -> Retention {
        Retention { calls: self.retention_calls, days: self.retention_days, ..Retention::default() }
    }

    fn check(self) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        if !(1_000..=10_000_000).contains(&self.retention_calls) {
            faults.add("retention_calls", "must be from 1,000 to 10,000,000");
        }
        if !(1..=365).contains(&self.retention_days) {
            faults.add("retention_days", "must be from 1 to 365");
        }
        if let Some(Err(inner)) = self.limits.as_ref().map(LimitsInput::check) {
            faults.extend_under("limits", inner);
        }
        faults.into_result()?;
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

/// The data plane's bounds as they are in force, each with its default and what it may be.
#[utoipa::path(get, path = "/settings/limits", operation_id = "list_limits",
    responses((status = 200, body = Vec<LimitView>)))]
async fn show_limits(State(control): State<Control>) -> Result<Json<Vec<LimitView>>, ApiError> {
    let limits = current(&control).await?.limits.unwrap_or_default();
    Ok(Json(limits.views()))
}

/// Changes the settings; they take effect at once.
#[utoipa::path(put, path = "/settings", operation_id = "change_settings", request_body = Settings,
    responses((status = 200, body = Settings), (status = 422, body = ErrorBody)))]
async fn change(State(control): State<Control>, body: Bytes) -> Result<Json<Settings>, ApiError> {
    let mut settings = read_body_and_check(&body, Settings::check)?;
    let saved = blocking(move || {
        if settings.limits.is_none() {
            settings.limits = Settings::load(control.store())?.limits;
        }
        control.store().set_setting(KEY, &settings.to_stored()?)?;
        settings.put_in_force(&control);
        Ok::<_, ApiError>(settings)
    });
    saved.await?.map(Json)
}
