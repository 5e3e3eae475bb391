//! What plugins that compute without end leave to the others: four spinners for ten seconds, each held to a quarter of a
//! core, and the latency of a fifth plugin's calls beside them and alone. A report, as shares are no matter of microseconds.

use std::time::{Duration, Instant};

use hal9_host::{Call, Host, LoadOptions, Plugin, Signal};
use tokio::runtime::Runtime;

const SPINNERS: usize = 4;

/// How often the fifth plugin is called.
const PACE: Duration = Duration::from_micros(500);

/// `time` is how long the spinners spin.
pub(crate) fn report(time: Duration) {
    let runtime = Runtime::new().unwrap();
    let host = Host::new().unwrap();
    let component = host.compile_file(&hal9_tests::guest("faults")).unwrap();
    let spinners: Vec<_> = (0..SPINNERS).map(|_| host.load(&component, LoadOptions::declared()).unwrap()).collect();
    let component = host.compile_file(&hal9_tests::guest("echo")).unwrap();
    let other = host.load(&component, LoadOptions::declared()).unwrap();

    let alone = latencies(&runtime, &other, time);
    let started = Instant::now();
    let spinning: Vec<_> = spinners.iter().map(|plugin| runtime.spawn(spin(plugin.clone(), time))).collect();
    let beside = latencies(&runtime, &other, time);
    let shares: Vec<_> = spinners
        .iter()
        .map(|plugin| plugin.stats().cpu.as_secs_f64() / started.elapsed().as_secs_f64() * 100.0)
        .collect();
    spinning.into_iter().for_each(|spinner| spinner.abort());

    println!("{SPINNERS} spinners for {} s, each with a share of 25 % of a core", time.as_secs());
    for (at, share) in shares.iter().enumerate() {
        println!("  spinner {}  {share:>5.1} %", at + 1);
    }
    println!("a fifth plugin's calls   {:>10} {:>10} {:>10}", "median", "p99", "most");
    for (what, latencies) in [("alone", &alone), ("beside the spinners", &beside)] {
        let at = |part: f64| micros(latencies[((latencies.len() - 1) as f64 * part) as usize]);
        println!("  {what:<22} {:>10} {:>10} {:>10}", at(0.5), at(0.99), at(1.0));
    }
    let p99 = |latencies: &[Duration]| latencies[(latencies.len() - 1) * 99 / 100].as_secs_f64();
    println!("  p99 beside / alone {:>26.2}×", p99(&beside) / p99(&alone));
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

async fn spin(plugin: Plugin, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        // Ends at its deadline, and begins anew.
        let _ = plugin.process_signal(&mut Call::new(), &Signal::text("spin")).await;
    }
}

/// How long calls take, shortest first, one at each beat.
fn latencies(runtime: &Runtime, plugin: &Plugin, time: Duration) -> Vec<Duration> {
    let mut latencies = Vec::new();
    let (signal, started) = (Signal::text("hello"), Instant::now());
    runtime.block_on(async {
        while started.elapsed() < time {
            let before = Instant::now();
            plugin.process_signal(&mut Call::new(), &signal).await.unwrap();
            latencies.push(before.elapsed());
            std::thread::sleep(PACE);
        }
    });
    latencies.sort_unstable();
    latencies
}
