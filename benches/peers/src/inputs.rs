//! What the peers are given: many odd requests that they must agree about, and an ordinary one of each job to be timed with.
//! It refuses to know who answers.

use peer_jobs::{Signal, model};
use serde_json::json;

/// How many rows are in a batch.
pub(crate) const ROWS: usize = 2_000;

/// How many keys the measured store has.
pub(crate) const KEYS: usize = 1_000;

/// Words of many scripts, and what makes encoders stumble.
const WORDS: [&str; 24] = [
    "the",
    "the",
    "the",
    "box",
    "was",
    "badly",
    "dented",
    "Ärger",
    "ärger",
    "日本語",
    "テスト",
    "привет",
    "שלום",
    "مرحبا",
    "e\u{301}",
    "👩‍👩‍👧",
    "\"quoted\"",
    "back\\slash",
    "a/b",
    "{}",
    "null",
    "\u{1}",
    "0",
    "-1e400",
];

/// What is between words.
const GAPS: [&str; 5] = [" ", " ", " ", "\n", "\t  "];

/// What all peers must agree about.
pub(crate) struct Inputs {
    /// Signals, all with the same names in their metadata but the last few.
    pub(crate) signals: Vec<Signal>,
    /// Parameters of the tool.
    pub(crate) params: Vec<String>,
    /// Keys with values; some keys come twice.
    pub(crate) pairs: Vec<(String, Vec<u8>)>,
    /// Vectors.
    pub(crate) vectors: Vec<[f32; model::WIDTH]>,
    /// Rows of vectors, one after the other.
    pub(crate) batches: Vec<Vec<f32>>,
}

impl Inputs {
    pub(crate) fn odd() -> Self {
        let mut dice = Dice(7);
        let mut texts: Vec<String> = (0..120)
            .map(|_| {
                let words = dice.below(40);
                dice.text(words)
            })
            .collect();
        texts.extend(WORDS.iter().map(|word| (*word).to_owned()));
        texts.extend([String::new(), " \n\t ".to_owned(), dice.text(20_000), "x".repeat(200_000)]);
        let mut signals: Vec<_> = texts.iter().map(|text| dice.signal(text, 2)).collect();
        signals.extend([0, 1, 30].map(|entries| dice.signal("facts", entries)));
        signals.push(Signal::default());
        let params =
            texts.iter().zip(0..).map(|(text, at)| json!({ "text": text, "top": at % 7 }).to_string()).collect();
        let keys = texts.iter().filter(|text| !text.is_empty() && text.len() < 1_000).cycle();
        let sizes = [100, 0, 1, 100_000].into_iter().cycle();
        let pairs = keys.zip(sizes).take(300).map(|(key, size)| (key.clone(), dice.bytes(size))).collect();
        let vectors = (0..100).map(|_| dice.vector()).chain([[0.0; model::WIDTH]]).collect();
        let batches = [0, 1, 7, ROWS].map(|rows| dice.vectors(rows)).to_vec();
        Self { signals, params, pairs, vectors, batches }
    }
}

/// What is timed.
pub(crate) struct Ordinary {
    /// A signal of a sentence, with two metadata entries.
    pub(crate) signal: Signal,
    /// A paragraph, of which the five most frequent words are asked.
    pub(crate) params: String,
    /// Keys, each with 100 bytes.
    pub(crate) pairs: Vec<(String, Vec<u8>)>,
    /// One vector.
    pub(crate) vector: [f32; model::WIDTH],
    /// [`ROWS`] of them.
    pub(crate) vectors: Vec<f32>,
}

impl Ordinary {
    pub(crate) fn new() -> Self {
        let mut dice = Dice(11);
        let entry = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sentence = "I have never been happier with a purchase, although the box was badly dented.";
        let paragraph = [sentence; 4].join(" ");
        Self {
            signal: Signal {
                id: (0x0190_5d1a_7c3e_7000, 0x8a6e_0123_4567_89ab),
                content: sentence.to_owned(),
                signal_type: "text".to_owned(),
                metadata: vec![entry("lang", "en"), entry("source", "review")],
                timestamp: 1_767_225_600_000,
            },
            params: json!({ "text": paragraph, "top": 5 }).to_string(),
            pairs: (0..KEYS).map(|key| (format!("session/{key:06}"), dice.bytes(100))).collect(),
            vector: dice.vector(),
            vectors: dice.vectors(ROWS),
        }
    }
}

/// The same throws in every run: a linear congruential generator, as Knuth's MMIX has it.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        self.throw() as usize % end
    }

    fn text(&mut self, words: usize) -> String {
        let mut text = String::new();
        for _ in 0..words {
            text.push_str(WORDS[self.below(WORDS.len())]);
            text.push_str(GAPS[self.below(GAPS.len())]);
        }
        text
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.throw() as u8).collect()
    }

    fn signal(&mut self, content: &str, entries: usize) -> Signal {
        Signal {
            id: (self.throw() << 33 | self.throw(), u64::MAX - self.throw()),
            content: content.to_owned(),
            signal_type: WORDS[self.below(WORDS.len())].to_owned(),
            metadata: (0..entries)
                .map(|at| (format!("näme {at}"), WORDS[self.below(WORDS.len())].to_owned()))
                .collect(),
            timestamp: self.throw(),
        }
    }

    /// Sixteenths of whole numbers: see [`model`].
    fn vector(&mut self) -> [f32; model::WIDTH] {
        std::array::from_fn(|_| (self.below(257) as f32 - 128.0) / 16.0)
    }

    fn vectors(&mut self, rows: usize) -> Vec<f32> {
        (0..rows).flat_map(|_| self.vector()).collect()
    }
}
