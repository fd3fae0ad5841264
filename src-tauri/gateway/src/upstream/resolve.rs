//! One worker's memory of names: believed for a while, looked up again while in use, kept when a look-up fails.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::Target;
use super::addresses::Addresses;
use super::names::Names;

/// How much longer than `Limits::keep_names` an answer is used while no newer one can be had.
const STALE_FOR: Duration = Duration::from_secs(60);

/// How long a failure is believed, so that many calls do not all ask for what is not there.
const KEEP_FAILURE: Duration = Duration::from_secs(1);

/// Most names remembered by one worker.
const MAX_NAMES: usize = 1_000;

/// The memory.
pub(crate) struct Resolver {
    names: Arc<dyn Names>,
    keep_for: Cell<Duration>,
    known: RefCell<HashMap<Arc<str>, Rc<Name>>>,
}

/// One name. As long as a connection that was found by it holds it, it is in use.
#[derive(Default)]
pub(crate) struct Name {
    text: Arc<str>,
    addresses: RefCell<Option<Addresses>>,
    failed: RefCell<Option<(Instant, String)>>,
    /// Held while it is looked up: all others wait for that.
    asking: Mutex<()>,
}

impl Resolver {
    /// Asks `names`, and believes an answer for `keep_for`.
    pub(crate) fn new(names: Arc<dyn Names>, keep_for: Duration) -> Self {
        Self { names, keep_for: Cell::new(keep_for), known: RefCell::default() }
    }

    /// Believes answers for so long from now on.
    pub(crate) fn keep_for(&self, keep_for: Duration) {
        self.keep_for.set(keep_for);
    }

    /// The name of a target, where it has one.
    pub(super) fn name_of(&self, target: &Target) -> Option<Rc<Name>> {
        let text = target.name.as_ref()?;
        let mut known = self.known.borrow_mut();
        if let Some(name) = known.get(text) {
            return Some(name.clone());
        }
        let name = Rc::new(Name { text: text.clone(), ..Name::default() });
        if known.len() >= MAX_NAMES {
            known.retain(|_, name| Rc::strong_count(name) > 1);
        }
        // One too many works as any other, and is looked up each time.
        if known.len() < MAX_NAMES {
            known.insert(text.clone(), name.clone());
        }
        Some(name)
    }

    /// The addresses of a name in the order in which to try them; never none. What is known is given at once, even
    /// where it is looked up again meanwhile.
    pub(super) async fn addresses_of(self: &Rc<Self>, name: &Rc<Name>) -> io::Result<Rc<[IpAddr]>> {
        match name.age(Instant::now()).filter(|age| *age < self.keep_for.get() + STALE_FOR) {
            Some(age) if age < self.keep_for.get() => {}
            Some(_) => self.refresh(name),
            None => self.look_up(name).await?,
        }
        name.in_turn().ok_or_else(no_address)
    }

    /// Looks names up again that are in use and known for long enough, and forgets those that nobody used for long.
    pub(crate) fn sweep(self: &Rc<Self>, now: Instant) {
        let mut due = Vec::new();
        self.known.borrow_mut().retain(|_, name| {
            let age = name.age(now);
            let is_used = Rc::strong_count(name) > 1;
            if is_used && age.is_some_and(|age| age >= self.keep_for.get()) {
                due.push(name.clone());
            }
            is_used || age.is_some_and(|age| age < self.keep_for.get() + STALE_FOR)
        });
        for name in due {
            self.refresh(&name);
        }
    }

    /// Looks a name up while its users go on with what is known.
    fn refresh(self: &Rc<Self>, name: &Rc<Name>) {
        let is_asked = name.asking.try_lock().is_err();
        if is_asked || name.failure_within(self.keep_for.get(), Instant::now()).is_some() {
            return;
        }
        let (resolver, name) = (self.clone(), name.clone());
        tokio::task::spawn_local(async move {
            if let Err(error) = resolver.look_up(&name).await {
                tracing::warn!(name = &*name.text, %error, "cannot be looked up; its last known addresses are used");
            }
        });
    }

    async fn look_up(&self, name: &Name) -> io::Result<()> {
        let asked = Instant::now();
        let _asking = name.asking.lock().await;
        if name.addresses.borrow().as_ref().is_some_and(|addresses| addresses.since() > asked) {
            // Somebody else did while this waited.
            return Ok(());
        }
        if let Some(why) = name.failure_within(KEEP_FAILURE, Instant::now()) {
            return Err(io::Error::other(why));
        }
        let found = self.names.look_up(&name.text).await;
        let now = Instant::now();
        match found.and_then(|found| Addresses::new(&found, now).ok_or_else(no_address)) {
            Ok(newer) => {
                name.take(newer);
                Ok(())
            }
            Err(error) => {
                name.failed.replace(Some((now, error.to_string())));
                Err(error)
            }
        }
    }
}

impl Name {
    /// False where it is known to have this address no more.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.addresses.borrow().as_ref().is_none_or(|addresses| addresses.contains(address))
    }

    /// Notes that an address could not be reached.
    pub(super) fn note_unreachable(&self, address: IpAddr) {
        if let Some(addresses) = &mut *self.addresses.borrow_mut() {
            addresses.note_unreachable(address);
        }
    }

    fn age(&self, now: Instant) -> Option<Duration> {
        self.addresses.borrow().as_ref().map(|addresses| addresses.age(now))
    }

    fn in_turn(&self) -> Option<Rc<[IpAddr]>> {
        self.addresses.borrow_mut().as_mut().map(Addresses::in_turn)
    }

    fn take(&self, newer: Addresses) {
        self.failed.replace(None);
        let mut addresses = self.addresses.borrow_mut();
        match &mut *addresses {
            Some(known) => known.replace(newer),
            None => *addresses = Some(newer),
        }
    }

    fn failure_within(&self, time: Duration, now: Instant) -> Option<String> {
        let failed = self.failed.borrow();
        let recent = failed.as_ref().filter(|(at, _)| now.saturating_duration_since(*at) < time);
        recent.map(|(_, why)| why.clone())
    }
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::names::LookUp;
    use gatepost_model::{Upstream, UpstreamUrl};
    use std::collections::VecDeque;

    /// Answers in order, and counts.
    struct Script(parking_lot::Mutex<VecDeque<io::Result<Vec<IpAddr>>>>);

    impl Names for Script {
        fn look_up(&self, _name: &str) -> LookUp {
            let answer = self.0.lock().pop_front();
            Box::pin(async { answer.unwrap_or_else(|| Err(io::Error::other("asked too often"))) })
        }
    }

    fn resolver(answers: Vec<io::Result<Vec<IpAddr>>>, keep_for: Duration) -> Rc<Resolver> {
        Rc::new(Resolver::new(Arc::new(Script(parking_lot::Mutex::new(answers.into()))), keep_for))
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn run(test: impl Future) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
        tokio::task::LocalSet::new().block_on(&runtime, test);
    }

    fn name(resolver: &Resolver) -> Rc<Name> {
        let spec = Upstream::of_url(UpstreamUrl::parse("http://backend.test").expect("valid"));
        let target = Target::of(&spec.targets[0], &spec, &Arc::default(), &Arc::default(), |_| None);
        resolver.name_of(&target).expect("it has one")
    }

    #[test]
    fn an_answer_is_believed_for_a_while_and_many_who_ask_at_once_ask_once() {
        run(async {
            let resolver = resolver(vec![Ok(vec![ip(1)])], Duration::from_secs(3_600));
            let name = name(&resolver);
            let (one, two) = tokio::join!(resolver.addresses_of(&name), resolver.addresses_of(&name));
            assert_eq!((&*one.expect("known"), &*two.expect("known")), (&[ip(1)][..], &[ip(1)][..]));
            assert!(resolver.addresses_of(&name).await.is_ok());
        });
    }

    #[test]
    fn what_is_known_is_used_while_a_look_up_fails_and_changes_when_one_succeeds() {
        run(async {
            let failed = Err(io::Error::other("no server"));
            let resolver = resolver(vec![Ok(vec![ip(1)]), failed, Ok(vec![ip(2)])], Duration::ZERO);
            let name = name(&resolver);
            while *resolver.addresses_of(&name).await.expect("known") != [ip(2)] {
                assert!(name.has(ip(1)));
                tokio::task::yield_now().await;
            }
            assert!(!name.has(ip(1)));
        });
    }

    #[test]
    fn a_failure_is_told_to_all_who_wait_for_it() {
        run(async {
            let resolver = resolver(vec![Err(io::Error::other("no server"))], Duration::ZERO);
            let name = name(&resolver);
            let (one, two) = tokio::join!(resolver.addresses_of(&name), resolver.addresses_of(&name));
            let words = [one, two].map(|answer| answer.expect_err("failed").to_string());
            assert_eq!(words, ["no server", "no server"]);
        });
    }

    #[test]
    fn names_are_looked_up_again_while_in_use_and_forgotten_when_nobody_used_them_for_long() {
        run(async {
            let resolver = resolver(vec![Ok(vec![ip(1)]), Ok(vec![ip(2)])], Duration::from_secs(1));
            let name = name(&resolver);
            assert!(resolver.addresses_of(&name).await.is_ok());
            let now = Instant::now();
            resolver.sweep(now + Duration::from_secs(1));
            while name.has(ip(1)) {
                tokio::task::yield_now().await;
            }
            drop(name);
            resolver.sweep(now + Duration::from_secs(30));
            assert_eq!(resolver.known.borrow().len(), 1, "a call may need it while the server fails");
            resolver.sweep(now + Duration::from_secs(100));
            assert!(resolver.known.borrow().is_empty());
        });
    }
}
