//! `hal9 dev`: a plugin that is changed while it runs.

use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::home::{Home, Live, PATIENCE, Run};

/// A project whose neuron counts what it has seen, in a folder of its own.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(project.path().join("src")).unwrap();
        let sdk = hal9_tests::guests_dir().join("sdk");
        let manifest = format!(
            "[workspace]\n[package]\nname = \"counter\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nhal9-plugin-sdk = {{ path = {sdk:?} }}\n\
             [profile.release]\nopt-level = 1\nlto = false\npanic = \"abort\"\nstrip = true\n"
        );
        project.write("Cargo.toml", &manifest);
        // The versions that are there without a network.
        std::fs::copy(sdk.with_file_name("Cargo.lock"), project.path().join("Cargo.lock")).unwrap();
        // Whoever holds the build up is told that it is there, says when it may go on, and sees its end.
        project.write(
            "build.rs",
            "use std::io::Write as _;\n\nfn main() {\n    println!(\"cargo::rerun-if-changed=../gate\");\n    \
             if std::path::Path::new(\"../gate\").exists() {\n        \
             let mut gate = std::fs::File::create(\"../gate\").unwrap();\n        gate.write_all(b\"!\").unwrap();\n        \
             drop(std::fs::read(\"../go\"));\n    }\n}\n",
        );
        project.version("0.1.0", "", true);
        // Cargo writes down which of these versions it needs, and has nothing to write from then on.
        let mut cargo = Command::new(hal9_tests::cargo());
        cargo.args(["metadata", "--offline", "--format-version", "1"]).current_dir(project.path());
        hal9_tests::run(&mut cargo);
        project
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("counter")
    }

    /// Makes the two pipes that hold up the next build.
    fn hold(&self) {
        let pipes = ["go", "gate"].map(|name| self.0.path().join(name));
        hal9_tests::run(Command::new("mkfifo").args(pipes));
    }

    /// Waits until a build is held up. What is given back can be read to its end when that build has come to its own.
    fn wait(&self) -> std::fs::File {
        let mut gate = std::fs::File::open(self.0.path().join("gate")).unwrap();
        gate.read_exact(&mut [0]).unwrap();
        gate
    }

    /// Has it go on, and no other one be held up.
    fn go(&self) {
        std::fs::remove_file(self.0.path().join("gate")).unwrap();
        std::fs::write(self.0.path().join("go"), "").unwrap();
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    /// Writes a version with these permissions, which takes the state of another one or does not.
    fn version(&self, version: &str, permissions: &str, takes: bool) {
        let text = r#"
use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.counter", name: "Counter", version: "VERSION", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "counter" }],
    permissions: [PERMISSIONS],
}

#[derive(Default)]
struct Counter(u32);

impl LifecyclePlugin for Counter {
    fn export_state(&self) -> Result<Vec<u8>, PluginError> {
        Ok(self.0.to_le_bytes().to_vec())
    }

    fn import_state(&mut self, state: Vec<u8>) -> Result<(), PluginError> {
        match <[u8; 4]>::try_from(state) {
            Ok(bytes) if TAKES => self.0 = u32::from_le_bytes(bytes),
            _ => return err(ErrorCode::Unsupported, "not this state"),
        }
        Ok(())
    }

    fn reconfigure(&mut self, config: Value) -> Result<(), PluginError> {
        log_info(format!("configured with {config}"));
        Ok(())
    }
}

impl NeuronPlugin for Counter {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        self.0 += 1;
        Ok(PluginSignal { content: format!("VERSION {} {}", self.0, config()), ..signal })
    }
}

neuron_plugin!(Counter);
lifecycle_plugin!(Counter);
"#;
        let text = text.replace("VERSION", version).replace("PERMISSIONS", permissions);
        self.write("src/lib.rs", &text.replace("TAKES", if takes { "true" } else { "false" }));
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // A test that failed leaves no build waiting: opened without waiting, a pipe lets go of who waits at its other end.
        const NONBLOCK: i32 = 0o4000;
        let open = |name: &str, write: bool| {
            let mut options = std::fs::OpenOptions::new();
            options.read(!write).write(write).custom_flags(NONBLOCK).open(self.0.path().join(name))
        };
        let _ends = (open("gate", false), open("go", true));
    }
}

fn dev(home: &Home, path: &Path) -> Live {
    let mut command = home.command(["--json".as_ref(), "dev".as_ref(), path.as_os_str()]);
    command
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TARGET_DIR", hal9_tests::guests_target_dir().join("authors/dev"));
    Live::start(command)
}

/// The next failure of a step. What is saved while something is built is built again, and may fail twice.
#[track_caller]
fn failed(dev: &mut Live, step: &str) -> Value {
    loop {
        let failed = dev.event("failed");
        if failed["step"] == step {
            return failed;
        }
    }
}

/// What the plugin answers now.
#[track_caller]
fn asked(dev: &mut Live) -> String {
    dev.say("how many?");
    dev.event("reply")["signal"]["content"].as_str().unwrap().to_owned()
}

#[test]
fn every_change_is_swapped_in_or_leaves_the_old_version_serving() {
    let home = Home::new();
    let project = Project::new();
    let mut dev = dev(&home, &project.path());
    let serving = dev.event("serving");
    assert_eq!((&serving["id"], &serving["version"]), (&"test.counter".into(), &"0.1.0".into()));
    assert_eq!(asked(&mut dev), "0.1.0 1 {}");

    // A change is built beside the calls that go on.
    project.hold();
    project.version("0.2.0", "", true);
    project.wait();
    assert_eq!(asked(&mut dev), "0.1.0 2 {}");
    project.go();
    let swapped = dev.event("swapped");
    assert_eq!(
        [&swapped["from"], &swapped["to"], &swapped["state_bytes"]],
        [&json!("0.1.0"), &json!("0.2.0"), &json!(4)]
    );
    assert!(swapped["build_us"].as_u64() > Some(0) && swapped["swap_us"].as_u64() > Some(0), "{swapped}");
    assert_eq!(asked(&mut dev), "0.2.0 3 {}");

    project.write("src/lib.rs", "fn {");
    let broken = failed(&mut dev, "build");
    assert_eq!(broken["serving"], "0.2.0");
    assert!(broken["error"]["message"].as_str().unwrap().contains("src/lib.rs"), "{broken}");
    assert_eq!(asked(&mut dev), "0.2.0 4 {}");

    project.version("0.3.0", "Permission::Hal9Memory", true);
    let widened = failed(&mut dev, "swap");
    assert_eq!(widened["error"]["reason"], "widened");
    assert!(widened["error"]["message"].as_str().unwrap().contains("Hal9Memory"), "{widened}");
    assert!(widened["error"]["help"].as_str().unwrap().contains("--grant"), "{widened}");
    assert_eq!(asked(&mut dev), "0.2.0 5 {}");

    project.version("0.4.0", "", false);
    let refused = failed(&mut dev, "swap");
    assert!(refused["error"]["message"].as_str().unwrap().contains("not this state"), "{refused}");
    assert_eq!(asked(&mut dev), "0.2.0 6 {}");

    project.version("0.5.0", "", true);
    assert_eq!(dev.event("swapped")["from"], "0.2.0");
    assert_eq!(asked(&mut dev), "0.5.0 7 {}");

    std::fs::write(home.settings(), "[plugins.\"test.counter\".config]\nlanguage = \"en\"\n").unwrap();
    let configured = dev.event("log");
    assert_eq!(configured["message"], "configured with {\"language\":\"en\"}");
    dev.event("configured");
    assert_eq!(asked(&mut dev), "0.5.0 8 {\"language\":\"en\"}");
    std::fs::write(home.settings(), "[plugins").unwrap();
    failed(&mut dev, "configure");
    assert_eq!(asked(&mut dev), "0.5.0 9 {\"language\":\"en\"}");
    std::fs::write(home.settings(), "").unwrap();
    dev.event("configured");

    dev.end();
    dev.event("stopped");
    assert_eq!(dev.status(), 0);
    let list = home.hal9(["--json", "plugin", "list"]).json();
    assert_eq!(list["plugins"], json!([]), "nothing is installed by it");
}

#[test]
fn a_change_during_a_build_is_built_however_many_changed_nothing_before() {
    let home = Home::new();
    let project = Project::new();
    let mut dev = dev(&home, &project.path());
    dev.event("serving");
    for number in 1..=3 {
        project.write("README", &format!("{number}"));
        dev.event("unchanged");
    }
    project.hold();
    project.write("README", "4");
    project.wait();
    project.write("README", "5");
    // What is told of changes after that one says that it was seen.
    for language in ["de", "en"] {
        let text = format!("[plugins.\"test.counter\".config]\nlanguage = \"{language}\"\n");
        std::fs::write(home.settings(), text).unwrap();
        dev.event("configured");
    }
    project.go();
    dev.event("unchanged");
    dev.event("building");
}

#[test]
fn a_signal_ends_it_and_the_build_that_goes_on() {
    let home = Home::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let project = Project::new();
        project.hold();
        let mut dev = dev(&home, &project.path());
        dev.event("building");
        let mut gate = project.wait();
        kill(Pid::from_raw(dev.id()), signal).unwrap();
        dev.event("stopped");
        dev.ended();
        assert_eq!(dev.status(), 0);
        let (gone, is_gone) = channel();
        std::thread::spawn(move || gone.send(gate.read_to_end(&mut Vec::new())));
        assert!(is_gone.recv_timeout(PATIENCE).unwrap().is_ok(), "nobody waits for the build, and it is gone");
    }
}

#[test]
fn a_component_is_watched_and_swapped_and_ctrl_c_ends_it() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let component = std::fs::read(hal9_tests::guest("two-kinds")).unwrap();
    let file = folder.path().join("plugin.wasm");
    std::fs::write(&file, &component).unwrap();
    let mut dev = dev(&home, folder.path());
    dev.event("serving");
    dev.say("tool counter {}");
    let first = dev.event("result");
    assert_eq!((&first["tool"], &first["plugin"]), (&"counter".into(), &"test.two-kinds".into()));
    dev.say("tool no-such-tool {}");
    assert_eq!(dev.event("refused")["error"]["plugin"], "test.two-kinds");

    let replace = |bytes: &[u8]| {
        let new = folder.path().join(".new");
        std::fs::write(&new, bytes).unwrap();
        std::fs::rename(&new, &file).unwrap();
    };
    // With a custom section more: other bytes, and the same plugin.
    replace(&[&component, &b"\0\x02\x01x"[..]].concat());
    assert_eq!(dev.event("swapped")["to"], "0.1.0");
    replace(b"no component");
    assert_eq!(failed(&mut dev, "compile")["error"]["plugin"], Value::Null, "a path is no plugin");
    replace(&std::fs::read(hal9_tests::guest("flood")).unwrap());
    let other = failed(&mut dev, "swap");
    assert!(other["error"]["message"].as_str().unwrap().contains("test.flood"), "{other}");
    dev.say("tool counter {}");
    dev.event("result");
    kill(Pid::from_raw(dev.id()), Signal::SIGINT).unwrap();
    dev.event("stopped");
    assert_eq!(dev.status(), 0);
}

#[test]
fn what_hal9_toml_says_holds_for_what_serves_while_a_version_waits() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.wasm");
    let replace = |guest: &str| {
        let new = folder.path().join(".new");
        std::fs::copy(hal9_tests::guest(guest), &new).unwrap();
        std::fs::rename(&new, &file).unwrap();
    };
    replace("uses-memory");
    let mut dev = dev(&home, folder.path());
    dev.event("serving");
    dev.say("set key v1");
    assert_eq!(dev.event("reply")["error"], Value::Null);
    // Another plugin waits for what cannot come.
    replace("flood");
    failed(&mut dev, "swap");
    std::fs::write(home.settings(), "[plugins.\"test.uses-memory\"]\ndeny = [\"Hal9Memory:key\"]\n").unwrap();
    assert_eq!(dev.event("swapped")["id"], "test.uses-memory");
    failed(&mut dev, "swap");
    dev.say("set key v2");
    let denied = dev.next();
    assert!(denied.to_string().contains("Err(Denied)") && denied["event"] == "reply", "{denied}");
    // What comes of the settings is the same once more, where they say nothing new of what serves.
    std::fs::write(home.settings(), "[plugins.\"test.uses-memory\"]\ndeny = [\"Hal9Memory:key\"]\n\n").unwrap();
    assert_eq!(dev.event("failed")["step"], "swap");
}

#[test]
fn input_that_ends_ends_it_once_all_is_answered() {
    let home = Home::new();
    let file = hal9_tests::guest("settings");
    let run = home.hal9_with(b"one\ntwo\n", ["--json".as_ref(), "dev".as_ref(), file.as_os_str()]).ok();
    let events: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["building", "serving", "reply", "reply", "stopped"]);
    // For people.
    let run = home.hal9_with(b"one\n", ["dev".as_ref(), file.as_os_str()]).ok();
    assert!(run.stdout.contains("test.settings 0.1.0 serves") && run.stdout.contains("\"depth\":3"), "{}", run.stdout);
    assert!(run.stdout.contains("read in ") && !run.stdout.contains("built in "), "{}", run.stdout);
}

#[test]
fn a_first_version_that_fails_is_told_and_is_the_status() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plugin.wasm"), "no component").unwrap();
    let dev = |more: &[&str]| {
        let args = [&["--json", "dev"], more, &[folder.path().to_str().unwrap()]].concat();
        home.hal9(args)
    };
    let run: Run = dev(&[]);
    assert!(run.stdout.contains("\"event\":\"failed\""), "{run:?}");
    run.error(4);
    std::fs::copy(hal9_tests::guest("uses-memory"), folder.path().join("plugin.wasm")).unwrap();
    dev(&[]).ok();
    assert_eq!(dev(&["--no-grants"]).error(6)["reason"], "ungranted");
    home.hal9(["--json", "dev", "/no/such/folder"]).error(3);
}

#[test]
fn a_first_build_that_writes_down_its_versions_is_not_done_twice() {
    let home = Home::new();
    let project = Project::new();
    // More versions than it needs, which cargo takes out.
    std::fs::copy(hal9_tests::guests_dir().join("Cargo.lock"), project.path().join("Cargo.lock")).unwrap();
    let mut dev = dev(&home, &project.path());
    dev.event("building");
    dev.end();
    let mut events = Vec::new();
    while events.last().is_none_or(|event| event != "stopped") {
        events.push(dev.next()["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(events, ["serving", "stopped"]);
}

#[test]
fn who_asks_in_another_way_is_told_how() {
    let home = Home::new();
    let asks = |guest: &str, input: &str, more: &[&str]| {
        let file = hal9_tests::guest(guest);
        let args = [more, &["dev", file.to_str().unwrap()]].concat();
        home.hal9_with(input.as_bytes(), args).ok().stdout
    };
    let told = asks("tool", "hello\n", &["--json"]);
    let refused = told.lines().find(|line| line.contains("\"refused\"")).unwrap();
    let refused: Value = serde_json::from_str(refused).unwrap();
    let help = refused["error"]["help"].as_str().unwrap();
    assert!(help.starts_with("call ") && help.contains("tool "), "{help}");
    let called = asks("two-kinds", "tool counter\n", &["--json"]);
    assert!(called.contains("\"tool\":\"counter\"") && !called.contains("\"reply\""), "{called}");
    let package = home.path().join("one.hal9");
    std::fs::write(&package, "PK").unwrap();
    for args in [&["--json", "dev"][..], &["--json", "plugin", "load", "--dev"]] {
        let error = home.hal9([args, &[package.to_str().unwrap()]].concat()).error(2);
        assert!(error["help"].as_str().unwrap().contains("hal9 plugin install"), "{error}");
    }
    // A panic is one line here; what the plugin wrote of it is told as it comes.
    let panicked = asks("faults", "panic\n", &[]);
    assert!(panicked.contains("failed: test.faults: trapped") && !panicked.contains("\n  in "), "{panicked}");
    assert!(panicked.lines().all(|line| line.trim_end() != "WARN  test.faults"), "{panicked}");
}

#[test]
fn a_plugin_that_must_be_configured_says_what_to_write() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(hal9_tests::guest("raw-neuron"), folder.path().join("raw_neuron.wasm")).unwrap();
    let text = std::fs::read_to_string(hal9_tests::guests_dir().join("raw-neuron/manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    let port = json!({"type": "integer"});
    manifest["configuration"] = json!({"type": "object", "properties": {"port": port}, "required": ["port"]});
    std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
    let error = home.hal9(["--json", "dev", folder.path().to_str().unwrap()]).error(2);
    let id = manifest["metadata"]["id"].as_str().unwrap();
    let help = error["help"].as_str().unwrap();
    assert!(help.contains(&format!("[plugins.\"{id}\".config]")) && help.contains("port = 0"), "{error}");
    assert!(!help.contains("hal9 plugin config get"), "{error}");
    // Written so, it is taken.
    let lines: Vec<_> = help.lines().skip(1).map(str::trim).collect();
    std::fs::write(home.settings(), lines.join("\n")).unwrap();
    home.hal9(["dev", folder.path().to_str().unwrap()]).ok();
}
