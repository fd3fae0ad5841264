//! Puts a checked file in force: what is in it is added or changed, what is not in it stays. All or nothing, and no
//! save at all when nothing differs.

use std::collections::HashMap;

use gatepost_model::{
    Api, ApiId, AppliedPolicy, Catalog, ClientApp, ClientAppId, Contract, ContractState, Credential,
    parse_moment,
};
use gatepost_store::{NewApi, NewPolicy, Secret, Write};
use serde_json::Value;

use super::schema::{CheckedApi, CheckedFile, FileClient, FileContract, FileCredential};
use super::tls;
use crate::control::{Control, Topic};
use crate::error::ApiError;
use crate::inputs::{AppliedPolicyInput, ClientAppInput};
use crate::routes::settings::{self, Settings};

const TOUCHED: &[Topic] =
    &[Topic::Apis, Topic::Policies, Topic::Clients, Topic::Contracts, Topic::Certificates];

/// Applies `file` to the running instance; true when anything changed. `source` names it in the history.
pub async fn apply(control: &Control, file: CheckedFile, source: &str) -> Result<bool, ApiError> {
    let settings = settings::current(control).await?.limited_by(&file.limits);
    if settings.is_none() && !differs(&file, &Known::of(&control.in_force().catalog)) {
        return Ok(false);
    }
    let stored = settings.as_ref().map(Settings::to_stored).transpose()?;
    let change = move |tx: &mut Write<'_>| {
        if let Some(stored) = stored {
            tx.set_setting(settings::KEY, &stored)?;
        }
        write(file, tx)
    };
    control.save(format!("Applied {source}"), TOUCHED, change).await?;
    if let Some(settings) = settings {
        settings.put_in_force(control);
    }
    Ok(true)
}

/// A catalog by the names that a file uses.
struct Known<'a> {
    catalog: &'a Catalog,
    apis: HashMap<ApiName<'a>, &'a Api>,
    clients: HashMap<&'a str, &'a ClientApp>,
    credentials: HashMap<&'a str, &'a Credential>,
}

/// `asset_id`, version and label.
type ApiName<'a> = (&'a str, &'a str, &'a str);

impl<'a> Known<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let apis = catalog.apis.iter().map(|api| ((api.asset_id.as_str(), &*api.version, &*api.label), api));
        let credentials = catalog.credentials.iter();
        Self {
            catalog,
            apis: apis.collect(),
            clients: catalog.clients.iter().map(|app| (app.name.as_str(), app)).collect(),
            credentials: credentials.map(|credential| (credential.client_id.as_str(), credential)).collect(),
        }
    }

    fn api(&self, api: &NewApi) -> Option<&'a Api> {
        self.apis.get(&(api.asset_id.as_str(), &*api.version, &*api.label)).copied()
    }

    fn contract(&self, client: ClientAppId, api: ApiId) -> Option<&'a Contract> {
        self.catalog.contracts_of(client).find(|contract| contract.api_id == api)
    }
}

/// Each name is in a checked file once, so what was there before is all that has to be known.
fn write(mut file: CheckedFile, tx: &mut Write<'_>) -> Result<(), ApiError> {
    tls::write_certificates(&file, tx)?;
    let catalog = tx.load()?;
    let known = Known::of(&catalog);
    if let Some(automated) = &file.automated_policies {
        write_policies(None, automated, &catalog, tx)?;
    }
    let mut apis = HashMap::new();
    for (n, entry) in std::mem::take(&mut file.apis).into_iter().enumerate() {
        crate::tls::must_exist(tx, &entry.api).map_err(|error| error.under(&format!("apis[{n}]")))?;
        let key = (entry.api.asset_id.to_string(), entry.api.version.clone(), entry.api.label.clone());
        apis.insert(key, write_api(entry, &known, tx)?);
    }
    tls::write_listeners(&file, tx)?;
    let mut clients = HashMap::new();
    for client in file.clients {
        clients.insert(client.name.trim().to_owned(), write_client(client, &known, tx)?);
    }
    for contract in file.contracts {
        let FileContract { client, api, version, label } = contract;
        let pair = clients.get(client.as_str()).zip(apis.get(&(api, version, label)));
        let (app, api) =
            pair.ok_or_else(|| ApiError::Internal("a checked contract lost its sides".into()))?;
        write_contract(*app, *api, &known, tx)?;
    }
    Ok(())
}

fn write_api(entry: CheckedApi, known: &Known<'_>, tx: &mut Write<'_>) -> Result<ApiId, ApiError> {
    let api = entry.api;
    let id = match known.api(&api) {
        Some(known) if equals(known, &api) => known.id,
        Some(known) => {
            tx.update_api(known.id, &api)?;
            known.id
        }
        None => tx.insert_api(&api)?,
    };
    let spec = known.catalog.specs.get(id).map(|spec| &*spec.text);
    match &entry.spec {
        Some(text) if spec != Some(text) => tx.set_spec(id, text)?,
        None if spec.is_some() => tx.delete_spec(id)?,
        _ => {}
    }
    write_policies(Some(id), &entry.policies, known.catalog, tx)?;
    Ok(id)
}

/// Makes an API's policies, or the automated ones, those of the file. A policy keeps its number, and with it its counters, while the same
/// policy is at the same place among its kind.
fn write_policies(
    api: Option<ApiId>,
    wanted: &[AppliedPolicyInput],
    catalog: &Catalog,
    tx: &mut Write<'_>,
) -> Result<(), ApiError> {
    let mut known: Vec<&AppliedPolicy> = catalog.policies_of(api).collect();
    let mut order = Vec::with_capacity(wanted.len());
    for policy in wanted {
        let same_kind = known.iter().position(|applied| applied.policy == policy.policy);
        order.push(match same_kind.map(|at| known.remove(at)) {
            Some(applied) if is_in_force(applied, policy) => applied.id,
            Some(applied) => {
                tx.update_policy(applied.id, &NewPolicy::from(policy.clone()))?;
                applied.id
            }
            None => tx.insert_policy(api, &NewPolicy::from(policy.clone()))?,
        });
    }
    for gone in known {
        tx.delete_policy(gone.id)?;
    }
    if !order.is_empty() {
        tx.reorder_policies(api, &order)?;
    }
    Ok(())
}

fn write_client(client: FileClient, known: &Known<'_>, tx: &mut Write<'_>) -> Result<ClientAppId, ApiError> {
    let input = ClientAppInput { name: client.name, description: client.description };
    let input = input.check().map_err(ApiError::Invalid)?;
    let id = match known.clients.get(input.name.as_str()) {
        Some(app) => {
            let id = app.id;
            if app.description != input.description {
                tx.update_client(id, &input)?;
            }
            id
        }
        None => tx.insert_client(&input)?,
    };
    for credential in client.credentials {
        if let Some(known) = known.credentials.get(credential.client_id.as_str()) {
            if has_credential(id, known, &credential) {
                continue;
            }
            tx.delete_credential(known.id)?;
        }
        let (expires_at, previous) = lifetime(&credential);
        let written =
            tx.insert_credential(id, &credential.client_id, &Secret::new(credential.client_secret))?;
        if expires_at.is_some() {
            tx.set_credential_expiry(written, expires_at)?;
        }
        if let Some((secret, until)) = &previous {
            tx.set_previous_secret(written, Some((secret, *until)))?;
        }
    }
    Ok(id)
}

/// When a checked credential expires, and the secret before with when it does.
fn lifetime(credential: &FileCredential) -> (Option<i64>, Option<(Secret, i64)>) {
    let expires_at = credential.expires_at.as_deref().and_then(|text| parse_moment(text).ok());
    let previous = credential.previous.as_ref().and_then(|previous| {
        Some((Secret::new(previous.client_secret.clone()), parse_moment(&previous.until).ok()?))
    });
    (expires_at, previous)
}

/// True when the client app's credential is what the file says.
fn has_credential(app: ClientAppId, known: &Credential, wanted: &FileCredential) -> bool {
    let (expires_at, previous) = lifetime(wanted);
    let known_previous = known.previous.as_ref().map(|known| (known.hash, known.until));
    known.client_app_id == app
        && known.secret_hash == Secret::new(wanted.client_secret.clone()).hash()
        && known.expires_at == expires_at
        && known_previous == previous.map(|(secret, until)| (secret.hash(), until))
}

fn write_contract(
    app: ClientAppId,
    api: ApiId,
    known: &Known<'_>,
    tx: &mut Write<'_>,
) -> Result<(), ApiError> {
    match known.contract(app, api) {
        Some(known) if known.state == ContractState::Approved => {}
        Some(known) => tx.set_contract_state(known.id, ContractState::Approved)?,
        None => {
            tx.insert_contract(app, api)?;
        }
    }
    Ok(())
}

/// True when applying `file` would change anything.
fn differs(file: &CheckedFile, known: &Known<'_>) -> bool {
    let api_differs = |entry: &CheckedApi| {
        let api = &entry.api;
        let Some(before) = known.api(api) else { return true };
        let spec = known.catalog.specs.get(before.id).map(|spec| &*spec.text);
        !equals(before, api)
            || spec != entry.spec.as_deref()
            || policies_differ(Some(before.id), &entry.policies, known.catalog)
    };
    let automated_differ = |wanted: &Vec<AppliedPolicyInput>| policies_differ(None, wanted, known.catalog);
    let client_differs = |client: &FileClient| {
        let Some(app) = known.clients.get(client.name.trim()) else { return true };
        app.description != client.description.trim()
            || client.credentials.iter().any(|credential| {
                let known = known.credentials.get(credential.client_id.as_str());
                !known.is_some_and(|known| has_credential(app.id, known, credential))
            })
    };
    let contract_differs = |contract: &FileContract| {
        let app = known.clients.get(contract.client.as_str());
        let api = known.apis.get(&(&*contract.api, &*contract.version, &*contract.label));
        let Some((app, api)) = app.zip(api) else { return true };
        known.contract(app.id, api.id).is_none_or(|known| known.state != ContractState::Approved)
    };
    tls::differs(file, known.catalog)
        || file.automated_policies.as_ref().is_some_and(automated_differ)
        || file.apis.iter().any(api_differs)
        || file.clients.iter().any(client_differs)
        || file.contracts.iter().any(contract_differs)
}

fn equals(known: &Api, api: &NewApi) -> bool {
    (&known.name, &known.listen) == (&api.name, &api.listen)
        && (&known.routes, &known.upstream) == (&api.routes, &api.upstream)
}

fn policies_differ(api: Option<ApiId>, wanted: &[AppliedPolicyInput], catalog: &Catalog) -> bool {
    let in_force: Vec<_> = catalog.policies_of(api).collect();
    in_force.len() != wanted.len()
        || in_force.iter().zip(wanted).any(|(applied, wanted)| !is_in_force(applied, wanted))
}

fn is_in_force(applied: &AppliedPolicy, wanted: &AppliedPolicyInput) -> bool {
    applied.policy == wanted.policy
        && applied.enabled == wanted.enabled
        && applied.shadow == wanted.shadow
        && applied.only == wanted.only
        && applied.config == Value::Object(wanted.config.clone())
}

#[cfg(test)]
mod tests {
    use gatepost_policies::KINDS;
    use gatepost_store::Store;

    use super::super::{Document, check};
    use super::*;

    const TWO: &str = "
gatepost: 1
automated_policies: [{policy: client-id-enforcement, shadow: true}]
apis:
  - {name: A, upstream: {url: \"http://127.0.0.1:9000\"}, policies: [{policy: client-id-enforcement}]}
  - {name: B, upstream: {url: \"http://127.0.0.1:9000\"}}
clients:
  - {name: One, credentials: [{client_id: first, client_secret: s3cret}]}
  - {name: Two}
contracts: [{client: One, api: a}, {client: One, api: b}, {client: Two, api: b}]";

    fn checked(text: &str) -> CheckedFile {
        let document = Document::parse(text, &|_| None);
        document.and_then(|document| check(&document, KINDS)).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    fn put(store: &Store, text: &str) -> Catalog {
        store.write("applied", 0, |tx| write(checked(text), tx)).unwrap_or_else(|error| panic!("{error:?}"));
        store.load().expect("loads")
    }

    fn store() -> (Store, tempfile::TempDir) {
        let dir = tempfile::tempdir().expect("a folder");
        (Store::open(dir.path()).expect("opens"), dir)
    }

    #[test]
    fn what_is_applied_no_longer_differs_and_makes_nothing_twice() {
        let (store, _dir) = store();
        assert!(differs(&checked(TWO), &Known::of(&Catalog::default())));
        let first = put(&store, TWO);
        assert!(!differs(&checked(TWO), &Known::of(&first)));
        assert_eq!(put(&store, TWO), first);
        assert_eq!((first.apis.len(), first.clients.len(), first.contracts.len()), (2, 2, 3));
    }

    #[test]
    fn each_change_of_a_file_differs_and_is_applied() {
        for (from, to) in [
            (
                "name: B, upstream: {url: \"http://127.0.0.1:9000\"}",
                "name: B, upstream: {url: \"http://127.0.0.1:9001\"}",
            ),
            ("policies: [{policy: client-id-enforcement}]", "policies: []"),
            ("shadow: true", "shadow: false"),
            ("[{policy: client-id-enforcement, shadow: true}]", "[]"),
            ("s3cret", "another"),
            ("client_secret: s3cret", "client_secret: s3cret, expires_at: 2030-01-01"),
            ("s3cret", "new, previous: {client_secret: s3cret, until: \"2030-01-01T00:00:00Z\"}"),
            ("{name: Two}", "{name: Two, description: \"More\"}"),
            ("{client: Two, api: b}", "{client: Two, api: a}"),
        ] {
            let (store, _dir) = store();
            let before = put(&store, TWO);
            let changed = TWO.replace(from, to);
            assert!(differs(&checked(&changed), &Known::of(&before)), "{to}");
            assert!(!differs(&checked(&changed), &Known::of(&put(&store, &changed))), "{to}");
        }
    }

    #[test]
    fn a_file_without_automated_policies_leaves_those_that_there_are() {
        let (store, _dir) = store();
        let before = put(&store, TWO);
        let without =
            TWO.replace("automated_policies: [{policy: client-id-enforcement, shadow: true}]\n", "");
        assert!(!differs(&checked(&without), &Known::of(&before)));
        assert_eq!(put(&store, &without), before);
        assert_eq!(before.policies_of(None).count(), 1);
    }

    #[test]
    fn a_specification_comes_changes_and_goes_with_the_file() {
        let (store, _dir) = store();
        let with = |title: &str| {
            let text = format!(r#"{{"openapi": "3.1.0", "info": {{"title": "{title}"}}, "paths": {{}}}}"#);
            let spec = format!("spec: {{text: '{text}'}}");
            let policy = "policies: [{policy: schema-validation}]";
            TWO.replacen("policies: [{policy: client-id-enforcement}]", &format!("{spec}, {policy}"), 1)
        };
        let first = put(&store, &with("One"));
        assert!(first.specs.iter().next().is_some_and(|spec| spec.text.contains("One")));
        assert!(!differs(&checked(&with("One")), &Known::of(&first)));
        assert!(differs(&checked(&with("Other")), &Known::of(&first)));
        let second = put(&store, &with("Other"));
        assert!(second.specs.iter().next().is_some_and(|spec| spec.text.contains("Other")));
        assert!(differs(&checked(TWO), &Known::of(&second)));
        assert!(put(&store, TWO).specs.is_empty());
    }

    #[test]
    fn a_specification_is_read_from_a_file_and_its_faults_are_those_of_the_line_that_names_it() {
        let text =
            "gatepost: 1\napis:\n  - name: A\n    upstream: {url: \"http://a\"}\n    spec: {file: a.yaml}\n";
        let faults = |spec: &'static str| {
            let document = Document::parse(text, &|_| None).unwrap_or_else(|faults| panic!("{faults:?}"));
            let read = |file: &str| match spec {
                "" => Err(format!("{file} cannot be read")),
                spec => Ok(spec.to_owned()),
            };
            let faults = check(&document.with_specs(&read), KINDS).err().unwrap_or_default();
            faults.into_iter().map(|one| (one.line, one.fault.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(faults("openapi: 3.1.0\ninfo: {}\npaths: {}"), []);
        assert_eq!(faults(""), [(5, "apis[0].spec.file: a.yaml cannot be read".to_owned())]);
        let missing = "apis[0].spec: /paths: is missing: nothing is described (line 1)".to_owned();
        assert_eq!(faults("openapi: 3.1.0\ninfo: {}"), [(5, missing)]);
    }

    #[test]
    fn a_client_id_moves_to_the_client_app_that_the_file_gives_it() {
        let (store, _dir) = store();
        put(&store, TWO);
        let moved = TWO
            .replace(", credentials: [{client_id: first, client_secret: s3cret}]", "")
            .replace("{name: Two}", "{name: Two, credentials: [{client_id: first, client_secret: s3cret}]}");
        let catalog = put(&store, &moved);
        let two = catalog.clients.iter().find(|app| app.name == "Two").expect("Two");
        let owners: Vec<_> = catalog.credentials.iter().map(|known| known.client_app_id).collect();
        assert_eq!(owners, [two.id]);
    }

    #[test]
    fn a_revoked_contract_is_approved_again() {
        let (store, _dir) = store();
        let contract = put(&store, TWO).contracts.iter().next().expect("one").id;
        let revoked = store.write("revoked", 0, |tx| tx.set_contract_state(contract, ContractState::Revoked));
        revoked.expect("saved");
        let before = store.load().expect("loads");
        assert!(differs(&checked(TWO), &Known::of(&before)));
        let after = put(&store, TWO);
        assert!(after.contracts.iter().all(|known| known.state == ContractState::Approved));
        assert_eq!(after.contracts.len(), before.contracts.len());
    }
}
