//! A certificate with its key out of PKCS#12 (RFC 7292): one key, its certificate, and those that lead to its authority.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatepost_gateway::{CertificateFacts, check_identity, read_chain, read_key};
use gatepost_model::Faults;
use p12_keystore::{Pkcs12Archive, error::Error};

use super::pem;
use super::rounds::rounds_of;

/// Largest file, in bytes; one with a key and its chain has some thousand.
const MAX_FILE: usize = 64 * 1_024;

/// Most rounds of key derivation that a file may ask for, over all its parts; a second or two. OpenSSL writes 2,048 a
/// part, Java 10,000.
const MAX_ROUNDS: u64 = 3_000_000;

/// Chain and key in PEM. `base64` is the file. Faults are noted under `pkcs12` and `password`.
pub fn read(base64: &str, password: &str, faults: &mut Faults) -> Option<(String, String)> {
    let compact: String = base64.split_ascii_whitespace().collect();
    let Ok(file) = BASE64_STANDARD.decode(compact) else {
        faults.add("pkcs12", "is not base64");
        return None;
    };
    if file.len() > MAX_FILE {
        faults.add("pkcs12", format!("is larger than {} KiB", MAX_FILE >> 10));
        return None;
    }
    open(&file, password).map_err(|(field, message)| faults.add(field, message)).ok()
}

/// Chain and key in PEM; or the field that is at fault, and why.
pub fn open(file: &[u8], password: &str) -> Result<(String, String), (&'static str, String)> {
    let of_file = |message| ("pkcs12", message);
    match rounds_of(file) {
        Some(0..=MAX_ROUNDS) => {}
        Some(rounds) => {
            let message = format!(
                "asks for {rounds} rounds of key derivation, which would take too long; write it with at most \
                 {MAX_ROUNDS} (openssl: -iter)"
            );
            return Err(of_file(message));
        }
        None => return Err(of_file("cannot be read as PKCS#12: it nests too deep".into())),
    }
    match Pkcs12Archive::from_pkcs12(file, password) {
        Ok(archive) => pick(&archive).map_err(of_file),
        Err(Error::MacError(_)) => Err(("password", "is wrong: it does not open the file".into())),
        Err(error) => Err(of_file(format!("cannot be read as PKCS#12: {error}"))),
    }
}

/// The one key, the certificate that it belongs to, and what leads on from there.
fn pick(archive: &Pkcs12Archive) -> Result<(String, String), String> {
    let [key] = archive.keys.as_slice() else {
        return Err(format!("must have one private key; it has {}", archive.keys.len()));
    };
    let key = pem::section("PRIVATE KEY", key.key.as_der());
    let mut rest: Vec<&[u8]> = archive.certs.iter().map(|bag| bag.cert.as_der()).collect();
    let own = rest.iter().position(|der| belongs(der, &key));
    let own = own.ok_or("has no certificate that its key belongs to")?;
    let mut chain = vec![rest.swap_remove(own)];
    let mut last = CertificateFacts::of(chain[0])?;
    while let Some(next) = rest.iter().position(|der| signed_by(&last, der)) {
        let der = rest.swap_remove(next);
        last = CertificateFacts::of(der)?;
        chain.push(der);
    }
    Ok((pem::chain(&chain), key))
}

fn belongs(der: &[u8], key: &str) -> bool {
    let pair = read_chain(&pem::chain(&[der])).and_then(|chain| Ok((chain, read_key(key)?)));
    pair.is_ok_and(|(chain, key)| check_identity(chain, key).is_ok())
}

fn signed_by(signed: &CertificateFacts, der: &[u8]) -> bool {
    signed.issuer != signed.subject
        && CertificateFacts::of(der).is_ok_and(|facts| facts.subject == signed.issuer)
}
