//! Calls that policies make themselves: key sets, introspection, discovery, authorization servers.
//!
//! They run on a thread of their own, so that a slow server never holds up a request of anybody else's. No proxy is
//! taken from the environment and no redirect is followed unless asked for; TLS is what upstreams get.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gatepost_model::UpstreamProtocol;
use http::HeaderMap;
use http::uri::Authority;
use http_body::Body as _;
use parking_lot::Mutex;
use rustls::RootCertStore;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::{ClientTls, Trust, read_chain};

/// Most calls under way at once to one server; others wait, within their time.
pub const MAX_OUTBOUND: usize = 64;
/// Most redirects followed where they are.
const MAX_REDIRECTS: usize = 5;
/// Most ways to greet that are kept with their connections.
const MAX_CLIENTS: usize = 64;
/// How long an idle connection is kept.
const KEEP_IDLE: Duration = Duration::from_secs(30);
/// How often a server that keeps HTTP/2 calls waiting is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Idle connections kept to one server.
const MAX_IDLE: usize = 8;

/// How a call is made.
#[derive(Clone, Debug)]
pub struct OutboundOptions {
    /// From asking to the last byte of the answer; 10 s.
    pub timeout: Duration,
    /// Most bytes of the answer's body; 1 MiB. A longer one is an error.
    pub max_bytes: usize,
    /// Whose certificates are taken.
    pub trust: OutboundTrust,
    /// Whether redirects are followed, five at most; no.
    pub follow_redirects: bool,
    /// Whether HTTP/2 is spoken without asking first, as servers of gRPC expect; no.
    pub only_http2: bool,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_bytes: 1024 * 1024,
            trust: OutboundTrust::System,
            follow_redirects: false,
            only_http2: false,
        }
    }
}

/// Whose certificates are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutboundTrust {
    /// Those that the operating system trusts.
    #[default]
    System,
    /// Those that these authorities (PEM) vouch for, and no other. Check with [`OutboundTrust::check`] on save.
    Authorities(Arc<str>),
    /// Any: the call can be read and changed on its way.
    Anything,
}

impl OutboundTrust {
    /// Says what is wrong with the authorities.
    pub fn check(&self) -> Result<(), String> {
        self.trust().map(|_| ())
    }

    /// TLS with this trust for a policy that speaks something else than HTTP. Says what is wrong with the authorities.
    pub fn tls(&self) -> Result<ClientTls, String> {
        self.trust().map(ClientTls::of_no_http)
    }

    fn trust(&self) -> Result<Trust, String> {
        Ok(match self {
            Self::System => Trust::System,
            Self::Anything => Trust::Anything,
            Self::Authorities(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in read_chain(pem)? {
                    roots.add(certificate).map_err(|error| format!("cannot be trusted: {error}"))?;
                }
                Trust::Authorities(roots.into())
            }
        })
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// Nothing came in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The answer is longer than it may be.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// The server cannot be reached, broke off, or is not trusted; for the operator.
    #[error("{0}")]
    Failed(String),
}

/// What came after an answer's body; among its extensions.
#[derive(Clone, Debug)]
pub struct OutboundTrailers(pub HeaderMap);

/// An answer, or why there is none.
pub type OutboundAnswer = Result<http::Response<Bytes>, OutboundError>;
/// An answer that is to come.
pub type Sending = Pin<Box<dyn Future<Output = OutboundAnswer> + Send>>;

type Fake = dyn Fn(http::Request<Bytes>) -> OutboundAnswer + Send + Sync;

/// Makes calls. Cheap to clone; all clones share one thread and its connections.
#[derive(Clone)]
pub struct Outbound(Way);

#[derive(Clone)]
enum Way {
    Network,
    Fake(Arc<Fake>),
}

impl Outbound {
    /// Over the network. Its thread begins with the first call.
    pub const fn network() -> Self {
        Self(Way::Network)
    }

    /// Answers from `answer`: for tests, and where nobody may be called.
    pub fn fake(answer: impl Fn(http::Request<Bytes>) -> OutboundAnswer + Send + Sync + 'static) -> Self {
        Self(Way::Fake(Arc::new(answer)))
    }

    /// Sends `request`, whose URI is absolute. May be awaited on any thread; dropping it ends the call.
    pub fn send(&self, request: http::Request<Bytes>, options: &OutboundOptions) -> Sending {
        match &self.0 {
            Way::Fake(answer) => {
                let answered = answer(request);
                Box::pin(async move { answered })
            }
            Way::Network => {
                let options = options.clone();
                Box::pin(async move {
                    let limit = options.timeout;
                    elsewhere(async move {
                        let asking = ask(request, &options);
                        tokio::time::timeout(limit, asking)
                            .await
                            .unwrap_or(Err(OutboundError::TimedOut(limit)))
                    })
                    .await
                    .unwrap_or_else(|words| Err(OutboundError::Failed(words)))
                })
            }
        }
    }

    /// Does `work`, which speaks something else than HTTP, on the thread for outbound calls; bounds are its own. May be
    /// awaited on any thread; dropping it ends the work. Fails where there is no network, as in a test.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        match &self.0 {
            Way::Fake(_) => Err("there is no network here".into()),
            Way::Network => elsewhere(work).await,
        }
    }

    /// Does `work` on the thread for outbound calls, whether or not anybody waits for it.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<(), String> {
        thread().map(|thread| drop(thread.spawn(work)))
    }
}

/// Runs `work` on the thread for outbound calls. Ends it when nobody waits any more.
async fn elsewhere<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    let (mut done, result) = oneshot::channel();
    thread()?.spawn(async move {
        tokio::select! {
            worked = work => drop(done.send(worked)),
            () = done.closed() => {}
        }
    });
    result.await.map_err(|_| "the thread for outbound calls is gone".into())
}

/// The runtime of all outbound calls, for as long as the program runs.
fn thread() -> Result<&'static Handle, String> {
    static THREAD: OnceLock<Result<Handle, String>> = OnceLock::new();
    let begin = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no outbound calls can be made: {error}"))?;
        let handle = runtime.handle().clone();
        let run = move || runtime.block_on(std::future::pending::<()>());
        std::thread::Builder::new()
            .name("outbound".into())
            .spawn(run)
            .map_err(|error| format!("no outbound calls can be made: {error}"))?;
        Ok(handle)
    };
    THREAD.get_or_init(begin).as_ref().map_err(Clone::clone)
}

async fn ask(request: http::Request<Bytes>, options: &OutboundOptions) -> OutboundAnswer {
    let failed = |error: reqwest::Error| OutboundError::Failed(words_of(&error));
    let room = room_at(request.uri().authority());
    let _room = room.acquire().await.map_err(|error| OutboundError::Failed(error.to_string()))?;
    let client = client(options).map_err(OutboundError::Failed)?;
    let request = reqwest::Request::try_from(request).map_err(failed)?;
    let answer: http::Response<reqwest::Body> = client.execute(request).await.map_err(failed)?.into();
    let (head, mut answered) = answer.into_parts();
    let most = options.max_bytes;
    if answered.size_hint().exact().is_some_and(|length| length > most as u64) {
        return Err(OutboundError::TooLarge(most));
    }
    let (mut body, mut trailers) = (BytesMut::new(), None);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut answered).poll_frame(cx)).await {
        match frame.map_err(failed)?.into_data() {
            Ok(piece) if body.len() + piece.len() > most => return Err(OutboundError::TooLarge(most)),
            Ok(piece) => body.extend_from_slice(&piece),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let mut response = http::Response::new(body.freeze());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    if let Some(trailers) = trailers {
        response.extensions_mut().insert(OutboundTrailers(trailers));
    }
    Ok(response)
}

/// The room for calls to one server: one that is slow takes that of no other.
fn room_at(server: Option<&Authority>) -> Arc<Semaphore> {
    static ROOMS: Mutex<Option<HashMap<Box<str>, Weak<Semaphore>>>> = Mutex::new(None);
    let server = server.map_or("", Authority::as_str);
    let mut rooms = ROOMS.lock();
    let rooms = rooms.get_or_insert_default();
    if let Some(room) = rooms.get(server).and_then(Weak::upgrade) {
        return room;
    }
    rooms.retain(|_, room| room.strong_count() > 0);
    let room = Arc::new(Semaphore::new(MAX_OUTBOUND));
    rooms.insert(server.into(), Arc::downgrade(&room));
    room
}

/// What went wrong, innermost last: the outermost alone says next to nothing. The URL stays out: it may hold a secret.
fn words_of(error: &reqwest::Error) -> String {
    let mut words = match error.is_connect() {
        true => "the server cannot be reached".to_owned(),
        false => "the call broke off".to_owned(),
    };
    let mut innermost = std::error::Error::source(error);
    while let Some(deeper) = innermost.and_then(std::error::Error::source) {
        innermost = Some(deeper);
    }
    if let Some(innermost) = innermost {
        words.push_str(&format!(": {innermost}"));
    }
    words
}

/// The client for this way to greet, with its connections.
fn client(options: &OutboundOptions) -> Result<reqwest::Client, String> {
    type Key = (OutboundTrust, bool, bool);
    static CLIENTS: Mutex<Option<HashMap<Key, reqwest::Client>>> = Mutex::new(None);
    let key = (options.trust.clone(), options.follow_redirects, options.only_http2);
    let mut clients = CLIENTS.lock();
    let clients = clients.get_or_insert_default();
    if let Some(client) = clients.get(&key) {
        return Ok(client.clone());
    }
    let redirects = match options.follow_redirects {
        true => reqwest::redirect::Policy::limited(MAX_REDIRECTS),
        false => reqwest::redirect::Policy::none(),
    };
    let protocol = if options.only_http2 { UpstreamProtocol::Http2 } else { UpstreamProtocol::Auto };
    let builder = reqwest::Client::builder();
    let builder = if options.only_http2 { builder.http2_prior_knowledge() } else { builder };
    let client = builder
        .tls_backend_preconfigured(ClientTls::of_trust(options.trust.trust()?, protocol).config()?)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_EVERY)
        .no_proxy()
        .redirect(redirects)
        .referer(false)
        .pool_idle_timeout(KEEP_IDLE)
        .pool_max_idle_per_host(MAX_IDLE)
        .build()
        .map_err(|error| words_of(&error))?;
    if clients.len() >= MAX_CLIENTS {
        clients.clear();
    }
    clients.insert(key, client.clone());
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};

    /// Takes one connection, reads a head, and says `answer`; holds the connection until the caller leaves.
    fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut head = [0; 1_000];
            let _ = stream.read(&mut head);
            stream.write_all(answer.as_bytes()).expect("the caller takes it");
            while matches!(stream.read(&mut head), Ok(1..)) {}
        });
        address
    }

    fn send(address: SocketAddr, options: &OutboundOptions) -> OutboundAnswer {
        let request = http::Request::get(format!("http://{address}/keys")).body(Bytes::new()).expect("valid");
        let sending = Outbound::network().send(request, options);
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(sending)
    }

    #[test]
    fn brings_back_an_answer_to_another_runtime() {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: 1\r\n\r\nhi");
        let answer = send(address, &OutboundOptions::default()).expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), &answer.body()[..], &answer.headers()["x-a"] == "1"),
            (200, &b"hi"[..], true)
        );
    }

    #[test]
    fn ends_at_its_bounds() {
        let options = OutboundOptions { max_bytes: 10, ..OutboundOptions::default() };
        let announced = server("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n");
        assert_eq!(send(announced, &options).expect_err("too long"), OutboundError::TooLarge(10));
        let streamed = server("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\nhello world\r\n");
        assert_eq!(send(streamed, &options).expect_err("too long"), OutboundError::TooLarge(10));
        let limit = Duration::from_millis(50);
        let options = OutboundOptions { timeout: limit, ..OutboundOptions::default() };
        assert_eq!(send(server(""), &options).expect_err("stalls"), OutboundError::TimedOut(limit));
    }

    #[test]
    fn follows_no_redirect_unasked() {
        let address =
            server("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(send(address, &OutboundOptions::default()).expect("an answer").status().as_u16(), 302);
    }

    #[test]
    fn a_slow_server_takes_the_room_of_no_other() {
        let room = |server: &'static str| room_at(Some(&Authority::from_static(server)));
        let slow = room("slow.test:1");
        let _all = slow.try_acquire_many(MAX_OUTBOUND as u32).expect("all of it");
        assert!(room("slow.test:1").try_acquire().is_err());
        assert!(room("other.test:1").try_acquire().is_ok());
    }

    #[test]
    fn says_why_nobody_answered() {
        let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
        let error = send(closed, &OutboundOptions::default()).expect_err("nobody listens").to_string();
        assert!(error.starts_with("the server cannot be reached: ") && !error.contains("/keys"), "{error}");
    }
}
