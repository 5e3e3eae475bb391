//! Text: words are found, made lower case and counted. It knows letters and white space, and no language.

use std::collections::HashMap;

use crate::Kernel;
use crate::random::Random;

/// What words are made of.
const SYLLABLES: [&str; 16] =
    ["an", "Be", "con", "der", "é", "for", "gen", "ing", "Ja", "ment", "no", "pre", "re", "sü", "ti", "wor"];

/// Counts the words of a text of so many words.
pub struct Words(String);

impl Kernel for Words {
    const NAME: &'static str = "words";
    const MOST: usize = 1 << 20;

    fn new(size: usize) -> Self {
        let mut random = Random::new(1);
        let mut text = String::new();
        for _ in 0..size {
            // Short words come often and long ones seldom, as in a language.
            for _ in 0..1 + random.below(4).min(random.below(4)) {
                text.push_str(SYLLABLES[random.below(SYLLABLES.len())]);
            }
            text.push_str(if random.below(8) == 0 { ", " } else { " " });
        }
        Self(text)
    }

    fn run(&mut self) -> u64 {
        let mut counts = HashMap::<String, u64>::new();
        for word in self.0.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let word = word.to_lowercase();
            match counts.get_mut(&word) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(word, 1);
                }
            }
        }
        // The same in any order.
        counts.iter().fold(1, |sum, (word, count)| sum.wrapping_add(count.wrapping_mul(fingerprint(word))))
    }
}

/// FNV-1a, as the standard library's hash differs from run to run.
fn fingerprint(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_whatever_their_case_and_order() {
        let sum = |text: &str| Words(text.to_owned()).run();
        assert_eq!(sum("Für an, AN"), sum("an an für"));
        assert_ne!(sum("an an"), sum("an"));
        assert_eq!(sum(" ,"), 1);
    }
}
