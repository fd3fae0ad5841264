//! What the tests of the catalog share.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeSet;
use std::path::Path;

use gatepost_model::{
    ApiId, ApiRoute, AppliedPolicyId, BasePath, CertificateKind, ClientAppId, ClientCertificates, Host,
    Listen, ListenerTls, PrivateKey, RouteInput, Scope, Slug, TlsVersion, Upstream, UpstreamInput,
};
use gatepost_store::{NewApi, NewCertificate, NewClient, NewPolicy, Secret, Store, Write, WriteError};
use serde_json::json;

/// Any moment.
pub const NOW: i64 = 1_795_000_000_000;

/// A secret that is easy to search for.
pub const SECRET: &str = "correct-horse-battery-staple-8f2c";

pub fn open(dir: &Path) -> Store {
    Store::open(dir).expect("the store opens")
}

/// The store looks into nothing of it.
pub fn new_certificate(name: &str) -> NewCertificate {
    NewCertificate {
        name: name.into(),
        kind: CertificateKind::Identity,
        chain: "-----BEGIN CERTIFICATE-----".into(),
        key: Some(PrivateKey::new(SECRET)),
        subject: format!("CN={name}"),
        issuer: "CN=an authority".into(),
        hosts: vec!["api.example.com".into(), "::1".into()],
        fingerprint: format!("fingerprint of {name}"),
        not_before: NOW,
        not_after: NOW + 1,
    }
}

pub fn tls(certificate: &str) -> ListenerTls {
    ListenerTls {
        certificates: vec![certificate.into()],
        min_version: TlsVersion::Tls13,
        http2: false,
        client_certificates: ClientCertificates::Optional,
        client_authority: Some("callers".into()),
    }
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
            version_header: Some("api-version".into()),
        },
        routes: routes(),
        upstream: upstream(),
        asset_id,
    }
}

/// One in which nothing is as the default has it.
fn upstream() -> Upstream {
    let input: UpstreamInput = serde_json::from_value(json!({
        "targets": [{"url": "https://backend:9443/a%20b", "weight": 3}, {"url": "http://[::1]:9000"}],
        "balance": "consistent_hash", "hash_on": "header:x-user", "protocol": "http1",
        "timeouts": {"connect": 1_234, "response": "1m", "idle": "2m", "total": "3m", "keep_alive": "4m"},
        "health": {"path": "/health", "interval": "5s", "timeout": "1s", "expect": "200,404", "healthy_after": 1},
        "ejection": {"failures": 7, "duration": "30s", "max_percent": 10},
        "retries": {"attempts": 2, "on_status": [503], "budget_percent": 5},
        "ceilings": {"connections": 1, "pending": 2, "requests": 3},
        "tls": {"verify": false, "authority": "ca", "certificate": "cert", "server_name": "api.internal"}
    }))
    .expect("of the right form");
    input.check().expect("an upstream")
}

fn routes() -> Vec<ApiRoute> {
    let input: Vec<RouteInput> = serde_json::from_value(json!([
        {
            "name": "gold", "path": "/v2(/.*)", "methods": ["GET"], "hosts": ["gold.example.com"],
            "headers": [{"name": "x-tier", "value": "gold|silver"}], "destination_path": "/orders",
            "upstream": {"url": "http://gold:9000", "ejection": false}
        },
        {"name": "rest", "upstream": {"url": "http://rest:9000"}}
    ]))
    .expect("of the right form");
    RouteInput::check_all(&input).expect("routes")
}

pub fn new_policy(policy: &str) -> NewPolicy {
    NewPolicy {
        policy: policy.into(),
        config: json!({"z": 1, "a": ["ü", null, 1.5]}),
        only: vec![Scope { methods: vec!["GET".into()], path: Some("/orders/.*".into()) }],
        enabled: true,
        shadow: false,
        secrets: BTreeSet::new(),
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
