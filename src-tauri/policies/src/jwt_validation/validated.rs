//! The run time: token, key, signature, claims, contract, in this order.

use std::borrow::Cow;
use std::sync::Arc;

use gatepost_gateway::{
    Context, Decision, Expression, Policy, Refusal, Reply, Request, Step, Subject, Verdict,
};
use gatepost_model::Note;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::algorithm::Pinned;
use super::claims::{Custom, Rules, start_of};
use super::source::{Keys, Sets};
use super::token::{Flaw, Token};
use crate::header_injection::header_value;

/// Where a client ID is looked for, in this order.
const CLIENT_ID_CLAIMS: [&str; 3] = ["client_id", "azp", "appid"];

/// What runs.
pub(super) struct Validated {
    pub(super) pinned: Pinned,
    pub(super) origin: Origin,
    pub(super) keys: Keys,
    /// None takes any.
    pub(super) types: Box<[Box<str>]>,
    pub(super) rules: Rules,
    pub(super) custom: Vec<Custom>,
    pub(super) client_id: ClientId,
    pub(super) passed: Vec<Passed>,
}

pub(super) enum Origin {
    Bearer,
    Expression(Expression),
}

pub(super) enum ClientId {
    NotAsked,
    Claims,
    Expression(Expression),
}

/// A claim that the upstream gets as a header.
pub(super) struct Passed {
    pub(super) header: HeaderName,
    pub(super) claim: Box<str>,
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
        let (app, name) = (known.client.id, Arc::clone(&known.client.name));
        let approved = known.client.may_call(cx.api);
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
pub(super) fn is_same(one: &HeaderName, other: &HeaderName) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    one.as_str().bytes().map(plain).eq(other.as_str().bytes().map(plain))
}
