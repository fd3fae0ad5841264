//! The addresses of one name: which come next, which have gone, which failed.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What a name was found to mean.
pub(super) struct Addresses {
    /// As the system ordered them; never none.
    all: Rc<[IpAddr]>,
    /// Since when that is known.
    since: Instant,
    /// Where the next turn begins.
    next: usize,
    /// Those that could not be reached since.
    unreachable: Vec<IpAddr>,
}

impl Addresses {
    /// As found at `now`; none where there is no address.
    pub(super) fn new(found: &[IpAddr], now: Instant) -> Option<Self> {
        let all: Rc<[IpAddr]> = found.into();
        (!all.is_empty()).then_some(Self { all, since: now, next: 0, unreachable: Vec::new() })
    }

    /// Since when it is known.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// How long it has been known.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// True for an address that the name has.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.all.contains(&address)
    }

    /// All of them, for one connection: those of the family that the system prefers first, another of them first each
    /// time; then the rest, and those last that could not be reached.
    pub(super) fn in_turn(&mut self) -> Rc<[IpAddr]> {
        if self.all.len() == 1 {
            return self.all.clone();
        }
        let prefers_v4 = self.all[0].is_ipv4();
        let is_preferred = |address: &&IpAddr| address.is_ipv4() == prefers_v4;
        let preferred: Vec<IpAddr> = self.all.iter().filter(is_preferred).copied().collect();
        let turn = self.next % preferred.len();
        self.next = turn + 1;
        let in_turn = preferred[turn..].iter().chain(&preferred[..turn]);
        let rest = self.all.iter().filter(|address| !is_preferred(address));
        let mut ordered: Vec<IpAddr> = in_turn.chain(rest).copied().collect();
        ordered.sort_by_key(|address| self.unreachable.contains(address));
        ordered.into()
    }

    /// Notes that an address could not be reached.
    pub(super) fn note_unreachable(&mut self, address: IpAddr) {
        if self.contains(address) && !self.unreachable.contains(&address) {
            self.unreachable.push(address);
        }
    }

    /// Takes what was found now. The turn goes on where it was.
    pub(super) fn replace(&mut self, newer: Self) {
        *self = Self { next: self.next, ..newer };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(text: &[&str]) -> Vec<IpAddr> {
        text.iter().map(|address| address.parse().expect("an address")).collect()
    }

    fn addresses(text: &[&str]) -> Addresses {
        Addresses::new(&ips(text), Instant::now()).expect("some")
    }

    #[test]
    fn all_addresses_of_the_preferred_family_take_turns() {
        let mut name = addresses(&["10.0.0.1", "::1", "10.0.0.2"]);
        assert_eq!(*name.in_turn(), ips(&["10.0.0.1", "10.0.0.2", "::1"]));
        assert_eq!(*name.in_turn(), ips(&["10.0.0.2", "10.0.0.1", "::1"]));
        assert_eq!(*name.in_turn(), ips(&["10.0.0.1", "10.0.0.2", "::1"]));
    }

    #[test]
    fn what_could_not_be_reached_comes_last_until_the_name_is_looked_up_again() {
        let mut name = addresses(&["::1", "127.0.0.1"]);
        name.note_unreachable(ips(&["::1"])[0]);
        assert_eq!(*name.in_turn(), ips(&["127.0.0.1", "::1"]));
        name.replace(addresses(&["::1", "127.0.0.1"]));
        assert_eq!(*name.in_turn(), ips(&["::1", "127.0.0.1"]));
    }

    #[test]
    fn a_name_without_addresses_is_none() {
        assert!(Addresses::new(&[], Instant::now()).is_none());
    }
}
