//! Caddy: one process, as many running threads as workers, no access log.

use std::process::Command;

use anyhow::Result;

use super::{Peer, Site, installed};
use crate::project::program;

pub const CADDY: Peer =
    Peer { name: "Caddy", find: || installed("bin/caddy").or_else(|| program(&["caddy"])), configure };

fn configure(site: &Site<'_>, command: &mut Command) -> Result<()> {
    let Site { ports, backend, certificate, .. } = site;
    let config = format!(
        "{{
  admin off
  persist_config off
  auto_https off
  grace_period 1s
  servers {{
    protocols h1 h2 h2c
  }}
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{plain}, http://127.0.0.1:{h2c} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{backend}
}}
https://127.0.0.1:{tls} {{
  bind 127.0.0.1
  tls {chain} {key}
  reverse_proxy 127.0.0.1:{backend}
}}
",
        plain = ports.plain,
        h2c = ports.h2c,
        tls = ports.tls,
        chain = certificate.chain_file.display(),
        key = certificate.key_file.display(),
    );
    let file = site.write("Caddyfile", &config)?;
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("GOMAXPROCS", site.workers.to_string()).env("HOME", site.folder);
    command.env("XDG_DATA_HOME", site.folder).env("XDG_CONFIG_HOME", site.folder);
    Ok(())
}
