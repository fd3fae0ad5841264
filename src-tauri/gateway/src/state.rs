//! What policies remember between requests, kept over saves that do not touch the policy.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use gatepost_model::{ApiId, AppliedPolicyId};
use parking_lot::Mutex;

/// Holds the running state of applied policies by API, id and configuration. A Plan being compiled takes over the state
/// of the Plan in force, so a save that leaves a policy's configuration alone loses none of its counters.
#[derive(Default)]
pub struct StateStore(Mutex<States>);

#[derive(Default)]
struct States {
    by_key: HashMap<Key, Weak<dyn Any + Send + Sync>>,
    /// How many were alive when those that nobody has any more were last taken out.
    alive: usize,
}

/// Which policy, and in which API's chain.
type Owner = (Option<ApiId>, AppliedPolicyId);

/// Whose state, and under which configuration.
type Key = (Owner, Box<str>);

impl StateStore {
    /// Nothing remembered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of this policy under this configuration, made by `make` when there is none.
    pub(crate) fn get_or_make<T: Any + Send + Sync>(
        &self,
        owner: Owner,
        config: &str,
        make: impl FnOnce() -> T,
    ) -> Arc<T> {
        let mut states = self.0.lock();
        states.sweep();
        let key = (owner, config.into());
        let known = states.by_key.get(&key).and_then(Weak::upgrade);
        known.and_then(|state| state.downcast().ok()).unwrap_or_else(|| {
            let state = Arc::new(make());
            let erased: Arc<dyn Any + Send + Sync> = state.clone();
            states.by_key.insert(key, Arc::downgrade(&erased));
            state
        })
    }
}

impl States {
    /// Takes out what nobody has any more, whenever the number has doubled: little work for each that is added.
    fn sweep(&mut self) {
        if self.by_key.len() > 2 * self.alive {
            self.by_key.retain(|_, state| state.strong_count() > 0);
            self.alive = self.by_key.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Owner = (None, AppliedPolicyId(1));

    #[test]
    fn keeps_state_while_the_configuration_is_the_same() {
        let states = StateStore::new();
        let first = states.get_or_make(ONE, "{}", || Mutex::new(1));
        *first.lock() = 2;
        let same = states.get_or_make(ONE, "{}", || Mutex::new(1));
        let other = states.get_or_make(ONE, "{\"a\":1}", || Mutex::new(1));
        let elsewhere = states.get_or_make((Some(ApiId(1)), AppliedPolicyId(1)), "{}", || Mutex::new(1));
        assert_eq!((*same.lock(), *other.lock(), *elsewhere.lock()), (2, 1, 1));
    }

    #[test]
    fn what_nobody_has_any_more_makes_room() {
        let states = StateStore::new();
        let kept = states.get_or_make(ONE, "{}", || 1);
        for id in 2..1_000 {
            drop(states.get_or_make((None, AppliedPolicyId(id)), "{}", || 1));
        }
        assert!(states.0.lock().by_key.len() <= 4);
        assert!(Arc::ptr_eq(&kept, &states.get_or_make(ONE, "{}", || 2)));
    }
}
