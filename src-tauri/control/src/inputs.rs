//! What an operator writes about an API, a policy or a client app: the same in the management API and in the file.

use std::net::IpAddr;

use gatepost_gateway::{Env, Kind, StateStore};
use gatepost_model::{
    AppliedPolicyId, BasePath, Fault, Faults, Host, Listen, Millis, Scope, Slug, Timeouts, Upstream,
    UpstreamUrl,
};
use gatepost_store::{NewApi, NewClient, NewPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// An API as written. Everything but name and upstream has a default.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiInput {
    /// What people call it; 1 to 100 characters.
    pub name: String,
    /// Default: the name as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// Default `v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Default `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where the gateway accepts its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<ListenInput>,
    /// What is behind it.
    pub upstream: UpstreamInput,
}

/// Where the gateway accepts an API's calls.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenInput {
    /// IP address to accept on. Default 127.0.0.1; 0.0.0.0 for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Default 8081.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u32>,
    /// Default `/<asset_id>/<version>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_path: Option<String>,
    /// Host names it answers to; default any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

/// What is behind an API.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamInput {
    /// Such as `http://127.0.0.1:9000/posts`.
    pub url: String,
    /// How long each step may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<TimeoutsInput>,
}

/// How long each step towards the upstream may take.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeoutsInput {
    /// Until the connection stands. Default 5s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub connect: Option<Millis>,
    /// Until the response begins. Default 15s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub response: Option<Millis>,
}

/// Longest time a timeout may be.
const LONGEST_TIMEOUT: Millis = Millis(3_600_000);

impl ApiInput {
    /// Fills in the defaults and checks everything.
    pub fn check(self) -> Result<NewApi, Vec<Fault>> {
        let mut faults = Faults::new();
        let name = faults.take("name", words(&self.name, 100)).unwrap_or_default();
        let asset_id = match self.asset_id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => faults.take("asset_id", Slug::parse(id)).unwrap_or_else(|| Slug::of_name(&name)),
            None => Slug::of_name(&name),
        };
        let version = or_default(&mut faults, "version", self.version.as_deref(), "v1");
        let label = or_default(&mut faults, "label", self.label.as_deref(), "default");
        let listen = self.listen.unwrap_or_default().check(&asset_id, &version);
        let listen = listen.map_err(|inner| faults.extend_under("listen", inner)).ok();
        let upstream = self.upstream.check().map_err(|inner| faults.extend_under("upstream", inner)).ok();
        match (listen, upstream, faults.is_empty()) {
            (Some(listen), Some(upstream), true) => {
                Ok(NewApi { name, asset_id, version, label, listen, upstream })
            }
            _ => Err(faults.into_vec()),
        }
    }
}

impl ListenInput {
    fn check(self, asset_id: &Slug, version: &str) -> Result<Listen, Vec<Fault>> {
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
        match (address, port, base_path, faults.is_empty()) {
            (Some(address), Some(port), Some(base_path), true) => {
                Ok(Listen { address, port, base_path, hosts, version_header: None })
            }
            _ => Err(faults.into_vec()),
        }
    }
}

impl UpstreamInput {
    fn check(self) -> Result<Upstream, Vec<Fault>> {
        let mut faults = Faults::new();
        let url = faults.take("url", UpstreamUrl::parse(self.url.trim()));
        let given = self.timeouts.unwrap_or_default();
        let default = Timeouts::default();
        let mut timeout = |field: &str, given: Option<Millis>, default: Millis| {
            let value = given.unwrap_or(default);
            if value.0 == 0 || value > LONGEST_TIMEOUT {
                faults.add(field, format!("must be from 1ms to {LONGEST_TIMEOUT}"));
            }
            value
        };
        let timeouts = Timeouts {
            connect: timeout("timeouts.connect", given.connect, default.connect),
            response: timeout("timeouts.response", given.response, default.response),
            ..default
        };
        match (url, faults.is_empty()) {
            (Some(url), true) => Ok(Upstream { timeouts, ..Upstream::of_url(url) }),
            _ => Err(faults.into_vec()),
        }
    }
}

/// A policy as applied, as written.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppliedPolicyInput {
    /// Name of a policy in the catalogue, such as `rate-limiting`.
    pub policy: String,
    /// Its configuration; default `{}`.
    #[serde(default = "empty_object")]
    #[schema(value_type = Object)]
    pub config: serde_json::Map<String, Value>,
    /// Which requests it is for; default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Scope>,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn empty_object() -> serde_json::Map<String, Value> {
    serde_json::Map::new()
}

fn yes() -> bool {
    true
}

impl AppliedPolicyInput {
    /// Every fault: an unknown policy, its configuration (under `config`), its scope (under `only`).
    pub fn check(&self, kinds: &[Kind]) -> Result<(), Vec<Fault>> {
        let mut faults = Faults::new();
        faults.extend_under("", Scope::check_all(&self.only));
        match kinds.iter().find(|kind| kind.name == self.policy) {
            None => faults.add("policy", format!("there is no policy `{}`", self.policy)),
            Some(kind) => {
                let states = StateStore::new();
                let config = Value::Object(self.config.clone());
                if let Err(inner) = kind.compile(&config, &Env::new(AppliedPolicyId(0), "", &states)) {
                    faults.extend_under("config", inner);
                }
            }
        }
        faults.into_result()
    }
}

impl From<AppliedPolicyInput> for NewPolicy {
    fn from(input: AppliedPolicyInput) -> Self {
        Self {
            policy: input.policy,
            config: Value::Object(input.config),
            only: input.only,
            enabled: input.enabled,
        }
    }
}

/// A client app as written.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientAppInput {
    /// Unique; 1 to 100 characters.
    pub name: String,
    /// At most 1,000 characters.
    #[serde(default)]
    pub description: String,
}

impl ClientAppInput {
    /// Trims and checks it.
    pub fn check(self) -> Result<NewClient, Vec<Fault>> {
        let mut faults = Faults::new();
        let name = faults.take("name", words(&self.name, 100)).unwrap_or_default();
        if self.description.chars().count() > 1_000 {
            faults.add("description", "at most 1,000 characters");
        }
        faults.into_result()?;
        Ok(NewClient { name, description: self.description.trim().to_owned() })
    }
}

/// A name for people: trimmed, not empty, no control characters.
pub(crate) fn words(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.chars().count() > most {
        return Err(format!("at most {most} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character".into());
    }
    Ok(text.to_owned())
}

/// A version or label: one path segment.
fn or_default(faults: &mut Faults, field: &str, given: Option<&str>, default: &str) -> String {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else {
        return default.to_owned();
    };
    let fits = given.len() <= 50 && given.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if !fits || matches!(given, "." | "..") {
        faults
            .add(field, format!("`{given}` must be letters, digits, `-`, `.` or `_`, at most 50 characters"));
    }
    given.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn api(value: Value) -> Result<NewApi, Vec<Fault>> {
        crate::input::read_and_check(value, Vec::new(), ApiInput::check)
    }

    fn fields(faults: Vec<Fault>) -> Vec<String> {
        let mut fields: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
        fields.sort();
        fields
    }

    #[test]
    fn name_and_upstream_are_enough() {
        let api = api(json!({"name": "Posts API", "upstream": {"url": "http://127.0.0.1:9000/posts"}}))
            .expect("valid");
        assert_eq!(api.listen.base_path.as_str(), "/posts-api/v1");
        assert_eq!((api.listen.port, api.version.as_str(), api.label.as_str()), (8081, "v1", "default"));
    }

    #[test]
    fn every_fault_at_once() {
        let faults = api(json!({
            "name": " ", "version": "v 1", "asset_id": "Ä",
            "listen": {"port": 99_999, "base_path": "x", "hosts": ["a b"], "address": "here"},
            "upstream": {"url": "nowhere", "timeouts": {"connect": "0s"}}
        }));
        assert_eq!(
            fields(faults.expect_err("faulty")),
            [
                "asset_id",
                "listen.address",
                "listen.base_path",
                "listen.hosts[0]",
                "listen.port",
                "name",
                "upstream.timeouts.connect",
                "upstream.url",
                "version"
            ]
        );
    }
}
