//! Key sets on servers.

use super::*;

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
