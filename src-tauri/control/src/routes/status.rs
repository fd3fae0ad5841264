//! What is running: listeners, the Plan in force, the recorder.

use axum::Json;
use axum::extract::State;
use gatepost_gateway::Listening;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sample::SampleView;
use super::settings;
use crate::control::Control;
use crate::error::ApiError;
use crate::warning::{self, Warning};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What is running.
#[derive(Serialize, ToSchema)]
struct Status {
    /// Of the program.
    version: &'static str,
    plan: PlanView,
    catalog: CatalogView,
    /// Epoch milliseconds.
    started_at: i64,
    data_dir: String,
    listeners: Vec<ListenerView>,
    recording: RecordingView,
    sample: SampleView,
    /// What goes wrong or should be known, the most pressing first: callers that wait unaccepted, listeners that
    /// failed, calls that panicked or are not recorded in full, certificates that expire within 30 days or have,
    /// upstreams whose certificate is not checked. For every screen.
    warnings: Vec<Warning>,
    /// Resident memory of the program in bytes, where the system tells.
    memory_bytes: Option<u64>,
    console: ConsoleView,
}

/// How much is configured.
#[derive(Serialize, ToSchema)]
struct CatalogView {
    apis: usize,
    clients: usize,
    contracts: usize,
}

/// The Plan in force.
#[derive(Serialize, ToSchema)]
struct PlanView {
    number: u64,
    since_ms: i64,
}

/// An address the gateway accepts on, or would.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListenerView {
    /// Such as `127.0.0.1:8081`.
    pub(crate) address: String,
    port: u16,
    /// It speaks TLS: URLs there begin with `https`. More is in `/listeners`.
    tls: bool,
    state: ListenerStateView,
    /// What went wrong, in a sentence.
    pub(crate) message: Option<String>,
    /// What to do about it, in a sentence.
    advice: Option<String>,
    /// How many APIs are there; which, is in `/listeners`.
    apis: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ListenerStateView {
    Listening,
    Failed,
}

/// What is recorded.
#[derive(Serialize, ToSchema)]
struct RecordingView {
    /// Calls are recorded.
    on: bool,
    /// Calls kept in detail now.
    calls: u64,
    /// Calls that were counted but whose detail was dropped under pressure, since the program began.
    dropped_details: u64,
    retention_calls: u64,
    retention_days: u32,
    /// Why nothing can be written at the moment; calls are counted on.
    fault: Option<String>,
}

/// How the console runs.
#[derive(Serialize, ToSchema)]
struct ConsoleView {
    /// There is no window; the console is in a browser.
    headless: bool,
}

impl ListenerView {
    /// Such as `http://127.0.0.1:8081`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address)
    }
}

pub(crate) fn listeners(control: &Control) -> Vec<ListenerView> {
    let in_force = control.in_force();
    let view = |listener: gatepost_gateway::ListenerState| {
        let (state, message, advice) = match listener.state {
            Listening::Yes => (ListenerStateView::Listening, None, None),
            Listening::Failed { message, advice } => {
                (ListenerStateView::Failed, Some(message + "."), Some(advice + "."))
            }
        };
        ListenerView {
            address: listener.address.to_string(),
            port: listener.address.port(),
            tls: in_force.wants_tls(listener.address),
            state,
            message,
            advice,
            apis: in_force
                .plan
                .listeners
                .get(&listener.address)
                .map_or(0, |plan| plan.routes.routes().count()),
        }
    };
    control.gateway().listeners().into_iter().map(view).collect()
}

/// What is running.
#[utoipa::path(get, path = "/status", operation_id = "show_status", responses((status = 200, body = Status)))]
async fn show(State(control): State<Control>) -> Result<Json<Status>, ApiError> {
    let in_force = control.in_force();
    let settings = settings::current(&control).await?;
    let recording = control.traffic().recording();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        plan: PlanView { number: in_force.plan.number, since_ms: in_force.plan.since_ms },
        catalog: CatalogView {
            apis: in_force.catalog.apis.len(),
            clients: in_force.catalog.clients.len(),
            contracts: in_force.catalog.contracts.len(),
        },
        started_at: control.started_at(),
        data_dir: control.data_dir().display().to_string(),
        listeners: listeners(&control),
        recording: RecordingView {
            on: settings.recording,
            calls: recording.kept_calls,
            dropped_details: recording.dropped_details,
            fault: recording.fault,
            retention_calls: settings.retention_calls,
            retention_days: settings.retention_days,
        },
        sample: SampleView::of(&control),
        warnings: warning::all(&control),
        memory_bytes: resident_memory(),
        console: ConsoleView { headless: control.headless() },
    }))
}

/// `VmRSS` of `/proc/self/status` (proc_pid_status(5)); other systems do not tell this cheaply.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
