//! Rows in the order of their keys, in chunks that copies share: a copy costs little, and a change of one row copies
//! one chunk. A catalog of 100,000 rows is so kept, changed and compared for the price of what changed.

use std::cmp::Ordering;
use std::ops::{Index, RangeInclusive};
use std::sync::Arc;

/// Most rows in a chunk. Larger makes a change dearer, smaller makes a copy dearer.
const CHUNK: usize = 128;

/// What [`Rows`] holds.
pub trait Row: Clone + PartialEq {
    /// What rows are ordered by. Unique.
    type Key: Copy + Ord;

    /// Its key.
    fn key(&self) -> Self::Key;
}

/// Rows by key, ascending.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    /// None of them is empty.
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Rows<T> {
    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

impl<T: Row> Rows<T> {
    /// The row with this key.
    pub fn get(&self, key: T::Key) -> Option<&T> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        chunk.get(chunk.binary_search_by(|row| row.key().cmp(&key)).ok()?)
    }

    /// The rows with these keys.
    pub fn range(&self, keys: RangeInclusive<T::Key>) -> impl Iterator<Item = &T> + Clone {
        let (start, end) = keys.into_inner();
        let chunks = self.chunks.get(self.chunk_of(start)..).unwrap_or_default();
        let before = chunks.first().map_or(0, |chunk| chunk.partition_point(|row| row.key() < start));
        chunks.iter().flat_map(|chunk| chunk.iter()).skip(before).take_while(move |row| row.key() <= end)
    }

    /// Puts `rows`, in order, in the place of all that have these keys.
    pub fn replace(&mut self, keys: RangeInclusive<T::Key>, rows: impl IntoIterator<Item = T>) {
        let (start, end) = keys.into_inner();
        if self.chunks.is_empty() {
            self.chunks.push(Arc::default());
        }
        let first = self.chunk_of(start).min(self.chunks.len() - 1);
        let begun_by_end =
            self.chunks.partition_point(|chunk| chunk.first().is_none_or(|row| row.key() <= end));
        let later: Vec<_> = self.chunks.drain(first + 1..begun_by_end.max(first + 1)).collect();
        let chunk = Arc::make_mut(&mut self.chunks[first]);
        chunk.extend(later.iter().flat_map(|chunk| chunk.iter().cloned()));
        let from = chunk.partition_point(|row| row.key() < start);
        let to = chunk.partition_point(|row| row.key() <= end);
        let before = chunk.len();
        chunk.splice(from..to.max(from), rows);
        debug_assert!(chunk.is_sorted_by_key(Row::key), "rows were given out of order");
        self.len = self.len + chunk.len() - before;
        if chunk.is_empty() {
            self.chunks.remove(first);
        } else if chunk.len() > CHUNK {
            let halves = chunk.chunks(CHUNK / 2).map(|half| Arc::new(half.to_vec())).collect::<Vec<_>>();
            self.chunks.splice(first..=first, halves);
        }
    }

    /// Adds a row, or changes the one with its key.
    pub fn insert(&mut self, row: T) {
        self.replace(row.key()..=row.key(), [row]);
    }

    /// What differs from `before`, as pairs of then and now: a row that is new has no then, one that is gone no now.
    /// Chunks that both share cost one comparison.
    pub fn changes<'a>(&'a self, before: &'a Self) -> Vec<(Option<&'a T>, Option<&'a T>)> {
        let (mut old, mut new) = (Cursor::of(before), Cursor::of(self));
        let mut changes = Vec::new();
        loop {
            if old.shares_chunk_with(&new) {
                old.next_chunk();
                new.next_chunk();
                continue;
            }
            let (then, now) = (old.row(), new.row());
            let order = match (then, now) {
                (None, None) => return changes,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(then), Some(now)) => then.key().cmp(&now.key()),
            };
            let pair = (then.filter(|_| order.is_le()), now.filter(|_| order.is_ge()));
            if pair.0 != pair.1 {
                changes.push(pair);
            }
            if order.is_le() {
                old.next_row();
            }
            if order.is_ge() {
                new.next_row();
            }
        }
    }

    /// The chunk where `key` is, or would be; one too far when it is behind all.
    fn chunk_of(&self, key: T::Key) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|row| row.key() < key))
    }
}

/// A place in rows that are being compared.
struct Cursor<'a, T> {
    chunks: &'a [Arc<Vec<T>>],
    at: usize,
}

impl<'a, T> Cursor<'a, T> {
    fn of(rows: &'a Rows<T>) -> Self {
        Self { chunks: &rows.chunks, at: 0 }
    }

    fn row(&self) -> Option<&'a T> {
        self.chunks.first()?.get(self.at)
    }

    fn next_row(&mut self) {
        self.at += 1;
        if self.chunks.first().is_some_and(|chunk| self.at >= chunk.len()) {
            self.next_chunk();
        }
    }

    fn next_chunk(&mut self) {
        self.at = 0;
        self.chunks = self.chunks.get(1..).unwrap_or_default();
    }

    /// True when both begin the very same chunk.
    fn shares_chunk_with(&self, other: &Self) -> bool {
        let begin = self.chunks.first().zip(other.chunks.first());
        self.at == 0 && other.at == 0 && begin.is_some_and(|(a, b)| Arc::ptr_eq(a, b))
    }
}

impl<T: Row> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut rows: Vec<T> = rows.into_iter().collect();
        rows.sort_by_key(Row::key);
        let len = rows.len();
        let mut rows = rows.into_iter();
        let chunk = || Some(rows.by_ref().take(CHUNK).collect::<Vec<_>>()).filter(|chunk| !chunk.is_empty());
        Self { chunks: std::iter::from_fn(chunk).map(Arc::new).collect(), len }
    }
}

impl<T: Row> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        rows.into_iter().collect()
    }
}

impl<T: Row> PartialEq for Rows<T> {
    fn eq(&self, other: &Self) -> bool {
        self.changes(other).is_empty()
    }
}

impl<T> Index<usize> for Rows<T> {
    type Output = T;

    /// By place, for tests: a walk over the chunks.
    fn index(&self, mut place: usize) -> &T {
        let mut chunks = self.chunks.iter();
        let chunk = chunks.find(|chunk| {
            let here = place < chunk.len();
            place -= if here { 0 } else { chunk.len() };
            here
        });
        chunk.map_or_else(|| panic!("there is no such row"), |chunk| &chunk[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug, PartialEq)]
    struct Number(u32, u64);

    impl Row for Number {
        type Key = u32;

        fn key(&self) -> u32 {
            self.0
        }
    }

    /// The same numbers every time, well spread (splitmix64).
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }

    fn pairs(rows: &Rows<Number>) -> Vec<(u32, u64)> {
        rows.iter().map(|row| (row.0, row.1)).collect()
    }

    #[test]
    fn holds_what_a_map_would_hold_and_names_every_change() {
        let mut seed = 7;
        let mut map: BTreeMap<u32, u64> = (0..1_000).map(|key| (key * 3, 0)).collect();
        let mut rows: Rows<Number> = map.iter().map(|(key, value)| Number(*key, *value)).collect();
        for step in 1..400 {
            let (map_before, rows_before) = (map.clone(), rows.clone());
            let start = random(&mut seed) as u32 % 3_500;
            let end = start + random(&mut seed) as u32 % if step % 50 == 0 { 900 } else { 4 };
            let put: Vec<u32> = (start..=end).filter(|_| random(&mut seed).is_multiple_of(2)).collect();
            map.retain(|key, _| !(start..=end).contains(key));
            map.extend(put.iter().map(|key| (*key, step)));
            rows.replace(start..=end, put.iter().map(|key| Number(*key, step)));

            assert_eq!(pairs(&rows), map.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>());
            assert_eq!(rows.len(), map.len());
            assert!(rows.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
            assert_eq!(rows.get(start).map(|row| row.1), map.get(&start).copied());
            let range = rows.range(start..=end + 9).map(|row| row.0);
            assert!(range.eq(map.range(start..=end + 9).map(|(key, _)| *key)));

            let keys: std::collections::BTreeSet<u32> =
                map_before.keys().chain(map.keys()).copied().collect();
            let expected: Vec<_> =
                keys.into_iter().filter(|key| map_before.get(key) != map.get(key)).collect();
            let changes = rows.changes(&rows_before);
            let keys: Vec<u32> = changes.iter().filter_map(|(then, now)| Some(now.or(*then)?.0)).collect();
            assert_eq!(keys, expected);
            for (then, now) in changes {
                let key = now.or(then).expect("one of them").0;
                assert_eq!(then.map(|row| row.1), map_before.get(&key).copied());
                assert_eq!(now.map(|row| row.1), map.get(&key).copied());
            }
        }
    }

    #[test]
    fn a_copy_shares_all_chunks_but_the_changed_one() {
        let before: Rows<Number> = (0..10_000).map(|key| Number(key, 0)).collect();
        let mut after = before.clone();
        after.insert(Number(5_000, 1));
        let shared = before.chunks.iter().zip(&after.chunks).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared, before.chunks.len() - 1);
        assert_eq!(before.get(5_000), Some(&Number(5_000, 0)));
    }

    #[test]
    fn is_found_by_place() {
        let rows: Rows<Number> = (0..300).map(|key| Number(key * 2, 0)).collect();
        assert_eq!((rows[0].0, rows[127].0, rows[128].0, rows[299].0), (0, 254, 256, 598));
    }
}
