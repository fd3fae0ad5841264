//! Everything configured, as one value: what the store loads and what a Plan is compiled from.

use crate::{
    Api, ApiId, ApiSpec, AppliedPolicy, Certificate, ClientApp, ClientAppId, Contract, ContractId,
    Credential, CredentialId, Listener, Row, Rows,
};

/// The whole configuration at one moment. Copies share what is the same in both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// By id.
    pub apis: Rows<Api>,
    /// By API, then position; before them the automated ones, which are of no API.
    pub policies: Rows<AppliedPolicy>,
    /// By API; most have none.
    pub specs: Rows<ApiSpec>,
    /// By id.
    pub clients: Rows<ClientApp>,
    /// By client app, then id.
    pub credentials: Rows<Credential>,
    /// By client app, then id.
    pub contracts: Rows<Contract>,
    /// By address and port; those without a setting speak plain HTTP.
    pub listeners: Vec<Listener>,
    /// By id, ascending.
    pub certificates: Vec<Certificate>,
}

impl Catalog {
    /// The policies of one API, in the order of enforcement; of none, the automated ones, which run before them.
    pub fn policies_of(&self, api: impl Into<Option<ApiId>>) -> impl Iterator<Item = &AppliedPolicy> + Clone {
        let api = api.into();
        self.policies.range((api, 0)..=(api, u32::MAX))
    }

    /// The automated policies in whose place no policy of this kind that an API has of its own is enforced.
    pub fn replacing<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a AppliedPolicy> {
        self.policies_of(None).filter(move |automated| automated.policy == policy && automated.replaces_own())
    }

    /// Puts these in the place of all automated policies, in the order of enforcement.
    pub fn replace_automated(&mut self, policies: Vec<AppliedPolicy>) {
        self.policies.replace((None, 0)..=(None, u32::MAX), policies);
    }

    /// The credentials of one client app, oldest first.
    pub fn credentials_of(&self, client: ClientAppId) -> impl Iterator<Item = &Credential> {
        self.credentials.range((client, CredentialId(i64::MIN))..=(client, CredentialId(i64::MAX)))
    }

    /// The contracts of one client app, oldest first.
    pub fn contracts_of(&self, client: ClientAppId) -> impl Iterator<Item = &Contract> {
        self.contracts.range((client, ContractId(i64::MIN))..=(client, ContractId(i64::MAX)))
    }

    /// Puts these in the place of an API, its specification and its policies, in the order of enforcement.
    pub fn replace_api(
        &mut self,
        id: ApiId,
        api: Option<Api>,
        spec: Option<ApiSpec>,
        policies: Vec<AppliedPolicy>,
    ) {
        self.apis.replace(id..=id, api);
        self.specs.replace(id..=id, spec);
        self.policies.replace((Some(id), 0)..=(Some(id), u32::MAX), policies);
    }

    /// Puts these in the place of a client app, its credentials and its contracts, both by id.
    pub fn replace_client(
        &mut self,
        id: ClientAppId,
        client: Option<ClientApp>,
        credentials: Vec<Credential>,
        contracts: Vec<Contract>,
    ) {
        self.clients.replace(id..=id, client);
        self.credentials.replace((id, CredentialId(i64::MIN))..=(id, CredentialId(i64::MAX)), credentials);
        self.contracts.replace((id, ContractId(i64::MIN))..=(id, ContractId(i64::MAX)), contracts);
    }
}

impl Row for Api {
    type Key = ApiId;

    fn key(&self) -> ApiId {
        self.id
    }
}

impl Row for AppliedPolicy {
    type Key = (Option<ApiId>, u32);

    fn key(&self) -> Self::Key {
        (self.api_id, self.position)
    }
}

impl Row for ClientApp {
    type Key = ClientAppId;

    fn key(&self) -> ClientAppId {
        self.id
    }
}

impl Row for Credential {
    type Key = (ClientAppId, CredentialId);

    fn key(&self) -> Self::Key {
        (self.client_app_id, self.id)
    }
}

impl Row for Contract {
    type Key = (ClientAppId, ContractId);

    fn key(&self) -> Self::Key {
        (self.client_app_id, self.id)
    }
}
