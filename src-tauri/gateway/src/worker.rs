//! One data-plane thread: a runtime of its own, its share of the connections, its own pool of upstream connections.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use gatepost_model::CallSink;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, timeout_at};

use crate::accept::{Acceptor, accept_all};
use crate::accepting::Accepting;
use crate::clock::WallClock;
use crate::connection::adopt;
use crate::date::Date;
use crate::deadline::Deadlines;
use crate::farewell::{Farewell, LAST_WORDS};
use crate::http1::Buffers;
use crate::http2::{Crew, Sessions};
use crate::records::Records;
use crate::request_id::RequestIds;
use crate::tls::Handshakes;
use crate::upstream::{Check, Names, Pool, Resolver};
use crate::watch::Connections;
use crate::{Limits, Plan};

/// How often connections are looked at for those that stood too long.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How long a connection without a request is left when the worker drains.
const LAST_CALL: Duration = Duration::from_millis(100);

/// What a worker is told.
pub(crate) enum Command {
    /// Accept from this socket; to `peers`, where there are any, connections are handed on in turn.
    Open { address: SocketAddr, socket: TcpListener, peers: Arc<[UnboundedSender<Command>]> },
    /// Take what waits on this socket, close it, and say so.
    Close { address: SocketAddr, done: SyncSender<()> },
    /// Serve a connection that another worker accepted on this address.
    Adopt { address: SocketAddr, stream: TcpStream },
    /// Ask a target for its health, until told to stop.
    Check { check: Box<Check>, stop: oneshot::Receiver<()> },
    /// Keep to these bounds over all workers.
    Limit(Box<Limits>),
    /// Close idle connections that are in the way of another worker's call.
    MakeRoom,
    /// Accept no more, let what runs end until then, and go.
    Drain { until: Instant },
}

/// What every worker is made of.
#[derive(Clone)]
pub(crate) struct Seed {
    /// How many share the work.
    pub(crate) workers: usize,
    /// Bounds.
    pub(crate) limits: Limits,
    /// Where calls go when they are over.
    pub(crate) sink: Arc<dyn CallSink>,
    /// The Plan in force.
    pub(crate) plan: Arc<ArcSwap<Plan>>,
    /// Calls that panicked.
    pub(crate) panics: Arc<AtomicU64>,
    /// Why callers wait unaccepted.
    pub(crate) accepting: Arc<Accepting>,
    /// TLS greetings that came to nothing.
    pub(crate) handshakes: Arc<Handshakes>,
    /// Grows whenever a target becomes fit or unfit.
    pub(crate) target_changes: watch::Sender<u64>,
    /// All workers, once they have started.
    pub(crate) peers: Arc<OnceLock<Arc<[UnboundedSender<Command>]>>>,
    /// Who knows the addresses of upstreams.
    pub(crate) names: Arc<dyn Names>,
}

/// What all parts on one thread share.
pub(crate) struct Worker {
    /// Which, from 0.
    pub(crate) number: usize,
    /// How many share the work.
    workers: usize,
    /// This worker's share of the bounds.
    pub(crate) limits: Cell<Limits>,
    /// Who serves them.
    pub(crate) crew: Crew,
    /// Where calls go when they are over.
    pub(crate) sink: Arc<dyn CallSink>,
    /// Makes `x-request-id`.
    pub(crate) request_ids: RequestIds,
    /// Idle connections to upstreams.
    pub(crate) pool: Rc<Pool>,
    /// Connections to upstreams that speak HTTP/2.
    pub(crate) sessions: Sessions,
    /// Names of upstreams.
    pub(crate) resolver: Rc<Resolver>,
    /// Connections of callers.
    pub(crate) connections: Connections,
    /// Buffers that no connection uses at the moment.
    pub(crate) buffers: Rc<Buffers>,
    /// What calls are recorded in.
    pub(crate) records: Records,
    /// What calls wait for at most.
    pub(crate) deadlines: Rc<Deadlines>,
    /// The time for people.
    pub(crate) wall: WallClock,
    /// The `Date` header.
    pub(crate) date: Date,
    /// Told whenever a connection of a caller has gone.
    pub(crate) freed: Notify,
    /// True once no further request is wanted.
    pub(crate) draining: Cell<bool>,
    /// Said a while after that.
    pub(crate) farewell: Farewell,
    /// Requests that panicked, over all workers.
    pub(crate) panics: Arc<AtomicU64>,
    /// Why callers wait unaccepted, over all workers.
    pub(crate) accepting: Arc<Accepting>,
    /// TLS greetings that came to nothing, over all workers.
    pub(crate) handshakes: Arc<Handshakes>,
    /// As many TLS greetings as may be under way.
    pub(crate) greetings: RefCell<Arc<Semaphore>>,
    /// Grows whenever a target becomes fit or unfit, over all workers.
    pub(crate) target_changes: Rc<watch::Sender<u64>>,
    peers: Arc<OnceLock<Arc<[UnboundedSender<Command>]>>>,
    plan: RefCell<arc_swap::Cache<Arc<ArcSwap<Plan>>, Arc<Plan>>>,
}

impl Worker {
    /// What thread `number` needs. Fails where the system has no randomness to give.
    pub(crate) fn new(number: usize, seed: Seed) -> io::Result<Self> {
        let Seed { workers, limits, sink, plan, panics, accepting, handshakes, target_changes, peers, names } =
            seed;
        let limits = limits.share_of(workers);
        Ok(Self {
            number,
            workers,
            limits: Cell::new(limits),
            crew: Crew::default(),
            sink,
            request_ids: RequestIds::new()?,
            pool: Rc::new(Pool::new(&limits)),
            sessions: Sessions::default(),
            resolver: Rc::new(Resolver::new(names, limits.keep_names)),
            connections: Connections::default(),
            buffers: Rc::default(),
            records: Records::default(),
            deadlines: Rc::default(),
            wall: WallClock::new(Instant::now()),
            date: Date::default(),
            freed: Notify::new(),
            draining: Cell::new(false),
            farewell: Farewell::default(),
            panics,
            accepting,
            handshakes,
            greetings: RefCell::new(Arc::new(Semaphore::new(limits.max_greetings))),
            target_changes: Rc::new(target_changes),
            peers,
            plan: RefCell::new(arc_swap::Cache::new(plan)),
        })
    }

    fn keep_to(&self, limits: Limits) {
        let limits = limits.share_of(self.workers);
        let before = self.limits.replace(limits);
        if limits.max_greetings != before.max_greetings {
            // Greetings under way have their turns of the one before.
            self.greetings.replace(Arc::new(Semaphore::new(limits.max_greetings)));
        }
        self.pool.keep_at_most(limits.max_idle_upstream);
        self.resolver.keep_for(limits.keep_names);
        self.freed.notify_waiters();
    }

    /// Asks the others to close idle connections that are in the way of a call that waits here.
    pub(crate) fn ask_for_room(&self) {
        let peers = self.peers.get().into_iter().flat_map(|peers| peers.iter().enumerate());
        for (_, peer) in peers.filter(|(number, _)| *number != self.number) {
            // One that has gone holds none.
            let _ = peer.send(Command::MakeRoom);
        }
    }

    /// The Plan in force now.
    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.plan.borrow_mut().load().clone()
    }
}

/// Runs a worker until it is told to drain, or nobody is left to tell it anything.
pub(crate) async fn run(worker: Rc<Worker>, mut commands: UnboundedReceiver<Command>) {
    let mut closers: HashMap<SocketAddr, oneshot::Sender<SyncSender<()>>> = HashMap::new();
    tokio::task::spawn_local(sweep(worker.clone()));
    let deadlines = worker.deadlines.clone();
    tokio::task::spawn_local(async move { deadlines.watch().await });
    while let Some(command) = commands.recv().await {
        match command {
            Command::Open { address, socket, peers } => {
                let (close, closing) = oneshot::channel();
                match Acceptor::new(address, socket, peers) {
                    Ok(acceptor) => {
                        tokio::task::spawn_local(accept_all(worker.clone(), acceptor, closing));
                        closers.insert(address, close);
                    }
                    Err(error) => tracing::error!(%address, %error, "cannot accept"),
                }
            }
            Command::Close { address, done } => {
                if let Some(close) = closers.remove(&address) {
                    // Refused only by one that has gone already, which is what was wanted.
                    let _ = close.send(done);
                }
            }
            Command::Adopt { address, stream } => match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => adopt(&worker, stream, address),
                Err(error) => tracing::warn!(%address, %error, "connection lost on its way to its worker"),
            },
            Command::Check { check, stop } => {
                tokio::task::spawn_local(check.run(worker.clone(), stop));
            }
            Command::Limit(limits) => worker.keep_to(*limits),
            Command::MakeRoom => {
                worker.pool.make_room();
                worker.sessions.make_room();
            }
            Command::Drain { until } => return drain(&worker, closers, until).await,
        }
    }
}

async fn drain(
    worker: &Rc<Worker>,
    closers: HashMap<SocketAddr, oneshot::Sender<SyncSender<()>>>,
    until: Instant,
) {
    worker.draining.set(true);
    let (done, closed) = sync_channel(closers.len());
    for close in closers.into_values() {
        let _ = close.send(done.clone());
    }
    drop(done);
    worker.connections.wake_all();
    let leaving = worker.clone();
    tokio::task::spawn_local(async move {
        tokio::time::sleep(LAST_WORDS).await;
        leaving.farewell.say();
        leaving.connections.close_all_idle();
    });
    let finished = async {
        // A request that was on its way when the end was announced is still served.
        tokio::time::sleep(LAST_CALL).await;
        worker.connections.close_silent();
        loop {
            let freed = worker.freed.notified();
            while closed.try_recv().is_ok() {}
            let all_closed = matches!(closed.try_recv(), Err(TryRecvError::Disconnected));
            if all_closed && worker.connections.is_empty() {
                return;
            }
            freed.await;
        }
    };
    let in_time = timeout_at(until.into(), finished).await.is_ok();
    let left = worker.connections.len();
    if !in_time && left > 0 {
        tracing::warn!(left, "requests still ran when the time to finish was over");
    }
}

async fn sweep(worker: Rc<Worker>) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        worker.wall.set(now);
        worker.connections.sweep(now, &worker.limits.get());
        worker.pool.sweep(now);
        worker.sessions.sweep(now);
        worker.resolver.sweep(now);
        // An idle worker lets go of the Plan that was in force when it last had something to do.
        drop(worker.plan());
    }
}
