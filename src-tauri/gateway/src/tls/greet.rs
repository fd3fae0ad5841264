//! Greets a caller over TLS, within a time and with few others at once, and says what was settled or why nothing was.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{AlertDescription, Error, ProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{CertificateFacts, LastFailure, ServerTls};
use crate::clock::wall_us;
use crate::transport::Transport;
use crate::worker::Worker;

/// The first byte of every TLS connection (RFC 8446, 5.1: the content type `handshake`).
const HANDSHAKE: u8 = 22;

/// Said to those who speak HTTP where HTTPS is spoken.
const SPOKE_PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 78\r\n\
    connection: close\r\n\r\n{\"error\":\"This port speaks HTTPS: use https:// instead of http:// to call it\"}";

/// What a TLS greeting settled.
#[derive(Debug)]
pub struct TlsFacts {
    /// The name that the caller asked for (SNI), lowercase. It chose the certificate; the API was chosen by `Host`.
    pub server_name: Option<Box<str>>,
    /// The version of TLS.
    pub version: Option<ProtocolVersion>,
    /// The caller's own certificate, checked, where one was asked for and given.
    pub client_certificate: Option<CertificateFacts>,
    /// The same certificate whole, in DER.
    pub client_der: Option<CertificateDer<'static>>,
    /// Whether the listener asked callers for a certificate.
    pub asked_for_certificate: bool,
    /// Whether HTTP/2 was agreed on (ALPN).
    pub speaks_http2: bool,
    /// What the listener demanded; none where no listener did, in tests.
    pub(crate) greeted_by: Option<Arc<ServerTls>>,
}

impl TlsFacts {
    /// Of a caller that shows this certificate in DER, or none, to nobody's listener: for tests of policies.
    pub fn showing(certificate: Option<CertificateDer<'static>>) -> Result<Self, String> {
        Ok(Self {
            server_name: None,
            version: None,
            client_certificate: certificate.as_deref().map(CertificateFacts::of).transpose()?,
            client_der: certificate,
            asked_for_certificate: true,
            speaks_http2: false,
            greeted_by: None,
        })
    }
}

/// Greets the caller. None where that came to nothing, which is counted and told to the log.
pub(crate) async fn greet(
    worker: &Worker,
    tls: &Arc<ServerTls>,
    stream: TcpStream,
    remote: SocketAddr,
    listener: SocketAddr,
) -> Option<(Transport, TlsFacts)> {
    let limit = worker.limits.get().head_timeout;
    let greeted = timeout(limit, within_bounds(worker, tls, stream)).await;
    let reason = match greeted {
        Ok(Ok(greeted)) => return greeted,
        Ok(Err(reason)) => reason,
        Err(_) => format!("the caller did not finish its greeting within {} s", limit.as_secs()),
    };
    tracing::debug!(%remote, %listener, reason, "TLS handshake failed");
    worker.handshakes.failed(listener, LastFailure { at_ms: wall_us() / 1_000, remote, reason });
    None
}

/// One after the other once too many are under way. None where the caller leaves without a word.
async fn within_bounds(
    worker: &Worker,
    tls: &Arc<ServerTls>,
    stream: TcpStream,
) -> Result<Option<(Transport, TlsFacts)>, String> {
    // Whoever says nothing keeps nobody waiting.
    let mut first = [0];
    if !matches!(stream.peek(&mut first).await, Ok(1..)) {
        return Ok(None);
    }
    if first[0] != HANDSHAKE {
        answer_plain(stream).await;
        return Err("the caller spoke plain HTTP, or something else that is not TLS".into());
    }
    let greetings = worker.greetings.borrow().clone();
    let _turn = greetings.acquire().await.map_err(|error| error.to_string())?;
    let accepted = TlsAcceptor::from(tls.config.clone()).accept(stream).await;
    let stream = accepted.map_err(|error| reason_of(&error))?;
    let facts = facts_of(&stream, tls)?;
    Ok(Some((Transport::Tls(Box::new(stream.into())), facts)))
}

fn facts_of(stream: &TlsStream<TcpStream>, tls: &Arc<ServerTls>) -> Result<TlsFacts, String> {
    let (_, connection) = stream.get_ref();
    let shown = connection.peer_certificates().and_then(<[_]>::first);
    let client_certificate = shown.map(|der| CertificateFacts::of(der)).transpose();
    let client_certificate = client_certificate.map_err(|why| format!("the caller's certificate {why}"))?;
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX).saturating_mul(1_000);
    // A resumed session brings a certificate that was checked when the session began.
    if client_certificate.as_ref().is_some_and(|certificate| certificate.not_after < now) {
        return Err("the caller's certificate has expired".into());
    }
    Ok(TlsFacts {
        server_name: connection.server_name().map(|name| name.to_ascii_lowercase().into()),
        version: connection.protocol_version(),
        client_certificate,
        client_der: shown.map(|der| der.clone().into_owned()),
        asked_for_certificate: tls.asks_for_certificates(),
        speaks_http2: connection.alpn_protocol() == Some(b"h2"),
        greeted_by: Some(tls.clone()),
    })
}

/// Best effort: the caller gets a hint, and is hung up on.
async fn answer_plain(mut stream: TcpStream) {
    // What is left unread when a socket is closed would make the system take back the answer.
    let mut unread = [0; 8 * 1_024];
    if stream.read(&mut unread).await.is_ok() && stream.write_all(SPOKE_PLAIN).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}

fn reason_of(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::NoCertificatesPresented) => "the caller showed no certificate, which it must".into(),
        Some(Error::InvalidCertificate(why)) => format!("the caller's certificate is not good: {why}"),
        Some(Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired),
        )) => format!("the caller does not trust the certificate it was shown ({alert:?})"),
        Some(Error::PeerIncompatible(why)) => {
            format!("caller and listener have no version or cipher in common ({why:?})")
        }
        Some(Error::NoApplicationProtocol) => "the caller speaks neither HTTP/1.1 nor HTTP/2 (ALPN)".into(),
        Some(Error::General(why)) if why.contains("no server certificate chain resolved") => {
            "no certificate of the listener is of a kind that the caller can check".into()
        }
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the caller hung up in the middle of its greeting".into()
        }
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_to_plain_callers_is_as_long_as_it_says() {
        let text = std::str::from_utf8(SPOKE_PLAIN).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
