//! Files as a plugin in Rust uses them up, and the rest of what WASI opens: how far it gets, what it is told, and what is
//! recorded. How each function of `wasi:filesystem` is guarded is tried beside the code.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hal9_host::{AuditEvent, AuditKind, EngineConfig, Host, HostLimits, LoadOptions, Plugin, UseRecorder};
use hal9_package::{ByteSize, LimitOverrides, Permission, PluginId};

use crate::lab::{Lab, answer, ask, described, neuron};

/// A plugin with one folder, `/data`.
fn plugin(lab: &Lab, guest: &str, kind: &str, dir: &Path, caps: LimitOverrides) -> Plugin {
    named(lab, guest, "test.files", kind, dir, caps)
}

fn named(lab: &Lab, guest: &str, id: &str, kind: &str, dir: &Path, caps: LimitOverrides) -> Plugin {
    let manifest = neuron(id, "L2", &[&format!("{kind}:{}=>/data", dir.display())]);
    lab.load_with(guest, LoadOptions { caps, ..described(manifest) }).unwrap()
}

fn none() -> LimitOverrides {
    LimitOverrides::default()
}

/// What Rust's library says where a write was refused: it knows the code of a function that failed, and not that of a stream.
const REFUSED: [&str; 2] = ["QuotaExceeded", "Uncategorized"];

#[track_caller]
fn is_refused(said: &str) {
    assert!(REFUSED.contains(&said), "{said}");
}

/// Guard: what a plugin writes counts to the last byte, in whichever way it writes it.
#[tokio::test]
async fn file_bytes_are_exact_at_the_bound() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    let size = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
    let caps = LimitOverrides { file_bytes: Some(ByteSize(20_000)), ..none() };
    let plugin = plugin(&lab, "files", "FileWrite", dir.path(), caps);
    assert_eq!(answer(&plugin, "fill 10000 /data/a").await, "ok ()");
    assert_eq!(answer(&plugin, "append 5000 /data/a").await, "ok ()");
    assert_eq!(answer(&plugin, "grow 19000 /data/a").await, "ok ()");
    assert_eq!(size("a"), 19_000);
    assert!(lab.audit.take().is_empty());
    for order in ["append 1001 /data/a", "grow 20001 /data/a", "skip 20000 /data/a", "skip 4000000000 /data/a"] {
        is_refused(&answer(&plugin, order).await);
        let AuditEvent { kind, message, help, .. } = lab.audit.one();
        assert!(kind == AuditKind::Limit && message.contains("file-bytes"), "{message}");
        assert!(help.contains("file_bytes") && help.contains("test.files"), "{help}");
    }
    assert_eq!(size("a"), 19_000);
    assert_eq!(answer(&plugin, "append 1000 /data/a").await, "ok ()");
    is_refused(&answer(&plugin, "append 1 /data/a").await);
    assert_eq!(answer(&plugin, "grow 20001 /data/a").await, "QuotaExceeded");
    assert_eq!((size("a"), plugin.stats().instances), (20_000, 1), "a full quota is an answer");
}

/// Guard: a plugin that breaks, or is stopped, does not get its bytes again.
#[tokio::test]
async fn file_bytes_outlive_an_instance() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    let caps = LimitOverrides { file_bytes: Some(ByteSize(100)), ..none() };
    let plugin = plugin(&lab, "files", "FileWrite", dir.path(), caps);
    assert_eq!(answer(&plugin, "fill 60 /data/a").await, "ok ()");
    ask(&plugin, "trap").await.unwrap_err();
    is_refused(&answer(&plugin, "fill 41 /data/b").await);
    plugin.stop().await.unwrap();
    assert_eq!(answer(&plugin, "fill 40 /data/b").await, "ok ()");
    is_refused(&answer(&plugin, "append 1 /data/b").await);
}

/// Guard: so many files at once; what is let go, and what a broken instance held, can be opened again.
#[tokio::test]
async fn open_files_are_bounded_and_given_back() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "text").unwrap();
    let caps = LimitOverrides { open_files: Some(5), ..none() };
    let plugin = plugin(&lab, "files", "FileRead", dir.path(), caps);
    for _ in 0..2 {
        assert_eq!(answer(&plugin, "hold 5 /data/file").await, "5 ok ()");
        assert!(lab.audit.take().is_empty());
        assert_eq!(answer(&plugin, "hold 1 /data/file").await, "5 QuotaExceeded");
        let event = lab.audit.one();
        assert!(event.kind == AuditKind::Limit && event.message.contains("open-files"), "{}", event.message);
        assert!(event.help.contains("open_files"), "{}", event.help);
        answer(&plugin, "release").await;
    }
    assert_eq!(answer(&plugin, "hold 5 /data/file").await, "5 ok ()");
    ask(&plugin, "trap").await.unwrap_err();
    assert_eq!(answer(&plugin, "hold 5 /data/file").await, "5 ok ()");
}

/// Guard: all plugins of a host have a bound together; whoever reaches it, the other one is told as well.
#[tokio::test]
async fn two_plugins_reach_the_totals_of_the_host() {
    let mut totals = HostLimits::default();
    (totals.open_files, totals.file_bytes) = (6, ByteSize(100));
    let lab = Lab::with_totals(totals);
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["test.a", "test.b"].map(|id| named(&lab, "files", id, "FileWrite", dir.path(), none()));
    assert_eq!(answer(&a, "fill 60 /data/a").await, "ok ()");
    is_refused(&answer(&b, "fill 41 /data/b").await);
    let event = lab.audit.one();
    assert_eq!(event.plugin.as_ref(), Some(b.id()));
    assert!(event.message.contains("all plugins together"), "{}", event.message);
    assert_eq!(answer(&b, "fill 40 /data/b").await, "ok ()");

    assert_eq!(answer(&a, "hold 4 /data/a").await, "4 ok ()");
    assert_eq!(answer(&b, "hold 4 /data/b").await, "2 QuotaExceeded");
    answer(&a, "release").await;
    assert_eq!(answer(&b, "hold 4 /data/b").await, "6 ok ()");
}

/// Guard: a special file is refused before anybody waits for its other end, well before the deadline; and recorded once.
#[tokio::test]
async fn special_files_are_refused_at_once() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "text").unwrap();
    hal9_tests::run(Command::new("mkfifo").arg(dir.path().join("pipe")));
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let caps = LimitOverrides { call_time: Some(Duration::from_secs(60)), ..none() };
    let plugin = plugin(&lab, "wasi", "FileWrite", dir.path(), caps);
    for order in ["read /data/pipe", "write /data/pipe", "read /data/socket"] {
        assert_eq!(answer(&plugin, order).await, "PermissionDenied", "{order}");
        let event = lab.audit.one();
        assert!(event.kind == AuditKind::Deny && event.message.contains("regular file"), "{}", event.message);
    }
    assert_eq!(answer(&plugin, "read /data/file").await, r#"ok "text""#);
    assert_eq!(answer(&plugin, "remove /data/pipe").await, "ok ()");
    assert!(lab.audit.take().is_empty());
}

/// Guard: a path that leads out, and a write through a grant to read, are each recorded once; what is within is not.
#[tokio::test]
async fn what_is_refused_is_recorded_once() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(dir.path().join("secret"), "outside").unwrap();
    std::fs::write(data.join("file"), "inside").unwrap();
    std::os::unix::fs::symlink("../secret", data.join("up")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret"), data.join("away")).unwrap();
    std::os::unix::fs::symlink("file", data.join("in")).unwrap();
    let plugin = plugin(&lab, "wasi", "FileRead", &data, none());
    for path in ["/data/../secret", "/data/up", "/data/away"] {
        assert_eq!(answer(&plugin, &format!("read {path}")).await, "PermissionDenied", "{path}");
        let event = lab.audit.one();
        assert!(event.kind == AuditKind::Deny && event.message.contains("leads out"), "{}", event.message);
    }
    assert_eq!(answer(&plugin, "write /data/file").await, "ReadOnlyFilesystem");
    let event = lab.audit.one();
    let wanted = format!("FileWrite:{}=>/data", data.display());
    assert_eq!(event.permission.as_ref().map(ToString::to_string), Some(wanted));
    for path in ["/data/file", "/data/in"] {
        assert_eq!(answer(&plugin, &format!("read {path}")).await, r#"ok "inside""#);
    }
    assert!(lab.audit.take().is_empty());
}

/// A folder with more in it than is read at once.
#[tokio::test]
async fn a_large_folder_is_listed() {
    let lab = Lab::new();
    let dir = tempfile::tempdir().unwrap();
    for number in 0..1_000 {
        std::fs::write(dir.path().join(number.to_string()), "").unwrap();
    }
    let plugin = plugin(&lab, "files", "FileRead", dir.path(), none());
    assert_eq!(answer(&plugin, "count 0 /data").await, "ok 1000");
}

#[derive(Default)]
struct Uses(Mutex<Vec<String>>);

impl UseRecorder for Uses {
    fn used(&self, _: &PluginId, permission: &Permission) {
        let mut uses = self.0.lock().unwrap();
        uses.push(permission.to_string());
        uses.dedup();
    }
}

impl Uses {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn what_wasi_opens_is_told_when_it_is_used() {
    let uses = Arc::<Uses>::default();
    let mut engine = EngineConfig::default();
    (engine.max_instances, engine.max_memory) = (8, 256 << 20);
    let host = Host::builder().engine(engine).recorder(uses.clone()).build().unwrap();
    let component = host.compile_file(&hal9_tests::guest("wasi")).unwrap();
    let load = |permissions: &[&str]| host.load(&component, described(neuron("test.wasi", "L2", permissions))).unwrap();
    let plugin = load(&["SystemTime", "SystemRandom", "SystemEnv:PATH", "SystemEnv:HAL9_NO_SUCH_VARIABLE"]);
    answer(&plugin, "read /none").await;
    uses.take();
    for (order, used) in [("time", "SystemTime"), ("random", "SystemRandom")] {
        answer(&plugin, order).await;
        assert!(uses.take().contains(&used.to_owned()), "{order}");
    }
    answer(&plugin, "list /").await;
    assert_eq!(uses.take(), [] as [&str; 0]);
    let fresh = load(&["SystemEnv:PATH", "SystemEnv:HAL9_NO_SUCH_VARIABLE"]);
    for order in ["time", "random", "env PATH"] {
        answer(&fresh, order).await;
    }
    // The clock that stands still and the numbers from a seed are no rights.
    assert_eq!(uses.take(), ["SystemEnv:PATH"]);
}
