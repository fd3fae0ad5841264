//! One save: everything that can be done to the catalog inside it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use gatepost_model::{
    ApiId, AppliedPolicyId, Catalog, CertificateId, ClientAppId, ContractId, ContractState, CredentialId,
    ListenerTls,
};
use rusqlite::{Connection, Transaction};

use crate::error::{StoreError, WriteError};
use crate::secret::Secret;
use crate::table::api::{self, NewApi};
use crate::table::applied_policy::{self, NewPolicy};
use crate::table::certificate::{self, NewCertificate};
use crate::table::client_app::{self, NewClient};
use crate::table::{api_spec, change, contract, credential, listener, setting};
use crate::vault::Vault;

/// A save under way. It becomes the catalog when the closure of [`Store::write`](crate::Store::write) succeeds; until
/// then nobody else sees it.
pub struct Write<'a> {
    tx: Transaction<'a>,
    vault: &'a Vault,
    number: u64,
    now_ms: i64,
    /// As last loaded; none before the first load.
    catalog: Option<Catalog>,
    /// What was written since then.
    touched: Touched,
}

impl<'a> Write<'a> {
    /// Notes the change first, so that its number is known while the rest is written. `catalog` is what is in force.
    pub(crate) fn begin(
        tx: Transaction<'a>,
        vault: &'a Vault,
        catalog: Option<Catalog>,
        what: &str,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let number = change::insert(&tx, what, now_ms)?;
        Ok(Self { tx, vault, number, now_ms, catalog, touched: Touched::default() })
    }

    /// Gives the catalog that is in force from now on, when it is known.
    pub(crate) fn commit(mut self) -> Result<Option<Catalog>, StoreError> {
        if self.catalog.is_some() {
            self.load()?;
        }
        self.tx.commit()?;
        Ok(self.catalog)
    }

    /// Keeps a setting, of which the catalog and the Plan know nothing.
    pub fn set_setting(&mut self, key: &str, value: &serde_json::Value) -> Result<(), StoreError> {
        setting::set(&self.tx, key, value)
    }

    /// The number that this change, and the Plan it puts in force, will have.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The catalog as it will be. Reads only what was written since the last time, and shares the rest with the
    /// catalog in force.
    pub fn load(&mut self) -> Result<Catalog, StoreError> {
        let catalog = match self.catalog.take() {
            None => whole(&self.tx, self.vault)?,
            Some(mut catalog) => {
                self.touched.read_again(&self.tx, self.vault, &mut catalog)?;
                catalog
            }
        };
        self.touched = Touched::default();
        self.catalog = Some(catalog.clone());
        Ok(catalog)
    }

    /// Adds an API.
    pub fn insert_api(&mut self, new: &NewApi) -> Result<ApiId, WriteError> {
        let id = api::insert(&self.tx, new, self.now_ms)?;
        self.touched.apis.insert(id);
        Ok(id)
    }

    /// Changes an API; its policies and contracts stay.
    pub fn update_api(&mut self, id: ApiId, new: &NewApi) -> Result<(), WriteError> {
        self.touched.apis.insert(id);
        api::update(&self.tx, id, new, self.now_ms)
    }

    /// Deletes an API with its policies and contracts.
    pub fn delete_api(&mut self, id: ApiId) -> Result<(), WriteError> {
        self.touched.apis.insert(id);
        self.touched.clients.extend(contract::clients_of(&self.tx, id)?);
        api::delete(&self.tx, id)
    }

    /// Gives an API its specification, in place of one it may have.
    pub fn set_spec(&mut self, api: ApiId, text: &str) -> Result<(), WriteError> {
        self.touched.apis.insert(api);
        api_spec::set(&self.tx, api, text, self.now_ms)
    }

    /// Takes an API's specification away.
    pub fn delete_spec(&mut self, api: ApiId) -> Result<(), WriteError> {
        self.touched.apis.insert(api);
        api_spec::delete(&self.tx, api)
    }

    /// Puts a policy below the API's others; one of no API, which is automated, below the other automated ones.
    pub fn insert_policy(
        &mut self,
        api: impl Into<Option<ApiId>>,
        new: &NewPolicy,
    ) -> Result<AppliedPolicyId, WriteError> {
        let api = api.into();
        self.write_policies(|tx| Ok((api, applied_policy::insert(&tx.tx, tx.vault, api, new, tx.now_ms)?)))
    }

    /// Changes a policy; it keeps its place.
    pub fn update_policy(&mut self, id: AppliedPolicyId, new: &NewPolicy) -> Result<(), WriteError> {
        self.write_policies(|tx| Ok((applied_policy::update(&tx.tx, tx.vault, id, new, tx.now_ms)?, ())))
    }

    /// Removes a policy; those below it move up.
    pub fn delete_policy(&mut self, id: AppliedPolicyId) -> Result<(), WriteError> {
        self.write_policies(|tx| Ok((applied_policy::delete(&tx.tx, id)?, ())))
    }

    /// Gives an API's policies, or the automated ones, a new order, which must name each of them once.
    pub fn reorder_policies(
        &mut self,
        api: impl Into<Option<ApiId>>,
        ids: &[AppliedPolicyId],
    ) -> Result<(), WriteError> {
        let api = api.into();
        self.touched.policies_of(api);
        applied_policy::reorder(&self.tx, api, ids)
    }

    /// Notes whose policies `write` changed, and from when on APIs' own policies are in force, or are not, for what it
    /// did to automated ones.
    fn write_policies<T>(
        &mut self,
        write: impl FnOnce(&Self) -> Result<(Option<ApiId>, T), WriteError>,
    ) -> Result<T, WriteError> {
        let before = applied_policy::replaced(&self.tx)?;
        let (api, value) = write(self)?;
        self.touched.policies_of(api);
        let after = applied_policy::replaced(&self.tx)?;
        for (policy, _) in before.symmetric_difference(&after) {
            self.touched.apis.extend(applied_policy::renew(&self.tx, policy, self.now_ms)?);
        }
        Ok(value)
    }

    /// Adds a client app, without credentials.
    pub fn insert_client(&mut self, new: &NewClient) -> Result<ClientAppId, WriteError> {
        let id = client_app::insert(&self.tx, new, self.now_ms)?;
        self.touched.clients.insert(id);
        Ok(id)
    }

    /// Changes a client app.
    pub fn update_client(&mut self, id: ClientAppId, new: &NewClient) -> Result<(), WriteError> {
        self.touched.clients.insert(id);
        client_app::update(&self.tx, id, new)
    }

    /// Deletes a client app with its credentials and contracts.
    pub fn delete_client(&mut self, id: ClientAppId) -> Result<(), WriteError> {
        self.touched.clients.insert(id);
        client_app::delete(&self.tx, id)
    }

    /// Adds a credential. The secret is sealed before it reaches the database.
    pub fn insert_credential(
        &mut self,
        client_app: ClientAppId,
        client_id: &str,
        secret: &Secret,
    ) -> Result<CredentialId, WriteError> {
        self.touched.clients.insert(client_app);
        credential::insert(&self.tx, self.vault, client_app, client_id, secret, self.now_ms)
    }

    /// Says when a credential stops being taken, in epoch milliseconds; never when none.
    pub fn set_credential_expiry(
        &mut self,
        id: CredentialId,
        expires_at: Option<i64>,
    ) -> Result<(), WriteError> {
        self.touched.clients.insert(credential::set_expiry(&self.tx, id, expires_at)?);
        Ok(())
    }

    /// Gives a credential another secret. The one before is taken too until `until`, in epoch milliseconds; no longer
    /// when none. One that was still taken from an earlier time is forgotten.
    pub fn replace_secret(
        &mut self,
        id: CredentialId,
        secret: &Secret,
        until: Option<i64>,
    ) -> Result<(), WriteError> {
        self.touched.clients.insert(credential::replace_secret(&self.tx, self.vault, id, secret, until)?);
        Ok(())
    }

    /// Says which secret of a credential came before and until when it is taken, in epoch milliseconds; none when none.
    pub fn set_previous_secret(
        &mut self,
        id: CredentialId,
        previous: Option<(&Secret, i64)>,
    ) -> Result<(), WriteError> {
        self.touched.clients.insert(credential::set_previous(&self.tx, id, previous)?);
        Ok(())
    }

    /// Deletes a credential.
    pub fn delete_credential(&mut self, id: CredentialId) -> Result<(), WriteError> {
        self.touched.clients.insert(credential::delete(&self.tx, id)?);
        Ok(())
    }

    /// Lets a client app call an API: the contract is approved at once.
    pub fn insert_contract(&mut self, client_app: ClientAppId, api: ApiId) -> Result<ContractId, WriteError> {
        self.touched.clients.insert(client_app);
        contract::insert(&self.tx, client_app, api, self.now_ms)
    }

    /// Revokes a contract, or restores it.
    pub fn set_contract_state(&mut self, id: ContractId, state: ContractState) -> Result<(), WriteError> {
        self.touched.clients.insert(contract::set_state(&self.tx, id, state, self.now_ms)?);
        Ok(())
    }

    /// Deletes a contract.
    pub fn delete_contract(&mut self, id: ContractId) -> Result<(), WriteError> {
        self.touched.clients.insert(contract::delete(&self.tx, id)?);
        Ok(())
    }

    /// Adds a certificate. Its key is sealed before it reaches the database.
    pub fn insert_certificate(&mut self, new: &NewCertificate) -> Result<CertificateId, WriteError> {
        self.touched.certificates = true;
        certificate::insert(&self.tx, self.vault, new, self.now_ms)
    }

    /// Puts another certificate in the place of one.
    pub fn update_certificate(&mut self, id: CertificateId, new: &NewCertificate) -> Result<(), WriteError> {
        self.touched.certificates = true;
        certificate::update(&self.tx, self.vault, id, new, self.now_ms)
    }

    /// Deletes a certificate. Whether something still names it is for the caller to see to.
    pub fn delete_certificate(&mut self, id: CertificateId) -> Result<(), WriteError> {
        self.touched.certificates = true;
        certificate::delete(&self.tx, id)
    }

    /// Says how a socket greets; plain HTTP when none.
    pub fn set_listener(&mut self, socket: SocketAddr, tls: Option<&ListenerTls>) -> Result<(), WriteError> {
        self.touched.listeners = true;
        listener::set(&self.tx, socket, tls)
    }
}

/// What a save wrote, by owner: an API owns its policies and its specification, a client app its credentials and contracts. Naming too much
/// costs a little, naming too little would leave an old row in force.
#[derive(Default)]
struct Touched {
    apis: BTreeSet<ApiId>,
    clients: BTreeSet<ClientAppId>,
    certificates: bool,
    listeners: bool,
    automated: bool,
}

impl Touched {
    fn policies_of(&mut self, api: Option<ApiId>) {
        match api {
            Some(id) => drop(self.apis.insert(id)),
            None => self.automated = true,
        }
    }

    /// Brings `catalog` to what `connection` sees.
    fn read_again(
        &self,
        connection: &Connection,
        vault: &Vault,
        catalog: &mut Catalog,
    ) -> Result<(), StoreError> {
        // Few enough to be read whole.
        if self.certificates {
            catalog.certificates = certificate::all(connection, vault)?;
        }
        if self.listeners {
            catalog.listeners = listener::all(connection)?;
        }
        if self.automated {
            catalog.replace_automated(applied_policy::of_api(connection, vault, None)?);
        }
        for id in self.apis.iter().copied() {
            let policies = applied_policy::of_api(connection, vault, Some(id))?;
            let spec = api_spec::of_api(connection, id)?;
            catalog.replace_api(id, api::one(connection, id)?, spec, policies);
        }
        for id in self.clients.iter().copied() {
            let app = client_app::one(connection, id)?;
            let credentials = credential::of_client(connection, id)?;
            catalog.replace_client(id, app, credentials, contract::of_client(connection, id)?);
        }
        Ok(())
    }
}

/// Everything, as `connection` sees it.
pub(crate) fn whole(connection: &Connection, vault: &Vault) -> Result<Catalog, StoreError> {
    Ok(Catalog {
        apis: api::all(connection)?,
        policies: applied_policy::all(connection, vault)?,
        specs: api_spec::all(connection)?,
        clients: client_app::all(connection)?,
        credentials: credential::all(connection)?,
        contracts: contract::all(connection)?,
        listeners: listener::all(connection)?,
        certificates: certificate::all(connection, vault)?,
    })
}
