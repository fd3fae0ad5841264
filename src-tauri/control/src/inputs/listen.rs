//! Where an API listens, as written.

use std::net::IpAddr;

use gatepost_model::{BasePath, Fault, Faults, Host, Listen, Slug, header_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the gateway accepts an API's calls.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenInput {
    /// IP address to accept on. 0.0.0.0 for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Listen::DEFAULT_ADDRESS))]
    #[schema(default = json!(Listen::DEFAULT_ADDRESS))]
    pub address: Option<String>,
    /// 1 to 65535.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Listen::DEFAULT_PORT))]
    #[schema(default = json!(Listen::DEFAULT_PORT))]
    pub port: Option<u32>,
    /// Default `/<asset_id>/<version>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_path: Option<String>,
    /// Host names it answers to; default any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Header that tells versions at one place apart: the API takes only requests in which it equals the API's
    /// version. One without it takes all others. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_header: Option<String>,
}

impl ListenInput {
    pub(super) fn check(self, asset_id: &Slug, version: &str) -> Result<Listen, Vec<Fault>> {
        let mut faults = Faults::new();
        let address = match self.address.as_deref().filter(|address| !address.is_empty()) {
            None => Some(Listen::DEFAULT_ADDRESS),
            Some("localhost") => Some(Listen::DEFAULT_ADDRESS),
            Some(text) => faults.take(
                "address",
                text.parse::<IpAddr>()
                    .map_err(|_| format!("`{text}` is not an IP address, such as 127.0.0.1 or 0.0.0.0")),
            ),
        };
        let port = match self.port {
            None => Some(Listen::DEFAULT_PORT),
            Some(port) => faults.take(
                "port",
                u16::try_from(port)
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or(format!("`{port}` is not a port (1 to 65535)")),
            ),
        };
        let base_path = match self.base_path.as_deref().filter(|path| !path.is_empty()) {
            None => BasePath::default_of(asset_id, version),
            Some(path) => BasePath::parse(path),
        };
        let base_path = faults.take("base_path", base_path);
        if self.hosts.len() > Listen::MAX_HOSTS {
            faults.add("hosts", format!("at most {} host names", Listen::MAX_HOSTS));
        }
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .enumerate()
            .filter_map(|(n, host)| faults.take(&format!("hosts[{n}]"), Host::parse(host)))
            .collect();
        let version_header = self.version_header.as_deref().filter(|name| !name.is_empty());
        let version_header = version_header.and_then(|name| faults.take("version_header", header_name(name)));
        match (address, port, base_path, faults.is_empty()) {
            (Some(address), Some(port), Some(base_path), true) => {
                Ok(Listen { address, port, base_path, hosts, version_header })
            }
            _ => Err(faults.into_vec()),
        }
    }

    /// What would be written for it.
    pub(super) fn of(listen: &Listen) -> Self {
        Self {
            address: Some(listen.address.to_string()),
            port: Some(listen.port.into()),
            base_path: Some(listen.base_path.to_string()),
            hosts: listen.hosts.iter().map(|host| host.as_str().to_owned()).collect(),
            version_header: listen.version_header.clone(),
        }
    }
}
