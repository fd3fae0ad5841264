//! What checking a token costs beside the bare check of its signature, on one thread:
//! `cargo run --release -p gatepost-policies --example jwt_cost`.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(clippy::expect_used, reason = "nothing comes from outside")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatepost_gateway::{Body, Context, Env, Identity, Request, StateStore, Verdict};
use gatepost_model::{ApiId, AppliedPolicyId};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::json;

const CALLS: u32 = 20_000;
const ROUNDS: usize = 7;

fn main() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let parts = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let claims = r#"{"iss":"https://login.example.com","sub":"ann","aud":"https://api.example.com","exp":4102444800,"scope":"read write"}"#;
    let signed =
        format!("{}.{}", encode(br#"{"alg":"RS256","kid":"one","typ":"JWT"}"#), encode(claims.as_bytes()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("signed");
    let signature = encode(&signature);

    let jwk = json!({"kty": "RSA", "kid": "one", "n": encode(&parts.n), "e": encode(&parts.e)}).to_string();
    let config = json!({
        "text_key": jwk, "skip_client_id_validation": true, "supported_issuers": "https://login.example.com",
        "validate_aud_claim": true, "supported_audiences": "https://api.example.com",
    });
    let states = StateStore::new();
    let kind = gatepost_policies::kind("jwt-validation").expect("listed");
    let Ok(policy) = kind.compile(&config, &Env::new(AppliedPolicyId(1), "", &states)) else {
        panic!("the configuration compiles");
    };
    let token = format!("Bearer {signed}.{signature}");
    let mut request: Request =
        http::Request::get("/").header("authorization", token).body(Body::Empty).expect("valid");
    let mut cx = context();

    let bare = DecodingKey::from_rsa_raw_components(&parts.n, &parts.e);
    // In turns, so that what else the machine does meets both; the quickest round of each counts.
    let (mut alone, mut whole) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        alone = alone.min(timed(|| {
            let right = jsonwebtoken::crypto::verify(&signature, signed.as_bytes(), &bare, Algorithm::RS256);
            assert!(right.expect("a fitting key"));
        }));
        whole = whole.min(timed(|| {
            cx.identity = Identity::default();
            assert!(matches!(policy.on_request(&mut request, &mut cx), Verdict::Now(Ok(_))));
        }));
    }
    println!("bare signature check  {:>7.2} µs", per_call(alone));
    println!("jwt-validation        {:>7.2} µs", per_call(whole));
    println!("ratio                 {:>7.2}", whole.as_secs_f64() / alone.as_secs_f64());
}

fn timed(mut work: impl FnMut()) -> Duration {
    let begin = Instant::now();
    (0..CALLS).for_each(|_| work());
    begin.elapsed()
}

fn per_call(all: Duration) -> f64 {
    all.as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn context() -> Context {
    Context { wall_us: 1_800_000_000_000_000, ..Context::plain(Arc::default(), ApiId(1)) }
}
