//! Basic authentication: only callers with a known user name and password may call.

use std::sync::Arc;

use gatepost_gateway::{
    ActsOn, Category, Context, Env, Policy, PolicyConfig, Refusal, Request, Secret, Step, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use http::header::AUTHORIZATION;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::basic::{Challenge, DEFAULT_REALM, Pair, sent};
use crate::conformance::{Conforms, Table, answer, ours, same};
use crate::jwt::start_of;

/// # Basic authentication
///
/// Lets only callers with a known user name and password call the API.
///
/// Callers send them as HTTP Basic authentication (RFC 7617), in the `Authorization` header. There is one pair, and
/// there may be a list of more. It is for a few people or programs that are set up by hand; for client apps with
/// contracts and analytics use client ID enforcement, for the accounts of a directory LDAP authentication.
///
/// | The caller sent | Answer |
/// |---|---|
/// | no user name and password | 401 with `WWW-Authenticate: Basic realm="mule-realm", charset="UTF-8"` |
/// | an unknown name, a wrong password, or what is no Basic authentication | the same |
///
/// The answers, and the time they take, do not tell an unknown name from a wrong password. The call's trail does.
/// Policies below this one can use `#[authentication.principal]`, which is the user name. It is no client ID: the call
/// is not counted for any client app.
///
/// Passwords travel readable, so callers should reach the API over HTTPS.
///
/// Where we differ from the vendor on purpose: there can be several users; the realm can be chosen, and the challenge
/// says that names and passwords are UTF-8; the upstream does not get the `Authorization` header unless
/// `forward_authorization` is on, because it has no need to know the password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BasicAuthentication {
    /// The user name, without colons. May be blank where there are `users`.
    #[schemars(length(max = 256), example = &"alice")]
    username: String,
    /// The password. Kept encrypted and not shown again.
    #[schemars(length(max = MAX_PASSWORD))]
    password: Secret,
    /// More users.
    #[schemars(length(max = 100))]
    users: Vec<User>,
    /// What callers are asked in the name of.
    #[schemars(length(min = 1, max = 100), example = &"Orders")]
    realm: String,
    /// Sends the `Authorization` header on to the upstream.
    forward_authorization: bool,
}

/// One more user.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct User {
    /// The user name, without colons.
    #[schemars(length(min = 1, max = 256), example = &"bob")]
    username: String,
    /// The password. Kept encrypted and not shown again.
    #[schemars(length(max = MAX_PASSWORD))]
    password: Secret,
}

/// Longest password, in characters.
const MAX_PASSWORD: usize = 500;

impl Default for BasicAuthentication {
    fn default() -> Self {
        Self {
            username: String::new(),
            password: Secret::default(),
            users: Vec::new(),
            realm: DEFAULT_REALM.into(),
            forward_authorization: false,
        }
    }
}

impl Conforms for BasicAuthentication {
    const TABLE: Table = Table {
        vendor: "http-basic-authentication-flex",
        parameters: &[
            same("username", "username"),
            same("password", "password"),
            ours("users", "one pair is seldom all"),
            ours("realm", "browsers show it, and keep passwords by it"),
            ours("forward_authorization", "off, so that the upstream does not get the password"),
        ],
        answers: &[
            answer(401, "www-authenticate", "who_sends_nothing_or_another_scheme_is_challenged"),
            answer(
                401,
                "www-authenticate",
                "the_answer_does_not_say_what_was_wrong_and_the_trail_does_for_users",
            ),
        ],
    };
}

impl PolicyConfig for BasicAuthentication {
    const NAME: &'static str = "basic-authentication";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{
        "username": "alice",
        "password": "correct horse battery staple",
        "realm": "Orders"
    }"#;

    fn summary(&self) -> String {
        let listed = self.users.len() + usize::from(!self.username.is_empty());
        match (self.users.first(), listed) {
            (None, _) => format!("user {} alone", start_of(&self.username)),
            (Some(user), 1) => format!("user {} alone", start_of(&user.username)),
            _ => format!("{listed} users"),
        }
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let mut users: Vec<Known> = Vec::with_capacity(self.users.len() + 1);
        let first =
            (!self.username.is_empty() || !self.password.expose().is_empty() || self.users.is_empty())
                .then(|| (String::new(), User { username: self.username, password: self.password }));
        let others = self.users.into_iter().enumerate().map(|(n, user)| (format!("users[{n}]."), user));
        for (at, user) in first.into_iter().chain(others) {
            faults.take(&format!("{at}password"), check_text(user.password.expose()));
            let named = faults.take(&format!("{at}username"), check_name(&user.username));
            if named.is_some() && users.iter().any(|known| *known.name == *user.username) {
                faults.add(format!("{at}username"), "is there twice");
            }
            users.push(Known::of(&user));
        }
        let challenge = faults.take("realm", Challenge::of(&self.realm));
        match challenge.filter(|_| faults.is_empty()) {
            Some(challenge) => Ok(Box::new(Enforced {
                users: users.into(),
                challenge,
                forward_authorization: self.forward_authorization,
            })),
            None => Err(faults.into_vec()),
        }
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.contains(':') {
        return Err("must not contain a colon: what follows it would be the password".into());
    }
    check_text(name)
}

/// What RFC 7617 lets a user name and a password be.
fn check_text(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    if text.contains(char::is_control) {
        return Err("must not contain control characters".into());
    }
    Ok(())
}

struct Enforced {
    users: Box<[Known]>,
    challenge: Challenge,
    forward_authorization: bool,
}

struct Known {
    name: Arc<str>,
    /// SHA-256 of `name:password`, which is one text for one pair: names have no colons.
    hash: [u8; 32],
}

impl Known {
    fn of(user: &User) -> Self {
        Self { name: user.username.as_str().into(), hash: hash(&user.username, user.password.expose()) }
    }
}

fn hash(name: &str, password: &str) -> [u8; 32] {
    Sha256::new().chain_update(name).chain_update(":").chain_update(password).finalize().into()
}

impl Policy for Enforced {
    fn asks(&self) -> Unrecorded {
        Unrecorded::SECRETS
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let user = match sent(request) {
            Ok(Some(pair)) => self.user_of(&pair).map_err(|note| self.refused(note)),
            Ok(None) => Err(self.refused(const { Note::new("no user name and password") })),
            Err(flaw) => Err(self.refused(Note::new("malformed: {}").with(flaw))),
        };
        Verdict::Now(user.map(|user| {
            cx.identity.principal = Some(user.clone());
            let note = Note::new("user {}").with(user);
            if self.forward_authorization {
                return Step::passed(note);
            }
            request.headers_mut().remove(AUTHORIZATION);
            Step::changed(note)
        }))
    }
}

impl Enforced {
    /// Compares with every user, however early one is found: time tells nothing.
    fn user_of(&self, pair: &Pair) -> Result<Arc<str>, Note> {
        let sent = hash(&pair.user, &pair.password);
        let (mut found, mut at) = (Choice::from(0), 0_u64);
        for (n, known) in (0_u64..).zip(&self.users) {
            let is_it = known.hash.ct_eq(&sent);
            found |= is_it;
            at.conditional_assign(&n, is_it);
        }
        if let Some(known) = self.users.get(at as usize)
            && bool::from(found)
        {
            return Ok(known.name.clone());
        }
        let is_known = self.users.iter().any(|known| *known.name == *pair.user);
        let note = if is_known { Note::new("wrong password for {}") } else { Note::new("unknown user {}") };
        Err(note.with(start_of(&pair.user)))
    }

    fn refused(&self, note: Note) -> Box<Refusal> {
        Refusal::of_caller(self.challenge.reply("A user name and a password are needed"), note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Answer, Trial, call};
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use http::header::WWW_AUTHENTICATE;
    use serde_json::{Value, json};

    fn with(extra: &Value) -> Trial {
        let mut config = json!({
            "username": "alice", "password": "open: sésame",
            "users": [{"username": "bob", "password": "b"}, {"username": "Jörg", "password": "j"}],
        });
        for (name, value) in extra.as_object().expect("an object") {
            config[name] = value.clone();
        }
        Trial::of("basic-authentication", config)
    }

    fn answer(trial: &Trial, pair: &str) -> Answer {
        trial.run(call().header("authorization", &format!("Basic {}", BASE64_STANDARD.encode(pair))))
    }

    #[test]
    fn lets_every_user_with_the_right_password_pass_and_says_who_it_is() {
        let trial = with(&json!({}));
        for (pair, user) in [("alice:open: sésame", "alice"), ("bob:b", "bob"), ("Jörg:j", "Jörg")] {
            let answer = answer(&trial, pair);
            assert_eq!((answer.status(), answer.identity().principal()), (200, Some(user)));
            assert_eq!(answer.notes(), [format!("user {user}")]);
            assert_eq!((answer.client_name(), answer.identity().client_app), (None, None));
        }
    }

    #[test]
    fn the_answer_does_not_say_what_was_wrong_and_the_trail_does_for_users() {
        let trial = with(&json!({}));
        let cases = [
            ("alice:open", "wrong password for alice"),
            ("alice:", "wrong password for alice"),
            ("alice:b", "wrong password for alice"),
            ("ALICE:open: sésame", "unknown user ALICE"),
            (":b", "unknown user "),
            ("alice", "malformed: no colon"),
        ];
        for (pair, note) in cases {
            let answer = answer(&trial, pair);
            assert_eq!((answer.status(), answer.error()), (401, "A user name and a password are needed"));
            assert_eq!(
                answer.header(WWW_AUTHENTICATE),
                Some("Basic realm=\"mule-realm\", charset=\"UTF-8\"")
            );
            assert_eq!(answer.notes(), [note]);
            assert!(answer.sent_upstream().is_none() && answer.identity().principal().is_none());
        }
    }

    #[test]
    fn who_sends_nothing_or_another_scheme_is_challenged() {
        let trial = with(&json!({"realm": "the \"realm\""}));
        for call in [call(), call().header("authorization", "Bearer x")] {
            let answer = trial.run(call);
            assert_eq!(answer.status(), 401);
            let challenge = answer.header(WWW_AUTHENTICATE);
            assert_eq!(challenge, Some("Basic realm=\"the \\\"realm\\\"\", charset=\"UTF-8\""));
            assert_eq!(answer.notes(), ["no user name and password"]);
        }
    }

    #[test]
    fn the_upstream_gets_the_password_only_where_that_is_asked_for() {
        let reaches = |trial: &Trial| {
            let answer = answer(trial, "bob:b");
            answer.sent_upstream().expect("sent").contains_key(AUTHORIZATION)
        };
        assert!(!reaches(&with(&json!({}))));
        assert!(reaches(&with(&json!({"forward_authorization": true}))));
    }

    #[test]
    fn a_second_authorization_header_is_refused() {
        let twice =
            call().header("authorization", "Basic Ym9iOmI=").header("authorization", "Basic Ym9iOmI=");
        let answer = with(&json!({})).run(twice);
        assert_eq!(
            (answer.status(), answer.notes()),
            (401, vec!["malformed: several Authorization headers".into()])
        );
    }

    #[test]
    fn says_every_fault_at_once() {
        let faults = |config| Trial::faults("basic-authentication", &config);
        assert_eq!(faults(json!({})), ["password", "username"]);
        assert_eq!(
            faults(json!({"username": "a:b", "password": "x\n", "realm": "ö"})),
            ["password", "username", "realm"]
        );
        let users = json!([{"username": "a", "password": ""}, {"username": "a", "password": "x"}]);
        assert_eq!(faults(json!({"users": users})), ["users[0].password", "users[1].username"]);
        assert_eq!(
            faults(json!({"password": "x", "users": [{"username": "a", "password": "x"}]})),
            ["username"]
        );
    }

    #[test]
    fn a_list_alone_is_enough() {
        let trial = Trial::of("basic-authentication", json!({"users": [{"username": "a", "password": "b"}]}));
        assert_eq!((answer(&trial, "a:b").status(), answer(&trial, ":").status()), (200, 401));
    }
}
