//! Keeps up what the local authority issued: for listeners that want their certificate from it, and before it expires.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use gatepost_model::{Catalog, Certificate, CertificateId, CertificateKind, Host, Listener, ListenerTls};
use gatepost_store::Write;

use super::expiry::Expiry;
use super::{Hosts, LocalAuthority, machine_hosts};
use crate::error::ApiError;

/// Name of the local authority in the catalog. Among a listener's certificates it means one from it for the
/// listener's APIs.
pub const LOCAL_AUTHORITY: &str = "local_authority";

/// What the names of such certificates begin with.
pub(super) const MANAGED: &str = "local ";

/// Name of the certificate that a listener has from the local authority.
pub fn managed_name(socket: SocketAddr) -> String {
    format!("{MANAGED}{socket}")
}

/// Names of the certificates that a listener shows.
pub fn shown_by(socket: SocketAddr, tls: &ListenerTls) -> Vec<String> {
    let named = |name: &String| {
        if name == LOCAL_AUTHORITY { managed_name(socket) } else { name.clone() }
    };
    tls.certificates.iter().map(named).collect()
}

/// A certificate of the local authority that must be made, or made anew.
struct Due {
    /// None where there is none yet.
    id: Option<CertificateId>,
    name: String,
    hosts: Vec<String>,
}

/// Whether [`keep_up`] has something to do at `now_ms`.
pub fn is_due(catalog: &Catalog, now_ms: i64) -> bool {
    let wants_one = catalog.listeners.iter().any(wants_local);
    match authority_of(catalog).map(LocalAuthority::of) {
        None => wants_one,
        // What is wrong with it is said where it is asked for.
        Some(Err(_)) => false,
        Some(Ok(authority)) => {
            !due(catalog, &authority, now_ms).is_empty()
                || catalog.certificates.iter().any(|known| is_idle(catalog, known))
        }
    }
}

/// Makes the authority where a listener wants it and there is none, makes what listeners want from it, makes anew what
/// expires within 30 days or lacks a host, and deletes what no listener wants any more.
pub fn keep_up(tx: &mut Write<'_>, now_ms: i64) -> Result<(), ApiError> {
    let mut catalog = tx.load()?;
    if authority_of(&catalog).is_none() {
        if !catalog.listeners.iter().any(wants_local) {
            return Ok(());
        }
        tx.insert_certificate(&LocalAuthority::make(&[], now_ms).map_err(ApiError::Internal)?)?;
        catalog = tx.load()?;
    }
    let Some(authority) = authority_of(&catalog) else { return Ok(()) };
    let authority = LocalAuthority::of(authority).map_err(ApiError::Internal)?;
    for Due { id, name, hosts } in due(&catalog, &authority, now_ms) {
        let hosts = Hosts::parse(&hosts).map_err(ApiError::Internal)?;
        let made = authority.issue(&name, &hosts, now_ms).map_err(ApiError::Internal)?;
        match id {
            Some(id) => tx.update_certificate(id, &made)?,
            None => {
                tx.insert_certificate(&made)?;
            }
        }
    }
    for idle in catalog.certificates.iter().filter(|known| is_idle(&catalog, known)) {
        tx.delete_certificate(idle.id)?;
    }
    Ok(())
}

fn authority_of(catalog: &Catalog) -> Option<&Certificate> {
    catalog.certificates.iter().find(|known| known.kind == CertificateKind::LocalAuthority)
}

fn wants_local(listener: &Listener) -> bool {
    let tls = listener.tls.as_ref();
    tls.is_some_and(|tls| tls.certificates.iter().any(|name| name == LOCAL_AUTHORITY))
}

/// Made for a listener that wants none any more.
fn is_idle(catalog: &Catalog, certificate: &Certificate) -> bool {
    certificate.name.starts_with(MANAGED)
        && !catalog
            .listeners
            .iter()
            .filter(|listener| wants_local(listener))
            .any(|listener| certificate.name == managed_name(listener.socket))
}

fn due(catalog: &Catalog, authority: &LocalAuthority, now_ms: i64) -> Vec<Due> {
    let expires = |known: &Certificate| Expiry::of(known.not_after, now_ms) != Expiry::Valid;
    let for_listeners =
        catalog.listeners.iter().filter(|listener| wants_local(listener)).filter_map(|listener| {
            let name = managed_name(listener.socket);
            let mut hosts = hosts_of(catalog, listener.socket);
            // For the others the listener's view says that nothing covers them.
            hosts.retain(|host| authority.may_vouch_for(host));
            let known = catalog.certificates.iter().find(|known| known.name == name);
            let is_fine = |known: &Certificate| {
                authority.issued(known)
                    && !expires(known)
                    && hosts.iter().all(|host| known.hosts.contains(host))
            };
            let id = known.map(|known| known.id);
            (!known.is_some_and(is_fine)).then_some(Due { id, name, hosts })
        });
    let others = catalog
        .certificates
        .iter()
        .filter(|known| authority.issued(known) && !known.name.starts_with(MANAGED) && expires(known));
    let others =
        others.map(|known| Due { id: Some(known.id), name: known.name.clone(), hosts: known.hosts.clone() });
    for_listeners.chain(others).collect()
}

/// The machine's own names, and those of the APIs on the socket.
fn hosts_of(catalog: &Catalog, socket: SocketAddr) -> Vec<String> {
    let mut hosts = machine_hosts();
    if !socket.ip().is_unspecified() && !hosts.contains(&socket.ip().to_string()) {
        hosts.push(socket.ip().to_string());
    }
    let apis = catalog.apis.iter().filter(|api| api.listen.socket() == socket);
    let of_apis: BTreeSet<&str> = apis.flat_map(|api| api.listen.hosts.iter().map(Host::as_str)).collect();
    for host in of_apis {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }
    hosts
}
