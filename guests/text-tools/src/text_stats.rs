//! The tool `text_stats`: how long a text is, in several units, how long it takes to read, and how hard that is. It
//! counts, and understands nothing; syllables and readability are those of English.

use crate::params::{MAX_TEXT, Params};
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json};
use std::collections::BTreeSet;
use unicode_segmentation::UnicodeSegmentation as _;

/// Words that an adult reads in a minute: M. Brysbaert, "How many words do we read per minute?", 2019.
const WORDS_PER_MINUTE: u64 = 238;

/// Counts what is in a text.
#[derive(Debug, Default)]
pub struct TextStats;

struct Arguments<'p> {
    text: &'p str,
    words_per_minute: u64,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let params = Params::new(params, &["text", "words_per_minute"])?;
    Ok(Arguments {
        text: params.text("text", MAX_TEXT)?,
        words_per_minute: params.integer_or("words_per_minute", 1..=10_000, WORDS_PER_MINUTE)?,
    })
}

impl ToolPlugin for TextStats {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "text_stats".to_owned(),
            description: "Counts words, sentences, paragraphs and characters of a text, and says how long it takes to read and how readable it is (Flesch, English). Scores are null for a text without words.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "text": { "type": "string", "description": "The text, 1 MiB at most" },
                    "words_per_minute": { "type": "integer", "minimum": 1, "maximum": 10_000, "default": WORDS_PER_MINUTE, "description": "Reading speed" }
                },
                "required": ["text"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let Arguments { text, words_per_minute } = read(&params)?;
        let mut words = 0_u32;
        let mut letters = 0_u32;
        let mut syllables = 0_u32;
        let mut unique = BTreeSet::new();
        for word in text.unicode_words() {
            words += 1;
            letters += count(word.chars());
            syllables += count_syllables(word);
            unique.insert(word.to_lowercase());
        }
        let sentences = count(text.unicode_sentences());
        let rate = |one: u32, other: u32| (other > 0).then(|| f64::from(one) / f64::from(other));
        let sentence_length = rate(words, sentences);
        let word_syllables = rate(syllables, words);
        let (ease, grade) = sentence_length.zip(word_syllables).map_or((None, None), |(length, syllables)| {
            (Some(206.835 - 1.015 * length - 84.6 * syllables), Some(0.39 * length + 11.8 * syllables - 15.59))
        });
        Ok(json!({
            "bytes": text.len(),
            "characters": count(text.graphemes(true)),
            "words": words,
            "unique_words": unique.len(),
            "sentences": sentences,
            "paragraphs": count_paragraphs(text),
            "lines": count(text.lines()),
            "average_word_length": rounded(rate(letters, words)),
            "average_sentence_length": rounded(sentence_length),
            "syllables": syllables,
            "flesch_reading_ease": rounded(ease),
            "flesch_kincaid_grade": rounded(grade),
            "reading_time_seconds": u64::from(words) * 60 / words_per_minute,
        }))
    }
}

/// A text has fewer parts than bytes, and less than 4 GiB of these.
fn count<T>(parts: impl Iterator<Item = T>) -> u32 {
    u32::try_from(parts.count()).unwrap_or(u32::MAX)
}

fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|value| (value * 100.0).round() / 100.0)
}

/// Runs of lines with something on them.
fn count_paragraphs(text: &str) -> u32 {
    let mut paragraphs = 0;
    let mut inside = false;
    for line in text.lines() {
        let blank = line.trim().is_empty();
        paragraphs += u32::from(!blank && !inside);
        inside = !blank;
    }
    paragraphs
}

/// The syllables of an English word: its groups of vowels, less a silent e at the end; one at least.
fn count_syllables(word: &str) -> u32 {
    let word = word.to_lowercase();
    let vowel = |c: char| {
        matches!(
            c,
            'a' | 'e'
                | 'i'
                | 'o'
                | 'u'
                | 'y'
                | 'á'
                | 'à'
                | 'â'
                | 'ä'
                | 'é'
                | 'è'
                | 'ê'
                | 'ë'
                | 'í'
                | 'ï'
                | 'ó'
                | 'ö'
                | 'ú'
                | 'ü'
        )
    };
    let mut groups = 0_u32;
    let mut inside = false;
    for c in word.chars() {
        groups += u32::from(vowel(c) && !inside);
        inside = vowel(c);
    }
    let before_e = word.strip_suffix('e').map(|stem| stem.chars().rev());
    let silent = before_e.is_some_and(|mut stem| {
        let (last, last_but_one) = (stem.next(), stem.next());
        // "table" has its e, "sale" has not.
        let spoken = last == Some('l') && last_but_one.is_some_and(|c| !vowel(c));
        last.is_some_and(|c| !vowel(c)) && !spoken
    });
    groups.saturating_sub(u32::from(silent)).max(1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn stats(text: &str) -> Value {
        TextStats.execute(HashMap::from([("text".to_owned(), json!(text))])).unwrap()
    }

    #[test]
    fn words_sentences_and_paragraphs_are_counted() {
        let stats = stats("The cat sat. The dog didn't!\nIt ran.\n\n\nThe end");
        assert_eq!(stats["words"], 10);
        assert_eq!(stats["unique_words"], 8);
        assert_eq!(stats["sentences"], 4);
        assert_eq!(stats["paragraphs"], 2);
        assert_eq!(stats["lines"], 5);
        assert_eq!(stats["average_sentence_length"], 2.5);
    }

    #[test]
    fn characters_are_those_that_people_see() {
        let stats = stats("e\u{301}👩\u{200d}👧");
        assert_eq!(stats["characters"], 2);
        assert_eq!(stats["bytes"], 14);
    }

    #[test]
    fn a_text_without_words_has_no_scores() {
        for text in ["", "...", " \n "] {
            let stats = stats(text);
            assert_eq!(stats["words"], 0, "{text}");
            assert_eq!(stats["flesch_reading_ease"], Value::Null, "{text}");
            assert_eq!(stats["reading_time_seconds"], 0, "{text}");
        }
    }

    #[test]
    fn hard_prose_scores_lower_than_easy_prose() {
        let easy = stats("The cat sat on the mat. The dog ran to the tree.");
        let hard = stats("Institutional heterogeneity necessitates comprehensive methodological differentiation.");
        let ease = |stats: &Value| stats["flesch_reading_ease"].as_f64().unwrap();
        assert!(ease(&easy) > 90.0, "{}", ease(&easy));
        assert!(ease(&hard) < 10.0, "{}", ease(&hard));
    }

    #[test]
    fn syllables_are_counted_as_spoken() {
        for (word, syllables) in [
            ("cat", 1),
            ("table", 2),
            ("sale", 1),
            ("the", 1),
            ("beautiful", 3),
            ("readable", 3),
            ("rhythm", 1),
            ("banana", 3),
            ("x", 1),
            ("café", 2),
            ("42", 1),
        ] {
            assert_eq!(count_syllables(word), syllables, "{word}");
        }
    }

    #[test]
    fn reading_time_follows_the_speed() {
        let params = HashMap::from([
            ("text".to_owned(), json!("word ".repeat(300))),
            ("words_per_minute".to_owned(), json!(100)),
        ]);
        assert_eq!(TextStats.execute(params).unwrap()["reading_time_seconds"], 180);
    }
}
