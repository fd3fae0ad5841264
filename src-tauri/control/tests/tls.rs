//! Certificates, listeners and the local authority through the management API, with a gateway that speaks TLS.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use axum::Router;
use gatepost_control::{Control, Options, call, router};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Instance {
    control: Control,
    router: Router,
    home: TempDir,
}

impl Instance {
    fn new() -> Self {
        Self::at(tempfile::tempdir().expect("tempdir"))
    }

    fn at(home: TempDir) -> Self {
        let workers = NonZeroUsize::new(1).expect("one");
        let options = Options { data_dir: home.path().to_owned(), workers, headless: true };
        let control = Control::open(options).expect("opens");
        Self { router: router(control.clone()), control, home }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = call(self.router.clone(), method, path, body).await.expect("answers");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// An API in front of the sample API's echo, on a port of its own.
    async fn api(&self, hosts: &[&str]) -> (SocketAddr, i64) {
        let (status, sample) = self.ask("POST", "/api/sample/start", Value::Null).await;
        assert_eq!(status, 200, "{sample}");
        let socket =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let body = json!({
            "name": "Orders", "listen": {"port": socket.port(), "base_path": "/", "hosts": hosts},
            "upstream": {"url": sample["url"]}
        });
        let (status, api) = self.ask("POST", "/api/apis", body).await;
        assert_eq!(status, 201, "{api}");
        (socket, api["id"].as_i64().expect("a number"))
    }

    async fn secure(&self, socket: SocketAddr, tls: Value) -> (u16, Value) {
        self.ask("PUT", &format!("/api/listeners/{socket}/tls"), tls).await
    }

    async fn try_out(&self, api: i64, more: Value) -> (u16, Value) {
        let mut request = json!({"method": "GET", "api_id": api, "path": "/posts/1"});
        request.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        self.ask("POST", "/api/tester/send", request).await
    }
}

fn fields(body: &Value) -> Vec<&str> {
    let faults = body["error"]["faults"].as_array().expect("faults");
    faults.iter().filter_map(|fault| fault["field"].as_str()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|entry| entry["name"].as_str()).collect()
}

#[tokio::test]
async fn a_listener_with_a_certificate_of_the_local_authority_is_called_over_tls() {
    let instance = Instance::new();
    let (socket, api) = instance.api(&["orders.test"]).await;
    let (status, listener) = instance.secure(socket, json!({"certificates": ["local_authority"]})).await;
    assert_eq!((status, &listener["state"]), (200, &json!("listening")), "{listener}");
    assert_eq!(listener["uncovered_hosts"], json!([]));
    assert_eq!(listener["certificates"][0]["expiry"], "valid");
    assert_eq!(listener["tls"]["certificates"], json!(["local_authority"]));
    assert_eq!(listener["tls"]["min_version"], "1.2");

    let view = instance.get(&format!("/api/apis/{api}")).await;
    assert_eq!(view["proxy_url"], format!("https://orders.test:{}", socket.port()));
    let (status, answer) = instance.try_out(api, json!({})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["status"], &answer["trusts"]), (&json!(200), &json!("own_listener")));

    // Another host: its certificate follows by itself, and both stay good.
    let form = json!({
        "name": "Orders", "listen": {"port": socket.port(), "base_path": "/", "hosts": ["orders.test", "more.test", "example.com"]},
        "upstream": {"url": view["upstream"]["url"]}
    });
    assert_eq!(instance.ask("PUT", &format!("/api/apis/{api}"), form).await.0, 200);
    let listeners = instance.get("/api/listeners").await;
    let hosts = listeners[0]["certificates"][1]["hosts"].as_array().expect("hosts").clone();
    assert!(hosts.contains(&json!("more.test")) && !hosts.contains(&json!("example.com")), "{hosts:?}");
    assert_eq!(listeners[0]["uncovered_hosts"], json!(["example.com"]));
}

#[tokio::test]
async fn an_api_is_added_with_https_or_not_at_all() {
    let instance = Instance::new();
    let (plain, _) = instance.api(&[]).await;
    let form = |name: &str, port: u16| json!({"name": name, "listen": {"port": port, "hosts": ["new.test"]}, "upstream": {"url": "http://127.0.0.1:9"}});
    let before = instance.get("/api/status").await;
    let (status, refused) = instance.ask("POST", "/api/apis?https=true", form("Late", plain.port())).await;
    assert_eq!((status, fields(&refused)), (409, vec!["listen.port"]), "{refused}");
    assert_eq!(instance.get("/api/status").await["plan"], before["plan"]);
    assert_eq!(instance.get("/api/certificates").await, json!([]));

    let free =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let (status, api) = instance.ask("POST", "/api/apis?https=true", form("Shop", free)).await;
    assert_eq!(
        (status, &api["proxy_url"]),
        (201, &json!(format!("https://new.test:{free}/shop/v1"))),
        "{api}"
    );
    let listeners = instance.get("/api/listeners").await;
    let shown = listeners.as_array().expect("a list").iter().find(|listener| listener["port"] == free);
    assert_eq!(shown.expect("there")["uncovered_hosts"], json!([]));

    // A fault of the API leaves no listener and no certificate behind.
    let certificates = instance.get("/api/certificates").await;
    let taken = instance.ask("POST", "/api/apis?https=true", form("Shop", free)).await;
    assert_eq!(taken.0, 409, "{}", taken.1);
    assert_eq!(instance.get("/api/certificates").await, certificates);
    // A second one shares what the listener shows.
    assert_eq!(instance.ask("POST", "/api/apis?https=true", form("Posts", free)).await.0, 201);
    assert_eq!(instance.get("/api/listeners").await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_local_authority_is_made_shown_used_and_removed_again() {
    let instance = Instance::new();
    assert_eq!(instance.ask("GET", "/api/local-authority", Value::Null).await.0, 404);
    assert_eq!(instance.ask("POST", "/api/local-authority/certificates", json!({})).await.0, 404);
    let (status, made) =
        instance.ask("POST", "/api/local-authority", json!({"domains": ["example.com"]})).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(instance.ask("POST", "/api/local-authority", json!({})).await.0, 409);
    assert!(made["vouches_for"].as_array().expect("names").contains(&json!("example.com")));
    let guides: Vec<_> =
        made["guides"].as_array().expect("guides").iter().map(|guide| &guide["id"]).collect();
    assert_eq!(guides, ["debian", "fedora", "macos", "windows", "firefox", "curl"]);
    let pem = instance.get("/api/local-authority/certificate").await;
    assert!(pem.as_str().expect("PEM").starts_with("-----BEGIN CERTIFICATE-----"));

    let (status, refused) = instance
        .ask("POST", "/api/local-authority/certificates", json!({"hosts": ["a.test", "gatepost.dev"]}))
        .await;
    assert_eq!((status, fields(&refused)), (422, vec!["hosts[1]"]));
    let wrong = json!({"hosts": ["a b", "a.test", "https://c"], "name": " "});
    let (status, refused) = instance.ask("POST", "/api/local-authority/certificates", wrong).await;
    assert_eq!((status, fields(&refused)), (422, vec!["hosts[0]", "hosts[2]", "name"]));
    let issue = json!({"name": "site", "hosts": ["api.example.com", "127.0.0.1"]});
    let (status, site) = instance.ask("POST", "/api/local-authority/certificates", issue).await;
    assert_eq!((status, &site["issued_locally"]), (201, &json!(true)), "{site}");

    let (socket, api) = instance.api(&[]).await;
    assert_eq!(instance.secure(socket, json!({"certificates": ["site"]})).await.0, 200);
    assert_eq!(instance.try_out(api, json!({})).await.1["status"], 200);
    let (status, refused) = instance.ask("DELETE", "/api/local-authority", Value::Null).await;
    let why = refused["error"]["message"].as_str().expect("words");
    assert!(status == 409 && why.contains(&format!("the listener {socket}")), "{refused}");
    let (status, _) = instance.ask("DELETE", &format!("/api/certificates/{}", site["id"]), Value::Null).await;
    assert_eq!(status, 409);

    let off = format!("/api/listeners/{socket}/tls");
    assert_eq!(instance.ask("DELETE", &off, Value::Null).await.0, 204);
    assert_eq!(instance.ask("DELETE", "/api/local-authority", Value::Null).await.0, 204);
    assert_eq!(instance.get("/api/certificates").await, json!([]));
    assert_eq!(instance.try_out(api, json!({})).await.1["trusts"], Value::Null, "plain again");
}

#[tokio::test]
async fn a_key_goes_in_and_never_comes_out() {
    let instance = Instance::new();
    let key = rcgen::KeyPair::generate().expect("a key");
    let signed = |host: &str| {
        let params = rcgen::CertificateParams::new(vec![host.to_owned()]).expect("valid");
        params.self_signed(&key).expect("signed").pem()
    };
    let site = json!({"name": "site", "certificate": signed("a.test"), "key": key.serialize_pem()});
    let (status, added) = instance.ask("POST", "/api/certificates", site.clone()).await;
    assert_eq!((status, &added["hosts"]), (201, &json!(["a.test"])), "{added}");
    let (status, taken) = instance.ask("POST", "/api/certificates", site).await;
    assert_eq!((status, fields(&taken)), (409, vec!["name"]));

    let id = added["id"].as_i64().expect("a number");
    let path = format!("/api/certificates/{id}");
    let (status, missing) = instance.ask("PUT", &path, json!({"certificate": signed("b.test")})).await;
    assert_eq!((status, fields(&missing)), (422, vec!["key"]));
    let better = json!({"certificate": signed("b.test"), "key": key.serialize_pem()});
    let (status, replaced) = instance.ask("PUT", &path, better).await;
    assert_eq!((status, &replaced["hosts"], &replaced["name"]), (200, &json!(["b.test"]), &json!("site")));

    let everything = format!(
        "{}{}{}",
        instance.get("/api/certificates").await,
        instance.get(&path).await,
        instance.get(&format!("{path}/chain")).await
    );
    assert!(everything.contains("BEGIN CERTIFICATE") && !everything.contains("PRIVATE KEY"), "{everything}");
    assert_eq!(instance.ask("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(instance.ask("GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_listener_names_only_what_there_is() {
    let instance = Instance::new();
    let (socket, api) = instance.api(&[]).await;
    let tls =
        json!({"certificates": ["gone"], "client_certificates": "required", "client_authority": "nobody"});
    let (status, refused) = instance.secure(socket, tls).await;
    assert_eq!((status, fields(&refused)), (422, vec!["certificates[0]", "client_authority"]));
    let (status, refused) =
        instance.ask("PUT", "/api/listeners/here/tls", json!({"certificates": ["a"]})).await;
    assert_eq!((status, fields(&refused)), (422, vec!["address"]));
    assert_eq!(instance.try_out(api, json!({})).await.1["status"], 200, "nothing has changed");
    // Settings may come before the first API.
    let early = "/api/listeners/127.0.0.1:1/tls";
    let (status, unused) = instance.ask("PUT", early, json!({"certificates": ["local_authority"]})).await;
    assert_eq!((status, &unused["state"]), (200, &json!("unused")), "{unused}");
}

/// The certificates `callers`, an authority, and `me`, signed by it for `me.test`.
async fn make_callers(instance: &Instance) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("signed").pem();
    let own = rcgen::KeyPair::generate().expect("a key");
    let issuer = rcgen::Issuer::new(params, key);
    let client = rcgen::CertificateParams::new(vec!["me.test".to_owned()]).expect("valid");
    let client = client.signed_by(&own, &issuer).expect("signed").pem();
    for body in [
        json!({"name": "callers", "certificate": authority}),
        json!({"name": "me", "certificate": client, "key": own.serialize_pem()}),
    ] {
        assert_eq!(instance.ask("POST", "/api/certificates", body).await.0, 201);
    }
}

#[tokio::test]
async fn a_caller_must_show_a_certificate_where_one_is_required() {
    let instance = Instance::new();
    make_callers(&instance).await;
    let (socket, api) = instance.api(&[]).await;
    let tls = json!({
        "certificates": ["local_authority"], "client_certificates": "required", "client_authority": "callers"
    });
    assert_eq!(instance.secure(socket, tls).await.0, 200);
    assert_eq!(instance.try_out(api, json!({})).await.0, 502, "nothing shown");
    let (status, answer) = instance.try_out(api, json!({"client_certificate": "me"})).await;
    assert_eq!((status, &answer["status"]), (200, &json!(200)), "{answer}");
    let listeners = instance.get("/api/listeners").await;
    let failures = &listeners[0]["handshake_failures"];
    assert_eq!(failures["count"], 1, "{failures}");
    assert_eq!(failures["last_reason"], "the caller showed no certificate, which it must");
}

#[tokio::test]
async fn a_policy_says_which_certificates_may_call() {
    let instance = Instance::new();
    make_callers(&instance).await;
    let (socket, api) = instance.api(&[]).await;
    let policy = |entry: &str| json!({"policy": "tls-client-authentication", "config": {"subject_alternative_names": [entry]}});
    let path = format!("/api/apis/{api}/policies");
    let (status, applied) = instance.ask("POST", &path, policy("DNS:*.test")).await;
    assert_eq!(status, 201, "{applied}");

    // On a plain port nobody can pass, which is said where everybody sees it.
    let warned = instance.get("/api/status").await["warnings"].to_string();
    assert!(
        warned.contains("no_client_certificates") && warned.contains("Nobody can call Orders v1"),
        "{warned}"
    );
    let (_, plain) = instance.try_out(api, json!({})).await;
    assert_eq!(plain["status"], 401, "{plain}");

    let tls = json!({
        "certificates": ["local_authority"], "client_certificates": "optional", "client_authority": "callers"
    });
    assert_eq!(instance.secure(socket, tls).await.0, 200);
    assert_eq!(instance.get("/api/status").await["warnings"], json!([]));
    let me = json!({"client_certificate": "me"});
    assert_eq!(instance.try_out(api, json!({})).await.1["status"], 401);
    assert_eq!(instance.try_out(api, me.clone()).await.1["status"], 200);
    let (status, changed) =
        instance.ask("PUT", &format!("{path}/{}", applied["id"]), policy("DNS:other.test")).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(instance.try_out(api, me).await.1["status"], 403);
}

#[tokio::test]
async fn status_says_ahead_of_time_what_expires() {
    let instance = Instance::new();
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).expect("valid");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let soon = i64::try_from(now.as_secs()).expect("fits") + 10 * 86_400;
    let soon = x509_parser::time::ASN1Time::from_timestamp(soon).expect("a date");
    params.not_after = soon.to_datetime();
    let certificate = params.self_signed(&key).expect("signed").pem();
    let body = json!({"name": "site", "certificate": certificate, "key": key.serialize_pem()});
    let (status, added) = instance.ask("POST", "/api/certificates", body).await;
    assert_eq!((status, &added["expiry"]), (201, &json!("soon")));
    let (socket, _) = instance.api(&[]).await;
    assert_eq!(instance.secure(socket, json!({"certificates": ["site"]})).await.0, 200);
    let open = json!({"name": "Open", "upstream": {"url": "https://127.0.0.1:1", "tls": {"verify": false}}});
    assert_eq!(instance.ask("POST", "/api/apis", open).await.0, 201);

    let status = instance.get("/api/status").await;
    let warnings = status["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(warnings[0]["kind"], "certificate_expires");
    let message = warnings[0]["message"].as_str().expect("words");
    assert!(message.starts_with("The certificate site expires in 9 days, on "), "{message}");
    assert!(message.ends_with(&format!("It is used by the listener {socket}.")), "{message}");
    assert_eq!(warnings[1]["kind"], "unverified_upstream");
    assert!(
        status["listeners"].as_array().expect("listeners").iter().any(|listener| listener["tls"] == true)
    );
}

#[tokio::test]
async fn everything_is_there_again_after_a_restart() {
    let instance = Instance::new();
    let (socket, _) = instance.api(&["orders.test"]).await;
    assert_eq!(instance.secure(socket, json!({"certificates": ["local_authority"]})).await.0, 200);
    let before = instance.get("/api/certificates").await;
    let (by_address, by_name) = (format!("local {socket} by address"), format!("local {socket}"));
    assert_eq!(names(&before), ["local_authority", &by_address, &by_name]);
    let Instance { control, router, home } = instance;
    drop(router);
    control.stop().await;
    drop(control);
    let again = Instance::at(home);
    assert_eq!(again.get("/api/certificates").await, before);
    assert_eq!(again.get("/api/listeners").await[0]["state"], "listening");
}
