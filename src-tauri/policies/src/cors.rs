//! CORS: which web pages of other origins may read this API's answers.

mod origin;
mod rules;

use gatepost_gateway::{
    ActsOn, Body, Category, Context, Decision, Env, Place, Policy, PolicyConfig, Refusal, Request, Response,
    Step, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Note};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use self::rules::{Grant, Rules};

use crate::conformance::{Conforms, Table, answer, differs, ours, same};

/// # CORS
///
/// Says to browsers which web pages of other origins may call this API and read its answers.
///
/// It comes before all other policies of the API, whatever the order says, and takes no scope. Every `OPTIONS` request
/// is a preflight: it is answered with 204 here and never reaches other policies or the upstream. Answers of other
/// policies and of the gateway (401, 429, 502) carry the headers too, so that pages can read them. Headers of this
/// kind that the upstream sends are replaced.
///
/// A page that is not allowed gets a normal answer without `Access-Control-Allow-Origin`: its browser hides the answer,
/// while `curl` shows it. The trail says so. CORS keeps answers from web pages; it is no protection against callers.
///
/// A public resource is open to every page, without credentials: preflights are granted what they ask for. Otherwise
/// the origin's group decides; a group that names the origin comes before the group of `*`.
///
/// Different from the vendor on purpose: credentials (cookies, client certificates) go to named origins only, never
/// to `*`, a public resource or `null`, which any page can be; groups beside a public resource are a fault, as
/// they would not be heeded. `allow_private_network` is ours.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Open to every web page, without credentials.
    #[serde(default = "is_public")]
    public_resource: bool,
    /// Lets pages of named origins send cookies and client certificates.
    #[serde(default)]
    support_credentials: bool,
    /// Lets pages from public networks call although this gateway is in a private one.
    #[serde(default)]
    allow_private_network: bool,
    /// What each origin may do, where the resource is not public.
    #[serde(default)]
    #[schemars(length(max = 50))]
    origin_groups: Vec<OriginGroup>,
}

/// Origins that may do the same.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct OriginGroup {
    /// Scheme, host and port, `null`, or `*` alone for every origin.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 300)), example = ["https://shop.example"])]
    origins: Vec<String>,
    /// How many seconds a browser may remember a preflight's answer.
    #[serde(default = "max_age")]
    #[schemars(range(max = 86_400))]
    access_control_max_age: u32,
    /// Methods that pages may use; those not listed are not allowed. Empty allows GET and POST. HEAD goes with GET.
    #[serde(default)]
    #[schemars(length(max = 8))]
    allowed_methods: Vec<AllowedMethod>,
    /// Headers that pages may send beside the ordinary ones, `*` for all.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), example = ["x-client"])]
    headers: Vec<String>,
    /// Headers of answers that pages may read beside the ordinary ones.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), example = ["x-request-id"])]
    exposed_headers: Vec<String>,
}

/// A method and whether it is allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct AllowedMethod {
    /// The method.
    method_name: MethodName,
    /// Whether pages may use it.
    #[serde(default = "is_allowed")]
    is_allowed: bool,
}

/// The method.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
enum MethodName {
    Connect,
    Delete,
    Get,
    Options,
    Patch,
    Post,
    Put,
    Trace,
}

const fn is_public() -> bool {
    true
}

const fn is_allowed() -> bool {
    true
}

/// The vendor's default, in seconds.
const fn max_age() -> u32 {
    30
}

impl Conforms for Cors {
    const TABLE: Table = Table {
        vendor: "cors-flex",
        parameters: &[
            same("publicResource", "public_resource"),
            differs(
                "supportCredentials",
                "support_credentials",
                "never with `*`, a public resource or `null`",
            ),
            ours("allow_private_network", "a gateway on a workstation is in a private network"),
            same("originGroups[].origins", "origin_groups[].origins"),
            same("originGroups[].accessControlMaxAge", "origin_groups[].access_control_max_age"),
            same("originGroups[].allowedMethods", "origin_groups[].allowed_methods"),
            same("originGroups[].headers", "origin_groups[].headers"),
            same("originGroups[].exposedHeaders", "origin_groups[].exposed_headers"),
        ],
        answers: &[
            answer(
                204,
                "access-control-allow-origin",
                "a_public_resource_grants_a_preflight_what_it_asks_for",
            ),
            answer(204, "vary", "every_options_is_answered_here"),
        ],
    };
}

impl PolicyConfig for Cors {
    const NAME: &'static str = "cors";
    const CATEGORY: Category = Category::Compliance;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const PLACE: Place = Place::First;
    const EXAMPLE: &'static str = r#"{
        "public_resource": false,
        "origin_groups": [{
            "origins": ["https://shop.example", "http://localhost:3000"],
            "allowed_methods": [{"method_name": "GET"}, {"method_name": "PUT"}],
            "headers": ["content-type"]
        }]
    }"#;

    fn summary(&self) -> String {
        if self.public_resource {
            return "open to every web page, without credentials".into();
        }
        let origins: Vec<_> = self.origin_groups.iter().flat_map(|group| &group.origins).collect();
        let who = match origins[..] {
            [only] => only.chars().take(50).collect(),
            _ => format!("{} origins", origins.len()),
        };
        format!("open to {who}{}", if self.support_credentials { ", with credentials" } else { "" })
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        Ok(Box::new(Enforced { private_network: self.allow_private_network, rules: Rules::compile(&self)? }))
    }
}

const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// What an answer to a preflight depends on; one depends on the origin alone.
const PREFLIGHT_VARIES: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
);
const VARIES: HeaderValue = HeaderValue::from_static("Origin");
const TRUE: HeaderValue = HeaderValue::from_static("true");

struct Enforced {
    rules: Rules,
    private_network: bool,
}

/// What the first policy of this kind decided. There may be several, and the first one rules.
#[derive(Clone)]
struct Judged {
    by: usize,
    granted: Granted,
}

#[derive(Clone)]
enum Granted {
    /// The answer to a preflight is whole.
    Answered,
    Nothing,
    Reading(Grant),
}

impl Policy for Enforced {
    fn asks(&self) -> Unrecorded {
        Unrecorded::NOTHING
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(self.judge(request, cx))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, cx: &'a mut Context) -> Verdict<'a> {
        let granted = match cx.kept.get::<Judged>() {
            Some(Judged { by, granted }) if *by == self.id() => granted,
            Some(_) => return Verdict::Now(Ok(Step::passed(Note::default()))),
            None => &Granted::Nothing,
        };
        Verdict::Now(Ok(match granted {
            Granted::Answered => Step::passed(Note::default()),
            Granted::Nothing => self.withhold(response.headers_mut()),
            Granted::Reading(grant) => {
                self.withhold(response.headers_mut());
                grant.write(response.headers_mut());
                Step::changed(const { Note::new("told the browser that the page may read it") })
            }
        }))
    }
}

impl Enforced {
    /// Tells policies of this kind apart within a call.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn keep(&self, cx: &mut Context, granted: Granted) {
        cx.kept.insert(Judged { by: self.id(), granted });
    }

    fn judge(&self, request: &Request, cx: &mut Context) -> Decision {
        if cx.kept.get::<Judged>().is_some() {
            return Ok(Step::passed(Note::new("another policy of this kind comes before it and rules")));
        }
        if request.method() == Method::OPTIONS {
            self.keep(cx, Granted::Answered);
            return Err(self.answer_preflight(request));
        }
        match self.rules.grant(request.headers(), request.method().as_str()) {
            None => Ok(Step::passed(const { Note::new("has no Origin: no page of another origin asks") })),
            Some(Ok((grant, note))) => {
                self.keep(cx, Granted::Reading(grant));
                Ok(Step::passed(note))
            }
            Some(Err(note)) => {
                self.keep(cx, Granted::Nothing);
                Ok(Step::passed(note))
            }
        }
    }

    /// Removes what the upstream says on the matter.
    fn withhold(&self, headers: &mut HeaderMap) -> Step {
        let is_cors = |name: &&HeaderName| name.as_str().starts_with("access-control-");
        let theirs: Vec<_> = headers.keys().filter(is_cors).cloned().collect();
        for name in &theirs {
            headers.remove(name);
        }
        if self.rules.depend_on_origin() {
            vary_by_origin(headers);
        }
        if theirs.is_empty() {
            Step::passed(Note::default())
        } else {
            Step::changed(const { Note::new("removed the CORS headers of the upstream") })
        }
    }

    fn answer_preflight(&self, request: &Request) -> Box<Refusal> {
        let asked = request.headers();
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(VARY, PREFLIGHT_VARIES);
        let Some(method) = asked.get(ACCESS_CONTROL_REQUEST_METHOD) else {
            return Refusal::of_answer(response, Note::new("answers OPTIONS, which asks for no method"));
        };
        let note = match self.rules.allowance(asked, method) {
            None => Note::new("answers OPTIONS, which has no Origin"),
            Some(Err(note)) => note,
            Some(Ok(allowance)) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowance.origin);
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, allowance.methods);
                headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(allowance.max_age));
                if let Some(names) = allowance.headers {
                    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
                }
                if allowance.credentials {
                    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
                }
                let wants_private = asked.get(REQUEST_PRIVATE_NETWORK) == Some(&TRUE);
                if wants_private && self.private_network {
                    headers.insert(ALLOW_PRIVATE_NETWORK, TRUE);
                }
                if wants_private && !self.private_network {
                    Note::new("a preflight asks for the private network, which is not allowed")
                } else {
                    allowance.note
                }
            }
        };
        Refusal::of_answer(response, note)
    }
}

impl Grant {
    fn write(&self, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        if let Some(exposed) = &self.exposed {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }
}

/// Beside what the upstream varies by.
fn vary_by_origin(headers: &mut HeaderMap) {
    let names = |value: &HeaderValue| {
        let is_it = |word: &[u8]| word.eq_ignore_ascii_case(b"origin") || word == b"*";
        value.as_bytes().split(|byte| *byte == b',').any(|word| is_it(word.trim_ascii()))
    };
    if !headers.get_all(VARY).iter().any(names) {
        headers.append(VARY, VARIES);
    }
}

/// The names of the request's `Access-Control-Request-Headers`.
fn asked_headers(asked: &HeaderMap) -> Option<&HeaderValue> {
    asked.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests;
