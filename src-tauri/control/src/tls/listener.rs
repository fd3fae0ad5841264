//! How a listener greets, as an operator writes it.

use gatepost_model::{Catalog, CertificateKind, ClientCertificates, Fault, Faults, ListenerTls, TlsVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LOCAL_AUTHORITY;

/// Most certificates of one listener.
const MAX_SHOWN: usize = 100;

/// TLS on one address and port; every API there is called over it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerTlsInput {
    /// Names of certificates with keys. The one that fits the name the caller asks for is shown, else the first.
    /// `local_authority` stands for one from this machine's own authority for the hosts of the APIs there, which is
    /// made and renewed by itself. 1 to 100.
    pub certificates: Vec<String>,
    /// Oldest version of TLS that is spoken: `1.2` or `1.3`; default `1.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub min_version: Option<VersionInput>,
    /// Whether HTTP/2 is offered; default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http2: Option<bool>,
    /// Whether callers show certificates of their own: `off`, `optional` or `required`; default `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificates: Option<String>,
    /// Name of the certificate authority that callers' certificates must come from; needed unless they are off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_authority: Option<String>,
}

/// A version of TLS, in quotes or not.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum VersionInput {
    /// `"1.2"`.
    Text(String),
    /// `1.2`.
    Number(f64),
}

impl ListenerTlsInput {
    /// What was written, defaults filled in.
    pub fn of(tls: &ListenerTls) -> Self {
        Self {
            certificates: tls.certificates.clone(),
            min_version: Some(VersionInput::Text(tls.min_version.word().to_owned())),
            http2: Some(tls.http2),
            client_certificates: Some(tls.client_certificates.word().to_owned()),
            client_authority: tls.client_authority.clone(),
        }
    }

    /// Checks all but whether the certificates exist.
    pub fn check(&self) -> Result<ListenerTls, Vec<Fault>> {
        let mut faults = Faults::new();
        let count = self.certificates.len();
        if !(1..=MAX_SHOWN).contains(&count) {
            faults.add("certificates", format!("must name 1 to {MAX_SHOWN} certificates"));
        }
        for (n, name) in self.certificates.iter().enumerate() {
            if self.certificates[..n].contains(name) {
                faults.add(format!("certificates[{n}]"), format!("`{name}` is named twice"));
            }
        }
        let min_version = match &self.min_version {
            None => Some(TlsVersion::default()),
            Some(VersionInput::Text(word)) => faults.take("min_version", TlsVersion::parse(word)),
            Some(VersionInput::Number(number)) => {
                faults.take("min_version", TlsVersion::parse(&number.to_string()))
            }
        };
        let client_certificates = match self.client_certificates.as_deref() {
            None => Some(ClientCertificates::default()),
            Some(word) => faults.take("client_certificates", ClientCertificates::parse(word)),
        };
        match (client_certificates, &self.client_authority) {
            (Some(ClientCertificates::Optional | ClientCertificates::Required), None) => {
                faults
                    .add("client_authority", "must name the authority that callers' certificates come from");
            }
            (Some(ClientCertificates::Off), Some(_)) => {
                faults.add("client_authority", "is of no use while client_certificates is off");
            }
            _ => {}
        }
        match (min_version, client_certificates, faults.is_empty()) {
            (Some(min_version), Some(client_certificates), true) => Ok(ListenerTls {
                certificates: self.certificates.clone(),
                min_version,
                http2: self.http2.unwrap_or(true),
                client_certificates,
                client_authority: self.client_authority.clone(),
            }),
            _ => Err(faults.into_vec()),
        }
    }
}

/// A fault for every name that is not that of a certificate of the right kind.
pub fn check_names(tls: &ListenerTls, catalog: &Catalog) -> Vec<Fault> {
    let kind_of =
        |name: &str| catalog.certificates.iter().find(|known| known.name == name).map(|known| known.kind);
    let mut faults = Faults::new();
    for (n, name) in tls.certificates.iter().enumerate().filter(|(_, name)| *name != LOCAL_AUTHORITY) {
        match kind_of(name) {
            Some(CertificateKind::Identity) => {}
            Some(_) => {
                faults.add(format!("certificates[{n}]"), format!("`{name}` has no key to show it with"));
            }
            None => faults
                .add(format!("certificates[{n}]"), format!("there is no certificate `{name}`; add it first")),
        }
    }
    if let Some(name) = &tls.client_authority {
        match kind_of(name) {
            Some(CertificateKind::Authority | CertificateKind::LocalAuthority) => {}
            Some(_) => faults.add("client_authority", format!("`{name}` is not a certificate authority")),
            None => faults
                .add("client_authority", format!("there is no certificate authority `{name}`; add it first")),
        }
    }
    faults.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: serde_json::Value) -> Vec<String> {
        let input: ListenerTlsInput = serde_json::from_value(value).expect("of the right form");
        input.check().err().unwrap_or_default().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn says_every_fault() {
        assert_eq!(fields(json!({"certificates": ["a"], "min_version": 1.2})), [""; 0]);
        assert_eq!(fields(json!({"certificates": []})), ["certificates"]);
        assert_eq!(
            fields(json!({"certificates": ["a", "a"], "min_version": "1.1", "client_certificates": "maybe"})),
            ["certificates[1]", "min_version", "client_certificates"]
        );
        assert_eq!(
            fields(json!({"certificates": ["a"], "client_certificates": "required"})),
            ["client_authority"]
        );
        assert_eq!(fields(json!({"certificates": ["a"], "client_authority": "b"})), ["client_authority"]);
    }
}
