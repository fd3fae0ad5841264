//! What stands in `gatepost.yaml`, and every check that needs no running instance.

use std::collections::{HashMap, HashSet};

use gatepost_gateway::{Kind, MAX_AUTOMATED, MAX_POLICIES};
use gatepost_model::{
    BasePath, Fault, Faults, Listener, RouteInput, Slug, UpstreamInput, parse_moment, words,
};
use gatepost_store::{NewApi, NewCertificate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{Document, LocatedFault};
use super::tls::{self, FileListener};
use crate::control::now_ms;
use crate::input::read_and_check;
use crate::inputs::{ApiInput, AppliedPolicyInput, ListenInput};
use crate::limits::LimitsInput;
use crate::tls::CertificateInput;

/// The file's root.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatepostFile {
    /// Version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub gatepost: u32,
    /// What holds for all of them.
    #[serde(default)]
    pub settings: Option<FileSettings>,
    /// Certificates that listeners show and upstreams are trusted by. Keys are best taken from the environment.
    #[serde(default)]
    pub certificates: Vec<CertificateInput>,
    /// How addresses and ports greet; what is not here speaks plain HTTP.
    #[serde(default)]
    pub listeners: Vec<FileListener>,
    /// Policies for every API, before its own, in the order of enforcement. What is named here takes the place of all
    /// that there were; a file without this leaves them as they are.
    #[serde(default)]
    pub automated_policies: Option<Vec<AppliedPolicyInput>>,
    /// APIs.
    #[serde(default)]
    pub apis: Vec<FileApi>,
    /// Client apps.
    #[serde(default)]
    pub clients: Vec<FileClient>,
    /// Who may call what.
    #[serde(default)]
    pub contracts: Vec<FileContract>,
}

/// What holds for the gateway as a whole; what is not named stays as it is.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Bounds on what callers and upstreams can make the gateway hold.
    #[serde(default)]
    pub limits: Option<LimitsInput>,
}

/// An API with its policies.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileApi {
    name: String,
    #[serde(default)]
    asset_id: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    listen: Option<ListenInput>,
    upstream: UpstreamInput,
    #[serde(default)]
    routes: Vec<RouteInput>,
    /// Its own OpenAPI document.
    #[serde(default)]
    spec: Option<FileSpec>,
    /// In the order of enforcement.
    #[serde(default)]
    policies: Vec<AppliedPolicyInput>,
}

/// An OpenAPI document, 3.0 or 3.1: in a file of its own, or here.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FileSpec {
    /// Path of a file, JSON or YAML; where it is relative, from the folder of this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The document itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// A client app with its credentials.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileClient {
    /// Unique.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// At least one is of use.
    #[serde(default)]
    pub credentials: Vec<FileCredential>,
}

/// A client ID and secret.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileCredential {
    /// Unique over all client apps; 1 to 100 visible characters.
    pub client_id: String,
    /// 1 to 500 characters; best taken from the environment.
    pub client_secret: String,
    /// When it stops being taken: `2027-01-31` or `2027-01-31T18:00:00Z`. Never without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The secret that this one took the place of, while both are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<FilePreviousSecret>,
}

/// A secret that was replaced.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilePreviousSecret {
    /// As the new one.
    pub client_secret: String,
    /// When it stops being taken: `2027-01-31` or `2027-01-31T18:00:00Z`.
    pub until: String,
}

impl std::fmt::Debug for FileCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileCredential").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A client app's access to an API.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileContract {
    /// Name of the client app.
    pub client: String,
    /// `asset_id` of the API.
    pub api: String,
    /// Its version; default `v1`.
    #[serde(default = "first_version")]
    pub version: String,
    /// Its label; default `default`.
    #[serde(default = "default_label")]
    pub label: String,
}

fn first_version() -> String {
    "v1".into()
}

fn default_label() -> String {
    "default".into()
}

/// A file in which nothing is wrong.
#[derive(Debug, Default)]
pub struct CheckedFile {
    /// Bounds it names.
    pub limits: LimitsInput,
    /// Its certificates.
    pub certificates: Vec<NewCertificate>,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// Its automated policies; none leaves those that there are.
    pub automated_policies: Option<Vec<AppliedPolicyInput>>,
    /// Its APIs.
    pub apis: Vec<CheckedApi>,
    /// Its client apps.
    pub clients: Vec<FileClient>,
    /// Its contracts; both sides are in this file.
    pub contracts: Vec<FileContract>,
    /// What is allowed but should be known.
    pub warnings: Vec<LocatedFault>,
}

/// An API and its policies, checked.
#[derive(Debug)]
pub struct CheckedApi {
    /// The API.
    pub api: NewApi,
    /// Its OpenAPI document.
    pub spec: Option<String>,
    /// Its policies.
    pub policies: Vec<AppliedPolicyInput>,
}

/// Checks a document: its variables, its form, its sense. Every fault at once, each with its line.
pub fn check(document: &Document, kinds: &[Kind]) -> Result<CheckedFile, Vec<LocatedFault>> {
    let checked =
        read_and_check(document.value.clone(), document.faults.clone(), |file| check_sense(file, kinds));
    let mut checked = checked.map_err(|faults| document.locate(faults))?;
    checked.warnings = document.locate(warnings(&checked));
    Ok(checked)
}

/// What is allowed but should be known.
fn warnings(file: &CheckedFile) -> Vec<Fault> {
    let named = tls::names(&file.certificates);
    let mut warnings = Faults::new();
    tls::warn(file, &named, now_ms(), &mut warnings);
    for (n, CheckedApi { api, .. }) in file.apis.iter().enumerate() {
        let missing = named.check(&api.upstream, &api.routes).into_iter();
        let missing = missing.map(|fault| Fault::new(fault.field, tls::ELSEWHERE));
        let unsafe_settings = crate::tls::warnings(&api.upstream, &api.routes);
        warnings.extend_under(&format!("apis[{n}]"), missing.chain(unsafe_settings));
    }
    warnings.into_vec()
}

fn check_sense(file: GatepostFile, kinds: &[Kind]) -> Result<CheckedFile, Vec<Fault>> {
    let mut faults = Faults::new();
    let limits = file.settings.and_then(|settings| settings.limits).unwrap_or_default();
    if let Err(inner) = limits.check() {
        faults.extend_under("settings.limits", inner);
    }
    let automated = file.automated_policies.as_deref().unwrap_or_default();
    check_policies(automated, MAX_AUTOMATED, kinds, None, "automated_policies", &mut faults);
    let mut apis: Vec<(usize, CheckedApi)> = Vec::new();
    for (n, entry) in file.apis.into_iter().enumerate() {
        let at = format!("apis[{n}]");
        let input = ApiInput {
            name: entry.name,
            asset_id: entry.asset_id,
            version: entry.version,
            label: entry.label,
            listen: entry.listen,
            upstream: entry.upstream,
            routes: entry.routes,
        };
        let spec = entry.spec.map(|spec| check_spec(spec, &at, &mut faults));
        // Policies that need a specification say nothing new about one that is faulty.
        if spec != Some(None) {
            let spec = spec.as_ref().and_then(Option::as_deref);
            let field = format!("{at}.policies");
            check_policies(&entry.policies, MAX_POLICIES, kinds, spec, &field, &mut faults);
        }
        match input.check() {
            Ok(api) => apis.push((n, CheckedApi { api, spec: spec.flatten(), policies: entry.policies })),
            Err(inner) => faults.extend_under(&at, inner),
        }
    }
    let certificates = tls::check_certificates(&file.certificates, &mut faults);
    let listeners = tls::check_listeners(&file.listeners, &certificates, &mut faults);
    check_clashes(&apis, &mut faults);
    let clients = check_clients(file.clients, &mut faults);
    check_contracts(&file.contracts, &apis, &clients, &mut faults);
    faults.into_result()?;
    Ok(CheckedFile {
        limits,
        certificates,
        listeners,
        automated_policies: file.automated_policies,
        apis: apis.into_iter().map(|(_, api)| api).collect(),
        clients,
        contracts: file.contracts,
        warnings: Vec::new(),
    })
}

/// The document as text; none where it is faulty.
fn check_spec(spec: FileSpec, api: &str, faults: &mut Faults) -> Option<String> {
    let at = format!("{api}.spec");
    match spec {
        FileSpec { file: None, text: Some(text) } => {
            let read = gatepost_openapi::Document::parse(&text);
            let inner = read.err().unwrap_or_default();
            let is_sound = inner.is_empty();
            inner.into_iter().for_each(|fault| faults.add(&at, fault.to_string()));
            is_sound.then_some(text)
        }
        // Files are read before; one that could not be is a fault already.
        FileSpec { file: Some(_), text: None } => None,
        FileSpec { file: None, text: None } => {
            faults.add(format!("{at}.file"), "is missing; `text` may stand in its place");
            None
        }
        FileSpec { file: Some(_), text: Some(_) } => {
            faults.add(format!("{at}.text"), "stands beside `file`; write one of them");
            None
        }
    }
}

fn check_policies(
    policies: &[AppliedPolicyInput],
    most: usize,
    kinds: &[Kind],
    spec: Option<&str>,
    field: &str,
    faults: &mut Faults,
) {
    if policies.len() > most {
        faults.add(field, format!("at most {most} policies"));
    }
    for (n, policy) in policies.iter().enumerate() {
        if let Err(inner) = policy.check(kinds, spec) {
            faults.extend_under(&format!("{field}[{n}]"), inner);
        }
    }
}

fn check_clashes(apis: &[(usize, CheckedApi)], faults: &mut Faults) {
    // Two APIs that have neither of these in common cannot be in each other's way.
    let mut same_asset: HashMap<&Slug, Vec<(usize, &NewApi)>> = HashMap::new();
    let mut same_place: HashMap<(u16, &BasePath), Vec<(usize, &NewApi)>> = HashMap::new();
    for (n, CheckedApi { api: later, .. }) in apis {
        let named = same_asset.entry(&later.asset_id).or_default();
        let placed = same_place.entry((later.listen.port, &later.listen.base_path)).or_default();
        let same_name = |earlier: &NewApi| {
            (&earlier.asset_id, &earlier.version, &earlier.label)
                == (&later.asset_id, &later.version, &later.label)
        };
        for (first, earlier) in named.iter() {
            if same_name(earlier) {
                faults.add(
                    format!("apis[{n}].name"),
                    format!(
                        "is the same API as apis[{first}] ({} {}, label {}); give one another asset_id, version or label",
                        later.asset_id, later.version, later.label
                    ),
                );
            }
        }
        for (first, earlier) in placed.iter() {
            if !same_name(earlier)
                && earlier.listen.clashes_with(&earlier.version, &later.listen, &later.version)
            {
                faults.add(
                    format!("apis[{n}].listen.base_path"),
                    format!(
                        "{} on port {} is taken by apis[{first}] ({})",
                        later.listen.base_path, later.listen.port, earlier.name
                    ),
                );
            }
        }
        named.push((*n, later));
        placed.push((*n, later));
    }
}

fn check_clients(clients: Vec<FileClient>, faults: &mut Faults) -> Vec<FileClient> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    for (n, client) in clients.iter().enumerate() {
        let name_field = format!("clients[{n}].name");
        let name = faults.take(&name_field, words(&client.name, 100));
        if let Some(first) = name.and_then(|name| names.insert(name, n)) {
            faults.add(name_field, format!("is the same client app as clients[{first}]"));
        }
        for (c, credential) in client.credentials.iter().enumerate() {
            let field = format!("clients[{n}].credentials[{c}]");
            check_credential(credential, &field, faults);
            let place = format!("{field}.client_id");
            if let Some(first) = ids.insert(credential.client_id.clone(), place.clone()) {
                faults.add(place, format!("is the same client ID as {first}"));
            }
        }
    }
    clients
}

fn check_credential(credential: &FileCredential, field: &str, faults: &mut Faults) {
    let id = &credential.client_id;
    if id.is_empty() || id.len() > 100 || !id.bytes().all(|b| b.is_ascii_graphic()) {
        faults.add(format!("{field}.client_id"), "must be 1 to 100 visible ASCII characters without spaces");
    }
    check_secret(&credential.client_secret, field, faults);
    if let Some(expires_at) = &credential.expires_at {
        faults.take(&format!("{field}.expires_at"), parse_moment(expires_at));
    }
    if let Some(previous) = &credential.previous {
        check_secret(&previous.client_secret, &format!("{field}.previous"), faults);
        faults.take(&format!("{field}.previous.until"), parse_moment(&previous.until));
    }
}

fn check_secret(secret: &str, field: &str, faults: &mut Faults) {
    if secret.is_empty() || secret.len() > 500 {
        faults.add(format!("{field}.client_secret"), "must be 1 to 500 characters");
    }
}

fn check_contracts(
    contracts: &[FileContract],
    apis: &[(usize, CheckedApi)],
    clients: &[FileClient],
    faults: &mut Faults,
) {
    let clients: HashSet<&str> = clients.iter().map(|client| client.name.trim()).collect();
    let apis: HashSet<_> = apis
        .iter()
        .map(|(_, entry)| (entry.api.asset_id.as_str(), &*entry.api.version, &*entry.api.label))
        .collect();
    let mut first_places = HashMap::new();
    for (n, contract) in contracts.iter().enumerate() {
        if !clients.contains(contract.client.as_str()) {
            faults.add(
                format!("contracts[{n}].client"),
                format!("there is no client `{}` in this file", contract.client),
            );
        }
        let wanted = (contract.api.as_str(), contract.version.as_str(), contract.label.as_str());
        if !apis.contains(&wanted) {
            faults.add(
                format!("contracts[{n}].api"),
                format!(
                    "there is no API `{}` {} (label {}) in this file",
                    contract.api, contract.version, contract.label
                ),
            );
        }
        let first = *first_places.entry((contract.client.as_str(), wanted)).or_insert(n);
        if first < n {
            faults.add(format!("contracts[{n}]"), format!("is the same contract as contracts[{first}]"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_policies::KINDS;

    fn faults(text: &str) -> Vec<(usize, String)> {
        let found = Document::parse(text, &|_| None).and_then(|document| check(&document, KINDS).map(|_| ()));
        let found = found.err().unwrap_or_default();
        found.into_iter().map(|located| (located.line, located.fault.field)).collect()
    }

    #[test]
    fn the_contract_file_is_valid() {
        let text = r#"
gatepost: 1
automated_policies:
  - policy: ip-blocklist
    config: {ips: [192.0.2.0/24]}
    only: [{methods: [POST]}]
apis:
  - name: JSONPlaceholder Posts API
    asset_id: jsonplaceholder-posts
    listen: {port: 8081, base_path: /posts/v1, hosts: []}
    upstream: {url: "http://127.0.0.1:9000/posts", timeouts: {connect: 1s, response: 2000}}
    policies:
      - policy: client-id-enforcement
        config: {}
      - policy: rate-limiting
        config: {limits: [{requests: 100, per: 1m}], key: "\#[attributes.headers['x-user']]", expose_headers: true}
        only: [{methods: [POST, PUT], path: "/orders/.*"}]
        enabled: true
        shadow: true
clients:
  - name: MyTestApp
    credentials: [{client_id: my-test-app, client_secret: s3cret}]
contracts:
  - {client: MyTestApp, api: jsonplaceholder-posts, version: v1}
"#
        .replace("\\#", "#");
        assert_eq!(faults(&text), []);
    }

    #[test]
    fn says_every_fault_of_form_with_its_line() {
        let text = "gatepost: 2\napis:\n  - nam: x\n    upstream: {url: 1}\nclient: []\n";
        let mut found = faults(text);
        found.sort();
        assert_eq!(
            found,
            [
                (1, "gatepost".into()),
                (3, "apis[0].nam".into()),
                (3, "apis[0].name".into()),
                (4, "apis[0].upstream.url".into()),
                (5, "client".into())
            ]
        );
    }

    #[test]
    fn a_faulty_item_of_any_list_does_not_hide_faults_of_sense() {
        let text = "gatepost: 1
certificates: [7]
automated_policies: [7, {policy: ip-allowlist, only: [7]}]
listeners: [7, {port: 8443, tls: {certificates: [7]}}]
apis:
  - {name: '', upstream: {url: 'http://x'}, policies: [7, {policy: client-id-enforcement, only: [7]}]}
clients: [7, {name: a, credentials: [7]}]
contracts: [7]
";
        let mut found = faults(text);
        found.sort();
        let found: Vec<_> = found.into_iter().map(|(_, field)| field).collect();
        assert_eq!(
            found,
            [
                "certificates[0]",
                "automated_policies[0]",
                "automated_policies[1].config.ips",
                "automated_policies[1].only[0]",
                "listeners[0]",
                "listeners[1].tls.certificates[0]",
                "apis[0].name",
                "apis[0].policies[0]",
                "apis[0].policies[1].only[0]",
                "clients[0]",
                "clients[1].credentials[0]",
                "contracts[0]"
            ]
        );
    }

    #[test]
    fn says_every_fault_of_sense_with_its_line() {
        let text = "gatepost: 1
apis:
  - {name: a, upstream: {url: 'http://x'}}
  - {name: A, upstream: {url: 'http://x'}}
  - name: c
    listen: {base_path: /a/v1}
    upstream: {url: nowhere}
  - name: d
    listen: {base_path: /a/v1}
    upstream: {url: 'http://x'}
    policies:
      - policy: rate-limitin
      - policy: rate-limiting
        config: {limits: []}
clients:
  - {name: m, credentials: [{client_id: x, client_secret: y}]}
  - {name: m, credentials: [{client_id: x, client_secret: '', expires_at: soon, previous: {client_secret: '', until: then}}]}
contracts:
  - {client: n, api: a}
  - {client: m, api: b}
";
        let found: Vec<_> = faults(text);
        let expected = [
            (4, "apis[1].name"),
            (7, "apis[2].upstream.url"),
            (9, "apis[3].listen.base_path"),
            (12, "apis[3].policies[0].policy"),
            (14, "apis[3].policies[1].config.limits"),
            (17, "clients[1].name"),
            (17, "clients[1].credentials[0].client_secret"),
            (17, "clients[1].credentials[0].client_id"),
            (17, "clients[1].credentials[0].expires_at"),
            (17, "clients[1].credentials[0].previous.client_secret"),
            (17, "clients[1].credentials[0].previous.until"),
            (19, "contracts[0].client"),
            (20, "contracts[1].api"),
        ];
        let found: Vec<_> = found.iter().map(|(line, field)| (*line, field.as_str())).collect();
        for expected in expected {
            assert!(found.contains(&expected), "{expected:?} not in {found:?}");
        }
    }
}
