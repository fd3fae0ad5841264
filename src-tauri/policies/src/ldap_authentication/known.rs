//! Users whom the directory took a short while ago, so that it need not be asked for every call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::basic::Pair;

/// Most users that are remembered. When there are more, those go whose time is over, or else is over soonest.
const MAX_KNOWN: usize = 1_000;

/// Users with what tells their passwords. Of a password a hash is kept that is salted with what only this process knows.
pub(super) struct Known {
    /// None where the system has no randomness to give: then nobody is remembered.
    salt: Option<[u8; 32]>,
    keep: Duration,
    users: Mutex<HashMap<Box<str>, Remembered>>,
}

struct Remembered {
    seal: Seal,
    entry: Arc<str>,
    until: Duration,
}

/// A user name and a password, not to be read back.
#[derive(Clone, Copy)]
pub(super) struct Seal([u8; 32]);

impl Known {
    /// `keep`: how long a user is remembered; nobody is where it is zero.
    pub(super) fn new(keep: Duration) -> Self {
        let mut salt = [0; 32];
        let salt = (!keep.is_zero() && getrandom::fill(&mut salt).is_ok()).then_some(salt);
        Self { salt, keep, users: Mutex::default() }
    }

    /// None where nobody is remembered.
    pub(super) fn seal(&self, pair: &Pair) -> Option<Seal> {
        let salted = Sha256::new().chain_update(self.salt?);
        // Names have no colon, so that one text is one pair.
        let sealed = salted.chain_update(&pair.user).chain_update(":").chain_update(&pair.password);
        Some(Seal(sealed.finalize().into()))
    }

    /// The name of the user's entry, where the directory took this password lately.
    pub(super) fn entry_of(&self, user: &str, seal: Seal, now: Duration) -> Option<Arc<str>> {
        let users = self.users.lock();
        let remembered = users.get(user).filter(|remembered| now < remembered.until)?;
        bool::from(remembered.seal.0.ct_eq(&seal.0)).then(|| remembered.entry.clone())
    }

    /// Remembers that the directory took it.
    pub(super) fn remember(&self, user: &str, seal: Seal, entry: Arc<str>, now: Duration) {
        let mut users = self.users.lock();
        if users.len() >= MAX_KNOWN && !users.contains_key(user) {
            make_room(&mut users, now);
        }
        users.insert(user.into(), Remembered { seal, entry, until: now + self.keep });
    }
}

fn make_room(users: &mut HashMap<Box<str>, Remembered>, now: Duration) {
    users.retain(|_, remembered| now < remembered.until);
    if users.len() < MAX_KNOWN {
        return;
    }
    let soonest = users.iter().min_by_key(|(_, remembered)| remembered.until).map(|(user, _)| user.clone());
    if let Some(user) = soonest {
        users.remove(&user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pair(user: &str, password: &str) -> Pair {
        Pair { user: user.into(), password: password.into() }
    }

    fn take(known: &Known, user: &str, password: &str, now: Duration) {
        let seal = known.seal(&pair(user, password)).expect("remembers");
        known.remember(user, seal, format!("uid={user}").into(), now);
    }

    fn knows(known: &Known, user: &str, password: &str, now: Duration) -> bool {
        let seal = known.seal(&pair(user, password)).expect("remembers");
        known.entry_of(user, seal, now).is_some()
    }

    #[test]
    fn knows_a_user_by_the_password_that_was_taken_and_for_its_time() {
        let known = Known::new(60 * SECOND);
        take(&known, "ann", "right", Duration::ZERO);
        assert!(knows(&known, "ann", "right", 59 * SECOND));
        assert!(!knows(&known, "ann", "wrong", SECOND) && !knows(&known, "bob", "right", SECOND));
        assert!(!knows(&known, "ann", "right", 60 * SECOND));
    }

    #[test]
    fn remembers_no_more_users_than_it_may() {
        let known = Known::new(60 * SECOND);
        for (n, now) in (0..MAX_KNOWN + 10).zip(0..) {
            take(&known, &n.to_string(), "x", Duration::from_millis(now));
        }
        assert_eq!(known.users.lock().len(), MAX_KNOWN);
        assert!(!knows(&known, "9", "x", 2 * SECOND) && knows(&known, "10", "x", 2 * SECOND));
        take(&known, "late", "x", 120 * SECOND);
        assert_eq!(known.users.lock().len(), 1);
    }

    #[test]
    fn remembers_nobody_for_no_time() {
        assert!(Known::new(Duration::ZERO).seal(&pair("ann", "x")).is_none());
    }

    #[test]
    fn the_same_pair_has_another_seal_in_another_process() {
        let seal = || Known::new(SECOND).seal(&pair("ann", "x")).expect("remembers").0;
        assert_ne!(seal(), seal());
    }
}
