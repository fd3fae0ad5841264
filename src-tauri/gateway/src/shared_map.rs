//! A hash map in shards that copies share: a Plan takes over all of them but those that a save changed. A look-up
//! costs one hash, whatever the size.

use std::borrow::Borrow;
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Most entries a shard has on average, before there are more shards. Fewer would make a change cheaper, and a look-up
/// dearer, because the heads of many shards do not stay in the processor's caches.
const FULL: usize = 256;
/// How many times more shards there are then.
const GROWTH: usize = 4;

/// A part of the entries.
type Shard<K, V> = HashTable<(K, V)>;

/// A map whose copies share what is the same in both. Only operators put keys in, so that a caller cannot make them
/// collide, and a fast hash is enough.
#[derive(Clone)]
pub(crate) struct SharedMap<K, V> {
    /// A power of two of them.
    shards: Box<[Arc<Shard<K, V>>]>,
    hasher: DefaultHashBuilder,
    len: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self::with_shards(1, DefaultHashBuilder::default())
    }
}

impl<K, V> SharedMap<K, V> {
    fn with_shards(count: usize, hasher: DefaultHashBuilder) -> Self {
        Self { shards: (0..count).map(|_| Arc::default()).collect(), hasher, len: 0 }
    }

    /// All entries, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// Where a hash belongs. The table inside uses the lowest and the highest bits, so this takes some between.
    fn shard_of(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.shards.len() - 1)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> SharedMap<K, V> {
    /// Looks a key up.
    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        let entry = self.shards[self.shard_of(hash)].find(hash, |(known, _)| known.borrow() == key);
        entry.map(|(_, value)| value)
    }

    /// Puts a value in the place of what the key had.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.len >= self.shards.len() * FULL {
            self.grow();
        }
        let hash = self.hasher.hash_one(&key);
        let (hasher, shard) = (&self.hasher, self.shard_of(hash));
        let shard = Arc::make_mut(&mut self.shards[shard]);
        let place = shard.entry(hash, |(known, _)| *known == key, |(known, _)| hasher.hash_one(known));
        match place {
            hashbrown::hash_table::Entry::Occupied(mut known) => known.get_mut().1 = value,
            hashbrown::hash_table::Entry::Vacant(free) => {
                free.insert((key, value));
                self.len += 1;
            }
        }
    }

    /// Takes a key out.
    pub(crate) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        let shard = self.shard_of(hash);
        if self.shards[shard].find(hash, |(known, _)| known.borrow() == key).is_none() {
            return;
        }
        let shard = Arc::make_mut(&mut self.shards[shard]);
        if let Ok(known) = shard.find_entry(hash, |(known, _)| known.borrow() == key) {
            known.remove();
            self.len -= 1;
        }
    }

    fn grow(&mut self) {
        let mut larger = Self::with_shards(self.shards.len() * GROWTH, self.hasher.clone());
        larger.len = self.len;
        // What no copy shares is moved.
        for entry in std::mem::take(&mut self.shards).into_iter().flat_map(Arc::unwrap_or_clone) {
            let hash = larger.hasher.hash_one(&entry.0);
            let (hasher, shard) = (&larger.hasher, larger.shard_of(hash));
            let shard = Arc::make_mut(&mut larger.shards[shard]);
            shard.insert_unique(hash, entry, |(known, _)| hasher.hash_one(known));
        }
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn sorted(entries: impl Iterator<Item = (u16, u8)>) -> Vec<(u16, u8)> {
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        entries
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn holds_what_a_map_would_hold(steps in prop::collection::vec((0..2_000_u16, any::<Option<u8>>()), 0..3_000)) {
            let (mut map, mut shared) = (HashMap::new(), SharedMap::default());
            for (key, value) in steps {
                match value {
                    Some(value) => {
                        map.insert(key, value);
                        shared.insert(key, value);
                    }
                    None => {
                        map.remove(&key);
                        shared.remove(&key);
                    }
                }
            }
            prop_assert_eq!(shared.len, map.len());
            for key in 0..2_000 {
                prop_assert_eq!(shared.get(&key), map.get(&key));
            }
            prop_assert_eq!(sorted(shared.iter().copied()), sorted(map.into_iter()));
        }
    }

    #[test]
    fn a_copy_shares_all_shards_but_the_changed_one() {
        let mut before = SharedMap::default();
        (0..10_000).for_each(|key| before.insert(key, 0));
        let mut after = before.clone();
        after.insert(17, 1);
        after.remove(&99_999);
        let shared = before.shards.iter().zip(&after.shards).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared, before.shards.len() - 1);
        assert_eq!((before.get(&17), after.get(&17)), (Some(&0), Some(&1)));
    }
}
