//! The functions of the host against the stand-in: what a plugin's own tests rely on.

use hal9_plugin_sdk::*;

#[test]
fn memory_keeps_what_it_is_given() -> Result<(), HostError> {
    assert_eq!(memory_get("k")?, None);
    memory_set("k", "one")?;
    memory_set("k", b"two")?;
    memory_set("empty", "")?;
    assert_eq!((memory_get("k")?, memory_get("empty")?), (Some(b"two".to_vec()), Some(vec![])));
    assert_eq!((memory_delete("k")?, memory_delete("k")?), (true, false));
    for key in ["", &"k".repeat(513)] {
        assert_eq!(memory_set(key, ""), Err(HostError::InvalidInput));
        assert_eq!(memory_get(key), Err(HostError::InvalidInput));
        assert_eq!(memory_delete(key), Err(HostError::InvalidInput));
    }
    memory_set("k".repeat(512), vec![0; 1024 * 1024])?;
    assert_eq!(memory_set("k", vec![0; 1024 * 1024 + 1]), Err(HostError::LimitExceeded));
    Ok(())
}

#[test]
fn keys_come_in_order_however_many_there_are() -> Result<(), HostError> {
    let keys: Vec<_> = (0..2_500).map(|n| format!("note/{n:05}")).collect();
    for key in keys.iter().rev() {
        memory_set(key, "")?;
    }
    memory_set("other", "")?;
    assert_eq!(memory_keys("note/")?, keys);
    assert_eq!(memory_keys("note/0000")?, keys[..10]);
    assert_eq!(memory_keys("")?.len(), 2_501);
    assert_eq!(memory_keys("none")?, [""; 0]);
    for n in 2_501..10_000 {
        memory_set(format!("{n}"), "")?;
    }
    assert_eq!(memory_set("one too many", ""), Err(HostError::LimitExceeded));
    memory_set("other", "is there already")
}

#[test]
fn a_test_can_have_the_host_fail() {
    testing::fail_memory(Some(HostError::Unavailable));
    assert_eq!(memory_get("k"), Err(HostError::Unavailable));
    assert_eq!(memory_keys(""), Err(HostError::Unavailable));
    testing::fail_memory(None);
    assert_eq!(memory_get("k"), Ok(None));
    testing::fail_signals(Some(HostError::Denied));
    assert_eq!(emit_signal("L3", PluginSignal::new("", "")), Err(HostError::Denied));
    testing::reset();
    assert_eq!(emit_signal("L3", PluginSignal::new("", "")), Ok(()));
}

#[test]
fn the_log_has_its_levels() {
    log_debug("d");
    log_info(String::from("i"));
    log_warn("w");
    log_error("e");
    assert_eq!(testing::logs(), ["debug: d", "info: i", "warn: w", "error: e"]);
}

#[test]
fn the_configuration_is_an_object() {
    assert_eq!((config(), config_value("a")), (json!({}), None));
    testing::set_config(json!({ "a": "text", "a.b": 2 }));
    assert_eq!(config(), json!({ "a": "text", "a.b": 2 }));
    assert_eq!(
        (config_value("a"), config_value("a.b"), config_value("b")),
        (Some(json!("text")), Some(json!(2)), None)
    );
}

#[test]
fn time_stands_where_it_was_set() {
    assert!(current_timestamp() > 1_700_000_000_000);
    testing::set_time(7);
    assert_eq!(current_timestamp(), 7);
}

#[test]
fn metrics_add_up_and_drop_what_is_none() {
    for by in [1.0, 2.5, -1.0, f64::NAN, f64::INFINITY] {
        metric_increment("calls", by);
    }
    metric_increment("no spaces", 1.0);
    metric_increment("n".repeat(65), 1.0);
    metric_gauge("depth", 3.0);
    metric_gauge("depth", -4.0);
    metric_histogram("seconds", 0.5);
    metric_histogram("seconds", 1.5);
    assert_eq!((testing::counter("calls"), testing::counter("no spaces"), testing::counter("")), (3.5, 0.0, 0.0));
    assert_eq!((testing::gauge("depth"), testing::gauge("calls")), (Some(-4.0), None));
    assert_eq!(testing::histogram("seconds"), [0.5, 1.5]);
}

#[test]
fn signals_are_emitted_to_layers() {
    let signal = PluginSignal::new("text", "hi").with("k", "v");
    assert_eq!(emit_signal("L3", signal.clone()), Ok(()));
    assert_eq!(emit_signal("", signal.clone()), Err(HostError::InvalidInput));
    assert_eq!(emit_signal("L".repeat(65), signal.clone()), Err(HostError::InvalidInput));
    let large = PluginSignal { content: "x".repeat(1024 * 1024 + 1), ..signal.clone() };
    assert_eq!(emit_signal("L3", large), Err(HostError::LimitExceeded));
    assert_eq!(testing::emitted(), [("L3".to_string(), signal)]);
}

#[test]
fn experience_and_feedback_are_reported() {
    assert_eq!(report_experience(&[1.0], "wait", 0.5, None), Ok(()));
    assert_eq!(report_experience(&[1.0], "", 0.5, None), Err(HostError::InvalidInput));
    assert_eq!(report_experience(&[1.0], "wait", f32::NAN, None), Err(HostError::InvalidInput));
    assert_eq!(report_experience(&[], "wait", 0.0, Some(&vec![0.0; 65_537])), Err(HostError::LimitExceeded));
    let id = Uuid::from_u64_pair(1, 2);
    assert_eq!(report_feedback(id, -1.0, "wrong"), Ok(()));
    assert_eq!(report_feedback(id, 1.1, ""), Err(HostError::InvalidInput));
    assert_eq!(testing::experiences().len(), 1);
    assert_eq!(testing::feedback(), [(id, -1.0, "wrong".to_string())]);
}

#[test]
fn another_plugin_answers_or_says_why_not() {
    let call = || call_plugin("ai.hal9.text-tools", "word_count", json!({ "text": "one two" }));
    assert!(
        call().is_err_and(|error| error.code == ErrorCode::NotFound && error.message.contains("ai.hal9.text-tools"))
    );
    testing::answer_calls(|target, method, params| match (target, method) {
        ("ai.hal9.text-tools", "word_count") => {
            log_info("asked");
            Ok(json!({ "words": params["text"].as_str().unwrap_or_default().split(' ').count() }))
        }
        _ => err(ErrorCode::Unsupported, "not this"),
    });
    assert_eq!(call(), Ok(json!({ "words": 2 })));
    assert_eq!(call(), Ok(json!({ "words": 2 })));
    let other = call_plugin("ai.hal9.text-tools", "other", HashMap::from([("a", 1)]));
    assert_eq!(other, err(ErrorCode::Unsupported, "ai.hal9.text-tools: not this"));
    assert_eq!(testing::logs(), ["info: asked", "info: asked"]);

    assert!(ask_plugin("a.b", PluginSignal::new("", "")).is_err());
    testing::answer_asks(|target, signal| Ok(PluginSignal { content: format!("{target} heard"), ..signal }));
    assert_eq!(ask_plugin("a.b", PluginSignal::new("", "")).map(|reply| reply.content), Ok("a.b heard".to_string()));
}

#[test]
fn the_nth_call_fails_and_no_other_whatever_it_is() -> Result<(), PluginError> {
    testing::fail_call(3, HostError::Unavailable);
    memory_set("k", "v")?;
    log_info("the log and the configuration do not count");
    let _ = config();
    metric_increment("cups", 1.0);
    assert_eq!(emit_signal("L3", PluginSignal::new("text", "x")), Err(HostError::Unavailable));
    emit_signal("L3", PluginSignal::new("text", "y"))?;
    assert_eq!(testing::emitted().len(), 1);

    testing::fail_call(1, HostError::Denied);
    metric_increment("cups", 1.0);
    metric_increment("cups", 1.0);
    assert_eq!(testing::counter("cups"), 2.0);

    testing::fail_call(1, HostError::Denied);
    assert_eq!(report_experience(&[], "go", 1.0, None), Err(HostError::Denied));
    testing::answer_calls(|_, _, _| Ok(json!(1)));
    testing::fail_call(1, HostError::Denied);
    assert!(call_plugin("other.plugin", "tool", json!({})).is_err());
    assert_eq!(call_plugin("other.plugin", "tool", json!({}))?, json!(1));
    Ok(())
}
