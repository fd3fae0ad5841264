//! One file a policy: its help page, what an operator writes, what runs, and its tests.
//!
//! A policy is its file and two lines here, its module and its entry in [`KINDS`], and is known nowhere else.

use gatepost_gateway::{Kind, PolicyConfig};

use conformance::{Conforms, Table};

mod address;
mod basic;
mod basic_authentication;
mod bearer;
mod client_id_enforcement;
pub mod conformance;
mod cors;
mod data_masking;
mod external_authorization;
mod header_injection;
mod injection_protection;
mod ip_allowlist;
mod ip_blocklist;
mod json_threat_protection;
mod jwt;
mod jwt_validation;
mod ldap_authentication;
mod masking;
mod oauth;
mod oauth2_token_introspection;
mod oauth_protected_resource_metadata;
mod openidconnect_access_token_enforcement;
mod rate_limiting;
mod request_size_limit;
mod response_size_limit;
mod schema_validation;
mod size;
mod threat;
mod tls_client_authentication;
mod tokenization;
mod xml_threat_protection;

#[cfg(test)]
mod tests;

/// Lists policies by the types of their configurations.
macro_rules! listed {
    ($($config:ty,)*) => {
        /// Apart from [`KINDS`], because each keeps its compiled schema once it has one.
        static LISTED: [Kind; [$(stringify!($config)),*].len()] = [$(Kind::of::<$config>()),*];

        /// How each stands to the vendor's.
        pub(crate) fn tables() -> impl Iterator<Item = (&'static str, &'static Table)> {
            [$((<$config>::NAME, const { &<$config>::TABLE })),*].into_iter()
        }
    };
}

// In the order the catalogue shows them.
listed! {
    client_id_enforcement::ClientIdEnforcement,
    basic_authentication::BasicAuthentication,
    ldap_authentication::LdapAuthentication,
    jwt_validation::JwtValidation,
    tls_client_authentication::TlsClientAuthentication,
    oauth2_token_introspection::Oauth2TokenIntrospection,
    openidconnect_access_token_enforcement::OpenidconnectAccessTokenEnforcement,
    oauth_protected_resource_metadata::OauthProtectedResourceMetadata,
    external_authorization::ExternalAuthorization,
    ip_allowlist::IpAllowlist,
    ip_blocklist::IpBlocklist,
    json_threat_protection::JsonThreatProtection,
    xml_threat_protection::XmlThreatProtection,
    request_size_limit::RequestSizeLimit,
    response_size_limit::ResponseSizeLimit,
    injection_protection::InjectionProtection,
    schema_validation::SchemaValidation,
    cors::Cors,
    rate_limiting::RateLimiting,
    data_masking::DataMasking,
    tokenization::Tokenization,
    header_injection::HeaderInjection,
}

/// Every policy.
pub static KINDS: &[Kind] = &LISTED;

/// Finds a policy by name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The readers of what comes from outside, for fuzzing.
pub mod wire {
    pub use crate::json_threat_protection::scan::{Limits as JsonLimits, scan as scan_json};
    pub use crate::xml_threat_protection::scan::{Limits as XmlLimits, scan as scan_xml};
}
