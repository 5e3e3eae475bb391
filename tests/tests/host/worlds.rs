//! Every kind of plugin, called as a typed function.

use hal9_host::{Call, Column, ColumnValues, Error, FailureCode, Kind, Signal, SignalBatch, Status};
use serde_json::json;

use crate::lab::{Lab, answer, ask, configured};

#[tokio::test]
async fn a_neuron_answers_signals_and_keeps_their_ids() {
    let lab = Lab::shared();
    let plugin = lab.load("echo");
    assert_eq!(plugin.kinds(), [Kind::Neuron]);
    let signal = Signal {
        id: (7, u64::MAX),
        content: "schön 🙂".into(),
        signal_type: String::new(),
        metadata: vec![("a".into(), "1".into()), ("b".into(), String::new())],
        timestamp: u64::MAX,
    };
    let mut call = Call::measured();
    assert_eq!(plugin.process_signal(&mut call, &signal).await.unwrap(), signal);
    assert!(call.elapsed().is_some() && call.peak_memory() > 0, "a measured call knows its time and memory");
    assert_eq!(answer(&plugin, "").await, "");
}

#[tokio::test]
async fn a_neuron_answers_batches_and_says_how_it_is_doing() {
    let lab = Lab::shared();
    let plugin = lab.load("echo");
    let call = &mut Call::new();
    let mut batch = SignalBatch::new();
    batch.push((1, 2), 3, "text", "schön");
    batch.push((4, 5), 6, "", "");
    batch.metadata = vec![Column { name: "score".into(), values: ColumnValues::Numbers(vec![0.5, 1.0]) }];
    let reply = plugin.process_batch(call, &batch).await.unwrap();
    assert_eq!((&reply.ids, &reply.timestamps, &reply.contents), (&batch.ids, &batch.timestamps, &batch.contents));
    assert!(reply.column("score").is_some());
    assert_eq!(plugin.process_batch(call, &SignalBatch::new()).await.unwrap().rows(), 0);
    answer(&plugin, "one more").await;
    let state = plugin.neuron_state(call).await.unwrap();
    assert_eq!((state.processed, state.failed), (3, 0));

    batch.timestamps.pop();
    let error = plugin.process_batch(call, &batch).await.unwrap_err();
    assert!(matches!(&error, Error::InvalidInput { what, .. } if what.contains("`ids`")), "{error}");
}

#[tokio::test]
async fn a_failure_of_the_plugin_s_own_is_told_and_its_instance_goes_on() {
    let lab = Lab::shared();
    let plugin = lab.load("faults");
    let error = ask(&plugin, "fail").await.unwrap_err();
    let Error::Failed { plugin: id, code, message } = &error else { panic!("{error:?}") };
    assert_eq!(
        (id.as_str(), *code, message.as_str()),
        ("test.faults", FailureCode::Unsupported, r"not\ntoday\u{1b}[2J")
    );
    assert_eq!(answer(&plugin, "hello").await, "hello");
    let state = plugin.neuron_state(&mut Call::new()).await.unwrap();
    assert_eq!((state.processed, state.failed), (2, 1), "it is the same instance");
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.traps, stats.instances), (3, 1, 0, 1));
}

#[tokio::test]
async fn a_provider_of_tools_describes_validates_and_executes() {
    let lab = Lab::shared();
    let plugin = lab.load("tool");
    let call = &mut Call::new();
    assert_eq!(plugin.kinds(), [Kind::Tool]);
    let tools = plugin.describe_tools(call).await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["add", "crash"], "the third one has a name that is none");
    assert!(serde_json::from_str::<serde_json::Value>(&tools[0].parameters).unwrap().is_object());

    assert_eq!(plugin.execute_tool(call, "add", r#"{"a":1,"b":-3}"#).await.unwrap(), r#"{"sum":-2}"#);
    assert_eq!(plugin.validate_tool(call, "add", r#"{"a":1,"b":-3}"#).await.unwrap(), []);
    for (tool, params, says) in
        [("add", r#"{"a":1}"#, "`b`"), ("add", "{", "JSON"), ("add", "[]", "JSON"), ("sub", "{}", "sub")]
    {
        let violations = plugin.validate_tool(call, tool, params).await.unwrap();
        assert!(violations[0].message.contains(says), "{violations:?}");
        let error = plugin.execute_tool(call, tool, params).await.unwrap_err();
        let expected = if tool == "sub" { FailureCode::NotFound } else { FailureCode::InvalidInput };
        assert!(
            matches!(&error, Error::Failed { code, message, .. } if *code == expected && message.contains(says)),
            "{error}"
        );
    }
    assert_eq!(plugin.stats().instances, 1);
}

#[tokio::test]
async fn a_memory_provider_stores_finds_and_forgets() {
    let lab = Lab::shared();
    let plugin = lab.load("memory-provider");
    let call = &mut Call::new();
    assert_eq!(plugin.kinds(), [Kind::MemoryProvider]);
    let metadata = vec![("lang".to_owned(), "de".to_owned())];
    plugin.store(call, "long", b"a cat and a dog", &metadata).await.unwrap();
    plugin.store(call, "short", b"a cat", &vec![]).await.unwrap();
    plugin.store(call, "empty", b"", &vec![]).await.unwrap();
    let entry = plugin.retrieve(call, "long").await.unwrap().unwrap();
    assert_eq!((entry.value.as_slice(), &entry.metadata), (&b"a cat and a dog"[..], &metadata));
    assert_eq!(plugin.retrieve(call, "empty").await.unwrap().unwrap().value, b"");
    assert_eq!(plugin.retrieve(call, "none").await.unwrap(), None);
    let hits = plugin.search(call, "cat", 10).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.key.as_str()).collect::<Vec<_>>(), ["long", "short"]);
    assert_eq!((hits[0].snippet.as_str(), &hits[0].metadata), ("a cat and a dog", &metadata));
    assert!(plugin.search(call, "cat", 0).await.unwrap().is_empty());
    assert!(plugin.search(call, "", 10).await.unwrap().is_empty());
    assert!(plugin.delete(call, "long").await.unwrap());
    assert!(!plugin.delete(call, "long").await.unwrap());
    let error = plugin.store(call, "", b"", &vec![]).await.unwrap_err();
    assert!(matches!(error, Error::Failed { code: FailureCode::InvalidInput, .. }), "{error}");
}

#[tokio::test]
async fn two_kinds_in_one_plugin_are_one_instance() {
    let lab = Lab::shared();
    let plugin = lab.load("two-kinds");
    assert_eq!(plugin.kinds(), [Kind::Neuron, Kind::Tool]);
    answer(&plugin, "one").await;
    answer(&plugin, "two").await;
    assert_eq!(plugin.execute_tool(&mut Call::new(), "counter", "{}").await.unwrap(), "2");
    ask(&plugin, "panic").await.unwrap_err();
    assert_eq!(plugin.execute_tool(&mut Call::new(), "counter", "{}").await.unwrap(), "0", "what it knew went with it");
}

#[tokio::test]
async fn a_call_of_a_kind_that_the_plugin_is_not_is_not_found() {
    let lab = Lab::shared();
    let (neuron, tool) = (lab.load("echo"), lab.load("tool"));
    let call = &mut Call::new();
    let errors = [
        (ask(&tool, "hello").await.unwrap_err(), "hal9:plugin/neuron"),
        (tool.process_batch(call, &SignalBatch::new()).await.unwrap_err(), "hal9:plugin/neuron"),
        (neuron.describe_tools(call).await.unwrap_err(), "hal9:plugin/tool"),
        (neuron.execute_tool(call, "add", "{}").await.unwrap_err(), "hal9:plugin/tool"),
        (neuron.retrieve(call, "key").await.unwrap_err(), "hal9:plugin/memory-provider"),
        (neuron.describe_algorithm(call).await.unwrap_err(), "hal9:plugin/learning-algorithm"),
        (neuron.create_model(call, "{}").await.unwrap_err(), "hal9:plugin/learning-algorithm"),
    ];
    for (error, interface) in errors {
        assert!(matches!(&error, Error::NotFound { what, .. } if what.contains(interface)), "{error:?}");
    }
    assert_eq!(neuron.stats().instances, 1, "nothing happened to it");
    assert_eq!(neuron.health(call).await.unwrap().status, Status::Healthy, "one that does not say is healthy");
}

#[tokio::test]
async fn a_plugin_is_told_of_its_life() {
    let lab = Lab::new();
    let config = json!({ "init": "good morning", "shutdown": "good night", "health": "tired" });
    let plugin = lab.load_with("lifecycle", configured(config)).unwrap();
    assert_eq!(plugin.kinds(), [Kind::Neuron, Kind::Lifecycle]);
    plugin.start().await.unwrap();
    assert_eq!(lab.log.messages(), ["init: good morning"]);
    plugin.start().await.unwrap();
    assert!(lab.log.messages().is_empty(), "it runs already");
    let health = plugin.health(&mut Call::new()).await.unwrap();
    assert_eq!((health.status, health.reason.as_str()), (Status::Degraded, "\"tired\""));
    plugin.stop().await.unwrap();
    assert_eq!(lab.log.messages(), ["shutdown: good night"]);
    plugin.stop().await.unwrap();
    assert!(lab.log.messages().is_empty(), "nothing runs");
    assert!(answer(&plugin, "").await.starts_with("init {"), "the next call makes another instance");
    assert_eq!(plugin.stats().instances, 2);
}

#[tokio::test]
async fn a_plugin_that_cannot_begin_fails_every_call_with_its_reason() {
    let lab = Lab::shared();
    let plugin = lab.load_with("lifecycle", configured(json!({ "init": "fail" }))).unwrap();
    for _ in 0..2 {
        let error = ask(&plugin, "hello").await.unwrap_err();
        assert!(
            matches!(&error, Error::Failed { code: FailureCode::Unavailable, message, .. } if message == "cannot init"),
            "{error}"
        );
    }
    let plugin = lab.load_with("lifecycle", configured(json!({ "init": "panic" }))).unwrap();
    let error = plugin.start().await.unwrap_err();
    assert!(matches!(&error, Error::Trapped { stderr, .. } if stderr.contains("init was asked to")), "{error:?}");
    let plugin = lab.load_with("lifecycle", configured(json!({ "shutdown": "exit" }))).unwrap();
    plugin.start().await.unwrap();
    let error = plugin.stop().await.unwrap_err();
    assert!(matches!(error, Error::Exited { .. }), "{error:?}");
    plugin.stop().await.unwrap();
}

#[tokio::test]
async fn a_new_configuration_is_taken_or_the_old_one_holds() {
    let lab = Lab::shared();
    let call = &mut Call::new();
    let plugin = lab.load_with("lifecycle", configured(json!({ "n": 1 }))).unwrap();
    assert_eq!(answer(&plugin, "").await, r#"init {"n":1}"#);
    plugin.reconfigure(call, json!({ "n": 2 })).await.unwrap();
    assert_eq!(answer(&plugin, "").await, r#"init reconfigure {"n":2}"#, "the same instance reads the new one");
    let error = plugin.reconfigure(call, json!({ "n": 3, "refuse": true })).await.unwrap_err();
    assert!(matches!(error, Error::Failed { code: FailureCode::InvalidInput, .. }), "{error}");
    assert_eq!(answer(&plugin, "").await, r#"init reconfigure reconfigure {"n":2}"#);
    ask(&plugin, "panic").await.unwrap_err();
    assert_eq!(answer(&plugin, "").await, r#"init {"n":2}"#, "the next instance has the one that holds");

    let plugin = lab.load_with("uses-config", configured(json!({ "n": 1 }))).unwrap();
    assert_eq!(answer(&plugin, "").await, r#"{"n":1}"#);
    plugin.reconfigure(call, json!({ "n": 2 })).await.unwrap();
    assert_eq!(answer(&plugin, "").await, r#"{"n":2}"#);
    assert_eq!(plugin.stats().instances, 2, "one that is not told begins anew");
    let error = plugin.reconfigure(call, json!([1])).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput { .. }), "{error}");
    assert_eq!(answer(&plugin, "").await, r#"{"n":2}"#);
}
