//! The run time: token, key, signature, claims, contract, in this order.

use std::borrow::Cow;
use std::sync::Arc;

use gatepost_gateway::{
    Context, Decision, Expression, Policy, Refusal, Reply, Request, Step, Subject, Unrecorded, Verdict,
};
use gatepost_model::Note;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Map, Value};

use super::custom::Custom;
use crate::bearer::{
    CLIENT_ID_FIELDS, Passed, bearer_token, challenge, identify_client, pass_on, with_claims,
};
use crate::jwt::{Flaw, Keys, Obstacle, Sets, Signed};

/// What runs.
pub(super) struct Validated {
    pub(super) signed: Signed,
    pub(super) origin: Origin,
    pub(super) keys: Keys,
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

/// Claims, or the note of a key that is missing; or the answer.
type Judged = Result<Result<Map<String, Value>, Note>, Box<Refusal>>;

impl Policy for Validated {
    fn asks(&self) -> Unrecorded {
        Unrecorded::SECRETS
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        match self.judge(request, cx, &self.keys.at_hand(cx.now)) {
            Ok(Ok(claims)) => Verdict::Now(self.admit(claims, request, cx)),
            Err(refusal) => Verdict::Now(Err(refusal)),
            Ok(Err(note)) => match &self.keys {
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
        if matches!(judged, Ok(Err(_))) {
            let sets = self.keys.renewed(&sets, cx.now).await;
            judged = self.judge(request, cx, &sets);
        }
        match (judged?, missing) {
            (Ok(claims), _) => self.admit(claims, request, cx),
            (Err(note), None) => Err(unknown_key(note)),
            (Err(_), Some(why)) => {
                let reply = Reply::unavailable("Tokens cannot be checked now");
                Err(Refusal::of_failure(reply, Note::new("no key set from {}").with(why.as_str())))
            }
        }
    }

    /// The claims of the request's token, once its signature is right and they hold.
    fn judge(&self, request: &Request, cx: &Context, sets: &Sets) -> Judged {
        let text = self.origin.token(request, cx)?;
        match self.signed.claims(&text, sets, cx.wall_us as f64 / 1e6) {
            Ok(claims) => Ok(Ok(claims)),
            Err(Obstacle::Flawed(flaw)) => Err(refused(flaw)),
            Err(Obstacle::NoKey(note)) => Ok(Err(note)),
        }
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
        if let Err(refusal) = checked.and_then(|()| pass_on(&self.passed, claims, request)) {
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
                CLIENT_ID_FIELDS.iter().find_map(|name| claims.get(*name)?.as_str()).map(Arc::from)
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
        identify_client(id, cx).map_err(invalid)
    }
}

impl Origin {
    fn token<'a>(&'a self, request: &'a Request, cx: &'a Context) -> Result<Cow<'a, str>, Box<Refusal>> {
        let token = match self {
            Self::Bearer => {
                let several = |_| {
                    let note = const { Note::new("several Authorization headers") };
                    absent("There is more than one Authorization header", note)
                };
                bearer_token(request).map_err(several)?.map(Cow::Borrowed)
            }
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

/// 400, as the vendor has it; the challenge tells which credentials would help (RFC 9110, 11.6.1).
fn absent(words: &'static str, note: Note) -> Box<Refusal> {
    let reply = Reply::bad_request(words).header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    Refusal::of_caller(reply, note)
}

/// 401 as in RFC 6750, 3.
fn refused(flaw: Flaw) -> Box<Refusal> {
    let challenge = challenge("invalid_token", flaw.words, &[]);
    Refusal::of_caller(Reply::unauthorized(flaw.words, challenge), flaw.note)
}

fn unknown_key(note: Note) -> Box<Refusal> {
    refused(Flaw::new("The token is signed with an unknown key", note))
}
