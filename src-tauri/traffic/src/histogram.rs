//! How response times are spread: a histogram whose buckets grow with the value, so that any two can be added
//! and percentiles stay within about 3 % from a microsecond to days.

/// Buckets per power of two. A bucket is at most 1/32 of its value wide: that is the error of a percentile.
const SUB_BUCKETS: u64 = 32;
const SUB_BITS: u32 = SUB_BUCKETS.trailing_zeros();

/// Counts of microseconds in buckets. Only buckets that hold something are kept, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram(Vec<(u16, u64)>);

/// The bucket of a value. The first 32 hold one value each; then every power of two has 32.
fn bucket_of(micros: u64) -> u16 {
    if micros < SUB_BUCKETS {
        return micros as u16;
    }
    let power = micros.ilog2() - SUB_BITS;
    (u64::from(power + 1) * SUB_BUCKETS + ((micros >> power) - SUB_BUCKETS)) as u16
}

/// The smallest value of a bucket, and how many values it has.
fn bounds_of(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket);
    if bucket < SUB_BUCKETS {
        return (bucket, 1);
    }
    let power = (bucket / SUB_BUCKETS - 1).min(63 - u64::from(SUB_BITS));
    ((SUB_BUCKETS + bucket % SUB_BUCKETS) << power, 1 << power)
}

impl Histogram {
    /// Counts one value, in microseconds.
    pub fn add(&mut self, micros: u64) {
        self.add_to_bucket(bucket_of(micros), 1);
    }

    /// Adds all that another one counted.
    pub fn merge(&mut self, other: &Self) {
        // Both are in order: after the first place, the others are found by walking on.
        let Some((first, _)) = other.0.first() else { return };
        let mut place = self.0.partition_point(|(known, _)| known < first);
        for (bucket, count) in &other.0 {
            while self.0.get(place).is_some_and(|(known, _)| known < bucket) {
                place += 1;
            }
            match self.0.get_mut(place) {
                Some((known, total)) if known == bucket => *total = total.saturating_add(*count),
                _ => self.0.insert(place, (*bucket, *count)),
            }
        }
    }

    /// The value below or at which `share` (0 to 1) of the values lie, in microseconds; 0 when there are none.
    pub fn percentile(&self, share: f64) -> u64 {
        let total: u64 = self.0.iter().map(|(_, count)| count).sum();
        let rank = ((share * total as f64).ceil() as u64).clamp(1, total.max(1));
        let mut before = 0;
        for (bucket, count) in &self.0 {
            if before + count >= rank {
                let (lowest, width) = bounds_of(*bucket);
                let place = (rank - before) as f64 - 0.5;
                return lowest + (place / *count as f64 * width as f64) as u64;
            }
            before += count;
        }
        0
    }

    /// How many values lie below each of `upper_edges` (ascending; powers of two are exact, other edges right to
    /// within a bucket) and not below the one before; the last cell holds those not below any edge.
    pub fn cells(&self, upper_edges: &[u64]) -> Vec<u64> {
        let mut cells = vec![0; upper_edges.len() + 1];
        for (bucket, count) in &self.0 {
            let (lowest, _) = bounds_of(*bucket);
            cells[upper_edges.partition_point(|edge| *edge <= lowest)] += count;
        }
        cells
    }

    /// The form it is stored in: pairs of numbers (distance to the bucket before, count), seven bits a byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut before = 0;
        for (bucket, count) in &self.0 {
            write_number(&mut bytes, u64::from(bucket - before));
            write_number(&mut bytes, *count);
            before = *bucket;
        }
        bytes
    }

    /// Reads the stored form; none when it is damaged.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        // An entry takes two bytes or more.
        let mut histogram = Self(Vec::with_capacity(bytes.len() / 2));
        let mut bucket = 0u16;
        while !bytes.is_empty() {
            let distance = u16::try_from(read_number(&mut bytes)?).ok()?;
            bucket = bucket.checked_add(distance)?;
            histogram.add_to_bucket(bucket, read_number(&mut bytes)?);
        }
        Some(histogram)
    }

    fn add_to_bucket(&mut self, bucket: u16, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(count),
            Err(place) => self.0.insert(place, (bucket, count)),
        }
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed sequence that looks random (SplitMix64), so that a failure repeats.
    fn numbers(seed: u64) -> impl Iterator<Item = u64> {
        (1..).map(move |n: u64| {
            let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        })
    }

    fn histogram(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value));
        histogram
    }

    #[test]
    fn every_value_lies_in_its_bucket() {
        let edges = (0..64).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + 1]);
        for value in edges.chain(numbers(7).take(10_000)).chain([u64::MAX]) {
            let (lowest, width) = bounds_of(bucket_of(value));
            assert!(lowest <= value && value - lowest < width, "{value} is not in {lowest}+{width}");
            assert!(width == 1 || width * SUB_BUCKETS <= lowest, "{value}: bucket too wide");
        }
    }

    #[test]
    fn percentiles_are_within_3_percent_of_exact_sorting() {
        for seed in 0..40 {
            let size = [1, 2, 3, 10, 100, 5_000][seed as usize % 6];
            // From narrow to very wide: the seed decides over how many powers of two the values lie.
            let spread = 4 + seed % 30;
            let mut values: Vec<u64> =
                numbers(seed).map(|n| (n >> 8) >> (56 - spread + (n & 7) % spread)).take(size).collect();
            let counted = histogram(&values);
            values.sort_unstable();
            for share in [0.5, 0.9, 0.95, 0.99, 1.0] {
                let exact = values[((share * size as f64).ceil() as usize).max(1) - 1];
                let told = counted.percentile(share);
                let error = told.abs_diff(exact) as f64;
                assert!(error <= exact as f64 / 32.0, "seed {seed}, {share}: {told} instead of {exact}");
            }
        }
    }

    #[test]
    fn merging_is_the_same_as_counting_together() {
        let values: Vec<u64> = numbers(1).map(|n| n >> 40).take(3_000).collect();
        let mut merged = histogram(&values[..1_000]);
        merged.merge(&histogram(&values[1_000..]));
        assert_eq!(merged, histogram(&values));
    }

    #[test]
    fn the_stored_form_reads_back_and_damage_is_noticed() {
        let values: Vec<u64> = numbers(2).map(|n| n >> 30).take(500).chain([0, 0, u64::MAX]).collect();
        let bytes = histogram(&values).to_bytes();
        assert_eq!(Histogram::from_bytes(&bytes), Some(histogram(&values)));
        assert_eq!(Histogram::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Histogram::from_bytes(&[0xff; 30]), None);
        assert_eq!(Histogram::from_bytes(&[]), Some(Histogram::default()));
    }

    #[test]
    fn cells_count_every_value_once() {
        let counted = histogram(&[1, 127, 128, 200, 256, 1_000_000]);
        assert_eq!(counted.cells(&[128, 256]), [2, 2, 2]);
        assert_eq!(Histogram::default().percentile(0.5), 0);
    }
}
