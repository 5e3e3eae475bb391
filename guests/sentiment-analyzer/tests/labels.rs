//! Sentences that anybody would label the same way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::{NeuronPlugin, PluginSignal, Uuid};
use sentiment_analyzer::SentimentAnalyzer;

fn signal(text: &str) -> PluginSignal {
    PluginSignal {
        id: Uuid::nil(),
        content: text.to_owned(),
        signal_type: "text".to_owned(),
        metadata: Default::default(),
        timestamp: 0,
    }
}

/// Fails with every sentence that got another label.
fn all_are(label: &str, sentences: &[&str]) {
    let mut neuron = SentimentAnalyzer::default();
    let wrong: Vec<String> = sentences
        .iter()
        .filter_map(|text| {
            let reply = neuron.process_signal(signal(text)).unwrap();
            (reply.metadata["label"] != label).then(|| format!("{} for: {text}", reply.content))
        })
        .collect();
    assert!(wrong.is_empty(), "not {label}:\n{}", wrong.join("\n"));
}

#[test]
fn positive() {
    all_are(
        "positive",
        &[
            "I love this!",
            "What a wonderful day",
            "Absolutely fantastic experience, highly recommended!",
            "Works perfectly, thank you",
            "The staff were kind, helpful and friendly.",
            "Best purchase ever",
            "I can't wait to see you",
            "It exceeded my expectations",
            "sooooo gooood",
            "This is GREAT",
            "great,but slow",
            "I'm happy :)",
            "👍",
            "❤️",
            "Just got the job 🎉🎉",
        ],
    );
}

#[test]
fn negative() {
    all_are(
        "negative",
        &[
            "I hate this.",
            "This is the worst movie I have ever seen",
            "Terrible service, rude staff",
            "I am very disappointed",
            "The app crashed again and I lost everything",
            "What a waste of time",
            "The product stopped working after two days",
            "It doesn't work",
            "I regret buying this",
            "This makes me so angry!",
            "Nobody liked it",
            "I want my money back",
            "error: connection refused",
            ":(",
            "👎",
            "💔",
        ],
    );
}

#[test]
fn neutral() {
    all_are(
        "neutral",
        &[
            "The package arrived on Tuesday",
            "The meeting is at 3pm in room 4.",
            "Water boils at 100 degrees Celsius.",
            "Please send me the report by Friday.",
            "There is no meeting today",
            "It looks like rain",
            "She has two brothers and a sister",
            "",
            " \n\t ",
            "...",
            "?!?!",
            "-- ,,, ;;",
            "1234567890",
            "\u{0}\u{1}\u{fffd}\u{feff}\u{200b}\u{202e}",
            "e\u{301}\u{301}\u{301}\u{301} \u{10ffff}",
            "Я очень счастлив",
            "这个产品很好",
            "これは最高です",
            "أنا سعيد جدا",
            "मैं बहुत खुश हूँ",
            "Είμαι ευτυχισμένος",
        ],
    );
}

#[test]
fn negation_that_turns_praise_into_blame() {
    all_are(
        "negative",
        &[
            "I don't like this at all",
            "I don\u{2019}t like it",
            "It's not great",
            "not happy",
            "I wouldn't recommend it",
            "I don't think this is a good idea",
            "I do not believe that it will be any good",
            "This phone is neither good nor cheap",
            "hardly a good film",
            "far from perfect",
            "It fails to impress",
            "It never gets better",
            "anything but helpful",
            "not good, reliable or cheap",
            "No one likes it",
            "Never again",
            "I've had better",
        ],
    );
}

#[test]
fn negation_that_turns_blame_into_praise() {
    all_are(
        "positive",
        &[
            "not bad at all",
            "Not bad, great actually",
            "It wasn't terrible",
            "without any problems",
            "no problem",
            "I wouldn't say it's bad",
            "I can't complain",
            "I never had any problems with it",
            "I wasn't disappointed at all",
            "You can't go wrong with this",
        ],
    );
}

#[test]
fn negation_that_means_the_most() {
    all_are(
        "positive",
        &[
            "I've never been happier",
            "never been happier",
            "I couldn't be happier",
            "I could not agree more",
            "Nothing could be better",
            "There's nothing I love more",
            "I have never been so happy",
            "It has never been better",
            "It doesn't get better than this",
            "I can't thank you enough",
            "I don't think I've ever been happier",
            "It's hard not to love this",
        ],
    );
    all_are(
        "negative",
        &[
            "It couldn't be worse",
            "I have never seen a worse film",
            "I couldn't care less",
            "Never in my life have I been so disappointed",
        ],
    );
}

#[test]
fn negation_that_is_none() {
    all_are(
        "positive",
        &[
            "Isn't it great?",
            "Don't you love it?",
            "Not only was it good, it was cheap",
            "not only good but cheap",
            "No, it's great!",
            "It's great, isn't it? I love it.",
            "I can't stop smiling",
            "I can't believe how good this is",
            "I wasn't there. Great show!",
        ],
    );
}

#[test]
fn contrast_weighs_what_comes_last() {
    all_are(
        "negative",
        &[
            "The food was great but the service was horrible",
            "The food was great. But the service was horrible.",
            "It looks nice, however it is useless",
            "The food was not great, service awful",
        ],
    );
    all_are(
        "positive",
        &[
            "I didn't think it would be good but I was pleasantly surprised",
            "The service was slow, but the food was excellent",
        ],
    );
}

#[test]
fn degree_emphasis_and_punctuation_order_the_scores() {
    let mut neuron = SentimentAnalyzer::default();
    let mut score = |text: &str| -> f64 {
        let reply = neuron.process_signal(signal(text)).unwrap();
        reply.metadata["score"].parse().unwrap()
    };
    for rising in [
        ["somewhat good", "good", "very good"],
        ["it is good", "it is good!", "it is good!!!"],
        ["it is a good book", "it is a GOOD book", "it is a VERY GOOD book"],
        ["it is really horrible", "it is horrible", "it is slightly horrible"],
        ["it is not good", "it is okay", "it is great"],
    ] {
        let scores = rising.map(&mut score);
        assert!(scores.is_sorted_by(|one, next| one < next), "{rising:?}: {scores:?}");
    }
}

#[test]
fn emotions_are_named_strongest_first() {
    let mut neuron = SentimentAnalyzer::default();
    for (text, emotions) in [
        ("I love it, what a wonderful surprise", "joy,surprise"),
        ("I am so sad and lonely 😢", "sadness"),
        ("I'm furious, this is unacceptable", "anger"),
        ("I'm scared and worried about tomorrow", "fear"),
        ("That's disgusting", "disgust"),
        ("I trust my friends", "trust"),
        ("I can't wait for the concert", "anticipation"),
        ("Wow, I did not see that coming", "surprise"),
        ("I'm not afraid", ""),
        ("I am not happy", ""),
        ("The meeting is at noon", ""),
    ] {
        let reply = neuron.process_signal(signal(text)).unwrap();
        assert_eq!(reply.metadata["emotions"], emotions, "{text}");
        let shares = reply.metadata.iter().filter(|(name, _)| name.starts_with("emotion."));
        let sum: f64 = shares.map(|(_, share)| share.parse::<f64>().unwrap()).sum();
        let expected = if emotions.is_empty() { 0.0 } else { 1.0 };
        assert!((sum - expected).abs() < 0.01, "{text}: {sum}");
    }
}
