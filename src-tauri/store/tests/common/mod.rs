//! What the tests of the catalog share.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;

use gatepost_model::{
    ApiId, AppliedPolicyId, BasePath, ClientAppId, Host, Listen, Millis, Scope, Slug, Timeouts, Upstream,
    UpstreamUrl,
};
use gatepost_store::{NewApi, NewClient, NewPolicy, Secret, Store, Write, WriteError};
use serde_json::json;

/// Any moment.
pub const NOW: i64 = 1_795_000_000_000;

/// A secret that is easy to search for.
pub const SECRET: &str = "correct-horse-battery-staple-8f2c";

pub fn open(dir: &Path) -> Store {
    Store::open(dir).expect("the store opens")
}

pub fn new_api(asset_id: &str) -> NewApi {
    let asset_id = Slug::parse(asset_id).expect("a slug");
    NewApi {
        name: format!("API {asset_id}"),
        version: "v1".into(),
        label: "default".into(),
        listen: Listen {
            address: "::1".parse().expect("an address"),
            port: 65_535,
            base_path: BasePath::default_of(&asset_id, "v1").expect("a path"),
            hosts: ["api.example.com", "[::1]"].map(|host| Host::parse(host).expect("a host")).into(),
            version_header: None,
        },
        upstream: Upstream {
            timeouts: Timeouts { connect: Millis(1_234), response: Millis(60_000), ..Timeouts::default() },
            ..Upstream::of_url(UpstreamUrl::parse("https://backend:9443/a%20b").expect("a URL"))
        },
        asset_id,
    }
}

pub fn new_policy(policy: &str) -> NewPolicy {
    NewPolicy {
        policy: policy.into(),
        config: json!({"z": 1, "a": ["ü", null, 1.5]}),
        only: vec![Scope { methods: vec!["GET".into()], path: Some("/orders/.*".into()) }],
        enabled: true,
    }
}

pub fn new_client(name: &str) -> NewClient {
    NewClient { name: name.into(), description: "says what it is".into() }
}

/// Adds a client app with one credential, whose client ID is the app's name and whose secret is [`SECRET`].
pub fn add_client(tx: &mut Write<'_>, name: &str) -> Result<ClientAppId, WriteError> {
    let app = tx.insert_client(&new_client(name))?;
    tx.insert_credential(app, name, &Secret::new(SECRET.into()))?;
    Ok(app)
}

/// Adds an API with the named policies.
pub fn add_api(
    tx: &mut Write<'_>,
    asset_id: &str,
    policies: &[&str],
) -> Result<(ApiId, Vec<AppliedPolicyId>), WriteError> {
    let api = tx.insert_api(&new_api(asset_id))?;
    let ids = policies.iter().map(|policy| tx.insert_policy(api, &new_policy(policy)));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    Ok((api, ids))
}

/// Does `change` as one save.
pub fn save<T>(store: &Store, change: impl FnOnce(&mut Write<'_>) -> Result<T, WriteError>) -> T {
    store.write("a test's save", NOW, change).expect("the save succeeds")
}
