//! What of a certificate says whose it is.

use std::borrow::Cow;

use gatepost_gateway::{CertificateFacts, SubjectName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fact of a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Attribute {
    /// The whole subject.
    #[default]
    Subject,
    /// The subject's only CN.
    CommonName,
    /// The first DNS name.
    Dns,
    /// The first URI.
    Uri,
    /// The first e-mail address.
    Email,
    /// SHA-256 in lowercase hex.
    Fingerprint,
}

impl Attribute {
    /// Its value; none where the certificate has none.
    pub(super) fn of(self, certificate: &CertificateFacts) -> Option<Cow<'_, str>> {
        let first =
            |of: fn(&SubjectName) -> Option<&str>| certificate.names.iter().find_map(of).map(Cow::from);
        match self {
            Self::Subject => Some((*certificate.subject).into()),
            Self::CommonName => certificate.common_name.as_deref().map(Cow::from),
            Self::Fingerprint => Some((*certificate.fingerprint).into()),
            Self::Dns => first(|name| match name {
                SubjectName::Dns(name) => Some(name),
                _ => None,
            }),
            Self::Uri => first(|name| match name {
                SubjectName::Uri(uri) => Some(uri),
                _ => None,
            }),
            Self::Email => first(|name| match name {
                SubjectName::Email(email) => Some(email),
                _ => None,
            }),
        }
    }

    /// For the trail.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::CommonName => "single CN",
            Self::Dns => "DNS name",
            Self::Uri => "URI",
            Self::Email => "e-mail address",
            Self::Fingerprint => "fingerprint",
        }
    }
}

/// Which fact is the client ID, if any.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum ClientId {
    /// None: no contract is asked for.
    #[default]
    None,
    /// The whole subject.
    Subject,
    /// The subject's only CN.
    CommonName,
    /// The first DNS name.
    Dns,
    /// The first URI.
    Uri,
    /// The first e-mail address.
    Email,
    /// SHA-256 in lowercase hex.
    Fingerprint,
}

impl ClientId {
    pub(super) const fn attribute(self) -> Option<Attribute> {
        Some(match self {
            Self::None => return None,
            Self::Subject => Attribute::Subject,
            Self::CommonName => Attribute::CommonName,
            Self::Dns => Attribute::Dns,
            Self::Uri => Attribute::Uri,
            Self::Email => Attribute::Email,
            Self::Fingerprint => Attribute::Fingerprint,
        })
    }
}
