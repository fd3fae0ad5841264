//! Traefik: one process, as many running threads as workers, no access log.

use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::{Peer, Site, installed};
use crate::project::program;

pub const TRAEFIK: Peer =
    Peer { name: "Traefik", find: || installed("bin/traefik").or_else(|| program(&["traefik"])), configure };

fn configure(site: &Site<'_>, command: &mut Command) -> Result<()> {
    let entry = |port: u16| {
        json!({"address": format!("127.0.0.1:{port}"),
            "transport": {"lifeCycle": {"graceTimeOut": "1s"}}})
    };
    let router = |entries: &[&str]| json!({"rule": "PathPrefix(`/bench`)", "service": "target", "entryPoints": entries});
    let mut over_tls = router(&["tls"]);
    over_tls["tls"] = json!({});
    let certificate = json!({"certFile": site.certificate.chain_file, "keyFile": site.certificate.key_file});
    // JSON is YAML too.
    let routes = json!({
        "http": {
            "routers": {"plain": router(&["plain", "h2c"]), "tls": over_tls},
            "services": {"target": {"loadBalancer": {"servers": [
                {"url": format!("http://127.0.0.1:{}", site.backend)}
            ]}}}
        },
        "tls": {"certificates": [certificate], "stores": {"default": {"defaultCertificate": certificate}}}
    });
    let config = json!({
        "global": {"checkNewVersion": false, "sendAnonymousUsage": false},
        "log": {"level": "ERROR"},
        "entryPoints": {
            "plain": entry(site.ports.plain),
            "tls": entry(site.ports.tls),
            "h2c": entry(site.ports.h2c)
        },
        "providers": {"file": {"filename": site.write("routes.yml", &routes.to_string())?}}
    });
    let file = site.write("traefik.yml", &config.to_string())?;
    command.arg(format!("--configfile={}", file.display())).env("GOMAXPROCS", site.workers.to_string());
    Ok(())
}
