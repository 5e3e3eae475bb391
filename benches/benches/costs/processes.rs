//! What is measured in a process of its own, which is this program with other arguments: how much memory many plugins take, how
//! long it is from the start of a process to plugins that have answered, and a whole `hal9` command.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use criterion::Criterion;
use hal9_benches::{is_measuring, record};
use hal9_host::{Call, CompileIn, EngineConfig, Host, LoadOptions, Plugin, Signal, compile_child};
use hal9_package::Manifest;
use tempfile::TempDir;

use crate::{TEXT, runtime};

/// What this program is started with to be one of these processes; then how many plugins, or where they are.
const LIVE: &str = "live";
const READY: &str = "ready";
/// What it is called where it is to be `hal9`.
const HAL9: &str = "hal9";

/// How many plugins are loaded at once.
const MANY: usize = 100;

/// What this process is to do, if it is not to measure.
pub(crate) fn child() -> Option<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        // What `hal9` and what the benchmarks start to compile.
        [_, "compile-component" | crate::CHILD, ..] => Some(compile_child()),
        [HAL9, ..] => Some(hal9::main()),
        [_, LIVE, plugins] => {
            live(plugins.parse().unwrap());
            Some(ExitCode::SUCCESS)
        }
        [_, READY, folder] => {
            ready(Path::new(folder));
            Some(ExitCode::SUCCESS)
        }
        _ => None,
    }
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// So many plugins that live and have answered, and the bytes that each of them takes.
pub(crate) fn memory() {
    let plugins = if is_measuring() { 10_000 } else { 20 };
    let output = this_program().args([LIVE, &plugins.to_string()]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told} {}", String::from_utf8_lossy(&output.stderr));
    let bytes: f64 = told.trim().parse().unwrap();
    record("scale/live-all", bytes);
    record("scale/live-each", bytes / f64::from(plugins));
}

#[expect(clippy::print_stdout, reason = "it tells the process that has started it")]
fn live(plugins: usize) {
    let runtime = runtime();
    let host = Host::new().unwrap();
    let component = host.compile_file(&hal9_tests::guest("raw-neuron")).unwrap();
    let text = std::fs::read(hal9_tests::guests_dir().join("raw-neuron/manifest.json")).unwrap();
    let options = LoadOptions { manifest: Some(Manifest::parse(&text).unwrap()), ..LoadOptions::declared() };
    let load = || host.load(&component, options.clone()).unwrap();
    let ask = |plugin: &Plugin| {
        runtime.block_on(plugin.process_signal(&mut Call::new(), &Signal::text(TEXT))).unwrap();
    };
    let first = load();
    ask(&first);
    let before = resident();
    let all: Vec<_> = (0..plugins).map(|_| load()).inspect(ask).collect();
    println!("{}", resident().saturating_sub(before));
    all.iter().for_each(ask);
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// From the start of a process to what it says when it is done with what it was started for.
fn until_told(command: &mut Command) -> Duration {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let told = started.elapsed();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && !line.is_empty(), "{line} {}", String::from_utf8_lossy(&output.stderr));
    told
}

/// Processes that begin, with all compiled code in the cache.
pub(crate) fn starts(criterion: &mut Criterion) {
    let folder = many(if is_measuring() { MANY } else { 3 });
    let home = home();
    let mut group = criterion.benchmark_group("load");
    group.sample_size(30);
    group.bench_function("hundred", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| until_told(this_program().arg(READY).arg(folder.path()))).sum());
    });
    group.bench_function("cold", |bencher| {
        let mut send = command(home.path(), &["signal", "send", "--layer", "L2", TEXT]);
        bencher.iter_custom(|times| (0..times).map(|_| until_told(&mut send)).sum());
    });
    group.finish();
}

/// A folder with components that differ, and the code of all of them in its cache.
fn many(plugins: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let component = std::fs::read(hal9_tests::guest("plain")).unwrap();
    for at in 0..plugins {
        // A custom section: its id, its size, the size of its name, its name.
        let name = format!("{at:03}");
        let section = [&[0, 4, 3], name.as_bytes()].concat();
        std::fs::write(folder.path().join(name).with_extension("wasm"), [component.clone(), section].concat()).unwrap();
    }
    ready_in(folder.path());
    folder
}

#[expect(clippy::print_stdout, reason = "it tells the process that has started it")]
fn ready(folder: &Path) {
    let plugins = ready_in(folder);
    println!("{}", plugins.len());
}

/// Loads all components of a folder, and calls each.
fn ready_in(folder: &Path) -> Vec<Plugin> {
    let mut engine = EngineConfig::default();
    engine.pooled_instances = MANY as u32;
    let host =
        Host::builder().engine(engine).compile_in(CompileIn::Process).cache(folder.join("cache")).build().unwrap();
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "wasm")).collect();
    let read = |path: &PathBuf| (path.display().to_string(), std::fs::read(path).unwrap());
    let components: Vec<_> = files.iter().map(read).collect();
    let load = |component| host.load(&component, LoadOptions::declared()).unwrap();
    let plugins: Vec<_> = host.compile_all(&components).into_iter().map(|it| load(it.unwrap())).collect();
    let runtime = runtime();
    for plugin in &plugins {
        runtime.block_on(plugin.neuron_state(&mut Call::new())).unwrap();
    }
    plugins
}

/// A home with the sentiment analyzer, whose code is in the cache.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let component = hal9_tests::guest("sentiment-analyzer");
    hal9_tests::run(&mut command(home.path(), &["plugin", "load", "--dev", &component.display().to_string()]));
    hal9_tests::run(&mut command(home.path(), &["signal", "send", "--layer", "L2", TEXT]));
    home
}

/// This program as `hal9`.
pub(crate) fn hal9() -> Command {
    let mut command = this_program();
    command.arg0(HAL9).env_remove("HAL9_ENV");
    command
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = hal9();
    command.args(arguments).env("HAL9_HOME", home);
    command
}
