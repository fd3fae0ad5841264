//! OAuth 2.0 protected resource metadata: tells callers where they get tokens for this API.

mod document;
#[cfg(test)]
mod tests;

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Place, Policy, PolicyConfig, Request, Response, Step, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conformance::{Conforms, Table, answer, differs, same};
use crate::jwt::start_of;
use crate::oauth::{WELL_KNOWN, answer_of, suffix_of};

/// # OAuth protected resource metadata
///
/// Tells callers which authorization servers give tokens for this API, and for which scopes (RFC 9728).
///
/// The gateway answers these requests itself, before all other policies but CORS, so that nobody needs a token to
/// learn where to get one:
///
/// | `GET` of | Answer |
/// |---|---|
/// | `<base path>/.well-known/oauth-protected-resource` | the document |
/// | `/.well-known/oauth-protected-resource<base path>`, as RFC 9728 has it, where `resource` has that path | the document |
/// | the same and the path of an override | the document with the override's scopes |
/// | anything else below these | 404 |
///
/// Other methods are answered 405.
///
/// Every `Bearer` challenge in `WWW-Authenticate`, of this API's other policies and of its upstream, gets
/// `resource_metadata` with the first of these addresses, below `resource`: a proxy that hands on nothing but the base
/// path hands it on too.
///
/// `resource` is the API's address as callers write it, which is not the gateway's where a proxy stands before it. A
/// caller takes no document whose `resource` is not the address that it called.
///
/// Where we differ from the vendor on purpose: `http` is allowed for addresses of this machine; queries are not, since no
/// address could be made of them. The document of an override names the resource and the override's path.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthProtectedResourceMetadata {
    /// The API's address as callers write it.
    #[schemars(length(min = 1, max = 2_048), example = "https://api.example.com/orders/v1")]
    resource: String,
    /// Authorization servers, by their issuer names.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 2_048)))]
    authorization_servers: Vec<String>,
    /// Where the API's own public keys are.
    #[serde(default)]
    #[schemars(length(max = 2_048))]
    jwks_uri: String,
    /// Scopes that tokens for this API may have.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 256)))]
    scopes_supported: Vec<String>,
    /// Other scopes for parts of the API.
    #[serde(default)]
    #[schemars(length(max = 50))]
    resource_scopes_overrides: Vec<Override>,
    /// Where a token may stand in a request.
    #[serde(default)]
    #[schemars(length(max = 3))]
    bearer_methods_supported: Vec<BearerMethod>,
    /// Algorithms that the API signs its answers with, such as `RS256`.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 64)))]
    resource_signing_alg_values_supported: Vec<String>,
    /// The API's name for people.
    #[serde(default)]
    #[schemars(length(max = 256))]
    resource_name: String,
    /// Where developers read about it.
    #[serde(default)]
    #[schemars(length(max = 2_048))]
    resource_documentation: String,
    /// Where its rules for the use of data are.
    #[serde(default)]
    #[schemars(length(max = 2_048))]
    resource_policy_uri: String,
    /// Where its terms of service are.
    #[serde(default)]
    #[schemars(length(max = 2_048))]
    resource_tos_uri: String,
    /// Says that tokens may be bound to the caller's certificate.
    #[serde(default)]
    tls_client_certificate_bound_access_tokens: bool,
    /// Types of authorization details that may be asked for.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 256)))]
    authorization_details_types_supported: Vec<String>,
    /// Algorithms that proofs of possession may be signed with.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 64)))]
    dpop_signing_alg_values_supported: Vec<String>,
    /// Says that tokens must be bound to a key of the caller's.
    #[serde(default)]
    dpop_bound_access_tokens_required: bool,
}

/// Other scopes for a part of the API.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Override {
    /// Path below the resource.
    #[schemars(length(min = 2, max = 1_024), example = "/admin")]
    path: String,
    /// Scopes that tokens for it may have.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 256)))]
    scopes_supported: Vec<String>,
}

/// Where a token may stand in a request (RFC 6750, 2).
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum BearerMethod {
    /// In the `Authorization` header.
    Header,
    /// In a form.
    Body,
    /// In the query.
    Query,
}

impl Conforms for OauthProtectedResourceMetadata {
    const TABLE: Table = Table {
        vendor: "oauth-protected-resource-metadata-policy-flex",
        parameters: &[
            differs("resource", "resource", "`http` is allowed for this machine, a query is not"),
            same("authorizationServers", "authorization_servers"),
            same("jwksUri", "jwks_uri"),
            same("scopesSupported", "scopes_supported"),
            same("resourceScopesOverrides", "resource_scopes_overrides"),
            same("bearerMethodsSupported", "bearer_methods_supported"),
            same("resourceSigningAlgValuesSupported", "resource_signing_alg_values_supported"),
            same("resourceName", "resource_name"),
            same("resourceDocumentation", "resource_documentation"),
            same("resourcePolicyUri", "resource_policy_uri"),
            same("resourceTosUri", "resource_tos_uri"),
            same("tlsClientCertificateBoundAccessTokens", "tls_client_certificate_bound_access_tokens"),
            same("authorizationDetailsTypesSupported", "authorization_details_types_supported"),
            same("dpopSigningAlgValuesSupported", "dpop_signing_alg_values_supported"),
            same("dpopBoundAccessTokensRequired", "dpop_bound_access_tokens_required"),
        ],
        answers: &[
            answer(200, "content-type", "the_document_says_what_is_configured_and_leaves_out_what_is_not"),
            answer(404, "", "other_paths_below_the_well_known_one_are_404"),
            answer(405, "allow", "other_methods_than_get_are_405"),
        ],
    };
}

impl PolicyConfig for OauthProtectedResourceMetadata {
    const NAME: &'static str = "oauth-protected-resource-metadata";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const PLACE: Place = Place::BehindFirst;
    const EXAMPLE: &'static str = r#"{
        "resource": "https://api.example.com/orders/v1",
        "authorization_servers": ["https://login.example.com"],
        "scopes_supported": ["orders:read", "orders:write"],
        "bearer_methods_supported": ["header"]
    }"#;

    fn summary(&self) -> String {
        match self.authorization_servers.as_slice() {
            [] => "says what this API is to OAuth clients".into(),
            [first, ..] => format!("sends callers to {} for tokens", start_of(first)),
        }
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let published = document::published(&self, &mut faults);
        faults.into_result()?;
        published.map(|published| Box::new(published) as Box<dyn Policy>).ok_or_else(Vec::new)
    }
}

/// What runs.
struct Published {
    /// By what follows the well-known path.
    documents: Vec<(Box<str>, Value)>,
    /// `resource_metadata="..."`, for challenges.
    parameter: Box<str>,
}

impl Policy for Published {
    fn asks(&self) -> Unrecorded {
        Unrecorded::NOTHING
    }

    fn well_known(&self) -> Option<&'static str> {
        WELL_KNOWN.rsplit('/').next()
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let path = request.uri().path();
        let Some(suffix) = suffix_of(path).or_else(|| suffix_of(cx.path_below_base(path))) else {
            return Verdict::Now(Ok(Step::passed(Note::default())));
        };
        let found = self.documents.iter().find(|(known, _)| **known == *suffix);
        Verdict::Now(Err(answer_of(request.method(), found.map(|(_, document)| document))))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, _: &'a mut Context) -> Verdict<'a> {
        let mut added = 0;
        if let http::header::Entry::Occupied(mut challenges) = response.headers_mut().entry(WWW_AUTHENTICATE)
        {
            for challenge in challenges.iter_mut() {
                if let Some(longer) = self.with_address(challenge) {
                    *challenge = longer;
                    added += 1;
                }
            }
        }
        Verdict::Now(Ok(match added {
            0 => Step::passed(Note::default()),
            _ => Step::changed(const { Note::new("the challenge says where the metadata is") }),
        }))
    }
}

impl Published {
    /// A `Bearer` challenge that says where the metadata is; none where it does already, or is another's.
    fn with_address(&self, challenge: &HeaderValue) -> Option<HeaderValue> {
        const SCHEME: &str = "bearer";
        let text = challenge.to_str().ok()?.trim();
        let rest = text.get(SCHEME.len()..)?;
        let is_bearer = text[..SCHEME.len()].eq_ignore_ascii_case(SCHEME)
            && (rest.is_empty() || rest.starts_with([' ', ',']));
        if !is_bearer || rest.contains("resource_metadata") {
            return None;
        }
        // At the front: another challenge may follow on the same line.
        let comma = if rest.trim().is_empty() || rest.starts_with(',') { "" } else { "," };
        HeaderValue::try_from(format!("Bearer {}{comma}{rest}", self.parameter)).ok()
    }
}

/// The address of the document below a resource's.
fn address_below(resource: &str) -> String {
    format!("{}{WELL_KNOWN}", resource.trim_end_matches('/'))
}
