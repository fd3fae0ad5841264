//! Tokens: an API behind keys that a server publishes, all of it from a file.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::program::{Backend, DataFolder, Gateway, caller, free_port, get};

/// A key on P-256 that signed the tokens below, and nothing else.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"one","use":"sig","x":"J9_58xYhok6Qx6-AaTiX05TfS2T4ziNoMuu--1_QuWU","y":"WTwG_heT7qAMqiLTPQ3NT0l59FMbYTJxygzKqoaZV4M"}]}"#;
/// Of `ann` by `my-test-app`, good until 2100.
const GOOD: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJhbm4iLCJhenAiOiJteS10ZXN0LWFwcCIsImV4cCI6NDEwMjQ0NDgwMH0.mCraKOmnw18o0np6cFz2Qng3ssb715BpQGoeAjLZVGYeGH25HrmZOTpPoO9fWDtiHJm4InYUXlgDjrOwxZ6tSQ";
/// The same, over since 2011.
const EXPIRED: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJhbm4iLCJhenAiOiJteS10ZXN0LWFwcCIsImV4cCI6MTMwMDgxOTM4MH0.1Z6LJeRkAWqmk1WLrVHCih4YS-TfkAVYp12ikKuQtlMVCXIBrAwTEsb33SKITersnoPgtIxDh58Bw2sOz4EmVQ";
/// Of an app that nobody knows.
const UNKNOWN_APP: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJib2IiLCJhenAiOiJzb21lYm9keSIsImV4cCI6NDEwMjQ0NDgwMH0.hFcAH45D0wkOgqNxTrYLETiKPduTgYlnlZ94tp9zW4vbGguY4qYyO3pjLi-r0ODcJzRHe4JZOUMqGW2tpAyySw";

/// Serves the keys to all who ask, as long as the program lives.
fn publish_keys() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/jwks.json", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let _ = caller.read(&mut [0; 4_096]);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", KEYS.len());
            let _ = caller.write_all((head + KEYS).as_bytes());
        }
    });
    url
}

fn file(port: u16, backend: &str, keys: &str) -> String {
    format!(
        r#"
gatepost: 1
apis:
  - name: Posts
    listen: {{port: {port}, base_path: /posts}}
    upstream: {{url: "{backend}/echo"}}
    policies:
      - policy: jwt-validation
        config:
          signing_method: es
          jwt_key_origin: jwks
          jwks_url: {keys}
          mandatory_exp_claim: true
          claim_headers: [{{header: x-user, claim: sub}}]
clients:
  - name: MyTestApp
    credentials: [{{client_id: my-test-app, client_secret: s3cret}}]
contracts:
  - {{client: MyTestApp, api: posts, version: v1}}
"#
    )
}

#[test]
fn a_signed_token_of_a_client_with_a_contract_passes_and_no_other() {
    let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
    let path = folder.write("gatepost.yaml", &file(port, &backend.url, &publish_keys()));
    let gateway = Gateway::start_on(folder, &["--config", path.to_str().expect("UTF-8")]);
    let url = format!("http://127.0.0.1:{port}/posts");
    let agent = caller();
    let ask =
        |token: &str| get(&agent, &url, &[("authorization", &format!("Bearer {token}")), ("x-user", "root")]);

    let good = ask(GOOD);
    assert_eq!(good.status, 200, "{}", good.body);
    let echoed = good.json()["headers"].to_string();
    assert!(echoed.contains("ann") && !echoed.contains("root"), "{echoed}");
    let without = get(&agent, &url, &[]);
    assert_eq!((without.status, without.header("www-authenticate")), (400, Some("Bearer")));
    let forged = format!("{}AAAA", &GOOD[..GOOD.len() - 4]);
    for (token, words) in [
        (EXPIRED, "The token has expired"),
        (UNKNOWN_APP, "The client of the token may not call this API"),
        (&forged, "The signature of the token is wrong"),
    ] {
        let answer = ask(token);
        assert_eq!((answer.status, &answer.json()["error"]), (401, &words.into()));
        let challenge = answer.header("www-authenticate").expect("given");
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
    }
    drop(gateway);
}

#[test]
fn while_no_keys_can_be_fetched_the_answer_is_503() {
    let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
    let nobody = format!("http://127.0.0.1:{}/jwks.json", free_port());
    let path = folder.write("gatepost.yaml", &file(port, &backend.url, &nobody));
    let gateway = Gateway::start_on(folder, &["--config", path.to_str().expect("UTF-8")]);
    let header = format!("Bearer {GOOD}");
    let answer =
        get(&caller(), &format!("http://127.0.0.1:{port}/posts"), &[("authorization", header.as_str())]);
    assert_eq!((answer.status, &answer.json()["policy"]), (503, &"jwt-validation".into()));
    drop(gateway);
}
