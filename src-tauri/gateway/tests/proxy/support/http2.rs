//! A caller that speaks HTTP/2 with prior knowledge, on one connection; and a backend.

use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

pub struct Http2Client {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

/// An answer read to its end.
#[derive(Debug)]
pub struct Http2Answer {
    pub head: Response<()>,
    pub body: Vec<u8>,
    pub trailers: Option<HeaderMap>,
}

impl Http2Answer {
    pub fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn trailer(&self, name: &str) -> Option<&str> {
        self.trailers.as_ref()?.get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// A request's head for `path` at `api.test`.
pub fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("http://api.test{path}"))
}

impl Http2Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, &h2::client::Builder::new())
    }

    pub fn connect_with(address: SocketAddr, settings: &h2::client::Builder) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (sender, connection) = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.expect("the gateway accepts");
            let (sender, connection) = settings.handshake(stream).await.expect("a greeting");
            (sender, tokio::spawn(connection))
        });
        Self { runtime, sender, connection }
    }

    /// Waits for `work`, while the connection is served.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(PATIENCE, work).await.expect("in time") })
    }

    /// Begins a request; its body, if it has one, is yet to be sent.
    pub fn begin(&mut self, request: Request<()>, has_body: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let sender = self.sender.clone();
        let mut sender = self.wait(async { sender.ready().await.expect("the connection stands") });
        sender.send_request(request, !has_body).expect("a valid request")
    }

    /// Room for a request, once there is some.
    pub fn ready(&mut self) -> Result<SendRequest<Bytes>, h2::Error> {
        let sender = self.sender.clone();
        self.wait(sender.ready())
    }

    pub fn ask(&mut self, request: Request<()>) -> Result<Http2Answer, h2::Error> {
        let (answer, _) = self.begin(request, false);
        self.wait(read(answer))
    }

    pub fn get(&mut self, path: &str) -> Http2Answer {
        self.ask(request("GET", path).body(()).expect("valid")).expect("an answer")
    }

    pub fn post(&mut self, path: &str, body: &[u8]) -> Http2Answer {
        let (answer, mut stream) = self.begin(request("POST", path).body(()).expect("valid"), true);
        let body = Bytes::copy_from_slice(body);
        let (answer, ()) = self.wait(async { tokio::join!(read(answer), send(&mut stream, body)) });
        answer.expect("an answer")
    }

    /// How the connection was ended by the gateway.
    pub fn ended(&mut self) -> Result<(), h2::Error> {
        let connection = &mut self.connection;
        self.runtime.block_on(async { timeout(PATIENCE, connection).await }).expect("in time").expect("runs")
    }
}

/// Sends all of `body`, as the other side takes it, and ends the stream.
pub async fn send(stream: &mut SendStream<Bytes>, mut body: Bytes) {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
        let Some(Ok(room)) = room else { return };
        stream.send_data(body.split_to(room.min(body.len())), false).expect("taken");
    }
    stream.send_data(Bytes::new(), true).expect("taken");
}

/// Reads an answer to its end.
pub async fn read(answer: ResponseFuture) -> Result<Http2Answer, h2::Error> {
    let (head, mut stream) = answer.await?.into_parts();
    let mut body = Vec::new();
    while let Some(data) = next(&mut stream).await {
        body.extend_from_slice(&data?);
    }
    let trailers = stream.trailers().await?;
    Ok(Http2Answer { head: Response::from_parts(head, ()), body, trailers })
}

/// The next piece of a body.
pub async fn next(stream: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    let data = stream.data().await?;
    if let Ok(data) = &data {
        stream.flow_control().release_capacity(data.len()).expect("was taken");
    }
    Some(data)
}

/// One request as an HTTP/2 backend sees it.
pub struct Http2Exchange {
    pub head: http::request::Parts,
    pub body: RecvStream,
    pub respond: SendResponse<Bytes>,
    /// How many requests this connection served before.
    pub place: usize,
}

impl Http2Exchange {
    /// Answers with `body`, and with `trailers` where there are some.
    pub async fn answer(mut self, head: Response<()>, body: &str, trailers: Option<HeaderMap>) {
        let ends = body.is_empty() && trailers.is_none();
        let mut stream = self.respond.send_response(head, ends).expect("taken");
        if ends {
            return;
        }
        if !body.is_empty() {
            stream.send_data(Bytes::copy_from_slice(body.as_bytes()), trailers.is_none()).expect("taken");
        }
        if let Some(trailers) = trailers {
            stream.send_trailers(trailers).expect("taken");
        }
    }

    /// All of the request's body.
    pub async fn whole_body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while let Some(data) = next(&mut self.body).await {
            body.extend_from_slice(&data.expect("the body"));
        }
        body
    }
}

/// A backend that speaks HTTP/2 with prior knowledge; runs until the test's process ends. A handler that gives false
/// makes its connection go away.
pub fn http2_backend<F>(
    settings: h2::server::Builder,
    answer: impl Fn(Http2Exchange) -> F + Send + 'static,
) -> Http2Backend
where
    F: Future<Output = bool> + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    listener.set_nonblocking(true).expect("a socket");
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let local = tokio::task::LocalSet::new();
        let answer = Rc::new(answer);
        local.block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, settings) = (answer.clone(), settings.clone());
                tokio::task::spawn_local(async move {
                    let Ok(mut connection) = settings.handshake::<_, Bytes>(stream).await else { return };
                    let (leaving, mut leave) = tokio::sync::mpsc::unbounded_channel::<()>();
                    let mut place = 0;
                    loop {
                        tokio::select! {
                            Some(()) = leave.recv() => connection.graceful_shutdown(),
                            accepted = connection.accept() => {
                                let Some(Ok((request, respond))) = accepted else { return };
                                let (head, body) = request.into_parts();
                                let answered = answer(Http2Exchange { head, body, respond, place });
                                let leaving = leaving.clone();
                                tokio::task::spawn_local(async move {
                                    if !answered.await {
                                        let _ = leaving.send(());
                                    }
                                });
                                place += 1;
                            }
                        }
                    }
                });
            }
        });
    });
    Http2Backend { address, connections }
}

/// A backend that speaks HTTP/2.
pub struct Http2Backend {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Http2Backend {
    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
