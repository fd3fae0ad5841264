//! Asking a server about a token (RFC 7662).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatepost_gateway::{Context, Outbound, OutboundError, OutboundOptions};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode, Uri};
use serde_json::{Map, Value};

use super::{Answered, Facts, Outcome, Tokens, Trouble};
use crate::jwt::{Unique, date};

/// Longest answer about one token, in bytes.
const MAX_ANSWER: usize = 16 * 1_024;
/// How long a server that gave no answer about a token is not asked about it again.
const TROUBLE_KEPT: Duration = Duration::from_secs(1);

/// A server that is asked about tokens, and what it said.
pub(crate) struct Introspection {
    pub(crate) authorization: HeaderValue,
    pub(crate) outbound: Outbound,
    pub(crate) options: OutboundOptions,
    pub(crate) keeping: Keeping,
    pub(crate) known: Arc<Tokens>,
}

/// How long answers count.
#[derive(Clone, Copy)]
pub(crate) struct Keeping {
    /// Of an active token; never past its end.
    pub(crate) active: Duration,
    /// Of one that is not active.
    pub(crate) inactive: Duration,
    /// One that does not say when it ends is asked about each time.
    pub(crate) only_with_expiry: bool,
}

/// The whole value of the `Authorization` header that the server wants.
pub(crate) fn authorization(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text.trim())
        .map_err(|_| "has a line break or another character that no header can hold")?;
    if value.is_empty() {
        return Err("is needed: the whole value of the Authorization header, such as Basic ...".into());
    }
    value.set_sensitive(true);
    Ok(value)
}

impl Introspection {
    /// How calls are made that take at most so long.
    pub(crate) fn options(timeout: Duration) -> OutboundOptions {
        OutboundOptions { timeout, max_bytes: MAX_ANSWER, ..OutboundOptions::default() }
    }

    /// What is known of this token, without waiting.
    pub(crate) fn at_hand(&self, token: &str, cx: &Context) -> Option<Outcome> {
        let asked = self.known.of(Tokens::key(token), cx.now);
        asked.get().map(|answered| answered.outcome.clone())
    }

    /// What the server at `endpoint` says of this token. Those that ask at the same time wait for one answer; when the
    /// one who asked leaves, the next one asks.
    pub(crate) async fn of(&self, token: &str, endpoint: &Uri, cx: &Context) -> Outcome {
        let (now, wall) = (cx.now, cx.wall_us as f64 / 1e6);
        let key = Tokens::key(token);
        let asked = self.known.of(key, now);
        let answered = asked
            .get_or_init(|| async {
                let outcome = self.ask(token, endpoint).await.unwrap_or_else(|trouble| {
                    let host = endpoint.host().unwrap_or_default();
                    Outcome::Trouble(trouble.at(host))
                });
                let until = now + self.keeping.of(&outcome, wall);
                Answered { outcome, until }
            })
            .await;
        if matches!(answered.outcome, Outcome::Active(_)) && now < answered.until {
            self.known.keep(key, &asked);
        }
        answered.outcome.clone()
    }

    async fn ask(&self, token: &str, endpoint: &Uri) -> Result<Outcome, Trouble> {
        let request = http::Request::post(endpoint)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(format!("token={}&token_type_hint=access_token", encoded(token))))
            .map_err(|error| Trouble::Unreachable(error.to_string().into()))?;
        let limit = self.options.timeout;
        let answering = async {
            let _question = self.known.questions.acquire().await;
            self.outbound.send(request, &self.options).await
        };
        let answer = tokio::time::timeout(limit, answering).await;
        let answer = answer.unwrap_or(Err(OutboundError::TimedOut(limit)));
        let answer = answer.map_err(|error| Trouble::Unreachable(error.to_string().into()))?;
        match answer.status() {
            StatusCode::OK => read(answer.body()).map_err(|why| Trouble::Unfit(why.into())),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(Trouble::Unreachable(format!("it answered {status}").into()))
            }
            StatusCode::BAD_REQUEST if is_about_the_token(answer.body()) => Ok(Outcome::Inactive),
            status => Err(Trouble::Unfit(format!("it answered {status}").into())),
        }
    }
}

impl Keeping {
    fn of(&self, outcome: &Outcome, wall: f64) -> Duration {
        match outcome {
            Outcome::Active(facts) => match facts.expiry {
                Some(expiry) => {
                    let left = Duration::try_from_secs_f64(expiry - wall).unwrap_or_default();
                    self.active.min(left)
                }
                None if self.only_with_expiry => Duration::ZERO,
                None => self.active,
            },
            Outcome::Inactive => self.inactive,
            Outcome::Trouble(_) => TROUBLE_KEPT,
        }
    }
}

impl Trouble {
    fn at(self, host: &str) -> Self {
        let said = |why: Arc<str>| format!("{host}: {why}").into();
        match self {
            Self::Unreachable(why) => Self::Unreachable(said(why)),
            Self::Unfit(why) => Self::Unfit(said(why)),
        }
    }
}

/// RFC 7662, 2.2.
fn read(json: &[u8]) -> Result<Outcome, String> {
    let Unique(value) =
        serde_json::from_slice(json).map_err(|error| format!("its answer is no JSON: {error}"))?;
    let Value::Object(fields) = value else { return Err("its answer is no JSON object".into()) };
    match fields.get("active") {
        Some(Value::Bool(true)) => Ok(Outcome::Active(Arc::new(active(fields)?))),
        Some(Value::Bool(false)) => Ok(Outcome::Inactive),
        _ => Err("its answer does not say whether the token is active".into()),
    }
}

/// Some servers refuse tokens of another form than their own with an error instead of calling them inactive (RFC 7009,
/// 2.2.1, for the like).
fn is_about_the_token(json: &[u8]) -> bool {
    let error = serde_json::from_slice(json).ok().and_then(|Unique(value)| match value {
        Value::Object(mut fields) => fields.remove("error"),
        _ => None,
    });
    error.is_some_and(|error| error == "unsupported_token_type" || error == "invalid_token")
}

fn active(fields: Map<String, Value>) -> Result<Facts, String> {
    let expiry = date(&fields, "exp").map_err(|_| "exp of its answer is no number")?;
    Ok(Facts::new(fields, expiry))
}

/// A token in a form; of what a token may hold only these three mean something there.
fn encoded(token: &str) -> String {
    token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
