//! Where our rules are VADER's, the score is VADER's too, to the last decimal: held against an exact port of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::{NeuronPlugin, PluginSignal, Uuid, json};
use sentiment_analyzer::SentimentAnalyzer;
use std::collections::HashSet;
use vader_parity::SentimentIntensityAnalyzer;

struct Pair {
    ours: SentimentAnalyzer,
    theirs: SentimentIntensityAnalyzer,
}

impl Pair {
    fn new() -> Self {
        let mut ours = SentimentAnalyzer::default();
        ours.update_config(json!({ "cache": false })).unwrap();
        Self { ours, theirs: SentimentIntensityAnalyzer::new() }
    }

    /// Score and shares, ours and theirs.
    fn scores(&mut self, text: &str) -> ([f64; 4], [f64; 4]) {
        let signal = PluginSignal {
            id: Uuid::nil(),
            content: text.to_owned(),
            signal_type: String::new(),
            metadata: Default::default(),
            timestamp: 0,
        };
        let reply = self.ours.process_signal(signal).unwrap();
        let ours =
            ["score", "positive", "negative", "neutral"].map(|name| reply.metadata[name].parse::<f64>().unwrap());
        let scores = self.theirs.polarity_scores(text);
        (ours, [scores.compound, scores.pos, scores.neg, scores.neu])
    }

    /// What differs, if anything.
    fn differ(&mut self, text: &str) -> Option<String> {
        let (ours, theirs) = self.scores(text);
        // Where praise and blame cancel out, what is left over of Python's sum decides the sign of the emphasis.
        if ours[0] == 0.0 && theirs[0].abs() < 0.24 {
            return None;
        }
        // A last digit may be rounded the other way: they sum as Python does.
        let near = ours.iter().zip(theirs).all(|(one, other)| (one - other).abs() < 0.00101)
            && (ours[0] - theirs[0]).abs() < 0.000101;
        (!near).then(|| format!("{text}: {ours:?}, VADER {theirs:?}"))
    }
}

/// Every item of our own data files: there we mean to differ.
fn own_words() -> HashSet<&'static str> {
    [include_str!("../data/ratings.txt"), include_str!("../data/roles.txt")]
        .iter()
        .flat_map(|file| file.lines())
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, items)| items.split(','))
        .map(str::trim)
        .collect()
}

/// The words of the lexicon that we do not treat in a way of our own. Our crate for it has a later edition than the
/// port, in which a few emoticons are rated anew; and a face of two signs is found before a full stop only by us.
fn shared_words() -> Vec<String> {
    let own = own_words();
    let mut words: Vec<String> = vader_sentiment::LEXICON
        .keys()
        .map(|word| word.to_lowercase())
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()) && word.len() > 3)
        .filter(|word| !own.contains(word.as_str()) && !word.ends_with("ier"))
        .filter(|word| !own.iter().any(|item| item.split(' ').any(|part| part == word)))
        .collect();
    words.sort_unstable();
    words
}

fn none_of(differences: Vec<String>) {
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_word_of_the_lexicon_has_its_rating() {
    let mut pair = Pair::new();
    let words = shared_words();
    assert!(words.len() > 6_500, "{} words", words.len());
    none_of(words.iter().filter_map(|word| pair.differ(word)).collect());
}

#[test]
fn sentences_score_alike() {
    let mut pair = Pair::new();
    let sentences = [
        "VADER is smart, handsome, and funny.",
        "VADER is smart, handsome, and funny!",
        "VADER is very smart, handsome, and funny.",
        "VADER is VERY SMART, handsome, and FUNNY.",
        "VADER is VERY SMART, handsome, and FUNNY!!!",
        "VADER is not smart.",
        "The book was good.",
        "The plot was good, but the characters are uncompelling and the dialog is not great.",
        "Today sux",
        "Today only kinda sux",
        "Catch utf-8 emoji such as",
        "It is one of the least compelling books",
        "This is hardly news",
        "He was not very happy with the marginally good result",
        "The worst, most horrible and ugly thing?",
        "Is it good?? Is it bad????",
        "I was extremely disappointed with the ABSOLUTELY AWFUL support",
    ];
    none_of(sentences.iter().filter_map(|text| pair.differ(text)).collect());
}

/// A phrase is one token of ours and several of VADER's, so the shares differ, and the scores do not.
#[test]
fn phrases_score_alike() {
    let mut pair = Pair::new();
    for text in ["The book was kind of good.", "At least it isn't a horrible book."] {
        let (ours, theirs) = pair.scores(text);
        assert_eq!(ours[0], theirs[0], "{text}");
    }
}

/// Sentences put together by chance out of the lexicon, unrated words, degree words and "not".
#[test]
fn random_sentences_score_alike() {
    let mut pair = Pair::new();
    let rated = shared_words();
    // None of them in a phrase of ours.
    let unrated = ["table", "their", "yesterday", "window", "people", "Monday", "IBM", "river"];
    let degrees = ["very", "extremely", "slightly", "kinda", "REALLY", "somewhat"];
    let mut seed = 1_u64;
    let mut below = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % bound
    };
    let mut differences = Vec::new();
    for _ in 0..20_000 {
        let words: Vec<String> = (0..1 + below(12))
            .map(|_| match below(10) {
                0..=2 => rated[below(rated.len())].clone(),
                3 => rated[below(rated.len())].to_uppercase(),
                4 => degrees[below(degrees.len())].to_owned(),
                5 => "not".to_owned(),
                _ => unrated[below(unrated.len())].to_owned(),
            })
            .collect();
        let end = ["", ".", "!", "!!", "???"][below(5)];
        differences.extend(pair.differ(&format!("{}{end}", words.join(" "))));
    }
    differences.truncate(20);
    none_of(differences);
}
