//! A certificate as an operator brings it, checked: PEM with or without a key, or PKCS#12.

use gatepost_gateway::{
    CertificateFacts, IdentityFault, PrivateKeyDer, check_identity, read_chain, read_key,
};
use gatepost_model::{CertificateKind, Fault, Faults, PrivateKey, words};
use gatepost_store::NewCertificate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::local::{LOCAL_AUTHORITY, MANAGED};
use super::{day_of, pem, pkcs12};

/// A certificate to add: PEM with its key (to be shown), PEM without a key (an authority, to be trusted), or PKCS#12.
#[derive(Clone, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateInput {
    /// What listeners and upstreams call it. Unique, 1 to 100 characters.
    pub name: String,
    /// PEM: the certificate first, then those that lead to its authority. Without `key` it is one or more
    /// certificates of authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// PEM: the private key of the first certificate, as PKCS#8, PKCS#1 or SEC 1, not encrypted. It can be written
    /// and never read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Instead of the two: a PKCS#12 file (`.p12`, `.pfx`) in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkcs12: Option<String>,
    /// Of the PKCS#12 file; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// What is put in the place of a certificate; it keeps its name and is used wherever it was. See `CertificateInput`.
#[derive(Clone, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateContent {
    /// PEM: the certificate first, then those that lead to its authority.
    #[serde(default)]
    pub certificate: Option<String>,
    /// PEM: the private key of the first certificate.
    #[serde(default)]
    pub key: Option<String>,
    /// Instead of the two: a PKCS#12 file in base64.
    #[serde(default)]
    pub pkcs12: Option<String>,
    /// Of the PKCS#12 file.
    #[serde(default)]
    pub password: Option<String>,
}

impl std::fmt::Debug for CertificateInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateInput").field("name", &self.name).finish_non_exhaustive()
    }
}

impl CertificateContent {
    /// The same under a name.
    pub fn named(self, name: String) -> CertificateInput {
        let Self { certificate, key, pkcs12, password } = self;
        CertificateInput { name, certificate, key, pkcs12, password }
    }
}

impl CertificateInput {
    /// Checks everything but its dates.
    pub fn check(&self) -> Result<NewCertificate, Vec<Fault>> {
        let mut faults = Faults::new();
        let name = faults.take("name", words(&self.name, 100)).unwrap_or_default();
        if name == LOCAL_AUTHORITY || name.starts_with(MANAGED) {
            faults.add("name", format!("`{name}` is for what this program makes itself; choose another"));
        }
        let made = self.content(&mut faults).and_then(|(chain, key)| make(name, &chain, key, &mut faults));
        match (made, faults.is_empty()) {
            (Some(made), true) => Ok(made),
            _ => Err(faults.into_vec()),
        }
    }

    /// The same, and refuses one that is of no use any more at `now_ms`.
    pub fn check_at(&self, now_ms: i64) -> Result<NewCertificate, Vec<Fault>> {
        let made = self.check()?;
        if made.not_after < now_ms {
            let field = if self.pkcs12.is_some() { "pkcs12" } else { "certificate" };
            return Err(vec![Fault::new(field, format!("has expired on {}", day_of(made.not_after)))]);
        }
        Ok(made)
    }

    /// Chain and key in PEM.
    fn content(&self, faults: &mut Faults) -> Option<(String, Option<String>)> {
        match (&self.certificate, &self.key, &self.pkcs12) {
            (Some(certificate), key, None) => {
                if self.password.is_some() {
                    faults.add("password", "is only for PKCS#12");
                }
                Some((certificate.clone(), key.clone()))
            }
            (None, None, Some(file)) => {
                let password = self.password.as_deref().unwrap_or_default();
                pkcs12::read(file, password, faults).map(|(chain, key)| (chain, Some(key)))
            }
            (None, ..) => {
                faults.add("certificate", "is missing: give PEM here, or a PKCS#12 file in its place");
                None
            }
            (Some(_), _, Some(_)) => {
                faults.add("pkcs12", "stands in the place of `certificate` and `key`; give one or the other");
                None
            }
        }
    }
}

fn make(name: String, chain: &str, key: Option<String>, faults: &mut Faults) -> Option<NewCertificate> {
    let chain = faults.take("certificate", read_chain(chain));
    let key = key.map(|key| faults.take("key", read_key(&key)));
    let (chain, key) = (chain?, key.map_or(Some(None), |key| key.map(Some))?);
    let read: Result<Vec<_>, String> = chain.iter().map(|der| CertificateFacts::of(der)).collect();
    let read = faults.take("certificate", read)?;
    let first = read.first()?;
    let kind = if key.is_some() { CertificateKind::Identity } else { CertificateKind::Authority };
    if let Some(key) = &key {
        faults.take("certificate", in_order(&read));
        match check_identity(chain.clone(), key.clone_key()) {
            Ok(()) => {}
            Err(IdentityFault::Certificate(why)) => faults.add("certificate", why),
            Err(IdentityFault::Key(why)) => faults.add("key", why),
        }
    }
    Some(NewCertificate {
        name,
        kind,
        chain: pem::chain(&chain).into(),
        key: key.map(|key| PrivateKey::new(pem::section(label_of(&key), key.secret_der()))),
        subject: first.subject.to_string(),
        issuer: first.issuer.to_string(),
        hosts: first.hosts(),
        fingerprint: first.fingerprint.to_string(),
        not_before: first.not_before,
        // An authority of several is of use while its first is; a chain while each of its links is.
        not_after: read.iter().map(|facts| facts.not_after).min().unwrap_or(first.not_after),
    })
}

/// Each certificate signed the one before it.
fn in_order(chain: &[CertificateFacts]) -> Result<(), String> {
    for (n, pair) in chain.windows(2).enumerate() {
        if pair[0].issuer != pair[1].subject {
            return Err(format!(
                "is out of order: its certificate {} is of {}, but certificate {} was signed by {}; put the own \
                 certificate first, then the one that signed it, and so on",
                n + 2,
                pair[1].subject,
                n + 1,
                pair[0].issuer
            ));
        }
    }
    Ok(())
}

fn label_of(key: &PrivateKeyDer<'_>) -> &'static str {
    match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey as P12Key, PrivateKeyChain};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    const NOW: i64 = 1_795_000_000_000;

    struct Signed {
        certificate: rcgen::Certificate,
        authority: rcgen::Certificate,
        key: KeyPair,
    }

    fn signed() -> Signed {
        let authority_key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).expect("signed");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["api.test".to_owned()]).expect("valid");
        let certificate = params.signed_by(&key, &Issuer::new(params_of(&authority), authority_key));
        Signed { certificate: certificate.expect("signed"), authority, key }
    }

    fn params_of(_: &rcgen::Certificate) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn input(certificate: Option<String>, key: Option<String>) -> CertificateInput {
        CertificateInput { name: "site".into(), certificate, key, pkcs12: None, password: None }
    }

    fn faults(input: &CertificateInput) -> Vec<(String, String)> {
        let faults = input.check_at(NOW).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.field, fault.message)).collect()
    }

    fn only_fault(input: &CertificateInput, field: &str, words: &str) {
        let found = faults(input);
        assert!(matches!(&found[..], [(at, why)] if at == field && why.contains(words)), "{found:?}");
    }

    #[test]
    fn a_certificate_comes_with_its_chain_and_key() {
        let Signed { certificate, authority, key } = signed();
        let text = format!("Certificate of ours:\n{}\n{}", certificate.pem(), authority.pem());
        let made = input(Some(text), Some(key.serialize_pem())).check_at(NOW).expect("valid");
        assert_eq!((made.kind, made.hosts), (CertificateKind::Identity, vec!["api.test".to_owned()]));
        assert_eq!(read_chain(&made.chain).expect("kept").len(), 2);
        assert!(made.chain.starts_with("-----BEGIN"), "what stood around it is not kept");
        let alone = input(Some(authority.pem()), None).check_at(NOW).expect("valid");
        assert_eq!((alone.kind, alone.key), (CertificateKind::Authority, None));
    }

    #[test]
    fn a_key_in_the_certificate_s_text_is_not_kept_in_clear() {
        let Signed { certificate, key, .. } = signed();
        let both = format!("{}{}", key.serialize_pem(), certificate.pem());
        let made = input(Some(both.clone()), Some(both)).check_at(NOW).expect("valid");
        assert!(!made.chain.contains("PRIVATE KEY"));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let Signed { certificate, authority, key } = signed();
        let other = KeyPair::generate().expect("a key").serialize_pem();
        let pem = || Some(certificate.pem());
        only_fault(&input(pem(), Some(other)), "key", "does not belong to the certificate");
        only_fault(&input(Some("hello".into()), None), "certificate", "has no certificate");
        only_fault(&input(pem(), Some("hello".into())), "key", "has no private key");
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
        only_fault(&input(pem(), Some(locked.into())), "key", "is encrypted");
        let turned = format!("{}{}{}", certificate.pem(), certificate.pem(), authority.pem());
        only_fault(&input(Some(turned), Some(key.serialize_pem())), "certificate", "out of order");
        only_fault(&input(None, None), "certificate", "is missing");
        let mut params = CertificateParams::new(vec!["api.test".to_owned()]).expect("valid");
        params.not_after = rcgen::date_time_ymd(2020, 2, 29);
        let old = params.self_signed(&key).expect("signed");
        only_fault(
            &input(Some(old.pem()), Some(key.serialize_pem())),
            "certificate",
            "expired on 2020-02-29",
        );
        let reserved = CertificateInput { name: LOCAL_AUTHORITY.into(), ..input(pem(), None) };
        only_fault(&reserved, "name", "choose another");
    }

    #[test]
    fn pkcs12_brings_chain_and_key_in_any_order() {
        let Signed { certificate, authority, key } = signed();
        let bag = |certificate: &rcgen::Certificate| Certificate::from_der(certificate.der()).expect("read");
        let mut store = KeyStore::new();
        let chain = [bag(&certificate), bag(&authority)];
        let own = PrivateKeyChain::new("id", P12Key::from_der(&key.serialize_der()).expect("read"), chain);
        store.add_entry("site", KeyStoreEntry::PrivateKeyChain(own));
        let file = BASE64_STANDARD.encode(store.writer("open sesame").write().expect("written"));
        let with = |password: &str| CertificateInput {
            pkcs12: Some(file.clone()),
            password: Some(password.into()),
            ..input(None, None)
        };
        let made = with("open sesame").check_at(NOW).expect("valid");
        assert_eq!(made.kind, CertificateKind::Identity);
        assert_eq!(read_chain(&made.chain).expect("kept").len(), 2);
        only_fault(&with("guess"), "password", "is wrong");
        only_fault(
            &CertificateInput { pkcs12: Some("%".into()), ..input(None, None) },
            "pkcs12",
            "not base64",
        );
        let empty = BASE64_STANDARD.encode("hello");
        only_fault(
            &CertificateInput { pkcs12: Some(empty), ..input(None, None) },
            "pkcs12",
            "cannot be read",
        );
    }

    #[test]
    fn pkcs12_that_would_take_too_long_to_open_is_refused_unopened() {
        // No more than its MAC (RFC 7292, 4): a salt, and 2^31 - 1 rounds.
        let der = |tag: u8, parts: &[&[u8]]| {
            let content = parts.concat();
            [vec![tag, u8::try_from(content.len()).expect("short")], content].concat()
        };
        let digest = der(0x30, &[&der(0x30, &[&der(6, &[&[0x2b, 14, 3, 2, 26]])]), &der(4, &[&[0; 20]])]);
        let mac = der(0x30, &[&digest, &der(4, &[b"saltsalt"]), &der(2, &[&[0x7f, 0xff, 0xff, 0xff]])]);
        let data = der(0x30, &[&der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 1]])]);
        let file = BASE64_STANDARD.encode(der(0x30, &[&der(2, &[&[3]]), &data, &mac]));
        let slow = CertificateInput { pkcs12: Some(file), ..input(None, None) };
        only_fault(&slow, "pkcs12", "asks for 2147483647 rounds of key derivation");
    }

    #[test]
    fn older_forms_of_keys_are_taken() {
        // Made with `openssl ecparam -genkey` and `openssl req -x509`, for this test alone.
        let certificate = include_str!("testdata/sec1.pem");
        let key = include_str!("testdata/sec1.key");
        assert!(key.contains("BEGIN EC PRIVATE KEY"));
        let made = input(Some(certificate.into()), Some(key.into())).check().expect("valid");
        assert!(made.key.expect("kept").pem().contains("BEGIN EC PRIVATE KEY"));
        let certificate = include_str!("testdata/pkcs1.pem");
        let key = include_str!("testdata/pkcs1.key");
        assert!(key.contains("BEGIN RSA PRIVATE KEY"));
        assert!(input(Some(certificate.into()), Some(key.into())).check().is_ok());
    }
}
