//! HTTP/2 with callers: hyper's, each stream a task of its own on the same thread.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

use bytes::BytesMut;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;

use crate::body::CallerStream;
use crate::caller::Caller;
use crate::connection::Broken;
use crate::exchange::answer;
use crate::stream::Stream;
use crate::transport::Transport;
use crate::worker::Worker;

/// Serves a connection, of which `first` has been read already.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    caller: &Rc<Caller>,
    transport: Transport,
    first: BytesMut,
) -> Result<(), Broken> {
    let io = Stream::of_caller(transport, first, worker, caller);
    let service = service_fn(move |request: http::Request<_>| {
        let (worker, caller) = (worker.clone(), caller.clone());
        async move { Ok::<_, Infallible>(answer(&worker, &caller, request.map(CallerStream::Http2)).await) }
    });
    let connection = http2::Builder::new(OnThisThread).serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut told_to_end = false;
    poll_fn(|cx| {
        if worker.draining.get() && !told_to_end {
            told_to_end = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await
    .map_err(Into::into)
}

/// Runs the streams of a connection where the connection runs.
#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future<Output = ()> + 'static> Executor<F> for OnThisThread {
    fn execute(&self, stream: F) {
        tokio::task::spawn_local(stream);
    }
}
