//! Who names a certificate: it cannot be deleted while somebody does.

use gatepost_model::{Catalog, Listener, Upstream};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown_by;

/// One that names a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Use {
    /// In words, such as `the listener 127.0.0.1:8443` or `the API Orders v1`.
    pub label: String,
    /// The listener's address and port, where it is one.
    pub listener: Option<String>,
    /// The API, where it is one.
    pub api_id: Option<i64>,
}

/// All that name the certificate.
pub fn uses_of(catalog: &Catalog, name: &str) -> Vec<Use> {
    let listeners = catalog.listeners.iter().filter(|listener| listener_names(listener, name));
    let listeners = listeners.map(|listener| Use {
        label: format!("the listener {}", listener.socket),
        listener: Some(listener.socket.to_string()),
        api_id: None,
    });
    let apis = catalog.apis.iter().filter(|api| {
        upstream_names(&api.upstream, name)
            || api.routes.iter().any(|route| upstream_names(&route.upstream, name))
    });
    let apis = apis.map(|api| Use {
        label: format!("the API {} {}", api.name, api.version),
        listener: None,
        api_id: Some(api.id.0),
    });
    listeners.chain(apis).collect()
}

fn listener_names(listener: &Listener, name: &str) -> bool {
    listener.tls.as_ref().is_some_and(|tls| {
        tls.client_authority.as_deref() == Some(name)
            || tls.certificates.iter().any(|known| known == name)
            || shown_by(listener.socket, tls).iter().any(|known| known == name)
    })
}

fn upstream_names(upstream: &Upstream, name: &str) -> bool {
    upstream.tls.authority.as_deref() == Some(name) || upstream.tls.certificate.as_deref() == Some(name)
}
