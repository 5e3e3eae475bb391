//! Plugins that were built with published versions load and answer on this host: see `tests/fixtures`. Whoever changes the WIT
//! such that they do not finds out here.

use std::path::{Path, PathBuf};

use hal9_host::{
    Call, Component, Error, FailureCode, Host, Kind, LoadOptions, Plugin, Signal, SignalBatch, Status, TextColumn,
    TrainingBatch,
};
use hal9_package::Manifest;
use hal9_wit::{Question, Wit, diff};
use serde_json::json;

fn fixtures(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(version)
}

fn fixture(name: &str) -> (PathBuf, Vec<u8>) {
    let path = fixtures("0.1.0").join(name);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

/// A plugin that may do all that a plugin can be granted by an interface.
fn load(name: &str) -> Plugin {
    let host = Host::new().unwrap();
    let component: Component = host.compile(name, &fixture(name).1).unwrap();
    let capability = match component.kinds() {
        [Kind::Neuron, ..] => json!({ "NeuronType": { "layer": "L1", "neuron_type": "fixture", "description": "" } }),
        [Kind::Tool, ..] => json!({ "ToolProvider": { "tool_name": "echo", "description": "" } }),
        [Kind::MemoryProvider, ..] => json!({ "MemoryProvider": { "provider_name": "shelf", "description": "" } }),
        [Kind::LearningAlgorithm, ..] => {
            json!({ "LearningAlgorithm": { "algorithm_name": "last", "description": "" } })
        }
        other => panic!("{name} is {other:?}"),
    };
    let manifest = json!({
        "api_version": 1,
        "metadata": { "id": "test.fixture", "name": "Fixture", "version": "0.1.0", "author": "HAL9", "license": "Apache-2.0" },
        "capabilities": [capability],
        "permissions": ["Hal9Memory", "Hal9Signal", "Hal9Metrics", "Hal9Learning", "PluginCall:test.absent", "SystemTime"],
        "configuration": { "type": "object" },
    });
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let config = json!({ "greeting": "hello" });
    host.load(&component, LoadOptions { manifest: Some(manifest), config, ..LoadOptions::declared() }).unwrap()
}

fn signal(content: &str) -> Signal {
    let metadata = vec![("a".to_owned(), "b".to_owned())];
    Signal { id: (1, 2), content: content.to_owned(), signal_type: "text".to_owned(), metadata, timestamp: 3 }
}

#[test]
fn they_are_compatible_with_the_wit_of_this_build() {
    let builtin = Wit::builtin().unwrap();
    // What is on another track is another package to hosts.
    let track = |version: &str| version.rsplit_once('.').map(|(track, _)| track.to_owned());
    for version in Wit::versions().filter(|version| track(version) == track(hal9_wit::VERSION)) {
        let entries = std::fs::read_dir(fixtures(version)).unwrap().map(|entry| entry.unwrap().path());
        let components: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "wasm")).collect();
        assert!(components.len() >= 5, "one of each kind: {components:?}");
        for path in components {
            let name = path.display().to_string();
            let component = Wit::component(&name, &std::fs::read(&path).unwrap()).unwrap();
            let found = diff(&component, &builtin).unwrap();
            assert_eq!(found.question, Question::Load);
            assert!(found.changes.is_empty(), "{name} was built with {version}: {:#?}", found.changes);
        }
    }
}

/// One that imports nothing of a kind would not notice if that was changed.
#[test]
fn together_they_use_all_of_what_was_published() {
    let fixtures = ["neuron", "tool", "memory-provider", "learning-algorithm", "lifecycle"]
        .map(|kind| Wit::component(kind, &fixture(&format!("{kind}.wasm")).1).unwrap());
    let published = Wit::published("0.1.0").unwrap().unwrap();
    let used: Vec<String> = fixtures.iter().flat_map(Wit::functions).collect();
    for function in published.functions() {
        assert!(used.contains(&function), "no fixture uses {function}");
    }
}

#[tokio::test]
async fn the_neuron_s_calls_of_every_import_are_answered() {
    let plugin = load("neuron.wasm");
    let call = &mut Call::new();
    let reply = plugin.process_signal(call, &signal("all")).await.unwrap();
    assert_eq!((reply.id, reply.timestamp, reply.metadata.len()), ((1, 2), 3, 1));
    let expected = r#"document {"greeting":"hello"}
config Some("\"hello\"")
now true
set Ok(())
get Ok(Some([1, 2]))
keys Ok(["key"])
delete Ok(true)
none Ok(None)
invalid Err(Error::InvalidInput)
experience Ok(())
feedback Ok(())
emit Ok(())
call Err(CallError::NotFound)
ask Err(CallError::NotFound)"#;
    assert_eq!(reply.content, expected);
    let codes = [
        FailureCode::InvalidInput,
        FailureCode::NotFound,
        FailureCode::Denied,
        FailureCode::Unsupported,
        FailureCode::LimitExceeded,
        FailureCode::Unavailable,
        FailureCode::Internal,
    ];
    for (number, expected) in codes.into_iter().enumerate() {
        match plugin.process_signal(call, &signal(&format!("fail {number}"))).await {
            Err(Error::Failed { code, message, .. }) => {
                assert_eq!((code, message), (expected, format!("code {number}")));
            }
            other => panic!("{other:?}"),
        }
    }
    let column = |text: &str, ends: &[u32]| TextColumn { text: text.to_owned(), ends: ends.to_vec() };
    let batch = SignalBatch {
        ids: vec![1, 2, 3, 4],
        timestamps: vec![5, 6],
        contents: column("onetwo", &[3, 6]),
        signal_types: column("", &[0, 0]),
        metadata: Vec::new(),
    };
    assert_eq!(plugin.process_batch(call, &batch).await.unwrap(), batch);
    let state = plugin.neuron_state(call).await.unwrap();
    assert_eq!((state.processed, state.failed, state.details.len()), (1, 2, 1));
}

#[tokio::test]
async fn the_tool_describes_validates_and_executes() {
    let plugin = load("tool.wasm");
    let call = &mut Call::new();
    assert_eq!(plugin.describe_tools(call).await.unwrap()[0].name, "echo");
    assert_eq!(plugin.validate_tool(call, "echo", "{}").await.unwrap()[0].path, "/text");
    assert_eq!(plugin.execute_tool(call, "echo", r#"{"text":1}"#).await.unwrap(), r#"{"text":1}"#);
    let error = plugin.execute_tool(call, "other", r#"{"text":1}"#).await.unwrap_err();
    assert!(matches!(error, Error::Failed { code: FailureCode::NotFound, .. }), "{error}");
}

#[tokio::test]
async fn the_memory_provider_keeps_finds_and_forgets() {
    let plugin = load("memory-provider.wasm");
    let call = &mut Call::new();
    let metadata = vec![("a".to_owned(), "b".to_owned())];
    plugin.store(call, "key", &[1, 2], &metadata).await.unwrap();
    let entry = plugin.retrieve(call, "key").await.unwrap().unwrap();
    assert_eq!((entry.value, entry.metadata), (vec![1, 2], metadata));
    assert_eq!(plugin.search(call, "ke", 10).await.unwrap()[0].key, "key");
    assert!(plugin.delete(call, "key").await.unwrap() && plugin.retrieve(call, "key").await.unwrap().is_none());
}

#[tokio::test]
async fn the_learning_algorithm_learns_and_is_saved() {
    let plugin = load("learning-algorithm.wasm");
    let call = &mut Call::new();
    assert_eq!(plugin.describe_algorithm(call).await.unwrap().name, "last");
    let mut model = plugin.create_model(call, "{}").await.unwrap();
    let batch = TrainingBatch { features: vec![0.0; 4], dimensions: 2, targets: vec![1.0, 7.0] };
    let report = model.train(call, &batch).await.unwrap();
    assert_eq!((report.samples, report.loss), (2, 0.5));
    let saved = model.save(call).await.unwrap();
    let copy = plugin.load_model(call, &saved).await.unwrap();
    assert_eq!(copy.predict(call, &[0.0; 4], 2).await.unwrap().targets, [7.0, 7.0]);
}

#[tokio::test]
async fn the_lifecycle_is_gone_through() {
    let plugin = load("lifecycle.wasm");
    let call = &mut Call::new();
    assert_eq!(plugin.process_signal(call, &signal("")).await.unwrap().content, "1 begun");
    let health = plugin.health(call).await.unwrap();
    assert_eq!((health.status, health.reason.as_str()), (Status::Degraded, "is old"));
    plugin.reconfigure(call, json!({ "greeting": "bye" })).await.unwrap();
    assert_eq!(plugin.process_signal(call, &signal("")).await.unwrap().content, r#"2 {"greeting":"bye"}"#);
    let state = plugin.export_state(call).await.unwrap();
    let next = load("lifecycle.wasm");
    next.import_state(call, &state).await.unwrap();
    assert_eq!(next.neuron_state(call).await.unwrap().processed, 2);
    plugin.stop().await.unwrap();
}
