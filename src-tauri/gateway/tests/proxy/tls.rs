//! TLS to upstreams: a certificate that the system trusts is taken, any other is not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Api, World, world};

const CERTIFICATE: &[u8] = include_bytes!("localhost.pem");
const KEY: &[u8] = include_bytes!("localhost.key");

/// Set in the process that trusts the certificate of these tests.
const TRUSTING: &str = "GATEPOST_TEST_TRUSTS";

/// A backend over TLS, known as `localhost`.
fn backend_over_tls() -> u16 {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
        .expect("a valid pair");
    let config = Arc::new(config);
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

fn before_tls() -> World {
    world(&[Api::at("/api", format!("https://localhost:{}", backend_over_tls()))])
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let world = before_tls();
    assert_eq!(world.client().get("/api/").status, 502);
    let (_, detail) = world.calls(1).remove(0);
    let error = detail.error.expect("said");
    assert!(error.starts_with("TLS with localhost failed: invalid peer certificate"), "{error}");
}

/// Linux takes the certificates to trust from `SSL_CERT_FILE`, which must stand before the process begins.
#[test]
#[cfg(target_os = "linux")]
fn a_certificate_that_the_system_trusts_is_taken() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proxy/localhost.pem");
    let inner = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "tls::in_a_process_that_trusts", "--nocapture", "--ignored"])
        .env("SSL_CERT_FILE", file)
        .env(TRUSTING, "1")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&inner.stdout);
    assert!(inner.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by a_certificate_that_the_system_trusts_is_taken"]
fn in_a_process_that_trusts() {
    if std::env::var_os(TRUSTING).is_some() {
        assert_eq!(before_tls().client().get("/api/").body, "secure");
    }
}
