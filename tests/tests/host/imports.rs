//! Every interface that the host offers, as a guest finds it: what its WIT says, the refusals among them.

use std::sync::Arc;

use async_trait::async_trait;
use hal9_host::{BackendError, Call, Level, LoadOptions, LogSource, MemoryBackend, Plugin, Signal, Stored};
use hal9_package::{ByteSize, LimitOverrides, PluginId};
use serde_json::json;

use crate::lab::{Lab, Line, answer, ask, capped, configured, described, neuron};

fn line(source: LogSource, level: Level, message: &str) -> Line {
    Line { plugin: "test.uses-logging".into(), source, level, message: message.into() }
}

#[tokio::test]
async fn logging_keeps_level_and_source_and_escapes_what_a_terminal_would_obey() {
    let lab = Lab::new();
    answer(&lab.load("uses-logging"), "a\u{1b}[2Jb\r\n\u{202e}c").await;
    let whole = r"a\u{1b}[2Jb\r\n\u{202e}c";
    let mut expected: Vec<_> =
        [Level::Debug, Level::Info, Level::Warn, Level::Error].map(|level| line(LogSource::Log, level, whole)).into();
    for (source, level) in [(LogSource::Stdout, Level::Info), (LogSource::Stderr, Level::Warn)] {
        expected.extend([line(source, level, r"a\u{1b}[2Jb"), line(source, level, r"\u{202e}c")]);
    }
    let mut lines = lab.log.take();
    // The two streams are lines of their own, which end when they end.
    lines.sort_by_key(|line| line.source as u8);
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn logging_takes_empty_lines_and_cuts_long_ones() {
    let lab = Lab::new();
    let plugin = lab.load("uses-logging");
    answer(&plugin, "").await;
    assert_eq!(lab.log.messages(), [""; 5], "four lines, and an empty one on standard output");
    answer(&plugin, &"x".repeat((16 << 10) + 1)).await;
    let lines = lab.log.take();
    let logged = &lines[0].message;
    assert!(logged.starts_with(&"x".repeat(16 << 10)) && logged.ends_with(" …(cut)"), "{}", logged.len());
    assert!(lines.iter().all(|line| line.message.len() <= logged.len()));
}

#[tokio::test]
async fn config_gives_the_document_and_its_members() {
    let lab = Lab::new();
    let plugin = lab.load("uses-config");
    assert_eq!((answer(&plugin, "").await.as_str(), answer(&plugin, "a").await.as_str()), ("{}", "None"));
    let config = json!({ "a": "x", "n": { "b": 1 }, "n.b": null });
    let plugin = lab.load_with("uses-config", configured(config.clone())).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&answer(&plugin, "").await).unwrap(), config);
    for (key, value) in [("a", r#"Some(String("x"))"#), ("n.b", "Some(Null)"), ("b", "None")] {
        assert_eq!(answer(&plugin, key).await, value);
    }
    lab.load_with("uses-config", configured(json!("text"))).unwrap_err();
}

#[tokio::test]
async fn clock_tells_the_time_of_day() {
    let lab = Lab::new();
    let plugin = lab.load("uses-clock");
    let before = Signal::text("").timestamp;
    let during = ask(&plugin, "").await.unwrap().timestamp;
    assert!((before..=Signal::text("").timestamp).contains(&during), "{during}");
}

#[tokio::test]
async fn memory_keeps_values_beyond_instance_and_plugin() {
    let lab = Lab::new();
    let plugin = lab.load("uses-memory");
    let dialogue = [
        ("get a", "Ok(None)"),
        ("set a 1", "Ok(())"),
        ("set a 2 and more", "Ok(())"),
        ("get a", r#"Ok(Some("2 and more"))"#),
        ("set b ", "Ok(())"),
        ("get b", r#"Ok(Some(""))"#),
        ("set aa x", "Ok(())"),
        ("keys ", r#"Ok(["a", "aa", "b"])"#),
        ("keys a", r#"Ok(["a", "aa"])"#),
        ("keys c", "Ok([])"),
        ("delete b", "Ok(true)"),
        ("delete b", "Ok(false)"),
    ];
    for (order, expected) in dialogue {
        assert_eq!(answer(&plugin, order).await, expected, "{order}");
    }
    plugin.stop().await.unwrap();
    assert_eq!(answer(&plugin, "get a").await, r#"Ok(Some("2 and more"))"#, "another instance");
    assert_eq!(answer(&lab.load("uses-memory"), "get aa").await, r#"Ok(Some("x"))"#, "loaded again");
}

#[tokio::test]
async fn memory_refuses_what_is_no_key_or_too_much() {
    let lab = Lab::new();
    let caps = LimitOverrides { memory_value: Some(ByteSize(10)), memory_keys: Some(2), ..LimitOverrides::default() };
    let plugin = lab.load_with("uses-memory", capped(caps)).unwrap();
    let (longest, too_long) = ("k".repeat(512), "k".repeat(513));
    for key in ["", &too_long] {
        for order in ["get", "set", "delete"] {
            assert_eq!(answer(&plugin, &format!("{order} {key}")).await, "Err(InvalidInput)", "{order}");
        }
    }
    assert_eq!(answer(&plugin, &format!("set {longest} x")).await, "Ok(())");
    assert_eq!(answer(&plugin, "fill a 10").await, "Ok(())");
    assert_eq!(answer(&plugin, "fill a 11").await, "Err(LimitExceeded)");
    assert_eq!(answer(&plugin, "set b x").await, "Err(LimitExceeded)", "a third key");
    assert_eq!(answer(&plugin, "set a x").await, "Ok(())", "a key that is there may change");
    assert_eq!(answer(&plugin, &format!("delete {longest}")).await, "Ok(true)");
    assert_eq!(answer(&plugin, "set b x").await, "Ok(())");
    assert_eq!(plugin.stats().instances, 1, "a refusal ends nothing");
}

#[tokio::test]
async fn memory_lists_more_keys_than_one_answer_holds() {
    let lab = Lab::new();
    let plugin = lab.load("uses-memory");
    let keys: Vec<_> = (0..2_500).map(|n| format!("k{n:04}")).collect();
    for key in &keys {
        assert_eq!(lab.memory.set(plugin.id(), key, vec![], 10_000).await.unwrap(), Stored::Yes);
    }
    assert_eq!(answer(&plugin, "keys k").await, format!("Ok({keys:?})"));
}

#[tokio::test]
async fn memory_is_each_plugin_s_own() {
    let lab = Lab::new();
    let plugin = lab.load("uses-memory");
    let other: PluginId = "test.other".parse().unwrap();
    lab.memory.set(&other, "a", b"secret".into(), 10).await.unwrap();
    assert_eq!(answer(&plugin, "get a").await, "Ok(None)");
    assert_eq!(answer(&plugin, "keys ").await, "Ok([])");
    assert_eq!(answer(&plugin, "delete a").await, "Ok(false)");
    assert_eq!(lab.memory.get(&other, "a").await.unwrap().unwrap(), b"secret");
}

/// A memory whose disk is gone.
struct Broken;

fn gone() -> BackendError {
    BackendError(Box::new(std::io::Error::other("the disk is gone")))
}

#[async_trait]
impl MemoryBackend for Broken {
    async fn get(&self, _: &PluginId, _: &str) -> Result<Option<Vec<u8>>, BackendError> {
        Err(gone())
    }
    async fn set(&self, _: &PluginId, _: &str, _: Vec<u8>, _: u32) -> Result<Stored, BackendError> {
        Err(gone())
    }
    async fn delete(&self, _: &PluginId, _: &str) -> Result<bool, BackendError> {
        Err(gone())
    }
    async fn list(&self, _: &PluginId, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, BackendError> {
        Err(gone())
    }
}

#[tokio::test]
async fn memory_that_fails_is_unavailable_and_no_more() {
    let lab = Lab::with_memory(Broken);
    let plugin = lab.load("uses-memory");
    for order in ["get a", "set a x", "delete a", "keys "] {
        assert_eq!(answer(&plugin, order).await, "Err(Unavailable)", "{order}");
    }
    assert_eq!(plugin.stats().instances, 1);
}

fn emitter(lab: &Lab, permissions: &[&str], caps: LimitOverrides) -> Plugin {
    let options = LoadOptions { caps, ..described(neuron("test.emitter", "L2", permissions)) };
    lab.load_with("uses-signals", options).unwrap()
}

#[tokio::test]
async fn signals_go_out_when_the_call_has_ended_well() {
    let lab = Lab::new();
    let plugin = emitter(&lab, &["Hal9Signal"], LimitOverrides::default());
    let call = &mut Call::new();
    let order = Signal::text(r#"{"layer":"L3","content":"on","count":2}"#);
    plugin.process_signal(call, &order).await.unwrap();
    let emitted = call.take_emitted();
    assert_eq!(emitted.len(), 2);
    assert_eq!((emitted[0].layer.as_str(), emitted[0].signal.content.as_str()), ("L3", "on"));
    assert_eq!((emitted[0].signal.id, emitted[0].signal.timestamp), (order.id, order.timestamp));
    for then in ["fail", "panic"] {
        let order = Signal::text(&format!(r#"{{"layer":"L3","content":"on","then":"{then}"}}"#));
        plugin.process_signal(call, &order).await.unwrap_err();
        assert!(call.take_emitted().is_empty(), "{then}");
        plugin.process_signal(call, &Signal::text(r#"{"layer":"L3","count":0}"#)).await.unwrap();
        assert!(call.take_emitted().is_empty(), "nor with the call after that");
    }
}

#[tokio::test]
async fn signals_refuses_what_is_no_layer_or_too_much() {
    let lab = Lab::new();
    let caps = LimitOverrides { signal_bytes: Some(ByteSize(200)), ..LimitOverrides::default() };
    let plugin = emitter(&lab, &["Hal9Signal"], caps);
    let (longest, too_long) = ("L".repeat(64), "L".repeat(65));
    let orders = [
        (json!({ "layer": longest, "content": "" }), "None", 1),
        (json!({ "layer": "", "content": "" }), "Some(InvalidInput)", 0),
        (json!({ "layer": too_long, "content": "" }), "Some(InvalidInput)", 0),
        (json!({ "layer": "L\u{1b}[2J", "content": "" }), "Some(InvalidInput)", 0),
        (json!({ "layer": "L3", "content": "", "count": 64 }), "None", 64),
        (json!({ "layer": "L3", "content": "", "count": 65 }), "Some(LimitExceeded)", 64),
        (json!({ "layer": "L3", "content": "x", "repeat": 196 }), "None", 1),
        (json!({ "layer": "L3", "content": "x", "repeat": 197 }), "Some(LimitExceeded)", 0),
    ];
    for (order, refused, emitted) in orders {
        let call = &mut Call::new();
        let reply = plugin.process_signal(call, &Signal::text(&order.to_string())).await.unwrap();
        assert_eq!((reply.content.as_str(), call.take_emitted().len()), (refused, emitted), "{order}");
    }
}

#[tokio::test]
async fn metrics_are_kept_by_name_and_nonsense_is_dropped_and_counted() {
    let lab = Lab::new();
    let caps = LimitOverrides { metric_names: Some(3), ..LimitOverrides::default() };
    let plugin = lab.load_with("uses-metrics", capped(caps)).unwrap();
    answer(
        &plugin,
        "increment calls 2\nincrement calls 0.5\ngauge depth 7\ngauge depth 3\nhistogram ms 4\nhistogram ms 6",
    )
    .await;
    let longest = format!("increment {} 1", "n".repeat(64));
    for nonsense in [
        "increment calls -1",
        "increment calls NaN",
        "gauge depth inf",
        "gauge a/b 1",
        "gauge  1",
        &format!("{longest}1"),
        &longest,
    ] {
        answer(&plugin, nonsense).await;
    }
    // Names are the plugin's, not the instance's: a fresh one gets no new ones.
    plugin.stop().await.unwrap();
    answer(&plugin, "gauge fourth 1").await;
    let metrics = lab.metrics.of(plugin.id());
    assert_eq!(metrics.metrics.keys().map(String::as_str).collect::<Vec<_>>(), ["calls", "depth", "ms"]);
    assert_eq!((metrics.metrics["calls"].value, metrics.metrics["calls"].count), (2.5, 2));
    assert_eq!((metrics.metrics["depth"].value, metrics.metrics["depth"].max), (3.0, 7.0));
    assert_eq!((metrics.metrics["ms"].sum, metrics.metrics["ms"].min), (10.0, 4.0));
    assert_eq!(metrics.dropped, 8);
}

#[tokio::test]
async fn learning_takes_experience_and_feedback_within_bounds() {
    let lab = Lab::new();
    let plugin = lab.load("uses-learning");
    let (longest, too_long) = ("a".repeat(256), "a".repeat(257));
    let orders = [
        ("experience go 0.5 3".to_owned(), "Ok(())"),
        (format!("experience {longest} 0 65536"), "Ok(())"),
        (format!("experience {too_long} 0 0"), "Err(InvalidInput)"),
        ("experience  0 0".to_owned(), "Err(InvalidInput)"),
        ("experience go NaN 0".to_owned(), "Err(InvalidInput)"),
        ("experience go 0 65537".to_owned(), "Err(LimitExceeded)"),
        ("feedback good 1".to_owned(), "Ok(())"),
        ("feedback  -1".to_owned(), "Ok(())"),
        ("feedback good 1.01".to_owned(), "Err(InvalidInput)"),
        ("feedback good NaN".to_owned(), "Err(InvalidInput)"),
        (format!("feedback {} 1", "c".repeat(4_097)), "Err(InvalidInput)"),
    ];
    for (order, expected) in orders {
        assert_eq!(answer(&plugin, &order).await, expected, "{order:.60}");
    }
    let experiences = lab.learning.experiences();
    assert_eq!(experiences.len(), 2);
    let (by, first) = &experiences[0];
    assert_eq!((by, first.action.as_str(), first.reward, &first.state), (plugin.id(), "go", 0.5, &vec![0.5; 3]));
    assert_eq!(first.next_state.as_ref().map(Vec::len), Some(3));
    let signal = Signal::text("feedback better 0.5");
    plugin.process_signal(&mut Call::new(), &signal).await.unwrap();
    let feedback = lab.learning.feedback();
    assert_eq!(feedback.len(), 3);
    assert_eq!((feedback[2].1.signal, feedback[2].1.score, feedback[2].1.comment.as_str()), (signal.id, 0.5, "better"));
}

#[tokio::test]
async fn plugins_without_a_manager_finds_nobody() {
    let lab = Lab::new();
    let host = hal9_host::Host::builder().log(Arc::clone(&lab.log) as _).build().unwrap();
    let component = host.compile_file(&hal9_tests::guest("uses-plugins")).unwrap();
    let options = described(neuron("test.caller", "L2", &["PluginCall:test.echo"]));
    let plugin = host.load(&component, options).unwrap();
    let said = answer(&plugin, "ask test.echo hello").await;
    assert!(said.starts_with("not found"), "{said}");
}
