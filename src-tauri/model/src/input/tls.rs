//! How targets with `https` are trusted, as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{unless_default, words};
use crate::{Certificate, Fault, Faults, Host, UpstreamTls};

/// How targets with `https` are trusted, and how the gateway shows who it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTlsInput {
    /// False takes any certificate: whoever is on the way can read and change the calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    #[schema(default = json!(true))]
    pub verify: Option<bool>,
    /// Name of a certificate authority among the certificates, trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Name of a certificate with a key among the certificates, shown to the target (mutual TLS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Host name to greet with (SNI) and to check the certificate against, instead of the URL's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

impl UpstreamTlsInput {
    pub(super) fn check(&self) -> Result<UpstreamTls, Vec<Fault>> {
        let mut faults = Faults::new();
        let mut name = |field, given: &Option<String>| {
            given.as_deref().and_then(|name| faults.take(field, words(name, Certificate::MAX_NAME)))
        };
        let (authority, certificate) =
            (name("authority", &self.authority), name("certificate", &self.certificate));
        let server_name = self.server_name.as_deref();
        let server_name = server_name.and_then(|name| faults.take("server_name", Host::parse(name)));
        let tls = UpstreamTls {
            verify: self.verify.unwrap_or(true),
            authority,
            certificate,
            server_name: server_name.map(|name| name.as_str().trim_matches(['[', ']']).to_owned()),
        };
        faults.into_result().map(|()| tls)
    }

    pub(super) fn of(tls: &UpstreamTls) -> Self {
        Self {
            verify: unless_default(tls.verify, &true),
            authority: tls.authority.clone(),
            certificate: tls.certificate.clone(),
            server_name: tls.server_name.as_ref().map(|name| match name.contains(':') {
                true => format!("[{name}]"),
                false => name.clone(),
            }),
        }
    }
}
