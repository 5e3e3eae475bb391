use super::home::Home;
use serde_json::Value;

/// What cannot be misread, with its label.
const OBVIOUS: [(&str, &str); 12] = [
    ("I love this product, it is wonderful!", "positive"),
    ("This is the worst day of my life.", "negative"),
    ("I don't like this at all.", "negative"),
    ("This is not bad at all.", "positive"),
    ("I have never been happier.", "positive"),
    ("The food was not good.", "negative"),
    ("What a terrible, horrible mess.", "negative"),
    ("The staff were friendly and helpful.", "positive"),
    ("I am not happy with the service.", "negative"),
    ("The meeting is on Tuesday at ten.", "neutral"),
    ("The plot was good, but the acting was awful.", "negative"),
    ("Thank you so much, you saved my day!", "positive"),
];

fn home() -> Home {
    let home = Home::new();
    home.load("sentiment-analyzer");
    home
}

fn reply(value: &Value) -> &Value {
    assert_eq!(value["replies"].as_array().unwrap().len(), 1, "{value}");
    &value["replies"][0]
}

#[test]
fn obvious_sentences_get_the_right_label() {
    let home = home();
    for (text, label) in OBVIOUS {
        let value = home.hal9(["--json", "signal", "send", "--layer", "L2", "--content", text]).json();
        assert_eq!(reply(&value)["signal"]["metadata"]["label"], label, "{text}: {value}");
    }
}

#[test]
fn option_argument_and_standard_input_give_the_same_reply() {
    let home = home();
    let text = "I love this, and I always will.";
    let send = ["--json", "signal", "send", "--layer", "L2"];
    let values = [
        home.hal9([&send[..], &["--content", text]].concat()).json(),
        home.hal9([&send[..], &[text]].concat()).json(),
        home.hal9_with(format!("{text}\n").as_bytes(), send).json(),
    ];
    for value in &values {
        let (reply, first) = (reply(value), reply(&values[0]));
        assert_eq!(value["signal"]["content"], text);
        assert_eq!(reply["signal"]["content"], first["signal"]["content"]);
        assert_eq!(reply["signal"]["metadata"]["score"], first["signal"]["metadata"]["score"]);
        assert_eq!(reply["signal"]["id"], value["signal"]["id"], "a reply keeps the signal's id");
        assert_eq!(reply["plugin"], "ai.hal9.sentiment-analyzer");
        assert!(reply["time_us"].as_u64().unwrap() > 0 && reply["peak_memory"].as_u64().unwrap() > 1 << 16, "{reply}");
    }
    // The second and third asked HAL9's memory, which outlives the process.
    assert_eq!(reply(&values[0])["signal"]["metadata"]["cache"], "miss");
    assert_eq!(reply(&values[2])["signal"]["metadata"]["cache"], "hit");
}

#[test]
fn people_see_label_score_and_emotions() {
    let run = home().hal9(["signal", "send", "--layer", "L2", "I love this!"]).ok();
    for part in ["positive", "score", "emotions", "joy", "ai.hal9.sentiment-analyzer"] {
        assert!(run.stdout.contains(part), "no `{part}`: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\u{1b}'), "no colours where there is no terminal: {:?}", run.stdout);
}

#[test]
fn every_neuron_of_a_layer_answers_or_the_one_that_is_named() {
    let home = home();
    home.load("faults");
    let send = ["--json", "signal", "send", "--layer", "L2", "--content", "I love this!"];
    let value = home.hal9(send).json();
    assert_eq!(value["replies"].as_array().unwrap().len(), 2);
    for name in ["sentiment", "ai.hal9.sentiment-analyzer"] {
        let value = home.hal9([&send[..], &["--neuron", name]].concat()).json();
        assert_eq!(reply(&value)["neuron"], "sentiment");
    }
    let error = home.hal9([&send[..], &["--neuron", "nobody"]].concat()).error(3);
    assert_eq!(error["code"], "not-found");
}

#[test]
fn one_neuron_that_fails_does_not_keep_others_from_answering() {
    let home = home();
    home.load("faults");
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", "panic"]).json();
    let replies = value["replies"].as_array().unwrap();
    let by = |plugin: &str| replies.iter().find(|reply| reply["plugin"] == plugin).unwrap();
    assert_eq!(by("ai.hal9.sentiment-analyzer")["signal"]["type"], "sentiment");
    assert_eq!(by("test.faults")["error"]["code"], "plugin-trapped");
}

#[test]
fn a_neuron_that_cannot_start_answers_once_and_is_counted() {
    let home = Home::new();
    home.load("flood");
    home.load("two-kinds");
    std::fs::write(home.settings(), "[plugins.\"test.flood\"]\nlimits = { memory = \"64KiB\" }\n").unwrap();
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", "hello"]).json();
    let replies = value["replies"].as_array().unwrap();
    let plugins: Vec<_> = replies.iter().map(|reply| reply["plugin"].as_str().unwrap()).collect();
    assert_eq!(plugins, ["test.flood", "test.two-kinds"], "{value}");
    assert_eq!(replies[0]["error"]["code"], "limit-exceeded", "{value}");
    let usage = home.hal9(["--json", "plugin", "info", "flood"]).json()["usage"].clone();
    assert!(usage["last_error"].as_str().is_some_and(|error| error.contains("memory")), "{usage}");
}

#[test]
fn a_layer_without_neurons_says_which_there_are() {
    let error = home().hal9(["--json", "signal", "send", "--layer", "L7", "x"]).error(3);
    assert!(error["help"].as_str().unwrap().contains("L2"), "{error}");
}

#[test]
fn metadata_and_type_travel() {
    let home = home();
    home.load("two-kinds");
    let args = ["--json", "signal", "send", "--layer", "L2", "--neuron", "counter", "--type", "note"];
    let value = home.hal9([&args[..], &["--meta", "lang=en", "--meta", "a=b=c", "x"]].concat()).json();
    let signal = &reply(&value)["signal"];
    assert_eq!(
        (&signal["type"], &signal["metadata"]["lang"], &signal["metadata"]["a"]),
        (&"note".into(), &"en".into(), &"b=c".into())
    );
}
