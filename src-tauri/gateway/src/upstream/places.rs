//! A set of an upstream's targets, by their place in its list.

use gatepost_model::Upstream;

/// One bit a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Places(u64);
const _: () = assert!(Upstream::MAX_TARGETS <= u64::BITS as usize);

impl Places {
    /// The targets of `places`.
    pub(super) fn of(places: impl IntoIterator<Item = usize>) -> Self {
        places.into_iter().fold(Self::default(), |mut set, place| {
            set.add(place);
            set
        })
    }

    pub(super) fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These, but not `others`.
    pub(super) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// These, or `others` where there are none.
    pub(super) fn or(self, others: Self) -> Self {
        if self.is_empty() { others } else { self }
    }

    /// In order.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros();
            left &= left.checked_sub(1)?;
            Some(place as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_places_in_order() {
        let some = Places::of([49, 0, 7]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 7, 49]);
        assert_eq!(some.without(Places::of([7, 8])).iter().collect::<Vec<_>>(), [0, 49]);
        assert_eq!(some.without(some).or(Places::of([3])), Places::of([3]));
        assert_eq!(Places::default().iter().count(), 0);
    }
}
