//! Addresses in order, so that one is found among many in few steps.

use std::net::IpAddr;
use std::sync::Arc;

use gatepost_model::Faults;

use super::block::Block;

/// A list of addresses and networks.
#[derive(Default)]
pub(super) struct AddressList {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl AddressList {
    /// Each entry that is none is a fault at its place in `field`.
    pub(super) fn compile(field: &str, entries: &[String], faults: &mut Faults) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (n, entry) in entries.iter().enumerate() {
            let entry = entry.trim();
            match faults.take(&format!("{field}[{n}]"), entry.parse()) {
                Some(Block::V4(first, last)) => v4.push(Range { first, last, entry: entry.into() }),
                Some(Block::V6(first, last)) => v6.push(Range { first, last, entry: entry.into() }),
                None => {}
            }
        }
        Self { v4: Ranges::new(v4), v6: Ranges::new(v6) }
    }

    /// The entry that an address is in, as it was written; the widest where there are several.
    pub(super) fn find(&self, address: IpAddr) -> Option<&Arc<str>> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.find(address.to_bits()),
            IpAddr::V6(address) => self.v6.find(address.to_bits()),
        }
    }
}

struct Range<A> {
    first: A,
    last: A,
    entry: Arc<str>,
}

/// Sorted, and none within another.
struct Ranges<A>(Box<[Range<A>]>);

impl<A> Default for Ranges<A> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<A: Ord + Copy> Ranges<A> {
    /// Of blocks, which never overlap in part.
    fn new(mut ranges: Vec<Range<A>>) -> Self {
        ranges.sort_by(|a, b| a.first.cmp(&b.first).then(b.last.cmp(&a.last)));
        ranges.dedup_by(|later, wider| later.last <= wider.last);
        Self(ranges.into())
    }

    fn find(&self, address: A) -> Option<&Arc<str>> {
        let begun = self.0.partition_point(|range| range.first <= address);
        let last = self.0.get(begun.checked_sub(1)?)?;
        (address <= last.last).then_some(&last.entry)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering;

    use super::*;

    fn list(entries: &[&str]) -> AddressList {
        let mut faults = Faults::new();
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        let list = AddressList::compile("ips", &entries, &mut faults);
        assert_eq!(faults.into_vec(), []);
        list
    }

    fn find<'l>(list: &'l AddressList, address: &str) -> Option<&'l str> {
        list.find(address.parse().expect(address)).map(|entry| &**entry)
    }

    #[test]
    fn finds_the_widest_entry_an_address_is_in() {
        let list =
            list(&["10.1.2.3", "10.1", "192.168.0.0/24", "10.1.0.0/24", "2001:db8::/32", "192.168.1.0/24"]);
        for (address, entry) in [
            ("10.1.2.3", Some("10.1")),
            ("10.1.255.255", Some("10.1")),
            ("10.2.0.0", None),
            ("10.0.255.255", None),
            ("192.168.0.255", Some("192.168.0.0/24")),
            ("192.168.1.0", Some("192.168.1.0/24")),
            ("192.168.2.0", None),
            ("255.255.255.255", None),
            ("0.0.0.0", None),
            ("::ffff:10.1.0.1", Some("10.1")),
            ("2001:db8:ffff::1", Some("2001:db8::/32")),
            ("2001:db9::", None),
            ("::a01:1", None),
        ] {
            assert_eq!(find(&list, address), entry, "{address}");
        }
    }

    #[test]
    fn every_ipv6_address_is_no_ipv4_address() {
        let list = list(&["::/0"]);
        assert_eq!((find(&list, "::1"), find(&list, "1.2.3.4")), (Some("::/0"), None));
        assert_eq!(find(&list, "::ffff:1.2.3.4"), None);
    }

    #[test]
    fn says_every_entry_that_is_none() {
        let mut faults = Faults::new();
        AddressList::compile(
            "ips",
            &["10".into(), "x".into(), " 10.0.0.1 ".into(), "1/2".into()],
            &mut faults,
        );
        let fields: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["ips[1]", "ips[3]"]);
    }

    #[test]
    fn agrees_with_a_look_at_every_entry() {
        let mut number: u32 = 1;
        let mut next = || {
            // Numbers as in "Numerical Recipes"; the upper bits are the good ones.
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            number
        };
        let blocks: Vec<_> = (0..500)
            .map(|_| format!("{}/{}", std::net::Ipv4Addr::from(next()), 1 + (next() >> 27)))
            .collect();
        let list = list(&blocks.iter().map(String::as_str).collect::<Vec<_>>());
        for _ in 0..5_000 {
            let address = next();
            let is_in = |text: &String| match text.parse() {
                Ok(Block::V4(first, last)) => (first..=last).contains(&address),
                _ => false,
            };
            assert_eq!(list.v4.find(address).is_some(), blocks.iter().any(is_in));
        }
    }

    thread_local! {
        static COMPARED: Cell<u32> = const { Cell::new(0) };
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Counted(u32);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARED.set(COMPARED.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    #[test]
    fn ten_thousand_entries_take_sixteen_comparisons_at_most() {
        let ranges =
            (0..10_000).map(|n| Range { first: Counted(4 * n), last: Counted(4 * n + 1), entry: "".into() });
        let ranges = Ranges::new(ranges.collect());
        for address in 0..40_004 {
            COMPARED.set(0);
            assert_eq!(ranges.find(Counted(address)).is_some(), address < 40_000 && address % 4 < 2);
            assert!(COMPARED.get() <= 16, "{} for {address}", COMPARED.get());
        }
    }
}
