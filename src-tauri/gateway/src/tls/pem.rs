//! Certificates and keys out of PEM (RFC 7468), with faults that say what to do.

use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Longest text that is looked at, in bytes.
const MAX_PEM: usize = 512 * 1_024;
/// Most certificates in one text.
const MAX_CERTIFICATES: usize = 100;

/// All certificates of a text, in its order; at least one. What else the text has is passed over.
pub fn read_chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    too_long(pem)?;
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        chain.push(certificate.map_err(|error| not_pem(&error))?);
        if chain.len() > MAX_CERTIFICATES {
            return Err(format!("has more than {MAX_CERTIFICATES} certificates"));
        }
    }
    if chain.is_empty() {
        return Err("has no certificate: it must be PEM, beginning with -----BEGIN CERTIFICATE-----".into());
    }
    Ok(chain)
}

/// The one private key of a text: PKCS#8, PKCS#1 or SEC 1, not encrypted.
pub fn read_key(pem: &str) -> Result<PrivateKeyDer<'static>, String> {
    too_long(pem)?;
    if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(
            "is encrypted: take its password off first (openssl pkey -in key.pem -out plain.pem), or give \
                    the certificate as PKCS#12 with its password"
                .into(),
        );
    }
    let mut keys = PrivateKeyDer::pem_slice_iter(pem.as_bytes());
    let key = keys
        .next()
        .ok_or("has no private key: it must be PEM, beginning with -----BEGIN PRIVATE KEY-----")?;
    let key = key.map_err(|error| not_pem(&error))?;
    if keys.next().is_some() {
        return Err("has more than one private key".into());
    }
    Ok(key)
}

fn too_long(pem: &str) -> Result<(), String> {
    if pem.len() > MAX_PEM { Err(format!("is longer than {} KiB", MAX_PEM >> 10)) } else { Ok(()) }
}

fn not_pem(error: &Error) -> String {
    match error {
        Error::MissingSectionEnd { .. } => "breaks off: its -----END line is missing".into(),
        Error::IllegalSectionStart { .. } => "has a -----BEGIN line that is not PEM".into(),
        Error::Base64Decode(_) => "is damaged: what stands between its lines is not base64".into(),
        other => format!("is not PEM: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_with_a_text() {
        let broken = |text: &str| read_chain(text).map(|_| ()).expect_err("faulty");
        assert!(broken("").contains("has no certificate"));
        assert!(broken("-----BEGIN CERTIFICATE-----\nAAAA").contains("breaks off"));
        assert!(broken("-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----").contains("damaged"));
        assert!(broken(&"x".repeat(MAX_PEM + 1)).contains("longer than 512 KiB"));
        let key = |text: &str| read_key(text).map(|_| ()).expect_err("faulty");
        assert!(key("-----BEGIN ENCRYPTED PRIVATE KEY-----").contains("is encrypted"));
        assert!(key("nothing").contains("has no private key"));
    }
}
