//! Secrets in memory: wiped when dropped, hidden in logs; and new ones from the system's random numbers.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::StoreError;

/// A text that must not be seen. Its `Debug` form does not show it, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// From this length on a secret's last four characters give nothing away.
const SHORTEST_WITH_HINT: usize = 16;

impl Secret {
    /// Takes it over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one who may see it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256: what the gateway compares.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Its last four characters, to tell secrets apart on screen; nothing of one shorter than 16 characters.
    pub fn hint(&self) -> String {
        let length = self.0.chars().count();
        if length < SHORTEST_WITH_HINT { String::new() } else { self.0.chars().skip(length - 4).collect() }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A new client ID: 32 hexadecimal digits, 128 random bits.
pub fn generate_client_id() -> Result<String, StoreError> {
    let bits = u128::from_le_bytes(*random::<16>()?);
    Ok(format!("{bits:032x}"))
}

/// A new client secret: 43 characters of URL-safe base64, 256 random bits.
pub fn generate_secret() -> Result<Secret, StoreError> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice())))
}

/// Random bytes from the system, wiped when dropped.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, StoreError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ones_are_long_and_differ() {
        let (a, b) = (generate_secret().expect("random"), generate_secret().expect("random"));
        assert_ne!(a, b);
        assert!(a.expose().len() >= 32);
        assert!(a.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        let (id, other) = (generate_client_id().expect("random"), generate_client_id().expect("random"));
        assert_ne!(id, other);
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn says_nothing_of_itself() {
        let secret = Secret::new("correct horse battery staple".into());
        assert!(!format!("{secret:?}").contains("horse"));
        assert_eq!(secret.hint(), "aple");
        assert_eq!(Secret::new("s3cret".into()).hint(), "", "four of six would be most of it");
    }
}
