//! A certificate and its key, ready to be shown.

use std::sync::Arc;

use gatepost_model::{Certificate, CertificateKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::{provider, read_chain, read_key};

/// What is wrong with a certificate that came with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFault {
    /// The certificate.
    Certificate(String),
    /// The key.
    Key(String),
}

/// Whether the key belongs to the first certificate of the chain, and is of a kind that TLS works with.
pub fn check_identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(), IdentityFault> {
    certify(chain, key).map(drop)
}

fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, IdentityFault> {
    let key = provider().key_provider.load_private_key(key).map_err(|error| {
        IdentityFault::Key(format!("is of no kind that TLS works with (RSA, ECDSA, Ed25519): {error}"))
    })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(IdentityFault::Key("does not belong to the certificate".into()))
        }
        Err(error) => Err(IdentityFault::Certificate(format!("cannot be used: {error}"))),
    }
}

/// The same from the catalog. Says which certificate is at fault.
pub(super) fn identity_of(certificate: &Certificate) -> Result<Arc<CertifiedKey>, String> {
    let name = &certificate.name;
    if certificate.kind != CertificateKind::Identity {
        return Err(format!("`{name}` is a certificate authority, which is trusted and not shown"));
    }
    let key = certificate.key.as_ref().ok_or_else(|| format!("certificate `{name}` has no key"))?;
    let chain = read_chain(&certificate.chain).map_err(|why| format!("certificate `{name}` {why}"))?;
    let key = read_key(key.pem()).map_err(|why| format!("the key of certificate `{name}` {why}"))?;
    certify(chain, key).map(Arc::new).map_err(|fault| match fault {
        IdentityFault::Certificate(why) => format!("certificate `{name}` {why}"),
        IdentityFault::Key(why) => format!("the key of certificate `{name}` {why}"),
    })
}
