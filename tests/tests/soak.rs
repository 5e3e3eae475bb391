//! Fifty plugins that trap, flood, ask for what they may not and do good work, all at once and for a while: what the process
//! holds stays flat, whoever behaves is served, and the audit log tells it all and can tell when it was tampered with.
//!
//! `HAL9_SOAK_SECONDS` makes it longer than the twenty seconds of an ordinary run.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hal9_host::{AuditKind, AuditLog, Call, EngineConfig, Error, Grant, Host, LoadOptions, Plugin, Signal};
use hal9_package::{ByteSize, LimitOverrides};

const PLUGINS: usize = 50;

/// Guests, with what they are asked: what is good, and what is not.
const WORK: [(&str, &str, &[&str]); 6] = [
    ("echo", "hello", &[]),
    ("faults", "hello", &["panic", "exit", "divide", "grow", "recurse", "spin", "sleep"]),
    ("flood", "lines 3", &["lines 100000", "stdout 100000", "content 20000000"]),
    ("hoard", "random 10", &["pollables 2000", "random 70000"]),
    ("uses-memory", "set notes/1 x", &["get other", "keys "]),
    ("uses-metrics", "gauge work.x 1", &["gauge other 1"]),
];

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Holds {
    files: usize,
    threads: usize,
    kibibytes: u64,
}

impl Holds {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        Self {
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            kibibytes: line("VmRSS:").trim().trim_end_matches(" kB").trim().parse().unwrap(),
        }
    }
}

fn host(audit: Arc<AuditLog>) -> Host {
    let mut engine = EngineConfig::default();
    engine.max_instances = 128;
    engine.max_memory = 256 << 20;
    Host::builder().engine(engine).audit(audit).log(Arc::new(Silent)).build().unwrap()
}

struct Silent;

impl hal9_host::LogSink for Silent {
    fn write(&self, _: &hal9_host::LogLine<'_>) {}
}

fn load(host: &Host, guest: &str) -> Plugin {
    let component = host.compile_file(&hal9_tests::guest(guest)).unwrap();
    let grant = ["Hal9Memory:notes/", "Hal9Metrics:work."].map(|text| text.parse().unwrap());
    let caps = LimitOverrides {
        call_time: Some(Duration::from_millis(250)),
        memory: Some(ByteSize::mib(16)),
        ..LimitOverrides::default()
    };
    let options = LoadOptions { grant: Grant::Only(grant.into_iter().collect()), caps, ..LoadOptions::default() };
    host.load(&component, options).unwrap()
}

/// Asks a plugin for good and bad in turns until the time is over; how often what is good was served.
async fn mix(plugin: Plugin, at: usize, until: Instant) -> u64 {
    let (_, good, bad) = WORK[at % WORK.len()];
    let (mut served, mut turn) = (0, at);
    while Instant::now() < until {
        let reply = plugin.process_signal(&mut Call::new(), &Signal::text(good)).await;
        reply.unwrap_or_else(|error| panic!("{good}: {error}"));
        served += 1;
        if let Some(bad) = bad.get(turn % bad.len().max(1)) {
            let reply = plugin.process_signal(&mut Call::new(), &Signal::text(bad)).await;
            // A denial is an answer; the rest ends the call.
            let fatal = matches!(&reply, Err(error) if error.is_fatal());
            assert!(reply.is_ok() || fatal || matches!(reply, Err(Error::Failed { .. })), "{bad}: {reply:?}");
        }
        turn += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    served
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_plugins_leave_nothing_behind_but_their_records() {
    let seconds = std::env::var("HAL9_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_u64);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Arc::new(AuditLog::open(&path).unwrap());
    let host = host(audit.clone());
    let plugins: Vec<_> = (0..PLUGINS).map(|at| load(&host, WORK[at % WORK.len()].0)).collect();
    let run = async |time: Duration| {
        let until = Instant::now() + time;
        let tasks: Vec<_> =
            plugins.iter().enumerate().map(|(at, plugin)| tokio::spawn(mix(plugin.clone(), at, until))).collect();
        let mut served = Vec::new();
        for task in tasks {
            served.push(task.await.unwrap());
        }
        served
    };
    // Pools and caches fill first.
    run(Duration::from_secs(seconds / 4)).await;
    let before = Holds::now();
    let served = run(Duration::from_secs(seconds)).await;
    let after = Holds::now();
    assert!(served.iter().all(|served| *served > 0), "everybody was served: {served:?}");
    assert!(after.files <= before.files + 2, "{before:?} {after:?}");
    assert!(after.threads <= before.threads + 2, "{before:?} {after:?}");
    assert!(after.kibibytes <= before.kibibytes + before.kibibytes / 10 + (8 << 10), "{before:?} {after:?}");
    let traps: u64 = plugins.iter().map(|plugin| plugin.stats().traps).sum();
    assert!(traps > 100, "it was a storm: {traps}");

    drop((plugins, host));
    drop(audit);
    tampering_is_found(&path, folder.path());
}

/// What was written holds, and whatever is done to it is found.
fn tampering_is_found(path: &Path, folder: &Path) {
    let whole = AuditLog::verify(path).unwrap();
    assert!(whole.damage.is_empty(), "{whole:?}");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.len() < 64 << 20, "a flood is counted: {} bytes", text.len());
    for kind in [AuditKind::Load, AuditKind::Trap, AuditKind::Limit, AuditKind::Deny] {
        assert!(text.contains(&format!("\"kind\":\"{kind}\"")), "{kind}");
    }
    let lines: Vec<_> = text.lines().collect();
    let middle = lines.len() / 2;
    let changed = lines[middle].replacen("test.", "tesu.", 1);
    let with = |at: usize, line: Option<&str>| {
        let mut lines = lines.clone();
        match line {
            Some(line) => lines[at] = line,
            None => drop(lines.remove(at)),
        }
        lines.join("\n") + "\n"
    };
    for (what, tampered) in [
        ("a changed byte", with(middle, Some(&changed))),
        ("a removed line", with(middle, None)),
        ("a cut tail", with(lines.len() - 1, None)),
    ] {
        let copy = folder.join("tampered");
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        let path = copy.join(path.file_name().unwrap());
        std::fs::write(&path, tampered).unwrap();
        assert!(!AuditLog::verify(&path).unwrap().damage.is_empty(), "{what}");
        std::fs::remove_dir_all(copy).unwrap();
    }
}
