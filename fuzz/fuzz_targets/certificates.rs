//! What an operator uploads: certificates and keys as PEM, or PKCS#12 without a password.
#![no_main]

use gatepost_control::wire::open_pkcs12;
use gatepost_gateway::{CertificateFacts, check_identity, read_chain, read_key};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = CertificateFacts::of(bytes);
    let _ = open_pkcs12(bytes, "");
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let chain = read_chain(text);
    for certificate in chain.iter().flatten() {
        let _ = CertificateFacts::of(certificate);
    }
    if let (Ok(chain), Ok(key)) = (chain, read_key(text)) {
        let _ = check_identity(chain, key);
    }
});
