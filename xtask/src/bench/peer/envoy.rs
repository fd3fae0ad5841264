//! Envoy: one process, `--concurrency` workers, no access log.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Peer, Site, installed};
use crate::project::program;

pub const ENVOY: Peer = Peer { name: "Envoy", find, configure };

/// The program itself, not the Python script before it, whose time and memory are not Envoy's.
fn find() -> Option<PathBuf> {
    let packages = installed("bin/python3")
        .and_then(|_| std::fs::read_dir(crate::setup::peers_folder().ok()?.join("lib")).ok());
    let mut bundled = packages
        .into_iter()
        .flatten()
        .flatten()
        .map(|python| python.path().join("site-packages/envoy/_bin/envoy"));
    bundled.find(|file| file.is_file()).or_else(|| program(&["envoy"]))
}

fn configure(site: &Site<'_>, command: &mut Command) -> Result<()> {
    let tls = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [{
                    "certificate_chain": {"filename": site.certificate.chain_file},
                    "private_key": {"filename": site.certificate.key_file}
                }]
            }
        }
    });
    let config = json!({
        "static_resources": {
            "listeners": [
                listener("plain", site.ports.plain, None),
                listener("tls", site.ports.tls, Some(&tls)),
                listener("h2c", site.ports.h2c, None)
            ],
            "clusters": [{
                "name": "target",
                "type": "STATIC",
                "connect_timeout": "5s",
                "load_assignment": {"cluster_name": "target", "endpoints": [
                    {"lb_endpoints": [{"endpoint": {"address": address(site.backend)}}]}
                ]}
            }]
        }
    });
    let file = site.write("envoy.json", &config.to_string())?;
    command.arg("-c").arg(file).args(["--concurrency", &site.workers.to_string()]);
    command.args(["--disable-hot-restart", "--log-level", "error"]);
    Ok(())
}

fn listener(name: &str, port: u16, tls: Option<&Value>) -> Value {
    let mut chain = json!({"filters": [{
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name,
            "codec_type": "AUTO",
            "route_config": {"virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/bench"}, "route": {"cluster": "target"}}]
            }]},
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
            }]
        }
    }]});
    if let Some(tls) = tls {
        chain["transport_socket"] = tls.clone();
    }
    json!({"name": name, "address": address(port), "filter_chains": [chain]})
}

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}
