//! A caller that greets over TLS, and says what was settled.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use gatepost_model::Certificate;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::{Client, PATIENCE};

/// How a caller greets. Greets with the same one can resume each other's sessions.
#[derive(Clone)]
pub struct TlsCaller {
    config: Arc<ClientConfig>,
}

/// What came of a greeting.
pub struct Hello {
    pub client: Client,
    /// The certificate that was shown, in DER.
    pub shown: CertificateDer<'static>,
    pub protocol: Option<Vec<u8>>,
    pub is_resumed: bool,
}

impl TlsCaller {
    /// Trusts these authorities; shows a certificate where it has one.
    pub fn new(roots: Arc<RootCertStore>, certificate: Option<&Certificate>) -> Self {
        Self::speaking(&[&TLS13, &TLS12], roots, certificate)
    }

    /// The same in these versions.
    pub fn speaking(
        versions: &[&'static SupportedProtocolVersion],
        roots: Arc<RootCertStore>,
        certificate: Option<&Certificate>,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots);
        let config = match certificate {
            None => config.with_no_client_auth(),
            Some(shown) => {
                let chain = CertificateDer::from_pem_slice(shown.chain.as_bytes()).expect("a certificate");
                let key = shown.key.as_ref().expect("a key").pem();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
                config.with_client_auth_cert(vec![chain], key).expect("a pair")
            }
        };
        Self { config: Arc::new(config) }
    }

    /// Offers these protocols (ALPN).
    pub fn offering(mut self, protocols: &[&[u8]]) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        self
    }

    /// Greets `name` at `address`. In TLS 1.3 a refusal of the caller's certificate comes only after that.
    pub fn greet(&self, address: SocketAddr, name: &str) -> Result<Hello, String> {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut connection = ClientConnection::new(self.config.clone(), name).expect("valid");
        let mut stream = TcpStream::connect(address).expect("the gateway accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        connection.complete_io(&mut stream).map_err(|error| error.to_string())?;
        Ok(Hello {
            shown: connection.peer_certificates().and_then(<[_]>::first).expect("shown").clone().into_owned(),
            protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            client: Client::over(StreamOwned::new(connection, stream)),
        })
    }
}
