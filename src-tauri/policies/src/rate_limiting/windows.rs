//! Fixed windows by key: exact over threads, bounded in memory.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

/// Most keys one policy remembers. When there are more, those whose windows are over are forgotten first, then those
/// whose window began first.
pub(super) const MAX_KEYS: usize = 100_000;
/// Longest key kept as it is, in bytes; a longer one is kept as its SHA-256.
const MAX_KEY: usize = 128;
/// Parts of the map with a lock each, so that threads seldom meet.
const SHARDS: usize = 16;

/// So many requests in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) requests: u64,
    pub(super) per: Duration,
}

/// The windows of all keys of one policy.
pub(super) struct Windows {
    /// For requests without a key; never forgotten.
    shared: Mutex<KeyWindows>,
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    max_keys_per_shard: usize,
}

type Shard = HashMap<Box<[u8]>, KeyWindows>;

/// One window for each quota, in their order; empty before the key's first request.
type KeyWindows = SmallVec<[Window; 1]>;

#[derive(Clone, Copy, Debug)]
struct Window {
    begun: Duration,
    used: u64,
}

/// What became of one request, told by the tightest quota: the one with the fewest requests left, and of several with
/// as few, the one that takes longest to begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// All quotas had room.
    pub(super) admitted: bool,
    /// Requests the quota allows.
    pub(super) limit: u64,
    /// Requests left in its window.
    pub(super) remaining: u64,
    /// Until its next window.
    pub(super) reset: Duration,
}

impl Windows {
    /// None begun, and at most `max_keys` remembered.
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            shared: Mutex::default(),
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            max_keys_per_shard: max_keys.div_ceil(SHARDS).max(1),
        }
    }

    /// Counts a request at `now` against every quota of its key, or against none when one is used up.
    pub(super) fn count(&self, key: Option<&str>, quotas: &[Quota], now: Duration) -> Count {
        let Some(key) = key else { return count(&mut self.shared.lock(), quotas, now) };
        let digest: [u8; 33];
        let key = if key.len() <= MAX_KEY {
            key.as_bytes()
        } else {
            digest = digest_of(key);
            &digest
        };
        // A shard is far smaller than what a hash can tell apart.
        let place = (self.hasher.hash_one(key) % SHARDS as u64) as usize;
        let mut shard = self.shards[place].lock();
        if let Some(windows) = shard.get_mut(key) {
            return count(windows, quotas, now);
        }
        if shard.len() >= self.max_keys_per_shard {
            forget_some(&mut shard, quotas, now);
        }
        count(shard.entry(key.into()).or_default(), quotas, now)
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}

/// A key's SHA-256 after a byte that no UTF-8 text begins with.
fn digest_of(key: &str) -> [u8; 33] {
    let mut digest = [0xff; 33];
    digest[1..].copy_from_slice(&Sha256::digest(key.as_bytes()));
    digest
}

fn count(windows: &mut KeyWindows, quotas: &[Quota], now: Duration) -> Count {
    windows.resize(quotas.len(), Window { begun: now, used: 0 });
    for (window, quota) in windows.iter_mut().zip(quotas) {
        if window.is_over(*quota, now) {
            *window = Window { begun: now, used: 0 };
        }
    }
    let admitted = windows.iter().zip(quotas).all(|(window, quota)| window.used < quota.requests);
    let mut tightest = Count { admitted, limit: 0, remaining: u64::MAX, reset: Duration::ZERO };
    for (window, quota) in windows.iter_mut().zip(quotas) {
        window.used += u64::from(admitted);
        let remaining = quota.requests.saturating_sub(window.used);
        let reset = quota.per.saturating_sub(now.saturating_sub(window.begun));
        if (remaining, Reverse(reset)) < (tightest.remaining, Reverse(tightest.reset)) {
            tightest = Count { admitted, limit: quota.requests, remaining, reset };
        }
    }
    tightest
}

impl Window {
    /// A request of another thread may have begun the window a moment after `now`: then it is not over.
    fn is_over(self, quota: Quota, now: Duration) -> bool {
        now.saturating_sub(self.begun) >= quota.per
    }
}

/// Makes room for an eighth of the shard at once, so that a flood of new keys costs little for each of them.
fn forget_some(shard: &mut Shard, quotas: &[Quota], now: Duration) {
    let most = shard.len() - (shard.len() / 8).max(1);
    shard.retain(|_, windows| !windows.iter().zip(quotas).all(|(window, quota)| window.is_over(*quota, now)));
    if shard.len() <= most {
        return;
    }
    let begun = |windows: &KeyWindows| windows.iter().map(|window| window.begun).min().unwrap_or_default();
    let mut begins: Vec<Duration> = shard.values().map(begun).collect();
    let mut to_forget = shard.len() - most;
    let (_, newest_forgotten, _) = begins.select_nth_unstable(to_forget - 1);
    shard.retain(|_, windows| {
        let forgotten = to_forget > 0 && begun(windows) <= *newest_forgotten;
        to_forget -= usize::from(forgotten);
        !forgotten
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn quota(requests: u64, seconds: u64) -> Quota {
        Quota { requests, per: Duration::from_secs(seconds) }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_window_begins_with_the_keys_first_request() {
        let (windows, quotas) = (Windows::new(MAX_KEYS), [quota(1, 60)]);
        assert!(windows.count(Some("a"), &quotas, at(50)).admitted);
        let refused = windows.count(Some("a"), &quotas, at(109));
        assert_eq!(refused, Count { admitted: false, limit: 1, remaining: 0, reset: SECOND });
        assert!(windows.count(Some("b"), &quotas, at(109)).admitted);
        assert!(windows.count(Some("a"), &quotas, at(110)).admitted);
    }

    #[test]
    fn a_refused_request_uses_no_quota() {
        let (windows, quotas) = (Windows::new(MAX_KEYS), [quota(1, 1), quota(3, 100)]);
        for second in 0..3 {
            assert!(windows.count(None, &quotas, at(second)).admitted);
            for _ in 0..10 {
                assert!(!windows.count(None, &quotas, at(second)).admitted);
            }
        }
        // Three were admitted in all, though thirty more were refused by the first quota.
        let spent = windows.count(None, &quotas, at(50));
        assert_eq!(spent, Count { admitted: false, limit: 3, remaining: 0, reset: at(50) });
    }

    #[test]
    fn tells_of_the_tightest_quota() {
        let (windows, quotas) = (Windows::new(MAX_KEYS), [quota(10, 60), quota(12, 3600)]);
        assert_eq!(windows.count(None, &quotas, at(0)).limit, 10);
        for _ in 0..9 {
            windows.count(None, &quotas, at(0));
        }
        let anew = windows.count(None, &quotas, at(60));
        assert_eq!(anew, Count { admitted: true, limit: 12, remaining: 1, reset: at(3540) });
    }

    #[test]
    fn a_time_that_steps_back_a_little_neither_panics_nor_gives_quota() {
        let (windows, quotas) = (Windows::new(MAX_KEYS), [quota(1, 60)]);
        assert!(windows.count(Some("a"), &quotas, at(10)).admitted);
        assert!(!windows.count(Some("a"), &quotas, at(9)).admitted);
    }

    #[test]
    fn admits_exactly_the_quota_over_many_threads() {
        let (windows, quotas) = (Windows::new(MAX_KEYS), [quota(1_000, 60)]);
        let admitted = std::thread::scope(|scope| {
            let count = || {
                scope.spawn(|| (0..500).filter(|_| windows.count(Some("a"), &quotas, at(1)).admitted).count())
            };
            let threads: Vec<_> = std::iter::repeat_with(count).take(8).collect();
            threads.into_iter().map(|thread| thread.join().expect("counts")).sum::<usize>()
        });
        assert_eq!(admitted, 1_000);
    }

    #[test]
    fn remembers_no_more_keys_than_it_may() {
        let (windows, quotas) = (Windows::new(1_600), [quota(1, 60)]);
        for n in 0..20_000 {
            windows.count(Some(&format!("key {n}")), &quotas, Duration::from_millis(n));
        }
        assert!(windows.keys() <= 1_600, "{}", windows.keys());
        // The newest are still known, the oldest were forgotten.
        assert!(!windows.count(Some("key 19999"), &quotas, at(20)).admitted);
        assert!(windows.count(Some("key 0"), &quotas, at(20)).admitted);
    }

    #[test]
    fn forgets_windows_that_are_over_before_it_forgets_others() {
        let (windows, quotas) = (Windows::new(160), [quota(1, 60)]);
        let mut shard = Shard::new();
        for n in 0..10_u8 {
            let begun = if n < 8 { at(0) } else { at(50) };
            shard.insert([n].into(), smallvec::smallvec![Window { begun, used: 1 }]);
        }
        forget_some(&mut shard, &quotas, at(60));
        let mut left: Vec<u8> = shard.keys().map(|key| key[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [8, 9]);
        assert_eq!(windows.keys(), 0);
    }

    #[test]
    fn long_keys_are_told_apart_and_take_little_room() {
        let (windows, quotas) = (Windows::new(MAX_KEYS), [quota(1, 60)]);
        let long = "k".repeat(100_000);
        assert!(windows.count(Some(&long), &quotas, at(1)).admitted);
        assert!(!windows.count(Some(&long), &quotas, at(1)).admitted);
        assert!(windows.count(Some(&format!("{long}!")), &quotas, at(1)).admitted);
        let longest =
            windows.shards.iter().flat_map(|shard| shard.lock().keys().map(|key| key.len()).max()).max();
        assert_eq!(longest, Some(33));
    }
}
