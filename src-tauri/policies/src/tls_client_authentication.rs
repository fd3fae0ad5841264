//! TLS client authentication: only callers with one of certain certificates may call.

mod accepted;
mod attribute;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use gatepost_gateway::{
    ActsOn, Category, CertificateFacts, Context, Decision, Env, Policy, PolicyConfig, Refusal, Reply,
    Request, Step, Unrecorded, Verdict,
};
use gatepost_model::{Fault, Faults, Note};
use schemars::JsonSchema;
use serde::Deserialize;

use self::accepted::Accepted;
use self::attribute::{Attribute, ClientId};
use crate::conformance::{Conforms, Table, answer, ours};

/// # TLS client authentication
///
/// Lets only callers pass that show one of certain certificates.
///
/// The port's TLS settings come first: there, client certificates are *optional* or *required*, and an authority is
/// named that must have signed them. The gateway checks signature, validity and proof of the key when a caller
/// connects. This policy then says, per API, which of these certificates may call: one that fits any entry of any of
/// the three lists. With all lists empty every certificate that the authority signed may.
///
/// | An entry of | fits |
/// |---|---|
/// | `subjects`: `CN=orders, O=Example` | the whole subject, from either end; escapes as in RFC 4514. Values to the letter. Parts of a multi-valued one (`+`) in the certificate's order |
/// | `subject_alternative_names`: `DNS:orders.example.com`, `DNS:*.example.com` | a DNS name; the star stands for one label |
/// | `URI:spiffe://example.com/orders`, `URI:spiffe://example.com/ns/*` | a URI, or all that begin so |
/// | `email:ann@example.com`, `email:*@example.com` | an e-mail address, or all of a domain |
/// | `IP:10.0.0.7`, `IP:10.0.0.0/8` | an address, or all of a network |
/// | `fingerprints` | SHA-256 of the certificate in hex, as `openssl x509 -fingerprint -sha256` prints it |
///
/// | The caller | Answer |
/// |---|---|
/// | shows no certificate | 401 with `WWW-Authenticate: Client-Certificate` |
/// | shows one that fits no entry | 403 |
/// | shows one of a client app without an approved contract, or of none, where `client_id` asks for it | 403 |
///
/// When nobody can pass because the port does not ask for certificates, the call's trail and the console's warnings
/// say so.
///
/// **Later policies** can use `#[authentication.principal]`, and `#[attributes.clientCertificate.subject]` and its
/// other facts. The vendor has no such policy: there, what a port demands holds for every API that shares it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsClientAuthentication {
    /// Whole subjects.
    #[schemars(length(max = 200), inner(length(min = 1, max = 1_000)), example = ["CN=orders, O=Example"])]
    subjects: Vec<String>,
    /// Names after DNS:, URI:, email: or IP:.
    #[schemars(length(max = 200), inner(length(min = 1, max = 1_000)), example = ["DNS:*.example.com"])]
    subject_alternative_names: Vec<String>,
    /// SHA-256 of whole certificates, in hex, with or without colons.
    #[schemars(length(max = 1_000), inner(length(min = 64, max = 95)))]
    fingerprints: Vec<String>,
    /// What of the certificate becomes the principal. The first where there are several.
    principal: Attribute,
    /// What of the certificate is the client ID, whose client app must have an approved contract.
    client_id: ClientId,
}

impl Conforms for TlsClientAuthentication {
    const TABLE: Table = Table {
        vendor: "",
        parameters: &[
            ours("subjects", "subjects that may call"),
            ours("subject_alternative_names", "names that may call, wildcards too"),
            ours("fingerprints", "certificates that may call"),
            ours("principal", "whom later policies take the caller for"),
            ours("client_id", "asks for a contract of the client app that the certificate names"),
        ],
        answers: &[
            answer(401, "www-authenticate", "who_shows_no_certificate_is_asked_for_one"),
            answer(403, "", "refuses_a_certificate_that_fits_no_entry"),
        ],
    };
}

impl PolicyConfig for TlsClientAuthentication {
    const NAME: &'static str = "tls-client-authentication";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const NEEDS_CLIENT_CERTIFICATES: bool = true;
    const EXAMPLE: &'static str = r#"{
        "subjects": ["CN=orders, O=Example"],
        "subject_alternative_names": ["URI:spiffe://example.com/ns/*"]
    }"#;

    fn summary(&self) -> String {
        let lists = [
            (self.subjects.len(), "subject"),
            (self.subject_alternative_names.len(), "name"),
            (self.fingerprints.len(), "fingerprint"),
        ];
        let parts = lists.iter().filter(|(count, _)| *count > 0).map(|(count, what)| {
            let ending = if *count == 1 { "" } else { "s" };
            format!("{count} {what}{ending}")
        });
        match parts.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "any certificate of the port's authority".into(),
            some => format!("certificates with one of {some}"),
        }
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let accepted = Accepted::compile(
            &self.subjects,
            &self.subject_alternative_names,
            &self.fingerprints,
            &mut faults,
        );
        faults.into_result()?;
        Ok(Box::new(Enforced { accepted, principal: self.principal, client_id: self.client_id }))
    }
}

struct Enforced {
    accepted: Accepted,
    principal: Attribute,
    client_id: ClientId,
}

impl Policy for Enforced {
    fn asks(&self) -> Unrecorded {
        Unrecorded { certificate: true, ..Unrecorded::NOTHING }
    }

    fn on_request<'a>(&'a self, _: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let Some(tls) = cx.tls.clone() else {
            return Verdict::Now(Err(nothing_shown(const { Note::new("this port speaks plain HTTP") })));
        };
        Verdict::Now(match &tls.client_certificate {
            Some(certificate) => self.judge(certificate, cx),
            None if tls.asked_for_certificate => {
                Err(nothing_shown(const { Note::new("the caller showed no certificate") }))
            }
            None => {
                let note = "this port asks for no client certificates; its TLS settings say whether it does";
                Err(nothing_shown(Note::new(note)))
            }
        })
    }
}

impl Enforced {
    fn judge(&self, certificate: &CertificateFacts, cx: &mut Context) -> Decision {
        let Some(entry) = self.accepted.entry_for(certificate) else {
            let reply = Reply::forbidden("Your certificate may not call this API");
            let note = Note::new("{} is none of the certificates that may call");
            return Err(Refusal::of_caller(reply, note.with(start_of(&certificate.subject))));
        };
        self.check_contract(certificate, cx)?;
        cx.identity.principal = self.principal.of(certificate).map(Arc::from);
        let note = match entry {
            Some(entry) => Note::new("{} fits {}").with(start_of(&certificate.subject)).with(entry.clone()),
            None => Note::new("{} is from the port's authority").with(start_of(&certificate.subject)),
        };
        Ok(Step::passed(note))
    }

    fn check_contract(&self, certificate: &CertificateFacts, cx: &mut Context) -> Result<(), Box<Refusal>> {
        let Some(attribute) = self.client_id.attribute() else { return Ok(()) };
        let refuse = |note: Note| {
            Refusal::of_caller(Reply::forbidden("The client of your certificate may not call this API"), note)
        };
        let Some(id) = attribute.of(certificate).filter(|id| !id.is_empty()) else {
            let note = Note::new("{} names no client: it has no {}");
            return Err(refuse(note.with(start_of(&certificate.subject)).with(attribute.word())));
        };
        let Some(known) = cx.clients().credential(&id) else {
            return Err(refuse(Note::new("unknown client ID {}").with(start_of(&id))));
        };
        let (app, name, approved) =
            (known.client.id, Arc::clone(&known.client.name), known.client.may_call(cx.api));
        cx.identity.client_app = Some(app);
        cx.identity.client_name = Some(name.clone());
        cx.identity.client_id = Some(Arc::from(id));
        if approved {
            return Ok(());
        }
        Err(refuse(Note::new("{} has no approved contract with this API").with(name)))
    }
}

/// 401 with a scheme that browsers know nothing of: certificates are no credentials of HTTP.
fn nothing_shown(note: Note) -> Box<Refusal> {
    let words = "This API wants a client certificate";
    Refusal::of_caller(Reply::unauthorized(words, "Client-Certificate"), note)
}

/// Enough of a name to recognise it, however long it is.
fn start_of(name: &str) -> &str {
    const SHOWN: usize = 200;
    name.char_indices().nth(SHOWN).map_or(name, |(end, _)| &name[..end])
}
