//! Header injection: adds headers to requests and responses.

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Expression, Policy, PolicyConfig, Refusal, Reply, Request,
    Response, Side, Step, Subject, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::conformance::{Conforms, Table, answer, differs};

/// # Header injection
///
/// Adds headers to the request before it reaches the upstream, and to the response before it reaches the caller.
///
/// A value is a text, an expression, or both: `Bearer #[attributes.headers['x-token']]`. Request headers are made
/// from the request; response headers from the response, whose status is `#[attributes.statusCode]`.
///
/// A header that is there already stays, and the new one is added beside it. `content-type`,
/// `access-control-allow-origin` and `authorization` can be there only once, so the new one takes the place of the
/// old. An expression without a value, such as that of a header that did not come, adds nothing.
///
/// When an expression fails, or gives what no header can hold (line breaks, or more than 8,192 bytes), the answer is
/// 500 and nothing is sent.
///
/// Headers that say where a message begins, ends and goes, such as `content-length`, `transfer-encoding`, `connection`
/// and `host`, cannot be set: the gateway and the upstream would no longer see the same request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderInjection {
    /// Headers added to the request.
    #[serde(default)]
    #[schemars(length(max = 50))]
    inbound_headers: Vec<Header>,
    /// Headers added to the response.
    #[serde(default)]
    #[schemars(length(max = 50))]
    outbound_headers: Vec<Header>,
}

/// A header to add.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Header {
    /// The header's name.
    #[schemars(length(min = 1, max = 128), example = "x-caller")]
    key: String,
    /// The header's value: a text, an expression, or both.
    #[schemars(extend("format" = "expression"), example = "#[authentication.clientName]")]
    value: String,
}

/// Longest value that an expression may give, in bytes.
const MAX_VALUE: usize = 8_192;

/// Headers of one connection (RFC 9110, 7.6.1) or about where a message ends (RFC 9112, 6), the host, which chose the
/// API, and the request's ID, which the gateway sets itself.
const REFUSED: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

/// Headers that can be there only once.
const REPLACED: [HeaderName; 3] = [ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE];

impl Conforms for HeaderInjection {
    const TABLE: Table = Table {
        vendor: "header-injection-flex",
        parameters: &[
            differs(
                "inboundHeaders",
                "inbound_headers",
                "those of a connection, and `host`, are refused when saved",
            ),
            differs(
                "outboundHeaders",
                "outbound_headers",
                "`content-length` and `transfer-encoding` are refused when saved",
            ),
        ],
        answers: &[
            answer(500, "", "a_value_without_measure_is_refused"),
            answer(500, "", "a_response_header_that_cannot_be_made_answers_500"),
        ],
    };
}

impl PolicyConfig for HeaderInjection {
    const NAME: &'static str = "header-injection";
    const CATEGORY: Category = Category::Transformation;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const EXAMPLE: &'static str = r##"{
        "inbound_headers": [{"key": "x-caller", "value": "#[authentication.clientName default 'nobody']"}],
        "outbound_headers": [{"key": "x-served-by", "value": "gatepost"}]
    }"##;

    fn summary(&self) -> String {
        let names = |headers: &[Header], to: &str| match headers {
            [] => None,
            headers => {
                let names: Vec<_> = headers.iter().map(|header| header.key.as_str()).collect();
                Some(format!("{} to {to}", names.join(", ")))
            }
        };
        let parts = [names(&self.inbound_headers, "requests"), names(&self.outbound_headers, "responses")];
        format!("adds {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        if self.inbound_headers.is_empty() && self.outbound_headers.is_empty() {
            faults.add("", "needs a header in inbound_headers or outbound_headers");
        }
        let injected = Injected {
            inbound: Injection::all(&self.inbound_headers, "inbound_headers", Side::Request, &mut faults),
            outbound: Injection::all(&self.outbound_headers, "outbound_headers", Side::Response, &mut faults),
        };
        faults.into_result()?;
        Ok(Box::new(injected))
    }
}

struct Injected {
    inbound: Vec<Injection>,
    outbound: Vec<Injection>,
}

struct Injection {
    name: HeaderName,
    value: Value,
}

enum Value {
    Fixed(HeaderValue),
    Made(Expression),
}

impl Injection {
    /// Those without a fault; each fault goes to `faults`.
    fn all(headers: &[Header], list: &str, side: Side, faults: &mut Faults) -> Vec<Self> {
        let compiled = headers.iter().enumerate().filter_map(|(n, header)| {
            let name = faults.take(&format!("{list}[{n}].key"), name(&header.key));
            let value = faults.take(&format!("{list}[{n}].value"), Value::parse(&header.value, side));
            Some(Self { name: name?, value: value? })
        });
        compiled.collect()
    }

    fn asks(&self) -> Unrecorded {
        match &self.value {
            Value::Fixed(_) => Unrecorded::NOTHING,
            Value::Made(expression) => expression.asks(),
        }
    }

    /// The value; none when it is missing.
    fn value(&self, subject: &Subject<'_>) -> Result<Option<HeaderValue>, String> {
        match &self.value {
            Value::Fixed(value) => Ok(Some(value.clone())),
            Value::Made(expression) => {
                expression.evaluate(subject)?.map(|text| header_value(&text)).transpose()
            }
        }
    }
}

impl Value {
    fn parse(text: &str, side: Side) -> Result<Self, String> {
        let expression = Expression::parse(text, side)?;
        match expression.as_literal() {
            Some(text) => header_value(text).map(Self::Fixed),
            None => Ok(Self::Made(expression)),
        }
    }
}

/// Whether it cannot be set.
pub(crate) fn is_refused(name: &HeaderName) -> bool {
    REFUSED.contains(&name.as_str())
}

/// A header that may be set.
pub(crate) fn name(text: &str) -> Result<HeaderName, String> {
    let name: HeaderName = text.parse().map_err(|_| format!("`{text}` is not a header name"))?;
    if is_refused(&name) {
        return Err(format!(
            "{name} cannot be set: it says where a message begins, ends or goes, or which call it is, and the gateway \
             and the upstream must agree on that"
        ));
    }
    Ok(name)
}

/// What a header can hold.
pub(crate) fn header_value(text: &str) -> Result<HeaderValue, String> {
    if text.len() > MAX_VALUE {
        return Err(format!("longer than {MAX_VALUE} bytes"));
    }
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| "has a line break or another control character".into())
}

impl Policy for Injected {
    fn asks(&self) -> Unrecorded {
        self.inbound.iter().chain(&self.outbound).map(Injection::asks).collect()
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let made = make(&self.inbound, &Subject::request(request, cx));
        Verdict::Now(made.and_then(|made| inject(made, request.headers_mut())))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, cx: &'a mut Context) -> Verdict<'a> {
        let made = make(&self.outbound, &Subject::response(response, cx));
        Verdict::Now(made.and_then(|made| inject(made, response.headers_mut())))
    }
}

type Made<'a> = Vec<(&'a HeaderName, HeaderValue)>;

/// Makes every value before any header changes: expressions see the message as it came.
fn make<'a>(injections: &'a [Injection], subject: &Subject<'_>) -> Result<Made<'a>, Box<Refusal>> {
    let mut made = Vec::with_capacity(injections.len());
    for injection in injections {
        match injection.value(subject) {
            Ok(Some(value)) => made.push((&injection.name, value)),
            Ok(None) => {}
            Err(why) => {
                let note =
                    Note::new("{} could not be made: {}").with(injection.name.as_str()).with(why.as_str());
                return Err(Refusal::of_failure(Reply::failed("A header could not be made"), note));
            }
        }
    }
    Ok(made)
}

fn inject(made: Made<'_>, headers: &mut HeaderMap) -> Decision {
    if made.is_empty() {
        return Ok(Step::passed(Note::default()));
    }
    let count = made.len() as u64;
    for (name, value) in made {
        if REPLACED.contains(name) {
            headers.insert(name, value);
        } else {
            headers.append(name, value);
        }
    }
    Ok(Step::changed(Note::new("headers added: {}").with(count)))
}

#[cfg(test)]
mod tests {
    use crate::tests::{Trial, call};
    use serde_json::json;

    fn inbound(key: &str, value: &str) -> Trial {
        Trial::of("header-injection", json!({"inbound_headers": [{"key": key, "value": value}]}))
    }

    fn outbound(key: &str, value: &str) -> Trial {
        Trial::of("header-injection", json!({"outbound_headers": [{"key": key, "value": value}]}))
    }

    #[test]
    fn adds_texts_and_expressions_to_the_request() {
        let answer = inbound("X-Full", "#[attributes.method] by #[attributes.headers['x-user']]")
            .run(call().header("x-user", "ann"));
        let sent = answer.sent_upstream().expect("sent");
        assert_eq!(sent["x-full"], "GET by ann");
        assert_eq!(answer.notes()[0], "headers added: 1");
    }

    #[test]
    fn adds_beside_what_is_there_but_replaces_what_can_be_there_once() {
        let answer = inbound("x-user", "bob").run(call().header("x-user", "ann"));
        let sent = answer.sent_upstream().expect("sent");
        assert_eq!(sent.get_all("x-user").iter().collect::<Vec<_>>(), ["ann", "bob"]);
        for name in ["content-type", "authorization", "access-control-allow-origin"] {
            let answer = inbound(name, "new").run(call().header(name, "old"));
            let sent = answer.sent_upstream().expect("sent");
            assert_eq!(sent.get_all(name).iter().collect::<Vec<_>>(), ["new"]);
        }
    }

    #[test]
    fn makes_response_headers_from_the_response() {
        let answer =
            outbound("x-status", "was #[attributes.statusCode] from #[attributes.headers['x-backend']]")
                .run(call());
        assert_eq!(answer.header("x-status"), Some("was 200 from one"));
        assert!(answer.sent_upstream().expect("sent").get("x-status").is_none());
    }

    #[test]
    fn answers_of_other_policies_get_response_headers_too() {
        let trial = outbound("x-status", "#[attributes.statusCode]").and("client-id-enforcement", json!({}));
        let answer = trial.run(call());
        assert_eq!((answer.status(), answer.header("x-status")), (401, Some("401")));
    }

    #[test]
    fn a_missing_value_adds_nothing() {
        let answer = inbound("x-copy", "#[attributes.headers['x-none']]").run(call());
        assert!(answer.sent_upstream().expect("sent").get("x-copy").is_none());
    }

    #[test]
    fn line_breaks_from_outside_never_reach_the_wire() {
        let trial = inbound("x-copy", "#[attributes.queryParams['q']]");
        for value in ["a%0d%0aevil:%201", "a%0ab", "a%00b", "%7f"] {
            let answer = trial.run(call().target(&format!("/posts?q={value}")));
            assert_eq!((answer.status(), answer.error()), (500, "A header could not be made"), "{value}");
            assert!(answer.sent_upstream().is_none());
        }
        assert_eq!(trial.run(call().target("/posts?q=caf%c3%a9")).status(), 200);
    }

    #[test]
    fn a_value_without_measure_is_refused() {
        let answer = inbound("x-copy", "#[attributes.queryString]")
            .run(call().target(&format!("/?{}", "q".repeat(8_193))));
        assert_eq!(answer.status(), 500);
    }

    #[test]
    fn a_response_header_that_cannot_be_made_answers_500() {
        let answer = outbound("x-status", "#[attributes.statusCode / 0]").run(call());
        assert_eq!((answer.status(), answer.header("x-backend")), (500, None));
        assert!(answer.sent_upstream().is_some());
    }

    #[test]
    fn refuses_names_that_break_one_parse_one_meaning_all_at_once() {
        let headers: Vec<_> = ["Host", "content-length", "Transfer-Encoding", "connection", "a b", "x:y"]
            .map(|key| json!({"key": key, "value": "x"}))
            .into();
        let faults = Trial::faults("header-injection", &json!({"inbound_headers": headers}));
        assert_eq!(faults, [0, 1, 2, 3, 4, 5].map(|n| format!("inbound_headers[{n}].key")));
    }

    #[test]
    fn refuses_empty_lists_fixed_line_breaks_and_attributes_of_the_other_side() {
        assert_eq!(Trial::faults("header-injection", &json!({})), [""]);
        let config = json!({
            "inbound_headers": [{"key": "a", "value": "x\ny"}, {"key": "b", "value": "#[attributes.statusCode]"}],
            "outbound_headers": [{"key": "c", "value": "#[attributes.method]"}],
        });
        let expected = ["inbound_headers[0].value", "inbound_headers[1].value", "outbound_headers[0].value"];
        assert_eq!(Trial::faults("header-injection", &config), expected);
    }
}
