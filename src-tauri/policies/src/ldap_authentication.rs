//! LDAP authentication: only callers whose user name and password a directory takes may call.

mod ber;
mod connection;
mod directory;
mod filter;
mod known;
mod message;

use std::sync::Arc;

use gatepost_gateway::{
    ActsOn, Category, Context, Decision, Env, Outbound, OutboundTrust, Policy, PolicyConfig, Refusal, Reply,
    Request, Secret, Step, Verdict,
};
use gatepost_model::{Fault, Faults, Millis, Note};
use http::header::AUTHORIZATION;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::{Host, Url};

use self::connection::{Security, Server};
use self::directory::{Account, Directory, Said};
use self::filter::{Filter, MAX_FILTER};
use self::known::{Known, Seal};
use self::message::{INVALID_CREDENTIALS, Search};
use crate::basic::{Challenge, DEFAULT_REALM, Pair, sent};
use crate::bearer::within;
use crate::conformance::{Conforms, Table, answer, differs, ours, same};
use crate::jwt::start_of;

/// # LDAP authentication
///
/// Lets only callers whose user name and password a directory server takes call the API.
///
/// Callers send them as HTTP Basic authentication (RFC 7617). The gateway binds with its service account, searches
/// for the user, and binds as the entry that it finds. OpenLDAP, Active Directory and others that speak LDAP 3 will do.
///
/// | | Answer |
/// |---|---|
/// | no user name and password, or an empty one | 401 with `WWW-Authenticate: Basic realm="mule-realm", charset="UTF-8"` |
/// | nobody, or more than one, has the name; the password is wrong; the account is locked | the same |
/// | the server cannot be reached, is too slow, or refuses the service account or the search | 503 |
///
/// The answers do not tell one 401 from another. The call's trail does, and gives the server's own words with a 503.
///
/// **The filter** is one of RFC 4515 with `{0}` where the user name goes, such as `(uid={0})`, or for Active Directory
/// `(&(objectClass=user)(sAMAccountName={0}))`. It is parsed when it is saved, and the name of a call is put in as a
/// value: whatever a caller writes, it cannot change what is asked.
///
/// **Later policies** can use `#[authentication.principal]`, the user name as it was sent, and
/// `#[authentication.properties.dn]`, the name of the entry. Directories take `ann` and `ANN` for the same user, so
/// count by the latter. The call is not counted for any client app.
///
/// **Passwords** go to the server as they are, so use `ldaps://` or `start_tls` where it is on another machine. A user
/// whom the server took is remembered for `cache_time_to_live`, by a salted hash and in memory alone: so long a changed
/// password, or an account that was locked, stays of use.
///
/// Where we differ from the vendor on purpose: a server that cannot be asked is a 503, because the caller is not to
/// blame; users are remembered for a minute; StartTLS and authorities of one's own are there; the upstream does not get
/// the `Authorization` header unless `forward_authorization` is on. Pointers to other servers are not followed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["ldap_server_user_dn", "ldap_server_user_password", "ldap_search_base"]))]
pub struct LdapAuthentication {
    /// Where the server is: `ldap://` or `ldaps://`, a host, and a port unless it is 389 or 636.
    #[serde(rename = "ldap_server_url")]
    #[schemars(length(max = 1_000), example = "ldaps://ldap.example.com")]
    server_url: String,
    /// Name of the service account.
    #[serde(rename = "ldap_server_user_dn")]
    #[schemars(length(max = 1_000), example = "cn=gateway,ou=services,dc=example,dc=com")]
    server_user_dn: String,
    /// Password of the service account. Kept encrypted and not shown again.
    #[serde(rename = "ldap_server_user_password")]
    #[schemars(length(max = 500))]
    server_user_password: Secret,
    /// The entry below which users are looked for.
    #[serde(rename = "ldap_search_base")]
    #[schemars(length(max = 1_000), example = "ou=people,dc=example,dc=com")]
    search_base: String,
    /// Which entry is the user's; `{0}` is the user name.
    #[serde(rename = "ldap_search_filter")]
    #[schemars(length(max = MAX_FILTER), example = "(&(objectClass=user)(sAMAccountName={0}))")]
    search_filter: String,
    /// Looks at all levels below the base. Off, at the next one alone.
    #[serde(rename = "ldap_search_in_subtree")]
    search_in_subtree: bool,
    /// Asks an `ldap://` server to speak TLS before anything else is said, and says nothing where it does not.
    start_tls: bool,
    /// Certificates (PEM) of the authorities that may vouch for the server. Blank takes those of the operating system.
    #[schemars(length(max = 65_536), extend("format" = "multiline"))]
    trusted_authorities: String,
    /// How long asking may take, from 100 milliseconds to 1 minute.
    timeout: Millis,
    /// How long a user whom the server took is remembered, at most 1 hour; 0 asks it for every call.
    cache_time_to_live: Millis,
    /// What callers are asked in the name of.
    #[schemars(length(min = 1, max = 100), example = &"Employees")]
    realm: String,
    /// Sends the `Authorization` header on to the upstream.
    forward_authorization: bool,
}

impl Default for LdapAuthentication {
    fn default() -> Self {
        Self {
            server_url: "ldap://127.0.0.1:389".into(),
            server_user_dn: String::new(),
            server_user_password: Secret::default(),
            search_base: String::new(),
            search_filter: "(uid={0})".into(),
            search_in_subtree: false,
            start_tls: false,
            trusted_authorities: String::new(),
            timeout: Millis(5_000),
            cache_time_to_live: Millis(60_000),
            realm: DEFAULT_REALM.into(),
            forward_authorization: false,
        }
    }
}

impl Conforms for LdapAuthentication {
    const TABLE: Table = Table {
        vendor: "ldap-authentication-flex",
        parameters: &[
            same("ldapServerURL", "ldap_server_url"),
            same("ldapServerUserDn", "ldap_server_user_dn"),
            same("ldapServerUserPassword", "ldap_server_user_password"),
            same("ldapSearchBase", "ldap_search_base"),
            differs(
                "ldapSearchFilter",
                "ldap_search_filter",
                "must have `{0}` in it: without it any user would do",
            ),
            same("ldapSearchInSubtree", "ldap_search_in_subtree"),
            ours("start_tls", "TLS for servers that have no port for it"),
            ours("trusted_authorities", "directories seldom have certificates of public authorities"),
            ours("timeout", "a slow server must not hold callers up"),
            ours("cache_time_to_live", "asking takes three round trips"),
            ours("realm", "browsers show it, and keep passwords by it"),
            ours("forward_authorization", "off, so that the upstream does not get the password"),
        ],
        answers: &[
            answer(401, "www-authenticate", "a call without a name or a password is challenged"),
            answer(401, "www-authenticate", "a wrong password and an unknown name get the same answer"),
            answer(503, "", "a stopped server is a 503 at once, and says why in the trail"),
            answer(503, "", "a server that does not answer is a 503 when its time is over"),
        ],
    };
}

impl PolicyConfig for LdapAuthentication {
    const NAME: &'static str = "ldap-authentication";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{
        "ldap_server_url": "ldaps://ldap.example.com",
        "ldap_server_user_dn": "cn=gateway,ou=services,dc=example,dc=com",
        "ldap_server_user_password": "s3cret",
        "ldap_search_base": "ou=people,dc=example,dc=com",
        "ldap_search_filter": "(uid={0})"
    }"#;

    fn summary(&self) -> String {
        format!("users of {}, by {}", host_of(&self.server_url), start_of(&self.search_filter))
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let server = self.server(&mut faults);
        for (field, value) in [
            ("ldap_server_user_dn", self.server_user_dn.as_str()),
            ("ldap_server_user_password", self.server_user_password.expose()),
            ("ldap_search_base", &self.search_base),
        ] {
            if value.trim().is_empty() {
                faults.add(field, "must not be empty");
            }
        }
        let filter = faults.take("ldap_search_filter", Filter::parse(&self.search_filter));
        let (timeout, keep) = (self.timeout, self.cache_time_to_live);
        within(&mut faults, "timeout", timeout, Millis(100), Millis(60_000));
        within(&mut faults, "cache_time_to_live", keep, Millis(0), Millis(3_600_000));
        let challenge = faults.take("realm", Challenge::of(&self.realm));
        faults.into_result()?;
        let (Some(server), Some(filter), Some(challenge)) = (server, filter, challenge) else {
            return Err(Vec::new());
        };
        let remembered = env.state(|| {
            let account = Account { name: self.server_user_dn, password: self.server_user_password };
            let seconds = timeout.0.div_ceil(1_000) as u32;
            let base = self.search_base.into();
            let search = Search { base, filter, in_subtree: self.search_in_subtree, seconds };
            let directory = Directory::new(server, account, search, timeout.duration());
            Remembered { directory: Arc::new(directory), known: Known::new(keep.duration()) }
        });
        let forward_authorization = self.forward_authorization;
        Ok(Box::new(Enforced { remembered, outbound: env.outbound(), challenge, forward_authorization }))
    }
}

impl LdapAuthentication {
    fn server(&self, faults: &mut Faults) -> Option<Server> {
        let trust = match self.trusted_authorities.trim() {
            "" => OutboundTrust::System,
            pem => OutboundTrust::Authorities(pem.into()),
        };
        let tls = faults.take("trusted_authorities", trust.tls());
        let (is_tls, host, port) = faults.take("ldap_server_url", address(&self.server_url))?;
        let security = match (is_tls, self.start_tls) {
            (true, true) => {
                faults.add("start_tls", "is for ldap://; an ldaps:// server speaks TLS from the beginning");
                return None;
            }
            (true, false) => Security::Tls(tls?),
            (false, true) => Security::StartTls(tls?),
            (false, false) => Security::Plain,
        };
        Some(Server { host, port, security })
    }
}

/// The host alone, for a summary; blank where there is none.
fn host_of(url: &str) -> String {
    Url::parse(url)
        .ok()
        .and_then(|url| Some(start_of(url.host_str()?).chars().take(25).collect()))
        .unwrap_or_default()
}

/// Whether it is `ldaps`, the host, and the port.
fn address(text: &str) -> Result<(bool, Box<str>, u16), String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("is no URL: {error}"))?;
    let is_tls = match url.scheme() {
        "ldap" => false,
        "ldaps" => true,
        _ => return Err("must begin with ldap:// or ldaps://".into()),
    };
    let host = match url.host() {
        None | Some(Host::Domain("")) => return Err("has no host".into()),
        // Without the brackets.
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !is_bare || !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(
            "must have nothing but a host and a port: base and filter have fields of their own".into()
        );
    }
    Ok((is_tls, host.into(), url.port().unwrap_or(if is_tls { 636 } else { 389 })))
}

struct Enforced {
    remembered: Arc<Remembered>,
    outbound: Outbound,
    challenge: Challenge,
    forward_authorization: bool,
}

/// Over every save that leaves the configuration alone.
struct Remembered {
    directory: Arc<Directory>,
    known: Known,
}

impl Policy for Enforced {
    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let pair = match sent(request) {
            Ok(Some(pair)) if pair.user.is_empty() => Err(const { Note::new("no user name") }),
            // To a directory it would be somebody who does not say who it is, and right (RFC 4513, 5.1.2).
            Ok(Some(pair)) if pair.password.is_empty() => {
                Err(Note::new("no password for {}").with(start_of(&pair.user)))
            }
            Ok(Some(pair)) => Ok(pair),
            Ok(None) => Err(const { Note::new("no user name and password") }),
            Err(flaw) => Err(Note::new("malformed: {}").with(flaw)),
        };
        let pair = match pair {
            Ok(pair) => pair,
            Err(note) => return Verdict::Now(Err(self.refused(note))),
        };
        let known = &self.remembered.known;
        let seal = known.seal(&pair);
        match seal.and_then(|seal| known.entry_of(&pair.user, seal, cx.now)) {
            Some(entry) => {
                let note = Note::new("{}, taken a short while ago").with(entry.clone());
                Verdict::Now(Ok(self.admit(&pair.user, &entry, note, request, cx)))
            }
            None => Verdict::Later(Box::pin(self.ask(pair, seal, request, cx))),
        }
    }
}

impl Enforced {
    async fn ask(&self, pair: Pair, seal: Option<Seal>, request: &mut Request, cx: &mut Context) -> Decision {
        let user = pair.user.clone();
        let Remembered { directory, known } = &*self.remembered;
        let said = self.outbound.run(directory.clone().ask(pair)).await.and_then(|said| said);
        let shown = start_of(&user);
        Err(self.refused(match said {
            Ok(Said::Right(entry)) => {
                let entry: Arc<str> = entry.into();
                if let Some(seal) = seal {
                    known.remember(&user, seal, entry.clone(), cx.now);
                }
                let note = Note::new("{}, taken by the server").with(entry.clone());
                return Ok(self.admit(&user, &entry, note, request, cx));
            }
            Err(why) => {
                let reply = Reply::unavailable("User names and passwords cannot be checked now");
                return Err(Refusal::of_failure(reply, Note::new("{}").with(why.as_str())));
            }
            Ok(Said::Unknown) => Note::new("unknown user {}").with(shown),
            Ok(Said::Ambiguous) => Note::new("more than one entry for {}").with(shown),
            Ok(Said::Refused(outcome)) if outcome.code == INVALID_CREDENTIALS => {
                Note::new("wrong password for {}").with(shown)
            }
            Ok(Said::Refused(outcome)) => {
                Note::new("{} is refused: {}").with(shown).with(outcome.to_string().as_str())
            }
        }))
    }

    fn admit(&self, user: &str, entry: &str, note: Note, request: &mut Request, cx: &mut Context) -> Step {
        cx.identity.principal = Some(user.into());
        let mut properties = cx.identity.properties.as_deref().cloned().unwrap_or_else(|| json!({}));
        properties["dn"] = entry.into();
        cx.identity.properties = Some(properties.into());
        if self.forward_authorization {
            return Step::passed(note);
        }
        request.headers_mut().remove(AUTHORIZATION);
        Step::changed(note)
    }

    fn refused(&self, note: Note) -> Box<Refusal> {
        Refusal::of_caller(self.challenge.reply("A user name and a password are needed"), note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Trial, call};
    use serde_json::Value;

    fn with(extra: &Value) -> Value {
        let mut config: Value = serde_json::from_str(LdapAuthentication::EXAMPLE).expect("JSON");
        for (name, value) in extra.as_object().expect("an object") {
            config[name] = value.clone();
        }
        config
    }

    #[test]
    fn says_every_fault_at_once() {
        let faults = |extra| Trial::faults("ldap-authentication", &with(&extra));
        let required = ["ldap_server_user_dn", "ldap_server_user_password", "ldap_search_base"];
        assert_eq!(Trial::faults("ldap-authentication", &json!({})), required);
        let blank =
            json!({"ldap_server_user_dn": "", "ldap_server_user_password": "", "ldap_search_base": " "});
        assert_eq!(faults(blank), required);
        let all = json!({
            "ldap_server_url": "http://x", "ldap_search_filter": "(uid=x)", "timeout": "10ms", "cache_time_to_live": "2h",
            "trusted_authorities": "no PEM", "realm": "\n",
        });
        let fields = [
            "trusted_authorities",
            "ldap_server_url",
            "ldap_search_filter",
            "timeout",
            "cache_time_to_live",
            "realm",
        ];
        assert_eq!(faults(all), fields);
        assert_eq!(faults(json!({"start_tls": true})), ["start_tls"]);
    }

    #[test]
    fn reads_where_the_server_is() {
        let read = |text| address(text).map(|(is_tls, host, port)| (is_tls, host.to_string(), port));
        assert_eq!(read("ldap://localhost"), Ok((false, "localhost".into(), 389)));
        assert_eq!(read("LDAPS://ad.example.com/"), Ok((true, "ad.example.com".into(), 636)));
        assert_eq!(read("ldap://[::1]:1389"), Ok((false, "::1".into(), 1389)));
        for wrong in ["ldap://", "ldapi:///x", "ldap://u:p@h", "ldap://h/dc=x", "ldap://h?uid", "h:389", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_password_is_refused_without_asking() {
        let trial = Trial::of("ldap-authentication", with(&json!({"ldap_server_url": "ldap://127.0.0.1:1"})));
        for (pair, note) in [("YW5uOg==", "no password for ann"), ("OnB3", "no user name")] {
            let answer = trial.run(call().header("authorization", &format!("Basic {pair}")));
            assert_eq!((answer.status(), answer.notes()), (401, vec![note.to_owned()]));
        }
    }

    #[test]
    fn without_a_network_nobody_passes() {
        let answer = |_| Err(gatepost_gateway::OutboundError::Failed("none".into()));
        let trial = Trial::of("ldap-authentication", with(&json!({}))).calling_by(answer);
        let answer = trial.run(call().header("authorization", "Basic YW5uOnB3"));
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (503, true));
        assert_eq!(answer.error(), "User names and passwords cannot be checked now");
    }
}
