//! Malformed packages, made byte by byte: each is refused by the command within bounds and leaves nothing behind, and its
//! twin without the fault installs.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

mod cases;
mod contents;
mod entries;
mod layout;
mod names;
mod plugin;
mod zip;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use cases::Case;
use plugin::Plugin;

/// The command that takes a package in, in a home.
fn install(home: &Path, package: &Path, program: &mut Command) -> Output {
    program
        .args(["--json", "plugin", "install"])
        .arg(package)
        .arg("--allow-unsigned")
        .env("HAL9_HOME", home)
        .env_remove("HAL9_ENV")
        .stdin(Stdio::null());
    program.output().unwrap()
}

/// `hal9`, as itself or with 64 MiB of memory and a second of processor time.
fn hal9(bounded: bool) -> Command {
    let hal9 = env!("CARGO_BIN_EXE_hal9-under-test");
    if !bounded {
        return Command::new(hal9);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -d 65536 && ulimit -t 1 && exec \"$@\"", "sh", hal9]);
    shell
}

/// A home where packages need no signature.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("hal9.toml"), "[trust]\nallow_unsigned = true\n").unwrap();
    home
}

/// The files below a folder; none, where there is no folder.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The bytes of a case's package.
fn package(id: &str, change: fn(&mut Plugin)) -> Vec<u8> {
    let mut plugin = Plugin::new(id);
    change(&mut plugin);
    plugin.bytes()
}

/// What is wrong with how a broken package was answered.
fn refusal(case: &Case, home: &Path, output: &Output) -> Result<(), String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let answer = || format!("status {:?}, {stderr}", output.status);
    if output.status.code() != Some(4) || !output.stdout.is_empty() {
        return Err(answer());
    }
    let error: Value = serde_json::from_str(stderr.trim()).map_err(|_| answer())?;
    let error = &error["error"];
    let message = error["message"].as_str().unwrap_or_default();
    if error["code"] != "invalid-package" || !message.contains(case.says) {
        return Err(format!("it should say `{}`: {error}", case.says));
    }
    if message.chars().any(char::is_control) || message.len() > 2_000 {
        return Err(format!("the message has control characters or is long: {message:?}"));
    }
    match files_below(&home.join("store")).as_slice() {
        [] => Ok(()),
        left => Err(format!("it left {left:?}")),
    }
}

#[test]
fn every_malformed_package_is_refused_within_bounds_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = home();
    let file = folder.path().join("broken.hal9");
    let mut wrong = Vec::new();
    for case in cases::all() {
        std::fs::write(&file, package("test.broken", case.broken)).unwrap();
        let output = install(home.path(), &file, &mut hal9(true));
        if let Err(how) = refusal(case, home.path(), &output) {
            wrong.push(format!("{}: {how}", case.name));
        }
    }
    assert!(cases::all().count() >= 100, "{}", cases::all().count());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases::all().count(), wrong.join("\n"));
}

#[test]
fn the_twin_of_every_malformed_package_installs() {
    let folder = tempfile::tempdir().unwrap();
    let home = home();
    let mut wrong = Vec::new();
    for (at, case) in cases::all().enumerate() {
        let id = format!("test.twin-{at}");
        let file = folder.path().join("twin.hal9");
        std::fs::write(&file, package(&id, case.twin)).unwrap();
        let output = install(home.path(), &file, &mut hal9(false));
        if !output.status.success() {
            wrong.push(format!("{}: {}", case.name, String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases::all().count(), wrong.join("\n"));
    let list = Command::new(env!("CARGO_BIN_EXE_hal9-under-test"))
        .args(["--json", "plugin", "list"])
        .env("HAL9_HOME", home.path())
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["plugins"].as_array().map(Vec::len), Some(cases::all().count()));
}
