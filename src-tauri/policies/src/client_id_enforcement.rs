//! Client ID enforcement: only known client apps with an approved contract may call.

use std::borrow::Cow;
use std::sync::Arc;

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Expression, KnownClient, Policy, PolicyConfig, Reads, Refusal,
    Reply, Request, Side, Step, Subject, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::basic::{Pair, sent};
use crate::conformance::{Conforms, Table, answer, same};
use crate::jwt::start_of;

/// # Client ID enforcement
///
/// Lets only known client apps with an approved contract call the API.
///
/// A caller sends the client ID and the secret of one of its credentials, by default in the headers `client_id` and
/// `client_secret`. It is let through when the secret is right and its client app has an approved contract with this
/// API.
///
/// | What the caller sent | Answer |
/// |---|---|
/// | no client ID | 401, `Client ID is not present` |
/// | an unknown or expired client ID, a wrong or missing secret, or no approved contract | 401, `Invalid client ID or secret` |
///
/// They can come elsewhere too: in query parameters (`#[attributes.queryParams['client_id']]`), in a JSON body
/// (`#[payload.client_id]`), or as HTTP Basic authentication. A body is read where an expression asks for it, up to
/// 1 MiB; a longer one is answered 413, and one that streams has no client ID.
///
/// A client app may have several credentials. Each can have a day on which it ends, and a secret that is rotated stays
/// of use for a while beside the new one: the trail says which calls still bring the old one.
///
/// The answers do not tell an unknown client ID from a wrong secret, so nobody can find out which client IDs exist.
/// The call's trail says which it was.
///
/// Policies below this one can use `#[authentication.clientId]` and `#[authentication.clientName]`, for example to
/// count calls per client. A client app whose secret is right is shown with its calls even when it has no contract.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientIdEnforcement {
    /// Where the caller puts its client ID and secret.
    credentials_origin: CredentialsOrigin,
    /// Gives the client ID. Used with `custom_expression` only.
    #[schemars(extend("format" = "expression"), example = "#[attributes.queryParams['client_id']]")]
    client_id_expression: String,
    /// Gives the secret. Leave it blank to check the client ID alone. Used with `custom_expression` only.
    #[schemars(extend("format" = "expression"), example = "#[attributes.queryParams['client_secret']]")]
    client_secret_expression: String,
}

/// Where the caller puts its client ID and secret.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum CredentialsOrigin {
    /// Where the two expressions say, such as headers or query parameters.
    CustomExpression,
    /// In the `Authorization` header, as HTTP Basic authentication: the client ID is the user name.
    HttpBasicAuthenticationHeader,
}

impl Default for ClientIdEnforcement {
    fn default() -> Self {
        Self {
            credentials_origin: CredentialsOrigin::CustomExpression,
            client_id_expression: "#[attributes.headers['client_id']]".into(),
            client_secret_expression: "#[attributes.headers['client_secret']]".into(),
        }
    }
}

impl Conforms for ClientIdEnforcement {
    const TABLE: Table = Table {
        vendor: "client-id-enforcement",
        parameters: &[
            same("credentialsOriginHasHttpBasicAuthenticationHeader", "credentials_origin"),
            same("clientIdExpression", "client_id_expression"),
            same("clientSecretExpression", "client_secret_expression"),
        ],
        answers: &[
            answer(401, "www-authenticate", "a_missing_client_id_is_challenged"),
            answer(401, "www-authenticate", "the_answer_does_not_say_what_was_wrong_and_the_trail_does"),
            answer(401, "www-authenticate", "reads_http_basic_credentials"),
            answer(401, "www-authenticate", "a_credential_is_taken_until_it_expires"),
            answer(413, "", "a_body_over_the_limit_is_refused_unread"),
            answer(500, "", "an_expression_that_fails_never_lets_pass"),
        ],
    };
}

impl PolicyConfig for ClientIdEnforcement {
    const NAME: &'static str = "client-id-enforcement";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r##"{
        "credentials_origin": "custom_expression",
        "client_id_expression": "#[attributes.headers['client_id']]",
        "client_secret_expression": "#[attributes.headers['client_secret']]"
    }"##;

    fn summary(&self) -> String {
        match self.credentials_origin {
            CredentialsOrigin::HttpBasicAuthenticationHeader => "client ID and secret as HTTP Basic".into(),
            CredentialsOrigin::CustomExpression if self.client_secret_expression.trim().is_empty() => {
                format!("client ID alone, from {}", self.client_id_expression)
            }
            CredentialsOrigin::CustomExpression => {
                format!("client ID and secret, from {}", self.client_id_expression)
            }
        }
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        if self.credentials_origin == CredentialsOrigin::HttpBasicAuthenticationHeader {
            return Ok(Box::new(Enforced { origin: Origin::Basic }));
        }
        let mut faults = Faults::new();
        let id = faults.take("client_id_expression", parse(&self.client_id_expression));
        let secret = match self.client_secret_expression.trim() {
            "" => None,
            text => faults.take("client_secret_expression", parse(text)),
        };
        match id.filter(|_| faults.is_empty()) {
            Some(id) => Ok(Box::new(Enforced { origin: Origin::Expressions { id, secret } })),
            None => Err(faults.into_vec()),
        }
    }
}

/// An expression that can differ from call to call: a fixed text would make every caller the same client.
fn parse(text: &str) -> Result<Expression, String> {
    let expression = Expression::parse_with_payload(text.trim(), Side::Request)?;
    match expression.as_literal() {
        Some(_) => {
            Err("is the same for every call; write an expression such as #[attributes.headers['x']]".into())
        }
        None => Ok(expression),
    }
}

struct Enforced {
    origin: Origin,
}

enum Origin {
    Basic,
    /// No secret means that the client ID alone is checked.
    Expressions {
        id: Expression,
        secret: Option<Expression>,
    },
}

/// Whose secret was right.
struct Known {
    client: Arc<KnownClient>,
    client_id: Arc<str>,
    /// The secret was the one before the last.
    is_previous: bool,
}

/// What the caller sent.
struct Presented<'a> {
    id: Cow<'a, str>,
    secret: Secret<'a>,
}

enum Secret<'a> {
    NotAsked,
    Sent(Cow<'a, str>),
    Missing,
}

/// Most bytes of a body with a client ID in it.
const MAX_BODY: usize = 1024 * 1024;

impl Policy for Enforced {
    fn reads(&self) -> Reads {
        match &self.origin {
            Origin::Expressions { id, secret }
                if id.reads_payload() || secret.as_ref().is_some_and(Expression::reads_payload) =>
            {
                Reads::request(MAX_BODY)
            }
            _ => Reads::default(),
        }
    }

    fn asks(&self) -> Unrecorded {
        match &self.origin {
            Origin::Basic => Unrecorded::SECRETS,
            Origin::Expressions { id, secret } => {
                id.asks().and(secret.as_ref().map(Expression::asks).unwrap_or_default())
            }
        }
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let authenticated = self.origin.authenticate(request, cx);
        Verdict::Now(authenticated.and_then(|caller| self.admit(caller, cx)))
    }
}

impl Enforced {
    /// Notes who calls, then asks for a contract: the operator sees who it was even when there is none.
    fn admit(&self, caller: Known, cx: &mut Context) -> Decision {
        let approved = caller.client.may_call(cx.api);
        let name = Arc::clone(&caller.client.name);
        cx.identity.client_app = Some(caller.client.id);
        cx.identity.client_name = Some(name.clone());
        cx.identity.client_id = Some(caller.client_id);
        if approved {
            let note = match caller.is_previous {
                false => Note::new("{}, by an approved contract"),
                true => Note::new("{}, by an approved contract, with the secret before the last"),
            };
            Ok(Step::passed(note.with(name)))
        } else {
            Err(self.origin.invalid(Note::new("{} has no approved contract with this API").with(name)))
        }
    }
}

impl Origin {
    /// Who calls, when the secret is right. Takes the same work for an unknown client ID as for a known one.
    fn authenticate(&self, request: &Request, cx: &Context) -> Result<Known, Box<Refusal>> {
        let Presented { id, secret } = self.presented(request, cx)?;
        let known = cx.clients().credential(&id);
        let expected = known.map_or(&[0; 32], |known| &known.secret_hash);
        let previous = known.and_then(|known| known.previous_hash(cx.wall_us));
        let (is_right, is_previous) = match &secret {
            Secret::NotAsked => (true, false),
            Secret::Sent(secret) => {
                let sent = Sha256::digest(secret.as_bytes());
                let is_previous = sent.ct_eq(previous.unwrap_or(&[0; 32]));
                ((sent.ct_eq(expected) | is_previous).into(), is_previous.into())
            }
            Secret::Missing => (false, false),
        };
        match known {
            Some(known) if is_right && known.has_expired(cx.wall_us) => {
                Err(self.invalid(Note::new("client ID {} has expired").with(start_of(&id))))
            }
            Some(known) if is_right => Ok(Known {
                client: Arc::clone(&known.client),
                client_id: id.into_owned().into(),
                is_previous,
            }),
            Some(_) if matches!(secret, Secret::Missing) => {
                Err(self.invalid(Note::new("no secret came with client ID {}").with(start_of(&id))))
            }
            Some(_) => Err(self.invalid(Note::new("wrong secret for client ID {}").with(start_of(&id)))),
            None => Err(self.invalid(Note::new("unknown client ID {}").with(start_of(&id)))),
        }
    }

    fn presented<'a>(&'a self, request: &'a Request, cx: &'a Context) -> Result<Presented<'a>, Box<Refusal>> {
        let absent = |note| {
            let reply = Reply::unauthorized("Client ID is not present", self.challenge());
            Refusal::of_caller(reply, note)
        };
        let presented = match self {
            Self::Basic => {
                sent(request).map_err(|flaw| absent(Note::new("malformed: {}").with(flaw)))?.map(of_pair)
            }
            Self::Expressions { id, secret } => {
                let subject = Subject::request(request, cx);
                let read = |expression: &'a Expression| {
                    expression.evaluate(&subject).map_err(|error| unreadable(&error))
                };
                let secret = match secret {
                    None => Secret::NotAsked,
                    Some(secret) => read(secret)?.map_or(Secret::Missing, Secret::Sent),
                };
                read(id)?.map(|id| Presented { id, secret })
            }
        };
        let is_there = |presented: &Presented<'_>| !presented.id.is_empty();
        presented.filter(is_there).ok_or_else(|| absent(const { Note::new("no client ID") }))
    }

    fn invalid(&self, note: Note) -> Box<Refusal> {
        Refusal::of_caller(Reply::unauthorized("Invalid client ID or secret", self.challenge()), note)
    }

    const fn challenge(&self) -> &'static str {
        match self {
            Self::Basic => "Basic realm=\"mule-realm\"",
            Self::Expressions { .. } => "Client-ID-Enforcement",
        }
    }
}

fn unreadable(error: &str) -> Box<Refusal> {
    let note = Note::new("the client ID could not be read: {}").with(error);
    Refusal::of_failure(Reply::failed("The client ID could not be read"), note)
}

/// The pair of HTTP Basic authentication as a client ID and its secret.
fn of_pair(Pair { user, password }: Pair) -> Presented<'static> {
    Presented { id: user.into(), secret: Secret::Sent(password.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Trial, call};
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use gatepost_model::PreviousSecret;
    use http::header::WWW_AUTHENTICATE;
    use serde_json::json;

    fn trial(config: serde_json::Value) -> Trial {
        Trial::of("client-id-enforcement", config).with_client("my-app", "s3cret", true).with_client(
            "no-contract",
            "other",
            false,
        )
    }

    #[test]
    fn lets_a_client_app_with_the_right_secret_and_a_contract_pass() {
        let answer =
            trial(json!({})).run(call().header("client_id", "my-app").header("client_secret", "s3cret"));
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.client_name(), Some("App of my-app"));
    }

    #[test]
    fn a_missing_client_id_is_challenged() {
        for call in [call(), call().header("client_id", ""), call().header("client_secret", "s3cret")] {
            let answer = trial(json!({})).run(call);
            assert_eq!(answer.status(), 401);
            assert_eq!(answer.header(WWW_AUTHENTICATE), Some("Client-ID-Enforcement"));
            assert_eq!(answer.error(), "Client ID is not present");
            assert!(answer.sent_upstream().is_none());
        }
    }

    #[test]
    fn the_answer_does_not_say_what_was_wrong_and_the_trail_does() {
        let trial = trial(json!({}));
        let cases = [
            ("nobody", Some("s3cret"), "unknown client ID nobody"),
            ("my-app", Some("S3cret"), "wrong secret for client ID my-app"),
            ("my-app", Some(""), "wrong secret for client ID my-app"),
            ("my-app", None, "no secret came with client ID my-app"),
            ("no-contract", Some("other"), "App of no-contract has no approved contract with this API"),
        ];
        for (id, secret, note) in cases {
            let mut call = call().header("client_id", id);
            if let Some(secret) = secret {
                call = call.header("client_secret", secret);
            }
            let answer = trial.run(call);
            assert_eq!((answer.status(), answer.error()), (401, "Invalid client ID or secret"), "{note}");
            assert_eq!(answer.notes(), [note]);
        }
    }

    #[test]
    fn identity_is_known_only_once_the_secret_is_right() {
        let trial = trial(json!({}));
        let wrong = trial.run(call().header("client_id", "my-app").header("client_secret", "guess"));
        assert_eq!(wrong.client_name(), None);
        let no_contract =
            trial.run(call().header("client_id", "no-contract").header("client_secret", "other"));
        assert_eq!(no_contract.client_name(), Some("App of no-contract"));
    }

    #[test]
    fn a_blank_secret_expression_checks_the_client_id_alone() {
        let trial = trial(json!({"client_secret_expression": " "}));
        assert_eq!(trial.run(call().header("client_id", "my-app")).status(), 200);
        assert_eq!(trial.run(call().header("client_id", "nobody")).status(), 401);
    }

    #[test]
    fn a_credential_is_taken_until_it_expires() {
        let trial = trial(json!({})).with_client("mortal", "m", true);
        let trial = trial.with_credential(|credential| credential.expires_at = Some(1_000_000));
        let at = |seconds, secret| {
            trial.run(call().header("client_id", "mortal").header("client_secret", secret).at_epoch(seconds))
        };
        assert_eq!(at(999, "m").status(), 200);
        let late = at(1_000, "m");
        assert_eq!((late.status(), late.error()), (401, "Invalid client ID or secret"));
        assert_eq!(
            (late.notes(), late.client_name()),
            (vec!["client ID mortal has expired".to_owned()], None)
        );
        assert_eq!(at(1_000, "x").notes(), ["wrong secret for client ID mortal"]);
    }

    #[test]
    fn an_expired_client_id_is_refused_without_a_secret_too() {
        let trial = trial(json!({"client_secret_expression": ""})).with_client("mortal", "m", true);
        let trial = trial.with_credential(|credential| credential.expires_at = Some(1_000));
        assert_eq!(trial.run(call().header("client_id", "mortal")).status(), 200);
        assert_eq!(trial.run(call().header("client_id", "mortal").at_epoch(1)).status(), 401);
    }

    #[test]
    fn a_rotated_secret_is_taken_beside_the_new_one_until_its_time_is_over() {
        let trial = trial(json!({})).with_client("rotated", "new", true);
        let hash = Sha256::digest("old").into();
        let previous = PreviousSecret { hash, hint: String::new(), until: 60_000 };
        let trial = trial.with_credential(|credential| credential.previous = Some(previous));
        let at = |seconds, secret| {
            trial.run(call().header("client_id", "rotated").header("client_secret", secret).at_epoch(seconds))
        };
        assert_eq!((at(59, "new").status(), at(60, "new").status()), (200, 200));
        let old = at(59, "old");
        let note = "App of rotated, by an approved contract, with the secret before the last";
        assert_eq!((old.status(), old.notes()), (200, vec![note.to_owned()]));
        assert_eq!((at(60, "old").status(), at(59, "older").status()), (401, 401));
    }

    #[test]
    fn reads_http_basic_credentials() {
        let trial = trial(json!({"credentials_origin": "http_basic_authentication_header"}));
        let basic =
            |text: &str| call().header("authorization", &format!("basic {}", BASE64_STANDARD.encode(text)));
        assert_eq!(trial.run(basic("my-app:s3cret")).status(), 200);
        assert_eq!(trial.run(basic("my-app:s3cret:more")).error(), "Invalid client ID or secret");
        for call in [basic("my-app"), basic(":s3cret"), call().header("authorization", "Basic ???"), call()] {
            let answer = trial.run(call);
            assert_eq!(answer.error(), "Client ID is not present");
            assert_eq!(answer.header(WWW_AUTHENTICATE), Some("Basic realm=\"mule-realm\""));
        }
    }

    #[test]
    fn takes_credentials_from_the_query_too() {
        let trial = trial(json!({
            "client_id_expression": "#[attributes.queryParams['id']]",
            "client_secret_expression": "#[attributes.queryParams['secret']]",
        }));
        assert_eq!(trial.run(call().target("/posts?id=my-app&secret=s3cret")).status(), 200);
    }

    #[test]
    fn takes_credentials_from_a_json_body_and_sends_it_on() {
        let trial = trial(json!({
            "client_id_expression": "#[payload.client_id]",
            "client_secret_expression": "#[payload.auth.secret]",
        }));
        let body = r#"{"client_id": "my-app", "auth": {"secret": "s3cret"}, "more": [1]}"#;
        let answer = trial.run(call().body("application/json", body));
        assert_eq!((answer.status(), answer.client_name()), (200, Some("App of my-app")));
        assert_eq!(answer.body_sent_upstream().expect("sent"), body);
        let zipped = trial.run(call().gzipped_body("application/json", body.as_bytes()));
        assert_eq!(zipped.status(), 200);
        let wrong = body.replace("s3cret", "guess");
        let cases = [
            (wrong.as_str(), "Invalid client ID or secret"),
            ("{}", "Client ID is not present"),
            ("{", "Client ID is not present"),
        ];
        for (body, error) in cases {
            let answer = trial.run(call().body("application/json", body.to_owned()));
            assert_eq!(
                (answer.status(), answer.error(), answer.sent_upstream().is_none()),
                (401, error, true),
                "{body}"
            );
        }
        assert_eq!(trial.run(call()).error(), "Client ID is not present");
    }

    #[test]
    fn a_body_over_the_limit_is_refused_unread() {
        let trial =
            trial(json!({"client_id_expression": "#[payload.client_id]", "client_secret_expression": ""}));
        let mut body = br#"{"client_id": "my-app", "more": ""#.to_vec();
        body.resize(MAX_BODY + 1, b'x');
        assert_eq!(trial.run(call().body("application/json", body)).status(), 413);
    }

    #[test]
    fn an_expression_that_fails_never_lets_pass() {
        let trial = trial(json!({"client_id_expression": "#[1 / sizeOf(attributes.headers['x-none'])]"}));
        let answer = trial.run(call().header("client_secret", "s3cret"));
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (500, true));
    }

    #[test]
    fn refuses_expressions_that_cannot_work_all_at_once() {
        let faults = Trial::faults(
            "client-id-enforcement",
            &json!({"client_id_expression": "client_id", "client_secret_expression": "#[payload."}),
        );
        assert_eq!(faults, ["client_id_expression", "client_secret_expression"]);
        assert_eq!(
            Trial::faults("client-id-enforcement", &json!({"client_id_expression": ""})),
            ["client_id_expression"]
        );
    }
}
