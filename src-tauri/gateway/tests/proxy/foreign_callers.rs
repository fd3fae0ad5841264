//! Mutual TLS with callers of other makers: curl, and Python's ssl (OpenSSL).

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

use gatepost_model::{Certificate, ClientCertificates};
use tempfile::TempDir;

use crate::support::Authority;
use crate::tls_inbound::mutual;

/// Files as such callers want them.
struct Files {
    folder: TempDir,
}

impl Files {
    fn of(authority: &Authority, shown: &Certificate) -> Self {
        let files = Self { folder: TempDir::new().expect("a folder") };
        let key = shown.key.as_ref().expect("a key").pem();
        for (name, text) in [("authority", authority.pem()), ("caller", &*shown.chain), ("key", key)] {
            std::fs::write(files.path(name), text).expect("written");
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn curl_shows_its_certificate_over_either_protocol() {
    let (authority, secured) = mutual(ClientCertificates::Required);
    let files = Files::of(&authority, &authority.issue("caller", &["caller.test"]));
    let port = secured.address().port();
    let curl = |arguments: &[&OsStr]| {
        Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "20", "--output"])
            .arg(files.path("answer"))
            .args(["--write-out", "%{http_version} %{http_code}", "--cacert"])
            .arg(files.path("authority"))
            .args([
                "--resolve",
                &format!("api.test:{port}:127.0.0.1"),
                &format!("https://api.test:{port}/api/"),
            ])
            .args(arguments)
            .output()
            .expect("curl is installed")
    };
    let (caller, key) = (files.path("caller"), files.path("key"));
    for (protocol, answer) in [("--http1.1", "1.1 200"), ("--http2", "2 200")] {
        let shown = ["--cert".as_ref(), caller.as_ref(), "--key".as_ref(), key.as_ref(), protocol.as_ref()];
        assert_eq!(said(&curl(&shown)), answer);
    }
    let nameless = curl(&[]);
    assert!(!nameless.status.success(), "{}", said(&nameless));
    assert_eq!(secured.failure(1), "the caller showed no certificate, which it must");
}

const PYTHON: &str = r#"
import http.client, ssl, sys
port, authority, caller, key = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.load_cert_chain(caller, key)
context.check_hostname = False
for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
    context.minimum_version = context.maximum_version = version
    connection = http.client.HTTPSConnection("127.0.0.1", int(port), timeout=20, context=context)
    for _ in range(2):
        connection.request("GET", "/api/", headers={"host": "api.test"})
        answer = connection.getresponse()
        print(connection.sock.version(), answer.status, answer.read().decode())
"#;

#[test]
fn python_shows_its_certificate_in_either_version() {
    let (authority, secured) = mutual(ClientCertificates::Required);
    let files = Files::of(&authority, &authority.issue("caller", &["caller.test"]));
    let output = Command::new("python3")
        .args(["-c", PYTHON, &secured.address().port().to_string()])
        .args(["authority", "caller", "key"].map(|name| files.path(name)))
        .output()
        .expect("Python is installed");
    let line = |version| format!("{version} 200 [\"https\"]\n").repeat(2);
    assert_eq!(said(&output), line("TLSv1.2") + &line("TLSv1.3"));
}
