//! Certificates in the catalog: those that the gateway shows, and authorities that it trusts.

use std::fmt;
use std::sync::Arc;

/// Row number of a certificate in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId(pub i64);

/// A certificate, with its key where the gateway shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Its row.
    pub id: CertificateId,
    /// What listeners and upstreams call it; unique, 1 to 100 characters.
    pub name: String,
    /// What it is for.
    pub kind: CertificateKind,
    /// PEM: the certificate first, then those that lead to its authority. For an authority one or more.
    pub chain: Arc<str>,
    /// PEM (PKCS#8, PKCS#1 or SEC 1); none for an authority that is only trusted.
    pub key: Option<PrivateKey>,
    /// Subject of the first certificate, as people read it.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Its host names and addresses (subject alternative names).
    pub hosts: Vec<String>,
    /// SHA-256 of the first certificate, in lowercase hex.
    pub fingerprint: String,
    /// Epoch milliseconds.
    pub not_before: i64,
    /// Epoch milliseconds.
    pub not_after: i64,
    /// Epoch milliseconds.
    pub created_at: i64,
}

impl Certificate {
    /// Longest name, in characters.
    pub const MAX_NAME: usize = 100;
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// Has a key; shown to callers or targets. Written `identity`.
    Identity,
    /// Trusted. Written `authority`.
    Authority,
    /// The authority that this program made for this machine; at most one. Written `local_authority`.
    LocalAuthority,
}

/// A private key in PEM. Shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(Arc<str>);

impl PrivateKey {
    /// Takes it over; it was checked before.
    pub fn new(pem: impl Into<Arc<str>>) -> Self {
        Self(pem.into())
    }

    /// In clear.
    pub fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}
