//! An API as written.

use gatepost_model::{Api, Fault, Faults, RouteInput, Slug, UpstreamInput, words};
use gatepost_store::NewApi;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ListenInput;

/// An API as written. Everything but name and upstream has a default.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiInput {
    /// What people call it; 1 to 100 characters.
    pub name: String,
    /// Default: the name as a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// Which of several that are alike; part of the default base path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "v1"))]
    #[schema(default = json!("v1"))]
    pub version: Option<String>,
    /// Tells apart two instances of one version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "default"))]
    #[schema(default = json!("default"))]
    pub label: Option<String>,
    /// Where the gateway accepts its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<ListenInput>,
    /// What is behind it.
    pub upstream: UpstreamInput,
    /// Requests that go elsewhere, at most 50; the first that fits counts. Default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteInput>,
}

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
        let routes = RouteInput::check_all(&self.routes).map_err(|inner| faults.extend_under("", inner)).ok();
        match (listen, upstream, routes, faults.is_empty()) {
            (Some(listen), Some(upstream), Some(routes), true) => {
                Ok(NewApi { name, asset_id, version, label, listen, routes, upstream })
            }
            _ => Err(faults.into_vec()),
        }
    }

    /// What would be written for it. Its names and where it listens are always said, for they are what it is known by.
    pub fn of(api: &Api) -> Self {
        Self {
            name: api.name.clone(),
            asset_id: Some(api.asset_id.to_string()),
            version: Some(api.version.clone()),
            label: Some(api.label.clone()),
            listen: Some(ListenInput::of(&api.listen)),
            upstream: UpstreamInput::of(&api.upstream),
            routes: api.routes.iter().map(RouteInput::of).collect(),
        }
    }
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
    use gatepost_model::{ApiId, Fault};
    use serde_json::{Value, json};

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
            "listen": {"port": 99_999, "base_path": "x", "hosts": ["a b"], "address": "here", "version_header": "a b"},
            "upstream": {"url": "nowhere", "timeouts": {"connect": "0s"}},
            "routes": [
                {"name": "a", "upstream": {"url": "http://a"}},
                {"name": "b", "upstream": {"targets": [{"url": "http://a"}, {"url": "http://b", "weight": 0}]}}
            ]
        }));
        assert_eq!(
            fields(faults.expect_err("faulty")),
            [
                "asset_id",
                "listen.address",
                "listen.base_path",
                "listen.hosts[0]",
                "listen.port",
                "listen.version_header",
                "name",
                "routes[1].upstream.targets[1].weight",
                "upstream.timeouts.connect",
                "upstream.url",
                "version"
            ]
        );
    }

    #[test]
    fn faults_of_form_in_an_upstream_are_named_too() {
        let faults = api(json!({
            "name": "a", "listen": {"version_header": 1},
            "upstream": {
                "targets": [{"url": "http://a", "wieght": 2}, {"weight": "x"}], "balance": "random", "protocol": 3,
                "health": {"interval": "soon", "expect": true}, "ejection": {"failures": "many"},
                "retries": {"on_status": ["x"]}, "ceilings": [], "tls": {"verify": "no"}
            },
            "routes": [{"nam": "x", "upstream": {"timeouts": {"idle": "long"}}}]
        }));
        assert_eq!(
            fields(faults.expect_err("faulty")),
            [
                "listen.version_header",
                "routes[0].nam",
                "routes[0].name",
                "routes[0].upstream.timeouts.idle",
                "routes[0].upstream.url",
                "upstream.balance",
                "upstream.ceilings",
                "upstream.ejection.failures",
                "upstream.health.expect",
                "upstream.health.interval",
                "upstream.protocol",
                "upstream.retries.on_status[0]",
                "upstream.targets[0].wieght",
                "upstream.targets[1].url",
                "upstream.targets[1].weight",
                "upstream.tls.verify"
            ]
        );
    }

    #[test]
    fn a_number_too_large_for_its_type_is_named() {
        let faults = api(json!({
            "name": "", "upstream": {"url": "http://a", "ceilings": {"pending": 5_000_000_000_u64, "requests": 0}}
        }));
        assert_eq!(
            fields(faults.expect_err("faulty")),
            ["name", "upstream.ceilings.pending", "upstream.ceilings.requests"]
        );
    }

    #[test]
    fn what_is_written_for_an_api_makes_the_same_api() {
        let NewApi { name, asset_id, version, label, listen, routes, upstream } = api(json!({
            "name": "Orders", "listen": {"address": "0.0.0.0", "hosts": ["Api.Test"], "version_header": "API-Version"},
            "upstream": {"targets": [{"url": "http://a", "weight": 2}, {"url": "http://b"}]},
            "routes": [{"name": "a", "path": "/a(/.*)", "upstream": {"url": "http://c", "ejection": false}}]
        }))
        .expect("valid");
        let api = Api {
            id: ApiId(1),
            name,
            asset_id,
            version,
            label,
            listen,
            routes,
            upstream,
            created_at: 0,
            updated_at: 0,
        };
        let again = ApiInput::of(&api).check().expect("valid");
        assert_eq!((&again.name, &again.asset_id, &again.label), (&api.name, &api.asset_id, &api.label));
        assert_eq!((&again.version, &again.listen), (&api.version, &api.listen));
        assert_eq!((&again.routes, &again.upstream), (&api.routes, &api.upstream));
        assert_eq!(api.listen.version_header.as_deref(), Some("api-version"));
    }
}
