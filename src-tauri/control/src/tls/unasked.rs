//! APIs whose policies want callers' certificates on ports that ask for none.

use std::net::SocketAddr;

use gatepost_model::{Api, Catalog, ClientCertificates};

use crate::warning::{Warning, WarningKind};

/// One for each such API: nobody can call it.
pub fn warnings(catalog: &Catalog) -> impl Iterator<Item = Warning> {
    catalog.apis.iter().filter_map(|api| {
        let mut policies = catalog.policies_of(api.id);
        let wanting = policies.find(|applied| {
            let kind = gatepost_policies::kind(&applied.policy);
            applied.enabled && !applied.shadow && kind.is_some_and(|kind| kind.needs_client_certificates)
        })?;
        (!asks_for_certificates(catalog, api)).then(|| Warning {
            kind: WarningKind::NoClientCertificates,
            message: format!(
                "Nobody can call {} {}: its policy {} wants client certificates, and port {} asks for none. Set them to \
                 optional or required in the port's TLS settings.",
                api.name, api.version, wanting.policy, api.listen.port
            ),
            since_ms: None,
            certificate_id: None,
            api_id: Some(api.id.0),
        })
    })
}

fn asks_for_certificates(catalog: &Catalog, api: &Api) -> bool {
    let socket = SocketAddr::from((api.listen.address, api.listen.port));
    let listener = catalog.listeners.iter().find(|listener| listener.socket == socket);
    let tls = listener.and_then(|listener| listener.tls.as_ref());
    tls.is_some_and(|tls| tls.client_certificates != ClientCertificates::Off)
}
