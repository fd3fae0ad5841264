//! Takes connections from a listener's socket and gives each to a worker.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::connection::adopt;
use crate::worker::{Command, Worker};

/// How long to wait where the system has no room for another connection.
const WHEN_FULL: Duration = Duration::from_millis(50);

/// One listener's socket on one worker.
pub(crate) struct Acceptor {
    address: SocketAddr,
    socket: TcpListener,
    peers: Arc<[UnboundedSender<Command>]>,
    next_peer: usize,
}

impl Acceptor {
    /// Takes over a bound socket. With `peers` it hands connections to them in turn, else it keeps them.
    pub(crate) fn new(
        address: SocketAddr,
        socket: std::net::TcpListener,
        peers: Arc<[UnboundedSender<Command>]>,
    ) -> io::Result<Self> {
        Ok(Self { address, socket: TcpListener::from_std(socket)?, peers, next_peer: 0 })
    }

    fn place(&mut self, worker: &Rc<Worker>, stream: TcpStream) {
        if self.peers.is_empty() {
            return adopt(worker, stream, self.address);
        }
        let peer = self.next_peer;
        self.next_peer = (peer + 1) % self.peers.len();
        if peer == worker.number {
            return adopt(worker, stream, self.address);
        }
        match stream.into_std() {
            Ok(stream) => {
                // A worker that has gone takes its connections with it: the program is stopping.
                let _ = self.peers[peer].send(Command::Adopt { address: self.address, stream });
            }
            Err(error) => tracing::warn!(%error, "connection lost on its way to its worker"),
        }
    }

    /// Takes what the kernel has accepted for us already: closing the socket would break those connections.
    fn take_waiting(&mut self, worker: &Rc<Worker>) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok((stream, _))) = self.socket.poll_accept(&mut cx) {
            self.place(worker, stream);
        }
    }
}

/// Accepts until told to close; then takes what waits, closes, and tells whoever asked.
pub(crate) async fn accept_all(
    worker: Rc<Worker>,
    mut acceptor: Acceptor,
    mut closing: oneshot::Receiver<SyncSender<()>>,
) {
    loop {
        let accepting = async {
            worker.room().await;
            acceptor.socket.accept().await
        };
        tokio::select! {
            biased;
            done = &mut closing => {
                acceptor.take_waiting(&worker);
                drop(acceptor);
                if let Ok(done) = done {
                    // Whoever asked may have stopped waiting.
                    let _ = done.try_send(());
                    drop(done);
                }
                worker.freed.notify_waiters();
                return;
            }
            accepted = accepting => match accepted {
                Ok((stream, _)) => acceptor.place(&worker, stream),
                Err(error) => pause_after(&worker, &error).await,
            }
        }
    }
}

/// A connection that broke before it was accepted concerns nobody; any other fault is one of the system's limits.
async fn pause_after(worker: &Worker, error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        worker.accepting.refused_by_system(error);
        tracing::warn!(%error, "cannot accept a connection");
        tokio::time::sleep(WHEN_FULL).await;
    }
}

impl Worker {
    /// Waits until another connection is within the limit.
    async fn room(&self) {
        let mut waiting = None;
        loop {
            let freed = self.freed.notified();
            if self.connections.len() < self.limits.get().max_connections {
                return;
            }
            waiting.get_or_insert_with(|| self.accepting.waits());
            freed.await;
        }
    }
}
