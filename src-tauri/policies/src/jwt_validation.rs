//! JWT validation: only callers with a signed token that says what it must may call.

mod custom;
#[cfg(test)]
mod tests;
mod validated;

use std::sync::Arc;

use gatepost_gateway::{ActsOn, Category, Env, Expression, Policy, PolicyConfig, Secret, Side};
use gatepost_model::{Fault, Faults, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::custom::Custom;
use self::validated::{ClientId, Origin, Validated};
use crate::bearer::{Passed, is_same, within};
use crate::conformance::{Conforms, Table, answer, differs, ours, same};
use crate::header_injection::name;
use crate::jwt::{
    Fetching, KeySet, Keys, Pinned, Rules, Signed, SigningMethod, Source, addresses, start_of, words,
};

/// # JWT validation
///
/// Lets only callers with a valid JSON Web Token call the API.
///
/// A caller sends its token as `Authorization: Bearer ...`, or where the expression says. The token must be signed
/// with the configured algorithm by one of the keys, must not be over, and must say what the claims below ask for.
///
/// | The token | Answer |
/// |---|---|
/// | is absent, or came in several `Authorization` headers | 400 |
/// | is malformed, wrongly signed, over, not yet valid, or lacks a claim | 401 with `WWW-Authenticate: Bearer error="invalid_token"` |
/// | is of a client app without an approved contract | 401, as for any other unknown client |
/// | cannot be checked, since no key set could ever be fetched | 503 |
///
/// **Keys.** As text: a public key or certificate in PEM (the BEGIN and END lines may be left out), a JWK, a JWKS, or
/// the secret for `hmac`. Or as addresses of JWKS documents: they are fetched when first needed, once for all callers
/// that wait, and again when their time is over or a token names an unknown key. While a server fails, its old keys
/// stay in use. Keys for encryption, for another algorithm, and RSA keys under 2,048 bits are passed over.
///
/// **Client apps.** Unless `skip_client_id_validation` is on, the token must name a client ID whose client app has an
/// approved contract: in the claim `client_id`, else `azp`, else `appid`.
///
/// **Later policies** can use `#[vars.claimSet.sub]` or `#[authentication.properties.claims.sub]`;
/// `#[authentication.principal]` is the claim `sub`.
///
/// **Custom claims.** A value is a text that the claim must equal, or an expression that must give `true`:
/// `#[vars.claimSet.roles contains 'editor']`.
///
/// Where we differ from the vendor on purpose: the signing method `none` does not exist, because a token that nobody
/// signed proves nothing; the key sets' time to live is a duration such as `60m`, not a number of minutes; the token
/// itself is not among the properties, because it is a credential; client IDs are found under three names instead of
/// one; issuers, token types and the clocks' difference can be set; `supported_audiences` without
/// `validate_aud_claim` is a fault, because it would check nothing. A header in the token that points to keys (`jwk`,
/// `jku`, `x5u`, `x5c`) is never followed, one that asks for extensions (`crit`) is refused, and so is JSON that says
/// a name twice (RFC 8725).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JwtValidation {
    /// Where the token comes.
    jwt_origin: JwtOrigin,
    /// Gives the token. Used with `custom_expression` only.
    #[schemars(extend("format" = "expression"), example = "#[attributes.headers['jwt']]")]
    jwt_expression: String,
    /// How tokens are signed. Others are refused, whatever they say of themselves.
    signing_method: SigningMethod,
    /// Bits of the signature's hash: 256, 384 or 512; with `es` 256 or 384.
    #[schemars(extend("enum" = [256, 384, 512]))]
    signing_key_length: u16,
    /// Where the keys are.
    jwt_key_origin: JwtKeyOrigin,
    /// Public key in PEM, JWK, JWKS, or the secret for `hmac` (at least 32, 48 or 64 bytes). Used with `text` only. Kept
    /// encrypted and not shown again.
    text_key: Secret,
    /// Addresses of JWKS documents, separated by commas. Used with `jwks` only.
    #[schemars(length(max = 4_096), example = "https://login.example.com/.well-known/jwks.json")]
    jwks_url: String,
    /// How long a key set is good, from 1 minute to 7 days. It is fetched anew while the old one serves.
    jwks_service_time_to_live: Millis,
    /// How long fetching a key set may take, from 100 milliseconds to 1 minute.
    jwks_service_connection_timeout: Millis,
    /// Shortest time between two fetches of a key set, from 1 second to 1 hour, however many unknown keys tokens name.
    jwks_refresh_floor: Millis,
    /// Lets tokens pass whoever's they are. Off, their client app must have an approved contract.
    skip_client_id_validation: bool,
    /// Gives the client ID.
    #[schemars(extend("format" = "expression"), example = "#[vars.claimSet.client_id]")]
    client_id_expression: String,
    /// Checks the claim `aud` where it is there.
    validate_aud_claim: bool,
    /// Refuses tokens without `aud`.
    mandatory_aud_claim: bool,
    /// Audiences that are taken, separated by commas. One of the token's must be among them.
    #[schemars(length(max = 4_096), example = "https://api.example.com")]
    supported_audiences: String,
    /// Issuers that are taken, separated by commas; the claim `iss` must be one of them. Blank takes any.
    #[schemars(length(max = 4_096), example = "https://login.example.com")]
    supported_issuers: String,
    /// Kinds of tokens that are taken, separated by commas, such as `at+jwt`; the header `typ` must be one of them.
    /// Blank takes any.
    #[schemars(length(max = 1_024), example = "at+jwt")]
    supported_types: String,
    /// Refuses tokens without `exp`. One that is there is always checked.
    mandatory_exp_claim: bool,
    /// Refuses tokens without `nbf`. One that is there is always checked.
    mandatory_nbf_claim: bool,
    /// How far the issuer's clock may differ, at most 10 minutes.
    clock_skew: Millis,
    /// Checks the two lists of claims below.
    validate_custom_claim: bool,
    /// Claims that must be there and as they say.
    #[schemars(length(max = 50))]
    mandatory_custom_claims: Vec<Claim>,
    /// Claims that must be as they say where they are there.
    #[schemars(length(max = 50))]
    non_mandatory_custom_claims: Vec<Claim>,
    /// Claims that the upstream gets as headers. What callers send in these headers is removed.
    #[schemars(length(max = 50))]
    claim_headers: Vec<ClaimHeader>,
}

/// A claim and what it must be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Claim {
    /// The claim's name.
    #[schemars(length(min = 1, max = 256), example = &"role")]
    key: String,
    /// The text that it must equal, or an expression that must give `true`.
    #[schemars(extend("format" = "expression"), example = "#[vars.claimSet.role == 'editor']")]
    value: String,
}

/// A claim that the upstream gets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct ClaimHeader {
    /// The header's name.
    #[schemars(length(min = 1, max = 128), example = "x-user")]
    header: String,
    /// The claim's name. Text goes as it is, anything else as JSON.
    #[schemars(length(min = 1, max = 256), example = &"sub")]
    claim: String,
}

/// Where the token comes.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum JwtOrigin {
    /// In the `Authorization` header, after `Bearer`.
    HttpBearerAuthenticationHeader,
    /// Where the expression says.
    CustomExpression,
}

/// Where the keys are.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum JwtKeyOrigin {
    /// In this configuration.
    Text,
    /// In documents on servers.
    Jwks,
}

/// `client_id`, else `azp`, else `appid`; read without evaluating it.
const DEFAULT_CLIENT_ID: &str =
    "#[vars.claimSet.client_id default vars.claimSet.azp default vars.claimSet.appid]";

impl Default for JwtValidation {
    fn default() -> Self {
        Self {
            jwt_origin: JwtOrigin::HttpBearerAuthenticationHeader,
            jwt_expression: "#[attributes.headers['jwt']]".into(),
            signing_method: SigningMethod::Rsa,
            signing_key_length: 256,
            jwt_key_origin: JwtKeyOrigin::Text,
            text_key: Secret::default(),
            jwks_url: String::new(),
            jwks_service_time_to_live: Millis(3_600_000),
            jwks_service_connection_timeout: Millis(10_000),
            jwks_refresh_floor: Millis(30_000),
            skip_client_id_validation: false,
            client_id_expression: DEFAULT_CLIENT_ID.into(),
            validate_aud_claim: false,
            mandatory_aud_claim: false,
            supported_audiences: String::new(),
            supported_issuers: String::new(),
            supported_types: String::new(),
            mandatory_exp_claim: false,
            mandatory_nbf_claim: false,
            clock_skew: Millis(30_000),
            validate_custom_claim: false,
            mandatory_custom_claims: Vec::new(),
            non_mandatory_custom_claims: Vec::new(),
            claim_headers: Vec::new(),
        }
    }
}

impl Conforms for JwtValidation {
    const TABLE: Table = Table {
        vendor: "jwt-validation-flex",
        parameters: &[
            same("jwtOrigin", "jwt_origin"),
            same("jwtExpression", "jwt_expression"),
            differs(
                "signingMethod",
                "signing_method",
                "`none` is absent: it proves nothing; `rsa_pss` and `eddsa` are ours",
            ),
            same("signingKeyLength", "signing_key_length"),
            same("jwtKeyOrigin", "jwt_key_origin"),
            differs("textKey", "text_key", "also JWK and JWKS; kept encrypted"),
            same("jwksUrl", "jwks_url"),
            differs(
                "jwksServiceTimeToLive",
                "jwks_service_time_to_live",
                "a duration, `60m`, instead of minutes",
            ),
            differs(
                "jwksServiceConnectionTimeout",
                "jwks_service_connection_timeout",
                "a duration, `10s`, instead of milliseconds",
            ),
            ours("jwks_refresh_floor", "unknown keys cannot make the gateway fetch without end"),
            same("skipClientIdValidation", "skip_client_id_validation"),
            differs(
                "clientIdExpression",
                "client_id_expression",
                "looks at `azp` and `appid` too, unless told otherwise",
            ),
            same("validateAudClaim", "validate_aud_claim"),
            same("mandatoryAudClaim", "mandatory_aud_claim"),
            same("supportedAudiences", "supported_audiences"),
            ours("supported_issuers", "RFC 8725, 3.8"),
            ours("supported_types", "RFC 8725, 3.11"),
            same("mandatoryExpClaim", "mandatory_exp_claim"),
            same("mandatoryNbfClaim", "mandatory_nbf_claim"),
            ours("clock_skew", "clocks of issuers differ"),
            same("validateCustomClaim", "validate_custom_claim"),
            same("mandatoryCustomClaims", "mandatory_custom_claims"),
            same("nonMandatoryCustomClaims", "non_mandatory_custom_claims"),
            ours("claim_headers", "the upstream learns who calls, in headers that callers cannot forge"),
        ],
        answers: &[
            answer(400, "", "an_absent_token_is_400"),
            answer(401, "www-authenticate", "dates_are_checked_wherever_they_are_with_the_skew"),
            answer(
                401,
                "www-authenticate",
                "a_client_app_with_a_contract_is_found_under_three_names_in_order",
            ),
            answer(
                503,
                "",
                "without_any_key_set_the_answer_is_503_and_the_server_is_not_asked_again_at_once",
            ),
        ],
    };
}

impl PolicyConfig for JwtValidation {
    const NAME: &'static str = "jwt-validation";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r##"{
        "jwt_key_origin": "jwks",
        "jwks_url": "https://login.example.com/.well-known/jwks.json",
        "supported_issuers": "https://login.example.com",
        "validate_aud_claim": true,
        "mandatory_aud_claim": true,
        "supported_audiences": "https://api.example.com",
        "mandatory_exp_claim": true,
        "claim_headers": [{"header": "x-user", "claim": "sub"}]
    }"##;

    fn summary(&self) -> String {
        let name = Pinned::new(self.signing_method, self.signing_key_length).map_or("signed", |it| it.name);
        let hosts = addresses(&self.jwks_url).unwrap_or_default();
        match (self.jwt_key_origin, hosts.first().and_then(|uri| uri.host())) {
            (JwtKeyOrigin::Jwks, Some(host)) => format!("{name} tokens, keys from {}", start_of(host)),
            _ => format!("{name} tokens, checked with a key written here"),
        }
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let pinned =
            faults.take("signing_key_length", Pinned::new(self.signing_method, self.signing_key_length));
        let origin = self.origin(&mut faults);
        let client_id = self.client_id(&mut faults);
        let rules = self.rules(&mut faults);
        let passed = self.passed(&mut faults);
        let custom = self.custom(&mut faults);
        let keys = pinned.and_then(|pinned| self.keys(pinned, env, &mut faults));
        faults.into_result()?;
        let (Some(pinned), Some(origin), Some(keys)) = (pinned, origin, keys) else { return Err(Vec::new()) };
        let signed = Signed { pinned, types: words(&self.supported_types), rules };
        Ok(Box::new(Validated { signed, origin, keys, custom, client_id, passed }))
    }
}

impl JwtValidation {
    fn origin(&self, faults: &mut Faults) -> Option<Origin> {
        if self.jwt_origin == JwtOrigin::HttpBearerAuthenticationHeader {
            return Some(Origin::Bearer);
        }
        faults.take("jwt_expression", varying(&self.jwt_expression)).map(Origin::Expression)
    }

    fn client_id(&self, faults: &mut Faults) -> ClientId {
        match self.client_id_expression.trim() {
            _ if self.skip_client_id_validation => ClientId::NotAsked,
            DEFAULT_CLIENT_ID => ClientId::Claims,
            text => faults
                .take("client_id_expression", varying(text))
                .map_or(ClientId::NotAsked, ClientId::Expression),
        }
    }

    fn rules(&self, faults: &mut Faults) -> Rules {
        let audiences = words(&self.supported_audiences);
        if self.validate_aud_claim && audiences.is_empty() {
            faults.add("supported_audiences", "needs an audience, since aud is to be checked");
        }
        if !self.validate_aud_claim && !audiences.is_empty() {
            faults.add("validate_aud_claim", "must be on for supported_audiences to be checked");
        }
        within(faults, "clock_skew", self.clock_skew, Millis(0), Millis(600_000));
        Rules {
            audiences,
            needs_audience: self.mandatory_aud_claim,
            issuers: words(&self.supported_issuers),
            needs_expiry: self.mandatory_exp_claim,
            needs_start: self.mandatory_nbf_claim,
            skew: self.clock_skew.duration().as_secs_f64(),
        }
    }

    fn custom(&self, faults: &mut Faults) -> Vec<Custom> {
        let lists = [
            ("mandatory_custom_claims", &self.mandatory_custom_claims, true),
            ("non_mandatory_custom_claims", &self.non_mandatory_custom_claims, false),
        ];
        let has_some = lists.iter().any(|(_, claims, _)| !claims.is_empty());
        if has_some && !self.validate_custom_claim {
            faults.add("validate_custom_claim", "must be on for custom claims to be checked");
        }
        let compiled = lists.map(|(list, claims, is_needed)| Custom::all(claims, list, is_needed, faults));
        compiled.into_iter().flatten().collect()
    }

    fn passed(&self, faults: &mut Faults) -> Vec<Passed> {
        let mut all: Vec<Passed> = Vec::new();
        for (n, passed) in self.claim_headers.iter().enumerate() {
            let field = format!("claim_headers[{n}].header");
            let Some(header) = faults.take(&field, name(&passed.header)) else { continue };
            if all.iter().any(|other| is_same(&other.header, &header)) {
                faults.add(field, "is there already");
            }
            all.push(Passed { header, claim: passed.claim.as_str().into() });
        }
        all
    }

    fn keys(&self, pinned: Pinned, env: &Env<'_>, faults: &mut Faults) -> Option<Keys> {
        if self.jwt_key_origin == JwtKeyOrigin::Text {
            let set = faults.take("text_key", KeySet::written(self.text_key.expose(), pinned))?;
            return Some(Keys::Written(Arc::new(set)));
        }
        if pinned.method == SigningMethod::Hmac {
            faults.add("jwt_key_origin", "must be text for hmac: a secret on a server is none");
        }
        let [second, minute, day] = [1_000, 60_000, 86_400_000];
        let (keep, timeout) = (self.jwks_service_time_to_live, self.jwks_service_connection_timeout);
        let floor = self.jwks_refresh_floor;
        within(faults, "jwks_service_time_to_live", keep, Millis(minute), Millis(7 * day));
        within(faults, "jwks_service_connection_timeout", timeout, Millis(100), Millis(minute));
        within(faults, "jwks_refresh_floor", floor, Millis(second), Millis(60 * minute));
        let uris = faults.take("jwks_url", addresses(&self.jwks_url)).filter(|_| faults.is_empty())?;
        let fetching =
            Fetching { keep: keep.duration(), floor: floor.duration(), timeout: timeout.duration() };
        let source = |uri| Source::new(uri, pinned, fetching, env.outbound());
        Some(Keys::Published(env.state(|| uris.into_iter().map(source).collect::<Vec<_>>())))
    }
}

/// An expression that can differ from call to call.
fn varying(text: &str) -> Result<Expression, String> {
    let expression = Expression::parse(text.trim(), Side::Request)?;
    match expression.as_literal() {
        Some(_) => {
            Err("is the same for every call; write an expression such as #[attributes.headers['x']]".into())
        }
        None => Ok(expression),
    }
}
