//! OpenID Connect access token enforcement: tokens of an issuer that says itself where it is asked and what its keys are.

mod enforced;
mod provider;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use gatepost_gateway::{ActsOn, Category, Env, Policy, PolicyConfig, Secret};
use gatepost_model::{Fault, Faults, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::enforced::{Enforced, Known};
use self::provider::Issuer;
use crate::bearer::{CLIENT_ID_FIELDS, within};
use crate::conformance::{Conforms, Table, absent, answer, differs, ours, same};
use crate::jwt::{Fetching, Pinned, Rules, Signed, SigningMethod, start_of, words};
use crate::oauth::{
    Admission, Introspection, Keeping, Own, ScopeValidationCriteria, Scopes, Tokens, audiences, authorization,
};

/// # OpenIDConnect access token enforcement
///
/// Lets only callers with an access token of an OpenID Connect issuer call the API.
///
/// A caller sends its token as `Authorization: Bearer ...`. Where the issuer is asked about tokens, and which keys it
/// signs them with, is in the document that it publishes at `<issuer>/.well-known/openid-configuration`. It is fetched
/// when first needed, once for all callers that wait, and again when its time is over or a token names an unknown key.
/// While the issuer fails, the old document stays in use.
///
/// | `validate` | A token counts that |
/// |---|---|
/// | `introspection` | the issuer calls active; answers are remembered for a while, never past the token's end |
/// | `jwt` | is signed by one of the issuer's keys and says the right issuer, audience and type |
/// | `auto` | is a JWT and counts as with `jwt`, or is none and counts as with `introspection` |
///
/// Checking by keys asks nobody, and so does not notice that a token was revoked before its end.
///
/// | The token | Answer |
/// |---|---|
/// | is absent | 401 with `WWW-Authenticate: Bearer` |
/// | is malformed, or came in several `Authorization` headers | 400 with `error="invalid_request"` |
/// | is not active, wrongly signed, over, or for another audience | 401 with `error="invalid_token"` |
/// | has not the scopes | 403 with `error="insufficient_scope"` |
/// | is of a client app without an approved contract | 403 |
/// | cannot be checked: the issuer is down, too slow, answers 429 or 5xx, or its document is not its own | 503 |
/// | is answered with what is no introspection answer | 500 |
///
/// **Client apps.** With `skip_client_id_validation` off, the token's `client_id`, else `azp`, else `appid`, must be the
/// client ID of a client app with an approved contract.
///
/// **Later policies** can use what is known of the token, `#[authentication.properties.scope]` or
/// `#[vars.claimSet.scope]`; `#[authentication.principal]` is `sub`, else `username`.
///
/// Where we differ from the vendor on purpose: the issuer stands here, since there is no platform whose client provider
/// could be asked; an issuer that cannot be reached gives 503 instead of 401, because the caller's token may well be
/// good; tokens can be checked by keys; certificates are always checked. How long answers are remembered has a limit,
/// `10m` unless told otherwise, because a revoked token may pass that long. Checking by keys needs an audience or a type,
/// or else an ID token, which is made for somebody else, would pass for an access token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenidconnectAccessTokenEnforcement {
    /// The issuer, exactly as it writes itself.
    #[schemars(length(min = 1, max = 2_048), example = "https://login.example.com")]
    issuer: String,
    /// How tokens are checked.
    #[serde(default)]
    validate: Validate,
    /// Whole value of the `Authorization` header that the issuer wants when it is asked, such as `Basic ...`. Not used with
    /// `jwt`. Kept encrypted and not shown again.
    #[serde(default)]
    authorization_value: Secret,
    /// Scopes that a token needs, separated by spaces or commas.
    #[serde(default)]
    #[schemars(length(max = 4_096), example = "orders:read orders:write")]
    scopes: String,
    /// Whether it needs all of them or one of them.
    #[serde(default)]
    scope_validation_criteria: ScopeValidationCriteria,
    /// Gives the upstream each field of the issuer's answer, or claim of the token, but `scope` and `exp` as a header
    /// `X-AGW-<field>`. What callers send under such names is removed.
    #[serde(default)]
    expose_headers: bool,
    /// Lets tokens pass whoever's they are. Off, their client app must have an approved contract.
    #[serde(default = "yes")]
    skip_client_id_validation: bool,
    /// How long asking the issuer may take, and fetching each of its documents; from 100 milliseconds to 1 minute.
    #[serde(default = "ten_seconds")]
    authentication_timeout: Millis,
    /// How long an active token's answer is remembered, at most 1 day; never past the token's end, and not at all where it
    /// has none.
    #[serde(default = "ten_minutes")]
    max_federation_expiration_time: Millis,
    /// How long it is remembered that a token is not active, at most 10 minutes.
    #[serde(default = "ten_seconds")]
    inactive_token_ttl: Millis,
    /// Most active tokens that are remembered; 0 remembers none.
    #[serde(default = "thousand")]
    #[schemars(range(max = 100_000))]
    max_cache_size: u32,
    /// Audiences that are taken, separated by commas; one of the token's must be among them. Blank takes any.
    #[serde(default)]
    #[schemars(length(max = 4_096), example = "https://api.example.com")]
    supported_audiences: String,
    /// Kinds of signed tokens that are taken, separated by commas, such as `at+jwt`; the header `typ` must be one of them.
    /// Blank takes any.
    #[serde(default)]
    #[schemars(length(max = 1_024), example = "at+jwt")]
    supported_types: String,
    /// How tokens are signed. Others are refused, whatever they say of themselves. Not used with `introspection`.
    #[serde(default)]
    signing_method: SigningMethod,
    /// Bits of the signature's hash: 256, 384 or 512; with `es` 256 or 384.
    #[serde(default = "bits")]
    #[schemars(extend("enum" = [256, 384, 512]))]
    signing_key_length: u16,
    /// How far the issuer's clock may differ from ours for signed tokens, at most 10 minutes.
    #[serde(default = "half_a_minute")]
    clock_skew: Millis,
    /// How long the issuer's document and keys are good, from 1 minute to 7 days.
    #[serde(default = "hour")]
    discovery_time_to_live: Millis,
    /// Shortest time between two fetches of them, from 1 second to 1 hour, however many unknown keys tokens name.
    #[serde(default = "half_a_minute")]
    discovery_refresh_floor: Millis,
    /// Answers where callers get tokens, at `<base path>/.well-known/oauth-protected-resource`, and says so in challenges
    /// (RFC 9728).
    #[serde(default)]
    enable_protected_resource_metadata: bool,
}

/// How tokens are checked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Validate {
    /// The issuer is asked about each.
    #[default]
    Introspection,
    /// With the issuer's keys.
    Jwt,
    /// Signed ones with the issuer's keys, others by asking it.
    Auto,
}

const fn yes() -> bool {
    true
}

const fn ten_seconds() -> Millis {
    Millis(10_000)
}

const fn half_a_minute() -> Millis {
    Millis(30_000)
}

const fn ten_minutes() -> Millis {
    Millis(600_000)
}

const fn hour() -> Millis {
    Millis(3_600_000)
}

const fn thousand() -> u32 {
    1_000
}

const fn bits() -> u16 {
    256
}

impl Conforms for OpenidconnectAccessTokenEnforcement {
    const TABLE: Table = Table {
        vendor: "openidconnect-access-token-enforcement-flex",
        parameters: &[
            same("scopes", "scopes"),
            differs(
                "scopeValidationCriteria",
                "scope_validation_criteria",
                "`and` and `or` instead of `AND` and `OR`",
            ),
            same("exposeHeaders", "expose_headers"),
            same("skipClientIdValidation", "skip_client_id_validation"),
            differs(
                "authenticationTimeout",
                "authentication_timeout",
                "a duration, `10s`, instead of milliseconds",
            ),
            absent("secureTrustStore", "the operating system's authorities always count, and nothing else"),
            differs(
                "maxFederationExpirationTime",
                "max_federation_expiration_time",
                "`10m` instead of no limit: a revoked token may pass that long",
            ),
            same("maxCacheSize", "max_cache_size"),
            ours("issuer", "there is no platform whose client provider could be asked"),
            ours("validate", "signed tokens can be checked without asking"),
            ours("authorization_value", "how the issuer knows who asks"),
            ours(
                "inactive_token_ttl",
                "a worthless token that comes again and again is not asked about each time",
            ),
            ours("supported_audiences", "a token for another API is not one for this (RFC 8707)"),
            ours("supported_types", "RFC 8725, 3.11"),
            ours("signing_method", "the algorithm is pinned here, not by the token (RFC 8725, 3.1)"),
            ours("signing_key_length", "the same"),
            ours("clock_skew", "clocks of issuers differ"),
            ours("discovery_time_to_live", "keys change"),
            ours("discovery_refresh_floor", "unknown keys cannot make the gateway fetch without end"),
            ours("enable_protected_resource_metadata", "as the vendor's introspection has it"),
        ],
        answers: &[
            answer(200, "content-type", "the_metadata_names_the_issuer"),
            answer(400, "www-authenticate", "what_is_no_token_is_400_and_nobody_is_asked"),
            answer(401, "www-authenticate", "a_token_that_the_issuer_does_not_call_active_is_401"),
            answer(401, "www-authenticate", "a_signed_token_counts_only_as_the_issuer_made_it_for_us"),
            answer(403, "www-authenticate", "scopes_are_asked_for_both_ways"),
            answer(403, "", "a_client_app_is_found_under_three_names_and_needs_a_contract"),
            answer(404, "", "below_the_metadata_there_is_nothing"),
            answer(405, "allow", "metadata_is_only_read"),
            answer(500, "", "an_issuer_without_an_endpoint_to_ask_is_500"),
            answer(503, "", "without_a_document_of_the_issuers_own_the_answer_is_503"),
        ],
    };
}

impl PolicyConfig for OpenidconnectAccessTokenEnforcement {
    const NAME: &'static str = "openidconnect-access-token-enforcement";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{
        "issuer": "https://login.example.com",
        "validate": "auto",
        "authorization_value": "Basic Z2F0ZXBvc3Q6czNjcmV0",
        "supported_audiences": "https://api.example.com",
        "scopes": "orders:read"
    }"#;

    fn summary(&self) -> String {
        let issuer = Issuer::parse(&self.issuer);
        let host = issuer.as_ref().map_or("", Issuer::host);
        let how = match self.validate {
            Validate::Introspection => "that it calls active",
            Validate::Jwt => "that it signed",
            Validate::Auto => "that it signed or calls active",
        };
        format!("tokens of {} {how}", host.get(..40).unwrap_or(start_of(host)))
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let issuer = faults.take("issuer", Issuer::parse(&self.issuer));
        let scopes = faults.take("scopes", Scopes::parse(&self.scopes, self.scope_validation_criteria));
        let signed = match (self.validate, &issuer) {
            (Validate::Introspection, _) | (_, None) => None,
            (_, Some(issuer)) => self.signed(issuer, &mut faults),
        };
        let asks = self.validate != Validate::Jwt;
        let authorization = asks
            .then(|| faults.take("authorization_value", authorization(self.authorization_value.expose())))
            .flatten();
        self.check_times(&mut faults);
        faults.into_result()?;
        let (Some(issuer), Some(scopes)) = (issuer, scopes) else { return Err(Vec::new()) };
        let timeout = self.authentication_timeout.duration();
        let fetching = Fetching {
            keep: self.discovery_time_to_live.duration(),
            floor: self.discovery_refresh_floor.duration(),
            timeout,
        };
        let pinned = signed.as_ref().map(|signed| signed.pinned);
        let known = env.state(|| Known {
            provider: issuer.provider(pinned, fetching, env.outbound()),
            tokens: Arc::new(Tokens::new(self.max_cache_size as usize)),
        });
        let keeping = Keeping {
            active: self.max_federation_expiration_time.duration() * u32::from(self.max_cache_size > 0),
            inactive: self.inactive_token_ttl.duration(),
            only_with_expiry: true,
        };
        let introspection = authorization.map(|authorization| Introspection {
            authorization,
            outbound: env.outbound(),
            options: Introspection::options(timeout),
            keeping,
            known: known.tokens.clone(),
        });
        let own = self
            .enable_protected_resource_metadata
            .then(|| Own { authorization_server: issuer.name.as_ref().into() });
        let admission = Admission {
            scopes,
            rules: audiences(&self.supported_audiences),
            consumer_by: (!self.skip_client_id_validation).then(|| CLIENT_ID_FIELDS.map(Box::from).into()),
            expose_headers: self.expose_headers,
            own,
        };
        let host = issuer.host().into();
        Ok(Box::new(Enforced { validate: self.validate, host, known, signed, introspection, admission }))
    }
}

impl OpenidconnectAccessTokenEnforcement {
    fn signed(&self, issuer: &Issuer, faults: &mut Faults) -> Option<Signed> {
        if self.signing_method == SigningMethod::Hmac {
            faults.add("signing_method", "cannot be hmac: an issuer publishes no secrets");
        }
        let (audiences, types) = (words(&self.supported_audiences), words(&self.supported_types));
        if audiences.is_empty() && types.is_empty() {
            faults.add(
                "supported_audiences",
                "needs an audience, or supported_types a type such as at+jwt: ID tokens would pass else",
            );
        }
        let pinned = Pinned::new(self.signing_method, self.signing_key_length);
        let rules = Rules {
            needs_audience: !audiences.is_empty(),
            audiences,
            issuers: [Box::from(&*issuer.name)].into(),
            needs_expiry: true,
            needs_start: false,
            skew: self.clock_skew.duration().as_secs_f64(),
        };
        Some(Signed { pinned: faults.take("signing_key_length", pinned)?, types, rules })
    }

    fn check_times(&self, faults: &mut Faults) {
        let [second, minute, day] = [1_000, 60_000, 86_400_000];
        for (field, value, least, most) in [
            ("authentication_timeout", self.authentication_timeout, 100, minute),
            ("max_federation_expiration_time", self.max_federation_expiration_time, 0, day),
            ("inactive_token_ttl", self.inactive_token_ttl, 0, 10 * minute),
            ("clock_skew", self.clock_skew, 0, 10 * minute),
            ("discovery_time_to_live", self.discovery_time_to_live, minute, 7 * day),
            ("discovery_refresh_floor", self.discovery_refresh_floor, second, 60 * minute),
        ] {
            within(faults, field, value, Millis(least), Millis(most));
        }
    }
}
