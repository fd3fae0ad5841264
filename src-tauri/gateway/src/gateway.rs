//! The data plane as the rest of the program sees it: start it, give it Plans, ask how its listeners are, drain it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use gatepost_model::{ApiId, CallSink};
use parking_lot::Mutex;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::accepting::Accepting;
use crate::checks::Checks;
use crate::listener::{SYSTEM_SPREADS, explain, open, without_tls};
use crate::tls::Handshakes;
use crate::upstream::SystemNames;
use crate::worker::{self, Command, Seed, Worker};
use crate::{
    Greeting, HandshakeFailures, Limits, ListenerState, Listening, Names, Plan, TargetState, Unaccepted,
    clock,
};

/// How long to wait for the workers to close a socket.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Longest time that a drain may take, whatever is asked for.
const MAX_DRAIN: Duration = Duration::from_secs(3_600);

/// The running data plane. Dropping it stops it at once.
pub struct Gateway {
    plan: Arc<ArcSwap<Plan>>,
    workers: Arc<[UnboundedSender<Command>]>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    listeners: Mutex<BTreeMap<SocketAddr, Listening>>,
    checks: Mutex<Checks>,
    panics: Arc<AtomicU64>,
    accepting: Arc<Accepting>,
    handshakes: Arc<Handshakes>,
    target_changes: watch::Sender<u64>,
    system_spreads: bool,
    ended: AtomicBool,
}

impl Gateway {
    /// Starts `workers` threads under an empty Plan. Calls go to `sink` when they are over. Fails where the system
    /// gives no thread, no event queue or no randomness.
    pub fn start(workers: NonZeroUsize, sink: Arc<dyn CallSink>, limits: Limits) -> io::Result<Self> {
        Self::start_naming(workers, sink, limits, Arc::new(SystemNames))
    }

    /// The same, with targets' names looked up by `names` instead of the system.
    pub fn start_naming(
        workers: NonZeroUsize,
        sink: Arc<dyn CallSink>,
        limits: Limits,
        names: Arc<dyn Names>,
    ) -> io::Result<Self> {
        Self::start_spreading(workers, sink, limits, names, SYSTEM_SPREADS)
    }

    fn start_spreading(
        workers: NonZeroUsize,
        sink: Arc<dyn CallSink>,
        limits: Limits,
        names: Arc<dyn Names>,
        system_spreads: bool,
    ) -> io::Result<Self> {
        clock::start();
        let plan = Arc::new(ArcSwap::from_pointee(Plan::default()));
        let panics = Arc::new(AtomicU64::new(0));
        let accepting = Arc::<Accepting>::default();
        let handshakes = Arc::new(Handshakes::default());
        let target_changes = watch::Sender::new(0);
        let seed = Seed {
            workers: workers.get(),
            limits,
            sink,
            plan: plan.clone(),
            panics: panics.clone(),
            accepting: accepting.clone(),
            handshakes: handshakes.clone(),
            target_changes: target_changes.clone(),
            peers: Arc::default(),
            names,
        };
        let started = (0..workers.get()).map(|number| start_worker(number, &seed));
        let (senders, threads): (Vec<_>, Vec<_>) =
            started.collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        let workers: Arc<[_]> = senders.into();
        let _ = seed.peers.set(workers.clone());
        Ok(Self {
            plan,
            workers,
            threads: Mutex::new(threads),
            listeners: Mutex::default(),
            checks: Mutex::default(),
            panics,
            accepting,
            handshakes,
            target_changes,
            system_spreads,
            ended: AtomicBool::new(false),
        })
    }

    /// Puts a Plan in force: opens what it newly listens on, swaps, closes what is gone. Requests under way end
    /// under the Plan they began with; connections of a closed listener end with their next answer. A listener that
    /// cannot be opened does not hold up the others; the states say so. Blocks for some microseconds.
    pub fn apply(&self, plan: Arc<Plan>) -> Vec<ListenerState> {
        let mut listeners = self.listeners.lock();
        if self.ended.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let (wanted, impossible) = wanted_by(&plan);
        let gone: Vec<SocketAddr> =
            listeners.keys().copied().filter(|address| !wanted.contains(address)).collect();
        let opened = open_missing(&wanted, &mut listeners, self.sockets_per_listener());
        self.handshakes.keep(|address| speaks_tls(&plan, address));
        self.checks.lock().follow(&plan, &self.workers);
        self.plan.store(plan);
        self.accept_from(opened);
        if !gone.is_empty() {
            self.close(&gone);
            listeners.retain(|address, _| wanted.contains(address));
            // What is gone may have been what stood in the way.
            let opened = open_missing(&wanted, &mut listeners, self.sockets_per_listener());
            self.accept_from(opened);
        }
        listeners.extend(impossible);
        states_of(&listeners)
    }

    /// How the listeners of the Plan in force are.
    pub fn listeners(&self) -> Vec<ListenerState> {
        states_of(&self.listeners.lock())
    }

    /// Tries once more to open what could not be opened.
    pub fn retry_failed(&self) -> Vec<ListenerState> {
        let mut listeners = self.listeners.lock();
        let (wanted, _) = wanted_by(&self.plan.load());
        let opened = open_missing(&wanted, &mut listeners, self.sockets_per_listener());
        self.accept_from(opened);
        states_of(&listeners)
    }

    /// TLS greetings of callers that came to nothing on a listener.
    pub fn handshake_failures(&self, listener: SocketAddr) -> HandshakeFailures {
        self.handshakes.of(listener)
    }

    /// The Plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.load_full()
    }

    /// Calls that panicked since the start; each was answered by closing its connection.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// What keeps callers waiting unaccepted at the moment.
    pub fn unaccepted(&self) -> Unaccepted {
        self.accepting.state()
    }

    /// Changes the bounds; each worker keeps to them from its next turn on. Nothing that stands is closed because fewer
    /// may stand now.
    pub fn set_limits(&self, limits: Limits) {
        for worker in self.workers.iter() {
            // One that has gone bounds nothing any more.
            let _ = worker.send(Command::Limit(Box::new(limits)));
        }
    }

    /// Every target of an API and how it is: those of its own upstream, then those of its routes. None where the Plan
    /// in force has no such API.
    pub fn targets(&self, api: ApiId) -> Option<Vec<TargetState>> {
        let plan = self.plan.load();
        let mut routes = plan.listeners.values().flat_map(|listener| listener.routes.routes());
        routes.find(|route| route.api == api).map(|route| route.targets())
    }

    /// Told whenever a target becomes fit or unfit, by a health check or because its calls fail. That one is fit again
    /// because its time out is over is not told: its state says until when that is.
    pub fn target_changes(&self) -> watch::Receiver<u64> {
        self.target_changes.subscribe()
    }

    /// Accepts no more, lets running requests end, for at most `timeout`, closes idle connections, after a second those
    /// that changed their protocol (WebSocket), which may have no end of their own, and ends the threads. Blocks until
    /// that is done; afterwards the gateway serves nothing any more.
    pub fn drain(&self, timeout: Duration) {
        let mut threads = self.threads.lock();
        {
            let mut listeners = self.listeners.lock();
            self.ended.store(true, Ordering::SeqCst);
            listeners.clear();
        }
        let until = Instant::now() + timeout.min(MAX_DRAIN);
        for worker in self.workers.iter() {
            // One that has gone already has nothing left to end.
            let _ = worker.send(Command::Drain { until });
        }
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a gateway thread panicked");
            }
        }
    }

    fn sockets_per_listener(&self) -> usize {
        if self.system_spreads { self.workers.len() } else { 1 }
    }

    fn accept_from(&self, opened: Vec<(SocketAddr, Vec<std::net::TcpListener>)>) {
        let peers: Arc<[_]> = if self.system_spreads || self.workers.len() == 1 {
            Arc::default()
        } else {
            self.workers.clone()
        };
        for (address, sockets) in opened {
            for (worker, socket) in self.workers.iter().zip(sockets) {
                // After a drain nobody listens any more, which is what was asked for.
                let _ = worker.send(Command::Open { address, socket, peers: peers.clone() });
            }
        }
    }

    /// Returns when the sockets are closed, so that they can be opened again.
    fn close(&self, addresses: &[SocketAddr]) {
        let (done, closed) = sync_channel(addresses.len() * self.workers.len());
        for address in addresses {
            for worker in self.workers.iter() {
                let _ = worker.send(Command::Close { address: *address, done: done.clone() });
            }
        }
        drop(done);
        let deadline = Instant::now() + CLOSE_WITHIN;
        // Ends by disconnection, when the last worker has let go of its end.
        while closed.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok() {}
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.drain(Duration::ZERO);
    }
}

/// The sockets to open, and those that cannot be because of their TLS.
fn wanted_by(plan: &Plan) -> (BTreeSet<SocketAddr>, Vec<(SocketAddr, Listening)>) {
    let mut wanted = BTreeSet::new();
    let mut impossible = Vec::new();
    for (address, listener) in &plan.listeners {
        match &listener.greeting {
            Greeting::Impossible(why) => impossible.push((*address, without_tls(*address, why))),
            Greeting::Plain | Greeting::Tls(_) => {
                wanted.insert(*address);
            }
        }
    }
    (wanted, impossible)
}

fn speaks_tls(plan: &Plan, address: &SocketAddr) -> bool {
    plan.listeners.get(address).is_some_and(|listener| matches!(listener.greeting, Greeting::Tls(_)))
}

/// Starts one thread; returns when it is ready to be told something.
fn start_worker(number: usize, seed: &Seed) -> io::Result<(UnboundedSender<Command>, JoinHandle<()>)> {
    let (sender, commands) = unbounded_channel();
    let (ready, starting) = sync_channel(1);
    let seed = seed.clone();
    let work = move || {
        let made = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .and_then(|runtime| Ok((runtime, Worker::new(number, seed)?)));
        // The one who waits for this waits until it comes.
        match made {
            Ok((runtime, worker)) => {
                let _ = ready.send(Ok(()));
                runtime.block_on(worker::run(Rc::new(worker), commands));
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    };
    let thread = std::thread::Builder::new().name(format!("gateway-{number}")).spawn(work)?;
    starting.recv().unwrap_or_else(|_| Err(io::Error::other("a gateway thread did not start")))?;
    Ok((sender, thread))
}

/// Opens those of `wanted` that are not open, and notes how each is.
fn open_missing(
    wanted: &BTreeSet<SocketAddr>,
    listeners: &mut BTreeMap<SocketAddr, Listening>,
    count: usize,
) -> Vec<(SocketAddr, Vec<std::net::TcpListener>)> {
    let mut opened = Vec::new();
    for address in wanted {
        if listeners.get(address) == Some(&Listening::Yes) {
            continue;
        }
        let state = match open(*address, count) {
            Ok(sockets) => {
                opened.push((*address, sockets));
                Listening::Yes
            }
            Err(error) => explain(*address, &error, in_the_way(*address, listeners)),
        };
        listeners.insert(*address, state);
    }
    opened
}

/// A listener of ours whose socket takes the same port on an overlapping address.
fn in_the_way(address: SocketAddr, listeners: &BTreeMap<SocketAddr, Listening>) -> Option<SocketAddr> {
    let overlaps = |other: &SocketAddr| {
        *other != address
            && other.port() == address.port()
            && (other.ip().is_unspecified() || address.ip().is_unspecified())
    };
    listeners
        .iter()
        .find(|(other, state)| **state == Listening::Yes && overlaps(other))
        .map(|(other, _)| *other)
}

fn states_of(listeners: &BTreeMap<SocketAddr, Listening>) -> Vec<ListenerState> {
    listeners
        .iter()
        .map(|(address, state)| ListenerState { address: *address, state: state.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ListenerPlan;
    use gatepost_model::{CallDetail, CallFacts};
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    /// Notes which workers served a call.
    #[derive(Default)]
    struct Workers(Mutex<Vec<usize>>);

    impl CallSink for Workers {
        fn record(&self, worker: usize, _facts: &CallFacts, _detail: &mut CallDetail) {
            self.0.lock().push(worker);
        }
    }

    #[test]
    fn where_the_system_does_not_spread_connections_one_worker_hands_them_on() {
        let workers = Arc::new(Workers::default());
        let three = NonZeroUsize::new(3).expect("some");
        let gateway =
            Gateway::start_spreading(three, workers.clone(), Limits::default(), Arc::new(SystemNames), false)
                .expect("starts");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("free");
        let listeners = BTreeMap::from([(address, ListenerPlan::default())]);
        gateway.apply(Arc::new(Plan { number: 1, listeners, ..Plan::default() }));
        for _ in 0..6 {
            let mut stream = TcpStream::connect(address).expect("listens");
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("takes");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("answers");
            assert!(answer.starts_with("HTTP/1.0 404"), "{answer}");
        }
        gateway.drain(Duration::from_secs(20));
        let mut served = workers.0.lock().clone();
        served.sort_unstable();
        assert_eq!(served, [0, 0, 1, 1, 2, 2]);
    }
}
