//! What a server said of tokens, kept for a while: bounded, by a hash of the token, asked once for all that wait.
//!
//! Tokens that are active have a room of their own, so that nobody can push them out with tokens that are worth nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};

use super::{Facts, Trouble};

/// Most tokens that are being asked about, or are not active, at once.
const MAX_OTHERS: usize = 1_000;

/// Most questions under way to one server; others wait, within their time. Policies share the calls that they may make, so
/// that a server that stalls must not take them all.
const MAX_QUESTIONS: usize = 32;

/// What a server said of a token.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Active(Arc<Facts>),
    /// Never valid, expired or revoked.
    Inactive,
    /// Nothing that counts.
    Trouble(Trouble),
}

/// What a server said, and until when that counts, on the clock that measures.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    pub(crate) until: Duration,
}

/// One token that was or is asked about.
pub(crate) type Asked = Arc<OnceCell<Answered>>;
type Key = [u8; 32];

/// What is known of tokens.
pub(crate) struct Tokens {
    rooms: Mutex<Rooms>,
    /// One for each question that may be asked.
    pub(super) questions: Semaphore,
}

struct Rooms {
    active: Room,
    others: Room,
}

/// Holds at most so many; the oldest goes first.
struct Room {
    by_key: HashMap<Key, Asked>,
    /// Every key of the map, once.
    in_order: VecDeque<Key>,
    most: usize,
}

impl Tokens {
    /// Keeps at most so many active ones.
    pub(crate) fn new(most: usize) -> Self {
        let room = |most| Room { by_key: HashMap::new(), in_order: VecDeque::new(), most };
        let rooms = Rooms { active: room(most), others: room(MAX_OTHERS) };
        Self { rooms: Mutex::new(rooms), questions: Semaphore::new(MAX_QUESTIONS) }
    }

    /// What tokens are known by: nobody can make two alike.
    pub(crate) fn key(token: &str) -> Key {
        Sha256::digest(token).into()
    }

    /// What is known or being asked of this token, or room for it.
    pub(crate) fn of(&self, key: Key, now: Duration) -> Asked {
        let mut rooms = self.rooms.lock();
        let counts = |asked: &&Asked| asked.get().is_none_or(|answered| now < answered.until);
        let known = [&rooms.active, &rooms.others];
        let known = known.into_iter().find_map(|room| room.by_key.get(&key).filter(counts));
        if let Some(known) = known {
            return known.clone();
        }
        let asked = Asked::default();
        rooms.others.put(key, asked.clone());
        asked
    }

    /// Moves one that turned out active to where it stays.
    pub(crate) fn keep(&self, key: Key, asked: &Asked) {
        self.rooms.lock().active.put(key, asked.clone());
    }
}

impl Room {
    fn put(&mut self, key: Key, asked: Asked) {
        if self.most == 0 {
            return;
        }
        if self.by_key.insert(key, asked).is_some() {
            return;
        }
        self.in_order.push_back(key);
        if self.in_order.len() > self.most
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn answered(outcome: Outcome, until: Duration) -> Answered {
        Answered { outcome, until }
    }

    fn active() -> Outcome {
        Outcome::Active(Arc::new(Facts::new(serde_json::Map::new(), None)))
    }

    fn learn(tokens: &Tokens, name: &str, outcome: Outcome, until: Duration) {
        let key = Tokens::key(name);
        let asked = tokens.of(key, Duration::ZERO);
        let is_active = matches!(outcome, Outcome::Active(_));
        asked.set(answered(outcome, until)).expect("not asked yet");
        if is_active {
            tokens.keep(key, &asked);
        }
    }

    fn is_known(tokens: &Tokens, name: &str, now: Duration) -> bool {
        tokens.of(Tokens::key(name), now).get().is_some()
    }

    #[test]
    fn an_answer_counts_until_its_time_and_not_at_it() {
        let tokens = Tokens::new(10);
        learn(&tokens, "a", active(), SECOND);
        assert!(is_known(&tokens, "a", SECOND / 2));
        assert!(!is_known(&tokens, "a", SECOND));
    }

    #[test]
    fn holds_no_more_than_it_may_and_lets_the_oldest_go() {
        let tokens = Tokens::new(2);
        for name in ["a", "b", "c"] {
            learn(&tokens, name, active(), SECOND);
        }
        let rooms = tokens.rooms.lock();
        assert_eq!((rooms.active.by_key.len(), rooms.active.in_order.len()), (2, 2));
        assert!(!rooms.active.by_key.contains_key(&Tokens::key("a")));
    }

    #[test]
    fn tokens_that_are_worth_nothing_push_no_active_one_out() {
        let tokens = Tokens::new(2);
        learn(&tokens, "good", active(), SECOND);
        for n in 0..3 * MAX_OTHERS {
            learn(&tokens, &n.to_string(), Outcome::Inactive, SECOND);
        }
        assert!(is_known(&tokens, "good", Duration::ZERO));
        let rooms = tokens.rooms.lock();
        assert_eq!((rooms.others.by_key.len(), rooms.others.in_order.len()), (MAX_OTHERS, MAX_OTHERS));
    }

    #[test]
    fn one_that_is_asked_about_again_and_again_takes_one_place() {
        let tokens = Tokens::new(2);
        for _ in 0..10 {
            learn(&tokens, "a", active(), Duration::ZERO);
        }
        let rooms = tokens.rooms.lock();
        assert_eq!((rooms.active.in_order.len(), rooms.others.in_order.len()), (1, 1));
    }
}
