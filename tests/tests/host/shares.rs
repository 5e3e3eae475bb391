//! What all plugins share: processor time by shares, and totals beyond which none gets more. Each test names its guard.

use std::time::{Duration, Instant};

use hal9_host::{Error, HostLimits, Limit};
use hal9_package::{ByteSize, LimitOverrides, Percent};

use crate::lab::{Lab, answer, ask, capped, limit};

/// Guards `Meter::charge`: without the rest that it orders, the plugin computes for as long as its call lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_computes_no_more_than_its_share() {
    let lab = Lab::shared();
    let caps = LimitOverrides { cpu_share: Some(Percent::of(10)), ..LimitOverrides::default() };
    let plugin = lab.load_with("faults", capped(LimitOverrides { call_time: Some(Duration::from_secs(3)), ..caps }));
    let plugin = plugin.unwrap();
    let started = Instant::now();
    assert_eq!(limit(&ask(&plugin, "spin").await.unwrap_err()), Limit::Deadline);
    let used = plugin.stats().cpu.as_secs_f64();
    // The share of the time, the burst that it may begin with, and a few ticks.
    let most = started.elapsed().as_secs_f64() * 0.1 + 0.2 + 0.05;
    assert!(used <= most, "{used} of {most}");
    assert!(used > 0.05, "it did compute: {used}");
    assert_eq!(answer(&plugin, "after").await, "after");
}

/// Guards the sampling of `Meter::tick`: without it, plugins are charged for calls that compute nothing.
#[tokio::test]
async fn short_calls_cost_nothing_to_speak_of() {
    let lab = Lab::shared();
    let plugin = lab.load("echo");
    for _ in 0..1_000 {
        answer(&plugin, "x").await;
    }
    assert!(plugin.stats().cpu < Duration::from_millis(200), "{:?}", plugin.stats().cpu);
}

/// Guards the pool of `Limiter`: each of the two stays within its own limit.
#[tokio::test]
async fn memory_has_a_bound_for_all_plugins_together() {
    let mut totals = HostLimits::default();
    totals.memory = ByteSize::mib(24);
    let lab = Lab::with_totals(totals);
    let (greedy, other) = (lab.load("faults"), lab.load("echo"));
    answer(&other, "x").await;
    let error = ask(&greedy, "grow").await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { what, .. } if what.contains("all plugins together")), "{error:?}");
    assert!(error.help().unwrap().contains("totals"));
    assert!(lab.audit.one().message.contains("all plugins together"));
    assert_eq!(answer(&other, "x").await, "x");
    assert_eq!(answer(&greedy, "after").await, "after", "what it held was given back");
}

/// Guards `Names::accept`.
#[tokio::test]
async fn names_of_metrics_have_a_bound_for_all_plugins_together() {
    let mut totals = HostLimits::default();
    totals.metric_names = 3;
    let lab = Lab::with_totals(totals);
    let (a, b) = (lab.load("uses-metrics"), lab.load("uses-metrics"));
    answer(&a, "gauge a 1\ngauge b 1").await;
    answer(&b, "gauge c 1\ngauge d 1\ngauge c 2").await;
    assert_eq!(lab.metrics.of(a.id()).dropped, 1, "the fourth name");
    drop(a);
    answer(&b, "gauge d 1").await;
    assert!(lab.metrics.of(b.id()).metrics.contains_key("d"), "there is room when a plugin is gone");
}

/// Guards `Guard::enter`: an interface has its rate, and others are not held to what it used up.
#[tokio::test]
async fn calls_of_an_interface_have_a_rate() {
    let lab = Lab::shared();
    let caps = LimitOverrides { host_calls: Some(100), ..LimitOverrides::default() };
    let plugin = lab.load_with("flood", capped(caps.clone())).unwrap();
    answer(&plugin, "lines 90").await;
    assert_eq!(limit(&ask(&plugin, "lines 200").await.unwrap_err()), Limit::Rate);
    let error = ask(&plugin, "lines 200").await.unwrap_err();
    assert!(error.to_string().ends_with("reached its rate limit of 100"), "{error}");
    let other = lab.load_with("flood", capped(caps)).unwrap();
    answer(&other, "lines 90").await;
}
