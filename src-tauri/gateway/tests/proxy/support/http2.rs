//! A caller that speaks HTTP/2 with prior knowledge, on one connection.

use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
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
