//! The plugin as its callers see it, with the SDK's stand-in for the host.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::*;
use keywords_rust::Keywords;

#[test]
fn a_reply_has_the_keywords_and_keeps_what_the_signal_said() {
    let signal = PluginSignal::new("text", "pear fig pear").with("lang", "en").with("words", "9");
    let reply = Keywords::default().process_signal(signal.clone()).unwrap();
    assert_eq!(reply, signal.with("keywords", "pear,fig").with("words", "3"));
    assert_eq!(testing::logs(), ["info: 3 words, 2 keywords"]);
    assert_eq!(memory_get("totals").unwrap(), Some(b"1 3".to_vec()));
}

#[test]
fn a_batch_says_what_its_signals_do_one_by_one() {
    let texts = ["pear fig pear", "", "the"];
    let batch = SignalBatch::from_signals(texts.map(|text| PluginSignal::new("text", text))).unwrap();
    let reply = Keywords::default().process_batch(batch).unwrap();
    assert_eq!(reply.numbers("words"), Some(&[3.0, 0.0, 1.0][..]));
    assert_eq!(reply.texts("keywords").unwrap().iter().collect::<Vec<_>>(), ["pear,fig", "", ""]);
    assert_eq!(memory_get("totals").unwrap(), Some(b"3 4".to_vec()));
}

#[test]
fn the_tool_gives_counts_and_takes_the_limit_of_the_configuration() {
    let mut plugin = Keywords::default();
    plugin.update_config(json!({ "limit": 1 })).unwrap();
    let call = |plugin: &mut Keywords, params: Value| plugin.execute(serde_json::from_value(params).unwrap());
    let one = json!({ "words": 3, "keywords": [{ "word": "pear", "count": 2 }] });
    assert_eq!(call(&mut plugin, json!({ "text": "pear fig pear" })), Ok(one));
    let two = call(&mut plugin, json!({ "text": "pear fig pear", "limit": 9 })).unwrap();
    assert_eq!(two["keywords"][1], json!({ "word": "fig", "count": 1 }));
}

#[test]
fn the_totals_go_over_to_the_next_instance() {
    let mut plugin = Keywords::default();
    plugin.process_signal(PluginSignal::new("text", "one two")).unwrap();
    let mut next = Keywords::default();
    next.import_state(plugin.export_state().unwrap()).unwrap();
    assert_eq!(next.get_state(), plugin.get_state());
    assert_eq!(next.get_state().details["words"], "2");
    assert!(next.import_state(b"garbage".to_vec()).is_err());
}
