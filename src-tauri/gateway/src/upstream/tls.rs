//! TLS towards upstreams: rustls with the certificates that the operating system trusts.

use std::sync::{Arc, LazyLock};

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Target;
use super::fault::Fault;
use crate::transport::Transport;

/// Made with the first call over TLS, since reading the system's certificates takes a while.
static CONFIG: LazyLock<Result<Arc<ClientConfig>, String>> = LazyLock::new(|| {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
});

/// Greets the target over `stream` and checks that its certificate is for its name.
pub(super) async fn wrap(stream: TcpStream, target: &Target) -> Result<Transport, Fault> {
    let fault = |error: &dyn std::fmt::Display| Fault::tls(&target.host, error);
    let config = CONFIG.as_ref().map_err(|error| fault(error))?;
    let name = ServerName::try_from(target.host.to_string()).map_err(|error| fault(&error))?;
    let stream =
        TlsConnector::from(config.clone()).connect(name, stream).await.map_err(|error| fault(&error))?;
    Ok(Transport::Tls(Box::new(stream.into())))
}
