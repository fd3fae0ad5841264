//! Documents that policies fetch and keep: key sets, discovery documents.
//!
//! One that is due is fetched again while the old one serves on. Many that wait for the first one wait for one fetch.
//! While its source fails the old one stays, and the source is asked ever less often.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Outbound;

/// A failing source is asked again after the floor, then after twice as long, at most this many doublings.
const MAX_DOUBLINGS: u32 = 6;

/// A fetch that is to end; an error is for the operator.
pub type Fetching<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// A document and where it comes from. Time comes in as the call's [`now`](crate::Context::now).
pub struct Cached<T> {
    shared: Arc<Shared<T>>,
    fetch: Box<dyn Fn() -> Fetching<T> + Send + Sync>,
    keep: Duration,
    floor: Duration,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    /// Told when a fetch is over.
    over: Notify,
}

struct State<T> {
    /// With the time of its fetch.
    known: Option<(Arc<T>, Duration)>,
    /// When the last fetch began.
    asked: Option<Duration>,
    is_underway: bool,
    /// How many fetches failed since one did not.
    failures: u32,
    error: Arc<str>,
    /// Grows with every fetch that is over.
    fetches: u64,
}

impl<T: Send + Sync + 'static> Cached<T> {
    /// Nothing is fetched yet. `keep`: how long a document is good; `floor`: shortest time between two fetches.
    pub fn new(
        keep: Duration,
        floor: Duration,
        fetch: impl Fn() -> Fetching<T> + Send + Sync + 'static,
    ) -> Self {
        let state =
            State { known: None, asked: None, is_underway: false, failures: 0, error: "".into(), fetches: 0 };
        let shared = Arc::new(Shared { state: Mutex::new(state), over: Notify::new() });
        Self { shared, fetch: Box::new(fetch), keep, floor }
    }

    /// The document. Waits only where there is none; one that is due is fetched anew meanwhile. Fails while there never
    /// was one, with the reason.
    pub async fn get(&self, now: Duration) -> Result<Arc<T>, Arc<str>> {
        let fetches = {
            let mut state = self.shared.state.lock();
            if let Some(known) = self.known_in(&mut state, now) {
                return Ok(known);
            }
            self.begin(&mut state, now);
            if !state.is_underway {
                return Err(state.error.clone());
            }
            state.fetches
        };
        self.fetched_after(fetches).await
    }

    /// The document where there is one, without waiting; one that is due is fetched anew meanwhile.
    pub fn known(&self, now: Duration) -> Option<Arc<T>> {
        self.known_in(&mut self.shared.state.lock(), now)
    }

    fn known_in(&self, state: &mut State<T>, now: Duration) -> Option<Arc<T>> {
        let (known, at) = state.known.as_ref()?;
        let (known, is_due) = (known.clone(), now.saturating_sub(*at) >= self.keep);
        if is_due {
            self.begin(state, now);
        }
        Some(known)
    }

    /// A newer document than `seen`, in which something was missing, such as a key. Fetches it where the floor allows
    /// that; gives the one there is where not.
    pub async fn renewed(&self, seen: &Arc<T>, now: Duration) -> Result<Arc<T>, Arc<str>> {
        let fetches = {
            let mut state = self.shared.state.lock();
            let newer =
                state.known.as_ref().map(|(known, _)| known).filter(|known| !Arc::ptr_eq(known, seen));
            if let Some(newer) = newer {
                return Ok(newer.clone());
            }
            self.begin(&mut state, now);
            if !state.is_underway {
                return Ok(seen.clone());
            }
            state.fetches
        };
        self.fetched_after(fetches).await
    }

    /// Begins a fetch, unless one is under way or it is too early.
    fn begin(&self, state: &mut State<T>, now: Duration) {
        let pause = self.floor * (1 << state.failures.saturating_sub(1).min(MAX_DOUBLINGS));
        let is_early = state.asked.is_some_and(|asked| now < asked + pause);
        if state.is_underway || is_early {
            return;
        }
        state.asked = Some(now);
        let (fetching, shared) = ((self.fetch)(), self.shared.clone());
        let begun = Outbound::spawn(async move {
            let unfinished = Unfinished(&shared);
            let fetched = fetching.await;
            std::mem::forget(unfinished);
            shared.take(fetched, now);
        });
        match begun {
            Ok(()) => state.is_underway = true,
            Err(words) => state.error = words.into(),
        }
    }

    async fn fetched_after(&self, fetches: u64) -> Result<Arc<T>, Arc<str>> {
        loop {
            let over = self.shared.over.notified();
            {
                let state = self.shared.state.lock();
                if state.fetches > fetches {
                    let known = state.known.as_ref().map(|(known, _)| known.clone());
                    return known.ok_or_else(|| state.error.clone());
                }
            }
            over.await;
        }
    }
}

impl<T> Shared<T> {
    fn take(&self, fetched: Result<T, String>, now: Duration) {
        let mut state = self.state.lock();
        match fetched {
            Ok(document) => {
                state.known = Some((Arc::new(document), now));
                state.failures = 0;
            }
            Err(error) => {
                state.error = error.into();
                state.failures = state.failures.saturating_add(1);
            }
        }
        state.is_underway = false;
        state.fetches += 1;
        drop(state);
        self.over.notify_waiters();
    }
}

/// A fetch that ends without an end, by a panic, fails, so that nobody waits for ever.
struct Unfinished<'a, T>(&'a Shared<T>);

impl<T> Drop for Unfinished<'_, T> {
    fn drop(&mut self) {
        self.0.take(Err("fetching it failed".into()), Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const SECOND: Duration = Duration::from_secs(1);

    /// The n-th fetch gives n, those in `failing` fail.
    fn cached(failing: &'static [usize]) -> (Arc<AtomicUsize>, Arc<Cached<usize>>) {
        let fetches = Arc::new(AtomicUsize::new(0));
        let counter = fetches.clone();
        let cached = Cached::new(60 * SECOND, SECOND, move || {
            let number = counter.fetch_add(1, Relaxed) + 1;
            let fetched = if failing.contains(&number) { Err(format!("no {number}")) } else { Ok(number) };
            Box::pin(async move { fetched })
        });
        (fetches, Arc::new(cached))
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    async fn until_fetched(cached: &Cached<usize>, fetches: u64) {
        let _ = cached.fetched_after(fetches - 1).await;
    }

    #[test]
    fn many_that_wait_for_the_first_wait_for_one_fetch() {
        let (fetches, cached) = cached(&[]);
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let cached = cached.clone();
                std::thread::spawn(move || run(async move { cached.get(Duration::ZERO).await }))
            })
            .collect();
        for waiter in waiting {
            assert_eq!(waiter.join().expect("no panic").as_deref(), Ok(&1));
        }
        assert_eq!(fetches.load(Relaxed), 1);
    }

    #[test]
    fn the_old_one_serves_while_the_new_one_is_fetched() {
        let (fetches, cached) = cached(&[]);
        run(async {
            assert_eq!(cached.get(Duration::ZERO).await.as_deref(), Ok(&1));
            assert_eq!(cached.get(59 * SECOND).await.as_deref(), Ok(&1));
            assert_eq!(fetches.load(Relaxed), 1);
            assert_eq!(cached.get(60 * SECOND).await.as_deref(), Ok(&1));
            until_fetched(&cached, 2).await;
            assert_eq!(cached.get(60 * SECOND).await.as_deref(), Ok(&2));
        });
    }

    #[test]
    fn a_source_that_fails_is_asked_ever_less_often_and_the_old_one_stays() {
        let (fetches, cached) = cached(&[2, 3]);
        run(async {
            assert_eq!(cached.get(Duration::ZERO).await.as_deref(), Ok(&1));
            let mut now = 60 * SECOND;
            for (wait, fetched) in [(0, 2), (1, 3)] {
                now += wait * SECOND;
                assert_eq!(cached.get(now).await.as_deref(), Ok(&1));
                until_fetched(&cached, fetched).await;
            }
            assert_eq!(cached.get(now + SECOND).await.as_deref(), Ok(&1), "too early");
            assert_eq!(fetches.load(Relaxed), 3);
            assert_eq!(cached.get(now + 2 * SECOND).await.as_deref(), Ok(&1));
            until_fetched(&cached, 4).await;
            assert_eq!(cached.get(now + 2 * SECOND).await.as_deref(), Ok(&4));
        });
    }

    #[test]
    fn where_there_never_was_one_it_says_why_and_asks_again_later() {
        let (fetches, cached) = cached(&[1]);
        run(async {
            assert_eq!(cached.get(Duration::ZERO).await, Err("no 1".into()));
            assert_eq!(cached.get(SECOND / 2).await, Err("no 1".into()));
            assert_eq!(fetches.load(Relaxed), 1);
            assert_eq!(cached.get(SECOND).await.as_deref(), Ok(&2));
        });
    }

    #[test]
    fn what_is_missing_is_fetched_no_more_often_than_the_floor_allows() {
        let (fetches, cached) = cached(&[]);
        run(async {
            let first = cached.get(Duration::ZERO).await.expect("fetched");
            for ms in 0..1_000 {
                assert_eq!(*cached.renewed(&first, Duration::from_millis(ms)).await.expect("known"), 1);
            }
            assert_eq!(fetches.load(Relaxed), 1);
            assert_eq!(*cached.renewed(&first, SECOND).await.expect("fetched"), 2);
            assert_eq!(*cached.renewed(&first, SECOND).await.expect("known"), 2);
            assert_eq!(fetches.load(Relaxed), 2);
        });
    }
}
