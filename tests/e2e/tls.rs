//! TLS with callers, as curl sees it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::program::{Backend, DataFolder, Gateway, free_port, gatepost, run};

/// A pair that vouches for nothing, for `api.test`.
const CERTIFICATE: &str = include_str!("../../src-tauri/control/src/tls/testdata/sec1.pem");
const KEY: &str = include_str!("../../src-tauri/control/src/tls/testdata/sec1.key");

fn curl(arguments: &[&str]) -> Output {
    let version =
        ["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_version} %{http_code}"];
    Command::new("curl").args(version).args(arguments).output().expect("curl is installed")
}

/// The answer's body, HTTP version and status.
fn answer(arguments: &[&str]) -> String {
    let said = curl(arguments);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn curl_trusts_what_the_local_authority_vouches_for_and_nobody_else_does() {
    let backend = Backend::start();
    let port = free_port();
    let folder = DataFolder::new();
    let file = folder.write(
        "gatepost.yaml",
        &format!(
            "gatepost: 1
listeners:
  - {{port: {port}, tls: {{certificates: [local_authority], min_version: 1.3}}}}
apis:
  - name: Posts
    listen: {{port: {port}, base_path: /posts, hosts: [localhost, posts.test]}}
    upstream: {{url: '{}/posts'}}
",
            backend.url
        ),
    );
    let config = ["--config", text(&file)];
    let gateway = Gateway::start_on(folder, &config);
    let api = &gateway.show("/apis")[0];
    assert_eq!(api["proxy_url"], format!("https://localhost:{port}/posts"));
    let authority = gateway.ask("GET", "/local-authority/certificate", None);
    assert_eq!(authority.header("content-type"), Some("application/x-pem-file"));
    let authority = gateway.folder.write("authority.crt", &authority.body);

    let url = format!("https://localhost:{port}/posts/1");
    let trusting = ["--cacert", text(&authority)];
    let http1 = answer(&[&trusting[..], &["--http1.1", &url]].concat());
    assert!(http1.ends_with("\n1.1 200") && http1.contains("\"id\":"), "{http1}");
    let http2 = answer(&[&trusting[..], &["--http2", &url]].concat());
    assert!(http2.ends_with("\n2 200"), "{http2}");
    let other_name = format!("posts.test:{port}:127.0.0.1");
    let by_name = format!("https://posts.test:{port}/posts/1");
    let named = answer(&[&trusting[..], &["--resolve", &other_name, &by_name]].concat());
    assert!(named.ends_with(" 200"), "{named}");

    assert_eq!(curl(&[&url]).status.code(), Some(60), "nobody trusts it yet");
    assert_eq!(curl(&[&trusting[..], &["--tls-max", "1.2", &url]].concat()).status.code(), Some(35));
    let plain = answer(&[&format!("http://localhost:{port}/posts/1")]);
    assert!(plain.contains("speaks HTTPS") && plain.ends_with("\n1.1 400"), "{plain}");
    let listener = &gateway.show("/listeners")[0];
    assert_eq!(listener["handshake_failures"]["count"], 3, "{listener}");

    // The same file again changes nothing, and the authority stays who it is.
    let plan = gateway.show("/status")["plan"]["number"].clone();
    let gateway = Gateway::start_on(gateway.kill(), &config);
    assert_eq!(gateway.show("/status")["plan"]["number"], plan);
    assert!(answer(&[&trusting[..], &[&url]].concat()).ends_with(" 200"));
}

#[test]
fn a_certificate_comes_from_the_file_and_its_key_from_the_environment() {
    let backend = Backend::start();
    let port = free_port();
    let folder = DataFolder::new();
    let file = folder.write(
        "gatepost.yaml",
        &format!(
            "gatepost: 1
certificates:
  - name: site
    certificate: |
{}
    key: ${{SITE_KEY}}
listeners: [{{port: {port}, tls: {{certificates: [site], http2: false}}}}]
apis:
  - {{name: Posts, listen: {{port: {port}, base_path: /posts}}, upstream: {{url: '{}/posts'}}}}
",
            CERTIFICATE.lines().map(|line| format!("      {line}\n")).collect::<String>(),
            backend.url
        ),
    );
    let missing = run(&["check", text(&file)]);
    let said = String::from_utf8_lossy(&missing.stdout).into_owned();
    assert!(said.contains("certificates[0].key: the environment variable SITE_KEY is not set"), "{said}");
    let good = gatepost(&["check", text(&file)]).env("SITE_KEY", KEY).output().expect("runs");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));

    let gateway = Gateway::start_with(folder, &["--config", text(&file)], &[("SITE_KEY", KEY)]);
    let pinned = gateway.folder.write("site.pem", CERTIFICATE);
    let resolve = format!("api.test:{port}:127.0.0.1");
    let url = format!("https://api.test:{port}/posts/1");
    let said = answer(&["--cacert", text(&pinned), "--resolve", &resolve, "--http2", &url]);
    assert!(said.ends_with("\n1.1 200"), "HTTP/2 is switched off: {said}");
    let exported = gateway.show("/certificates").to_string();
    assert!(!exported.contains("PRIVATE"), "{exported}");
    for file in std::fs::read_dir(gateway.folder.path().join("data")).expect("listed").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let needle = KEY.lines().nth(1).expect("base64").as_bytes();
        assert!(!bytes.windows(needle.len()).any(|part| part == needle), "{file:?} has the key in clear");
    }
}

#[test]
fn a_check_says_every_fault_of_certificates_and_listeners_with_its_line() {
    let folder = DataFolder::new();
    let file = folder.write(
        "gatepost.yaml",
        "gatepost: 1
certificates:
  - {name: a, certificate: nothing}
  - {name: a, certificate: nothing}
  - {name: local_authority, pkcs12: '%'}
listeners:
  - {port: 8443, tls: {certificates: []}}
  - {port: 8443, tls: {certificates: [b], min_version: '1.1', client_certificates: required}}
  - {port: 0, tls: {certificates: [b], client_certificates: maybe}}
  - {address: here, port: 8444}
",
    );
    let checked = run(&["check", text(&file)]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    for place in [
        ":3: certificates[0].certificate: has no certificate",
        ":4: certificates[1].name: ",
        ":5: certificates[2].name: ",
        ":5: certificates[2].pkcs12: is not base64",
        ":7: listeners[0].tls.certificates: ",
        ":8: listeners[1].port: ",
        ":8: listeners[1].tls.min_version: ",
        ":8: listeners[1].tls.client_authority: ",
        ":9: listeners[2].port: ",
        ":9: listeners[2].tls.client_certificates: ",
        ":10: listeners[3].address: ",
    ] {
        assert!(said.contains(place), "{place} not in {said}");
    }
}

#[test]
fn a_policy_knows_the_certificate_of_its_caller() {
    let backend = Backend::start();
    let gateway = Gateway::start();
    let certificates = [
        json!({"name": "callers", "certificate": CERTIFICATE}),
        json!({"name": "site", "certificate": CERTIFICATE, "key": KEY}),
    ];
    for certificate in certificates {
        gateway.manage("POST", "/certificates", certificate);
    }
    let (api, url) = gateway.add_api("Echo", &format!("{}/echo", backend.url));
    gateway.apply(
        api,
        "header-injection",
        json!({"inbound_headers": [{"key": "x-caller", "value": "#[attributes.clientCertificate.subject]"}]}),
    );
    let tls =
        json!({"certificates": ["site"], "client_certificates": "optional", "client_authority": "callers"});
    gateway.manage("PUT", &format!("/listeners/127.0.0.1:{}/tls", gateway.port), tls);
    let url = url.replace("http://127.0.0.1", "https://api.test");
    let resolve = format!("api.test:{}:127.0.0.1", gateway.port);
    let certificate = gateway.folder.write("site.pem", CERTIFICATE);
    let key = gateway.folder.write("site.key", KEY);
    let calling = ["--cacert", text(&certificate), "--resolve", &resolve, &url];
    assert!(!answer(&calling).contains("CN=api.test"));
    let shown = answer(&[&calling[..], &["--cert", text(&certificate), "--key", text(&key)]].concat());
    assert!(shown.contains("CN=api.test"), "{shown}");
}
