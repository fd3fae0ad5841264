//! Certificates and keys into PEM (RFC 7468): what is kept is written by us, whatever stood around it before.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Characters of a line.
const LINE: usize = 64;

/// One section.
pub fn section(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
        rest = after;
    }
    let _ = writeln!(text, "-----END {label}-----");
    text
}

/// Certificates, one after the other.
pub fn chain<D: AsRef<[u8]>>(certificates: &[D]) -> String {
    certificates.iter().map(|der| section("CERTIFICATE", der.as_ref())).collect()
}
