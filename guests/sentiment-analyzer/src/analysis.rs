//! Reads a text and says how positive or negative it is, and which emotions it names. It knows neither labels nor
//! thresholds, which are the reader's choice, nor signals.

use crate::emotions::{Emotions, Tally};
use crate::rules::{self, Link, Worth};
use crate::tokens;

/// Approximates how far a sum of ratings goes; VADER's constant.
const ALPHA: f64 = 15.0;

/// What a text says, however it is put.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Analysis {
    /// From -1, most negative, to 1, most positive; four decimals.
    pub(crate) score: f64,
    /// The share of the text that is positive, 0 to 1; three decimals. The three shares sum to 1, but for rounding.
    pub(crate) positive: f64,
    /// The share that is negative.
    pub(crate) negative: f64,
    /// The share that is neither; all of it for a text without words.
    pub(crate) neutral: f64,
    /// The emotions that the text names.
    pub(crate) emotions: Emotions,
}

/// Analyses a text of any length, in time that grows with its length alone.
pub(crate) fn analyze(text: &str) -> Analysis {
    let emphasis = tokens::mixes_capitals(text);
    let mut tally = Tally::default();
    let mut done = Sums::default();
    // Held back until it is known that the next sentence does not begin with "but".
    let mut last = Sums::default();
    let mut worths = Vec::with_capacity(32);
    tokens::sentences(text, |sentence| {
        let link = rules::rate(sentence, emphasis, &mut worths);
        done.add(&last, if link == Link::Contrast { 0.5 } else { 1.0 });
        last = Sums::of(&worths);
        worths.iter().filter(|worth| worth.emotions != 0).for_each(|worth| tally.add(worth.emotions));
    });
    done.add(&last, 1.0);
    done.analysis(punctuation(text), tally.shares())
}

/// What exclamation marks, up to four, and several question marks add.
fn punctuation(text: &str) -> f64 {
    let (exclamations, questions) = text.bytes().fold((0_u32, 0_u32), |(exclamations, questions), byte| {
        (exclamations + u32::from(byte == b'!'), questions + u32::from(byte == b'?'))
    });
    let asked = match questions {
        0 | 1 => 0.0,
        2 | 3 => f64::from(questions) * 0.18,
        _ => 0.96,
    };
    f64::from(exclamations.min(4)) * 0.292 + asked
}

/// What has been read so far.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    positive: f64,
    negative: f64,
    rated_positive: f64,
    rated_negative: f64,
    unrated: f64,
}

impl Sums {
    fn of(worths: &[Worth]) -> Self {
        let mut sums = Self::default();
        for Worth { valence, .. } in worths {
            if *valence > 0.0 {
                sums.positive += valence;
                sums.rated_positive += 1.0;
            } else if *valence < 0.0 {
                sums.negative += valence;
                sums.rated_negative += 1.0;
            } else {
                sums.unrated += 1.0;
            }
        }
        sums
    }

    fn add(&mut self, other: &Self, weight: f64) {
        self.positive += other.positive * weight;
        self.negative += other.negative * weight;
        self.rated_positive += other.rated_positive;
        self.rated_negative += other.rated_negative;
        self.unrated += other.unrated;
    }

    fn analysis(&self, emphasis: f64, emotions: Emotions) -> Analysis {
        let sum = self.positive + self.negative;
        let sum = if sum == 0.0 { 0.0 } else { sum + emphasis.copysign(sum) };
        let score = (sum / (sum * sum + ALPHA).sqrt()).clamp(-1.0, 1.0);
        // Each rated token weighs its rating and one more, to make up for the tokens that count as neutral.
        let mut positive = self.positive + self.rated_positive;
        let mut negative = self.rated_negative - self.negative;
        if positive > negative {
            positive += emphasis;
        } else if negative > positive {
            negative += emphasis;
        }
        let total = positive + negative + self.unrated;
        if total == 0.0 {
            return Analysis { neutral: 1.0, ..Analysis::default() };
        }
        Analysis {
            score: round(score, 1e4),
            positive: round(positive / total, 1e3),
            negative: round(negative / total, 1e3),
            neutral: round(self.unrated / total, 1e3),
            emotions,
        }
    }
}

/// Rounds, and has no negative zero.
fn round(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale + 0.0
}
