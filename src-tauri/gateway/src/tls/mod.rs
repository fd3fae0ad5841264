//! TLS in both directions, with rustls: what listeners show and demand, what upstreams are trusted by, who callers are.
//!
//! A listener's certificate is chosen by the name that the caller greets with (SNI), its API by `Host`. That the two
//! may differ is meant: one certificate serves several names, and HTTP/2 sends requests for all of them over one
//! connection. Nothing can be evaded so, because what is demanded of callers (version, client certificate) is the
//! listener's, whichever the name. A request is answered 421 (RFC 9110, 15.5.20) only where its connection does not
//! fulfil what the listener demands by now.

mod anything;
mod client;
mod distinguished;
mod facts;
mod greet;
mod handshakes;
mod identity;
mod names;
mod pem;
mod server;

use std::sync::{Arc, LazyLock};

use gatepost_model::{Certificate, CertificateKind};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use client::{ClientTls, TlsStore, Trust};
pub use distinguished::DistinguishedName;
pub use facts::{CertificateFacts, SubjectName};
pub use greet::TlsFacts;
pub use handshakes::{HandshakeFailures, LastFailure};
pub use identity::{IdentityFault, check_identity};
pub use pem::{read_chain, read_key};
pub use server::{Greeting, ServerTls};

pub(crate) use greet::greet;
pub(crate) use handshakes::Handshakes;

/// One provider of cryptography for everything.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

fn provider() -> Arc<CryptoProvider> {
    PROVIDER.clone()
}

/// The certificate of this name.
fn named<'c>(certificates: &'c [Certificate], name: &str) -> Result<&'c Certificate, String> {
    let found = certificates.iter().find(|certificate| certificate.name == name);
    found.ok_or_else(|| format!("there is no certificate `{name}`"))
}

/// What the authority of this name vouches for.
fn roots_of(authority: &Certificate) -> Result<Arc<RootCertStore>, String> {
    if authority.kind == CertificateKind::Identity {
        return Err(format!("`{}` is not a certificate authority", authority.name));
    }
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(&authority.chain)? {
        roots.add(certificate).map_err(|error| format!("`{}` cannot be trusted: {error}", authority.name))?;
    }
    Ok(roots.into())
}
