//! Who may call what, as the data plane needs it: credentials by client ID, and approved contracts.

use std::sync::Arc;

use gatepost_model::{
    ApiId, Catalog, ClientApp, ClientAppId, Contract, ContractState, Credential, PreviousSecret,
};
use smallvec::SmallVec;

use crate::shared_map::SharedMap;

/// What is known of a client ID.
#[derive(Clone)]
pub struct KnownCredential {
    /// Whose it is.
    pub client: Arc<KnownClient>,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// When it stops being taken, in epoch milliseconds; `i64::MAX` for never.
    expires_at: i64,
    /// The secret that was replaced. Boxed, since few have one and there may be 100,000 credentials.
    previous: Option<Box<PreviousSecret>>,
}

impl KnownCredential {
    fn of(credential: &Credential, client: &Arc<KnownClient>) -> Self {
        Self {
            client: Arc::clone(client),
            secret_hash: credential.secret_hash,
            expires_at: credential.expires_at.unwrap_or(i64::MAX),
            previous: credential.previous.clone().map(Box::new),
        }
    }

    /// True when it is not taken any more at `wall_us` (epoch microseconds).
    pub fn has_expired(&self, wall_us: i64) -> bool {
        wall_us / 1_000 >= self.expires_at
    }

    /// SHA-256 of the secret that was replaced, where it is still taken at `wall_us` (epoch microseconds).
    pub fn previous_hash(&self, wall_us: i64) -> Option<&[u8; 32]> {
        let previous = self.previous.as_deref().filter(|previous| wall_us / 1_000 < previous.until)?;
        Some(&previous.hash)
    }
}

/// What is known of a client app, shared by its credentials. A call that found its credential finds the contract here,
/// where a look-up among those of all client apps would wait for memory several times more.
pub struct KnownClient {
    /// Which.
    pub id: ClientAppId,
    /// Its name.
    pub name: Arc<str>,
    /// The APIs it has an approved contract with, in order.
    approved: SmallVec<[ApiId; 2]>,
}

impl KnownClient {
    fn of(app: &ClientApp, catalog: &Catalog) -> Self {
        let approved =
            catalog.contracts_of(app.id).filter(|contract| contract.state == ContractState::Approved);
        let mut approved: SmallVec<_> = approved.map(|contract| contract.api_id).collect();
        approved.sort_unstable();
        Self { id: app.id, name: app.name.as_str().into(), approved }
    }

    /// True when an approved contract stands between the two.
    pub fn may_call(&self, api: ApiId) -> bool {
        self.approved.binary_search(&api).is_ok()
    }
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

    /// The client apps of which anything changed, each once.
    fn touched(&self) -> Vec<ClientAppId> {
        let clients = ids(&self.clients, |app| app.id);
        let credentials = ids(&self.credentials, |credential| credential.client_app_id);
        let contracts = ids(&self.contracts, |contract| contract.client_app_id);
        let mut touched: Vec<_> = clients.chain(credentials).chain(contracts).collect();
        // Three runs that are in order already.
        touched.sort();
        touched.dedup();
        touched
    }
}

/// The client apps that changes speak of, then and now.
fn ids<T>(
    changes: &[(Option<&T>, Option<&T>)],
    id: impl Fn(&T) -> ClientAppId,
) -> impl Iterator<Item = ClientAppId> {
    changes.iter().flat_map(|(then, now)| [*then, *now]).flatten().map(id)
}

/// All client apps at one moment. Part of a Plan, shared between Plans while no client changes; a copy shares what
/// does not change.
#[derive(Clone, Default)]
pub struct ClientDirectory {
    credentials: SharedMap<Box<str>, KnownCredential>,
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
        // First all that goes: what comes may have the same client ID under another number.
        for (then, _) in &changes.credentials {
            then.iter().for_each(|credential| self.credentials.remove(credential.client_id.as_str()));
        }
        for app in changes.touched().into_iter().filter_map(|id| catalog.clients.get(id)) {
            let client = Arc::new(KnownClient::of(app, catalog));
            for credential in catalog.credentials_of(app.id) {
                let known = KnownCredential::of(credential, &client);
                self.credentials.insert(credential.client_id.as_str().into(), known);
            }
        }
    }

    /// Looks a client ID up.
    pub fn credential(&self, client_id: &str) -> Option<&KnownCredential> {
        self.credentials.get(client_id)
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
            expires_at: None,
            previous: None,
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
        directory.credential(client_id).map(|known| (known.client.id.0, known.client.name.to_string()))
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
    fn only_an_approved_contract_lets_call_with_every_credential_of_its_client() {
        let with = |contracts: Vec<Contract>| Catalog {
            clients: vec![app(1, "one")].into(),
            credentials: vec![credential(1, 1, "a"), credential(2, 1, "b")].into(),
            contracts: contracts.into(),
            ..Catalog::default()
        };
        let approved = with(vec![contract(1, 1, ContractState::Approved)]);
        let revoked = with(vec![contract(1, 1, ContractState::Revoked)]);
        let anew = with(vec![contract(2, 1, ContractState::Approved)]);
        let mut directory = Arc::new(ClientDirectory::of(&approved));
        let mut before = approved;
        for (catalog, expected) in [(revoked, false), (anew, true), (with(Vec::new()), false)] {
            directory = ClientDirectory::updated(&directory, &catalog, &before);
            for client_id in ["a", "b"] {
                let client = &directory.credential(client_id).unwrap().client;
                assert_eq!((client.may_call(ApiId(1)), client.may_call(ApiId(2))), (expected, false));
            }
            before = catalog;
        }
    }
}
