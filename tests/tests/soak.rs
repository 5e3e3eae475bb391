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
use hal9_package::{ByteSize, LimitOverrides, Manifest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const PLUGINS: usize = 50;

/// What comes of what is asked that should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The call ends, and its instance with it.
    Fatal,
    /// The plugin is told, and goes on.
    Told,
}

/// Guests, with what is good and what is not: `SERVER` is one that answers and `OTHER` one that was not granted.
type Work = (&'static str, &'static [&'static str], &'static [(&'static str, Ends)]);

const WORK: [Work; 8] = [
    ("echo", &["hello"], &[]),
    (
        "faults",
        &["hello"],
        &[
            ("panic", Ends::Fatal),
            ("exit", Ends::Fatal),
            ("divide", Ends::Fatal),
            ("grow", Ends::Fatal),
            ("recurse", Ends::Fatal),
            ("spin", Ends::Fatal),
            ("sleep", Ends::Fatal),
            ("fail", Ends::Told),
        ],
    ),
    (
        "flood",
        &["lines 3"],
        &[("lines 100000", Ends::Fatal), ("stdout 100000", Ends::Fatal), ("content 20000000", Ends::Fatal)],
    ),
    ("hoard", &["random 10"], &[("pollables 2000", Ends::Fatal), ("random 70000", Ends::Fatal)]),
    ("uses-memory", &["set notes/1 x"], &[("get other", Ends::Told), ("keys ", Ends::Told)]),
    ("uses-metrics", &["gauge work.x 1"], &[("gauge other 1", Ends::Told)]),
    (
        "files",
        &["fill 10 /data/new", "hold 3 /data/new", "count 0 /data"],
        &[("hold 100 /data/new", Ends::Told), ("trap", Ends::Fatal), ("fill 10 /data/../out", Ends::Told)],
    ),
    (
        "uses-http",
        &["get http SERVER", "hold http SERVER"],
        &[("get http OTHER", Ends::Told), ("break http SERVER", Ends::Fatal)],
    ),
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

/// The guests that carry no manifest get one.
fn manifest(guest: &str) -> Manifest {
    let manifest = serde_json::json!({
        "api_version": 1,
        "metadata": {
            "id": format!("test.{guest}"), "name": guest, "version": "0.1.0", "author": "", "license": "Apache-2.0"
        },
        "capabilities": [{ "NeuronType": { "layer": "L2", "neuron_type": guest, "description": "" } }],
        "permissions": ["NetworkHttp", "FileWrite:./data=>/data"],
    });
    Manifest::parse(manifest.to_string().as_bytes()).unwrap()
}

fn load(host: &Host, guest: &str, grant: &[String]) -> Plugin {
    let component = host.compile_file(&hal9_tests::guest(guest)).unwrap();
    let caps = LimitOverrides {
        // Only those that never end are to be waited for.
        call_time: (guest == "faults").then_some(Duration::from_millis(250)),
        memory: Some(ByteSize::mib(16)),
        ..LimitOverrides::default()
    };
    let options = LoadOptions {
        manifest: Some(manifest(guest)),
        grant: Grant::Only(grant.iter().map(|text| text.parse().unwrap()).collect()),
        caps,
        ..LoadOptions::default()
    };
    host.load(&component, options).unwrap()
}

/// A server on this machine that answers everybody and waits for them to close.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut rest = Vec::new();
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
                let _ = stream.read_to_end(&mut rest).await;
            });
        }
    });
    address
}

/// Asks a plugin for good and bad in turns until the time is over; how often it went as it should.
async fn mix(plugin: Plugin, at: usize, servers: [String; 2], until: Instant) -> u64 {
    let (_, good, bad) = WORK[at % WORK.len()];
    let ask = async |order: &str| {
        let order = order.replace("SERVER", &servers[0]).replace("OTHER", &servers[1]);
        plugin.process_signal(&mut Call::new(), &Signal::text(&order)).await
    };
    let (mut served, mut turn) = (0, at);
    while Instant::now() < until {
        for order in good {
            ask(order).await.unwrap_or_else(|error| panic!("{order}: {error}"));
        }
        served += 1;
        if let Some((order, ends)) = bad.get(turn % bad.len().max(1)) {
            let reply = ask(order).await;
            let ended = match &reply {
                Err(error) if error.is_fatal() => Ends::Fatal,
                Ok(_) | Err(Error::Failed { .. }) => Ends::Told,
                Err(error) => panic!("{order}: {error}"),
            };
            assert_eq!(ended, *ends, "{order}: {reply:?}");
        }
        turn += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    served
}

#[test]
fn fifty_plugins_leave_nothing_behind_but_their_records() {
    // Threads that read files are let go soon, so that those that stay are seen.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .thread_keep_alive(Duration::from_millis(50))
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(soak());
}

async fn soak() {
    let seconds = std::env::var("HAL9_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_u64);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Arc::new(AuditLog::open(&path).unwrap());
    let host = host(audit.clone());
    let (servers, data) = ([server().await, server().await], tempfile::tempdir().unwrap());
    let grant = [
        "Hal9Memory:notes/".to_owned(),
        "Hal9Metrics:work.".to_owned(),
        format!("NetworkHttp:{}", servers[0]),
        format!("FileWrite:{}=>/data", data.path().display()),
    ];
    let plugins: Vec<_> = (0..PLUGINS).map(|at| load(&host, WORK[at % WORK.len()].0, &grant)).collect();
    let run = async |time: Duration| {
        let until = Instant::now() + time;
        let mix = |(at, plugin): (usize, &Plugin)| tokio::spawn(mix(plugin.clone(), at, servers.clone(), until));
        let tasks: Vec<_> = plugins.iter().enumerate().map(mix).collect();
        let mut served = Vec::new();
        for task in tasks {
            served.push(task.await.unwrap());
        }
        // An instance that is let go closes all that it had open.
        for plugin in &plugins {
            plugin.stop().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        served
    };
    // Pools and caches fill first.
    run(Duration::from_secs(seconds / 2)).await;
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
