//! Which certificate a listener shows: the one for the name that the caller greets with.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::CertificateFacts;

/// A listener's certificates by host name.
#[derive(Debug, Default)]
pub(super) struct ByName {
    /// A host name, or `.example.com` for `*.example.com`.
    by_name: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    all: Vec<Arc<CertifiedKey>>,
}

impl ByName {
    /// Adds one; where several are for one name, the first that the caller can check is shown.
    pub(super) fn add(&mut self, certified: Arc<CertifiedKey>, facts: &CertificateFacts) {
        for host in facts.hosts() {
            let name = host.strip_prefix('*').unwrap_or(&host);
            self.by_name.entry(name.into()).or_default().push(certified.clone());
        }
        self.all.push(certified);
    }

    /// For this name exactly, else for a wildcard above it, else the first.
    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = |known: &&Arc<CertifiedKey>| known.key.choose_scheme(schemes).is_some();
        let named = name.map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        let exact = named.as_deref().and_then(|name| self.by_name.get(name));
        // A wildcard stands for one label (RFC 9525, 6.3).
        let wildcard = named
            .as_deref()
            .and_then(|name| name.find('.').map(|dot| &name[dot..]))
            .and_then(|above| self.by_name.get(above));
        let candidates = exact.into_iter().chain(wildcard).flatten().chain(&self.all);
        candidates.clone().find(usable).cloned()
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm};
    use rustls::pki_types::PrivateKeyDer;

    const EVERY: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519];

    fn add(names: &mut ByName, hosts: &[&str], algorithm: &'static SignatureAlgorithm) -> Arc<CertifiedKey> {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = CertificateParams::new(hosts).expect("valid").self_signed(&key).expect("signed");
        let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let signing = super::super::provider().key_provider.load_private_key(der).expect("a key");
        let certified = Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signing));
        let facts = CertificateFacts::of(certificate.der()).expect("read");
        names.add(certified.clone(), &facts);
        certified
    }

    #[test]
    fn an_exact_name_wins_over_a_wildcard_and_that_over_the_first() {
        let mut names = ByName::default();
        let first = add(&mut names, &["first.test"], &PKCS_ECDSA_P256_SHA256);
        let wildcard = add(&mut names, &["*.shop.test"], &PKCS_ECDSA_P256_SHA256);
        let exact = add(&mut names, &["api.shop.test"], &PKCS_ECDSA_P256_SHA256);
        let shown = |name| names.choose(name, EVERY).expect("some");
        for (name, wanted) in [
            (Some("API.shop.test"), &exact),
            (Some("www.shop.test"), &wildcard),
            (Some("a.b.shop.test"), &first),
            (Some("shop.test"), &first),
            (Some("unknown.test"), &first),
            (None, &first),
        ] {
            assert!(Arc::ptr_eq(&shown(name), wanted), "{name:?}");
        }
    }

    #[test]
    fn shows_what_the_caller_can_check() {
        let mut names = ByName::default();
        let modern = add(&mut names, &["a.test"], &PKCS_ED25519);
        let common = add(&mut names, &["a.test"], &PKCS_ECDSA_P256_SHA256);
        let ecdsa = [SignatureScheme::ECDSA_NISTP256_SHA256];
        assert!(Arc::ptr_eq(&names.choose(Some("a.test"), &ecdsa).expect("some"), &common));
        assert!(Arc::ptr_eq(&names.choose(Some("a.test"), EVERY).expect("some"), &modern));
        assert!(names.choose(Some("a.test"), &[SignatureScheme::RSA_PSS_SHA256]).is_none());
    }
}
