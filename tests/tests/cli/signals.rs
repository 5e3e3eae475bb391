use super::home::{Home, Run};
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

/// What a batch has to say, an object a line.
fn objects(run: &Run) -> Vec<Value> {
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn a_file_of_signals_is_answered_line_by_line() {
    let home = home();
    let id = "00112233-4455-6677-8899-aabbccddeeff";
    let file = home.path().join("reviews.jsonl");
    let lines = [
        r#"{"content": "I love this, it is wonderful! 🦀"}"#.to_owned(),
        String::new(),
        format!(
            r#"{{"content": "This is the worst day of my life – schrecklich.", "type": "note", "id": "{id}", "metadata": {{"lang": "de"}}}}"#
        ),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let send = ["--json", "signal", "send", "--layer", "L2", "--meta", "lang=en", "--batch"].map(std::ffi::OsStr::new);
    let run = home.hal9([&send[..], &[file.as_os_str()]].concat()).ok();
    let objects = objects(&run);
    let [first, second, summary] = &objects[..] else { panic!("{run:?}") };
    assert_eq!((&first["line"], &first["signal"]["metadata"]["label"]), (&1.into(), &"positive".into()), "{first}");
    assert_eq!((&second["line"], &second["signal"]["metadata"]["label"]), (&3.into(), &"negative".into()), "{second}");
    assert_eq!((&second["signal"]["id"], &second["hop"]), (&id.into(), &0.into()));
    assert_eq!(first["plugin"], "ai.hal9.sentiment-analyzer");
    let summary = &summary["summary"];
    assert_eq!((&summary["signals"], &summary["replies"], &summary["unanswered"]), (&2.into(), &2.into(), &0.into()));

    let run = home.hal9_with(lines.join("\n").as_bytes(), ["signal", "send", "--layer", "L2", "--batch", "-"]).ok();
    for part in ["2 signals sent, 2 replies", "NEURON", "sentiment", "ai.hal9.sentiment-analyzer"] {
        assert!(run.stdout.contains(part), "no `{part}`: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\u{1b}') && run.stderr.is_empty(), "{run:?}");
}

#[test]
fn many_lines_travel_with_what_they_say_and_none_is_lost() {
    let home = Home::new();
    home.load("echo");
    home.load("two-kinds");
    let lines: String =
        (0..10_000).map(|n| format!("{{\"content\":\"Nr. {n} ü\",\"metadata\":{{\"n\":\"{n}\"}}}}\n")).collect();
    let send = ["--json", "signal", "send", "--layer", "L2", "--batch", "-"];
    let run = home.hal9_with(lines.as_bytes(), send).ok();
    let mut objects = objects(&run);
    let summary = objects.pop().unwrap()["summary"].clone();
    assert_eq!((&summary["signals"], &summary["replies"]), (&10_000.into(), &20_000.into()));
    for plugin in ["test.echo", "test.two-kinds"] {
        let of_it = objects.iter().filter(|reply| reply["plugin"] == plugin);
        let said: Vec<_> = of_it
            .map(|reply| (reply["line"].as_u64().unwrap(), reply["signal"]["content"].as_str().unwrap()))
            .collect();
        let expected: Vec<_> = (0..10_000).map(|n| (n + 1, format!("Nr. {n} ü"))).collect();
        assert!(
            said.iter().copied().eq(expected.iter().map(|(line, text)| (*line, text.as_str()))),
            "{plugin}, in order"
        );
    }
    assert_eq!(objects[9_000]["signal"]["metadata"]["n"], objects[9_000]["signal"]["content"].as_str().unwrap()[4..8]);
}

#[test]
fn an_input_without_signals_is_answered_with_none() {
    let home = Home::new();
    home.load("echo");
    for input in ["", "\n  \n\n"] {
        let run = home.hal9_with(input.as_bytes(), ["--json", "signal", "send", "--layer", "L2", "--batch", "-"]).ok();
        let objects = objects(&run);
        let [summary] = &objects[..] else { panic!("{run:?}") };
        assert_eq!((&summary["summary"]["signals"], &summary["summary"]["replies"]), (&0.into(), &0.into()));
        let run = home.hal9_with(input.as_bytes(), ["signal", "send", "--layer", "L2", "--batch", "-"]).ok();
        assert!(run.stdout.contains("0 signals sent"), "{run:?}");
    }
    let send = ["--json", "signal", "send", "--layer", "L9", "--batch", "-"];
    assert_eq!(home.hal9_with(b"", send).error(3)["code"], "not-found");
}

#[test]
fn a_line_that_is_wrong_is_named_before_anything_is_sent() {
    let home = Home::new();
    home.load("echo");
    let good = "{\"content\":\"x\"}\n".repeat(5_000);
    for (line, says) in [
        (&b"no object"[..], "expected"),
        (b"{\"context\":\"x\"}", "unknown field `context`"),
        (b"{\"content\":\"\xff\"}", "not UTF-8: byte 12"),
        (b"{\"content\":\"x\",\"metadata\":{\"a\x1b\":1}}", "control character"),
    ] {
        let input = [good.as_bytes(), line, b"\n", good.as_bytes()].concat();
        let run = home.hal9_with(&input, ["--json", "signal", "send", "--layer", "L2", "--batch", "-"]);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        let error = run.error(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("standard input, line 5001: ") && message.contains(says), "{message}");
        assert!(error["help"].as_str().unwrap().contains("content"), "{error}");
    }
    let usage = home.hal9(["--json", "plugin", "info", "echo"]).json()["usage"].clone();
    assert_eq!(usage["calls"], 0, "{usage}");
    assert_eq!(
        home.hal9(["--json", "signal", "send", "--layer", "L2", "--batch", "none.jsonl"]).error(3)["code"],
        "not-found"
    );
    home.hal9(["--json", "signal", "send", "--layer", "L2", "--batch", "-", "text"]).error(2);
}

#[test]
fn a_neuron_that_fails_some_signals_is_told_by_their_lines() {
    let home = Home::new();
    home.load("faults");
    let lines: String = (1..=10_000)
        .map(|line| format!("{{\"content\":\"{}\"}}\n", if line == 5_000 { "panic" } else { "x" }))
        .collect();
    let send = ["signal", "send", "--layer", "L2", "--batch", "-"];
    let run = home.hal9_with(lines.as_bytes(), [&["--json"][..], &send].concat());
    let objects = objects(&run);
    let failed: Vec<_> = objects.iter().filter(|it| !it["error"].is_null()).collect();
    let [failed] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!((&failed["lines"], &failed["signals"]), (&serde_json::json!([4_097, 8_192]), &4_096.into()));
    assert_eq!((&failed["error"]["code"], &failed["plugin"]), (&"plugin-trapped".into(), &"test.faults".into()));
    let answered: Vec<_> = objects.iter().filter_map(|it| it["line"].as_u64()).collect();
    assert!(answered.iter().copied().eq((1..=4_096).chain(8_193..=10_000)), "{} lines", answered.len());
    let error = run.error(9);
    assert!(error["message"].as_str().unwrap().starts_with("4096 signals got no reply: test.faults"), "{error}");

    // Somebody else answers them all.
    home.load("echo");
    let run = home.hal9_with(lines.as_bytes(), send).ok();
    for part in
        ["10000 signals sent, 15904 replies", "failed:", "test.faults · faults · lines 4097 to 8192, 4096 signals"]
    {
        assert!(run.stdout.contains(part), "no `{part}`: {}", run.stdout);
    }
}

#[test]
fn what_is_emitted_to_nobody_is_told_once_for_many() {
    let home = Home::new();
    let guest = hal9_tests::guest("uses-signals");
    let folder = home.path().join("emitter");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(guest, folder.join("emitter.wasm")).unwrap();
    let manifest = serde_json::json!({
        "api_version": 1,
        "metadata": { "id": "test.emitter", "name": "Emitter", "version": "0.1.0", "author": "", "license": "Apache-2.0" },
        "capabilities": [{ "NeuronType": { "layer": "L2", "neuron_type": "emitter", "description": "" } }],
        "permissions": ["Hal9Signal"],
    });
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    home.hal9(["plugin".as_ref(), "load".as_ref(), "--dev".as_ref(), folder.as_os_str()]).ok();
    let order = serde_json::json!({ "layer": "L9", "content": "x" }).to_string();
    let lines = format!("{}\n", serde_json::json!({ "content": order })).repeat(100);
    let run = home.hal9_with(lines.as_bytes(), ["--json", "signal", "send", "--layer", "L2", "--batch", "-"]).ok();
    let dropped: Vec<_> =
        objects(&run).into_iter().map(|it| it["dropped"].clone()).filter(|it| !it.is_null()).collect();
    let [dropped] = &dropped[..] else { panic!("{dropped:?}") };
    assert_eq!((&dropped["layer"], &dropped["signals"]), (&"L9".into(), &100.into()));
}

#[test]
fn whoever_closes_the_pipe_has_read_enough() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::Stdio;

    let home = Home::new();
    home.load("echo");
    let mut command = home.command(["--json", "signal", "send", "--layer", "L2", "--batch", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = "{\"content\":\"a signal of some length, so that no pipe holds them all\"}\n".repeat(50_000);
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let reply: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(reply["line"], 1);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let usage = home.hal9(["--json", "plugin", "info", "echo"]).json()["usage"].clone();
    assert!(usage["calls"].as_u64().unwrap() < 13, "it went on: {usage}");
}
