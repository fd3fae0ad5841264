//! Every rule, and every attack of RFC 8725, by name; here what they have in common: keys, tokens and trials.

mod attacks;
mod key_sets;
mod tokens;

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
