//! The documents that a configuration makes (RFC 9728, 2).

use gatepost_model::Faults;
use http::Uri;
use serde_json::{Value, json};

use super::{OauthProtectedResourceMetadata, Published, address_below};
use crate::jwt::address;
use crate::oauth::{document_of, is_scope};

/// All of them, or faults.
pub(super) fn published(config: &OauthProtectedResourceMetadata, faults: &mut Faults) -> Option<Published> {
    let resource = faults.take("resource", resource(config.resource.trim()));
    check(config, faults);
    let (name, uri) = resource?;
    let path = uri.path().trim_end_matches('/');
    let whole = document(config, name, &config.scopes_supported);
    let mut documents: Vec<(Box<str>, Value)> = vec![("".into(), whole.clone()), (path.into(), whole)];
    for (n, part) in config.resource_scopes_overrides.iter().enumerate() {
        let below = part.path.trim_end_matches('/');
        let whole_path = format!("{path}{below}");
        if documents.iter().any(|(known, _)| **known == *below || **known == *whole_path) {
            faults.add(format!("resource_scopes_overrides[{n}].path"), "is there already");
        }
        let resource = format!("{}{below}", name.trim_end_matches('/'));
        let document = document(config, &resource, &part.scopes_supported);
        documents.push((below.into(), document.clone()));
        documents.push((whole_path.into(), document));
    }
    let parameter = format!("resource_metadata=\"{}\"", address_below(name)).into();
    Some(Published { documents, parameter })
}

fn document(config: &OauthProtectedResourceMetadata, resource: &str, scopes: &[String]) -> Value {
    document_of(
        resource,
        vec![
            ("authorization_servers", json!(config.authorization_servers)),
            ("jwks_uri", json!(config.jwks_uri.trim())),
            ("scopes_supported", json!(scopes)),
            ("bearer_methods_supported", json!(config.bearer_methods_supported)),
            ("resource_signing_alg_values_supported", json!(config.resource_signing_alg_values_supported)),
            ("resource_name", json!(config.resource_name.trim())),
            ("resource_documentation", json!(config.resource_documentation.trim())),
            ("resource_policy_uri", json!(config.resource_policy_uri.trim())),
            ("resource_tos_uri", json!(config.resource_tos_uri.trim())),
            (
                "tls_client_certificate_bound_access_tokens",
                json!(config.tls_client_certificate_bound_access_tokens),
            ),
            ("authorization_details_types_supported", json!(config.authorization_details_types_supported)),
            ("dpop_signing_alg_values_supported", json!(config.dpop_signing_alg_values_supported)),
            ("dpop_bound_access_tokens_required", json!(config.dpop_bound_access_tokens_required)),
        ],
    )
}

/// RFC 9728, 1.2: https, without a fragment.
fn resource(text: &str) -> Result<(&str, Uri), String> {
    let uri = address(text)?;
    let host = uri.host().unwrap_or_default();
    let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    if uri.scheme_str() != Some("https") && !is_here {
        return Err("must begin with https://; http:// is for localhost only".into());
    }
    if text.contains(['#', '?']) {
        return Err("must have no fragment and no query".into());
    }
    if text.contains(['"', '\\']) {
        return Err("must have no quotes and backslashes: it stands in a challenge".into());
    }
    Ok((text, uri))
}

fn check(config: &OauthProtectedResourceMetadata, faults: &mut Faults) {
    let addresses = [
        ("jwks_uri", &config.jwks_uri),
        ("resource_documentation", &config.resource_documentation),
        ("resource_policy_uri", &config.resource_policy_uri),
        ("resource_tos_uri", &config.resource_tos_uri),
    ];
    for (field, text) in addresses.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
        faults.take(field, address(text.trim()));
    }
    for (n, server) in config.authorization_servers.iter().enumerate() {
        faults.take(&format!("authorization_servers[{n}]"), address(server));
    }
    let algorithms = [
        ("resource_signing_alg_values_supported", &config.resource_signing_alg_values_supported),
        ("dpop_signing_alg_values_supported", &config.dpop_signing_alg_values_supported),
    ];
    for (field, listed) in algorithms {
        if let Some(n) = listed.iter().position(|name| name.eq_ignore_ascii_case("none")) {
            faults.add(format!("{field}[{n}]"), "cannot be none (RFC 9728, 2)");
        }
    }
    check_scopes("scopes_supported", &config.scopes_supported, faults);
    for (n, part) in config.resource_scopes_overrides.iter().enumerate() {
        let field = format!("resource_scopes_overrides[{n}]");
        if !part.path.starts_with('/') || part.path.contains(['?', '#', '"', '\\']) {
            faults.add(format!("{field}.path"), "must be a path such as /admin");
        }
        check_scopes(&format!("{field}.scopes_supported"), &part.scopes_supported, faults);
    }
}

fn check_scopes(field: &str, scopes: &[String], faults: &mut Faults) {
    for (n, scope) in scopes.iter().enumerate().filter(|(_, scope)| !is_scope(scope)) {
        faults.add(format!("{field}[{n}]"), format!("`{scope}` is no scope: no spaces, quotes, backslashes"));
    }
}
