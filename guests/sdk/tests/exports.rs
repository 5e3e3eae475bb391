//! What a host sees of a plugin, called as its component would call it, on this machine: the exports of a type that
//! serves several kinds, its configuration, its counters, and what happens when a call comes in during another.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::bindings::imports::hal9::plugin::types::{
    Column, ColumnValues, Failure, FailureCode, Signal, SignalBatch as WireBatch, TextColumn as WireTexts,
};
use hal9_plugin_sdk::bindings::lifecycle::exports::hal9::plugin::lifecycle::{Guest as _, Status};
use hal9_plugin_sdk::bindings::memory::exports::hal9::plugin::memory_provider::Guest as _;
use hal9_plugin_sdk::bindings::neuron::exports::hal9::plugin::neuron::Guest as _;
use hal9_plugin_sdk::bindings::tool::exports::hal9::plugin::tool::Guest as _;
use hal9_plugin_sdk::export::{Lifecycle, Memory, Neuron, Tool, ToolEntry, ToolSet};
use hal9_plugin_sdk::*;
use std::panic::catch_unwind;

/// Greets, as configured, and does what a signal of some type tells it to.
#[derive(Default)]
struct Greeter {
    greeting: String,
    configured: u32,
    greeted: u64,
    notes: HashMap<String, Vec<u8>>,
}

impl NeuronPlugin for Greeter {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        match signal.signal_type.as_str() {
            "fail" => return err(ErrorCode::Unsupported, "told to"),
            "foreign" => return Ok(PluginSignal::new("text", "somebody else's")),
            "panic" => panic!("told to"),
            "again" => return ask_plugin("ai.hal9.greeter", PluginSignal { signal_type: String::new(), ..signal }),
            _ => {}
        }
        self.greeted += 1;
        Ok(PluginSignal { content: format!("{}, {}", self.greeting, signal.content), ..signal })
    }

    fn update_config(&mut self, config: Value) -> Result<(), PluginError> {
        match config.get("greeting") {
            None => self.greeting = "Hello".to_string(),
            Some(Value::String(greeting)) => self.greeting.clone_from(greeting),
            Some(other) => return err(ErrorCode::InvalidInput, format!("`greeting` is {other}, and should be a text")),
        }
        self.configured += 1;
        Ok(())
    }
}

impl ToolPlugin for Greeter {
    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        if params.contains_key("name") { Ok(()) } else { err(ErrorCode::InvalidInput, "`name` is missing") }
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        self.greeted += 1;
        Ok(json!({
            "greeting": format!("{}, {}", self.greeting, params["name"]),
            "greeted": self.greeted,
            "configured": self.configured,
        }))
    }
}

impl MemoryPlugin for Greeter {
    fn store(&mut self, key: String, value: Vec<u8>, _: HashMap<String, String>) -> Result<(), PluginError> {
        self.notes.insert(key, value);
        Ok(())
    }

    fn retrieve(&self, key: &str) -> Result<Option<(Vec<u8>, HashMap<String, String>)>, PluginError> {
        Ok(self.notes.get(key).map(|value| (value.clone(), HashMap::new())))
    }

    fn search(&self, query: &str, _: usize) -> Result<Vec<SearchResult>, PluginError> {
        let hit = |key: &String| SearchResult { key: key.clone(), score: 1.0, ..SearchResult::default() };
        Ok(self.notes.keys().filter(|key| key.contains(query)).map(hit).collect())
    }

    fn delete(&mut self, key: &str) -> Result<bool, PluginError> {
        Ok(self.notes.remove(key).is_some())
    }
}

impl LifecyclePlugin for Greeter {
    fn reconfigure(&mut self, config: Value) -> Result<(), PluginError> {
        if config["greeting"] == "Forbidden" { err(ErrorCode::InvalidInput, "not that one") } else { Ok(()) }
    }

    fn health(&self) -> HealthReport {
        HealthReport::degraded(format!("{} greeted", self.greeted))
    }
}

/// A tool beside it, with nothing of its own.
#[derive(Default)]
struct PlainTool;

impl ToolPlugin for PlainTool {
    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        Ok(json!(params.len()))
    }
}

neuron_plugin!(Greeter);
tool_plugin!(Greeter, PlainTool);
memory_plugin!(Greeter);
lifecycle_plugin!(Greeter);

// The same once more where the test can see it.
__hosted!(HostedGreeter, Greeter);
__hosted!(HostedTool, PlainTool);
struct Tools;
impl ToolSet for Tools {
    const TOOLS: &'static [ToolEntry] = &[ToolEntry::of::<HostedGreeter>(), ToolEntry::of::<HostedTool>()];
}
type TheNeuron = Neuron<HostedGreeter>;
type TheTools = Tool<Tools>;
type TheMemory = Memory<HostedGreeter>;
type TheLifecycle = Lifecycle<HostedGreeter>;

fn signal(signal_type: &str, content: &str) -> Signal {
    PluginSignal::new(signal_type, content).into()
}

fn say(content: &str) -> Result<String, Failure> {
    TheNeuron::process_signal(signal("", content)).map(|reply| reply.content)
}

#[track_caller]
fn failed<T: std::fmt::Debug>(result: Result<T, Failure>, code: FailureCode, words: &str) {
    let failure = result.expect_err("a failure");
    assert!(failure.code == code && failure.message.contains(words), "{failure:?}");
}

#[test]
fn kinds_of_one_type_share_one_value() {
    assert_eq!(say("Ada").unwrap(), "Hello, Ada");
    let result = TheTools::execute("greeter".to_string(), r#"{"name": "Bob"}"#.to_string()).unwrap();
    // By value: the order of members is that of a feature of serde_json, which another crate of the workspace may turn on.
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result, json!({ "configured": 1, "greeted": 2, "greeting": "Hello, \"Bob\"" }));
    let report = TheLifecycle::health();
    assert_eq!((report.status, report.reason.as_str()), (Status::Degraded, "2 greeted"));
}

#[test]
fn the_configuration_comes_once_and_first_whatever_is_called() {
    testing::set_config(json!({ "greeting": "Ahoy" }));
    let call = || TheTools::execute("greeter".to_string(), r#"{"name": 1}"#.to_string()).unwrap();
    assert!(call().contains("Ahoy"));
    testing::set_config(json!({ "greeting": "too late" }));
    let result: Value = serde_json::from_str(&call()).unwrap();
    assert_eq!((&result["configured"], &result["greeted"]), (&json!(1), &json!(2)), "{result}");
    assert!(result["greeting"].as_str().is_some_and(|greeting| greeting.starts_with("Ahoy")), "{result}");
}

#[test]
fn a_configuration_that_is_refused_fails_every_call_until_there_is_another() {
    testing::set_config(json!({ "greeting": 7 }));
    for _ in 0..2 {
        failed(say("Ada"), FailureCode::InvalidInput, "the configuration was not taken: `greeting` is 7");
        failed(TheLifecycle::init(), FailureCode::InvalidInput, "should be a text");
    }
    assert_eq!(TheTools::describe().len(), 2);
    let state = TheNeuron::state();
    assert_eq!((state.processed, state.failed, state.details[0].0.as_str()), (2, 2, "error"));
    assert_eq!(TheLifecycle::health().status, Status::Unhealthy);
    testing::set_config(json!({}));
    assert_eq!(say("Ada").unwrap(), "Hello, Ada");
}

#[test]
fn a_neuron_is_reconfigured_and_keeps_the_old_one_where_the_new_one_is_refused() {
    assert_eq!(say("Ada").unwrap(), "Hello, Ada");
    TheLifecycle::reconfigure(r#"{"greeting": "Ahoy"}"#.to_string()).unwrap();
    assert_eq!(say("Ada").unwrap(), "Ahoy, Ada");
    let refused = |config: &str| TheLifecycle::reconfigure(config.to_string());
    failed(refused(r#"{"greeting": 7}"#), FailureCode::InvalidInput, "should be a text");
    failed(refused(r#"{"greeting": "Forbidden"}"#), FailureCode::InvalidInput, "not that one");
    failed(refused("{"), FailureCode::InvalidInput, "EOF");
    assert_eq!(say("Ada").unwrap(), "Ahoy, Ada");
}

#[test]
fn signals_are_counted_and_a_reply_with_a_foreign_id_is_a_failure() {
    say("Ada").unwrap();
    failed(TheNeuron::process_signal(signal("fail", "")), FailureCode::Unsupported, "told to");
    failed(TheNeuron::process_signal(signal("foreign", "")), FailureCode::Internal, "id: signal.id");
    let state = TheNeuron::state();
    assert_eq!((state.processed, state.failed), (3, 2));
}

#[test]
fn a_batch_is_answered_row_by_row() {
    let rows = [
        PluginSignal::new("text", "Ada").with("lang", "en"),
        PluginSignal::new("text", "B\u{f6}b"),
        PluginSignal::new("", ""),
    ];
    let batch = SignalBatch::from_signals(rows.clone()).unwrap();
    let reply = SignalBatch::try_from(TheNeuron::process_batch(batch.into()).unwrap()).unwrap();
    let contents: Vec<_> = reply.contents().iter().collect();
    assert_eq!(contents, ["Hello, Ada", "Hello, B\u{f6}b", "Hello, "]);
    assert_eq!(reply.rows().map(|row| row.id()).collect::<Vec<_>>(), rows.map(|row| row.id));
    assert_eq!(reply.texts("lang").unwrap().iter().collect::<Vec<_>>(), ["en", "", ""]);
    assert_eq!(TheNeuron::state().processed, 3);

    let none = TheNeuron::process_batch(SignalBatch::new().into()).unwrap();
    assert!(none.ids.is_empty() && none.contents.text.is_empty());
}

#[test]
fn a_batch_fails_as_a_whole_and_names_the_row() {
    let rows = [PluginSignal::new("", "Ada"), PluginSignal::new("fail", ""), PluginSignal::new("", "Bob")];
    let batch = SignalBatch::from_signals(rows).unwrap();
    failed(TheNeuron::process_batch(batch.into()), FailureCode::Unsupported, "row 1: told to");
    let state = TheNeuron::state();
    assert_eq!((state.processed, state.failed), (3, 3));

    let foreign = SignalBatch::from_signals([PluginSignal::new("foreign", "")]).unwrap();
    failed(TheNeuron::process_batch(foreign.into()), FailureCode::Internal, "the id of the signal");
}

#[test]
fn a_batch_out_of_step_is_refused() {
    let texts = |rows| WireTexts { text: String::new(), ends: vec![0; rows] };
    let batch = |ids, contents, types, numbers: usize| WireBatch {
        ids: vec![0; ids],
        timestamps: vec![0; 2],
        contents: texts(contents),
        signal_types: texts(types),
        metadata: vec![Column { name: "score".to_string(), values: ColumnValues::Numbers(vec![0.0; numbers]) }],
    };
    assert!(TheNeuron::process_batch(batch(4, 2, 2, 2)).is_ok());
    for (wrong, words) in [
        (batch(3, 2, 2, 2), "3 halves of ids"),
        (batch(4, 1, 2, 2), "`contents` has 1 values"),
        (batch(4, 2, 3, 2), "`signal types` has 3"),
        (batch(4, 2, 2, 0), "`score` has 0"),
        (
            WireBatch { contents: WireTexts { text: "a".to_string(), ends: vec![0, 0] }, ..batch(4, 2, 2, 2) },
            "the text at 1",
        ),
    ] {
        failed(TheNeuron::process_batch(wrong), FailureCode::InvalidInput, words);
    }
}

#[test]
fn tools_are_described_validated_and_executed() {
    let described = TheTools::describe();
    assert_eq!(described.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["greeter", "plain_tool"]);
    assert_eq!(described[1].parameters, r#"{"type":"object"}"#);

    let execute = |name: &str, params: &str| TheTools::execute(name.to_string(), params.to_string());
    assert_eq!(execute("plain_tool", r#"{"a": 1, "b": {"c": []}}"#).unwrap(), "2");
    failed(execute("greeter", "{}"), FailureCode::InvalidInput, "`name` is missing");
    failed(execute("greeter", "[]"), FailureCode::InvalidInput, "not a JSON object");
    failed(execute("greeter", "{"), FailureCode::InvalidInput, "not a JSON object");
    failed(execute("greet", "{}"), FailureCode::NotFound, "there is no tool `greet`; there is greeter, plain_tool");

    let validate = |name: &str, params: &str| TheTools::validate(name.to_string(), params.to_string());
    assert!(validate("greeter", r#"{"name": ""}"#).is_ok());
    for (name, params, words) in
        [("greeter", "{}", "`name`"), ("greeter", "7", "JSON object"), ("greet", "{}", "no tool")]
    {
        let violations = validate(name, params).unwrap_err();
        assert!(violations[0].path.is_empty() && violations[0].message.contains(words), "{violations:?}");
    }
    // None of that executed anything.
    assert!(execute("greeter", r#"{"name": 1}"#).unwrap().contains(r#""greeted":1"#));
}

#[test]
fn a_memory_provider_is_asked_only_what_it_promises_to_take() {
    let store = |key: &str| TheMemory::store(key.to_string(), b"v".to_vec(), vec![]);
    for key in ["a1", "a2", "b1"] {
        store(key).unwrap();
    }
    failed(store(""), FailureCode::InvalidInput, "the key is empty");
    assert_eq!(TheMemory::retrieve("a1".to_string()).unwrap().map(|entry| entry.value), Some(b"v".to_vec()));
    let search = |query: &str, limit| TheMemory::search(query.to_string(), limit).unwrap().len();
    assert_eq!((search("a", 9), search("a", 1), search("a", 0), search("", 9)), (2, 1, 0, 0));
    assert!(TheMemory::delete("a1".to_string()).unwrap());
    assert!(!TheMemory::delete("a1".to_string()).unwrap());
    assert!(TheMemory::retrieve("a1".to_string()).unwrap().is_none());
}

#[test]
fn state_that_nobody_takes_is_not_lost_without_a_word() {
    assert_eq!(TheLifecycle::export_state().unwrap(), b"");
    TheLifecycle::import_state(vec![]).unwrap();
    failed(TheLifecycle::import_state(vec![1, 2, 3]), FailureCode::Unsupported, "3 bytes");
    TheLifecycle::shutdown();
}

#[test]
fn a_call_that_comes_in_during_another_is_told_so() {
    testing::answer_asks(|_, signal| {
        TheNeuron::state();
        assert_eq!(TheLifecycle::health().status, Status::Unhealthy);
        TheLifecycle::shutdown();
        TheNeuron::process_signal(signal.into()).map(Into::into).map_err(Into::into)
    });
    failed(TheNeuron::process_signal(signal("again", "Ada")), FailureCode::Unavailable, "is at work on another call");
    assert_eq!(say("Ada").unwrap(), "Hello, Ada");
}

#[test]
fn a_panic_spoils_nothing() {
    say("Ada").unwrap();
    assert!(catch_unwind(|| TheNeuron::process_signal(signal("panic", ""))).is_err());
    assert_eq!(say("Bob").unwrap(), "Hello, Bob");
}
