//! Every rule, and every attack of RFC 8725, by name.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use gatepost_gateway::OutboundError;
use gatepost_model::Outcome;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

use crate::tests::{Answer, Call, Trial, call};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_800_000_000;

static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("made"));
static OTHER_RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("made"));
static EC: LazyLock<EcdsaKeyPair> = LazyLock::new(|| ec_key(&ECDSA_P256_SHA256_FIXED_SIGNING));
static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().expect("made"));

fn ec_key(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    EcdsaKeyPair::generate(algorithm).expect("made")
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", encoded(header), encoded(claims))
}

fn with_signature(unsigned: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{unsigned}.{}", encoded(signature))
}

fn by_rsa(key: &RsaKeyPair, encoding: &'static dyn RsaEncoding, header: &str, claims: &str) -> String {
    let unsigned = unsigned(header, claims);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), unsigned.as_bytes(), &mut signature).expect("signed");
    with_signature(&unsigned, signature)
}

fn rs256(header: &str, claims: &Value) -> String {
    by_rsa(&RSA, &RSA_PKCS1_SHA256, header, &claims.to_string())
}

fn by_ec(key: &EcdsaKeyPair, header: &str, claims: &str) -> String {
    let unsigned = unsigned(header, claims);
    let signature = key.sign(&SystemRandom::new(), unsigned.as_bytes()).expect("signed");
    with_signature(&unsigned, signature)
}

fn by_secret(algorithm: hmac::Algorithm, secret: &[u8], header: &str, claims: &str) -> String {
    let unsigned = unsigned(header, claims);
    let signature = hmac::sign(&hmac::Key::new(algorithm, secret), unsigned.as_bytes());
    with_signature(&unsigned, signature)
}

/// HS256 with the right secret.
fn token(claims: &Value) -> String {
    token_text(r#"{"alg":"HS256"}"#, &claims.to_string())
}

fn token_text(header: &str, claims: &str) -> String {
    by_secret(hmac::HMAC_SHA256, SECRET.as_bytes(), header, claims)
}

fn rsa_jwk(key: &RsaKeyPair, id: &str) -> Value {
    let parts = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
    json!({"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "n": encoded(parts.n), "e": encoded(parts.e)})
}

fn ec_jwk(key: &EcdsaKeyPair, curve: &str) -> Value {
    let (x, y) = key.public_key().as_ref()[1..].split_at((key.public_key().as_ref().len() - 1) / 2);
    json!({"kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y)})
}

fn ed_jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(ED.public_key())})
}

fn pem_of(der: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(der))
}

fn rsa_pem() -> String {
    let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(RSA.public_key()).expect("DER");
    pem_of(der.as_ref())
}

/// HS256 without a contract check, with more of a configuration.
fn hs256(more: Value) -> Value {
    let base = json!({"signing_method": "hmac", "text_key": SECRET, "skip_client_id_validation": true});
    merged(base, more)
}

fn merged(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("an object") };
    base.as_object_mut().expect("an object").extend(more);
    base
}

fn trial(config: Value) -> Trial {
    Trial::of("jwt-validation", config)
}

#[allow(clippy::needless_pass_by_value, reason = "so that every case reads like its policy")]
fn faults(config: Value) -> Vec<String> {
    Trial::faults("jwt-validation", &config)
}

fn bearer(token: &str) -> Call {
    call().header("authorization", &format!("Bearer {token}")).at_epoch(NOW)
}

fn ask(config: Value, token: &str) -> Answer {
    trial(config).run(bearer(token))
}

fn is_refused(answer: &Answer, words: &str) {
    assert_eq!((answer.status(), answer.error()), (401, words), "{:?}", answer.notes());
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{words}\"");
    assert_eq!(answer.header(WWW_AUTHENTICATE), Some(&*challenge));
    assert_eq!(answer.outcomes(), [Outcome::Refused]);
    assert!(answer.sent_upstream().is_none());
    assert!(answer.identity().properties.is_none() && answer.identity().principal.is_none());
}

const WRONG_SIGNATURE: &str = "The signature of the token is wrong";
const OTHER_ALGORITHM: &str = "The token is signed with another algorithm";
const MALFORMED: &str = "The token is not a JSON Web Token";
const ENCRYPTED: &str = "Encrypted tokens are not supported";
const UNKNOWN_KEY: &str = "The token is signed with an unknown key";

// What holds.

#[test]
fn takes_a_token_by_every_algorithm() {
    let claims = r#"{"sub":"ann"}"#;
    let ec384 = ec_key(&ECDSA_P384_SHA384_FIXED_SIGNING);
    let rsa_parts = rsa_jwk(&RSA, "k");
    let rsa_key = json!({"kty": "RSA", "n": rsa_parts["n"], "e": rsa_parts["e"]}).to_string();
    let by = |encoding, name: &str| by_rsa(&RSA, encoding, &format!(r#"{{"alg":"{name}"}}"#), claims);
    let hs = |algorithm, name: &str| {
        by_secret(algorithm, SECRET.as_bytes(), &format!(r#"{{"alg":"{name}"}}"#), claims)
    };
    let eddsa = unsigned(r#"{"alg":"EdDSA"}"#, claims);
    let eddsa = with_signature(&eddsa, ED.sign(eddsa.as_bytes()));
    let cases = [
        ("rsa", 256, rsa_key.clone(), by(&RSA_PKCS1_SHA256, "RS256")),
        ("rsa", 384, rsa_key.clone(), by(&RSA_PKCS1_SHA384, "RS384")),
        ("rsa", 512, rsa_key.clone(), by(&RSA_PKCS1_SHA512, "RS512")),
        ("rsa_pss", 256, rsa_key.clone(), by(&RSA_PSS_SHA256, "PS256")),
        ("rsa_pss", 384, rsa_key.clone(), by(&RSA_PSS_SHA384, "PS384")),
        ("rsa_pss", 512, rsa_key, by(&RSA_PSS_SHA512, "PS512")),
        ("es", 256, ec_jwk(&EC, "P-256").to_string(), by_ec(&EC, r#"{"alg":"ES256"}"#, claims)),
        ("es", 384, ec_jwk(&ec384, "P-384").to_string(), by_ec(&ec384, r#"{"alg":"ES384"}"#, claims)),
        ("eddsa", 256, ed_jwk().to_string(), eddsa),
        ("hmac", 256, SECRET.into(), hs(hmac::HMAC_SHA256, "HS256")),
        ("hmac", 384, SECRET.into(), hs(hmac::HMAC_SHA384, "HS384")),
        ("hmac", 512, SECRET.into(), hs(hmac::HMAC_SHA512, "HS512")),
    ];
    for (method, length, key, token) in cases {
        let config = json!({
            "signing_method": method, "signing_key_length": length, "text_key": key, "skip_client_id_validation": true,
        });
        let answer = ask(config.clone(), &token);
        assert_eq!(answer.status(), 200, "{method} {length}: {:?}", answer.notes());
        let (rest, signature) = token.rsplit_once('.').expect("three parts");
        let mut broken = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        broken[7] ^= 1;
        is_refused(&ask(config, &with_signature(rest, broken)), WRONG_SIGNATURE);
    }
}

#[test]
fn reads_keys_as_pem_with_and_without_armour_as_pkcs1_and_as_jwks() {
    let token = rs256(r#"{"alg":"RS256","kid":"k"}"#, &json!({}));
    let bare = rsa_pem().lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let pkcs1 = format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----",
        BASE64_STANDARD.encode(RSA.public_key())
    );
    let set = json!({"keys": [rsa_jwk(&OTHER_RSA, "o"), rsa_jwk(&RSA, "k")]}).to_string();
    for key in [rsa_pem(), bare, pkcs1, set] {
        let config = json!({"text_key": key, "skip_client_id_validation": true});
        assert_eq!(ask(config, &token).status(), 200, "{key}");
    }
    let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(EC.public_key()).expect("DER");
    let config = json!({
        "signing_method": "es", "text_key": pem_of(der.as_ref()), "skip_client_id_validation": true,
    });
    assert_eq!(ask(config, &by_ec(&EC, r#"{"alg":"ES256"}"#, "{}")).status(), 200);
}

#[test]
fn an_absent_token_is_400() {
    let absent = [
        call(),
        call().header("authorization", "Basic YTpi"),
        call().header("authorization", "Bearer"),
        call().header("authorization", "Bearer  "),
    ];
    for call in absent {
        let answer = trial(hs256(json!({}))).run(call);
        assert_eq!((answer.status(), answer.error()), (400, "The token is not present"));
        assert_eq!(answer.header(WWW_AUTHENTICATE), Some("Bearer"));
    }
}

#[test]
fn several_authorization_headers_are_400() {
    let good = token(&json!({}));
    let answer =
        trial(hs256(json!({}))).run(bearer(&good).header("authorization", &format!("Bearer {good}")));
    assert_eq!((answer.status(), answer.error()), (400, "There is more than one Authorization header"));
}

#[test]
fn bearer_may_be_written_in_any_case() {
    let header = format!("bEARER  {}", token(&json!({})));
    let answer = trial(hs256(json!({}))).run(call().header("authorization", &header));
    assert_eq!(answer.status(), 200);
}

#[test]
fn takes_the_token_from_where_the_expression_says() {
    let config = hs256(json!({"jwt_origin": "custom_expression"}));
    assert_eq!(trial(config.clone()).run(call().header("jwt", &token(&json!({})))).status(), 200);
    assert_eq!(trial(config).run(bearer(&token(&json!({})))).status(), 400);
}

#[test]
fn dates_are_checked_wherever_they_are_with_the_skew() {
    let skew = hs256(json!({"clock_skew": "10s"}));
    let expired = "The token has expired";
    let early = "The token is not valid yet";
    let cases = [
        (json!({"exp": NOW - 9}), None),
        (json!({"exp": NOW - 10}), Some(expired)),
        (json!({"exp": NOW as f64 - 9.5}), None),
        (json!({"nbf": NOW + 10}), None),
        (json!({"nbf": NOW + 11}), Some(early)),
        (json!({"iat": NOW + 11}), Some(early)),
        (json!({"exp": -1e300}), Some(expired)),
        (json!({"exp": "2100"}), Some("A date of the token is not a number")),
        (json!({"nbf": null}), Some("A date of the token is not a number")),
    ];
    for (claims, refusal) in cases {
        let answer = ask(skew.clone(), &token(&claims));
        match refusal {
            None => assert_eq!(answer.status(), 200, "{claims}"),
            Some(words) => is_refused(&answer, words),
        }
    }
}

#[test]
fn mandatory_claims_are_missed() {
    for (option, note) in
        [("exp", "the token has no exp"), ("nbf", "the token has no nbf"), ("aud", "the token has no aud")]
    {
        let mut config = hs256(json!({}));
        config[format!("mandatory_{option}_claim")] = true.into();
        let answer = ask(config, &token(&json!({})));
        is_refused(&answer, "A claim of the token is missing");
        assert_eq!(answer.notes(), [note]);
    }
}

#[test]
fn an_issuer_must_be_one_of_those_supported() {
    let config = hs256(json!({"supported_issuers": "https://a, https://b"}));
    assert_eq!(ask(config.clone(), &token(&json!({"iss": "https://b"}))).status(), 200);
    is_refused(
        &ask(config.clone(), &token(&json!({"iss": "https://c"}))),
        "The token is from another issuer",
    );
    is_refused(&ask(config, &token(&json!({}))), "A claim of the token is missing");
}

#[test]
fn custom_claims_are_texts_or_expressions() {
    let config = hs256(json!({
        "validate_custom_claim": true,
        "mandatory_custom_claims": [{"key": "role", "value": "#[vars.claimSet.role contains 'edit']"}],
        "non_mandatory_custom_claims": [{"key": "level", "value": "3"}],
    }));
    for good in [
        json!({"role": "editor"}),
        json!({"role": "editor", "level": 3}),
        json!({"role": "editor", "level": "3"}),
    ] {
        assert_eq!(ask(config.clone(), &token(&good)).status(), 200, "{good}");
    }
    let bad = [
        json!({}),
        json!({"role": "x"}),
        json!({"role": "editor", "level": 4}),
        json!({"role": 7}),
        json!({"role": "edit", "level": [3]}),
    ];
    for bad in bad {
        is_refused(&ask(config.clone(), &token(&bad)), "A claim of the token is not as it must be");
    }
    let no_truth = hs256(json!({
        "validate_custom_claim": true,
        "mandatory_custom_claims": [{"key": "role", "value": "#[vars.claimSet.role]"}],
    }));
    is_refused(
        &ask(no_truth, &token(&json!({"role": "editor"}))),
        "A claim of the token is not as it must be",
    );
}

#[test]
fn a_client_app_with_a_contract_is_found_under_three_names_in_order() {
    let config = hs256(json!({"skip_client_id_validation": false}));
    let trial = trial(config).with_client("my-app", "s", true).with_client("no-contract", "s", false);
    for claims in [
        json!({"client_id": "my-app", "azp": "x"}),
        json!({"azp": "my-app", "appid": "x"}),
        json!({"appid": "my-app"}),
    ] {
        let answer = trial.run(bearer(&token(&claims)));
        assert_eq!((answer.status(), answer.client_name()), (200, Some("App of my-app")), "{claims}");
        assert_eq!(answer.identity().client_id.as_deref(), Some("my-app"));
    }
    let cases = [
        (json!({}), "the token names no client"),
        (json!({"client_id": ""}), "the token names no client"),
        (json!({"client_id": "nobody", "azp": "my-app"}), "unknown client ID nobody"),
        (json!({"client_id": "no-contract"}), "App of no-contract has no approved contract with this API"),
    ];
    for (claims, note) in cases {
        let answer = trial.run(bearer(&token(&claims)));
        is_refused(&answer, "The client of the token may not call this API");
        assert_eq!(answer.notes(), [note]);
    }
}

#[test]
fn the_client_id_can_come_by_an_expression() {
    let config = hs256(json!({
        "skip_client_id_validation": false, "client_id_expression": "#[vars.claimSet.app.id]",
    }));
    let answer =
        trial(config).with_client("my-app", "s", true).run(bearer(&token(&json!({"app": {"id": "my-app"}}))));
    assert_eq!((answer.status(), answer.client_name()), (200, Some("App of my-app")));
}

#[test]
fn later_policies_read_the_claims() {
    let trial = trial(hs256(json!({}))).and(
        "header-injection",
        json!({"inbound_headers": [
            {"key": "x-claim", "value": "#[authentication.properties.claims.org.name]"},
            {"key": "x-principal", "value": "#[authentication.principal]"},
        ]}),
    );
    let answer = trial.run(bearer(&token(&json!({"sub": "ann", "org": {"name": "acme"}}))));
    let sent = answer.sent_upstream().expect("sent");
    assert_eq!([&sent["x-claim"], &sent["x-principal"]], ["acme", "ann"]);
    assert_eq!(answer.notes()[0], "a valid token of ann");
}

#[test]
fn claims_go_to_the_upstream_in_headers_that_callers_cannot_forge() {
    let config = hs256(json!({"claim_headers": [
        {"header": "x-user", "claim": "sub"}, {"header": "x-roles", "claim": "roles"}, {"header": "x-org", "claim": "org"},
    ]}));
    let forged = |call: Call| {
        call.header("x-user", "root")
            .header("X_User", "root")
            .header("x-org", "evil")
            .header("x_roles", "admin")
    };
    let answer =
        trial(config.clone()).run(forged(bearer(&token(&json!({"sub": "ann", "roles": ["a", "b"]})))));
    let sent = answer.sent_upstream().expect("sent");
    assert_eq!(sent.get_all("x-user").iter().collect::<Vec<_>>(), ["ann"]);
    assert_eq!(sent["x-roles"], r#"["a","b"]"#);
    for name in ["x_user", "x-org", "x_roles"] {
        assert!(sent.get(name).is_none(), "{name}");
    }
    let answer = ask(config, &token(&json!({"sub": "a\r\nevil: 1"})));
    assert_eq!((answer.status(), answer.sent_upstream().is_none()), (500, true));
}

#[test]
fn a_type_must_be_one_of_those_supported() {
    let config = hs256(json!({"supported_types": "at+jwt"}));
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let header = format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#);
        assert_eq!(ask(config.clone(), &token_text(&header, "{}")).status(), 200, "{typ}");
    }
}

#[test]
fn every_fault_is_named_at_once() {
    let config = json!({
        "jwt_origin": "custom_expression", "jwt_expression": "fixed", "signing_method": "es", "signing_key_length": 512,
        "client_id_expression": "#[nonsense", "supported_audiences": "a", "clock_skew": "1h",
        "mandatory_custom_claims": [{"key": "a", "value": "#[payload.x]"}],
        "claim_headers": [{"header": "host", "claim": "a"}, {"header": "x-a", "claim": "a"}, {"header": "x_a", "claim": "a"}],
    });
    let mut found = faults(config);
    found.sort();
    let expected = [
        "claim_headers[0].header",
        "claim_headers[2].header",
        "client_id_expression",
        "clock_skew",
        "jwt_expression",
        "mandatory_custom_claims[0].value",
        "signing_key_length",
        "validate_aud_claim",
        "validate_custom_claim",
    ];
    assert_eq!(found, expected);
    assert_eq!(faults(json!({})), ["text_key"]);
    assert_eq!(faults(json!({"jwt_key_origin": "jwks"})), ["jwks_url"]);
    for url in ["ftp://x", "/x", "https://user:pw@x/", "https://a b/"] {
        assert_eq!(faults(json!({"jwt_key_origin": "jwks", "jwks_url": url})), ["jwks_url"], "{url}");
    }
    let times = json!({
        "jwt_key_origin": "jwks", "jwks_url": "https://x", "jwks_service_time_to_live": 60,
        "jwks_service_connection_timeout": "2m", "jwks_refresh_floor": "1ms",
    });
    assert_eq!(
        faults(times),
        ["jwks_service_time_to_live", "jwks_service_connection_timeout", "jwks_refresh_floor"]
    );
}

// RFC 8725, sections 2 and 3.

/// 2.1, 3.1.
#[test]
fn alg_none_is_refused_in_every_writing_and_cannot_be_configured() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = unsigned(&format!(r#"{{"alg":"{alg}"}}"#), "{}");
        is_refused(&ask(hs256(json!({})), &format!("{unsigned}.")), OTHER_ALGORITHM);
    }
    is_refused(&ask(hs256(json!({})), &unsigned(r#"{"alg":"HS256"}"#, "{}")), MALFORMED);
    is_refused(
        &ask(hs256(json!({})), &format!("{}.", unsigned(r#"{"alg":"HS256"}"#, "{}"))),
        WRONG_SIGNATURE,
    );
    assert_eq!(faults(hs256(json!({"signing_method": "none"}))), ["signing_method"]);
}

/// 2.1, 3.1.
#[test]
fn a_public_key_is_never_taken_for_an_hmac_secret() {
    let pem = rsa_pem();
    let config = json!({"text_key": pem, "skip_client_id_validation": true});
    for secret in [pem.as_bytes(), pem.trim().as_bytes(), RSA.public_key().as_ref()] {
        let forged = by_secret(hmac::HMAC_SHA256, secret, r#"{"alg":"HS256"}"#, "{}");
        is_refused(&ask(config.clone(), &forged), OTHER_ALGORITHM);
        let relabelled = by_secret(hmac::HMAC_SHA256, secret, r#"{"alg":"RS256"}"#, "{}");
        is_refused(&ask(config.clone(), &relabelled), WRONG_SIGNATURE);
    }
    assert_eq!(faults(hs256(json!({"text_key": pem}))), ["text_key"]);
    assert_eq!(faults(hs256(json!({"text_key": rsa_jwk(&RSA, "k").to_string()}))), ["text_key"]);
}

/// 2.2, 3.5.
#[test]
fn weak_keys_are_refused_when_saved() {
    for (length, bytes) in [(256, 32), (384, 48), (512, 64)] {
        let secret = &SECRET[..bytes - 1];
        assert_eq!(faults(hs256(json!({"signing_key_length": length, "text_key": secret}))), ["text_key"]);
        assert!(faults(hs256(json!({"signing_key_length": length, "text_key": SECRET[..bytes]}))).is_empty());
        let jwk = json!({"kty": "oct", "k": encoded(secret)}).to_string();
        assert_eq!(faults(hs256(json!({"signing_key_length": length, "text_key": jwk}))), ["text_key"]);
    }
    let weak = |modulus: &[u8], exponent: &[u8]| json!({"text_key": json!({"kty": "RSA", "n": encoded(modulus), "e": encoded(exponent)}).to_string()});
    for (modulus, exponent) in [
        (vec![0xff; 128], vec![1, 0, 1]),
        ([vec![0; 128], vec![0xff; 128]].concat(), vec![1, 0, 1]),
        (vec![0xff; 2_048], vec![1, 0, 1]),
        (vec![0xff; 256], vec![1]),
        (vec![0xff; 256], vec![0xff; 256]),
        (vec![0xfe; 256], vec![1, 0, 1]),
    ] {
        assert_eq!(faults(weak(&modulus, &exponent)), ["text_key"]);
    }
}

/// 2.3, 3.2: a JWE, or a token that says it is compressed or encrypted.
#[test]
fn a_compressed_jwe_is_never_inflated() {
    let jwe = [r#"{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}"#, "key", "iv", "text", "tag"];
    is_refused(&ask(hs256(json!({})), &jwe.map(encoded).join(".")), ENCRYPTED);
    for header in [r#"{"alg":"HS256","zip":"DEF"}"#, r#"{"alg":"HS256","enc":"A256GCM"}"#] {
        is_refused(&ask(hs256(json!({})), &token_text(header, "{}")), ENCRYPTED);
    }
}

/// 2.4, 3.7.
#[test]
fn only_utf8_json_objects_without_repeated_names_are_read() {
    let bad = [
        (r#"{"alg":"HS256","alg":"none"}"#, "{}"),
        (r#"{"alg":"HS256"}"#, r#"{"sub":"a","sub":"b"}"#),
        (r#"{"alg":"HS256"}"#, r#"{"a":{"b":1,"b":2}}"#),
        (r#"{"alg":"HS256"}"#, r#"{"a":[{"b":1,"b":2}]}"#),
        (r#"{"alg":"HS256"}"#, "[]"),
        (r#"{"alg":"HS256"}"#, "{} {}"),
        (r#"{"alg":7}"#, "{}"),
        (r#"{"alg":"HS256","kid":7}"#, "{}"),
        ("{}", "{}"),
        ("null", "{}"),
    ];
    for (header, claims) in bad {
        is_refused(&ask(hs256(json!({})), &token_text(header, claims)), MALFORMED);
    }
    let deep = format!("{}{}", r#"{"a":"#.repeat(500), "1".to_owned() + &"}".repeat(500));
    is_refused(&ask(hs256(json!({})), &token_text(r#"{"alg":"HS256"}"#, &deep)), MALFORMED);
    let latin = [br#"{"alg":"HS256","x":""#.as_slice(), &[0xe9], br#""}"#].concat();
    let text = format!("{}.{}", encoded(latin), encoded("{}"));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes());
    is_refused(&ask(hs256(json!({})), &with_signature(&text, signature)), MALFORMED);
}

/// 2.4: every token has one writing.
#[test]
fn white_space_padding_and_other_alphabets_are_refused() {
    let good = token(&json!({"sub": "a"}));
    let (head, rest) = good.split_once('.').expect("parts");
    for bad in [
        format!("{head}=.{rest}"),
        format!(" {head} .{rest}"),
        format!("{head}.{rest}=="),
        format!("{head}.{rest}."),
        format!("{good}+"),
    ] {
        let answer = ask(hs256(json!({})), &bad);
        assert_eq!(answer.status(), 401, "{bad}");
    }
    is_refused(&ask(hs256(json!({})), &"a".repeat(17 * 1_024)), "The token is too long");
}

/// 2.5, 3.4: CVE-2022-21449, and points that are on no curve.
#[test]
fn the_psychic_signature_is_refused() {
    let config = json!({"signing_method": "es", "text_key": ec_jwk(&EC, "P-256").to_string(), "skip_client_id_validation": true});
    let unsigned = unsigned(r#"{"alg":"ES256"}"#, "{}");
    for signature in [vec![0; 64], vec![0xff; 64], vec![0; 8], Vec::new()] {
        is_refused(&ask(config.clone(), &with_signature(&unsigned, signature)), WRONG_SIGNATURE);
    }
    let off_curve = json!({"kty": "EC", "crv": "P-256", "x": encoded([1; 32]), "y": encoded([1; 32])});
    let config = merged(config, json!({"text_key": off_curve.to_string()}));
    is_refused(&ask(config, &by_ec(&EC, r#"{"alg":"ES256"}"#, "{}")), WRONG_SIGNATURE);
    for curve in ["P-384", "secp256k1", "Ed25519"] {
        let config = json!({"signing_method": "es", "text_key": ec_jwk(&EC, curve).to_string()});
        assert_eq!(faults(config), ["text_key"], "{curve}");
    }
}

/// 2.7, 3.9.
#[test]
fn a_token_for_another_audience_is_refused() {
    let config = hs256(json!({"validate_aud_claim": true, "supported_audiences": "https://one, two"}));
    for good in [json!({"aud": "https://one"}), json!({"aud": ["x", "two"]}), json!({})] {
        assert_eq!(ask(config.clone(), &token(&good)).status(), 200, "{good}");
    }
    for bad in [
        json!({"aud": "one"}),
        json!({"aud": ["https://one/"]}),
        json!({"aud": []}),
        json!({"aud": {"a": "two"}}),
        json!({"aud": null}),
        json!({"aud": "TWO"}),
    ] {
        is_refused(&ask(config.clone(), &token(&bad)), "The token is for another audience");
    }
}

/// 2.8, 3.8, 3.11, 3.12: a token made for something else.
#[test]
fn a_token_of_another_type_is_refused() {
    let config = hs256(json!({"supported_types": "at+jwt"}));
    for header in
        [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"HS256","typ":"secevent+jwt"}"#]
    {
        is_refused(&ask(config.clone(), &token_text(header, "{}")), "The token is of another type");
    }
}

/// 2.9, 3.10.
#[test]
fn keys_that_the_token_brings_along_or_points_to_are_never_used() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let own = rsa_jwk(&OTHER_RSA, "k");
    let trial = published(json!({"keys": [rsa_jwk(&RSA, "k")]}), &counted);
    let brought = [
        json!({"alg": "RS256", "kid": "k", "jwk": own}),
        json!({"alg": "RS256", "kid": "k", "jku": "https://evil.test/jwks"}),
        json!({"alg": "RS256", "kid": "k", "x5u": "https://evil.test/cert"}),
        json!({"alg": "RS256", "kid": "k", "x5c": ["MIIB"]}),
    ];
    for header in brought {
        let forged = by_rsa(&OTHER_RSA, &RSA_PKCS1_SHA256, &header.to_string(), "{}");
        is_refused(&trial.run(bearer(&forged)), WRONG_SIGNATURE);
    }
    assert_eq!(asked.load(Relaxed), 1);
}

/// 3.10.
#[test]
fn a_kid_is_only_ever_compared() {
    let trial = published(json!({"keys": [rsa_jwk(&RSA, "k")]}), &Arc::default());
    for kid in ["../../dev/null", "k' OR '1'='1", "k\\u0000", "https://evil.test/k", "K"] {
        let header = format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#);
        is_refused(&trial.run(bearer(&rs256(&header, &json!({})))), UNKNOWN_KEY);
    }
}

/// RFC 7515, 4.1.11.
#[test]
fn extensions_that_must_be_understood_are_refused() {
    for header in [
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
    ] {
        is_refused(
            &ask(hs256(json!({})), &token_text(header, "{}")),
            "The token asks for extensions that are not supported",
        );
    }
}

/// 3.3, 3.4: what a signature covers is what is read.
#[test]
fn claims_of_one_token_do_not_go_with_the_signature_of_another() {
    let (low, high) = (token(&json!({"role": "low"})), token(&json!({"role": "high"})));
    let (_, signature) = low.rsplit_once('.').expect("parts");
    let (body, _) = high.rsplit_once('.').expect("parts");
    is_refused(&ask(hs256(json!({})), &format!("{body}.{signature}")), WRONG_SIGNATURE);
}

#[test]
fn claims_are_judged_after_the_signature_and_secrets_stay_out_of_the_trail() {
    let forged = by_secret(hmac::HMAC_SHA256, b"guess", r#"{"alg":"HS256"}"#, r#"{"exp":1}"#);
    let answer = ask(hs256(json!({})), &forged);
    is_refused(&answer, WRONG_SIGNATURE);
    assert!(answer.notes().iter().all(|note| !note.contains(&forged[..10]) && !note.contains(SECRET)));
}

// Key sets on servers.

/// RS256 by a key set at `keys.test`, whose fetches are counted.
fn published(set: Value, asked: &Arc<AtomicUsize>) -> Trial {
    let asked = asked.clone();
    served(json!({}), move |_| {
        asked.fetch_add(1, Relaxed);
        Ok(http::Response::new(set.to_string().into()))
    })
}

fn served(
    more: Value,
    answer: impl Fn(&str) -> Result<http::Response<bytes::Bytes>, OutboundError> + Send + Sync + 'static,
) -> Trial {
    let config = json!({"jwt_key_origin": "jwks", "jwks_url": "http://keys.test/a", "skip_client_id_validation": true});
    trial(merged(config, more)).calling_by(move |request| answer(request.uri().path()))
}

fn by_kid(kid: &str) -> Call {
    bearer(&rs256(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#), &json!({})))
}

#[test]
fn a_key_set_is_fetched_once_and_survives_a_save() {
    let asked = Arc::default();
    let trial = published(json!({"keys": [rsa_jwk(&OTHER_RSA, "o"), rsa_jwk(&RSA, "k")]}), &asked);
    for _ in 0..5 {
        assert_eq!(trial.run(by_kid("k")).status(), 200);
    }
    assert_eq!(trial.saved_again().run(by_kid("k")).status(), 200);
    assert_eq!(asked.load(Relaxed), 1);
}

#[test]
fn a_thousand_unknown_kids_in_ten_seconds_cause_a_handful_of_fetches() {
    let asked = Arc::default();
    let trial = published(json!({"keys": [rsa_jwk(&RSA, "k")]}), &asked);
    let unsigned = encoded("{}");
    for n in 0..1_000_u64 {
        let head = encoded(format!(r#"{{"alg":"RS256","kid":"{n}"}}"#));
        is_refused(&trial.run(bearer(&format!("{head}.{unsigned}.AAAA")).at_ms(n * 10)), UNKNOWN_KEY);
    }
    assert_eq!(asked.load(Relaxed), 1);
    let _ = trial.run(by_kid("x").at_ms(30_000));
    assert_eq!(asked.load(Relaxed), 2);
}

#[test]
fn a_key_that_is_rotated_in_works_within_the_floor() {
    let set = Arc::new(Mutex::new(json!({"keys": [rsa_jwk(&OTHER_RSA, "old")]})));
    let shared = set.clone();
    let trial = served(json!({"jwks_refresh_floor": "30s"}), move |_| {
        Ok(http::Response::new(shared.lock().expect("whole").to_string().into()))
    });
    is_refused(&trial.run(by_kid("new").at_ms(0)), UNKNOWN_KEY);
    *set.lock().expect("whole") = json!({"keys": [rsa_jwk(&OTHER_RSA, "old"), rsa_jwk(&RSA, "new")]});
    is_refused(&trial.run(by_kid("new").at_ms(29_999)), UNKNOWN_KEY);
    assert_eq!(trial.run(by_kid("new").at_ms(30_000)).status(), 200);
}

#[test]
fn without_any_key_set_the_answer_is_503_and_the_server_is_not_asked_again_at_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let trial = served(json!({}), move |_| {
        counted.fetch_add(1, Relaxed);
        Err(OutboundError::Failed("refused".into()))
    });
    for _ in 0..10 {
        let answer = trial.run(by_kid("k"));
        assert_eq!((answer.status(), answer.error()), (503, "Tokens cannot be checked now"));
        assert_eq!(answer.notes(), ["no key set from keys.test: refused"]);
        assert_eq!(answer.outcomes(), [Outcome::Failed]);
    }
    assert_eq!(asked.load(Relaxed), 1);
}

#[test]
fn the_old_set_stays_while_its_server_fails() {
    let asked = Arc::new(AtomicUsize::new(0));
    let set = json!({"keys": [rsa_jwk(&RSA, "k")]});
    let trial = served(json!({}), move |_| match asked.fetch_add(1, Relaxed) {
        0 => Ok(http::Response::new(set.to_string().into())),
        1 => Ok(http::Response::new("<html>".into())),
        _ => Err(OutboundError::Failed("down".into())),
    });
    for hours in 0..5 {
        assert_eq!(trial.run(by_kid("k").at_ms(hours * 3_700_000)).status(), 200);
    }
}

#[test]
fn several_sets_are_looked_through_and_one_that_is_down_does_not_matter_to_the_others() {
    let set = json!({"keys": [rsa_jwk(&RSA, "k")]});
    let more = json!({"jwks_url": "http://keys.test/down, http://keys.test/empty, http://keys.test/good"});
    let trial = served(more, move |path| match path {
        "/down" => Err(OutboundError::Failed("down".into())),
        "/empty" => Ok(http::Response::new(r#"{"keys":[]}"#.into())),
        _ => Ok(http::Response::new(set.to_string().into())),
    });
    assert_eq!(trial.run(by_kid("k")).status(), 200);
    assert_eq!(trial.run(by_kid("k")).status(), 200);
    assert_eq!(trial.run(by_kid("other")).status(), 503, "the one that is down might have it");
}

#[test]
fn keys_that_are_not_for_this_are_passed_over() {
    let good = rsa_jwk(&RSA, "k");
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("RS512")),
        ("alg", json!("HS256")),
        ("kty", json!("oct")),
    ] {
        let mut key = good.clone();
        key[name] = value;
        let trial = published(json!({"keys": [key]}), &Arc::default());
        is_refused(&trial.run(by_kid("k")), UNKNOWN_KEY);
    }
    let secret = json!({"kty": "oct", "kid": "k", "k": encoded(SECRET)});
    let trial = published(json!({"keys": [secret, {"kty": "what"}, good]}), &Arc::default());
    assert_eq!(trial.run(by_kid("k")).status(), 200);
}

#[test]
fn of_two_keys_with_one_kid_the_first_counts() {
    let trial = published(json!({"keys": [rsa_jwk(&OTHER_RSA, "k"), rsa_jwk(&RSA, "k")]}), &Arc::default());
    is_refused(&trial.run(by_kid("k")), WRONG_SIGNATURE);
}

#[test]
fn a_token_without_a_kid_goes_with_the_only_key() {
    let nameless = || bearer(&rs256(r#"{"alg":"RS256"}"#, &json!({})));
    let one = published(json!({"keys": [rsa_jwk(&RSA, "k")]}), &Arc::default());
    assert_eq!(one.run(nameless()).status(), 200);
    let two = published(json!({"keys": [rsa_jwk(&RSA, "k"), rsa_jwk(&OTHER_RSA, "o")]}), &Arc::default());
    is_refused(&two.run(nameless()), UNKNOWN_KEY);
}

#[test]
fn a_set_that_is_no_set_or_has_too_many_keys_is_a_failure() {
    let many = json!({"keys": vec![rsa_jwk(&RSA, "k"); 101]}).to_string();
    for body in ["{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, &many] {
        let body = body.to_owned();
        let trial = served(json!({}), move |_| Ok(http::Response::new(body.clone().into())));
        assert_eq!(trial.run(by_kid("k")).status(), 503);
    }
}

#[test]
fn a_secret_cannot_be_published() {
    assert_eq!(
        faults(json!({"signing_method": "hmac", "jwt_key_origin": "jwks", "jwks_url": "https://x"})),
        ["jwt_key_origin"]
    );
}

#[test]
fn a_private_key_is_refused() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
    assert_eq!(faults(json!({"text_key": pem})), ["text_key"]);
    assert_eq!(faults(json!({"text_key": "-----BEGIN PUBLIC KEY-----\nMIIB"})), ["text_key"]);
    assert_eq!(faults(json!({"text_key": "not base64!"})), ["text_key"]);
}
