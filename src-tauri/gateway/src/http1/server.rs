//! The loop of one caller's connection. The task that runs it also drives the request's way to the upstream and back,
//! so that no request ever waits for another task.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use http::{Method, Request, Response, StatusCode, Version};

use super::head::{HeadEnd, HeadLimits};
use super::io::Io;
use super::line::Line;
use super::receive::{Admitted, Glimpse, poll_receive};
use super::respond::{Asked, respond, write_interim, write_switch};
use super::tunnel::tunnel;
use crate::Limits;
use crate::body::CallerStream;
use crate::caller::Caller;
use crate::connection::Broken;
use crate::exchange::{answer, refuse};
use crate::meter::Meter;
use crate::record::RecordedBody;
use crate::transport::Transport;
use crate::worker::Worker;

/// Most bytes read and thrown away before a connection is closed, so that the caller sees the answer before the end.
const MOST_LINGERED: usize = 4 * 1_024 * 1_024;

/// A connection to serve, of which `first` has been read already.
pub(crate) fn line_of(worker: &Worker, caller: &Caller, transport: Transport, first: BytesMut) -> Rc<Line> {
    let mut io = Io::new(transport, &worker.buffers, Some(caller.watch.clone()));
    io.input = first;
    Rc::new(Line::new(io))
}

/// Serves requests one after the other. Holds next to nothing while none is under way.
pub(crate) async fn serve(caller: &Caller, line: &Rc<Line>) -> Result<(), Broken> {
    while poll_fn(|cx| poll_begin(line, caller, cx)).await {
        if !Box::pin(serve_next(&caller.worker, caller, line)).await? {
            caller.watch.reading();
            Box::pin(linger(&caller.worker, line)).await;
            break;
        }
    }
    Ok(())
}

/// True once there is a byte of a request, false when the caller has closed.
fn poll_begin(line: &Line, caller: &Caller, cx: &mut Context<'_>) -> Poll<bool> {
    let mut io = line.io();
    let begins = !io.input.is_empty() || matches!(ready!(io.poll_fill(cx)), Ok(1..));
    if begins {
        caller.watch.reading();
    }
    Poll::Ready(begins)
}

/// Serves one request; true when the connection may stay.
async fn serve_next(worker: &Rc<Worker>, caller: &Caller, line: &Rc<Line>) -> Result<bool, Broken> {
    let limits = HeadLimits::of_callers(&worker.limits.get());
    let mut end = HeadEnd::default();
    let stays = match poll_fn(|cx| poll_receive(line, &limits, &mut end, cx)).await? {
        None => false,
        Some(Err(glimpse)) => Box::pin(turn_away(worker, caller, line, &glimpse)).await?,
        Some(Ok(admitted)) => serve_request(worker, caller, line, admitted).await?,
    };
    line.deadline.clear();
    line.io().release();
    Ok(stays)
}

async fn serve_request(
    worker: &Rc<Worker>,
    caller: &Caller,
    line: &Rc<Line>,
    admitted: Admitted,
) -> Result<bool, Broken> {
    let Admitted { request, length, expects_continue, keep_alive, upgrade } = admitted;
    let asked = Asked { version: request.version(), is_head: *request.method() == Method::HEAD, keep_alive };
    let meter = Rc::new(Meter::new(&line.deadline));
    meter.upgrade.replace(upgrade);
    let body = line.begin_body(length, expects_continue);
    let request = request.map(|()| CallerStream::Http1(body));
    match answer_unless_gone(worker, caller, line, request, &meter).await {
        None => Ok(false),
        Some(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let (head, body) = response.into_parts();
            write_switch(worker, line, &head.headers).await?;
            Box::pin(tunnel(worker, line, body)).await?;
            Ok(false)
        }
        Some(response) => respond(worker, line, asked, response).await,
    }
}

/// The answer, or none when the caller leaves before there is one. What the upstream says before its answer goes on at
/// once.
async fn answer_unless_gone(
    worker: &Rc<Worker>,
    caller: &Caller,
    line: &Rc<Line>,
    request: Request<CallerStream>,
    meter: &Rc<Meter>,
) -> Option<Response<RecordedBody>> {
    let takes_interim = request.version() >= Version::HTTP_11;
    let mut answering = pin!(answer(worker, caller, request, meter));
    poll_fn(|cx| {
        if let Poll::Ready(response) = answering.as_mut().poll(cx) {
            write_interims(line, meter, takes_interim);
            return Poll::Ready(Some(response));
        }
        write_interims(line, meter, takes_interim);
        let mut io = line.io();
        let failed = matches!(io.poll_flush(cx), Poll::Ready(Err(_)));
        if failed || io.poll_gone(cx) { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

fn write_interims(line: &Line, meter: &Meter, takes_interim: bool) {
    if meter.interims.borrow().is_empty() {
        return;
    }
    let interims = std::mem::take(&mut *meter.interims.borrow_mut());
    for interim in interims.iter().filter(|_| takes_interim) {
        write_interim(line, interim);
    }
}

/// Answers what is no request that may go on; the connection ends.
async fn turn_away(
    worker: &Rc<Worker>,
    caller: &Caller,
    line: &Rc<Line>,
    glimpse: &Glimpse,
) -> Result<bool, Broken> {
    let meter = Rc::new(Meter::new(&line.deadline));
    let response = refuse(worker, caller, &meter, glimpse);
    line.io().input.clear();
    let asked = Asked { version: Version::HTTP_11, is_head: false, keep_alive: false };
    respond(worker, line, asked, response).await
}

/// Says that nothing more comes, then reads what the caller still sends, up to a bound: closing at once would make
/// the system tell it of a broken connection before it has read the answer. A stopping gateway does not wait for that.
async fn linger(worker: &Worker, line: &Line) {
    let mut farewell = pin!(worker.farewell.heard());
    let mut most = MOST_LINGERED;
    poll_fn(|cx| match farewell.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => poll_linger(line, &mut most, cx),
    })
    .await;
}

fn poll_linger(line: &Line, most: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
    let mut io = line.io();
    if ready!(io.poll_shutdown(cx)).is_err() {
        return Poll::Ready(());
    }
    loop {
        io.input.clear();
        match ready!(io.poll_fill(cx)) {
            Ok(read @ 1..) if read <= *most => *most -= read,
            _ => return Poll::Ready(()),
        }
    }
}

impl HeadLimits {
    fn of_callers(limits: &Limits) -> Self {
        Self {
            bytes: limits.max_head_bytes,
            first_line: limits.max_request_line_bytes,
            fields: limits.max_headers,
        }
    }
}
