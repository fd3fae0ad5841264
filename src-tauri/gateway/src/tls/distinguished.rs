//! Distinguished names as people write them (RFC 4514), compared with those of certificates.

use x509_parser::der_parser::Oid;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::oid_registry::{
    OID_DOMAIN_COMPONENT, OID_PKCS9_EMAIL_ADDRESS, OID_X509_COMMON_NAME, OID_X509_COUNTRY_NAME,
    OID_X509_LOCALITY_NAME, OID_X509_ORGANIZATION_NAME, OID_X509_ORGANIZATIONAL_UNIT,
    OID_X509_STATE_OR_PROVINCE_NAME,
};

use super::CertificateFacts;
use super::facts::escape;

/// Names of attributes that differ from those of the registry, as programs write them.
const KEYWORDS: [(&str, Oid<'static>); 11] = [
    ("cn", OID_X509_COMMON_NAME),
    ("c", OID_X509_COUNTRY_NAME),
    ("l", OID_X509_LOCALITY_NAME),
    ("st", OID_X509_STATE_OR_PROVINCE_NAME),
    ("s", OID_X509_STATE_OR_PROVINCE_NAME),
    ("o", OID_X509_ORGANIZATION_NAME),
    ("ou", OID_X509_ORGANIZATIONAL_UNIT),
    ("dc", OID_DOMAIN_COMPONENT),
    ("e", OID_PKCS9_EMAIL_ADDRESS),
    ("email", OID_PKCS9_EMAIL_ADDRESS),
    ("emailaddress", OID_PKCS9_EMAIL_ADDRESS),
];

/// A name that certificates are compared with. Spaces between its parts, the case of attribute names and the way of
/// escaping make no difference; values do, to the letter. It may be written from either end: RFC 4514 begins with the
/// last part of a certificate's name, most programs show the first one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    /// In the form of [`CertificateFacts::subject`].
    as_written: Box<str>,
    reversed: Box<str>,
}

impl DistinguishedName {
    /// Reads one, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = Written(text);
        let (mut parts, mut part) = (Vec::new(), String::new());
        loop {
            let end = rest.attribute(&mut part)?;
            match end {
                Some('+') => part.push_str(" + "),
                _ => parts.push(std::mem::take(&mut part)),
            }
            if end.is_none() {
                break;
            }
        }
        let as_written = parts.join(", ").into();
        parts.reverse();
        Ok(Self { as_written, reversed: parts.join(", ").into() })
    }

    /// Whether this is the certificate's subject.
    pub fn is_subject_of(&self, certificate: &CertificateFacts) -> bool {
        certificate.subject == self.as_written || certificate.subject == self.reversed
    }
}

/// What is left of a name that is being read.
struct Written<'a>(&'a str);

impl Written<'_> {
    /// Reads `CN=value` up to the separator after it, which it gives; writes it to `out` as facts are written.
    fn attribute(&mut self, out: &mut String) -> Result<Option<char>, String> {
        let Some((keyword, rest)) = self.0.split_once('=') else {
            return Err(format!("has no = in `{}`; a name reads CN=orders, O=Example", self.0.trim()));
        };
        self.0 = rest;
        out.push_str(&word_of(keyword.trim())?);
        out.push('=');
        self.0 = self.0.trim_start_matches(' ');
        if self.0.starts_with('#') { self.bytes(out) } else { self.text(out) }
    }

    /// A value that is no text (RFC 4514, 2.4): `#` and its bytes in hex.
    fn bytes(&mut self, out: &mut String) -> Result<Option<char>, String> {
        let end = self.0.find([',', ';', '+']).unwrap_or(self.0.len());
        let (value, rest) = self.0.split_at(end);
        let hex = value[1..].trim_end();
        if hex.is_empty() || hex.len() % 2 != 0 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{value}` is not # and bytes in hex"));
        }
        out.push('#');
        out.push_str(&hex.to_ascii_lowercase());
        let mut rest = rest.chars();
        let separator = rest.next();
        self.0 = rest.as_str();
        Ok(separator)
    }

    fn text(&mut self, out: &mut String) -> Result<Option<char>, String> {
        let mut value = Vec::new();
        // Spaces at the end are none of the value's, unless they were escaped or quoted.
        let mut kept = 0;
        let (mut chars, mut is_quoted) = (self.0.chars(), false);
        let separator = loop {
            match chars.next() {
                None if is_quoted => return Err("has a \" without another one".into()),
                None => break None,
                Some('"') => is_quoted = !is_quoted,
                Some(separator @ (',' | ';' | '+')) if !is_quoted => break Some(separator),
                Some('\\') => {
                    escaped(&mut chars, &mut value)?;
                    kept = value.len();
                }
                Some(c) => {
                    value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    if is_quoted || c != ' ' {
                        kept = value.len();
                    }
                }
            }
        };
        value.truncate(kept);
        let value = String::from_utf8(value).map_err(|_| "has escaped bytes that are no text".to_owned())?;
        if value.is_empty() {
            return Err(format!("has no value after `{out}`"));
        }
        escape(&value, out);
        self.0 = chars.as_str();
        Ok(separator)
    }
}

/// What comes after a `\`: a character, or a byte as two hex digits.
fn escaped(chars: &mut std::str::Chars<'_>, value: &mut Vec<u8>) -> Result<(), String> {
    let first = chars.next().ok_or("ends with a \\")?;
    let mut after = chars.clone();
    let second = after.next().and_then(|c| c.to_digit(16));
    match (first.to_digit(16), second) {
        (Some(high), Some(low)) => {
            *chars = after;
            value.push(u8::try_from(high << 4 | low).unwrap_or(u8::MAX));
        }
        _ => value.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    Ok(())
}

/// The word that facts use for an attribute.
fn word_of(keyword: &str) -> Result<String, String> {
    let lower = keyword.to_ascii_lowercase();
    let number = lower.trim_start_matches("oid.");
    let known = KEYWORDS.iter().find(|(known, _)| *known == lower).map(|(_, oid)| oid.clone());
    let oid = known.or_else(|| number.parse().ok()).or_else(|| {
        let mut registered = oid_registry().iter();
        registered.find(|(_, entry)| entry.sn().eq_ignore_ascii_case(&lower)).map(|(oid, _)| oid.clone())
    });
    let oid =
        oid.ok_or_else(|| format!("`{keyword}` is not an attribute of a name, such as CN, OU, O, C"))?;
    let word = oid2abbrev(&oid, oid_registry()).map(str::to_owned);
    Ok(word.unwrap_or_else(|_| oid.to_id_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName as Made, DnType, KeyPair};

    fn certificate(parts: &[(DnType, &str)]) -> CertificateFacts {
        let mut params = CertificateParams::default();
        params.distinguished_name = Made::new();
        for (kind, value) in parts {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let certificate = params.self_signed(&KeyPair::generate().expect("a key")).expect("signed");
        CertificateFacts::of(certificate.der()).expect("read")
    }

    fn is_subject(text: &str, certificate: &CertificateFacts) -> bool {
        DistinguishedName::parse(text).expect(text).is_subject_of(certificate)
    }

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        let user_id = DnType::CustomDnType(vec![0, 9, 2342, 19200300, 100, 1, 1]);
        let certificate = certificate(&[
            (DnType::CountryName, "DE"),
            (DnType::OrganizationName, "Müller, Söhne + Co \"GmbH\""),
            (user_id, "#7 "),
            (DnType::CommonName, "orders"),
        ]);
        for text in [
            r#"C=DE, O=Müller\, Söhne \+ Co \"GmbH\", uid=\#7\ , CN=orders"#,
            r#"cn = orders ,UID=\237\20;o=M\C3\BCller\, Söhne \2B Co \22GmbH\22,c=DE"#,
            r##"CN=orders,0.9.2342.19200300.100.1.1="#7 ",O="Müller, Söhne + Co \"GmbH\"", countryName=DE"##,
            &*certificate.subject,
        ] {
            assert!(is_subject(text, &certificate), "{text} for {}", certificate.subject);
        }
        for text in
            ["CN=orders", "C=DE, CN=orders", r"CN=Orders,uid=\#7\ ,O=M\, S\+,C=DE", "CN=orders + C=DE"]
        {
            assert!(!is_subject(text, &certificate), "{text}");
        }
    }

    #[test]
    fn no_value_can_pretend_to_be_several_attributes() {
        let forged = certificate(&[(DnType::CommonName, "orders, O=Example")]);
        assert!(!is_subject("CN=orders, O=Example", &forged));
        assert!(
            is_subject(r"CN=orders\, O\=Example", &forged) && is_subject("CN=\"orders, O=Example\"", &forged)
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_name() {
        for text in [
            "",
            "orders",
            "CN=",
            "CN=a,",
            "CN=a,,O=b",
            "what=a",
            "CN=\"a",
            "CN=a\\",
            r"CN=\ff",
            "CN=#1",
            "CN=#xx",
        ] {
            assert!(DistinguishedName::parse(text).is_err(), "{text}");
        }
    }
}
