//! Random numbers for choosing targets: cheap, one sequence a thread, of no use for secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Spreads the bits of a number over all of it (the finish of splitmix64, Steele and others 2014).
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The next number of this thread's sequence (splitmix64).
pub(super) fn draw() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        mix(next)
    })
}

/// One of `0..below`, evenly: the high half of a product, which takes no division. 0 when there is nothing to draw from.
pub(super) fn scale(random: u64, below: u64) -> u64 {
    ((u128::from(random) * u128::from(below)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_evenly() {
        let mut counts = [0_u32; 4];
        for _ in 0..4_000 {
            counts[scale(draw(), 4) as usize] += 1;
        }
        // Standard deviation 27: ten of them are never seen.
        assert!(counts.iter().all(|count| (730..1_270).contains(count)), "{counts:?}");
        assert_eq!((scale(u64::MAX, 7), scale(0, 7), scale(9, 0)), (6, 0, 0));
    }
}
