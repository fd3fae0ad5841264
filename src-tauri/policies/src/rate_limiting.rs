//! Rate limiting: so many requests in so long, for all callers together or for each key.

mod windows;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Expression, Policy, PolicyConfig, Refusal, Reply, Request,
    Response, Side, Step, Subject, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Millis, Note, REDACTED};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;

use self::windows::{Count, MAX_KEYS, Quota, Windows};

use crate::conformance::{Conforms, Table, absent, answer, differs, same};

/// # Rate limiting
///
/// Allows so many requests in so long, and answers 429 to more.
///
/// A window begins with the first request and lasts as long as the limit says; the requests in it are counted, and
/// the next window begins with the first request after its end. With several limits a request needs room in all of
/// them. A refused request is not counted.
///
/// Without a key all callers share one count. With a key each of its values has a count of its own:
///
/// | To count for each | write as key |
/// |---|---|
/// | client app | `#[authentication.clientId]`, below a policy that finds it out |
/// | value of a header | `#[attributes.headers['x-user']]` |
/// | caller's address | `#[substringBeforeLast(attributes.remoteAddress, ':')]` |
///
/// Requests for which the key is missing or empty share one count.
///
/// A refused caller gets 429 with `Retry-After` in seconds. Counts are exact, and survive every save that leaves this
/// configuration alone. At most 100,000 keys are remembered; when there are more, the counts of those whose window
/// began first are forgotten.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimiting {
    /// A request must have room in every one of these.
    #[schemars(length(min = 1, max = 10))]
    limits: Vec<Limit>,
    /// Gives the value that requests are counted by; blank counts all requests together.
    #[serde(default)]
    #[schemars(extend("format" = "expression"), example = "#[attributes.headers['x-user']]")]
    key: String,
    /// Tells callers how much is left, in `X-Ratelimit-Limit`, `X-Ratelimit-Remaining` and `X-Ratelimit-Reset`
    /// (milliseconds until the next window), and in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`
    /// (seconds). With several limits they tell of the tightest.
    #[serde(default)]
    expose_headers: bool,
}

/// So many requests in so long.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Limit {
    /// Requests allowed in one window.
    #[schemars(range(min = 1, max = 1_000_000_000), example = 100)]
    requests: u64,
    /// How long a window lasts, from 1 millisecond to 366 days.
    #[schemars(example = "1m")]
    per: Millis,
}

/// Longest window.
const MAX_WINDOW: Millis = Millis(366 * 86_400_000);

impl Conforms for RateLimiting {
    const TABLE: Table = Table {
        vendor: "rate-limiting-flex",
        parameters: &[
            same("rateLimits[].maximumRequests", "limits[].requests"),
            differs("rateLimits[].timePeriodInMilliseconds", "limits[].per", "a duration, such as `1m`"),
            same("keySelector", "key"),
            differs(
                "exposeHeaders",
                "expose_headers",
                "on refusals too, and the headers in seconds beside the vendor's",
            ),
            absent("clusterizable", "one program holds all counts"),
            absent("blockOnUnknownQuota", "counts are never unknown: one program holds them"),
        ],
        answers: &[
            answer(429, "retry-after", "refuses_the_sixth_call_in_a_minute"),
            answer(429, "x-ratelimit-reset", "exposes_the_tightest_limit_on_success_and_refusal"),
        ],
    };
}

impl PolicyConfig for RateLimiting {
    const NAME: &'static str = "rate-limiting";
    const CATEGORY: Category = Category::QualityOfService;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const EXAMPLE: &'static str = r##"{
        "limits": [{"requests": 100, "per": "1m"}]
    }"##;

    fn summary(&self) -> String {
        let limits: Vec<_> = self.limits.iter().map(Limit::in_words).collect();
        let key = match self.key.trim() {
            "" => String::new(),
            key => format!(", counted per {}", key_in_words(key)),
        };
        format!("{}{key}", limits.join(" and "))
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        for (n, limit) in self.limits.iter().enumerate() {
            if limit.per.0 == 0 || limit.per > MAX_WINDOW {
                faults.add(
                    format!("limits[{n}].per"),
                    format!("is from 1ms to {MAX_WINDOW}, this is {}", limit.per),
                );
            }
        }
        let key = match self.key.trim() {
            "" => None,
            text => faults.take("key", parse_key(text)),
        };
        faults.into_result()?;
        Ok(Box::new(Limited {
            quotas: self
                .limits
                .iter()
                .map(|limit| Quota { requests: limit.requests, per: limit.per.duration() })
                .collect(),
            key_is_secret: names_a_secret(&self.key),
            key,
            exposes: self.expose_headers,
            windows: env.state(|| Windows::new(MAX_KEYS)),
        }))
    }
}

impl Limit {
    /// `60 calls per 1 min`.
    fn in_words(&self) -> String {
        let per = self.per.to_string();
        let (number, unit) = per.split_at(per.find(|c: char| !c.is_ascii_digit()).unwrap_or(per.len()));
        let unit = if unit == "m" { "min" } else { unit };
        format!("{} {} per {number} {unit}", self.requests, if self.requests == 1 { "call" } else { "calls" })
    }
}

/// `#[attributes.headers['x-user']]` as `x-user header`.
fn key_in_words(key: &str) -> String {
    let named =
        |before: &str| key.strip_prefix(before)?.strip_suffix("']]").filter(|name| !name.contains('\''));
    if let Some(name) = named("#[attributes.headers['") {
        format!("{name} header")
    } else if let Some(name) = named("#[attributes.queryParams['") {
        format!("{name} query parameter")
    } else if key == "#[authentication.clientId]" {
        "client".into()
    } else {
        key.into()
    }
}

fn parse_key(text: &str) -> Result<Expression, String> {
    let expression = Expression::parse(text, Side::Request)?;
    match expression.as_literal() {
        Some(_) => Err("is the same for every call; leave it blank to count all calls together".into()),
        None => Ok(expression),
    }
}

/// True when the values of a key had better not be shown, judged by what it is made of.
fn names_a_secret(key: &str) -> bool {
    const SECRETS: [&str; 7] =
        ["authorization", "cookie", "secret", "token", "password", "api-key", "api_key"];
    let key = key.to_ascii_lowercase();
    SECRETS.iter().any(|word| key.contains(word))
}

struct Limited {
    quotas: Box<[Quota]>,
    key: Option<Expression>,
    key_is_secret: bool,
    exposes: bool,
    windows: Arc<Windows>,
}

/// The tightest count of this call that is to be told, over all policies of this kind.
#[derive(Clone, Copy)]
struct Exposed(Count);

impl Policy for Limited {
    fn asks(&self) -> Unrecorded {
        self.key.as_ref().map(Expression::asks).unwrap_or_default()
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(self.count(request, cx))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(match cx.kept.get::<Exposed>() {
            Some(Exposed(count)) if self.exposes => {
                expose(response, count);
                Step::changed(const { Note::new("told the caller what is left") })
            }
            _ => Step::passed(Note::default()),
        }))
    }
}

impl Limited {
    fn count(&self, request: &Request, cx: &mut Context) -> Decision {
        let (count, note) = {
            let key = self.key_of(request, cx)?;
            let count = self.windows.count(key.as_deref(), &self.quotas, cx.now);
            (count, self.note(key.as_deref(), &count))
        };
        if self.exposes {
            keep_tightest(cx, count);
        }
        if count.admitted {
            Ok(Step::passed(note))
        } else {
            Err(Refusal::of_caller(Reply::rate_limited("Rate limit exceeded", count.reset), note))
        }
    }

    /// The value that this request is counted by; none when it is missing or empty.
    fn key_of<'a>(
        &'a self,
        request: &'a Request,
        cx: &'a Context,
    ) -> Result<Option<Cow<'a, str>>, Box<Refusal>> {
        let Some(key) = &self.key else { return Ok(None) };
        let value = key.evaluate(&Subject::request(request, cx)).map_err(|error| {
            let note = Note::new("the key could not be read: {}").with(error.as_str());
            Refusal::of_failure(Reply::failed("The limit of this call could not be found"), note)
        })?;
        Ok(value.filter(|value| !value.is_empty()))
    }

    fn note(&self, key: Option<&str>, count: &Count) -> Note {
        let shown = match key {
            None => "all together",
            Some(_) if self.key_is_secret => REDACTED,
            Some(key) => start_of(key),
        };
        Note::new("{}: {} of {} left, resets in {}")
            .with(shown)
            .with(count.remaining)
            .with(count.limit)
            .with(Millis(up_to(count.reset, 1)))
    }
}

/// Several policies of this kind may tell; the caller must heed the tightest, and each header can say one thing only.
fn keep_tightest(cx: &mut Context, count: Count) {
    let looser = cx.kept.get::<Exposed>().is_none_or(|Exposed(known)| count.remaining <= known.remaining);
    if looser {
        cx.kept.insert(Exposed(count));
    }
}

/// The vendor's headers, in milliseconds, and beside them those of the IETF draft (`draft-ietf-httpapi-ratelimit-headers`,
/// up to version 07), in seconds.
fn expose(response: &mut Response, count: &Count) {
    const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
    const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
    const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
    const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
    const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
    const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
    let headers = response.headers_mut();
    for (name, value) in [
        (X_LIMIT, count.limit),
        (X_REMAINING, count.remaining),
        (X_RESET, up_to(count.reset, 1)),
        (LIMIT, count.limit),
        (REMAINING, count.remaining),
        (RESET, up_to(count.reset, 1_000)),
    ] {
        headers.insert(name, HeaderValue::from(value));
    }
}

/// A duration in units of so many milliseconds, rounded up: after that long the window is over.
fn up_to(duration: Duration, unit_ms: u64) -> u64 {
    let units = duration.as_nanos().div_ceil(u128::from(unit_ms) * 1_000_000);
    u64::try_from(units).unwrap_or(u64::MAX)
}

/// Enough of a key to recognise it, however long it is.
fn start_of(key: &str) -> &str {
    const SHOWN: usize = 64;
    key.char_indices().nth(SHOWN).map_or(key, |(end, _)| &key[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Trial, call};
    use serde_json::json;

    fn trial(config: serde_json::Value) -> Trial {
        Trial::of("rate-limiting", config)
    }

    fn five_a_minute() -> Trial {
        trial(json!({"limits": [{"requests": 5, "per": "1m"}]}))
    }

    #[test]
    fn refuses_the_sixth_call_in_a_minute() {
        let trial = five_a_minute();
        for n in 0..5 {
            assert_eq!(trial.run(call().at_ms(n * 1_000)).status(), 200);
        }
        let answer = trial.run(call().at_ms(20_500));
        assert_eq!((answer.status(), answer.error()), (429, "Rate limit exceeded"));
        assert_eq!(answer.header("retry-after"), Some("40"));
        assert!(answer.sent_upstream().is_none());
        assert_eq!(trial.run(call().at_ms(59_999)).status(), 429);
        assert_eq!(trial.run(call().at_ms(60_000)).status(), 200);
    }

    #[test]
    fn says_in_the_trail_what_is_left() {
        let trial = trial(
            json!({"limits": [{"requests": 100, "per": "1m"}], "key": "#[attributes.headers['x-user']]"}),
        );
        assert_eq!(
            trial.run(call().header("x-user", "u-1")).notes()[0],
            "u-1: 99 of 100 left, resets in 60 s"
        );
        assert_eq!(trial.run(call()).notes()[0], "all together: 99 of 100 left, resets in 60 s");
    }

    #[test]
    fn a_key_that_is_a_secret_does_not_reach_the_trail() {
        let trial = trial(
            json!({"limits": [{"requests": 9, "per": "1m"}], "key": "#[attributes.headers['X-API-Key']]"}),
        );
        let answer = trial.run(call().header("x-api-key", "s3cret"));
        assert_eq!(answer.notes()[0], format!("{REDACTED}: 8 of 9 left, resets in 60 s"));
    }

    #[test]
    fn each_key_has_its_own_count_and_calls_without_one_share_theirs() {
        let trial = trial(
            json!({"limits": [{"requests": 1, "per": "1m"}], "key": "#[attributes.headers['x-user']]"}),
        );
        let status = |call| trial.run(call).status();
        assert_eq!(status(call().header("x-user", "a")), 200);
        assert_eq!(status(call().header("x-user", "b")), 200);
        assert_eq!(status(call().header("x-user", "a")), 429);
        assert_eq!(status(call()), 200);
        assert_eq!(status(call().header("x-user", "")), 429);
    }

    #[test]
    fn a_key_that_cannot_be_read_never_lets_pass() {
        let trial = trial(
            json!({"limits": [{"requests": 1, "per": "1m"}], "key": "#[1 / sizeOf(attributes.queryString)]"}),
        );
        let answer = trial.run(call());
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (500, true));
    }

    #[test]
    fn exposes_the_tightest_limit_on_success_and_refusal() {
        let trial = trial(json!({
            "limits": [{"requests": 2, "per": "1500ms"}, {"requests": 100, "per": "1h"}], "expose_headers": true,
        }));
        let headers = |answer: &crate::tests::Answer| {
            ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
                .into_iter()
                .chain(["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"])
                .map(|name| answer.header(name).unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        let first = trial.run(call().at_ms(0));
        assert_eq!(headers(&first), ["2", "1", "1500", "2", "1", "2"]);
        trial.run(call().at_ms(0));
        let refused = trial.run(call().at_ms(600));
        assert_eq!((refused.status(), refused.header("retry-after")), (429, Some("1")));
        assert_eq!(headers(&refused), ["2", "0", "900", "2", "0", "1"]);
    }

    #[test]
    fn says_nothing_in_headers_unless_asked_to() {
        let answer = five_a_minute().run(call());
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("ratelimit-limit")), (None, None));
    }

    #[test]
    fn two_policies_expose_the_tighter_one() {
        let exposing =
            |requests| json!({"limits": [{"requests": requests, "per": "1m"}], "expose_headers": true});
        for (outer, inner) in [(3, 7), (7, 3)] {
            let trial = trial(exposing(outer)).and("rate-limiting", exposing(inner));
            assert_eq!(trial.run(call()).header("x-ratelimit-limit"), Some("3"));
        }
    }

    #[test]
    fn counts_survive_a_save_that_leaves_the_configuration_alone() {
        let trial = trial(json!({"limits": [{"requests": 1, "per": "1m"}]}));
        assert_eq!(trial.run(call()).status(), 200);
        let saved = trial.saved_again();
        assert_eq!(saved.run(call()).status(), 429);
    }

    #[test]
    fn finds_every_fault_at_once() {
        let config =
            json!({"limits": [{"requests": 1, "per": "0s"}, {"requests": 1, "per": "400d"}], "key": "#[x]"});
        assert_eq!(Trial::faults("rate-limiting", &config), ["limits[0].per", "limits[1].per", "key"]);
        assert_eq!(Trial::faults("rate-limiting", &json!({"limits": []})), ["limits"]);
        let config = json!({"limits": [{"requests": 0, "per": "1m"}]});
        assert_eq!(Trial::faults("rate-limiting", &config), ["limits[0].requests"]);
        let config = json!({"limits": [{"requests": 1, "per": "1m"}], "key": "x-user"});
        assert_eq!(Trial::faults("rate-limiting", &config), ["key"]);
    }

    #[test]
    fn the_summary_reads_as_a_sentence() {
        let kind = crate::kind("rate-limiting").expect("listed");
        let summary = |config| kind.summary(&config).expect("valid");
        assert_eq!(
            summary(
                json!({"limits": [{"requests": 60, "per": "1m"}], "key": "#[attributes.headers['x-user']]"})
            ),
            "60 calls per 1 min, counted per x-user header"
        );
        assert_eq!(
            summary(json!({"limits": [{"requests": 1, "per": "1s"}, {"requests": 9, "per": "24h"}]})),
            "1 call per 1 s and 9 calls per 1 d"
        );
        // The vendor's milliseconds paste over.
        assert_eq!(summary(json!({"limits": [{"requests": 2, "per": 60000}]})), "2 calls per 1 min");
    }
}
