//! Names of APIs and client apps by number, for calls, which carry numbers only.

use gatepost_model::{Api, ApiId, Catalog, ClientApp, ClientAppId};

/// Looks names up in one catalog.
#[derive(Clone, Copy)]
pub struct Names<'a>(pub &'a Catalog);

impl<'a> Names<'a> {
    /// The API, while it exists.
    pub fn api(self, id: ApiId) -> Option<&'a Api> {
        self.0.apis.get(id)
    }

    /// The client app, while it exists.
    pub fn client(self, id: ClientAppId) -> Option<&'a ClientApp> {
        self.0.clients.get(id)
    }
}
