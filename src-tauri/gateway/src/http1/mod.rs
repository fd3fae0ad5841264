//! HTTP/1.1 with callers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

use bytes::BytesMut;
use hyper::server::conn::http1;
use hyper::service::service_fn;

use crate::body::CallerStream;
use crate::caller::Caller;
use crate::connection::Broken;
use crate::exchange::answer;
use crate::stream::Stream;
use crate::transport::Transport;
use crate::worker::Worker;

/// Smallest buffer that hyper works with, in bytes.
const MIN_BUFFER: usize = 8 * 1_024;

/// Serves requests one after the other, of which `first` has been read already.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    caller: &Caller,
    transport: Transport,
    first: BytesMut,
) -> Result<(), Broken> {
    let io = Stream::of_caller(transport, first, worker, caller);
    let service = service_fn(move |request: http::Request<_>| async move {
        Ok::<_, Infallible>(answer(worker, caller, request.map(CallerStream::Http1)).await)
    });
    let connection = http1::Builder::new()
        .max_header_size(worker.limits.max_head_bytes)
        .max_buf_size(worker.limits.max_head_bytes.max(MIN_BUFFER))
        .serve_connection(io, service);
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
