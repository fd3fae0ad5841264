//! gRPC calls with one message each way, over HTTP/2 (gRPC's own "PROTOCOL-HTTP2").

use std::future::Future;
use std::pin::Pin;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use crate::{Outbound, OutboundError, OutboundOptions, OutboundTrailers};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// Most characters of a status's words that are kept.
const MAX_WORDS: usize = 200;
/// Most that `grpc-timeout` can say: eight digits.
const MAX_TIMEOUT_MS: u128 = 99_999_999;

/// A call to a method.
#[derive(Clone, Debug)]
pub struct Unary {
    /// Whole, such as `http://127.0.0.1:9001/package.Service/Method`; `http` without TLS.
    pub method: Uri,
    /// What goes along as headers.
    pub metadata: HeaderMap,
    /// The message, encoded.
    pub message: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnaryError {
    /// None came.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The server failed the call, with gRPC's code and its words.
    #[error("gRPC status {0}: {1}")]
    Status(u32, Box<str>),
    /// It is no server of gRPC, or broke its rules.
    #[error("{0}")]
    Malformed(Box<str>),
}

/// The answer's message that is to come, encoded.
pub type UnaryAnswer = Pin<Box<dyn Future<Output = Result<Bytes, UnaryError>> + Send>>;

impl Outbound {
    /// Calls a method of gRPC. Its server is told the time limit. May be awaited on any thread; dropping it ends the call.
    pub fn unary(&self, call: Unary, options: &OutboundOptions) -> UnaryAnswer {
        let mut request = http::Request::new(framed(&call.message));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = call.method;
        *request.headers_mut() = call.metadata;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, GRPC);
        headers.insert(TE, HeaderValue::from_static("trailers"));
        let limit = options.timeout.as_millis().min(MAX_TIMEOUT_MS);
        if let Ok(limit) = HeaderValue::try_from(format!("{limit}m")) {
            headers.insert(GRPC_TIMEOUT, limit);
        }
        let options = OutboundOptions { only_http2: true, follow_redirects: false, ..options.clone() };
        let sending = self.send(request, &options);
        Box::pin(async move { message_of(&sending.await?) })
    }
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

fn message_of(answer: &http::Response<Bytes>) -> Result<Bytes, UnaryError> {
    let malformed = |why: &str| Err(UnaryError::Malformed(why.into()));
    if answer.status() != StatusCode::OK {
        return malformed(&format!("answered HTTP {} instead of gRPC", answer.status().as_u16()));
    }
    let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !kind.starts_with(GRPC.as_bytes()) {
        return malformed("answered something else than gRPC");
    }
    // A call that fails at once has its status in the head, with nothing behind.
    let trailers = answer.extensions().get::<OutboundTrailers>().map(|OutboundTrailers(trailers)| trailers);
    let ends = [trailers, Some(answer.headers())];
    let Some(end) = ends.into_iter().flatten().find(|end| end.contains_key(&GRPC_STATUS)) else {
        return malformed("the answer broke off before its status");
    };
    let code = end.get(&GRPC_STATUS).and_then(|code| code.to_str().ok()?.parse::<u32>().ok());
    match code {
        Some(0) => unframed(answer.body()),
        Some(code) => Err(UnaryError::Status(code, words_of(end))),
        None => malformed("the answer has a status that is no number"),
    }
}

fn unframed(body: &Bytes) -> Result<Bytes, UnaryError> {
    let malformed = |why: &str| Err(UnaryError::Malformed(why.into()));
    let Some((&[flag, a, b, c, d], message)) = body.split_first_chunk::<PREFIX>() else {
        return malformed("the answer has no message");
    };
    if flag != 0 {
        return malformed("the answer is compressed, which was not asked for");
    }
    if u32::from_be_bytes([a, b, c, d]) as usize != message.len() {
        return malformed("the answer is not one message");
    }
    Ok(body.slice(PREFIX..))
}

/// Printable characters alone: they come from outside and go to the log.
fn words_of(end: &HeaderMap) -> Box<str> {
    let encoded = end.get(&GRPC_MESSAGE).map(HeaderValue::as_bytes).unwrap_or_default();
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, after @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, after) {
            (b'%', [high, low, behind @ ..]) if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                bytes.push(high << 4 | low);
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let words = String::from_utf8_lossy(&bytes);
    words.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::net::TcpListener;

    fn answer(headers: &[(&'static str, &'static str)], body: &'static [u8]) -> Result<Bytes, UnaryError> {
        let mut response = http::Response::new(Bytes::from_static(body));
        response.headers_mut().insert(CONTENT_TYPE, GRPC);
        for (name, value) in headers {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        message_of(&response)
    }

    fn malformed(answer: Result<Bytes, UnaryError>) -> String {
        match answer {
            Err(UnaryError::Malformed(why)) => why.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_needs_a_status_and_its_whole_frame() {
        let ok = [("grpc-status", "0")];
        assert_eq!(answer(&ok, b"\0\0\0\0\x02hi"), Ok(Bytes::from_static(b"hi")));
        assert_eq!(answer(&ok, b"\0\0\0\0\0"), Ok(Bytes::new()));
        for (headers, body, why) in [
            (&[][..], &b"\0\0\0\0\0"[..], "the answer broke off before its status"),
            (&ok[..], b"", "the answer has no message"),
            (&ok[..], b"\x01\0\0\0\0", "the answer is compressed, which was not asked for"),
            (&ok[..], b"\0\0\0\0\x03hi", "the answer is not one message"),
            (&ok[..], b"\0\0\0\0\0\0\0\0\0\0", "the answer is not one message"),
            (&[("grpc-status", "fine")][..], b"", "the answer has a status that is no number"),
            (&[("content-type", "text/html")][..], b"", "answered something else than gRPC"),
        ] {
            assert_eq!(malformed(answer(headers, body)), why);
        }
    }

    #[test]
    fn a_failure_keeps_its_code_and_its_words() {
        let failed =
            answer(&[("grpc-status", "7"), ("grpc-message", "no%20na%C3%AFve%0A answer: 100 %")], b"");
        assert_eq!(failed, Err(UnaryError::Status(7, "no naïve answer: 100 %".into())));
    }

    /// Answers every call with its message and a status behind it; tells each connection's number in the words.
    async fn serve(listener: TcpListener, status: &'static str) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.expect("HTTP/2 at once");
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    tokio::spawn(async move {
                        assert_eq!(request.headers()["te"], "trailers");
                        assert_eq!(request.headers()["grpc-timeout"], "5000m");
                        let mut body = request.into_body();
                        let mut all = BytesMut::new();
                        while let Some(Ok(piece)) = body.data().await {
                            all.extend_from_slice(&piece);
                        }
                        let head =
                            http::Response::builder().header(CONTENT_TYPE, GRPC).body(()).expect("valid");
                        let mut stream = respond.send_response(head, false).expect("sent");
                        stream.send_data(all.freeze(), false).expect("sent");
                        let end = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static(status))]);
                        stream.send_trailers(end).expect("sent");
                    });
                }
            });
        }
    }

    #[tokio::test]
    async fn the_status_comes_after_the_message() {
        for (status, wanted) in
            [("0", Ok(Bytes::from_static(b"hello"))), ("14", Err(UnaryError::Status(14, "".into())))]
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let method = format!("http://{}/a.B/C", listener.local_addr().expect("bound"));
            let server = tokio::spawn(serve(listener, status));
            let call = Unary {
                method: method.parse().expect("a URI"),
                metadata: HeaderMap::new(),
                message: Bytes::from_static(b"hello"),
            };
            let options =
                OutboundOptions { timeout: Duration::from_millis(5_000), ..OutboundOptions::default() };
            for _ in 0..2 {
                assert_eq!(Outbound::network().unary(call.clone(), &options).await, wanted);
            }
            server.abort();
        }
    }

    #[tokio::test]
    async fn nobody_there_is_said_so() {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
        let method = format!("http://{free}/a.B/C").parse().expect("a URI");
        let call = Unary { method, metadata: HeaderMap::new(), message: Bytes::new() };
        let failed = Outbound::network().unary(call, &OutboundOptions::default()).await.expect_err("nobody");
        assert!(failed.to_string().starts_with("the server cannot be reached"), "{failed}");
    }
}
