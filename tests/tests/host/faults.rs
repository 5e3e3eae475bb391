//! Plugins that break: what the caller is told, that the instance is replaced, and that nobody else notices.

use std::pin::pin;

use futures::FutureExt as _;
use hal9_host::{Call, Column, ColumnValues, Error, Health, Limit, LogSource, Plugin, Signal, SignalBatch};

use crate::lab::{Lab, answer, ask, hurried, limit, manifest, unbroken};
use crate::raw::{Raw, TOOL};

/// Breaks a plugin, and holds that it and another one go on.
async fn breaks(lab: &Lab, plugin: &Plugin, content: &str) -> Error {
    let other = lab.load("echo");
    answer(&other, "before").await;
    answer(plugin, "before").await;
    let error = ask(plugin, content).await.unwrap_err();
    assert!(error.is_fatal(), "{error:?}");
    assert_eq!(error.plugin(), Some(plugin.id().as_str()));
    assert_eq!(answer(plugin, "after").await, "after");
    assert_eq!(plugin.stats().instances, 2, "the broken instance was replaced");
    assert_eq!(answer(&other, "after").await, "after");
    assert_eq!(other.stats().instances, 1, "the other one was left alone");
    error
}

#[tokio::test]
async fn a_panic_is_a_trap_that_says_what_the_guest_said_and_where() {
    let lab = Lab::new();
    let error = breaks(&lab, &lab.load("faults"), "panic").await;
    let Error::Trapped { trap, stderr, backtrace, .. } = &error else { panic!("{error:?}") };
    assert!(trap.contains("unreachable"), "{trap}");
    assert!(stderr.contains(r"the probe was asked to\u{1b}[2J"), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "escapes are shown, not obeyed");
    assert!(backtrace.iter().any(|frame| frame.contains("panic")), "{backtrace:?}");
    let lines = lab.log.take();
    assert!(
        lines.iter().any(|line| line.source == LogSource::Stderr && line.message.contains("asked to")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_division_by_zero_and_an_abort_are_traps() {
    let lab = Lab::shared();
    let error = breaks(lab, &lab.load("faults"), "divide").await;
    assert!(matches!(&error, Error::Trapped { stderr, .. } if stderr.contains("divide by zero")), "{error:?}");
    let error = breaks(lab, &lab.load("faults"), "unreachable").await;
    assert!(matches!(&error, Error::Trapped { trap, .. } if trap.contains("unreachable")), "{error:?}");
}

#[tokio::test]
async fn traps_of_webassembly_itself_are_told_by_name() {
    let lab = Lab::shared();
    let traps = [
        ("(i32.div_s (i32.const 1) (i32.const 0))", "integer divide by zero"),
        ("(i32.load (i32.const -4))", "out of bounds memory access"),
        ("(i32.trunc_f32_s (f32.const nan))", "invalid conversion to integer"),
    ];
    for (body, says) in traps {
        let bytes = Raw { world: TOOL, bodies: &[("execute", body)], ..Raw::default() }.component();
        let plugin = lab.load_raw(&bytes, manifest("test.raw", serde_json::json!([]), &[])).unwrap();
        let error = plugin.execute_tool(&mut Call::new(), "", "").await.unwrap_err();
        assert!(matches!(&error, Error::Trapped { trap, .. } if trap.contains(says)), "{error:?}");
    }
}

#[tokio::test]
async fn an_exit_is_told_as_such() {
    let lab = Lab::shared();
    let error = breaks(lab, &lab.load("faults"), "exit").await;
    // WASI 0.2 knows two ways to exit, so that 3 becomes 1 in the guest already.
    assert!(matches!(error, Error::Exited { status: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn traps_in_a_storm_leave_room_for_the_next_call() {
    let lab = Lab::with_instances(3);
    let plugin = lab.load_with("faults", unbroken()).unwrap();
    for _ in 0..100 {
        assert!(matches!(ask(&plugin, "panic").await, Err(Error::Trapped { .. })));
    }
    assert_eq!(answer(&plugin, "after").await, "after");
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.traps, stats.instances), (101, 100, 100, 101));
}

#[tokio::test]
async fn health_follows_instances_that_are_lost() {
    let lab = Lab::shared();
    let plugin = lab.load("faults");
    let mut seen = Vec::new();
    for content in ["hello", "panic", "exit", "fail", "panic", "panic", "exit", "hello"] {
        let _ = ask(&plugin, content).await;
        seen.push(plugin.stats().health);
    }
    use Health::{Degraded, Failing, Healthy};
    assert_eq!(seen, [Healthy, Degraded, Degraded, Healthy, Degraded, Degraded, Failing, Healthy]);
    assert!(plugin.stats().peak_memory > 0);
}

#[tokio::test]
async fn a_caller_that_gives_up_loses_the_instance_and_nothing_else() {
    let lab = Lab::shared();
    let plugin = lab.load("faults");
    let other = lab.load("echo");
    for content in ["spin", "sleep"] {
        answer(&plugin, "before").await;
        let before = plugin.stats();
        {
            let (mut call, signal) = (Call::new(), Signal::text(content));
            let mut call = pin!(plugin.process_signal(&mut call, &signal));
            assert!(call.as_mut().now_or_never().is_none(), "it is under way");
        }
        assert_eq!(answer(&plugin, "after").await, "after");
        assert_eq!(answer(&other, "after").await, "after");
        let stats = plugin.stats();
        assert_eq!(
            (stats.calls - before.calls, stats.errors - before.errors, stats.traps - before.traps),
            (2, 1, 1),
            "{content}"
        );
        assert_eq!(stats.instances - before.instances, 1);
    }
    assert_eq!(plugin.stats().health, Health::Healthy);
}

#[tokio::test]
async fn a_caller_that_gives_up_while_it_waits_for_its_turn_changes_nothing() {
    let lab = Lab::shared();
    let plugin = lab.load_with("faults", hurried()).unwrap();
    let (mut first, spin) = (Call::new(), Signal::text("spin"));
    let mut first = pin!(plugin.process_signal(&mut first, &spin));
    assert!(first.as_mut().now_or_never().is_none());
    {
        let (mut second, signal) = (Call::new(), Signal::text("hello"));
        let mut second = pin!(plugin.process_signal(&mut second, &signal));
        assert!(second.as_mut().now_or_never().is_none(), "the plugin is busy");
    }
    assert_eq!(limit(&first.await.unwrap_err()), Limit::Deadline);
    assert_eq!(answer(&plugin, "after").await, "after");
    assert_eq!(plugin.stats().calls, 2);
}

#[tokio::test]
async fn one_thread_serves_others_while_four_plugins_spin() {
    let lab = Lab::shared();
    let spinners: Vec<_> = (0..4).map(|_| lab.load_with("faults", hurried()).unwrap()).collect();
    let other = lab.load("echo");
    answer(&other, "warm").await;
    let spin = futures::future::join_all(spinners.iter().map(|plugin| ask(plugin, "spin")));
    let mut spin = pin!(spin);
    assert!(spin.as_mut().now_or_never().is_none(), "all four are under way");
    assert_eq!(answer(&other, "hello").await, "hello", "somebody else has a turn");
    let results = spin.await;
    assert!(results.iter().all(|result| limit(result.as_ref().unwrap_err()) == Limit::Deadline));
    assert_eq!(other.stats().instances, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_of_many_tasks_to_one_plugin_come_one_after_the_other() {
    let lab = Lab::shared();
    let plugin = lab.load("two-kinds");
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let plugin = plugin.clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    let content = format!("{task}/{n}");
                    assert_eq!(answer(&plugin, &content).await, content);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(plugin.execute_tool(&mut Call::new(), "counter", "{}").await.unwrap(), "400");
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.instances), (401, 0, 1));
}

#[tokio::test]
async fn replies_that_break_the_contract_are_bad_replies() {
    let lab = Lab::shared();
    let json = serde_json::json!([]);
    let options = crate::lab::described(manifest("test.bad-reply", json, &[]));
    let plugin = lab.load_with("bad-reply", options).unwrap();
    let call = &mut Call::new();
    let error = ask(&plugin, "hello").await.unwrap_err();
    assert!(matches!(&error, Error::BadReply { reason, .. } if reason.contains("another id")), "{error}");
    for (text, says) in [("ids", "other ids"), ("rows", "`ids` has 4"), ("ends", "`contents`")] {
        let mut batch = SignalBatch::new();
        batch.push((1, 2), 3, "text", text);
        batch.push((4, 5), 6, "text", "x");
        let error = plugin.process_batch(call, &batch).await.unwrap_err();
        assert!(matches!(&error, Error::BadReply { reason, .. } if reason.contains(says)), "{error}");
    }
    let signal = Signal::text("nil");
    let reply = plugin.process_signal(call, &signal).await.unwrap();
    assert_eq!(reply.id, signal.id, "the nil id stands for the signal's");
    let mut batch = SignalBatch::new();
    batch.push((1, 2), 3, "text", "none");
    batch.push((4, 5), 6, "text", "x");
    assert_eq!(plugin.process_batch(call, &batch).await.unwrap().ids, [1, 2, 4, 5], "and so does no id at all");
    let mut batch = SignalBatch::new();
    batch.push((1, 2), 3, "text", "columns");
    batch.metadata = vec![Column { name: "a\u{1b}[2J".into(), values: ColumnValues::Numbers(vec![0.5]) }];
    let error = plugin.process_batch(call, &batch).await.unwrap_err();
    assert!(matches!(&error, Error::BadReply { reason, .. } if reason.contains(r"a\u{1b}[2J")), "{error:?}");
    for params in ["", "{", "1 2", "NaN"] {
        let error = plugin.execute_tool(call, "tool", params).await.unwrap_err();
        assert!(matches!(&error, Error::BadReply { reason, .. } if reason.contains("not JSON")), "{error}");
    }
    assert_eq!(plugin.execute_tool(call, "tool", "\"good\"").await.unwrap(), "\"good\"");
    assert_eq!(plugin.validate_tool(call, "tool", "").await.unwrap(), [], "no violations are as good as none");
    assert_eq!(plugin.search(call, "any", 3).await.unwrap().len(), 3, "more hits than were asked for are left out");
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.traps, stats.instances), (14, 9, 0, 1), "they count as errors");
}

#[tokio::test]
async fn replies_that_are_no_values_are_traps() {
    let lab = Lab::shared();
    // What a result of text looks like in memory: 0 for ok, where the text begins, and how long it is.
    let replies = [
        (
            "text that is no UTF-8",
            r#"(data (i32.const 16) "\00\00\00\00\20\00\00\00\02\00\00\00") (data (i32.const 32) "\c3\28")"#,
            "utf-8",
        ),
        ("text outside of memory", r#"(data (i32.const 16) "\00\00\00\00\00\00\00\7f\0a\00\00\00")"#, "out of bounds"),
        ("neither ok nor error", r#"(data (i32.const 16) "\07\00\00\00\20\00\00\00\02\00\00\00")"#, "discriminant"),
        (
            "a failure of no code",
            r#"(data (i32.const 16) "\01\00\00\00\63\00\00\00\20\00\00\00\00\00\00\00")"#,
            "discriminant",
        ),
    ];
    for (what, fields, says) in replies {
        let bytes = Raw { world: TOOL, bodies: &[("execute", "i32.const 16")], fields, ..Raw::default() }.component();
        let plugin = lab.load_raw(&bytes, manifest("test.raw", serde_json::json!([]), &[])).unwrap();
        let error = plugin.execute_tool(&mut Call::new(), "", "").await.unwrap_err();
        assert!(matches!(&error, Error::Trapped { trap, .. } if trap.contains(says)), "{what}: {error:?}");
        assert_eq!(plugin.stats().traps, 1);
    }
}

#[tokio::test]
async fn text_for_the_host_that_is_no_utf_8_is_a_trap() {
    let lab = Lab::new();
    let raw = Raw {
        world: "import hal9:plugin/logging@0.1.0; export hal9:plugin/tool@0.1.0;",
        bodies: &[("execute", "(call $log (i32.const 1) (i32.const 32) (i32.const 2)) unreachable")],
        fields: r#"(data (i32.const 32) "\c3\28")"#,
        ..Raw::default()
    };
    let plugin = lab.load_raw(&raw.component(), manifest("test.raw", serde_json::json!([]), &[])).unwrap();
    let error = plugin.execute_tool(&mut Call::new(), "", "").await.unwrap_err();
    assert!(matches!(&error, Error::Trapped { trap, .. } if trap.contains("utf-8")), "{error:?}");
    assert!(lab.log.take().is_empty());
}
