//! Keys that check signatures, out of PEM, JWK and JWKS (RFC 7517, 7518, 8037). A key that does not fit the configured
//! algorithm never comes to be.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde_json::Value;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::algorithm::{Pinned, SigningMethod};
use super::token::{Token, Unique};

/// Most keys in one set.
const MAX_KEYS: usize = 100;
/// Smallest and largest RSA modulus, in bits (RFC 7518, 3.3; the largest bounds the work of a check).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
const CURVE_P256: &str = "1.2.840.10045.3.1.7";
const CURVE_P384: &str = "1.3.132.0.34";
const ED25519: &str = "1.3.101.112";

/// Keys of one origin, all for the pinned algorithm.
pub(crate) struct KeySet {
    keys: Vec<Key>,
    /// A single key of the configuration's own checks every token, whatever its `kid`.
    is_one_for_all: bool,
}

struct Key {
    id: Option<Box<str>>,
    key: DecodingKey,
}

impl KeySet {
    /// What an operator wrote.
    pub(crate) fn written(text: &str, pinned: Pinned) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is needed to check tokens with".into());
        }
        if text.starts_with('{') {
            return Self::of_json(text.as_bytes(), pinned, true);
        }
        let key =
            if pinned.method == SigningMethod::Hmac { secret(text, pinned)? } else { public(text, pinned)? };
        Ok(Self { keys: vec![Key { id: None, key }], is_one_for_all: true })
    }

    /// What a server published. Keys that are of no use here are passed over, and so is a second key of one `kid`.
    pub(crate) fn published(json: &[u8], pinned: Pinned) -> Result<Self, String> {
        Self::of_json(json, pinned, false)
    }

    fn of_json(json: &[u8], pinned: Pinned, is_written: bool) -> Result<Self, String> {
        let Unique(mut document) =
            serde_json::from_slice(json).map_err(|error| format!("is no JSON: {error}"))?;
        let listed = match document.get_mut("keys").map(Value::take) {
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err("has keys that are no list".into()),
            None if is_written && document.get("kty").is_some() => {
                let key = jwk(&document, pinned)?;
                return Ok(Self { keys: vec![Key { id: None, key }], is_one_for_all: true });
            }
            None => return Err("is no key set: it has no keys".into()),
        };
        if listed.len() > MAX_KEYS {
            return Err(format!("has more than {MAX_KEYS} keys"));
        }
        let mut keys: Vec<Key> = Vec::new();
        let mut why_none = None;
        for listed in &listed {
            let id = listed.get("kid").and_then(Value::as_str).map(Box::from);
            match jwk(listed, pinned) {
                Ok(key) if id.is_none() || keys.iter().all(|known| known.id != id) => {
                    keys.push(Key { id, key });
                }
                Ok(_) => {}
                Err(why) => why_none = Some(why),
            }
        }
        if is_written && keys.is_empty() {
            let why = why_none.unwrap_or_else(|| "it is empty".into());
            return Err(format!("has no key for {}: {why}", pinned.name));
        }
        Ok(Self { keys, is_one_for_all: false })
    }

    /// The key that a token names; one without a name is checked with the only key there is.
    pub(crate) fn key_of(&self, token: &Token<'_>) -> Option<&DecodingKey> {
        let found = match (&token.key_id, self.keys.as_slice()) {
            (_, [only]) if self.is_one_for_all => Some(only),
            (Some(id), keys) => keys.iter().find(|key| key.id.as_ref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.map(|key| &key.key)
    }
}

/// A shared secret. A public key in its place would let everybody sign (RFC 8725, 2.1).
fn secret(text: &str, pinned: Pinned) -> Result<DecodingKey, String> {
    if text.contains("-----BEGIN") {
        return Err("is a key in PEM; hmac takes a secret that nobody else knows".into());
    }
    long_enough(text.as_bytes(), pinned)
}

fn long_enough(secret: &[u8], pinned: Pinned) -> Result<DecodingKey, String> {
    let shortest = pinned.shortest_secret();
    if secret.len() < shortest {
        return Err(format!("is too short: {} takes at least {shortest} bytes", pinned.name));
    }
    Ok(DecodingKey::from_secret(secret))
}

/// A public key or certificate in PEM, with its BEGIN and END lines or without them.
fn public(text: &str, pinned: Pinned) -> Result<DecodingKey, String> {
    if text.contains("PRIVATE KEY") {
        return Err("is a private key: write the public one, which is all that is needed".into());
    }
    let body = match text.split_once("-----BEGIN ") {
        Some((_, armoured)) => armoured
            .split_once("-----")
            .and_then(|(_, rest)| rest.split_once("-----END"))
            .map(|(body, _)| body)
            .ok_or("breaks off: its -----END line is missing")?,
        None => text,
    };
    let body: String = body.split_whitespace().collect();
    let der = BASE64_STANDARD
        .decode(body)
        .map_err(|_| "is neither PEM nor a JWK: what stands between its lines is not base64")?;
    let info = match SubjectPublicKeyInfo::from_der(&der) {
        Ok((_, info)) => info,
        Err(_) => match (X509Certificate::from_der(&der), RSAPublicKey::from_der(&der)) {
            (Ok((_, certificate)), _) => return of_info(certificate.public_key(), pinned),
            (_, Ok((_, key))) => return rsa(key.modulus, key.exponent, pinned),
            _ => return Err("is no public key".into()),
        },
    };
    of_info(&info, pinned)
}

fn of_info(info: &SubjectPublicKeyInfo<'_>, pinned: Pinned) -> Result<DecodingKey, String> {
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let curve = curve.map(|oid| oid.to_id_string());
    match info.parsed().map_err(|_| "is no public key")? {
        PublicKey::RSA(key) => rsa(key.modulus, key.exponent, pinned),
        PublicKey::EC(point) => {
            let named = match curve.as_deref() {
                Some(CURVE_P256) => "P-256",
                Some(CURVE_P384) => "P-384",
                _ => "another curve",
            };
            match point.data() {
                [4, both @ ..] => {
                    let (x, y) = both.split_at(both.len() / 2);
                    ec(named, x, y, pinned)
                }
                _ => Err("has a compressed point; write it uncompressed".into()),
            }
        }
        _ if info.algorithm.algorithm.to_id_string() == ED25519 => {
            ed("Ed25519", &info.subject_public_key.data, pinned)
        }
        _ => Err("is of a kind that is not known: RSA, EC and Ed25519 are".into()),
    }
}

/// A JWK that is for checking signatures with the pinned algorithm, by all that it says of itself.
fn jwk(key: &Value, pinned: Pinned) -> Result<DecodingKey, String> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| {
        let encoded = text(name).ok_or_else(|| format!("has no {name}"))?;
        BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| format!("has a {name} that is not base64url"))
    };
    if key.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err("is not for signatures".into());
    }
    if let Some(operations) = key.get("key_ops") {
        let verifies = |all: &Vec<Value>| all.iter().any(|operation| operation == "verify");
        if !operations.as_array().is_some_and(verifies) {
            return Err("is not for checking signatures".into());
        }
    }
    if key.get("alg").is_some_and(|algorithm| algorithm != pinned.name) {
        return Err(format!("is not for {}", pinned.name));
    }
    match text("kty") {
        Some("RSA") => rsa(&bytes("n")?, &bytes("e")?, pinned),
        Some("EC") => ec(text("crv").unwrap_or_default(), &bytes("x")?, &bytes("y")?, pinned),
        Some("OKP") => ed(text("crv").unwrap_or_default(), &bytes("x")?, pinned),
        Some("oct") if pinned.method == SigningMethod::Hmac => long_enough(&bytes("k")?, pinned),
        Some(other) => Err(format!("is of kind {other}, which does not go with {}", pinned.name)),
        None => Err("has no kty".into()),
    }
}

fn rsa(modulus: &[u8], exponent: &[u8], pinned: Pinned) -> Result<DecodingKey, String> {
    if !matches!(pinned.method, SigningMethod::Rsa | SigningMethod::RsaPss) {
        return Err(format!("is an RSA key, which does not go with {}", pinned.name));
    }
    let (modulus, exponent) = (without_zeroes(modulus), without_zeroes(exponent));
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        let (least, most) = RSA_BITS.into_inner();
        return Err(format!("is an RSA key of {bits} bits; {least} to {most} are taken"));
    }
    // An even modulus is none; exponents of 1 or 2 make signatures anybody can write; long ones only cost time.
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !is_odd(modulus) || !is_odd(exponent) || exponent == [1] || exponent.len() > 4 {
        return Err("is an RSA key that is not sound".into());
    }
    Ok(DecodingKey::from_rsa_raw_components(modulus, exponent))
}

fn ec(curve: &str, x: &[u8], y: &[u8], pinned: Pinned) -> Result<DecodingKey, String> {
    let (expected, length) = pinned.curve();
    if pinned.method != SigningMethod::Es || curve != expected {
        return Err(format!("is a key on {curve}, which does not go with {}", pinned.name));
    }
    if x.len() != length || y.len() != length {
        return Err(format!("has a point that is not on {expected}"));
    }
    Ok(DecodingKey::from_ec_der(&[&[4], x, y].concat()))
}

fn ed(curve: &str, x: &[u8], pinned: Pinned) -> Result<DecodingKey, String> {
    if pinned.method != SigningMethod::Eddsa || curve != "Ed25519" || x.len() != pinned.curve().1 {
        return Err(format!("is a key on {curve}, which does not go with {}", pinned.name));
    }
    Ok(DecodingKey::from_ed_der(x))
}

fn without_zeroes(number: &[u8]) -> &[u8] {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeroes..]
}
