//! OAuth 2.0 token introspection: only callers whose access token an authorization server calls active may call.

#[cfg(test)]
mod tests;

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Policy, PolicyConfig, Request, Secret, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Millis};
use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::bearer::within;
use crate::conformance::{Conforms, Table, answer, differs, ours, same};
use crate::jwt::{address, start_of};
use crate::oauth::{
    Admission, Introspection, Keeping, Own, ScopeValidationCriteria, Scopes, Tokens, audiences,
    authorization, presented,
};

/// # OAuth2 token introspection
///
/// Lets only callers with an access token that the authorization server calls active call the API.
///
/// A caller sends its token as `Authorization: Bearer ...`. The gateway asks the authorization server about it (RFC
/// 7662) and remembers the answer for a while, never past the token's end. Many callers that wait for an answer about
/// the same token cause one question.
///
/// | The token | Answer |
/// |---|---|
/// | is absent | 401 with `WWW-Authenticate: Bearer` |
/// | is malformed, or came in several `Authorization` headers | 400 with `error="invalid_request"` |
/// | is not active, over, or for another audience | 401 with `error="invalid_token"` |
/// | has not the scopes | 403 with `error="insufficient_scope"` |
/// | is of a client app without an approved contract | 403 |
/// | cannot be asked about: the server is down, too slow, or answers 429 or 5xx | 503 |
/// | is answered with what is no introspection answer | 500 |
///
/// **Client apps.** Unless `skip_client_id_validation` is on, the field that `consumer_by` names must be the client ID
/// of a client app with an approved contract.
///
/// **Later policies** can use the fields of the server's answer, `#[authentication.properties.scope]` or
/// `#[vars.claimSet.scope]`; `#[authentication.principal]` is the field `sub`, else `username`.
///
/// **Metadata.** With `enable_protected_resource_metadata` the gateway answers `GET` of
/// `<base path>/.well-known/oauth-protected-resource` itself (RFC 9728), and challenges say where that is in
/// `resource_metadata`, by scheme and host as the caller wrote them. Behind a proxy that ends TLS, or to say more, use
/// `oauth-protected-resource-metadata` instead.
///
/// A token that is revoked may pass until its answer is over: `validated_token_ttl` is how long that may be.
///
/// Where we differ from the vendor on purpose: a server that cannot be reached gives 503 instead of 401, because the
/// caller's token may well be good and fetching a new one would not help; a token without the scopes gives 403, as RFC
/// 6750 has it; times are durations; audiences can be checked, since a token for another API is not one for this. Without
/// an address of its own, the metadata's authorization server is that of `introspection_url`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oauth2TokenIntrospection {
    /// Where the server is asked about tokens.
    #[schemars(length(min = 1, max = 2_048), example = "https://login.example.com/oauth2/introspect")]
    introspection_url: String,
    /// Whole value of the `Authorization` header that the server wants, such as `Basic ...`. Kept encrypted and not shown
    /// again.
    authorization_value: Secret,
    /// How long an active token's answer is remembered, at most 1 day; 0 asks for every call.
    #[serde(default = "ten_minutes")]
    validated_token_ttl: Millis,
    /// How long it is remembered that a token is not active, at most 10 minutes.
    #[serde(default = "ten_seconds")]
    inactive_token_ttl: Millis,
    /// Most active tokens that are remembered; 0 remembers none.
    #[serde(default = "thousand")]
    #[schemars(range(max = 100_000))]
    max_cache_entries: u32,
    /// How long asking may take, from 100 milliseconds to 1 minute.
    #[serde(default = "ten_seconds")]
    authentication_timeout: Millis,
    /// Lets tokens pass whoever's they are. Off, their client app must have an approved contract.
    #[serde(default)]
    skip_client_id_validation: bool,
    /// Field of the server's answer that is the client ID: `client_id`, `username` or another.
    #[serde(default = "client_id")]
    #[schemars(length(min = 1, max = 256))]
    consumer_by: String,
    /// Scopes that a token needs, separated by spaces or commas.
    #[serde(default)]
    #[schemars(length(max = 4_096), example = "orders:read orders:write")]
    scopes: String,
    /// Whether it needs all of them or one of them.
    #[serde(default)]
    scope_validation_criteria: ScopeValidationCriteria,
    /// Audiences that are taken, separated by commas; one of the token's must be among them. Blank takes any.
    #[serde(default)]
    #[schemars(length(max = 4_096), example = "https://api.example.com")]
    supported_audiences: String,
    /// Gives the upstream each field of the server's answer but `scope` and `exp` as a header `X-AGW-<field>`. What callers
    /// send under such names is removed.
    #[serde(default)]
    expose_headers: bool,
    /// Answers where callers get tokens, below `/.well-known/`.
    #[serde(default)]
    enable_protected_resource_metadata: bool,
    /// Names another authorization server there than that of `introspection_url`.
    #[serde(default)]
    override_protected_resource_metadata_authorization_server_url: bool,
    /// That authorization server, by its issuer name.
    #[serde(default)]
    #[schemars(length(max = 2_048), example = "https://login.example.com")]
    protected_resource_metadata_authorization_server_url: String,
}

const fn ten_minutes() -> Millis {
    Millis(600_000)
}

const fn ten_seconds() -> Millis {
    Millis(10_000)
}

const fn thousand() -> u32 {
    1_000
}

fn client_id() -> String {
    "client_id".into()
}

impl Conforms for Oauth2TokenIntrospection {
    const TABLE: Table = Table {
        vendor: "oauth2-token-introspection-flex",
        parameters: &[
            same("introspectionURL", "introspection_url"),
            differs("authorizationValue", "authorization_value", "kept encrypted and not shown again"),
            differs("validatedTokenTTL", "validated_token_ttl", "a duration, `10m`, instead of seconds"),
            differs(
                "authenticationTimeout",
                "authentication_timeout",
                "a duration, `10s`, instead of milliseconds",
            ),
            same("skipClientIdValidation", "skip_client_id_validation"),
            same("consumerBy", "consumer_by"),
            same("exposeHeaders", "expose_headers"),
            same("scopes", "scopes"),
            differs(
                "scopeValidationCriteria",
                "scope_validation_criteria",
                "`and` and `or` instead of `AND` and `OR`",
            ),
            same("maxCacheEntries", "max_cache_entries"),
            same("enableProtectedResourceMetadata", "enable_protected_resource_metadata"),
            same(
                "overrideProtectedResourceMetadataAuthorizationServerUrl",
                "override_protected_resource_metadata_authorization_server_url",
            ),
            same(
                "protectedResourceMetadataAuthorizationServerUrl",
                "protected_resource_metadata_authorization_server_url",
            ),
            ours(
                "inactive_token_ttl",
                "a worthless token that comes again and again is not asked about each time",
            ),
            ours("supported_audiences", "a token for another API is not one for this (RFC 8707)"),
        ],
        answers: &[
            answer(200, "content-type", "the_metadata_is_answered_without_a_token_and_challenges_say_where"),
            answer(400, "www-authenticate", "what_is_no_token_is_400_and_nobody_is_asked"),
            answer(401, "www-authenticate", "an_absent_token_is_401_without_an_error"),
            answer(401, "www-authenticate", "a_token_that_is_not_active_is_401"),
            answer(403, "www-authenticate", "a_token_without_the_scopes_is_403"),
            answer(403, "", "a_client_app_without_a_contract_is_403"),
            answer(404, "", "below_the_metadata_there_is_nothing"),
            answer(405, "allow", "metadata_is_only_read"),
            answer(500, "", "an_answer_that_is_none_is_500"),
            answer(503, "", "a_server_that_cannot_be_asked_is_503_and_left_alone_for_a_second"),
        ],
    };
}

impl PolicyConfig for Oauth2TokenIntrospection {
    const NAME: &'static str = "oauth2-token-introspection";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{
        "introspection_url": "https://login.example.com/oauth2/introspect",
        "authorization_value": "Basic Z2F0ZXBvc3Q6czNjcmV0",
        "scopes": "orders:read",
        "expose_headers": true
    }"#;

    fn summary(&self) -> String {
        let server = address(self.introspection_url.trim());
        let host = server.as_ref().ok().and_then(Uri::host).unwrap_or_default();
        format!("tokens that {} calls active", start_of(host))
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let endpoint = faults.take("introspection_url", address(self.introspection_url.trim()));
        let authorization =
            faults.take("authorization_value", authorization(self.authorization_value.expose()));
        let scopes = faults.take("scopes", Scopes::parse(&self.scopes, self.scope_validation_criteria));
        let [day, minute] = [86_400_000, 60_000];
        within(&mut faults, "validated_token_ttl", self.validated_token_ttl, Millis(0), Millis(day));
        within(&mut faults, "inactive_token_ttl", self.inactive_token_ttl, Millis(0), Millis(10 * minute));
        within(
            &mut faults,
            "authentication_timeout",
            self.authentication_timeout,
            Millis(100),
            Millis(minute),
        );
        let own = endpoint.as_ref().and_then(|endpoint| self.own(endpoint, &mut faults));
        faults.into_result()?;
        let (Some(endpoint), Some(authorization), Some(scopes)) = (endpoint, authorization, scopes) else {
            return Err(Vec::new());
        };
        let most = self.max_cache_entries;
        let remembers = most > 0;
        let keeping = Keeping {
            active: self.validated_token_ttl.duration() * u32::from(remembers),
            inactive: self.inactive_token_ttl.duration(),
            only_with_expiry: false,
        };
        let introspection = Introspection {
            authorization,
            outbound: env.outbound(),
            options: Introspection::options(self.authentication_timeout.duration()),
            keeping,
            known: env.state(|| Tokens::new(most as usize)),
        };
        let admission = Admission {
            scopes,
            rules: audiences(&self.supported_audiences),
            consumer_by: (!self.skip_client_id_validation).then(|| [self.consumer_by.trim().into()].into()),
            expose_headers: self.expose_headers,
            own,
        };
        Ok(Box::new(Introspected { endpoint, introspection, admission }))
    }
}

impl Oauth2TokenIntrospection {
    fn own(&self, endpoint: &Uri, faults: &mut Faults) -> Option<Own> {
        const URL: &str = "protected_resource_metadata_authorization_server_url";
        const SWITCH: &str = "override_protected_resource_metadata_authorization_server_url";
        let overrides = self.override_protected_resource_metadata_authorization_server_url;
        let text = self.protected_resource_metadata_authorization_server_url.trim();
        if !overrides && !text.is_empty() {
            faults.add(SWITCH, format!("must be on for {URL} to be used"));
        }
        if overrides && !self.enable_protected_resource_metadata {
            faults.add("enable_protected_resource_metadata", "must be on for an address to be given in it");
        }
        if overrides {
            faults.take(URL, address(text))?;
        }
        if !self.enable_protected_resource_metadata {
            return None;
        }
        let server = match overrides {
            true => text.to_owned(),
            false => format!("{}://{}", endpoint.scheme_str()?, endpoint.authority()?),
        };
        Some(Own { authorization_server: server.into() })
    }
}

/// What runs.
struct Introspected {
    endpoint: Uri,
    introspection: Introspection,
    admission: Admission,
}

impl Policy for Introspected {
    fn asks(&self) -> Unrecorded {
        Unrecorded::SECRETS
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        if let Some(answer) = self.admission.metadata(request, cx) {
            return Verdict::Now(Err(answer));
        }
        let known = presented(request).map(|token| self.introspection.at_hand(token, cx));
        match known {
            Err(problem) => Verdict::Now(self.admission.decide(Err(problem), request, cx)),
            Ok(Some(outcome)) => Verdict::Now(self.admission.decide(Ok(outcome), request, cx)),
            Ok(None) => Verdict::Later(Box::pin(async move {
                let outcome = match presented(request) {
                    Ok(token) => Ok(self.introspection.of(token, &self.endpoint, cx).await),
                    Err(problem) => Err(problem),
                };
                self.admission.decide(outcome, request, cx)
            })),
        }
    }
}
