//! The health checks that the Plan in force wants: those it newly wants begin, those it wants no more end.

use std::collections::HashMap;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::Plan;
use crate::upstream::Check;
use crate::worker::Command;

/// What is checked, by the number of the upstream's compiled form. A check ends when its sender goes.
#[derive(Default)]
pub(crate) struct Checks(HashMap<u64, Vec<oneshot::Sender<()>>>);

impl Checks {
    /// Begins and ends what is to begin and end under `plan`. Each target is asked by one of `workers`.
    pub(crate) fn follow(&mut self, plan: &Plan, workers: &[UnboundedSender<Command>]) {
        let routes = plan.listeners.values().flat_map(|listener| listener.routes.routes());
        let wanted = routes.flat_map(|route| route.backends()).filter(|backend| backend.is_checked());
        let mut before = std::mem::take(&mut self.0);
        for backend in wanted {
            let known = before.remove(&backend.number());
            self.0.entry(backend.number()).or_insert_with(|| {
                known.unwrap_or_else(|| {
                    Check::all_of(backend).into_iter().map(|check| begin(check, workers)).collect()
                })
            });
        }
    }
}

fn begin(check: Check, workers: &[UnboundedSender<Command>]) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel();
    let place = usize::try_from(check.number() % workers.len() as u64).unwrap_or_default();
    if let Some(worker) = workers.get(place) {
        // One that has gone takes its checks with it: the program is stopping.
        let _ = worker.send(Command::Check { check: Box::new(check), stop: stopped });
    }
    stop
}
