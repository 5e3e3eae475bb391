//! Following logs: lines of several plugins as they come, until somebody ends it.

use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::home::{Home, Live};
use super::packages::Shelf;

#[test]
fn lines_are_followed_as_they_come_until_ctrl_c() {
    let home = Home::new();
    home.load("flood");
    home.load("settings");
    home.hal9(["signal", "send", "--layer", "L2", "--neuron", "flood", "lines 3"]).ok();
    let mut logs = Live::start(home.command(["--json", "plugin", "logs", "-f", "--tail", "2"]));
    assert_eq!([logs.next()["message"].clone(), logs.next()["message"].clone()], ["1", "2"]);
    home.hal9(["signal", "send", "--layer", "L2", "depth"]).ok();
    let line = logs.next();
    assert_eq!((&line["plugin"], &line["message"]), (&"test.settings".into(), &"depth is 3".into()));
    home.hal9(["signal", "send", "--layer", "L2", "--neuron", "flood", "stderr 1"]).ok();
    let line = logs.next();
    assert_eq!((&line["plugin"], &line["level"]), (&"test.flood".into(), &"warn".into()));
    kill(Pid::from_raw(logs.id()), Signal::SIGINT).unwrap();
    assert_eq!(logs.status(), 0);
}

/// Writes a plugin's log up to where its next line begins a new file.
fn fill(home: &Home, plugin: &str, last: &str) -> PathBuf {
    let file = home.path().join(format!("logs/{plugin}.jsonl"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let line = |at: u8, message: &str| {
        format!("{{\"timestamp\":{at},\"level\":\"Info\",\"source\":\"log\",\"message\":\"{message}\"}}\n")
    };
    std::fs::write(&file, line(1, &"x".repeat(10_000)).repeat(105) + &line(2, last)).unwrap();
    file
}

#[test]
fn lines_are_followed_through_a_full_file() {
    let home = Home::new();
    home.load("flood");
    let file = fill(&home, "test.flood", "last");
    let mut logs = Live::start(home.command(["--json", "plugin", "logs", "-f", "flood", "--tail", "1"]));
    assert_eq!(logs.next()["message"], "last");
    home.hal9(["signal", "send", "--layer", "L2", "lines 2"]).ok();
    assert_eq!([logs.next()["message"].clone(), logs.next()["message"].clone()], ["0", "1"]);
    assert!(file.with_extension("jsonl.old").exists() && file.metadata().unwrap().len() < 1_000, "it began a new file");
}

#[test]
fn lines_of_several_plugins_are_followed_through_full_files() {
    let home = Home::new();
    home.load("flood");
    home.load("settings");
    let files = [fill(&home, "test.flood", "last"), fill(&home, "test.settings", "last")];
    let mut logs = Live::start(home.command(["--json", "plugin", "logs", "-f", "flood", "settings", "--tail", "2"]));
    assert_eq!([logs.next()["message"].clone(), logs.next()["message"].clone()], ["last", "last"]);
    let send = |neuron: &str, text: &str| home.hal9(["signal", "send", "--layer", "L2", "--neuron", neuron, text]).ok();
    let mut next = |plugin: &str, message: &str| {
        let line = logs.next();
        assert_eq!((&line["plugin"], &line["message"]), (&plugin.into(), &message.into()));
    };
    send("flood", "lines 2");
    next("test.flood", "0");
    next("test.flood", "1");
    send("settings", "depth");
    next("test.settings", "depth is 3");
    // Both go on in their new files.
    send("flood", "lines 1");
    next("test.flood", "0");
    send("settings", "depth");
    next("test.settings", "depth is 3");
    let old = files.map(|file| file.with_extension("jsonl.old").exists());
    assert_eq!(old, [true, true], "both began a new file");
    kill(Pid::from_raw(logs.id()), Signal::SIGINT).unwrap();
    assert_eq!(logs.status(), 0);
}

#[test]
fn purging_deletes_all_of_a_plugins_log_and_nothing_of_anothers() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.guest("flood", "0.1.0"));
    let file = fill(&home, "test.flood", "last");
    let other = fill(&home, "test.flood.old", "not its own");
    home.hal9(["signal", "send", "--layer", "L2", "lines 1"]).ok();
    assert!(file.exists() && file.with_extension("jsonl.old").exists(), "it began a new file");
    home.hal9(["plugin", "uninstall", "flood", "--purge"]).ok();
    assert!(!file.exists() && !file.with_extension("jsonl.old").exists());
    assert!(other.exists());
}

#[test]
fn old_lines_and_other_plugins_are_left_out_where_that_is_asked_for() {
    let home = Home::new();
    home.load("flood");
    home.hal9(["signal", "send", "--layer", "L2", "lines 2"]).ok();
    let lines = |args: &[&str]| {
        let value = home.hal9([&["--json", "plugin", "logs"], args].concat()).json();
        value["lines"].as_array().unwrap().len()
    };
    assert_eq!((lines(&[]), lines(&["flood"]), lines(&["--since", "1h"])), (2, 2, 2));
    assert_eq!(lines(&["--since", "2100-01-01"]), 0);
    let value = home.hal9(["--json", "plugin", "logs"]).json();
    let line = &value["lines"][0];
    let is_moment = line["timestamp"].as_str().is_some_and(|time| time.starts_with("20") && time.ends_with('Z'));
    assert!(is_moment && line["level"] == "info", "{line}");
    home.hal9(["--json", "plugin", "logs", "nobody"]).error(3);
    // What is gone has left its lines.
    home.hal9(["plugin", "unload", "flood"]).ok();
    assert_eq!(lines(&["test.flood"]), 2);
}
