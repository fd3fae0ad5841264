//! The run time: by the issuer's keys, or by asking it.

use std::sync::Arc;

use gatepost_gateway::{Cached, Context, Policy, Request, Unrecorded, Verdict};

use super::Validate;
use super::provider::Provider;
use crate::jwt::{Flaw, Obstacle, Signed, Token};
use crate::oauth::{Admission, Facts, Introspection, Outcome, Problem, Tokens, Trouble, presented};

/// What runs.
pub(super) struct Enforced {
    pub(super) validate: Validate,
    /// For the trail.
    pub(super) host: Box<str>,
    pub(super) known: Arc<Known>,
    pub(super) signed: Option<Signed>,
    pub(super) introspection: Option<Introspection>,
    pub(super) admission: Admission,
}

/// What is remembered between calls.
pub(super) struct Known {
    pub(super) provider: Cached<Provider>,
    pub(super) tokens: Arc<Tokens>,
}

/// How one token is checked.
enum Way<'a> {
    Keys(&'a Signed),
    Asking(&'a Introspection),
}

impl Policy for Enforced {
    fn asks(&self) -> Unrecorded {
        Unrecorded::SECRETS
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        if let Some(answer) = self.admission.metadata(request, cx) {
            return Verdict::Now(Err(answer));
        }
        match presented(request).and_then(|token| self.at_hand(token, cx)) {
            Err(problem) => Verdict::Now(self.admission.decide(Err(problem), request, cx)),
            Ok(Some(outcome)) => Verdict::Now(self.admission.decide(Ok(outcome), request, cx)),
            Ok(None) => Verdict::Later(Box::pin(async move {
                let outcome = match presented(request) {
                    Ok(token) => self.looked_up(token, cx).await,
                    Err(problem) => Err(problem),
                };
                self.admission.decide(outcome, request, cx)
            })),
        }
    }
}

impl Enforced {
    fn way(&self, token: &str) -> Result<Way<'_>, Problem> {
        let keys = self.signed.as_ref().map(Way::Keys);
        let asking = self.introspection.as_ref().map(Way::Asking);
        let way = match self.validate {
            Validate::Jwt => keys,
            Validate::Introspection => asking,
            // What is no JWT can only be asked about.
            Validate::Auto if Token::parse(token).is_ok() => keys,
            Validate::Auto => asking,
        };
        way.ok_or_else(|| Problem::Trouble(Trouble::Unfit("tokens of this kind cannot be checked".into())))
    }

    /// What can be said without waiting.
    fn at_hand(&self, token: &str, cx: &Context) -> Result<Option<Outcome>, Problem> {
        match self.way(token)? {
            Way::Asking(introspection) => Ok(introspection.at_hand(token, cx)),
            Way::Keys(signed) => match self.known.provider.known(cx.now) {
                None => Ok(None),
                Some(provider) => match by_keys(signed, token, &provider, cx) {
                    Ok(outcome) => Ok(Some(outcome)),
                    Err(Obstacle::NoKey(_)) => Ok(None),
                    Err(Obstacle::Flawed(flaw)) => Err(flaw.into()),
                },
            },
        }
    }

    async fn looked_up(&self, token: &str, cx: &Context) -> Result<Outcome, Problem> {
        let provider = self.known.provider.get(cx.now).await;
        let provider = provider
            .map_err(|why| Problem::Trouble(Trouble::Unreachable(format!("{}: {why}", self.host).into())))?;
        let signed = match self.way(token)? {
            Way::Keys(signed) => signed,
            Way::Asking(introspection) => {
                let endpoint = provider.introspection.as_ref().ok_or_else(|| {
                    let why = format!("{}: its document has no introspection_endpoint", self.host);
                    Problem::Trouble(Trouble::Unfit(why.into()))
                })?;
                return Ok(introspection.of(token, endpoint, cx).await);
            }
        };
        let mut judged = by_keys(signed, token, &provider, cx);
        if matches!(judged, Err(Obstacle::NoKey(_)))
            && let Ok(newer) = self.known.provider.renewed(&provider, cx.now).await
        {
            judged = by_keys(signed, token, &newer, cx);
        }
        judged.map_err(|obstacle| match obstacle {
            Obstacle::Flawed(flaw) => flaw.into(),
            Obstacle::NoKey(note) => Flaw::new("The token is signed with an unknown key", note).into(),
        })
    }
}

fn by_keys(signed: &Signed, token: &str, provider: &Provider, cx: &Context) -> Result<Outcome, Obstacle> {
    let claims = signed.claims(token, &provider.keys, cx.wall_us as f64 / 1e6)?;
    // Its end was held against the clock just now, with the skew that a token's own word takes.
    Ok(Outcome::Active(Arc::new(Facts::new(claims, None))))
}
