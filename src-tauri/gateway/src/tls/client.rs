//! TLS towards upstreams: whom to trust, what to show, what to speak.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock, Weak};

use gatepost_model::{Certificate, UpstreamProtocol, UpstreamTls};
use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::anything::WithoutAuthority;
use super::identity::identity_of;
use super::{named, provider, roots_of};

/// The system's, read when the first call needs it, since that takes a while.
static SYSTEM: LazyLock<Result<Arc<Verifier>, String>> =
    LazyLock::new(|| Verifier::new(provider()).map(Arc::new).map_err(|error| error.to_string()));

/// Tells settings apart in the keys of connection pools.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Whose certificates are taken.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those that the operating system trusts.
    System,
    /// Those that these authorities vouch for, and no other.
    Authorities(Arc<RootCertStore>),
    /// Exactly these, whoever vouches for them.
    Only(Vec<CertificateDer<'static>>),
    /// Any: the call can be read and changed on its way.
    Anything,
}

/// How targets are greeted over TLS. Shared by all data-plane threads.
#[derive(Debug)]
pub struct ClientTls {
    number: u64,
    trust: Trust,
    identity: Option<Arc<CertifiedKey>>,
    server_name: Option<ServerName<'static>>,
    protocols: &'static [&'static [u8]],
    /// Made with the first call, where the system's authorities are read.
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl ClientTls {
    /// Compiles an upstream's settings, or says what is wrong with them.
    fn compile(
        tls: &UpstreamTls,
        protocol: UpstreamProtocol,
        certificates: &[Certificate],
    ) -> Result<Self, String> {
        let trust = match (tls.verify, &tls.authority) {
            (false, _) => Trust::Anything,
            (true, Some(name)) => Trust::Authorities(roots_of(named(certificates, name)?)?),
            (true, None) => Trust::System,
        };
        let identity = tls.certificate.as_deref().map(|name| identity_of(named(certificates, name)?));
        let server_name = tls.server_name.as_deref().map(|name| {
            ServerName::try_from(name.to_owned()).map_err(|_| format!("`{name}` is not a server name"))
        });
        let made = Self::of(trust, identity.transpose()?, protocols_of(protocol));
        Ok(Self { server_name: server_name.transpose()?, ..made })
    }

    /// HTTP/1.1 over TLS with this trust, showing the certificate where it is given.
    pub fn http1(trust: Trust, certificate: Option<&Certificate>) -> Result<Self, String> {
        let identity = certificate.map(identity_of).transpose()?;
        Ok(Self::of(trust, identity, protocols_of(UpstreamProtocol::Http1)))
    }

    /// With this trust, showing nothing.
    pub(crate) fn of_trust(trust: Trust, protocol: UpstreamProtocol) -> Self {
        Self::of(trust, None, protocols_of(protocol))
    }

    /// Whatever is spoken inside it that is no HTTP, with this trust, showing nothing.
    pub(crate) fn of_no_http(trust: Trust) -> Self {
        Self::of(trust, None, &[])
    }

    /// The same for whoever greets by itself.
    pub(crate) fn config(&self) -> Result<ClientConfig, String> {
        let config = self.config.get_or_init(|| self.configure()).clone()?;
        Ok(Arc::unwrap_or_clone(config))
    }

    fn of(trust: Trust, identity: Option<Arc<CertifiedKey>>, protocols: &'static [&'static [u8]]) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { number, trust, identity, server_name: None, protocols, config: OnceLock::new() }
    }

    /// Differs from that of all other settings: connections that were greeted in different ways are never mixed.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Greets `host` over `stream` and checks what it shows. Fails with the reason in words.
    pub async fn greet(&self, stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, String> {
        let config = self.config.get_or_init(|| self.configure()).clone()?;
        self.greet_as(config, stream, host).await
    }

    /// The same for a call that only HTTP/1.1 can carry, whatever else is offered otherwise.
    pub(crate) async fn greet_http1(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>, String> {
        let mut config = self.config.get_or_init(|| self.configure()).clone()?;
        Arc::make_mut(&mut config).alpn_protocols = vec![b"http/1.1".to_vec()];
        self.greet_as(config, stream, host).await
    }

    async fn greet_as(
        &self,
        config: Arc<ClientConfig>,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?,
        };
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| error.to_string())
    }

    fn configure(&self) -> Result<Arc<ClientConfig>, String> {
        let verifier: Arc<dyn ServerCertVerifier> = match &self.trust {
            Trust::System => SYSTEM.clone()?,
            Trust::Authorities(roots) => {
                let made = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider()).build();
                made.map_err(|error| error.to_string())?
            }
            Trust::Only(known) => Arc::new(WithoutAuthority { only: Some(known.clone()) }),
            Trust::Anything => Arc::new(WithoutAuthority { only: None }),
        };
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.clone())))
            }
        };
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

impl Default for ClientTls {
    /// What the operating system trusts, nothing shown, any protocol.
    fn default() -> Self {
        Self::of(Trust::System, None, protocols_of(UpstreamProtocol::Auto))
    }
}

/// What is offered (ALPN).
fn protocols_of(protocol: UpstreamProtocol) -> &'static [&'static [u8]] {
    match protocol {
        UpstreamProtocol::Auto => &[b"h2", b"http/1.1"],
        UpstreamProtocol::Http1 => &[b"http/1.1"],
        UpstreamProtocol::Http2 => &[b"h2"],
    }
}

/// The TLS settings in use towards upstreams. A save that leaves an upstream's alone keeps its connections, and
/// upstreams with the same share them.
#[derive(Debug, Default)]
pub struct TlsStore(Mutex<HashMap<Key, Weak<ClientTls>>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    verify: bool,
    authority: Option<Arc<str>>,
    /// Fingerprint.
    certificate: Option<String>,
    server_name: Option<String>,
    protocols: &'static [&'static [u8]],
}

impl TlsStore {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compiles an upstream's settings, or says what is wrong with them: a certificate that is missing or cannot be
    /// used, a server name that is none.
    pub fn client(
        &self,
        tls: &UpstreamTls,
        protocol: UpstreamProtocol,
        certificates: &[Certificate],
    ) -> Result<Arc<ClientTls>, String> {
        let certificate_named =
            |name: &Option<String>| name.as_deref().and_then(|name| named(certificates, name).ok());
        let key = Key {
            verify: tls.verify,
            authority: certificate_named(&tls.authority).map(|authority| authority.chain.clone()),
            certificate: certificate_named(&tls.certificate).map(|shown| shown.fingerprint.clone()),
            server_name: tls.server_name.clone(),
            protocols: protocols_of(protocol),
        };
        let mut known = self.0.lock();
        if let Some(same) = known.get(&key).and_then(Weak::upgrade) {
            return Ok(same);
        }
        let made = Arc::new(ClientTls::compile(tls, protocol, certificates)?);
        known.retain(|_, known| known.strong_count() > 0);
        known.insert(key, Arc::downgrade(&made));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(store: &TlsStore, tls: &UpstreamTls) -> Result<Arc<ClientTls>, String> {
        store.client(tls, UpstreamProtocol::Auto, &[])
    }

    #[test]
    fn the_same_settings_share_their_connections_and_others_do_not() {
        let store = TlsStore::new();
        let default = UpstreamTls::default();
        let other = UpstreamTls { verify: false, ..UpstreamTls::default() };
        let (one, same) =
            (client(&store, &default).expect("valid"), client(&store, &default).expect("valid"));
        let apart = client(&store, &other).expect("valid");
        assert!(Arc::ptr_eq(&one, &same));
        assert_ne!(one.number(), apart.number());
    }

    #[test]
    fn says_what_is_missing() {
        let missing = UpstreamTls { authority: Some("gone".into()), ..UpstreamTls::default() };
        let why = client(&TlsStore::new(), &missing).map(drop).expect_err("missing");
        assert_eq!(why, "there is no certificate `gone`");
        let odd = UpstreamTls { server_name: Some("a b".into()), ..UpstreamTls::default() };
        let why = client(&TlsStore::new(), &odd).map(drop).expect_err("no name");
        assert_eq!(why, "`a b` is not a server name");
    }
}
