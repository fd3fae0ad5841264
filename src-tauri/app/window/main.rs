//! The desktop window: one page, one command to the management API, one live channel, and a place for files that the
//! page hands over. `gatepost` starts it.

// No console window beside ours on Windows.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod downloads;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Context;
use clap::Parser;
use gatepost_app::{data_dir, log, runtime};
use gatepost_control::{Control, LiveEvent, live, router};
use serde::Serialize;
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{Manager, RunEvent, State};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_stream::StreamExt;

/// What the window's commands work with.
struct Session {
    control: Control,
    runtime: Handle,
    /// The page's live stream. A page that is loaded again opens another, which ends this one.
    live: Mutex<Option<AbortHandle>>,
}

/// Gatepost's window.
#[derive(Parser)]
#[command(name = "gatepost-window", version, about)]
struct Window {
    /// Folder of `gatepost.db` and `traffic.db`. Default: the system's folder for application data.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    log::start();
    match data_dir::find(Window::parse().data_dir).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Opens the window and runs until it is closed.
fn run(data_dir: PathBuf) -> anyhow::Result<()> {
    let runtime = runtime::build()?;
    let control = {
        let _entered = runtime.enter();
        runtime::open(data_dir, runtime::workers(None), false)?
    };
    let session =
        Session { control: control.clone(), runtime: runtime.handle().clone(), live: Mutex::new(None) };
    let app = tauri::Builder::default()
        .manage(session)
        .invoke_handler(tauri::generate_handler![api, live_stream, save_file])
        .build(tauri::generate_context!())
        .context("The window cannot be opened")?;
    let code = app.run_return(|app, event| {
        if let RunEvent::ExitRequested { .. } = event {
            let session = app.state::<Session>();
            session.runtime.block_on(session.control.stop());
        }
    });
    anyhow::ensure!(code == 0, "The window ended with code {code}");
    Ok(())
}

/// An answer of the management API.
#[derive(Serialize)]
struct Answer {
    status: u16,
    /// As text; empty when there is none.
    body: String,
}

/// The one door: forwards to the management API's router.
#[tauri::command(rename_all = "snake_case")]
async fn api(
    session: State<'_, Session>,
    method: String,
    path: String,
    body: Option<Value>,
) -> Result<Answer, String> {
    let control = session.control.clone();
    let answered = session.runtime.spawn(async move { forward(control, &method, &path, body).await });
    answered.await.map_err(|error| error.to_string())?.map_err(|error| format!("{error:#}"))
}

async fn forward(control: Control, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
    let body = body.map_or_else(String::new, |body| body.to_string());
    let (status, body) = gatepost_control::call(router(control), method, path, body).await?;
    Ok(Answer { status, body })
}

/// Sends live events to the page until it asks for another stream.
#[tauri::command(rename_all = "snake_case", rename = "live")]
async fn live_stream(session: State<'_, Session>, on_event: Channel<LiveEvent>) -> Result<(), String> {
    let mut events = {
        let _entered = session.runtime.enter();
        Box::pin(live(&session.control))
    };
    let task = session.runtime.spawn(async move {
        while let Some(event) = events.next().await {
            if on_event.send(event).is_err() {
                return;
            }
        }
    });
    let mut live = session.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(before) = live.replace(task.abort_handle()) {
        before.abort();
    }
    Ok(())
}

/// Keeps a text as a new file among the user's downloads, and gives its path.
#[tauri::command(rename_all = "snake_case")]
async fn save_file(session: State<'_, Session>, name: String, text: String) -> Result<String, String> {
    let kept = session.runtime.spawn_blocking(move || {
        let path = downloads::keep(&downloads::folder()?, &name, &text)?;
        Ok::<_, std::io::Error>(path.display().to_string())
    });
    kept.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}
