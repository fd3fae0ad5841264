//! Which certificates may call.

use std::collections::HashMap;
use std::sync::Arc;

use gatepost_gateway::{CertificateFacts, DistinguishedName, SubjectName};
use gatepost_model::Faults;

use crate::address::Block;

/// Hex digits of SHA-256.
const DIGITS: usize = 64;

/// The three lists. Each entry comes with its text, for the trail.
pub(super) struct Accepted {
    subjects: Vec<(DistinguishedName, Arc<str>)>,
    names: Vec<(Pattern, Arc<str>)>,
    fingerprints: HashMap<Box<str>, Arc<str>>,
}

/// A name, or many.
enum Pattern {
    Dns(Box<str>),
    /// What comes after the star, with its dot.
    DnsBelow(Box<str>),
    Uri(Box<str>),
    UriBelow(Box<str>),
    Email(Email),
    /// A whole domain.
    EmailAt(Box<str>),
    Address(Block),
}

/// RFC 5321, 2.4: the domain is the same in any case, what stands before it is not.
#[derive(PartialEq, Eq)]
struct Email {
    local: Box<str>,
    domain: Box<str>,
}

impl Accepted {
    pub(super) fn compile(
        subjects: &[String],
        names: &[String],
        fingerprints: &[String],
        faults: &mut Faults,
    ) -> Self {
        Self {
            subjects: each(subjects, "subjects", DistinguishedName::parse, faults),
            names: each(names, "subject_alternative_names", Pattern::parse, faults),
            fingerprints: each(fingerprints, "fingerprints", fingerprint, faults).into_iter().collect(),
        }
    }

    /// The entry that this certificate fits. None where it fits none; within, none where there are none.
    pub(super) fn entry_for(&self, certificate: &CertificateFacts) -> Option<Option<&Arc<str>>> {
        if self.subjects.is_empty() && self.names.is_empty() && self.fingerprints.is_empty() {
            return Some(None);
        }
        let by_fingerprint = self.fingerprints.get(&certificate.fingerprint);
        let by_subject = || {
            let mut subjects = self.subjects.iter();
            subjects.find(|(subject, _)| subject.is_subject_of(certificate)).map(|(_, entry)| entry)
        };
        let by_name = || {
            let fits = |(pattern, _): &&(Pattern, _)| certificate.names.iter().any(|name| pattern.fits(name));
            self.names.iter().find(fits).map(|(_, entry)| entry)
        };
        by_fingerprint.or_else(by_subject).or_else(by_name).map(Some)
    }
}

fn each<T>(
    entries: &[String],
    field: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    faults: &mut Faults,
) -> Vec<(T, Arc<str>)> {
    let parsed = entries.iter().enumerate().filter_map(|(n, entry)| {
        let entry = entry.trim();
        faults.take(&format!("{field}[{n}]"), parse(entry)).map(|parsed| (parsed, entry.into()))
    });
    parsed.collect()
}

fn fingerprint(text: &str) -> Result<Box<str>, String> {
    let digits: String = text.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect();
    if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("is not SHA-256 in hex: 64 digits, with or without colons".into());
    }
    Ok(digits.into())
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{text}` does not begin with DNS:, URI:, email: or IP:");
        let (kind, value) = text.split_once(':').ok_or_else(unknown)?;
        match kind.trim().to_ascii_lowercase().as_str() {
            "dns" => dns(value.trim()),
            "uri" => uri(value.trim()),
            "email" => email(value.trim()),
            "ip" => value.trim().parse().map(Self::Address),
            _ => Err(unknown()),
        }
    }

    fn fits(&self, name: &SubjectName) -> bool {
        match (self, name) {
            (Self::Dns(known), SubjectName::Dns(name)) => known == name,
            (Self::DnsBelow(above), SubjectName::Dns(name)) => {
                let label = name.strip_suffix(&**above);
                label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
            }
            (Self::Uri(known), SubjectName::Uri(uri)) => known == uri,
            (Self::UriBelow(start), SubjectName::Uri(uri)) => {
                uri.strip_prefix(&**start).is_some_and(|rest| !rest.is_empty() && !climbs(rest))
            }
            (Self::Email(known), SubjectName::Email(email)) => {
                Email::parse(email).is_some_and(|email| email == *known)
            }
            (Self::EmailAt(domain), SubjectName::Email(email)) => {
                Email::parse(email).is_some_and(|email| email.domain == *domain)
            }
            (Self::Address(block), SubjectName::Address(address)) => block.has(*address),
            _ => false,
        }
    }
}

/// Whether a path leaves the place that it seems to be in.
fn climbs(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    }) || path.to_ascii_lowercase().contains("%2f")
}

fn dns(name: &str) -> Result<Pattern, String> {
    let lower = name.to_ascii_lowercase();
    let (is_wildcard, plain) = match lower.strip_prefix("*.") {
        Some(below) => (true, below),
        None => (false, lower.as_str()),
    };
    let is_label = |label: &str| {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(is_known)
    };
    if !plain.split('.').all(is_label) {
        return Err(format!("`{name}` is not a DNS name; a star stands first and alone: *.example.com"));
    }
    Ok(match is_wildcard {
        true => Pattern::DnsBelow(format!(".{plain}").into()),
        false => Pattern::Dns(plain.into()),
    })
}

fn uri(text: &str) -> Result<Pattern, String> {
    let (plain, is_start) = match text.strip_suffix('*') {
        Some(start) => (start, true),
        None => (text, false),
    };
    if plain.contains('*') || !plain.contains(':') || plain.contains(char::is_whitespace) {
        return Err(format!("`{text}` is not a URI; a star may stand at its end: spiffe://example.com/ns/*"));
    }
    let has_place = plain.split_once("://").is_some_and(|(_, rest)| rest.find('/').is_some_and(|at| at > 0));
    if is_start && !(has_place && plain.ends_with('/')) {
        return Err("its star must come after a host and a /: spiffe://example.com/*".into());
    }
    Ok(if is_start { Pattern::UriBelow(plain.into()) } else { Pattern::Uri(plain.into()) })
}

fn email(text: &str) -> Result<Pattern, String> {
    match Email::parse(text) {
        Some(email) if &*email.local == "*" && !email.domain.contains('*') => {
            Ok(Pattern::EmailAt(email.domain))
        }
        Some(email) if !text.contains('*') => Ok(Pattern::Email(email)),
        _ => Err(format!("`{text}` is not an e-mail address or *@example.com")),
    }
}

impl Email {
    fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let is_whole = !local.is_empty() && !domain.is_empty();
        is_whole.then(|| Self { local: local.into(), domain: domain.to_ascii_lowercase().into() })
    }
}
