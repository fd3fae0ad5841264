//! Sends one request over a connection and reads its answer, timing each step.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::prepare::Prepared;
use crate::error::ApiError;

/// Most of an answer's body that is kept, in bytes.
const MAX_ANSWER: usize = 10 << 20;
/// Longest that a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest that one answer may take, its body included.
const ANSWER: Duration = Duration::from_secs(120);

/// An open connection to one target.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// An answer and how long it took.
pub(super) struct Exchange {
    pub(super) head: http::response::Parts,
    pub(super) body: Bytes,
    /// Bytes of the whole body, kept or not.
    pub(super) body_bytes: u64,
    pub(super) first_byte: Duration,
    pub(super) total: Duration,
}

impl Connection {
    /// Connects to where the request goes.
    pub(super) async fn open(request: &Prepared) -> Result<Self, ApiError> {
        let (host, port) = match request.connect_to {
            Some((address, port)) => (address.to_string(), port),
            None => {
                let host = request.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
                (host.to_owned(), request.url.port_or_known_default().unwrap_or(80))
            }
        };
        let unreachable = |why: String| ApiError::Unreachable(format!("{host}:{port} {why}"));
        let stream = timeout(CONNECT, TcpStream::connect((host.as_str(), port)))
            .await
            .map_err(|_| unreachable(format!("did not answer within {} s", CONNECT.as_secs())))?
            .map_err(|error| unreachable(explain(&error)))?;
        // Small requests should not wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let greeted = match &request.tls {
            None => handshake(stream).await,
            Some(tls) => {
                let name = request.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
                let greeted = timeout(CONNECT, tls.greet(stream, name)).await;
                let greeted = greeted.map_err(|_| unreachable("did not finish the TLS greeting".into()))?;
                handshake(greeted.map_err(|why| unreachable(format!("refused or failed TLS: {why}")))?).await
            }
        };
        let sender = greeted.map_err(|error| unreachable(error.to_string()))?;
        Ok(Self { sender })
    }

    /// True while another request can be sent.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends the request and reads the whole answer.
    pub(super) async fn exchange(
        &mut self,
        request: &Prepared,
        request_id: &str,
    ) -> Result<Exchange, ApiError> {
        let begun = Instant::now();
        let answered = timeout(ANSWER, async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request.to_http(request_id)).await?;
            let first_byte = begun.elapsed();
            let (head, body) = response.into_parts();
            let (body, body_bytes) = read_bounded(body).await?;
            Ok::<_, hyper::Error>(Exchange { head, body, body_bytes, first_byte, total: begun.elapsed() })
        });
        match answered.await {
            Ok(Ok(exchange)) => Ok(exchange),
            Ok(Err(error)) => Err(ApiError::Unreachable(format!("The connection broke off: {error}"))),
            Err(_) => Err(ApiError::Unreachable(format!("No whole answer within {} s", ANSWER.as_secs()))),
        }
    }
}

/// Begins HTTP/1.1 on a connection that stands.
async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<SendRequest<Full<Bytes>>, hyper::Error> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a tester connection ended");
        }
    });
    Ok(sender)
}

fn explain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            "refused the connection: nothing listens there. Is the gateway's port free, and the backend running?".into()
        }
        _ => format!("cannot be reached: {error}"),
    }
}

impl Prepared {
    fn to_http(&self, request_id: &str) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        // A URL's path and query are valid here: the parser has escaped what is not.
        if let Ok(uri) = self.path_and_query().parse() {
            *request.uri_mut() = uri;
        }
        *request.headers_mut() = self.headers.clone();
        if let Ok(id) = request_id.parse() {
            request.headers_mut().entry("x-request-id").or_insert(id);
        }
        request
    }
}

/// Reads to the end, so that the connection can be used again, and keeps at most [`MAX_ANSWER`].
async fn read_bounded(mut body: Incoming) -> Result<(Bytes, u64), hyper::Error> {
    let (mut kept, mut bytes) = (Vec::new(), 0u64);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            bytes += data.len() as u64;
            let room = MAX_ANSWER - kept.len();
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok((kept.into(), bytes))
}

/// The body as text, or as base64 where it is not UTF-8; the second value names which.
pub(super) fn as_text(body: &Bytes) -> (String, &'static str) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), "text"),
        Err(_) => (BASE64_STANDARD.encode(body), "base64"),
    }
}

/// `HTTP/1.1` and the like.
pub(super) fn version_of(head: &http::response::Parts) -> String {
    format!("{:?}", Response::from_parts(head.clone(), ()).version())
}
