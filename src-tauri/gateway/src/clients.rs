//! Who may call what, as the data plane needs it: credentials by client ID, and approved contracts.

use std::sync::Arc;

use gatepost_model::{ApiId, Catalog, ClientApp, ClientAppId, Contract, ContractState, Credential};

use crate::shared_map::SharedMap;

/// What is known of a client ID.
#[derive(Clone)]
pub struct KnownCredential {
    /// Whose it is.
    pub client_app: ClientAppId,
    /// That client app's name.
    pub name: Arc<str>,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
}

/// What differs between two catalogs, as pairs of then and now.
struct Changes<'a> {
    clients: Vec<(Option<&'a ClientApp>, Option<&'a ClientApp>)>,
    credentials: Vec<(Option<&'a Credential>, Option<&'a Credential>)>,
    contracts: Vec<(Option<&'a Contract>, Option<&'a Contract>)>,
}

impl<'a> Changes<'a> {
    fn of(catalog: &'a Catalog, before: &'a Catalog) -> Self {
        Self {
            clients: catalog.clients.changes(&before.clients),
            credentials: catalog.credentials.changes(&before.credentials),
            contracts: catalog.contracts.changes(&before.contracts),
        }
    }

    fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.credentials.is_empty() && self.contracts.is_empty()
    }
}

/// All client apps at one moment. Part of a Plan, shared between Plans while no client changes; a copy shares what
/// does not change.
#[derive(Clone, Default)]
pub struct ClientDirectory {
    credentials: SharedMap<Box<str>, KnownCredential>,
    approved: SharedMap<(ClientAppId, ApiId), ()>,
}

impl ClientDirectory {
    /// Reads the catalog's clients, credentials and approved contracts.
    pub fn of(catalog: &Catalog) -> Self {
        let mut directory = Self::default();
        directory.update(&Changes::of(catalog, &Catalog::default()), catalog);
        directory
    }

    /// From what was read from the catalog `before` to what would be read from this one; the same when no client,
    /// credential or contract changed.
    pub fn updated(this: &Arc<Self>, catalog: &Catalog, before: &Catalog) -> Arc<Self> {
        let changes = Changes::of(catalog, before);
        if changes.is_empty() {
            return Arc::clone(this);
        }
        let mut updated = Self::clone(this);
        updated.update(&changes, catalog);
        Arc::new(updated)
    }

    fn update(&mut self, changes: &Changes<'_>, catalog: &Catalog) {
        let Changes { clients, credentials, contracts } = changes;
        // First all that goes: what comes may have the same client ID under another number.
        for (then, _) in credentials {
            then.iter().for_each(|credential| self.credentials.remove(credential.client_id.as_str()));
        }
        for (then, _) in contracts {
            then.iter().for_each(|contract| self.approved.remove(&(contract.client_app_id, contract.api_id)));
        }
        for (_, now) in credentials {
            now.iter().for_each(|credential| self.add(credential, catalog));
        }
        for (_, now) in contracts {
            now.iter().for_each(|contract| self.approve(contract));
        }
        // A client app's name is beside each of its credentials.
        for app in clients.iter().filter_map(|(then, now)| then.and(*now)) {
            catalog.credentials_of(app.id).for_each(|credential| self.add(credential, catalog));
        }
    }

    fn add(&mut self, credential: &Credential, catalog: &Catalog) {
        let Some(app) = catalog.clients.get(credential.client_app_id) else { return };
        let known = KnownCredential {
            client_app: app.id,
            name: app.name.as_str().into(),
            secret_hash: credential.secret_hash,
        };
        self.credentials.insert(credential.client_id.as_str().into(), known);
    }

    fn approve(&mut self, contract: &Contract) {
        if contract.state == ContractState::Approved {
            self.approved.insert((contract.client_app_id, contract.api_id), ());
        }
    }

    /// Looks a client ID up.
    pub fn credential(&self, client_id: &str) -> Option<&KnownCredential> {
        self.credentials.get(client_id)
    }

    /// True when an approved contract stands between the two.
    pub fn may_call(&self, client: ClientAppId, api: ApiId) -> bool {
        self.approved.get(&(client, api)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::{ContractId, CredentialId};

    fn app(id: i64, name: &str) -> ClientApp {
        ClientApp { id: ClientAppId(id), name: name.into(), description: String::new(), created_at: 0 }
    }

    fn credential(id: i64, app: i64, client_id: &str) -> Credential {
        Credential {
            id: CredentialId(id),
            client_app_id: ClientAppId(app),
            client_id: client_id.into(),
            secret_hash: [0; 32],
            secret_hint: String::new(),
            created_at: 0,
        }
    }

    fn contract(id: i64, app: i64, state: ContractState) -> Contract {
        Contract {
            id: ContractId(id),
            client_app_id: ClientAppId(app),
            api_id: ApiId(1),
            state,
            created_at: 0,
            updated_at: 0,
        }
    }

    fn whose(directory: &ClientDirectory, client_id: &str) -> Option<(i64, String)> {
        directory.credential(client_id).map(|known| (known.client_app.0, known.name.to_string()))
    }

    #[test]
    fn a_client_id_that_moves_to_another_app_in_one_save_is_the_other_apps() {
        let mut before = Catalog { clients: vec![app(1, "one"), app(2, "two")].into(), ..Catalog::default() };
        before.credentials.insert(credential(2, 2, "id"));
        let mut after = before.clone();
        after.credentials = vec![credential(3, 1, "id")].into();
        let first = Arc::new(ClientDirectory::of(&before));
        assert_eq!(whose(&first, "id"), Some((2, "two".into())));
        let second = ClientDirectory::updated(&first, &after, &before);
        assert_eq!(whose(&second, "id"), Some((1, "one".into())));
        let third = ClientDirectory::updated(&second, &after.clone(), &after);
        assert!(Arc::ptr_eq(&second, &third));
    }

    #[test]
    fn a_new_name_reaches_every_credential_and_a_deleted_app_leaves_none() {
        let mut before = Catalog { clients: vec![app(1, "one"), app(2, "two")].into(), ..Catalog::default() };
        before.credentials = vec![credential(1, 1, "a"), credential(2, 1, "b"), credential(3, 2, "c")].into();
        let mut after = before.clone();
        after.clients.insert(app(1, "first"));
        after.replace_client(ClientAppId(2), None, Vec::new(), Vec::new());
        let directory = ClientDirectory::updated(&Arc::new(ClientDirectory::of(&before)), &after, &before);
        assert_eq!(whose(&directory, "a"), Some((1, "first".into())));
        assert_eq!(whose(&directory, "b"), Some((1, "first".into())));
        assert_eq!(whose(&directory, "c"), None);
    }

    #[test]
    fn only_an_approved_contract_lets_call() {
        let with = |contracts: Vec<Contract>| Catalog { contracts: contracts.into(), ..Catalog::default() };
        let approved = with(vec![contract(1, 1, ContractState::Approved)]);
        let revoked = with(vec![contract(1, 1, ContractState::Revoked)]);
        let anew = with(vec![contract(2, 1, ContractState::Approved)]);
        let mut directory = Arc::new(ClientDirectory::of(&approved));
        let mut before = approved;
        for (catalog, expected) in [(revoked, false), (anew, true), (Catalog::default(), false)] {
            directory = ClientDirectory::updated(&directory, &catalog, &before);
            assert_eq!(directory.may_call(ClientAppId(1), ApiId(1)), expected);
            before = catalog;
        }
    }
}
