//! What a certificate says about whom it is for, as people and policies read it.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sha2::{Digest as _, Sha256};
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};

/// A certificate, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whom it is for, such as `C=DE, O=Orders, CN=orders.test`, in the order of the certificate. Characters that
    /// would read as a separator are escaped with `\` (RFC 4514), so that no name can pretend to be several.
    pub subject: Box<str>,
    /// The value of the subject's only `CN`; none where it has several, or one that is not text.
    pub common_name: Option<Box<str>>,
    /// Who signed it, in the same form.
    pub issuer: Box<str>,
    /// Its number, in lowercase hex.
    pub serial: Box<str>,
    /// SHA-256 of the whole, in lowercase hex.
    pub fingerprint: Box<str>,
    /// Subject alternative names (RFC 5280, 4.2.1.6), in the order of the certificate.
    pub names: Vec<SubjectName>,
    /// True where it may sign others (basic constraints).
    pub is_authority: bool,
    /// Epoch milliseconds.
    pub not_before: i64,
    /// Epoch milliseconds.
    pub not_after: i64,
}

/// One name that a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// A host name; may begin with `*.`.
    Dns(Box<str>),
    /// An address.
    Address(IpAddr),
    /// Such as `spiffe://example.org/orders`.
    Uri(Box<str>),
    /// An e-mail address.
    Email(Box<str>),
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Address(address) => write!(f, "IP:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Email(email) => write!(f, "email:{email}"),
        }
    }
}

impl CertificateFacts {
    /// Reads a certificate in DER.
    pub fn of(der: &[u8]) -> Result<Self, String> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| "is not an X.509 certificate".to_owned())?;
        if !rest.is_empty() {
            return Err("has bytes after its certificate".into());
        }
        let validity = certificate.validity();
        Ok(Self {
            subject: text_of(certificate.subject()).into(),
            common_name: common_name_of(certificate.subject()),
            issuer: text_of(certificate.issuer()).into(),
            serial: hex(certificate.raw_serial()),
            fingerprint: hex(&Sha256::digest(der)),
            names: names_of(&certificate)?,
            is_authority: certificate.is_ca(),
            not_before: validity.not_before.timestamp().saturating_mul(1_000),
            not_after: validity.not_after.timestamp().saturating_mul(1_000),
        })
    }

    /// The host names and addresses among its names, as text.
    pub fn hosts(&self) -> Vec<String> {
        let host = |name: &SubjectName| match name {
            SubjectName::Dns(name) => Some(name.to_string()),
            SubjectName::Address(address) => Some(address.to_string()),
            SubjectName::Uri(_) | SubjectName::Email(_) => None,
        };
        self.names.iter().filter_map(host).collect()
    }
}

fn names_of(certificate: &X509Certificate<'_>) -> Result<Vec<SubjectName>, String> {
    let names = certificate.subject_alternative_name().map_err(|error| format!("its names: {error}"))?;
    let Some(names) = names else { return Ok(Vec::new()) };
    Ok(names.value.general_names.iter().filter_map(name_of).collect())
}

fn name_of(name: &GeneralName<'_>) -> Option<SubjectName> {
    Some(match name {
        GeneralName::DNSName(name) => SubjectName::Dns(visible(name).to_ascii_lowercase().into()),
        GeneralName::URI(uri) => SubjectName::Uri(visible(uri).into()),
        GeneralName::RFC822Name(email) => SubjectName::Email(visible(email).into()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| Ipv4Addr::from(bytes).into());
            let v6 = <[u8; 16]>::try_from(*bytes).map(|bytes| Ipv6Addr::from(bytes).into());
            SubjectName::Address(v4.or(v6).ok()?)
        }
        _ => return None,
    })
}

fn common_name_of(name: &X509Name<'_>) -> Option<Box<str>> {
    let mut all = name.iter_common_name();
    let only = all.next()?.as_str().ok().filter(|_| all.next().is_none())?;
    Some(visible(only).into())
}

fn text_of(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for (place, part) in name.iter_rdn().enumerate() {
        for (inner, attribute) in part.iter().enumerate() {
            text.push_str(match (place, inner) {
                (0, 0) => "",
                (_, 0) => ", ",
                _ => " + ",
            });
            let kind = attribute.attr_type();
            match oid2abbrev(kind, oid_registry()) {
                Ok(word) => text.push_str(word),
                Err(_) => text.push_str(&kind.to_id_string()),
            }
            text.push('=');
            match attribute.as_str() {
                Ok(value) => escape(value, &mut text),
                // RFC 4514, 2.4: what is not text is its bytes.
                Err(_) => write_hex(attribute.as_slice(), &mut text),
            }
        }
    }
    text
}

/// RFC 4514, 2.4; control characters too, so that a name stays on its line.
pub(super) fn escape(value: &str, text: &mut String) {
    for (place, c) in value.char_indices() {
        let at_edge = (place == 0 && (c == ' ' || c == '#')) || (place + 1 == value.len() && c == ' ');
        if c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\{byte:02x}");
            }
        } else {
            if at_edge || r#""+,;<>=\"#.contains(c) {
                text.push('\\');
            }
            text.push(c);
        }
    }
}

fn write_hex(bytes: &[u8], text: &mut String) {
    text.push('#');
    text.push_str(&hex(bytes));
}

fn hex(bytes: &[u8]) -> Box<str> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}

fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn facts(make: impl FnOnce(&mut CertificateParams)) -> CertificateFacts {
        let mut params = CertificateParams::new(vec!["Orders.test".into(), "::1".into()]).expect("valid");
        make(&mut params);
        let certificate = params.self_signed(&KeyPair::generate().expect("a key")).expect("signed");
        CertificateFacts::of(certificate.der()).expect("read")
    }

    #[test]
    fn reads_whom_a_certificate_is_for() {
        let facts = facts(|params| {
            params.not_after = rcgen::date_time_ymd(2040, 1, 2);
            params.subject_alt_names.push(SanType::URI("spiffe://a/b".try_into().expect("ascii")));
        });
        let names: Vec<_> = facts.names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["DNS:orders.test", "IP:::1", "URI:spiffe://a/b"]);
        assert_eq!(facts.hosts(), ["orders.test", "::1"]);
        assert_eq!(facts.not_after, 2_209_075_200_000);
        assert_eq!((facts.fingerprint.len(), facts.is_authority), (64, false));
    }

    #[test]
    fn no_name_can_pretend_to_be_several() {
        let facts = facts(|params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::OrganizationName, " guest\n");
            params.distinguished_name.push(DnType::CommonName, "a, O=admin + x");
        });
        assert_eq!(&*facts.subject, r"O=\ guest\0a, CN=a\, O\=admin \+ x");
        assert_eq!(facts.common_name.as_deref(), Some("a, O=admin + x"));
    }

    #[test]
    fn refuses_what_is_no_certificate() {
        assert!(CertificateFacts::of(b"\x30\x03\x02\x01\x01").is_err());
    }
}
