//! Encrypts secrets before they reach the database, and says clearly when the key is not the right one.

use std::fs;
use std::io;
use std::path::PathBuf;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::folder;
use crate::secret::{Secret, random};

/// The vault's key, wiped when dropped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Length of XChaCha20-Poly1305's nonce; long enough to be random.
const NONCE: usize = 24;

/// Why the vault stays shut.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There are secrets, and no key.
    #[error(
        "The catalog has secrets, but their key {place} is missing. Put the key back from a backup of the data \
         folder; without it the secrets cannot be read."
    )]
    Missing {
        /// Where the key should be.
        place: String,
    },
    /// The key is not the one that sealed the secrets, or a secret was changed behind our back.
    #[error(
        "The key {place} does not fit the secrets in the catalog. Put the right key back from a backup of the data \
         folder; a key and a catalog belong together."
    )]
    Wrong {
        /// Where the key is.
        place: String,
    },
    /// What is there is not a key.
    #[error(
        "{place} is not a key: it has {length} bytes, a key has 32. Put the right one back from a backup."
    )]
    Malformed {
        /// Where it is.
        place: String,
        /// In bytes.
        length: usize,
    },
    /// It cannot be read or written.
    #[error("The key {place} cannot be used: {source}")]
    Unreachable {
        /// Where it is.
        place: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Where the vault's key is kept.
pub(crate) trait KeySource {
    /// Where that is, for messages.
    fn place(&self) -> String;
    /// The key; none when there is none yet.
    fn load(&self) -> Result<Option<Key>, VaultError>;
    /// Keeps a new key; it is safe from a crash when this returns.
    fn keep(&self, key: &Key) -> Result<(), VaultError>;
}

/// A key in a file that only its owner may read.
#[derive(Clone, Debug)]
pub(crate) struct FileKey(PathBuf);

impl FileKey {
    /// At this path.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    fn unreachable(&self, source: io::Error) -> VaultError {
        VaultError::Unreachable { place: self.place(), source }
    }
}

impl KeySource for FileKey {
    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn load(&self) -> Result<Option<Key>, VaultError> {
        let bytes = match fs::read(&self.0) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unreachable(error)),
        };
        match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(Some(Zeroizing::new(key))),
            Err(_) => Err(VaultError::Malformed { place: self.place(), length: bytes.len() }),
        }
    }

    fn keep(&self, key: &Key) -> Result<(), VaultError> {
        folder::write_whole(&self.0, key.as_slice()).map_err(|error| self.unreachable(error))
    }
}

/// A secret as the database holds it, and what it belongs to.
pub(crate) struct Sealed {
    /// Nonce, then ciphertext with its tag.
    pub bytes: Vec<u8>,
    /// What it was sealed for; it opens for nothing else.
    pub owner: String,
}

/// Seals and opens secrets with XChaCha20-Poly1305.
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
    place: String,
}

impl Vault {
    /// Takes the key from `source`, or makes one where there is none and nothing was sealed yet. `sample` is any
    /// secret in the catalog: the key must open it.
    pub fn open(source: &impl KeySource, sample: Option<&Sealed>) -> Result<Self, StoreError> {
        let key = match (source.load()?, sample) {
            (Some(key), _) => key,
            (None, Some(_)) => return Err(VaultError::Missing { place: source.place() }.into()),
            (None, None) => {
                let key = random()?;
                source.keep(&key)?;
                key
            }
        };
        let vault = Self { cipher: XChaCha20Poly1305::new(&(*key).into()), place: source.place() };
        sample.map_or(Ok(()), |sealed| vault.unseal(sealed).map(drop))?;
        Ok(vault)
    }

    /// Encrypts `secret` for `owner`: moved to another row it does not open.
    pub fn seal(&self, secret: &Secret, owner: String) -> Result<Sealed, StoreError> {
        let nonce = *random::<NONCE>()?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: owner.as_bytes() };
        let ciphertext =
            self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| self.does_not_fit())?;
        Ok(Sealed { bytes: [nonce.as_slice(), &ciphertext].concat(), owner })
    }

    /// Decrypts it.
    pub fn unseal(&self, sealed: &Sealed) -> Result<Secret, VaultError> {
        let (nonce, ciphertext) =
            sealed.bytes.split_first_chunk::<NONCE>().ok_or_else(|| self.does_not_fit())?;
        let payload = Payload { msg: ciphertext, aad: sealed.owner.as_bytes() };
        let text = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| self.does_not_fit())?;
        String::from_utf8(text).map(Secret::new).map_err(|_| self.does_not_fit())
    }

    fn does_not_fit(&self) -> VaultError {
        VaultError::Wrong { place: self.place.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("correct horse".into())
    }

    fn file() -> (tempfile::TempDir, FileKey) {
        let home = tempfile::tempdir().expect("tempdir");
        let source = FileKey::at(home.path().join("vault.key"));
        (home, source)
    }

    fn error_of(source: &FileKey, sample: &Sealed) -> String {
        Vault::open(source, Some(sample)).map(drop).expect_err("refused").to_string()
    }

    #[test]
    fn opens_what_it_sealed_after_a_restart() {
        let (_home, source) = file();
        let sealed = Vault::open(&source, None).expect("opens").seal(&secret(), "a".into()).expect("sealed");
        let again = Vault::open(&source, Some(&sealed)).expect("opens");
        assert_eq!(again.unseal(&sealed).expect("fits"), secret());
    }

    #[test]
    fn never_seals_the_same_twice_alike() {
        let (_home, source) = file();
        let vault = Vault::open(&source, None).expect("opens");
        let seal = || vault.seal(&secret(), "a".into()).expect("sealed").bytes;
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_secret_does_not_open_for_another_owner_or_when_changed() {
        let (_home, source) = file();
        let vault = Vault::open(&source, None).expect("opens");
        let sealed = vault.seal(&secret(), "a".into()).expect("sealed");
        let moved = Sealed { bytes: sealed.bytes.clone(), owner: "b".into() };
        assert!(vault.unseal(&moved).is_err());
        for n in 0..sealed.bytes.len() {
            let mut changed = Sealed { bytes: sealed.bytes.clone(), owner: "a".into() };
            changed.bytes[n] ^= 1;
            assert!(vault.unseal(&changed).is_err(), "byte {n}");
            changed.bytes.truncate(n);
            assert!(vault.unseal(&changed).is_err(), "cut at {n}");
        }
    }

    #[test]
    fn a_wrong_a_broken_and_a_missing_key_are_told_apart() {
        let (home, source) = file();
        let sealed = Vault::open(&source, None).expect("opens").seal(&secret(), "a".into()).expect("sealed");
        let path = home.path().join("vault.key");
        fs::write(&path, [7; 32]).expect("written");
        assert!(error_of(&source, &sealed).contains("does not fit"));
        fs::write(&path, [7; 31]).expect("written");
        assert!(error_of(&source, &sealed).contains("31 bytes"));
        fs::remove_file(&path).expect("removed");
        assert!(error_of(&source, &sealed).contains("missing"));
        assert!(!path.exists(), "a new key would make the loss look like a success");
    }
}
