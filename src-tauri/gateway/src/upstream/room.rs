//! New connections within the ceilings of an upstream: where there is no room, a call waits in turn.

use std::future::pending;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use tokio::time::timeout_at;

use super::backend::Shared;
use super::connect::{Connected, Wanted, connect};
use super::fault::Fault;
use super::fitness::Fitness;
use super::resolve::Name;
use super::{Target, bounded};
use crate::meter::Meter;
use crate::worker::Worker;

/// An open connection, as long as this is there.
pub(crate) struct Open {
    fitness: Arc<Fitness>,
    /// The name by which its address was found, where it was.
    name: Option<Rc<Name>>,
    /// Where there is a ceiling.
    shared: Option<Arc<Shared>>,
}

impl Open {
    /// One for a health check, which no ceiling holds up.
    pub(super) fn of_check(target: &Target) -> Self {
        target.fitness.connections.enter(u32::MAX);
        Self { fitness: target.fitness.clone(), name: None, shared: None }
    }

    /// Notes the name by which its address was found.
    pub(super) fn found_by(mut self, name: Option<Rc<Name>>) -> Self {
        self.name = name;
        self
    }

    /// True while the name that led to `address`, where one did, still does.
    pub(crate) fn is_current(&self, address: IpAddr) -> bool {
        self.name.as_ref().is_none_or(|name| name.has(address))
    }

    /// True while a call waits that this connection is in the way of.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.waiting.load(Relaxed) > 0)
    }

    /// Lets calls that wait look again.
    pub(super) fn tell_waiting(&self) {
        if let Some(shared) = &self.shared {
            shared.freed.notify_waiters();
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.fitness.connections.leave();
        if let Some(shared) = &self.shared {
            shared.load.connections.leave();
            shared.freed.notify_waiters();
        }
    }
}

impl Target {
    /// Room for one more connection, where there is some.
    pub(super) fn open(&self) -> Option<Open> {
        let shared = match self.ceilings.connections {
            Some(most) => Some(self.shared.load.connections.enter(most).then(|| self.shared.clone())?),
            None => None,
        };
        self.fitness.connections.enter(u32::MAX);
        Some(Open { fitness: self.fitness.clone(), name: None, shared })
    }
}

/// A call that waits for room, as long as this is there.
struct Waiting<'t>(&'t Target);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.shared.waiting.fetch_sub(1, Relaxed);
    }
}

/// A new connection, or one that comes free before there is room for a new one.
pub(super) async fn connect_in_turn(
    worker: &Worker,
    target: &Target,
    wanted: Wanted,
    meter: &Rc<Meter>,
) -> Result<Connected, Fault> {
    let _pending = match target.ceilings.pending {
        Some(most) => Some(target.shared.load.pending.hold(most).ok_or_else(|| Fault::too_many_wait(most))?),
        None => None,
    };
    if let Some(open) = target.open() {
        return connect(target, worker, open, wanted).await;
    }
    target.shared.waiting.fetch_add(1, Relaxed);
    let _waiting = Waiting(target);
    let _here = worker.pool.wait_for(&target.key);
    worker.ask_for_room();
    let limit = target.timeouts.connect;
    let until = Instant::now() + bounded(limit);
    loop {
        // Listens before it looks, so that what comes free between the two is not missed.
        let mut freed = pin!(target.shared.freed.notified());
        freed.as_mut().enable();
        if let Some(connected) = come_free(worker, target, &wanted) {
            meter.reused.set(true);
            return Ok(connected);
        }
        if let Some(open) = target.open() {
            return connect(target, worker, open, wanted).await;
        }
        let either = async {
            tokio::select! {
                () = freed => {}
                () = stream_freed(&wanted) => {}
            }
        };
        if timeout_at(until.into(), either).await.is_err() {
            let most = target.ceilings.connections.unwrap_or_default();
            return Err(Fault::no_room(most, limit));
        }
    }
}

/// A connection of this worker that can take the call by now.
fn come_free(worker: &Worker, target: &Target, wanted: &Wanted) -> Option<Connected> {
    match wanted {
        Wanted::Either | Wanted::Http1 => worker.pool.take(&target.key).map(Connected::Http1),
        Wanted::Http2(opening) => opening.standing().map(Connected::Http2),
    }
}

async fn stream_freed(wanted: &Wanted) {
    match wanted {
        Wanted::Either | Wanted::Http1 => pending().await,
        Wanted::Http2(opening) => opening.freed().notified().await,
    }
}
