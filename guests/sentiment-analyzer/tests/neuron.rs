//! The neuron as HAL9 sees it: replies, cache, configuration, batches, state.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::*;
use sentiment_analyzer::{HAL9_MANIFEST, SentimentAnalyzer};

fn signal(text: &str) -> PluginSignal {
    PluginSignal {
        id: Uuid::from_u128(7),
        content: text.to_owned(),
        signal_type: "text".to_owned(),
        metadata: HashMap::from([("from".to_owned(), "Ada".to_owned())]),
        timestamp: 1,
    }
}

fn configured(config: Value) -> SentimentAnalyzer {
    let mut neuron = SentimentAnalyzer::default();
    neuron.update_config(config).unwrap();
    neuron
}

fn detail(neuron: &SentimentAnalyzer, name: &str) -> String {
    neuron.get_state().details[name].clone()
}

#[test]
fn a_reply_says_what_was_found_and_keeps_what_was_there() {
    testing::reset();
    testing::set_time(1_234);
    let reply = SentimentAnalyzer::default().process_signal(signal("I love it!!!")).unwrap();
    assert_eq!(reply.id, Uuid::from_u128(7));
    assert_eq!(reply.timestamp, 1_234);
    assert_eq!(reply.signal_type, "sentiment");
    assert_eq!(reply.content, "positive (0.72)");
    let expected = [
        ("from", "Ada"),
        ("label", "positive"),
        ("score", "0.7249"),
        ("positive", "0.717"),
        ("negative", "0.000"),
        ("neutral", "0.283"),
        ("emotions", "joy"),
        ("emotion.joy", "1.000"),
        ("cache", "miss"),
    ];
    let expected: HashMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(reply.metadata, expected);
    assert_eq!(testing::logs(), ["debug: positive (0.7249), 12 bytes, cache miss"]);
}

#[test]
fn emotions_of_an_earlier_analysis_do_not_stay() {
    testing::reset();
    let mut stale = signal("That is disgusting");
    stale.metadata.insert("emotion.joy".to_owned(), "1.000".to_owned());
    stale.metadata.insert("emotion.bliss".to_owned(), "not ours".to_owned());
    let reply = SentimentAnalyzer::default().process_signal(stale).unwrap();
    assert!(!reply.metadata.contains_key("emotion.joy"));
    assert_eq!(reply.metadata["emotion.disgust"], "1.000");
    assert_eq!(reply.metadata["emotion.bliss"], "not ours");
}

#[test]
fn the_second_time_comes_from_the_cache_and_says_the_same() {
    testing::reset();
    let mut neuron = SentimentAnalyzer::default();
    let text = "I love it, but it is scary and a total surprise 😢";
    let mut first = neuron.process_signal(signal(text)).unwrap();
    // Another instance, the same memory.
    let mut other = SentimentAnalyzer::default();
    let mut second = other.process_signal(signal(text)).unwrap();
    assert_eq!(first.metadata.remove("cache").as_deref(), Some("miss"));
    assert_eq!(second.metadata.remove("cache").as_deref(), Some("hit"));
    assert_eq!(first.metadata, second.metadata);
    assert_eq!(first.content, second.content);
    assert_eq!((detail(&neuron, "cache_misses"), detail(&other, "cache_hits")), ("1".into(), "1".into()));
}

#[test]
fn a_kept_score_gets_the_label_of_the_thresholds_that_hold_now() {
    testing::reset();
    let text = "The movie was okay";
    let reply = SentimentAnalyzer::default().process_signal(signal(text)).unwrap();
    assert_eq!(reply.metadata["label"], "positive");
    let mut strict = configured(json!({ "positive_threshold": 0.5 }));
    let reply = strict.process_signal(signal(text)).unwrap();
    assert_eq!((&*reply.metadata["cache"], &*reply.metadata["label"]), ("hit", "neutral"));
}

#[test]
fn a_damaged_value_is_analysed_anew_and_replaced() {
    testing::reset();
    let mut neuron = SentimentAnalyzer::default();
    neuron.process_signal(signal("I love it")).unwrap();
    let keys = memory_keys("").unwrap();
    assert_eq!(keys.len(), 1);
    for damage in [&b""[..], b"null", &[0xff; 10_000]] {
        memory_set(&keys[0], damage).unwrap();
        let reply = neuron.process_signal(signal("I love it")).unwrap();
        assert_eq!((&*reply.metadata["cache"], &*reply.content), ("miss", "positive (0.64)"));
        let again = neuron.process_signal(signal("I love it")).unwrap();
        assert_eq!(again.metadata["cache"], "hit");
    }
}

#[test]
fn a_memory_that_fails_does_not_fail_the_analysis() {
    for error in [
        HostError::InvalidInput,
        HostError::NotFound,
        HostError::Denied,
        HostError::LimitExceeded,
        HostError::Unavailable,
        HostError::Other("disk on fire".to_owned()),
    ] {
        testing::reset();
        testing::fail_memory(Some(error));
        let mut neuron = SentimentAnalyzer::default();
        let reply = neuron.process_signal(signal("I love it")).unwrap();
        assert_eq!((&*reply.metadata["cache"], &*reply.content), ("miss", "positive (0.64)"));
        assert_eq!(detail(&neuron, "cache_errors"), "2");
    }
}

#[test]
fn without_the_cache_the_memory_is_left_alone() {
    testing::reset();
    let mut neuron = configured(json!({ "cache": false }));
    let reply = neuron.process_signal(signal("I love it")).unwrap();
    assert_eq!(reply.metadata["cache"], "off");
    assert!(memory_keys("").unwrap().is_empty());
}

#[test]
fn a_configuration_out_of_range_is_refused_and_changes_nothing() {
    let mut neuron = configured(json!({ "positive_threshold": 0.9 }));
    let error = neuron.update_config(json!({ "positive_threshold": 7 })).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
    let reply = neuron.process_signal(signal("good")).unwrap();
    assert_eq!(reply.metadata["label"], "neutral");
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_neuron() {
    let manifest: Value = serde_json::from_str(HAL9_MANIFEST).unwrap();
    let properties = manifest["configuration"]["properties"].as_object().unwrap();
    let defaults: Value = properties.iter().map(|(name, schema)| (name.clone(), schema["default"].clone())).collect();
    let neuron = format!("{:?}", SentimentAnalyzer::default());
    assert_eq!(format!("{:?}", configured(defaults)), neuron);
    for name in properties.keys() {
        let error = SentimentAnalyzer::default().update_config(json!({ name.as_str(): "wrong" })).unwrap_err();
        assert!(error.message.contains(name.as_str()), "{}", error.message);
    }
}

#[test]
fn the_state_counts_labels() {
    testing::reset();
    let mut neuron = SentimentAnalyzer::default();
    for text in ["good", "great", "bad", "table"] {
        neuron.process_signal(signal(text)).unwrap();
    }
    let batch = SignalBatch::from_signals(["good", "bad", "table"].map(signal)).unwrap();
    neuron.process_batch(batch).unwrap();
    let counts = ["positive", "negative", "neutral"].map(|name| detail(&neuron, name));
    assert_eq!(counts, ["3", "2", "2"]);
}

#[test]
fn a_batch_says_what_row_by_row_would() {
    testing::reset();
    testing::set_time(99);
    let texts = [
        "I love it",
        "",
        "I am scared, this is disgusting 😢",
        "The meeting is at noon",
        "What a wonderful surprise!",
        "Я очень счастлив",
    ];
    let signals: Vec<PluginSignal> = texts
        .iter()
        .enumerate()
        .map(|(row, text)| PluginSignal { id: Uuid::from_u128(row as u128), ..signal(text) })
        .collect();
    let mut neuron = configured(json!({ "cache": false }));
    let batch = SignalBatch::from_signals(signals.clone()).unwrap();
    let replies: Vec<PluginSignal> = neuron.process_batch(batch).unwrap().signals().collect();
    assert_eq!(replies.len(), texts.len());
    for (signal, from_batch) in signals.into_iter().zip(replies) {
        let alone = neuron.process_signal(signal).unwrap();
        assert_eq!(
            (alone.id, &alone.content, &alone.signal_type, alone.timestamp),
            (from_batch.id, &from_batch.content, &from_batch.signal_type, from_batch.timestamp)
        );
        let names = |metadata: &HashMap<String, String>| {
            let kept = metadata.iter().filter(|(name, value)| *name != "cache" && !value.is_empty());
            let mut names: Vec<String> = kept.map(|(name, _)| name.clone()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&alone.metadata), names(&from_batch.metadata));
        for (name, value) in &from_batch.metadata {
            match (value.parse::<f64>(), alone.metadata[name].parse::<f64>()) {
                (Ok(one), Ok(other)) => assert!((one - other).abs() < 0.001, "{name}: {one} {other}"),
                _ => assert_eq!(*value, alone.metadata[name], "{name}"),
            }
        }
    }
    assert!(memory_keys("").unwrap().is_empty());
}

#[test]
fn a_batch_has_numbers_as_numbers() {
    testing::reset();
    let mut neuron = SentimentAnalyzer::default();
    let batch = SignalBatch::from_signals(["table", "I love it", "sad"].map(signal)).unwrap();
    let replies = neuron.process_batch(batch).unwrap();
    assert_eq!(replies.numbers("score"), Some(&[0.0, 0.6369, -0.4767][..]));
    let joy = replies.numbers("emotion.joy").unwrap();
    assert!(joy[0].is_nan() && joy[2].is_nan());
    assert_eq!(joy[1], 1.0);
    assert_eq!(replies.numbers("emotion.fear"), None);
    assert_eq!(replies.texts("label").unwrap().get(2), Some("negative"));

    let empty = neuron.process_batch(SignalBatch::new()).unwrap();
    assert!(empty.is_empty());
}

#[test]
fn a_megabyte_of_anything_is_answered() {
    testing::reset();
    let mut neuron = SentimentAnalyzer::default();
    for unit in [
        "I love it. I hate it, but not much! ",
        "a ",
        ",a",
        "not never don't think but ",
        "👍\u{1f3fd}",
        "a-b_c.d:e;f ",
    ] {
        let text = unit.repeat((1 << 20) / unit.len() + 1);
        let reply = neuron.process_signal(signal(&text)).unwrap();
        let score: f64 = reply.metadata["score"].parse().unwrap();
        assert!((-1.0..=1.0).contains(&score), "{unit}: {score}");
    }
}
