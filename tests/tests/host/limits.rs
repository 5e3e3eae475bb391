//! Every limit: reached, told as such with its value and the line to change, and survived.

use std::time::Duration;

use hal9_host::{Call, Error, Limit, LoadOptions, Signal, SignalBatch};
use hal9_package::{ByteSize, LimitOverrides};
use serde_json::json;

use crate::lab::{Lab, answer, ask, capped, configured, described, hurried, limit, manifest};
use crate::raw::{Raw, TOOL};

/// Has a guest reach a limit, and holds that it and another one go on.
async fn reaches(expected: Limit, guest: &str, content: &str, caps: LimitOverrides) {
    let lab = Lab::shared();
    let other = lab.load("echo");
    answer(&other, "before").await;
    let plugin = lab.load_with(guest, capped(caps)).unwrap();
    assert_eq!(answer(&plugin, "before").await, "before");
    let error = ask(&plugin, content).await.unwrap_err();
    assert_eq!(limit(&error), expected, "{error:?}");
    if let Some(setting) = expected.setting() {
        let allowed = plugin.limits().iter().find(|limit| limit.name == setting).unwrap().value;
        assert!(error.to_string().ends_with(&format!("reached its {expected} limit of {allowed}")), "{error}");
        let help = error.help().unwrap();
        assert!(help.contains(setting) && help.contains(plugin.id().as_str()), "{help}");
    }
    assert_eq!(answer(&plugin, "after").await, "after");
    let stats = plugin.stats();
    assert_eq!((stats.errors, stats.traps, stats.instances), (1, 1, 2));
    assert_eq!(answer(&other, "after").await, "after");
    assert_eq!(other.stats().instances, 1);
}

fn defaults() -> LimitOverrides {
    LimitOverrides::default()
}

fn quick() -> LimitOverrides {
    LimitOverrides { call_time: Some(Duration::from_millis(250)), ..defaults() }
}

#[tokio::test]
async fn call_time_stops_a_loop() {
    reaches(Limit::Deadline, "faults", "spin", quick()).await;
}

#[tokio::test]
async fn call_time_stops_a_sleep() {
    reaches(Limit::Deadline, "faults", "sleep", quick()).await;
}

#[tokio::test]
async fn memory_stops_growth() {
    reaches(Limit::Memory, "faults", "grow", LimitOverrides { memory: Some(ByteSize::mib(8)), ..defaults() }).await;
}

#[tokio::test]
async fn stack_stops_recursion() {
    reaches(Limit::Stack, "faults", "recurse", defaults()).await;
}

#[tokio::test]
async fn host_memory_bounds_what_a_call_brings_along_and_takes_home() {
    let caps = || LimitOverrides { host_memory: Some(ByteSize::kib(256)), ..defaults() };
    reaches(Limit::HostMemory, "flood", "line 300000", LimitOverrides { output: Some(ByteSize::mib(1)), ..caps() })
        .await;
    reaches(Limit::HostMemory, "flood", "content 300000", caps()).await;
    // Ten thousand names without values: little text, and a list that the host must allocate.
    reaches(Limit::HostMemory, "flood", "metadata 10000", caps()).await;
    reaches(Limit::HostMemory, "flood", "content 20000000", defaults()).await;
}

#[tokio::test]
async fn resources_and_handles_bound_what_is_held_at_once() {
    reaches(Limit::Resources, "hoard", "pollables 2000", defaults()).await;
    reaches(Limit::Handles, "hoard", "pollables 2000", LimitOverrides { handles: Some(100), ..defaults() }).await;
}

#[tokio::test]
async fn random_bytes_bounds_one_request() {
    reaches(Limit::Random, "hoard", "random 65537", defaults()).await;
    let lab = Lab::shared();
    assert_eq!(answer(&lab.load("hoard"), "random 65536").await, "65536");
}

#[tokio::test]
async fn output_bounds_what_a_call_writes_anywhere() {
    for content in ["lines 100000", "line 300000", "stdout 30000", "stderr 30000"] {
        reaches(Limit::Output, "flood", content, defaults()).await;
    }
    // The allowance is for one call, and is there again for the next one.
    let lab = Lab::new();
    let plugin = lab.load("flood");
    for _ in 0..3 {
        answer(&plugin, "stdout 20000").await;
    }
    assert_eq!((plugin.stats().instances, lab.log.take().len()), (1, 60_000));
}

#[tokio::test]
async fn signal_bytes_keeps_a_signal_from_the_plugin() {
    let lab = Lab::shared();
    let caps = LimitOverrides { signal_bytes: Some(ByteSize(16)), ..defaults() };
    let plugin = lab.load_with("echo", capped(caps)).unwrap();
    let fits = Signal { signal_type: String::new(), ..Signal::text("0123456789abcdef") };
    plugin.process_signal(&mut Call::new(), &fits).await.unwrap();
    let signals = [
        Signal { content: "0123456789abcdefg".into(), ..fits.clone() },
        Signal { signal_type: "t".into(), ..fits.clone() },
        Signal { metadata: vec![("k".into(), String::new())], ..fits },
    ];
    for signal in signals {
        let error = plugin.process_signal(&mut Call::new(), &signal).await.unwrap_err();
        assert_eq!(limit(&error), Limit::Size);
        assert!(!error.is_fatal() && error.to_string().contains("16"), "{error}");
    }
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.instances), (1, 1), "it was not asked");
}

#[tokio::test]
async fn a_batch_larger_than_the_plugin_s_memory_is_not_sent() {
    let lab = Lab::shared();
    let caps = LimitOverrides { memory: Some(ByteSize::mib(4)), ..defaults() };
    let plugin = lab.load_with("echo", capped(caps)).unwrap();
    let mut batch = SignalBatch::new();
    batch.push((1, 2), 3, "text", &"x".repeat(5 << 20));
    let error = plugin.process_batch(&mut Call::new(), &batch).await.unwrap_err();
    assert_eq!(limit(&error), Limit::Memory);
    assert!(error.to_string().contains("4MiB") && plugin.stats().calls == 0, "{error}");
    answer(&plugin, "after").await;
}

#[tokio::test]
async fn the_smaller_of_manifest_and_cap_is_what_holds() {
    let lab = Lab::shared();
    let mut manifest = manifest("test.faults", json!([]), &[]);
    manifest.limits.call_time = Duration::from_millis(50);
    manifest.limits.memory = ByteSize::mib(32);
    let bytes = Raw { world: TOOL, ..Raw::default() }.component();
    let component = lab.manager.host().compile("raw", &bytes).unwrap();
    let caps = LimitOverrides { memory: Some(ByteSize::mib(2)), call_time: Some(Duration::from_secs(9)), ..defaults() };
    let plugin = lab.manager.host().load(&component, LoadOptions { caps, ..described(manifest) }).unwrap();
    assert_eq!((plugin.limits().call_time, plugin.limits().memory), (Duration::from_millis(50), ByteSize::mib(2)));
}

/// Guards `limits::ceilings`: a stranger's manifest is no policy.
#[tokio::test]
async fn a_manifest_raises_no_limit_above_its_ceiling() {
    let lab = Lab::shared();
    let mut manifest = manifest("test.raw", json!([]), &[]);
    manifest.limits.resources = u32::MAX;
    manifest.limits.host_memory = ByteSize(u64::MAX);
    manifest.limits.connections = 20;
    let bytes = Raw { world: TOOL, ..Raw::default() }.component();
    let plugin = lab.load_raw(&bytes, manifest).unwrap();
    let limits = plugin.limits();
    assert_eq!((limits.resources, limits.host_memory), (100_000, ByteSize::mib(256)));
    assert_eq!(limits.connections, 20, "what is within it is what the manifest says");
}

#[tokio::test]
async fn call_time_bounds_the_beginning_and_the_end_of_an_instance() {
    let lab = Lab::shared();
    for config in [json!({ "init": "spin" }), json!({ "shutdown": "spin" })] {
        let plugin = lab.load_with("lifecycle", LoadOptions { config: config.clone(), ..hurried() }).unwrap();
        let error = match plugin.start().await {
            Err(error) => error,
            Ok(()) => plugin.stop().await.unwrap_err(),
        };
        assert_eq!(limit(&error), Limit::Deadline, "{config}");
        plugin.stop().await.unwrap();
    }
    answer(&lab.load_with("lifecycle", configured(json!({}))).unwrap(), "").await;
}

#[tokio::test]
async fn output_is_a_call_s_own_at_the_end_of_an_instance_too() {
    let lab = Lab::new();
    let caps = LimitOverrides { output: Some(ByteSize(100)), ..defaults() };
    let config = json!({ "init": "i", "shutdown": "s" });
    let plugin = lab.load_with("lifecycle", LoadOptions { config, ..capped(caps) }).unwrap();
    answer(&plugin, &"x".repeat(60)).await;
    plugin.stop().await.unwrap();
    assert_eq!(lab.log.messages(), ["init: i".to_owned(), "x".repeat(60), "shutdown: s".to_owned()]);
}

/// What a tool of core WebAssembly ends with, under a short deadline and 4 MiB.
async fn ends(bodies: &[(&str, &str)], fields: &str) -> Result<String, Error> {
    let lab = Lab::shared();
    let mut manifest = manifest("test.raw", json!([]), &[]);
    manifest.limits.call_time = Duration::from_millis(250);
    manifest.limits.memory = ByteSize::mib(4);
    let plugin = lab.load_raw(&Raw { world: TOOL, bodies, fields, ..Raw::default() }.component(), manifest)?;
    let result = plugin.execute_tool(&mut Call::new(), "tool", "{}").await;
    answer(&lab.load("echo"), "the host is alive").await;
    result
}

const SPIN: &str = "(loop br 0) unreachable";

/// `ok("1")`
const ONE: &str = r#"(data (i32.const 16) "\00\00\00\00\20\00\00\00\01\00\00\00") (data (i32.const 32) "1")"#;

#[tokio::test]
async fn call_time_stops_loops_wherever_they_are() {
    let start = format!("(func $start {SPIN}) (start $start)");
    let after = format!(r#"(func (export "cabi_post_hal9:plugin/tool@0.1.0#execute") (param i32) {SPIN}) {ONE}"#);
    type Place<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let places: [Place<'_>; 4] = [
        ("in the start function", &[], &start),
        ("where arguments are put", &[("cabi_realloc", SPIN)], ""),
        ("after the call", &[("execute", "i32.const 16")], &after),
        (
            "in bulk operations",
            &[("execute", "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 131072)) (br 0)) unreachable")],
            "",
        ),
    ];
    for (place, bodies, fields) in places {
        assert_eq!(limit(&ends(bodies, fields).await.unwrap_err()), Limit::Deadline, "{place}");
    }
}

/// Begins a component of so many instances of a module, each with a memory and a table of its own, under 4 MiB.
async fn begins(instances: usize, module: &str) -> Result<(), Error> {
    let lab = Lab::shared();
    let instances = "(core instance (instantiate $m))".repeat(instances);
    let text = format!(
        "(component (core module $m {module}) {instances}
            (instance $none) (export \"wasi:http/incoming-handler@0.2.0\" (instance $none)))"
    );
    let mut manifest = manifest("test.raw", json!([]), &[]);
    manifest.limits.memory = ByteSize::mib(4);
    lab.load_raw(&wat::parse_str(text).unwrap(), manifest)?.start().await
}

#[tokio::test]
async fn memory_sums_all_memories_and_tables() {
    for (module, fit) in [("(memory 48)", 1), ("(table 65536 funcref)", 8), ("(memory 8) (table 65536 funcref)", 4)] {
        begins(fit, module).await.unwrap_or_else(|error| panic!("{fit} times {module}: {error}"));
        assert_eq!(limit(&begins(fit + 1, module).await.unwrap_err()), Limit::Memory, "{} times {module}", fit + 1);
    }
    let grow =
        "(memory 1) (func (if (i32.eq (memory.grow (i32.const 47)) (i32.const -1)) (then unreachable))) (start 0)";
    begins(1, grow).await.unwrap();
    assert_eq!(limit(&begins(2, grow).await.unwrap_err()), Limit::Memory);
}

/// Guards the sum: each of the two is well within the limit.
#[tokio::test]
async fn two_modules_of_forty_mebibytes_exceed_the_default_limit() {
    let lab = Lab::shared();
    let begins = async |instances: &str| {
        let text = format!(
            "(component (core module $m (memory 640)) {instances}
                (instance $none) (export \"wasi:http/incoming-handler@0.2.0\" (instance $none)))"
        );
        lab.load_raw(&wat::parse_str(text).unwrap(), manifest("test.raw", json!([]), &[])).unwrap().start().await
    };
    begins("(core instance (instantiate $m))").await.unwrap();
    let error = begins("(core instance (instantiate $m)) (core instance (instantiate $m))").await.unwrap_err();
    assert_eq!(limit(&error), Limit::Memory);
    assert!(error.to_string().contains("64MiB"), "{error}");
}

#[tokio::test]
async fn a_guest_that_is_refused_memory_and_makes_do_is_not_stopped() {
    let grow = "(drop (memory.grow (i32.const 100))) i32.const 16";
    assert_eq!(ends(&[("execute", grow)], ONE).await.unwrap(), "1");
    let trap = "(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable)) i32.const 16";
    assert_eq!(limit(&ends(&[("execute", trap)], ONE).await.unwrap_err()), Limit::Memory);
}

#[tokio::test]
async fn a_component_whose_first_memory_is_too_large_cannot_begin() {
    let lab = Lab::shared();
    let caps = LimitOverrides { memory: Some(ByteSize::kib(64)), ..defaults() };
    let plugin = lab.load_with("echo", capped(caps)).unwrap();
    assert_eq!(limit(&ask(&plugin, "hello").await.unwrap_err()), Limit::Memory);
}

#[tokio::test]
async fn instances_are_bounded_for_all_plugins_together() {
    let lab = Lab::with_instances(2);
    let plugins: Vec<_> = (0..3).map(|_| lab.load("echo")).collect();
    answer(&plugins[0], "one").await;
    answer(&plugins[1], "two").await;
    let error = ask(&plugins[2], "three").await.unwrap_err();
    assert!(
        matches!(&error, Error::Unavailable { .. }) && error.help().unwrap().contains("max_instances"),
        "{error:?}"
    );
    assert_eq!(answer(&plugins[0], "still").await, "still");
    plugins[1].stop().await.unwrap();
    assert_eq!(answer(&plugins[2], "now").await, "now");
}
