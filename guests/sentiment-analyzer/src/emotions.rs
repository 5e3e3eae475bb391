//! The eight basic emotions and how much of each a text names. It knows counts, not words.

/// The basic emotions of R. Plutchik, "A General Psychoevolutionary Theory of Emotion", 1980, in the order of the bits
/// in the word tables.
pub(crate) const NAMES: [&str; 8] = ["joy", "sadness", "anger", "fear", "surprise", "disgust", "trust", "anticipation"];

/// How much of each emotion a text names: shares of all that it names, which sum to 1, or all 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Emotions(pub(crate) [f32; NAMES.len()]);

impl Emotions {
    /// The emotions that are there with their shares, the strongest first.
    pub(crate) fn strongest_first(&self) -> impl Iterator<Item = (&'static str, f32)> {
        let mut ranked: [(&str, f32); NAMES.len()] = std::array::from_fn(|at| (NAMES[at], self.0[at]));
        ranked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        ranked.into_iter().take_while(|(_, share)| *share > 0.0)
    }
}

/// Counts while a text is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally([f32; NAMES.len()]);

impl Tally {
    /// Counts a word that names these emotions, a bit each. It counts as one, however many it names.
    pub(crate) fn add(&mut self, bits: u8) {
        let share = 1.0 / bits.count_ones() as f32;
        for (at, count) in self.0.iter_mut().enumerate() {
            if bits & (1 << at) != 0 {
                *count += share;
            }
        }
    }

    pub(crate) fn shares(&self) -> Emotions {
        let total: f32 = self.0.iter().sum();
        if total == 0.0 { Emotions::default() } else { Emotions(self.0.map(|count| count / total)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_come_strongest_first() {
        let mut tally = Tally::default();
        tally.add(0b0000_0001);
        tally.add(0b0000_0101);
        tally.add(0);
        let ranked: Vec<_> = tally.shares().strongest_first().collect();
        assert_eq!(ranked, [("joy", 0.75), ("anger", 0.25)]);
    }

    #[test]
    fn nothing_counted_is_nothing() {
        assert_eq!(Tally::default().shares(), Emotions::default());
        assert_eq!(Emotions::default().strongest_first().count(), 0);
    }
}
