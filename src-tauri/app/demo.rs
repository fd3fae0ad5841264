//! `gatepost demo`: the sample API by itself.

use std::net::Ipv4Addr;

use anyhow::Context;
use gatepost_app::log::say;
use gatepost_app::runtime;
use gatepost_control::sample;
use tokio::net::TcpListener;

use crate::serve::stop_signal;

/// Runs until it is told to stop.
pub fn run(port: u16) -> anyhow::Result<()> {
    runtime::build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener =
            listener.with_context(|| format!("Port {port} cannot be had; choose another with --port"))?;
        say(&format!("Sample API  http://{}", listener.local_addr()?));
        sample::serve(listener, stop_signal()).await.context("The sample API ended")
    })
}
