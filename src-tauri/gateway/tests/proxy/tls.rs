//! TLS to upstreams: a certificate that the system trusts is taken, any other is not.

use std::process::Command;

use crate::support::{Api, World, backend_over_tls, world};

/// Set in the process that trusts the certificate of these tests.
const TRUSTING: &str = "GATEPOST_TEST_TRUSTS";

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
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proxy/support/localhost.pem");
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
