//! A certificate authority of a test, and what it signs.

use std::sync::Arc;

use gatepost_gateway::CertificateFacts;
use gatepost_model::{Certificate, CertificateId, CertificateKind, PrivateKey};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "an authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        Self { issuer: Issuer::new(params, key), der, pem }
    }

    /// Trusted, under this name in the catalog.
    pub fn trusted_as(&self, name: &str) -> Certificate {
        certificate(name, CertificateKind::Authority, &self.der, &self.pem, None)
    }

    /// A certificate for these hosts with its key, under this name in the catalog.
    pub fn issue(&self, name: &str, hosts: &[&str]) -> Certificate {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).expect("valid");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("signed");
        certificate(name, CertificateKind::Identity, signed.der(), &signed.pem(), Some(key.serialize_pem()))
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a caller trusts who trusts this authority alone.
    pub fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("an authority");
        roots.into()
    }
}

fn certificate(name: &str, kind: CertificateKind, der: &[u8], pem: &str, key: Option<String>) -> Certificate {
    let facts = CertificateFacts::of(der).expect("a certificate");
    Certificate {
        id: CertificateId(0),
        name: name.into(),
        kind,
        chain: pem.into(),
        key: key.map(PrivateKey::new),
        subject: facts.subject.to_string(),
        issuer: facts.issuer.to_string(),
        hosts: facts.hosts(),
        fingerprint: facts.fingerprint.to_string(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        created_at: 0,
    }
}
