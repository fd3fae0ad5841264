//! One save: everything that can be done to the catalog inside it.

use gatepost_model::{ApiId, AppliedPolicyId, Catalog, ClientAppId, ContractId, ContractState, CredentialId};
use rusqlite::{Connection, Transaction};

use crate::error::{StoreError, WriteError};
use crate::secret::Secret;
use crate::table::api::{self, NewApi};
use crate::table::applied_policy::{self, NewPolicy};
use crate::table::client_app::{self, NewClient};
use crate::table::{change, contract, credential};
use crate::vault::Vault;

/// A save under way. It becomes the catalog when the closure of [`Store::write`](crate::Store::write) succeeds; until
/// then nobody else sees it.
pub struct Write<'a> {
    tx: Transaction<'a>,
    vault: &'a Vault,
    number: u64,
    now_ms: i64,
}

impl<'a> Write<'a> {
    /// Notes the change first, so that its number is known while the rest is written.
    pub(crate) fn begin(
        tx: Transaction<'a>,
        vault: &'a Vault,
        what: &str,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let number = change::insert(&tx, what, now_ms)?;
        Ok(Self { tx, vault, number, now_ms })
    }

    pub(crate) fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit()?)
    }

    /// The number that this change, and the Plan it puts in force, will have.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The catalog as it will be.
    pub fn load(&self) -> Result<Catalog, StoreError> {
        load(&self.tx)
    }

    /// Adds an API.
    pub fn insert_api(&mut self, new: &NewApi) -> Result<ApiId, WriteError> {
        api::insert(&self.tx, new, self.now_ms)
    }

    /// Changes an API; its policies and contracts stay.
    pub fn update_api(&mut self, id: ApiId, new: &NewApi) -> Result<(), WriteError> {
        api::update(&self.tx, id, new, self.now_ms)
    }

    /// Deletes an API with its policies and contracts.
    pub fn delete_api(&mut self, id: ApiId) -> Result<(), WriteError> {
        api::delete(&self.tx, id)
    }

    /// Puts a policy below the API's others.
    pub fn insert_policy(&mut self, api: ApiId, new: &NewPolicy) -> Result<AppliedPolicyId, WriteError> {
        applied_policy::insert(&self.tx, api, new)
    }

    /// Changes a policy; it keeps its place.
    pub fn update_policy(&mut self, id: AppliedPolicyId, new: &NewPolicy) -> Result<(), WriteError> {
        applied_policy::update(&self.tx, id, new)
    }

    /// Removes a policy; those below it move up.
    pub fn delete_policy(&mut self, id: AppliedPolicyId) -> Result<(), WriteError> {
        applied_policy::delete(&self.tx, id)
    }

    /// Gives an API's policies a new order, which must name each of them once.
    pub fn reorder_policies(&mut self, api: ApiId, ids: &[AppliedPolicyId]) -> Result<(), WriteError> {
        applied_policy::reorder(&self.tx, api, ids)
    }

    /// Adds a client app, without credentials.
    pub fn insert_client(&mut self, new: &NewClient) -> Result<ClientAppId, WriteError> {
        client_app::insert(&self.tx, new, self.now_ms)
    }

    /// Changes a client app.
    pub fn update_client(&mut self, id: ClientAppId, new: &NewClient) -> Result<(), WriteError> {
        client_app::update(&self.tx, id, new)
    }

    /// Deletes a client app with its credentials and contracts.
    pub fn delete_client(&mut self, id: ClientAppId) -> Result<(), WriteError> {
        client_app::delete(&self.tx, id)
    }

    /// Adds a credential. The secret is sealed before it reaches the database.
    pub fn insert_credential(
        &mut self,
        client_app: ClientAppId,
        client_id: &str,
        secret: &Secret,
    ) -> Result<CredentialId, WriteError> {
        credential::insert(&self.tx, self.vault, client_app, client_id, secret, self.now_ms)
    }

    /// Deletes a credential.
    pub fn delete_credential(&mut self, id: CredentialId) -> Result<(), WriteError> {
        credential::delete(&self.tx, id)
    }

    /// Lets a client app call an API: the contract is approved at once.
    pub fn insert_contract(&mut self, client_app: ClientAppId, api: ApiId) -> Result<ContractId, WriteError> {
        contract::insert(&self.tx, client_app, api, self.now_ms)
    }

    /// Revokes a contract, or restores it.
    pub fn set_contract_state(&mut self, id: ContractId, state: ContractState) -> Result<(), WriteError> {
        contract::set_state(&self.tx, id, state, self.now_ms)
    }

    /// Deletes a contract.
    pub fn delete_contract(&mut self, id: ContractId) -> Result<(), WriteError> {
        contract::delete(&self.tx, id)
    }
}

/// Everything, as `connection` sees it.
pub(crate) fn load(connection: &Connection) -> Result<Catalog, StoreError> {
    Ok(Catalog {
        apis: api::all(connection)?,
        policies: applied_policy::all(connection)?,
        clients: client_app::all(connection)?,
        credentials: credential::all(connection)?,
        contracts: contract::all(connection)?,
        listeners: Vec::new(),
        certificates: Vec::new(),
    })
}
