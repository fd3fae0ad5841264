//! What all measurements stand on: one backend, one certificate, the built program, and how long and often to measure.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};

use super::peer;
use super::seed::{self, Seeded};
use super::subject::{Ports, Subject};

/// The ground of a run.
pub struct Ground {
    /// The built `gatepost`.
    pub binary: PathBuf,
    /// For everything that a run writes; removed at its end.
    pub folder: PathBuf,
    pub rounds: u32,
    pub seconds: u32,
    /// Threads or processes that each program serves with.
    pub workers: usize,
    pub certificate: Certificate,
    /// The port of the backend, which answers below `/bench`.
    pub backend: u16,
    _backend: Subject,
    many: OnceCell<std::result::Result<Seeded, String>>,
}

/// A certificate for 127.0.0.1 with an ECDSA P-256 key, as PEM, and the files that hold it.
pub struct Certificate {
    pub chain: String,
    pub key: String,
    pub chain_file: PathBuf,
    pub key_file: PathBuf,
    /// Key and certificate in one, as HAProxy wants them.
    pub both_file: PathBuf,
}

impl Ground {
    /// Starts the backend and makes the certificate.
    pub fn prepare(
        binary: PathBuf,
        folder: &Path,
        rounds: u32,
        seconds: u32,
        workers: usize,
    ) -> Result<Self> {
        let backend = peer::nginx::backend(&folder.join("backend"))?;
        Ok(Self {
            binary,
            folder: folder.to_owned(),
            rounds,
            seconds,
            workers,
            certificate: Certificate::make(folder)?,
            backend: backend.ports.plain,
            _backend: backend,
            many: OnceCell::new(),
        })
    }

    /// A new folder for a program.
    pub fn room(&self) -> Result<PathBuf> {
        let folder = tempfile::Builder::new().prefix("room-").tempdir_in(&self.folder)?;
        Ok(folder.keep())
    }

    /// A data folder with 10,000 APIs and 100,000 client apps, made when first asked for.
    pub fn many(&self) -> Result<&Seeded> {
        let made = self.many.get_or_init(|| {
            seed::seed(self, seed::MANY_APIS, seed::MANY_CLIENTS).map_err(|error| format!("{error:#}"))
        });
        made.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
    }
}

impl Certificate {
    fn make(folder: &Path) -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let parameters = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        let (chain, key) = (parameters.self_signed(&key)?.pem(), key.serialize_pem());
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(path)
        };
        Ok(Self {
            chain_file: file("certificate.pem", &chain)?,
            key_file: file("key.pem", &key)?,
            both_file: file("both.pem", &format!("{chain}{key}"))?,
            chain,
            key,
        })
    }
}

impl Ports {
    /// Three that nobody listens on.
    pub fn free() -> Result<Self> {
        let ports = [free_port()?, free_port()?, free_port()?];
        Ok(Self { plain: ports[0], tls: ports[1], h2c: ports[2] })
    }
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_lies_in_files_and_both_holds_key_and_chain() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::make(folder.path()).unwrap();
        assert!(certificate.chain.contains("BEGIN CERTIFICATE"));
        assert!(fs::read_to_string(&certificate.key_file).unwrap().contains("PRIVATE KEY"));
        let both = fs::read_to_string(&certificate.both_file).unwrap();
        assert!(both.contains(&certificate.chain) && both.contains(&certificate.key));
    }
}
