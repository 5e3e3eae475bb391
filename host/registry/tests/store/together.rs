//! Several commands on one store at once, and commands that are killed.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use hal9_package::Package;
use hal9_registry::{Error, Fault, Registry};

use crate::{
    HOME, Result,
    common::id,
    packages::{component, install, package, package_with, version},
};

/// What the other process does.
const TASK: &str = "HAL9_REGISTRY_TEST_TASK";

/// Another process that does `task` to the registry of `home`, one line for each thing that was acknowledged.
fn other(home: &Path, task: &str) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["--exact", "together::the_other_process", "--nocapture"])
        .env(HOME, home)
        .env(TASK, task)
        .stdout(Stdio::piped())
        .spawn()
}

/// Whether somebody else was faster, which is no fault.
fn is_lost_race(error: &Error) -> bool {
    matches!(error, Error::Changed { .. } | Error::Unknown { .. } | Error::NoVersion { .. } | Error::Gone { .. })
}

fn unless_lost<T>(result: std::result::Result<T, Error>) -> std::result::Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_lost_race(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Both versions of `a.one` share their component.
fn versions() -> [Package; 2] {
    ["1.0.0", "2.0.0"].map(|version| package_with("a.one", version, &[], "", &component("of both")))
}

/// The version of a plugin that is current, with all its files whole.
fn current(registry: &Registry, name: &str) -> Result<Option<String>> {
    let Some(plugin) = registry.get(name)? else {
        return Ok(None);
    };
    if unless_lost(registry.component(&plugin))?.is_some() {
        for (_, installed) in registry.versions(plugin.id())? {
            unless_lost(registry.package(&installed))?;
        }
    }
    Ok(Some(plugin.manifest.metadata.version.to_string()))
}

#[test]
fn the_other_process() -> Result {
    let (Some(home), Ok(task)) = (std::env::var_os(HOME), std::env::var(TASK)) else {
        return Ok(());
    };
    let mut registry = Registry::open(Path::new(&home))?;
    let mut out = std::io::stdout().lock();
    let [old, new] = versions();
    // Alone it goes on for longer than anybody waits to kill it.
    for _ in 0..if task == "alone" { 2000 } else { 40 } {
        match task.as_str() {
            // The same thing as others.
            "install" => {
                let now = current(&registry, "a.one")?;
                let next = if now.as_deref() == Some("1.0.0") { &new } else { &old };
                unless_lost(install(&mut registry, next, now.as_deref()))?;
            }
            "uninstall" => drop(unless_lost(registry.uninstall(&id("a.one"), None))?),
            "mend" => drop(registry.mend()?),
            "read" => drop(current(&registry, "a.one")?),
            "check" => {
                let found = registry.check()?;
                assert!(found.iter().all(|one| one.owner.is_none()), "{found:?}");
            }
            // In, up and out, each of which is acknowledged.
            "alone" => {
                install(&mut registry, &old, None)?;
                writeln!(out, "\n1.0.0")?;
                install(&mut registry, &new, Some("1.0.0"))?;
                writeln!(out, "\n2.0.0")?;
                registry.uninstall(&id("a.one"), None)?;
                writeln!(out, "\nnone")?;
            }
            own => {
                install(&mut registry, &package(own, "1.0.0"), None)?;
                install(&mut registry, &package(own, "1.1.0"), Some("1.0.0"))?;
                registry.uninstall(&id(own), None)?;
                install(&mut registry, &package(own, "1.0.0"), None)?;
                registry.uninstall(&id(own), Some(&version("1.0.0")))?;
            }
        }
    }
    Ok(())
}

#[test]
fn commands_at_once_leave_the_store_whole() -> Result {
    let home = tempfile::tempdir()?;
    // No home yet: all of them try to make it at once.
    let home = home.path().join("home");
    let tasks = ["install", "install", "uninstall", "mend", "read", "check", "b.own", "c.own"];
    let mut others = Vec::new();
    for task in tasks {
        others.push((task, other(&home, task)?));
    }
    for (task, process) in others {
        let output = process.wait_with_output()?;
        assert!(output.status.success(), "{task}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let mut registry = Registry::open(&home)?;
    current(&registry, "a.one")?;
    assert_eq!(registry.check()?, []);
    unless_lost(registry.uninstall(&id("a.one"), None))?;
    assert_eq!(registry.list()?, []);
    assert_eq!(registry.check()?, [], "nothing is left of any of it");
    Ok(())
}

#[test]
fn threads_that_install_the_same_agree() -> Result {
    let home = tempfile::tempdir()?;
    let package = package("a.one", "1.0.0");
    let start = std::sync::Barrier::new(8);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Registry::open(home.path()).and_then(|mut registry| install(&mut registry, &package, None))
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    assert_eq!(results.len(), 8);
    assert!(results.iter().all(std::result::Result::is_ok), "{results:?}");
    assert_eq!(Registry::open(home.path())?.check()?, []);
    Ok(())
}

/// The state that the `seen` acknowledged steps of `alone` have led to.
fn state(seen: usize) -> Option<&'static str> {
    [None, Some("1.0.0"), Some("2.0.0")][seen % 3]
}

#[test]
fn a_killed_command_leaves_the_old_state_or_the_new() -> Result {
    for after in 0..30 {
        let home = tempfile::tempdir()?;
        let mut process = other(home.path(), "alone")?;
        let lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let mut acknowledged =
            lines.map_while(std::io::Result::ok).filter(|line| ["1.0.0", "2.0.0", "none"].contains(&line.as_str()));
        let mut seen = acknowledged.by_ref().take(after).count();
        process.kill()?;
        seen += acknowledged.count();
        process.wait()?;
        assert!(seen < 6000, "it was killed at work");

        let mut registry = Registry::open(home.path())?;
        let found = current(&registry, "a.one")?;
        assert!(
            [state(seen), state(seen + 1)].contains(&found.as_deref()),
            "{found:?} after {seen} steps that were acknowledged"
        );
        let damages = registry.check()?;
        assert!(damages.iter().all(|one| matches!(one.fault, Fault::Unreferenced | Fault::Leftover)), "{damages:?}");
        assert_eq!(registry.mend()?.len(), damages.len());
        assert_eq!(registry.check()?, []);
        unless_lost(registry.uninstall(&id("a.one"), None))?;
        install(&mut registry, &versions()[0], None)?;
        assert_eq!(registry.check()?, []);
    }
    Ok(())
}
