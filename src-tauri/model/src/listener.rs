//! What is spoken on a port: plain HTTP unless there is a setting for it.

use std::net::SocketAddr;

/// TLS on one address and port. Several APIs share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Address and port.
    pub socket: SocketAddr,
    /// How it greets; plain HTTP when none.
    pub tls: Option<ListenerTls>,
}

/// How a listener greets over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTls {
    /// Names of certificates with keys in the catalog. The one whose host names fit the caller's SNI is shown, else the
    /// first. At least one.
    pub certificates: Vec<String>,
    /// 1.2 unless said otherwise.
    pub min_version: TlsVersion,
    /// Whether HTTP/2 is offered (ALPN); true unless said otherwise.
    pub http2: bool,
    /// Whether callers show certificates.
    pub client_certificates: ClientCertificates,
    /// Name of the certificate authority in the catalog that callers' certificates must come from; needed unless
    /// `client_certificates` is `off`.
    pub client_authority: Option<String>,
}

impl ListenerTls {
    /// Shows this certificate, and is else as it is unless said otherwise.
    pub fn showing(certificate: &str) -> Self {
        Self {
            certificates: vec![certificate.to_owned()],
            min_version: TlsVersion::default(),
            http2: true,
            client_certificates: ClientCertificates::default(),
            client_authority: None,
        }
    }
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// Written `1.2`.
    #[default]
    Tls12,
    /// Written `1.3`.
    Tls13,
}

impl TlsVersion {
    /// As written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }

    /// Reads it.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            other => Err(format!("`{other}` is not a version of TLS; write \"1.2\" or \"1.3\"")),
        }
    }
}

/// Whether callers show certificates (mutual TLS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked. Written `off`.
    #[default]
    Off,
    /// They may; one that is shown must be good. Written `optional`.
    Optional,
    /// They must, or are not let in. Written `required`.
    Required,
}

impl ClientCertificates {
    /// As written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    /// Reads it.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "off" => Ok(Self::Off),
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            other => Err(format!("`{other}` must be off, optional or required")),
        }
    }
}
