//! `guests/languages`: one plugin in every language. All give the same answers to the same texts, pass what every plugin must do,
//! and have their own tests.

use std::collections::BTreeMap;
use std::process::Command;

use hal9_host::{Call, ColumnValues, Error, FailureCode, Host, LoadOptions, Plugin, Signal, SignalBatch};
use hal9_package::Package;
use hal9_tests::{LANGUAGES, guests_dir, keywords};
use serde_json::Value;

use super::desk::Desk;
use super::life::test_natively;

/// Words of many scripts, what parts words, and what only looks as if it did.
const PIECES: [&str; 40] = [
    "the",
    "The",
    "and",
    "cat",
    "Cat",
    "CAT",
    "dog",
    "Ärger",
    "ärger",
    "ÄRGER",
    "straße",
    "STRASSE",
    "İstanbul",
    "ışık",
    "Ελληνικά",
    "русский",
    "РУССКИЙ",
    "עברית",
    "العربية",
    "हिन्दी",
    "ไทย",
    "中文",
    "日本語",
    "한국어",
    "🙂",
    "👩‍👩‍👧",
    "e\u{301}",
    "\u{200b}",
    "\u{a0}",
    "\u{3000}",
    "\u{2028}",
    "\u{feff}",
    "\u{10ffff}",
    "don't",
    "x2y",
    "12",
    "\0",
    "\u{7f}",
    "_",
    "a,b",
];

const GAPS: [&str; 7] = [" ", " ", " ", "\n", "", "-", ", "];

/// Some hundred texts: the same in every run.
fn texts() -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % most as u64).unwrap()
    };
    let mut texts: Vec<String> = ["", " ", "one", "the", "pear fig Pear APPLE fig pear"].map(str::to_owned).into();
    for length in 0..295 {
        let mut text = String::new();
        for _ in 0..1 + length % 60 {
            text.push_str(PIECES[below(PIECES.len())]);
            text.push_str(GAPS[below(GAPS.len())]);
        }
        texts.push(text);
    }
    texts
}

/// Texts that a batch of all of them would have no room for: one word, many, and as large as may be.
fn large() -> [String; 3] {
    let many = (0..20_000).map(|number| format!("w{} ", "ab".repeat(1 + number % 7) + &letters(number))).collect();
    [format!("{} b", "Ab".repeat(20_000)), many, "pear ".repeat(180_000)]
}

/// A number in letters.
fn letters(mut number: usize) -> String {
    let mut text = String::new();
    while number > 0 {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
    }
    text
}

/// A plugin in one language, and what is asked of it.
struct Guest {
    language: &'static str,
    plugin: Plugin,
}

impl Guest {
    fn load(host: &Host, language: &'static str) -> Self {
        let packed = keywords(|| Command::new(env!("CARGO_BIN_EXE_hal9-under-test")), language);
        let component = host.compile(language, &std::fs::read(&packed.component).unwrap()).unwrap();
        let manifest = Package::open(&packed.package).unwrap().manifest().clone();
        let options = LoadOptions { manifest: Some(manifest), ..LoadOptions::declared() };
        Self { language, plugin: host.load(&component, options).unwrap() }
    }

    /// What it answers each text with: all of the reply but its id, which is the signal's.
    async fn replies(&self, texts: &[String]) -> Vec<(String, String, u64, BTreeMap<String, String>)> {
        let mut replies = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let metadata = vec![("lang".to_owned(), "en".to_owned()), ("words".to_owned(), "?".to_owned())];
            let signal = Signal { timestamp: at as u64, metadata, ..Signal::text(text) };
            let reply = self.plugin.process_signal(&mut Call::new(), &signal).await;
            let reply = reply.unwrap_or_else(|error| panic!("{}: {text:.80?}: {error}", self.language));
            assert_eq!(reply.id, signal.id, "{}", self.language);
            replies.push((reply.content, reply.signal_type, reply.timestamp, reply.metadata.into_iter().collect()));
        }
        replies
    }

    /// What it answers all of them with at once: the columns that it adds.
    async fn columns(&self, texts: &[String]) -> (Vec<String>, Vec<f32>) {
        let signals: Vec<_> = texts.iter().map(|text| Signal::text(text)).collect();
        let batch = SignalBatch::from_signals(&signals).unwrap();
        let reply = self.plugin.process_batch(&mut Call::new(), &batch).await.unwrap();
        assert_eq!((&reply.ids, &reply.contents), (&batch.ids, &batch.contents), "{}", self.language);
        let (Some(ColumnValues::Texts(keywords)), Some(ColumnValues::Numbers(words))) =
            (reply.column("keywords"), reply.column("words"))
        else {
            panic!("{}: {:?}", self.language, reply.metadata)
        };
        let keywords = (0..texts.len()).map(|row| keywords.get(row).unwrap().to_owned()).collect();
        (keywords, words.clone())
    }

    async fn tool(&self, name: &str, params: &str) -> Result<Value, (FailureCode, String)> {
        let valid = self.plugin.validate_tool(&mut Call::new(), name, params).await.unwrap().is_empty();
        let answer = match self.plugin.execute_tool(&mut Call::new(), name, params).await {
            Ok(result) => Ok(serde_json::from_str(&result).unwrap()),
            Err(Error::Failed { code, message, .. }) => Err((code, message)),
            Err(error) => panic!("{}: {params:.80}: {error}", self.language),
        };
        assert_eq!(valid, answer.is_ok(), "{}: {params:.80}", self.language);
        answer
    }
}

/// Parameters of the tool that are right, and that are wrong: with what the failure begins.
fn calls() -> Vec<(String, Option<&'static str>)> {
    const NO_OBJECT: &str = "the parameters are not a JSON object";
    const LIMIT: &str = "`limit` must be a whole number from 1 to 100";
    let right = texts().into_iter().step_by(10).map(|text| (serde_json::json!({ "text": text }).to_string(), None));
    let limits =
        ["1", "3", "3.0", "1e1", "100"].map(|limit| (format!(r#"{{"limit": {limit}, "text": "b a b c"}}"#), None));
    let wrong = [
        ("", NO_OBJECT),
        ("{", NO_OBJECT),
        ("[]", NO_OBJECT),
        ("7", NO_OBJECT),
        ("null", NO_OBJECT),
        (r#"{"text": "a"} x"#, NO_OBJECT),
        (r#"{"text": "\ud800"}"#, NO_OBJECT),
        (r#"{"text": NaN}"#, NO_OBJECT),
        ("{'text': 'a'}", NO_OBJECT),
        ("{}", "`text` is missing: the text whose keywords to find"),
        (r#"{"text": null}"#, "`text` must be a text"),
        (r#"{"text": ["a"]}"#, "`text` must be a text"),
        (r#"{"text": "a", "limit": 0}"#, LIMIT),
        (r#"{"text": "a", "limit": 101}"#, LIMIT),
        (r#"{"text": "a", "limit": 1.5}"#, LIMIT),
        (r#"{"text": "a", "limit": -1}"#, LIMIT),
        (r#"{"text": "a", "limit": "3"}"#, LIMIT),
        (r#"{"text": "a", "limit": true}"#, LIMIT),
        (r#"{"text": "a", "limit": null}"#, LIMIT),
        (r#"{"text": "a", "größe": 1, "z": 2}"#, "there is no parameter `größe`; there are text and limit"),
    ];
    right.chain(limits).chain(wrong.map(|(params, message)| (params.to_owned(), Some(message)))).collect()
}

#[test]
fn the_same_texts_get_the_same_answers_in_every_language() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let host = Host::new().unwrap();
    let guests: Vec<_> = LANGUAGES.into_iter().map(|language| Guest::load(&host, language)).collect();
    let [reference, others @ ..] = guests.as_slice() else { panic!("no languages") };
    assert_eq!(reference.language, "rust");
    runtime.block_on(async {
        let (texts, large) = (texts(), large());
        let replies = reference.replies(&texts).await;
        assert_eq!(replies[4].3["keywords"], "pear,fig,apple");
        let (large_replies, columns) = (reference.replies(&large).await, reference.columns(&texts).await);
        let calls = calls();
        for other in others {
            let language = other.language;
            for (text, (got, expected)) in texts.iter().zip(other.replies(&texts).await.iter().zip(&replies)) {
                assert_eq!(got, expected, "{language}: {text:?}");
            }
            assert!(other.replies(&large).await == large_replies, "{language}: large texts");
            assert_eq!(other.columns(&texts).await, columns, "{language}");
            for (params, _) in &calls {
                let (got, expected) = (other.tool("keywords", params).await, reference.tool("keywords", params).await);
                let without_reason = |answer: Result<Value, (FailureCode, String)>| {
                    answer.map_err(|(code, message)| (code, message.split(": ").next().unwrap_or_default().to_owned()))
                };
                assert_eq!(without_reason(got), without_reason(expected), "{language}: {params}");
            }
        }
        for guest in &guests {
            for (params, wrong) in &calls {
                let failed = guest.tool("keywords", params).await.err();
                let told = failed.as_ref().map(|(code, message)| (*code, message.as_str()));
                match (wrong, told) {
                    (None, None) => {}
                    (Some(wrong), Some((FailureCode::InvalidInput, told))) if told.starts_with(wrong) => {}
                    other => panic!("{}: {params}: {other:?}", guest.language),
                }
            }
            let unknown = guest.tool("letters", "{}").await.unwrap_err();
            assert_eq!(unknown, (FailureCode::NotFound, "there is no tool `letters`; there is keywords".to_owned()));
            // Every language has counted the same, whatever it keeps numbers in.
            let counted = reference.plugin.neuron_state(&mut Call::new()).await.unwrap();
            let state = guest.plugin.neuron_state(&mut Call::new()).await.unwrap();
            assert_eq!((&state.details, state.processed), (&counted.details, counted.processed), "{}", guest.language);
        }
    });
}

#[test]
fn every_language_does_what_every_plugin_must_do_and_its_own_cases() {
    let desk = Desk::new();
    let cases = |language: &str| {
        std::fs::read_to_string(guests_dir().join("languages").join(language).join("cases/keywords.toml")).unwrap()
    };
    for language in LANGUAGES {
        assert_eq!(cases(language), cases("rust"), "{language}");
        let packed = keywords(|| Command::new(env!("CARGO_BIN_EXE_hal9-under-test")), language);
        assert!(packed.component.is_file());
        let folder = guests_dir().join("languages").join(language);
        let mut test = desk.command(&folder, ["--json", "plugin", "test"]);
        test.env("CARGO_TARGET_DIR", hal9_tests::guests_target_dir());
        let report = super::desk::Run::of(&mut test).json();
        assert_eq!(report["sums"]["failed"], 0, "{language}: {report}");
        assert!(report["sums"]["passed"].as_u64().unwrap() > 30, "{language}: {report}");
    }
}

#[test]
fn every_language_has_tests_of_its_own() {
    for language in LANGUAGES.into_iter().filter(|language| *language != "rust") {
        test_natively(language, &guests_dir().join("languages").join(language));
    }
}
