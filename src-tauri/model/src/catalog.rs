//! Everything configured, as one value: what the store loads and what a Plan is compiled from.

use crate::{Api, ApiId, AppliedPolicy, Certificate, ClientApp, Contract, Credential, Listener};

/// The whole configuration at one moment.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// By id, ascending.
    pub apis: Vec<Api>,
    /// By API, then position.
    pub policies: Vec<AppliedPolicy>,
    /// By id, ascending.
    pub clients: Vec<ClientApp>,
    /// By id, ascending.
    pub credentials: Vec<Credential>,
    /// By id, ascending.
    pub contracts: Vec<Contract>,
    /// By address and port; those without a setting speak plain HTTP.
    pub listeners: Vec<Listener>,
    /// By id, ascending.
    pub certificates: Vec<Certificate>,
}

impl Catalog {
    /// The policies of one API, in the order of enforcement.
    pub fn policies_of(&self, api: ApiId) -> impl Iterator<Item = &AppliedPolicy> {
        self.policies.iter().filter(move |applied| applied.api_id == api)
    }
}
