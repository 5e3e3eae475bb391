//! `hal9 wit`: HAL9's WIT out of the binary, and what a change of WIT breaks, in words, as JSON and as a status.

use std::path::{Path, PathBuf};

use hal9_wit::Wit;
use serde_json::Value;

use super::home::Home;

/// A folder with HAL9's WIT, changed.
struct Changed(tempfile::TempDir);

impl Changed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in hal9_wit::FILES {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    /// With one text in a file instead of another.
    fn with(self, file: &str, old: &str, new: &str) -> Self {
        let path = self.0.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} has no `{old}`");
        std::fs::write(path, text.replacen(old, new, 1)).unwrap();
        self
    }

    fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/0.1.0").join(name)
}

/// The result of a comparison that exits with a status, with its error where that is not 0.
#[track_caller]
fn diff(args: &[&str], status: i32) -> Value {
    let run = Home::new().hal9(["--json", "wit", "diff"].iter().chain(args));
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    assert_eq!(value["compatible"], status == 0, "{value}");
    if status == 0 {
        run.ok();
    } else {
        let error = run.error(status);
        assert_eq!((&error["code"], &error["reason"]), (&"conflict".into(), &"breaking".into()));
    }
    value
}

/// Kind, path and whom it breaks, of each change.
fn changes(value: &Value) -> Vec<String> {
    let one = |change: &Value| {
        let breaks: Vec<_> = change["breaks"].as_array().unwrap().iter().map(|party| party.as_str().unwrap()).collect();
        format!("{} {} {}", change["kind"].as_str().unwrap(), change["path"].as_str().unwrap(), breaks.join(","))
    };
    value["changes"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn the_whole_wit_and_parts_of_it_are_printed() {
    let home = Home::new();
    let whole = home.hal9(["wit", "show"]).ok().stdout;
    Wit::document("printed", &whole).unwrap();
    assert!(!whole.contains('\u{1b}'), "it is piped");
    let tool = home.hal9(["wit", "show", "tool"]).ok().stdout;
    assert!(tool.starts_with("/// A provider of tools") && tool.trim_end().ends_with('}'), "{tool}");
    let value = home.hal9(["--json", "wit", "show", "host"]).json();
    assert!(value["text"].as_str().unwrap().contains("world host {") && value["package"] == "hal9:plugin@0.1.0");
    let error = home.hal9(["--json", "wit", "show", "tools"]).error(3);
    assert!(error["help"].as_str().unwrap().contains("tool, memory-provider"), "{error}");
}

#[test]
fn it_is_written_where_a_world_looks_for_it() {
    let (home, project) = (Home::new(), tempfile::tempdir().unwrap());
    let wit = project.path().join("wit");
    let value = home.hal9(["--json".as_ref(), "wit".as_ref(), "export".as_ref(), wit.as_os_str()]).json();
    assert_eq!(value["folder"], wit.join("deps/hal9-plugin").to_str().unwrap());
    std::fs::write(wit.join("world.wit"), "package me:mine; world w { export hal9:plugin/tool@0.1.0; }").unwrap();
    Wit::folder(&wit).unwrap();
    let blocked = project.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let error = home.hal9(["--json".as_ref(), "wit".as_ref(), "export".as_ref(), blocked.as_os_str()]).error(11);
    assert!(error["message"].as_str().unwrap().contains("file"), "{error}");
}

#[test]
fn what_was_published_is_compatible_with_what_is() {
    let value = diff(&["0.1.0", "builtin"], 0);
    assert_eq!((&value["question"], &value["for"]), (&"contract".into(), &"guests".into()));
    let text = Home::new().hal9(["wit", "diff", "builtin", "builtin"]).ok().stdout;
    assert_eq!(text, "✓ no changes\n");
}

#[test]
fn the_verdict_comes_first_and_then_what_breaks_most() {
    let changed = Changed::new()
        .with("types.wit", "other(string),", "other(string),\n    busy,")
        .with("memory.wit", "get: func(key: string)", "get: func(name: string)")
        .with("clock.wit", "current-timestamp: func", "zone: func() -> s32;\n  current-timestamp: func")
        .with("tool.wit", "A provider of tools", "Who provides tools");
    let value = diff(&["builtin", changed.path()], 10);
    let expected = [
        "case-added hal9:plugin/types/error built-plugins,plugin-source,older-hosts",
        "parameter-renamed hal9:plugin/memory/get plugin-source",
        "function-added hal9:plugin/clock older-hosts,host-source",
        "documentation-changed hal9:plugin/tool ",
        // What was said of the function is said of the one before it now.
        "documentation-changed hal9:plugin/clock/current-timestamp ",
    ];
    let mut seen = changes(&value);
    seen.retain(|change| !change.starts_with("since-changed"));
    seen.sort_by_key(|change| expected.iter().position(|expected| change == expected));
    assert_eq!(seen, expected);
    assert_eq!(value["counts"]["breaking"], 2);
    let reaches: Vec<_> =
        value["changes"][0]["reaches"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(reaches.contains(&"hal9:plugin/memory/get"), "{reaches:?}");

    let run = Home::new().hal9(["wit", "diff", "builtin", changed.path()]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("✗ "), "{}", run.stdout);
    let verdict = run.stdout.split("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        verdict.contains("1 breaks plugins that are built, 1 breaks the source of plugins, 1 concerns hosts alone"),
        "{verdict}"
    );
    let at = |text: &str| run.stdout.find(text).unwrap_or_else(|| panic!("no `{text}` in {}", run.stdout));
    assert!(
        at("case `busy` was added") < at("is called `name` now") && at("is called `name` now") < at("`zone` was added")
    );
    assert!(at("`zone` was added") < at("documentation of") && at("used by learning/report-experience") > 0);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100), "{}", run.stdout);
    let error = run.error_text(10);
    assert!(error.contains("2 changes break plugins") && error.contains("help:"), "{error}");
}

#[test]
fn what_breaks_hosts_is_another_question() {
    let changed =
        Changed::new().with("clock.wit", "current-timestamp: func", "zone: func() -> s32;\n  current-timestamp: func");
    diff(&["builtin", changed.path()], 0);
    let value = diff(&["builtin", changed.path(), "--for", "hosts"], 10);
    assert_eq!(value["counts"]["older-hosts"], 1);
    let text = Home::new().hal9(["wit", "diff", "builtin", changed.path(), "--for", "hosts"]).error_text(10);
    assert!(text.contains("1 change breaks hosts"), "{text}");
}

#[test]
fn a_component_is_held_against_wit_and_what_it_does_not_use_is_nothing_to_it() {
    let (neuron, tool) = (fixture("neuron.wasm"), fixture("tool.wasm"));
    let (neuron, tool) = (neuron.to_str().unwrap(), tool.to_str().unwrap());
    assert_eq!(diff(&[neuron, "builtin"], 0)["question"], "load");
    assert_eq!(diff(&["builtin", neuron], 0)["question"], "hosting");
    let changed = Changed::new().with(
        "memory.wit",
        "delete: func(key: string) -> result<bool, error>",
        "delete: func(key: string)",
    );
    let value = diff(&[neuron, changed.path()], 10);
    assert_eq!(changes(&value), ["result-changed hal9:plugin/memory/delete built-plugins,plugin-source"]);
    diff(&[tool, changed.path()], 0);
    let text = Home::new().hal9(["wit", "diff", neuron, changed.path()]);
    assert!(text.stdout.starts_with("✗ 1 difference: 1 keeps it from loading\n"), "{}", text.stdout);
    assert!(text.stdout.contains("\nneuron.wasm does not load where "), "{}", text.stdout);
    // The other way round: who was built with the new one, and a host of before.
    let gone = Changed::new().with("memory.wit", "delete: func", "forget: func");
    let value = diff(&[gone.path(), neuron], 10);
    assert_eq!(changes(&value), ["function-added hal9:plugin/memory older-hosts"]);
    // An interface that a component exports is looked up as a whole.
    let more = Changed::new().with("tool.wit", "describe: func", "version: func() -> u32;\n  describe: func");
    let value = diff(&[tool, more.path()], 10);
    assert_eq!(changes(&value), ["function-added hal9:plugin/tool built-plugins,plugin-source"]);
    diff(&[neuron, more.path()], 0);
}

#[test]
fn of_two_components_the_second_is_to_be_where_the_first_was() {
    let (neuron, lifecycle) = (fixture("neuron.wasm"), fixture("lifecycle.wasm"));
    let (neuron, lifecycle) = (neuron.to_str().unwrap(), lifecycle.to_str().unwrap());
    diff(&[neuron, neuron], 0);
    // It exports all that the other one does and more, and imports less.
    let value = diff(&[neuron, lifecycle], 0);
    assert!(changes(&value).contains(&"world-export-added hal9:plugin/lifecycle ".to_owned()), "{value}");
    let value = diff(&[lifecycle, neuron], 10);
    let changes = changes(&value);
    assert!(
        changes.contains(&"world-export-removed hal9:plugin/lifecycle older-hosts,host-source".to_owned()),
        "{changes:?}"
    );
    assert!(changes.contains(&"world-import-added hal9:plugin/memory older-hosts".to_owned()), "{changes:?}");
    let error = Home::new().hal9(["--json", "wit", "diff", neuron, neuron, "--for", "guests"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("concerns hosts"), "{error}");
}

#[test]
fn packages_and_folders_of_plugins_stand_for_their_components() {
    let shelf = super::packages::Shelf::new();
    let package =
        shelf.packed("test.tool", "1.0.0", serde_json::json!({}), &std::fs::read(fixture("neuron.wasm")).unwrap());
    assert_eq!(diff(&[package.to_str().unwrap(), "0.1.0"], 0)["question"], "load");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixture("tool.wasm"), folder.path().join("tool.wasm")).unwrap();
    assert_eq!(diff(&["builtin", folder.path().to_str().unwrap()], 0)["question"], "hosting");
    // A world of an author's needs no copy of HAL9's WIT beside it.
    let world = folder.path().join("world.wit");
    std::fs::write(&world, "package me:mine; world w { import hal9:plugin/memory@0.1.0; }").unwrap();
    let value = diff(&[world.to_str().unwrap(), "builtin"], 0);
    assert_eq!((&value["question"], &value["left_out"][0]), (&"contract".into(), &"me:mine".into()));
}

#[test]
fn what_is_no_side_is_told_with_what_is() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let malformed = file("bad.wit", b"package a:b;\ninterface i {\n  f: func(x: strin);\n}\n");
    let other = file("other.wit", b"package a:b; interface i {}");
    for (side, status, message) in [
        ("/nowhere", 3, "/nowhere"),
        ("0.9.9", 3, "0.9.9"),
        (&malformed, 2, "bad.wit:3:14"),
        (&file("part.wit", b"interface i {}"), 2, "part.wit"),
        (&other, 2, "no package in common"),
        (&file("core.wasm", b"\0asm\x01\0\0\0"), 4, "core WebAssembly module"),
        (&file("cut.wasm", b"\0asm\x0d\0\x01\0\x01\xff"), 4, "cut.wasm"),
        (&file("picture.png", b"\x89PNG\xff"), 4, "neither WIT nor a component"),
    ] {
        let error = home.hal9(["--json", "wit", "diff", "builtin", side]).error(status);
        assert!(error["message"].as_str().unwrap().contains(message), "{side}: {error}");
        assert!(error["help"].is_string(), "{side}: {error}");
    }
}
