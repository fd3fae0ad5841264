//! Names of APIs and client apps by number, for calls, which carry numbers only.

use gatepost_model::{Api, ApiId, Catalog, ClientApp, ClientAppId};

/// Looks names up in one catalog. Ids ascend, so a search is a bisection.
#[derive(Clone, Copy)]
pub struct Names<'a>(pub &'a Catalog);

impl<'a> Names<'a> {
    /// The API, while it exists.
    pub fn api(self, id: ApiId) -> Option<&'a Api> {
        let at = self.0.apis.binary_search_by_key(&id, |api| api.id).ok()?;
        self.0.apis.get(at)
    }

    /// The client app, while it exists.
    pub fn client(self, id: ClientAppId) -> Option<&'a ClientApp> {
        let at = self.0.clients.binary_search_by_key(&id, |app| app.id).ok()?;
        self.0.clients.get(at)
    }
}
