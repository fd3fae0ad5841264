//! Who may call what, as the data plane needs it: credentials by client ID, and approved contracts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gatepost_model::{ApiId, Catalog, ClientAppId, ContractState};

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

/// All client apps at one moment. Part of a Plan, shared between Plans while no client changes.
#[derive(Default)]
pub struct ClientDirectory {
    credentials: HashMap<Box<str>, KnownCredential>,
    approved: HashSet<(ClientAppId, ApiId)>,
}

impl ClientDirectory {
    /// Reads the catalog's clients, credentials and approved contracts.
    pub fn of(catalog: &Catalog) -> Self {
        let names: HashMap<ClientAppId, Arc<str>> =
            catalog.clients.iter().map(|app| (app.id, app.name.as_str().into())).collect();
        let credentials = catalog.credentials.iter().filter_map(|credential| {
            let known = KnownCredential {
                client_app: credential.client_app_id,
                name: names.get(&credential.client_app_id)?.clone(),
                secret_hash: credential.secret_hash,
            };
            Some((credential.client_id.as_str().into(), known))
        });
        let approved = catalog.contracts.iter().filter(|contract| contract.state == ContractState::Approved);
        Self {
            credentials: credentials.collect(),
            approved: approved.map(|contract| (contract.client_app_id, contract.api_id)).collect(),
        }
    }

    /// Looks a client ID up.
    pub fn credential(&self, client_id: &str) -> Option<&KnownCredential> {
        self.credentials.get(client_id)
    }

    /// True when an approved contract stands between the two.
    pub fn may_call(&self, client: ClientAppId, api: ApiId) -> bool {
        self.approved.contains(&(client, api))
    }
}
