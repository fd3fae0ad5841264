//! Certificates and listeners in `gatepost.yaml`: checked, compared with what is in force, put in force.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use gatepost_model::{Catalog, Certificate, CertificateKind, Fault, Faults, Listen, Listener};
use gatepost_store::{NewCertificate, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::CheckedFile;
use crate::error::ApiError;
use crate::routes::listeners;
use crate::tls::{CertificateInput, CertificateNames, Expiry, LOCAL_AUTHORITY, ListenerTlsInput};

/// Said of a certificate that the file names and does not bring.
pub(super) const ELSEWHERE: &str =
    "is not in this file, so it must be among the certificates where the file is applied";

/// How an address and port greets.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileListener {
    /// IP address. Default 127.0.0.1, as that of an API.
    #[serde(default)]
    pub address: Option<String>,
    /// 1 to 65535.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u32,
    /// TLS; without it plain HTTP is spoken there.
    #[serde(default)]
    pub tls: Option<ListenerTlsInput>,
}

/// The certificates in which nothing is wrong. One that has expired is no fault: a server must start again with it.
pub(super) fn check_certificates(inputs: &[CertificateInput], faults: &mut Faults) -> Vec<NewCertificate> {
    let mut checked: Vec<NewCertificate> = Vec::new();
    for (n, input) in inputs.iter().enumerate() {
        if let Some(first) = inputs[..n].iter().position(|earlier| earlier.name.trim() == input.name.trim()) {
            faults.add(format!("certificates[{n}].name"), format!("is the same as certificates[{first}]"));
        }
        match input.check() {
            Ok(certificate) => checked.push(certificate),
            Err(inner) => faults.extend_under(&format!("certificates[{n}]"), inner),
        }
    }
    checked
}

/// The listeners in which nothing is wrong.
pub(super) fn check_listeners(
    inputs: &[FileListener],
    certificates: &[NewCertificate],
    faults: &mut Faults,
) -> Vec<Listener> {
    let mut checked: Vec<Listener> = Vec::new();
    let mut sockets = HashSet::new();
    for (n, input) in inputs.iter().enumerate() {
        let at = format!("listeners[{n}]");
        let Some(socket) = socket_of(input, &at, faults) else { continue };
        if !sockets.insert(socket) {
            faults.add(format!("{at}.port"), format!("{socket} stands in this file twice"));
        }
        let tls = input.tls.as_ref().map(ListenerTlsInput::check).transpose();
        match tls {
            Ok(tls) => checked.push(Listener { socket, tls }),
            Err(inner) => faults.extend_under(&format!("{at}.tls"), inner),
        }
        if let Some(tls) = &input.tls {
            faults.extend_under(&format!("{at}.tls"), wrong_kinds(tls, certificates));
        }
    }
    checked
}

fn socket_of(input: &FileListener, at: &str, faults: &mut Faults) -> Option<SocketAddr> {
    let address = match input.address.as_deref() {
        None | Some("" | "localhost") => Ok(Listen::DEFAULT_ADDRESS),
        Some(text) => text
            .parse::<IpAddr>()
            .map_err(|_| format!("`{text}` is not an IP address, such as 127.0.0.1 or 0.0.0.0")),
    };
    let address = faults.take(&format!("{at}.address"), address);
    let port = u16::try_from(input.port).ok().filter(|port| *port > 0);
    let port = port.ok_or(format!("`{}` is not a port (1 to 65535)", input.port));
    let port = faults.take(&format!("{at}.port"), port);
    Some(SocketAddr::new(address?, port?))
}

/// Certificates of the file itself that cannot do what the listener wants of them.
fn wrong_kinds(tls: &ListenerTlsInput, certificates: &[NewCertificate]) -> Vec<Fault> {
    let kind_of = |name: &str| certificates.iter().find(|known| known.name == name).map(|known| known.kind);
    let mut faults = Faults::new();
    for (n, name) in tls.certificates.iter().enumerate() {
        if kind_of(name) == Some(CertificateKind::Authority) {
            faults.add(format!("certificates[{n}]"), format!("`{name}` has no key to show it with"));
        }
    }
    if let Some(name) =
        tls.client_authority.as_ref().filter(|name| kind_of(name) == Some(CertificateKind::Identity))
    {
        faults.add("client_authority", format!("`{name}` is not a certificate authority"));
    }
    faults.into_vec()
}

/// The names that the file brings.
pub(super) fn names(certificates: &[NewCertificate]) -> CertificateNames {
    let mut names = CertificateNames::default();
    for certificate in certificates {
        names.add(certificate.name.clone(), certificate.kind);
    }
    names
}

/// What is allowed but should be known: certificates that expire, and names that the file does not bring.
pub(super) fn warn(file: &CheckedFile, names: &CertificateNames, now_ms: i64, warnings: &mut Faults) {
    for (n, certificate) in file.certificates.iter().enumerate() {
        let field = format!("certificates[{n}].certificate");
        match Expiry::of(certificate.not_after, now_ms) {
            Expiry::Valid => {}
            Expiry::Soon => warnings.add(field, "expires within 30 days"),
            Expiry::Expired => warnings.add(field, "has expired: nobody will trust it"),
        }
    }
    for (n, listener) in file.listeners.iter().enumerate() {
        let Some(tls) = &listener.tls else { continue };
        for (c, name) in tls.certificates.iter().enumerate() {
            if name != LOCAL_AUTHORITY && !names.knows(name) {
                warnings.add(format!("listeners[{n}].tls.certificates[{c}]"), ELSEWHERE);
            }
        }
        if tls.client_authority.as_ref().is_some_and(|name| name != LOCAL_AUTHORITY && !names.knows(name)) {
            warnings.add(format!("listeners[{n}].tls.client_authority"), ELSEWHERE);
        }
    }
}

/// True when applying them would change anything.
pub(super) fn differs(file: &CheckedFile, catalog: &Catalog) -> bool {
    let certificate_differs = |new: &NewCertificate| {
        !catalog.certificates.iter().any(|known| known.name == new.name && is_same(known, new))
    };
    let listener_differs = |wanted: &Listener| {
        let known = catalog.listeners.iter().find(|known| known.socket == wanted.socket);
        known.and_then(|known| known.tls.as_ref()) != wanted.tls.as_ref()
    };
    file.certificates.iter().any(certificate_differs) || file.listeners.iter().any(listener_differs)
}

/// Adds or replaces what differs.
pub(super) fn write_certificates(file: &CheckedFile, tx: &mut Write<'_>) -> Result<(), ApiError> {
    let catalog = tx.load()?;
    for new in &file.certificates {
        match catalog.certificates.iter().find(|known| known.name == new.name) {
            Some(known) if is_same(known, new) => {}
            Some(known) => tx.update_certificate(known.id, new)?,
            None => {
                tx.insert_certificate(new)?;
            }
        }
    }
    Ok(())
}

/// Comes after the APIs, whose hosts a certificate of the local authority is for.
pub(super) fn write_listeners(file: &CheckedFile, tx: &mut Write<'_>) -> Result<(), ApiError> {
    for (n, listener) in file.listeners.iter().enumerate() {
        let written = listeners::write(tx, listener.socket, listener.tls.as_ref());
        written.map_err(|error| error.under(&format!("listeners[{n}].tls")))?;
    }
    Ok(())
}

fn is_same(known: &Certificate, new: &NewCertificate) -> bool {
    known.kind == new.kind && known.chain == new.chain && known.key == new.key
}
