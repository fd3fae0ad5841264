//! A backend over TLS. Its certificate and key are made for these tests and vouch for nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

const CERTIFICATE: &[u8] = include_bytes!("localhost.pem");
const KEY: &[u8] = include_bytes!("localhost.key");

/// Runs until the test's process ends, known as `localhost`; gives its port.
pub fn backend_over_tls() -> u16 {
    backend_showing(CERTIFICATE, KEY, None)
}

/// The same with a certificate and its key in PEM; with `callers` it takes only those who show a certificate of theirs.
pub fn backend_showing(certificate: &[u8], key: &[u8], callers: Option<Arc<RootCertStore>>) -> u16 {
    let certificate = CertificateDer::from_pem_slice(certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = match callers {
        None => config.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            config.with_client_cert_verifier(verifier.expect("roots"))
        }
    };
    let config = Arc::new(config.with_single_cert(vec![certificate], key).expect("a valid pair"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("a valid configuration");
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = [0; 4_096];
            // A caller that does not trust us hangs up here.
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure");
                let _ = stream.flush();
            }
        }
    });
    port
}
