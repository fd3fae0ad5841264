//! `gatepost serve`: the whole program without a window.

use std::net::SocketAddr;

use anyhow::Context;
use gatepost_app::log::{say, say_error};
use gatepost_app::{data_dir, runtime};
use gatepost_control::{Access, Control};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::Serve;
use crate::{assets, config_file};

/// Runs until SIGTERM or Ctrl+C, then drains.
pub fn run(arguments: Serve) -> anyhow::Result<()> {
    let data_dir = data_dir::find(arguments.data_dir)?;
    let workers = runtime::workers(arguments.workers);
    let runtime = runtime::build()?;
    runtime.block_on(async {
        let stop = stop_signal();
        let control = runtime::open(data_dir, workers, true)?;
        for file in &arguments.config {
            config_file::put_in_force(&control, file).await?;
        }
        let console =
            if arguments.no_admin { None } else { Some(Console::start(&control, arguments.admin).await?) };
        say_where(&control, console.as_ref());
        stop.await;
        if let Some(console) = console {
            console.stop().await;
        }
        control.stop().await;
        Ok(())
    })
}

/// The running console.
struct Console {
    url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Console {
    async fn start(control: &Control, address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| {
            format!("The console cannot listen on {address}; choose another with --admin")
        })?;
        let access = Access::load(control.data_dir(), listener.local_addr()?).context("admin.token")?;
        let url = access.console_url();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        let task =
            tokio::spawn(gatepost_control::serve(control.clone(), listener, access, assets::find, stopped));
        Ok(Self { url, stop, task })
    }

    /// Live streams never end by themselves: what still runs after asking is cut off.
    async fn stop(self) {
        let _ = self.stop.send(());
        let mut task = self.task;
        if tokio::time::timeout(std::time::Duration::from_millis(300), &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Scripts wait for these lines: they come when everything listens.
fn say_where(control: &Control, console: Option<&Console>) {
    for (address, problem) in control.listeners() {
        match problem {
            None => say(&format!("Gateway   {address}")),
            Some(problem) => say_error(&format!("{address}: {problem}")),
        }
    }
    if let Some(console) = console {
        say(&format!("Console   {}", console.url));
    }
    say("Ready");
}

/// Resolves on SIGTERM, SIGINT or Ctrl+C. Listens from the moment of the call, not of the first poll.
pub fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        async move {
            match signals {
                (Ok(mut terminate), Ok(mut interrupt)) => {
                    tokio::select! {
                        _ = terminate.recv() => {}
                        _ = interrupt.recv() => {}
                    }
                }
                // Without handlers the signals end the program by themselves.
                _ => std::future::pending().await,
            }
        }
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
