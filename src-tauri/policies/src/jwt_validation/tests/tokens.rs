//! Which tokens pass, what becomes of their claims, and which configurations are faulty.

use super::*;

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
    let trial = trial.with_client("over", "s", true).with_credential(|known| known.expires_at = Some(0));
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
        (json!({"client_id": "over"}), "client ID over has expired"),
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
