//! The programs we stand beside, each a file: how to find it, and its configuration as a plain proxy.

mod caddy;
mod envoy;
mod haproxy;
pub mod nginx;
mod traefik;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::ground::{Certificate, Ground};
use super::subject::{Ports, Start, Subject};
use crate::setup::peers_folder;

/// How long a peer may take until its first answer.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A program that we stand beside.
pub struct Peer {
    /// Its name in the table.
    pub name: &'static str,
    find: fn() -> Option<PathBuf>,
    /// Writes its files and adds its arguments.
    configure: fn(&Site<'_>, &mut Command) -> Result<()>,
}

/// What a peer's configuration is made of: it passes everything on to the backend, from three ports.
pub struct Site<'a> {
    folder: &'a Path,
    ports: Ports,
    backend: u16,
    workers: usize,
    /// Connections it must be able to hold.
    connections: u32,
    certificate: &'a Certificate,
}

/// Every peer, in the order of the table.
pub const PEERS: &[&Peer] =
    &[&nginx::NGINX, &haproxy::HAPROXY, &envoy::ENVOY, &caddy::CADDY, &traefik::TRAEFIK];

impl Peer {
    /// Starts it; none when it is not installed.
    pub fn start(&self, ground: &Ground, connections: u32) -> Result<Option<Subject>> {
        let Some(program) = (self.find)() else { return Ok(None) };
        let (folder, ports) = (ground.room()?, Ports::free()?);
        let site = Site {
            folder: &folder,
            ports,
            backend: ground.backend,
            workers: ground.workers,
            connections,
            certificate: &ground.certificate,
        };
        let mut command = Command::new(program);
        (self.configure)(&site, &mut command)?;
        let path = "/bench/1k".to_owned();
        let start = Start { command, folder, ports, path, headers: Vec::new(), limit: START_LIMIT };
        Subject::start(start).map(Some)
    }
}

impl Site<'_> {
    fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// A program that `--peers` put below `target`.
fn installed(place: &str) -> Option<PathBuf> {
    let file = peers_folder().ok()?.join(place);
    file.is_file().then_some(file)
}
