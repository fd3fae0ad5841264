//! Keeps up what the local authority issued: for listeners that want their certificate from it, and before it expires.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

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

/// What a certificate that a listener has from the local authority is for. BoringSSL (Envoy, gRPC) cannot check an
/// address under an authority that is bound to some addresses, and refuses the whole certificate; so those for names
/// have no addresses in them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Names,
    Addresses,
}

impl For {
    /// Those who call by address name no host in their greeting and are shown the first.
    const BOTH: [Self; 2] = [Self::Addresses, Self::Names];

    /// The certificate's name.
    fn managed_name(self, socket: SocketAddr) -> String {
        match self {
            Self::Names => format!("{MANAGED}{socket}"),
            Self::Addresses => format!("{MANAGED}{socket} by address"),
        }
    }

    fn takes(self, host: &str) -> bool {
        host.parse::<IpAddr>().is_ok() == (self == Self::Addresses)
    }
}

/// Names of the certificates that a listener shows.
pub fn shown_by(socket: SocketAddr, tls: &ListenerTls) -> Vec<String> {
    let mut names = Vec::new();
    for name in &tls.certificates {
        if name == LOCAL_AUTHORITY {
            names.extend(For::BOTH.map(|part| part.managed_name(socket)));
        } else {
            names.push(name.clone());
        }
    }
    names
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
        && !catalog.listeners.iter().filter(|listener| wants_local(listener)).any(|listener| {
            For::BOTH.iter().any(|part| certificate.name == part.managed_name(listener.socket))
        })
}

fn due(catalog: &Catalog, authority: &LocalAuthority, now_ms: i64) -> Vec<Due> {
    let expires = |known: &Certificate| Expiry::of(known.not_after, now_ms) != Expiry::Valid;
    let wanting = catalog.listeners.iter().filter(|listener| wants_local(listener));
    let wanted = wanting.flat_map(|listener| For::BOTH.map(|part| (listener.socket, part)));
    let for_listeners = wanted.filter_map(|(socket, part)| {
        let name = part.managed_name(socket);
        let mut hosts = hosts_of(catalog, socket);
        // For those that it may not vouch for the listener's view says that nothing covers them.
        hosts.retain(|host| part.takes(host) && authority.may_vouch_for(host));
        let known = catalog.certificates.iter().find(|known| known.name == name);
        let is_fine = |known: &Certificate| {
            authority.issued(known)
                && !expires(known)
                && hosts.iter().all(|host| known.hosts.contains(host))
                && known.hosts.iter().all(|host| part.takes(host))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{DAY_MS, ListenerTlsInput};
    use gatepost_store::Store;
    use serde_json::json;

    const NOW: i64 = 1_795_000_000_000;

    fn socket() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 8443))
    }

    /// What is in the catalog after `change` and what follows from it.
    fn after(store: &Store, now_ms: i64, change: impl FnOnce(&mut Write<'_>)) -> Catalog {
        let saved = store.write("a test", now_ms, |tx| {
            change(tx);
            keep_up(tx, now_ms)
        });
        saved.expect("saved");
        let catalog = store.load().expect("loads");
        assert!(!is_due(&catalog, now_ms), "nothing is left to do");
        catalog
    }

    fn wanting_local() -> ListenerTls {
        let input: ListenerTlsInput =
            serde_json::from_value(json!({"certificates": ["local_authority"]})).expect("of the right form");
        input.check().expect("valid")
    }

    fn named<'c>(catalog: &'c Catalog, name: &str) -> Option<&'c Certificate> {
        catalog.certificates.iter().find(|known| known.name == name)
    }

    #[test]
    fn a_listener_gets_its_certificate_and_loses_it_again() {
        let home = tempfile::tempdir().expect("tempdir");
        let store = Store::open(home.path()).expect("opens");
        let nothing = after(&store, NOW, |_| {});
        assert!(nothing.certificates.is_empty(), "no authority is made that nobody wants");
        let wanted = after(&store, NOW, |tx| tx.set_listener(socket(), Some(&wanting_local())).expect("set"));
        let certificate = named(&wanted, "local 127.0.0.1:8443").expect("made");
        assert!(certificate.hosts.contains(&"localhost".to_owned()));
        assert!(certificate.hosts.iter().all(|host| For::Names.takes(host)), "{:?}", certificate.hosts);
        let by_address = named(&wanted, "local 127.0.0.1:8443 by address").expect("made");
        assert_eq!(by_address.hosts, ["127.0.0.1", "::1"]);
        assert_eq!(
            shown_by(socket(), &wanting_local()),
            [by_address.name.as_str(), certificate.name.as_str()]
        );
        let gone = after(&store, NOW, |tx| tx.set_listener(socket(), None).expect("set"));
        assert!(gone.certificates.iter().all(|known| !known.name.starts_with(MANAGED)));
        assert!(named(&gone, LOCAL_AUTHORITY).is_some(), "somebody may trust it by now");
    }

    #[test]
    fn certificates_are_made_anew_a_month_before_their_end() {
        let home = tempfile::tempdir().expect("tempdir");
        let store = Store::open(home.path()).expect("opens");
        let first = after(&store, NOW, |tx| {
            tx.set_listener(socket(), Some(&wanting_local())).expect("set");
            keep_up(tx, NOW).expect("made");
            let catalog = tx.load().expect("loads");
            let authority =
                LocalAuthority::of(named(&catalog, LOCAL_AUTHORITY).expect("made")).expect("whole");
            let hosts = Hosts::parse(&["own.test".to_owned()]).expect("valid");
            let own = authority.issue("own", &hosts, NOW).expect("issued");
            tx.insert_certificate(&own).expect("inserted");
        });
        assert!(!is_due(&first, NOW + 365 * DAY_MS));
        let later = NOW + 367 * DAY_MS;
        assert!(is_due(&first, later));
        let renewed = after(&store, later, |_| {});
        for name in ["own", "local 127.0.0.1:8443", "local 127.0.0.1:8443 by address"] {
            let (old, new) = (named(&first, name).expect("known"), named(&renewed, name).expect("known"));
            assert_eq!((old.id, &old.hosts), (new.id, &new.hosts));
            assert!(old.fingerprint != new.fingerprint && new.not_after > later + 390 * DAY_MS, "{name}");
        }
        assert_eq!(named(&first, LOCAL_AUTHORITY), named(&renewed, LOCAL_AUTHORITY));
    }
}
