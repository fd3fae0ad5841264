//! How a listener greets over TLS, compiled from its settings and certificates.

use std::sync::Arc;

use gatepost_model::{Certificate, ClientCertificates, ListenerTls, TlsVersion};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, ServerConfig, SupportedProtocolVersion};

use super::identity::identity_of;
use super::names::ByName;
use super::{CertificateFacts, TlsFacts, named, provider, read_chain, roots_of};

const ANY_VERSION: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
const NEWEST_VERSION: &[&SupportedProtocolVersion] = &[&TLS13];

/// What is spoken on a listener's socket.
#[derive(Clone, Debug, Default)]
pub enum Greeting {
    /// HTTP as it is.
    #[default]
    Plain,
    /// HTTP inside TLS.
    Tls(Arc<ServerTls>),
    /// TLS is wanted and cannot be had, for this reason: the listener stays closed and never speaks plain HTTP.
    Impossible(Box<str>),
}

impl Greeting {
    /// Compiles a listener's settings. `before` is how the same socket greeted until now: while nothing differs it
    /// stays, and while only certificates differ callers can still resume their sessions.
    pub fn compile(tls: Option<&ListenerTls>, certificates: &[Certificate], before: &Self) -> Self {
        let before = match before {
            Self::Tls(before) => Some(before),
            Self::Plain | Self::Impossible(_) => None,
        };
        match tls.map(|tls| ServerTls::compile(tls, certificates, before)) {
            None => Self::Plain,
            Some(Ok(tls)) => Self::Tls(tls),
            Some(Err(why)) => Self::Impossible(why.into()),
        }
    }
}

/// How a listener greets over TLS. Shared by all data-plane threads.
#[derive(Debug)]
pub struct ServerTls {
    pub(super) config: Arc<ServerConfig>,
    demands: Demands,
    made_of: MadeOf,
}

/// What is demanded of callers. Those whose greeting does not fulfil it any more must greet again.
#[derive(Debug, PartialEq)]
struct Demands {
    min_version: TlsVersion,
    client_certificates: ClientCertificates,
    /// Who may vouch for callers; nobody where they are asked for no certificate.
    authorities: Vec<CertificateDer<'static>>,
}

#[derive(Debug, PartialEq)]
struct MadeOf {
    settings: ListenerTls,
    certificates: Vec<Certificate>,
}

impl ServerTls {
    /// Compiles, or says why that is not possible. See [`Greeting::compile`].
    pub fn compile(
        tls: &ListenerTls,
        certificates: &[Certificate],
        before: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, String> {
        let shown: Result<Vec<_>, _> =
            tls.certificates.iter().map(|name| named(certificates, name)).collect();
        let shown = shown?;
        let authority = match (tls.client_certificates, &tls.client_authority) {
            (ClientCertificates::Off, _) => None,
            (_, Some(name)) => Some(named(certificates, name)?),
            (_, None) => {
                return Err("client certificates are asked for, but no authority for them is named".into());
            }
        };
        let made_of = MadeOf {
            settings: tls.clone(),
            certificates: shown.iter().copied().chain(authority).cloned().collect(),
        };
        if let Some(before) = before.filter(|before| before.made_of == made_of) {
            return Ok(before.clone());
        }
        let demands = Demands {
            min_version: tls.min_version,
            client_certificates: tls.client_certificates,
            authorities: authority.map_or(Ok(Vec::new()), |authority| read_chain(&authority.chain))?,
        };
        let config = config_of(tls, &shown, authority, tickets_of(&demands, before)?)?;
        Ok(Arc::new(Self { config: Arc::new(config), demands, made_of }))
    }

    /// Whether a connection that was greeted so fulfils what is demanded now.
    pub(crate) fn is_satisfied_by(&self, facts: &TlsFacts) -> bool {
        let same = facts.greeted_by.as_deref().is_some_and(|before| std::ptr::eq(self, before));
        same || self.demands.are_met_by(facts)
    }

    /// Whether callers may show a certificate.
    pub(super) fn asks_for_certificates(&self) -> bool {
        self.demands.client_certificates != ClientCertificates::Off
    }

    /// The first certificate of every chain that is shown, in DER.
    pub fn shown(&self) -> Vec<CertificateDer<'static>> {
        let names = &self.made_of.settings.certificates;
        let shown = self.made_of.certificates.iter().filter(|certificate| names.contains(&certificate.name));
        shown.filter_map(|certificate| read_chain(&certificate.chain).ok()?.into_iter().next()).collect()
    }
}

impl Demands {
    /// Who was vouched for by an authority that may not do so now is nobody, and policies must not take him for
    /// somebody: not even where no certificate is asked for any more.
    fn are_met_by(&self, facts: &TlsFacts) -> bool {
        let version_is_met = match self.min_version {
            TlsVersion::Tls12 => true,
            TlsVersion::Tls13 => facts.version == Some(ProtocolVersion::TLSv1_3),
        };
        let caller_is_known = match facts.client_certificate {
            None => self.client_certificates != ClientCertificates::Required,
            Some(_) => facts.greeted_by.as_ref().is_some_and(|greeted_by| {
                let vouched = &greeted_by.demands.authorities;
                vouched.iter().all(|authority| self.authorities.contains(authority))
            }),
        };
        version_is_met && caller_is_known
    }
}

/// Sessions are resumed from tickets that callers keep, sealed with keys that change every six hours. A ticket carries
/// what was found of its caller, so that it must not outlive what was demanded.
fn tickets_of(
    demands: &Demands,
    before: Option<&Arc<ServerTls>>,
) -> Result<Arc<dyn ProducesTickets>, String> {
    match before.filter(|before| before.demands == *demands) {
        Some(before) => Ok(before.config.ticketer.clone()),
        None => {
            Ticketer::new().map_err(|error| format!("the system gives no keys for session tickets: {error}"))
        }
    }
}

fn config_of(
    tls: &ListenerTls,
    shown: &[&Certificate],
    authority: Option<&Certificate>,
    tickets: Arc<dyn ProducesTickets>,
) -> Result<ServerConfig, String> {
    let mut names = ByName::default();
    for certificate in shown {
        let certified = identity_of(certificate)?;
        let first = certified.end_entity_cert().map_err(|error| error.to_string())?;
        let facts =
            CertificateFacts::of(first).map_err(|why| format!("certificate `{}` {why}", certificate.name))?;
        names.add(certified, &facts);
    }
    if shown.is_empty() {
        return Err("no certificate is named".into());
    }
    let versions = match tls.min_version {
        TlsVersion::Tls12 => ANY_VERSION,
        TlsVersion::Tls13 => NEWEST_VERSION,
    };
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let config = match authority {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots_of(authority)?, provider());
            let verifier = match tls.client_certificates {
                ClientCertificates::Required => verifier,
                ClientCertificates::Optional | ClientCertificates::Off => verifier.allow_unauthenticated(),
            };
            config.with_client_cert_verifier(verifier.build().map_err(|error| error.to_string())?)
        }
    };
    let mut config = config.with_cert_resolver(Arc::new(names));
    config.alpn_protocols =
        if tls.http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = tickets;
    Ok(config)
}
