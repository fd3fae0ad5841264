//! Spreads requests over the targets that are fit.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use gatepost_model::Balance;

use super::draw::{draw, mix, scale};
use super::lanes::Lanes;
use super::places::Places;

/// How one upstream's targets are chosen.
pub(super) struct Balancer {
    weights: Box<[u16]>,
    way: Way,
}

enum Way {
    /// Every thread takes its own turns.
    RoundRobin(Lanes<Box<[AtomicI64]>>),
    LeastOutstanding,
    /// With a number of its own for each target, which stays the same over restarts and on other machines.
    ConsistentHash(Box<[u64]>),
}

impl Balancer {
    /// For targets of these URLs and weights.
    pub(super) fn new(balance: &Balance, targets: &[(&str, u16)]) -> Self {
        let way = match balance {
            Balance::RoundRobin => Way::RoundRobin(Lanes::new()),
            Balance::LeastOutstanding => Way::LeastOutstanding,
            Balance::ConsistentHash(_) => {
                Way::ConsistentHash(targets.iter().map(|(url, _)| hash(url.as_bytes())).collect())
            }
        };
        Self { weights: targets.iter().map(|(_, weight)| *weight).collect(), way }
    }

    /// One of `fit`, which is not empty, for a request with this hash key on thread `worker`.
    pub(super) fn choose(
        &self,
        worker: usize,
        fit: Places,
        key: Option<u64>,
        outstanding: impl Fn(usize) -> u64,
    ) -> usize {
        match (&self.way, key) {
            (Way::RoundRobin(turns), _) => self.next_turn(worker, turns, fit),
            (Way::LeastOutstanding, _) => self.better_of_two(fit, outstanding),
            (Way::ConsistentHash(seeds), Some(key)) => self.highest(seeds, fit, key),
            (Way::ConsistentHash(_), None) => self.by_weight(fit, draw()),
        }
    }

    /// Smooth weighted round robin, as nginx does it: everyone earns its weight, the richest goes and pays for all. A
    /// lane that two threads share loses a turn now and then, which nobody notices.
    fn next_turn(&self, worker: usize, turns: &Lanes<Box<[AtomicI64]>>, fit: Places) -> usize {
        let credit = turns.of(worker, || self.weights.iter().map(|_| AtomicI64::new(0)).collect());
        let (mut chosen, mut most, mut sum) = (0, i64::MIN, 0);
        for place in fit.iter() {
            let weight = i64::from(self.weights[place]);
            let earned = credit[place].load(Relaxed).wrapping_add(weight);
            credit[place].store(earned, Relaxed);
            sum += weight;
            if earned > most {
                (chosen, most) = (place, earned);
            }
        }
        credit[chosen].store(most.wrapping_sub(sum), Relaxed);
        chosen
    }

    fn better_of_two(&self, fit: Places, outstanding: impl Fn(usize) -> u64) -> usize {
        let one = self.by_weight(fit, draw());
        let others = fit.without(Places::of([one]));
        if others.is_empty() {
            return one;
        }
        let other = self.by_weight(others, draw());
        if outstanding(other) < outstanding(one) { other } else { one }
    }

    fn by_weight(&self, fit: Places, random: u64) -> usize {
        let sum = fit.iter().map(|place| u64::from(self.weights[place])).sum();
        let mut left = scale(random, sum);
        let mut last = 0;
        for place in fit.iter() {
            last = place;
            match left.checked_sub(u64::from(self.weights[place])) {
                Some(less) => left = less,
                None => break,
            }
        }
        last
    }

    /// Weighted rendezvous (Schindelhauer and Schomaker 2005): every target draws a number from the key, the highest
    /// wins. A target that leaves gives away its own keys only, and one that comes takes only those it keeps.
    fn highest(&self, seeds: &[u64], fit: Places, key: u64) -> usize {
        let (mut chosen, mut most) = (0, f64::NEG_INFINITY);
        for place in fit.iter() {
            // In (0, 1): the 53 bits that a float holds, and never 0.
            let even = ((mix(key ^ seeds[place]) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            let drawn = -f64::from(self.weights[place]) / even.ln();
            if drawn > most {
                (chosen, most) = (place, drawn);
            }
        }
        chosen
    }
}

/// A number for these bytes that is the same everywhere and always (FNV-1a, 64 bits, its bits spread).
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let folded = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::HashOn;

    const TARGETS: [(&str, u16); 3] = [("http://a", 5), ("http://b", 1), ("http://c", 1)];

    fn all() -> Places {
        Places::of(0..3)
    }

    fn hashing(targets: &[(&str, u16)]) -> Balancer {
        Balancer::new(&Balance::ConsistentHash(HashOn::ClientAddress), targets)
    }

    fn idle(_: usize) -> u64 {
        0
    }

    fn counts(chosen: impl Iterator<Item = usize>) -> [u32; 3] {
        chosen.fold([0; 3], |mut counts, place| {
            counts[place] += 1;
            counts
        })
    }

    #[test]
    fn turns_are_smooth_and_by_weight() {
        let balancer = Balancer::new(&Balance::RoundRobin, &TARGETS);
        let turns: Vec<_> = (0..7).map(|_| balancer.choose(0, all(), None, idle)).collect();
        assert_eq!(turns, [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn turns_of_those_left_keep_their_weights() {
        let balancer = Balancer::new(&Balance::RoundRobin, &[("a", 1), ("b", 1), ("c", 2)]);
        balancer.choose(0, all(), None, idle);
        let fit = Places::of([0, 2]);
        balancer.choose(0, fit, None, idle);
        assert_eq!(counts((0..300).map(|_| balancer.choose(0, fit, None, idle))), [100, 0, 200]);
    }

    #[test]
    fn threads_take_their_own_turns() {
        let balancer = Balancer::new(&Balance::RoundRobin, &[("a", 1), ("b", 1)]);
        let both = Places::of(0..2);
        if std::thread::available_parallelism().is_ok_and(|count| count.get() > 1) {
            assert_eq!([0, 1, 0, 1].map(|worker| balancer.choose(worker, both, None, idle)), [0, 0, 1, 1]);
        }
    }

    #[test]
    fn of_two_the_less_busy_one_is_taken() {
        let balancer = Balancer::new(&Balance::LeastOutstanding, &[("a", 1), ("b", 1)]);
        let both = Places::of(0..2);
        let busy = |place| if place == 0 { 3 } else { 2 };
        assert!((0..50).all(|_| balancer.choose(0, both, None, busy) == 1));
        assert_eq!(balancer.choose(0, Places::of([0]), None, busy), 0);
    }

    #[test]
    fn draws_by_weight() {
        let balancer = Balancer::new(&Balance::LeastOutstanding, &TARGETS);
        let drawn = |part: f64| balancer.by_weight(all(), (part * u64::MAX as f64) as u64);
        assert_eq!([0.0, 0.7, 0.72, 0.85, 0.86, 0.999].map(drawn), [0, 0, 1, 1, 2, 2]);
        assert_eq!(balancer.by_weight(Places::of([1, 2]), u64::MAX), 2);
    }

    #[test]
    fn the_same_key_goes_to_the_same_target_and_keys_spread_by_weight() {
        let balancer = hashing(&TARGETS);
        let place = |key: u64| balancer.choose(0, all(), Some(hash(&key.to_le_bytes())), idle);
        assert!((0..1_000).all(|key| place(key) == place(key)));
        let [a, b, c] = counts((0..7_000).map(place));
        assert!((4_700..5_300).contains(&a) && (850..1_150).contains(&b) && (850..1_150).contains(&c));
    }

    #[test]
    fn a_target_that_leaves_moves_its_own_keys_alone() {
        let five = [("a", 1), ("b", 1), ("c", 2), ("d", 1), ("e", 1)];
        let (balancer, fit) = (hashing(&five), Places::of(0..5));
        let without_b = fit.without(Places::of([1]));
        let shorter = hashing(&[five[0], five[2], five[3], five[4]]);
        for key in (0_u64..5_000).map(|key| hash(&key.to_le_bytes())) {
            let before = balancer.choose(0, fit, Some(key), idle);
            let left_out = balancer.choose(0, without_b, Some(key), idle);
            assert!(before == 1 || left_out == before, "only keys of the one left out move");
            let taken_off = shorter.choose(0, Places::of(0..4), Some(key), idle);
            assert_eq!(
                five[left_out],
                [five[0], five[2], five[3], five[4]][taken_off],
                "its place is nothing"
            );
        }
    }

    #[test]
    fn without_a_key_one_is_drawn() {
        let balancer = hashing(&TARGETS);
        let [a, b, c] = counts((0..700).map(|_| balancer.choose(0, all(), None, idle)));
        assert!(a > 350 && b > 0 && c > 0, "{a} {b} {c}");
    }
}
