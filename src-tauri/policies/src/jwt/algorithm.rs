//! The one algorithm that a configuration takes; the token's own word never chooses it (RFC 8725, 3.1).

use jsonwebtoken::Algorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum SigningMethod {
    /// RS256, RS384 or RS512: RSA, PKCS#1 v1.5.
    #[default]
    Rsa,
    /// PS256, PS384 or PS512: RSA with PSS.
    RsaPss,
    /// ES256 or ES384: ECDSA on P-256 or P-384.
    Es,
    /// EdDSA on Ed25519; the length does not matter.
    Eddsa,
    /// HS256, HS384 or HS512: a secret that the issuer and this gateway share.
    Hmac,
}

/// A method and a length that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    pub(crate) method: SigningMethod,
    pub(crate) algorithm: Algorithm,
    /// As tokens write it.
    pub(crate) name: &'static str,
    length: u16,
}

impl Pinned {
    pub(crate) fn new(method: SigningMethod, length: u16) -> Result<Self, String> {
        let (algorithm, name) = match (method, length) {
            (SigningMethod::Rsa, 256) => (Algorithm::RS256, "RS256"),
            (SigningMethod::Rsa, 384) => (Algorithm::RS384, "RS384"),
            (SigningMethod::Rsa, 512) => (Algorithm::RS512, "RS512"),
            (SigningMethod::RsaPss, 256) => (Algorithm::PS256, "PS256"),
            (SigningMethod::RsaPss, 384) => (Algorithm::PS384, "PS384"),
            (SigningMethod::RsaPss, 512) => (Algorithm::PS512, "PS512"),
            (SigningMethod::Es, 256) => (Algorithm::ES256, "ES256"),
            (SigningMethod::Es, 384) => (Algorithm::ES384, "ES384"),
            (SigningMethod::Eddsa, 256 | 384 | 512) => (Algorithm::EdDSA, "EdDSA"),
            (SigningMethod::Hmac, 256) => (Algorithm::HS256, "HS256"),
            (SigningMethod::Hmac, 384) => (Algorithm::HS384, "HS384"),
            (SigningMethod::Hmac, 512) => (Algorithm::HS512, "HS512"),
            (SigningMethod::Es, 512) => return Err("es goes with 256 or 384".into()),
            _ => return Err("is 256, 384 or 512".into()),
        };
        Ok(Self { method, algorithm, name, length })
    }

    /// Shortest HMAC secret, in bytes: as long as the hash (RFC 7518, 3.2).
    pub(crate) fn shortest_secret(self) -> usize {
        usize::from(self.length / 8)
    }

    /// `crv` and bytes of one coordinate, for elliptic curves.
    pub(crate) fn curve(self) -> (&'static str, usize) {
        match self.algorithm {
            Algorithm::ES384 => ("P-384", 48),
            Algorithm::EdDSA => ("Ed25519", 32),
            _ => ("P-256", 32),
        }
    }
}
