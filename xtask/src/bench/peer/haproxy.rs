//! HAProxy: one process, a thread for each worker, no log.

use std::process::Command;

use anyhow::Result;

use super::{Peer, Site};
use crate::project::program;

pub const HAPROXY: Peer = Peer { name: "HAProxy", find: || program(&["haproxy"]), configure };

fn configure(site: &Site<'_>, command: &mut Command) -> Result<()> {
    let Site { ports, backend, workers, connections, certificate, .. } = site;
    // It reckons with a connection to the backend for each caller, and refuses to start when those might be too many
    // files; idle callers have none.
    let config = format!(
        "global
  nbthread {workers}
  maxconn {maximum}
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
frontend callers
  bind 127.0.0.1:{plain}
  bind 127.0.0.1:{tls} ssl crt {both} alpn h2,http/1.1
  bind 127.0.0.1:{h2c} proto h2
  default_backend targets
backend targets
  server target 127.0.0.1:{backend}
",
        maximum = connections + 1024,
        plain = ports.plain,
        tls = ports.tls,
        h2c = ports.h2c,
        both = certificate.both_file.display(),
    );
    let file = site.write("haproxy.cfg", &config)?;
    command.arg("-db").arg("-f").arg(file);
    Ok(())
}
