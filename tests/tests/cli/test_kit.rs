//! `hal9 plugin test`: cases in files against real guests, what a report says, and what a case file may not say. Each member of a
//! case is held in pairs: one that is right passes, one that is wrong fails and says so.

mod cases;
mod faults;

use std::path::Path;

use serde_json::Value;

use super::home::{Home, Run};

/// A plugin's folder: a guest's component, a manifest for one that carries none, and cases.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(guest: &str, permissions: &[&str], cases: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(hal9_tests::guest(guest), folder.path().join("plugin.wasm")).unwrap();
        let manifest = serde_json::json!({
            "api_version": 1,
            "metadata": {
                "id": "test.kit", "name": "Kit", "version": "0.1.0", "author": "The HAL9 authors", "license": "Apache-2.0",
            },
            "permissions": permissions,
        });
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        std::fs::create_dir(folder.path().join("cases")).unwrap();
        std::fs::write(folder.path().join("cases/all.toml"), cases).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// `hal9 ARGS plugin test FOLDER ARGS`, in that folder.
    fn test(&self, before: &[&str], after: &[&str]) -> Run {
        let home = Home::new();
        let mut command = home.command(before.iter().chain(&["plugin", "test"]).chain(after));
        Run::of(command.current_dir(self.path()))
    }
}

/// Runs cases; those that are named fail, each with this in what is said of it, and all others pass.
#[track_caller]
fn check(guest: &str, permissions: &[&str], cases: &str, fail: &[(&str, &str)]) {
    let run = Folder::of(guest, permissions, cases).test(&["--json"], &[]);
    assert_eq!(run.status, if fail.is_empty() { 0 } else { 8 }, "{run:#?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let own = report["suites"][0]["cases"].as_array().unwrap();
    assert_eq!(own.len(), cases.matches("[[case]]").count(), "{report:#}");
    for case in own {
        let name = case["name"].as_str().unwrap();
        match fail.iter().find(|(failing, _)| *failing == name) {
            None => assert_eq!(case["outcome"], "passed", "{case:#}"),
            Some((_, part)) => {
                assert_eq!(case["outcome"], "failed", "{case:#}");
                let said: Vec<_> = case["findings"].as_array().unwrap().iter().map(in_words).collect();
                assert!(said.iter().any(|said| said.contains(part)), "{part}: {said:#?}");
            }
        }
    }
}

fn in_words(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default();
    let line = finding["at"]["line"].as_u64().map_or_else(String::new, |line| format!("line {line} "));
    format!("{line}{} | {} | {} | {}", text("what"), text("expected"), text("got"), text("help"))
}

const ECHO: &str = "
[[case]]
name = 'comes back'
[[case.step]]
signal = { content = 'hello' }
expect = { content = 'hello' }

[[case]]
name = 'is louder'
[[case.step]]
signal = { content = 'hello' }
expect = { content = 'HELLO', type = 'text' }
";

#[test]
fn a_report_says_what_passed_and_what_failed_where() {
    let folder = Folder::of("echo", &[], ECHO);
    let run = folder.test(&[], &[]);
    let text = run.stdout.clone();
    for part in [
        "test.echo 0.1.0",
        "✓ comes back",
        "✗ is louder",
        "step 1: expect /content  ./cases/all.toml:12:10",
        "expected  \"HELLO\"",
        "got       \"hello\"",
        "✓ conformance: neuron  13 laws",
        "20 passed, 1 failed",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(run.error_text(8).contains("test.echo: 1 of 21 cases failed"));

    let error = folder.test(&["--json"], &[]).error(8);
    assert_eq!(
        (&error["code"], &error["reason"], &error["plugin"]),
        (&"plugin-error".into(), &"tests".into(), &"test.echo".into())
    );
}

#[test]
fn what_is_run_can_be_chosen() {
    let folder = Folder::of("echo", &[], ECHO);
    let names = |args: &[&str]| {
        let run = folder.test(&["--json"], args);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let suites = report["suites"].as_array().unwrap().clone();
        suites
            .iter()
            .flat_map(|suite| suite["cases"].as_array().unwrap().clone())
            .map(|case| case["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["--case", "comes back"]), ["comes back"]);
    let suite = names(&["--conformance"]);
    assert!(suite.len() == 19 && !suite.contains(&"comes back".to_owned()), "{suite:?}");
    let none = folder.test(&["--json"], &["--case", "no such"]).error(3);
    assert!(none["message"].as_str().unwrap().contains("no such"));
    let verbose = folder.test(&[], &["--case", "the nil id", "--verbose"]).ok().stdout;
    assert!(verbose.contains("✓ the nil id is an id"), "{verbose}");
    let text = folder.test(&[], &["--conformance", "plugin.wasm"]).ok().stdout;
    assert!(text.contains("19 passed"), "a component has no cases of its own: {text}");
    let text = folder.test(&[], &["--cases", "cases", "plugin.wasm", "--case", "comes back"]).ok().stdout;
    assert!(text.contains("1 passed"), "{text}");
    folder.test(&["--json"], &["--cases", "no-folder", "plugin.wasm"]).error(3);
}

#[test]
fn a_package_is_tested_as_it_would_be_installed() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("raw.hal9");
    std::fs::copy(hal9_tests::guest("raw-neuron"), folder.path().join("raw.wasm")).unwrap();
    std::fs::copy(hal9_tests::guests_dir().join("raw-neuron/manifest.json"), folder.path().join("manifest.json"))
        .unwrap();
    let pack = ["plugin", "pack", folder.path().to_str().unwrap(), "--output", package.to_str().unwrap()];
    home.hal9(pack).ok();
    let text = home.hal9(["plugin".as_ref(), "test".as_ref(), package.as_os_str()]).ok().stdout;
    assert!(text.contains("ai.hal9.raw-neuron") && text.contains("19 passed"), "{text}");
}

#[test]
fn ci_gets_junit() {
    let folder = Folder::of("echo", &[], ECHO);
    folder.test(&[], &["--junit", "report.xml"]).error_text(8);
    let xml = std::fs::read_to_string(folder.path().join("report.xml")).unwrap();
    for part in [
        "tests=\"21\" skipped=\"0\" failures=\"1\"",
        "name=\"is louder\"",
        "step 1: expect /content",
        "conformance: neuron",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    folder.test(&["--json"], &["--junit", "no/folder/report.xml"]).error(3);
}

#[test]
fn a_wrong_case_file_is_a_mistake_of_usage_with_its_line() {
    let wrong = [
        ("[[case]]\nname = 'a'\ncolour = 'red'\n", "all.toml:3:1: unknown field `colour`"),
        ("[[case]]\nname = 'a'\n[[case.step]]\nsignal = { content = 1 }\n", "all.toml:4:22: invalid type: integer `1`"),
        ("[[case]]\nname = 'a'\n[[case.step]]\nsignal = {\n", "all.toml:4"),
        (
            "[conformance]\nskip = [{ case = 'no such law', reason = 'x' }]\n",
            "all.toml:2:18: the conformance suite has no case",
        ),
    ];
    for (text, message) in wrong {
        let error = Folder::of("echo", &[], text).test(&["--json"], &[]).error(2);
        assert_eq!((&error["code"], &error["reason"]), (&"usage".into(), &"case-file".into()));
        assert!(error["message"].as_str().unwrap().contains(message), "{error:#}");
    }
    let folder = Folder::of("echo", &[], "[conformance]\n");
    std::fs::write(folder.path().join("cases/more.toml"), "[conformance]\n").unwrap();
    assert!(folder.test(&["--json"], &[]).error(2)["message"].as_str().unwrap().contains("both have [conformance]"));
}

#[test]
fn the_suite_is_run_as_a_case_file_says() {
    let text =
        "[conformance]\nconfig = { x = 1 }\nskip = [{ case = 'the nil id is an id', reason = 'it is none here' }]\n";
    let text = Folder::of("uses-config", &[], text).test(&[], &[]).ok().stdout;
    assert!(text.contains("- the nil id is an id  it is none here") && text.contains("18 passed, 1 skipped"), "{text}");
}

#[test]
fn golden_files_are_written_when_asked() {
    let cases = "
[[case]]
name = 'as before'
[[case.step]]
signal = { content = 'hello' }
golden = 'golden/echo.json'
[[case.step]]
signal = { content = 'one\ntwo' }
golden = 'golden/echo.txt'
";
    let folder = Folder::of("echo", &[], &cases.replace("one\ntwo", "one two"));
    let only = ["--case", "as before"];
    let text = folder.test(&[], &only);
    assert!(text.stdout.contains("help: if what came is right, write it down: hal9 plugin test --update"), "{text:#?}");
    text.error_text(8);
    let text = folder.test(&[], &[&only[..], &["--update"]].concat()).ok().stdout;
    assert!(text.contains("wrote ./cases/golden/echo.json"), "{text}");
    folder.test(&[], &only).ok();
    assert_eq!(std::fs::read_to_string(folder.path().join("cases/golden/echo.txt")).unwrap(), "one two");
    std::fs::write(folder.path().join("cases/golden/echo.txt"), "one three").unwrap();
    let text = folder.test(&[], &only);
    assert!(text.stdout.contains("echo.txt, line 1"), "{text:#?}");
    text.error_text(8);
}
