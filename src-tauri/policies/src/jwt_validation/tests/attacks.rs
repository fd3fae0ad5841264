//! The attacks of RFC 8725, sections 2 and 3.

use super::*;

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
