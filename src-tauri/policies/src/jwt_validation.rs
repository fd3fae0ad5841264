//! JWT validation: only callers with a signed token that says what it must may call.

mod algorithm;
mod claims;
mod keys;
mod source;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;
use std::sync::Arc;

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Expression, Policy, PolicyConfig, Refusal, Reply, Request,
    Side, Step, Subject, Verdict,
};
use gatepost_model::{Fault, Faults, Millis, Note};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::algorithm::{Pinned, SigningMethod};
use self::claims::{Custom, Rules, start_of, words};
use self::keys::KeySet;
use self::source::{Fetching, Keys, Sets, Source, addresses};
use self::token::{Flaw, Token};
use crate::header_injection::{header_value, name};

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
    /// Public key in PEM, JWK, JWKS, or the secret for `hmac` (at least 32, 48 or 64 bytes). Used with `text` only.
    #[schemars(length(max = 65_536))]
    text_key: String,
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
const CLIENT_ID_CLAIMS: [&str; 3] = ["client_id", "azp", "appid"];

impl Default for JwtValidation {
    fn default() -> Self {
        Self {
            jwt_origin: JwtOrigin::HttpBearerAuthenticationHeader,
            jwt_expression: "#[attributes.headers['jwt']]".into(),
            signing_method: SigningMethod::Rsa,
            signing_key_length: 256,
            jwt_key_origin: JwtKeyOrigin::Text,
            text_key: String::new(),
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
        let types = words(&self.supported_types);
        Ok(Box::new(Validated { pinned, origin, keys, types, rules, custom, client_id, passed }))
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
            let set = faults.take("text_key", KeySet::written(&self.text_key, pinned))?;
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

fn within(faults: &mut Faults, field: &str, value: Millis, least: Millis, most: Millis) {
    if value < least || value > most {
        faults.add(field, format!("is from {least} to {most}, this is {value}"));
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

struct Validated {
    pinned: Pinned,
    origin: Origin,
    keys: Keys,
    /// None takes any.
    types: Box<[Box<str>]>,
    rules: Rules,
    custom: Vec<Custom>,
    client_id: ClientId,
    passed: Vec<Passed>,
}

enum Origin {
    Bearer,
    Expression(Expression),
}

enum ClientId {
    NotAsked,
    Claims,
    Expression(Expression),
}

/// A claim that the upstream gets as a header.
struct Passed {
    header: HeaderName,
    claim: Box<str>,
}

/// Why a token is not taken, yet or at all.
enum Obstacle {
    Refused(Box<Refusal>),
    /// No key at hand has the name that it gives.
    NoKey(Note),
}

impl From<Flaw> for Obstacle {
    fn from(flaw: Flaw) -> Self {
        Self::Refused(refused(flaw))
    }
}

impl Policy for Validated {
    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        match self.judge(request, cx, &self.keys.at_hand(cx.now)) {
            Ok(claims) => Verdict::Now(self.admit(claims, request, cx)),
            Err(Obstacle::Refused(refusal)) => Verdict::Now(Err(refusal)),
            Err(Obstacle::NoKey(note)) => match &self.keys {
                Keys::Written(_) => Verdict::Now(Err(unknown_key(note))),
                Keys::Published(_) => Verdict::Later(Box::pin(self.look_further(request, cx))),
            },
        }
    }
}

impl Validated {
    /// Waits for key sets that are not there yet, then for newer ones.
    async fn look_further(&self, request: &mut Request, cx: &mut Context) -> Decision {
        let (sets, missing) = self.keys.fetched(cx.now).await;
        let mut judged = self.judge(request, cx, &sets);
        if matches!(judged, Err(Obstacle::NoKey(_))) {
            let sets = self.keys.renewed(&sets, cx.now).await;
            judged = self.judge(request, cx, &sets);
        }
        match (judged, missing) {
            (Ok(claims), _) => self.admit(claims, request, cx),
            (Err(Obstacle::Refused(refusal)), _) => Err(refusal),
            (Err(Obstacle::NoKey(note)), None) => Err(unknown_key(note)),
            (Err(Obstacle::NoKey(_)), Some(why)) => {
                let reply = Reply::unavailable("Tokens cannot be checked now");
                Err(Refusal::of_failure(reply, Note::new("no key set from {}").with(why.as_str())))
            }
        }
    }

    /// The claims of the request's token, once its signature is right and they hold. Claims come after the signature,
    /// so that nobody learns from answers what a forged token would need to say.
    fn judge(&self, request: &Request, cx: &Context, sets: &Sets) -> Result<Map<String, Value>, Obstacle> {
        let text = self.origin.token(request, cx).map_err(Obstacle::Refused)?;
        let token = Token::parse(&text)?;
        if *token.algorithm != *self.pinned.name {
            let note = Note::new("alg is {}, not {}").with(start_of(&token.algorithm)).with(self.pinned.name);
            return Err(Flaw::new("The token is signed with another algorithm", note).into());
        }
        let Some(key) = sets.iter().find_map(|set| set.key_of(&token)) else {
            let named = token.key_id.as_deref().map_or("no kid", start_of);
            return Err(Obstacle::NoKey(Note::new("no key for it: {}").with(named)));
        };
        let signed = token.signed.as_bytes();
        let is_right = jsonwebtoken::crypto::verify(token.signature, signed, key, self.pinned.algorithm);
        if !is_right.unwrap_or(false) {
            let note = const { Note::new("the signature is wrong") };
            return Err(Flaw::new("The signature of the token is wrong", note).into());
        }
        self.check_kind(&token)?;
        let claims = token.claims()?;
        self.rules.check(&claims, cx.wall_us as f64 / 1e6)?;
        Ok(claims)
    }

    fn check_kind(&self, token: &Token<'_>) -> Result<(), Flaw> {
        let kind = token.kind.as_deref().unwrap_or_default();
        // RFC 7515, 4.1.9: `application/` may be left out.
        let bare = |kind: &str| kind.to_ascii_lowercase().trim_start_matches("application/").to_owned();
        if self.types.is_empty() || self.types.iter().any(|taken| bare(taken) == bare(kind)) {
            return Ok(());
        }
        Err(Flaw::new("The token is of another type", Note::new("typ is {}").with(start_of(kind))))
    }

    /// Publishes the claims, then asks what needs them. Nothing stays published of a token that is refused, but for
    /// whose it is.
    fn admit(&self, claims: Map<String, Value>, request: &mut Request, cx: &mut Context) -> Decision {
        let before = cx.identity.clone();
        let principal: Option<Arc<str>> = claims.get("sub").and_then(Value::as_str).map(Arc::from);
        let properties = Arc::new(with_claims(before.properties.as_deref(), claims));
        cx.identity.properties = Some(properties.clone());
        cx.identity.principal = principal.clone();
        let none = Map::new();
        let claims = properties["claims"].as_object().unwrap_or(&none);
        let checked = {
            let subject = Subject::request(request, cx);
            self.custom.iter().try_for_each(|custom| custom.check(claims, &subject))
        };
        let checked = checked.map_err(refused).and_then(|()| self.check_contract(claims, request, cx));
        if let Err(refusal) = checked.and_then(|()| self.pass_on(claims, request)) {
            cx.identity.principal = before.principal;
            cx.identity.properties = before.properties;
            return Err(refusal);
        }
        let note = match (cx.identity.client_name.clone(), principal) {
            (_, Some(subject)) => Note::new("a valid token of {}").with(subject),
            (Some(client), None) => Note::new("a valid token of {}").with(client),
            (None, None) => const { Note::new("a valid token") },
        };
        Ok(if self.passed.is_empty() { Step::passed(note) } else { Step::changed(note) })
    }

    fn check_contract(
        &self,
        claims: &Map<String, Value>,
        request: &Request,
        cx: &mut Context,
    ) -> Result<(), Box<Refusal>> {
        let invalid = |note| refused(Flaw::new("The client of the token may not call this API", note));
        let id: Option<Arc<str>> = match &self.client_id {
            ClientId::NotAsked => return Ok(()),
            ClientId::Claims => {
                CLIENT_ID_CLAIMS.iter().find_map(|name| claims.get(*name)?.as_str()).map(Arc::from)
            }
            ClientId::Expression(expression) => {
                let subject = Subject::request(request, cx);
                let id = expression.evaluate(&subject).map_err(|why| {
                    Refusal::of_failure(
                        Reply::failed("The client ID could not be read"),
                        Note::new("the client ID could not be read: {}").with(why.as_str()),
                    )
                })?;
                id.map(|id| Arc::from(&*id))
            }
        };
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return Err(invalid(const { Note::new("the token names no client") }));
        };
        let Some(known) = cx.clients().credential(&id) else {
            return Err(invalid(Note::new("unknown client ID {}").with(start_of(&id))));
        };
        let (app, name) = (known.client_app, known.name.clone());
        let approved = cx.clients().may_call(app, cx.api);
        cx.identity.client_app = Some(app);
        cx.identity.client_name = Some(name.clone());
        cx.identity.client_id = Some(id);
        if approved {
            Ok(())
        } else {
            Err(invalid(Note::new("{} has no approved contract with this API").with(name)))
        }
    }

    /// Claims to headers. What a caller sent under these names goes, written with `_` for `-` too, since many servers
    /// take the two for one.
    fn pass_on(&self, claims: &Map<String, Value>, request: &mut Request) -> Result<(), Box<Refusal>> {
        if self.passed.is_empty() {
            return Ok(());
        }
        let headers = request.headers_mut();
        let is_ours = |name: &&HeaderName| self.passed.iter().any(|passed| is_same(&passed.header, name));
        let forged: Vec<HeaderName> = headers.keys().filter(is_ours).cloned().collect();
        for name in &forged {
            headers.remove(name);
        }
        for passed in &self.passed {
            let value = match claims.get(&*passed.claim) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => header_value(text),
                Some(other) => header_value(&other.to_string()),
            };
            let value = value.map_err(|why| {
                let note =
                    Note::new("{} could not be made a header: {}").with(&*passed.claim).with(why.as_str());
                Refusal::of_failure(Reply::failed("A header could not be made"), note)
            })?;
            headers.insert(passed.header.clone(), value);
        }
        Ok(())
    }
}

impl Origin {
    fn token<'a>(&'a self, request: &'a Request, cx: &'a Context) -> Result<Cow<'a, str>, Box<Refusal>> {
        let token = match self {
            Self::Bearer => bearer(request)?.map(Cow::Borrowed),
            Self::Expression(expression) => {
                expression.evaluate(&Subject::request(request, cx)).map_err(|why| {
                    let note = Note::new("the token could not be read: {}").with(why.as_str());
                    Refusal::of_failure(Reply::failed("The token could not be read"), note)
                })?
            }
        };
        token
            .filter(|token| !token.is_empty())
            .ok_or_else(|| absent("The token is not present", const { Note::new("no token") }))
    }
}

/// The token of `Authorization: Bearer` (RFC 6750, 2.1), whose scheme may be written in any case.
fn bearer(request: &Request) -> Result<Option<&str>, Box<Refusal>> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let header = headers.next();
    if headers.next().is_some() {
        let note = const { Note::new("several Authorization headers") };
        return Err(absent("There is more than one Authorization header", note));
    }
    let text = header.and_then(|header| header.to_str().ok());
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).unwrap_or_default();
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' ')))
}

/// 400, as the vendor has it; the challenge tells which credentials would help (RFC 9110, 11.6.1).
fn absent(words: &'static str, note: Note) -> Box<Refusal> {
    let reply = Reply::bad_request(words).header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    Refusal::of_caller(reply, note)
}

/// 401 as in RFC 6750, 3.
fn refused(flaw: Flaw) -> Box<Refusal> {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", flaw.words);
    Refusal::of_caller(Reply::unauthorized(flaw.words, challenge), flaw.note)
}

fn unknown_key(note: Note) -> Box<Refusal> {
    refused(Flaw::new("The token is signed with an unknown key", note))
}

/// The properties that others found out, with these claims among them.
fn with_claims(others: Option<&Value>, claims: Map<String, Value>) -> Value {
    let mut all = others.cloned().unwrap_or_else(|| json!({}));
    all["claims"] = Value::Object(claims);
    all
}

/// Whether servers that take `_` for `-` would take one for the other.
fn is_same(one: &HeaderName, other: &HeaderName) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    one.as_str().bytes().map(plain).eq(other.as_str().bytes().map(plain))
}
