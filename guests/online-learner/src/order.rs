//! The order in which the rows of a batch are learned: a permutation out of a seed, the same everywhere and always.
//! Knows nothing of rows.

/// SplitMix64 (Steele, Lea, Flood 2014). Eight lines that will never change stand for a dependency whose next version
/// might give another order, and so another model, for the same seed.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Shuffles (Fisher and Yates), with a bias below 2^-32 for what fits a batch.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = last as u128 + 1;
            let pick = (u128::from(self.next()) * bound) >> 64;
            items.swap(last, pick as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_numbers() {
        // The first outputs for seed 1234567, as in the reference implementation's own test.
        let mut random = SplitMix64(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_shuffle_keeps_all_and_moves_most() {
        let mut items: Vec<u32> = (0..100).collect();
        SplitMix64(7).shuffle(&mut items);
        assert!(items.iter().enumerate().filter(|(i, item)| *i as u32 == **item).count() < 10);
        items.sort_unstable();
        assert!(items.into_iter().eq(0..100));
    }
}
