//! A plugin's life in each language and kind: from an empty folder to an answer, by the commands that its README names.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::desk::{Desk, Run, target, tools};

/// What the plugin of a kind is called: Rust's are built in one folder, where each has files under its name.
fn named(kind: &str) -> String {
    format!("word-{kind}")
}

/// Has a plugin go through all of its life; gives the desk, with the plugin installed.
fn live(language: &str, kind: &str) -> Desk {
    let desk = Desk::new();
    let name = &named(kind);
    desk.hal9("", ["plugin", "new", name, "--kind", kind, "--lang", language]).ok();
    let built = desk.hal9(name, ["--json", "plugin", "build"]).json();
    assert_eq!(
        (&built["id"], &built["language"]),
        (&Value::from(format!("local.{name}")), &Value::from(language)),
        "{built}"
    );
    let checked = desk.hal9(name, ["--json", "plugin", "validate"]).json();
    assert_eq!(checked["valid"], true, "{checked}");
    let warnings: Vec<_> =
        checked["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "warning").collect();
    assert!(warnings.is_empty(), "{warnings:?}");
    test_natively(language, &desk.project(name));
    if kind != "api-extension" {
        desk.hal9(name, ["plugin", "test"]).ok();
    }
    let again = desk.hal9(name, ["plugin", "pack", "-o", "../plugin.hal9"]).ok();
    assert!(!again.stderr.contains("building"), "nothing has changed since it was built: {again:?}");

    desk.set("[trust]\nallow_unsigned = true\n");
    desk.hal9("", ["plugin", "install", "plugin.hal9", "--allow-unsigned", "--accept"]).ok();
    desk
}

/// Runs the tests of the logic with the language's own runner, and its formatter where the tools have one.
pub(crate) fn test_natively(language: &str, folder: &Path) {
    let python = tools().join("python/bin/python");
    let zig = tools().join("python/bin/python-zig");
    let commands: &[(&Path, &[&str])] = match language {
        "rust" => &[("cargo".as_ref(), &["test", "--quiet"]), ("cargo".as_ref(), &["fmt", "--check"])],
        "python" => &[(&python, &["-m", "unittest"])],
        "javascript" => &[("npm".as_ref(), &["test"])],
        "typescript" => &[
            // Without the file that it would write beside the sources.
            ("npm".as_ref(), &["install", "--no-audit", "--no-fund", "--no-package-lock"]),
            ("npm".as_ref(), &["test"]),
        ],
        "zig" => &[(&zig, &["build", "test"]), (&zig, &["fmt", "--check", "src", "build.zig"])],
        _ => &[("make".as_ref(), &["test"])],
    };
    let mut path = vec![tools().join("node/node_modules/.bin")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    for (program, args) in commands {
        let mut command = Command::new(program);
        command
            .args(*args)
            .current_dir(folder)
            .env("PATH", std::env::join_paths(&path).unwrap())
            .env("CARGO_TARGET_DIR", target())
            .env("ZIG_GLOBAL_CACHE_DIR", tools().join("zig-cache"));
        Run::of(&mut command).ok();
    }
}

/// A neuron says how many words a signal has, remembers how many there were, and logs it.
fn neuron(language: &str) {
    let desk = live(language, "neuron");
    for total in [3, 6] {
        let sent = desk.hal9("", ["--json", "signal", "send", "--layer", "L2", "Ärger  im\nBüro"]).json();
        assert_eq!(sent["replies"][0]["signal"]["metadata"]["words"], "3", "{sent}");
        let logs = desk.hal9("", ["plugin", "logs", &named("neuron")]).ok();
        assert!(logs.stdout.contains(&format!("3 words, {total} in all")), "{logs:?}");
    }
}

/// A tool says how many words a text has, and what is wrong with its parameters.
fn tool(language: &str) {
    let desk = live(language, "tool");
    let call = |params| desk.hal9("", ["--json", "tool", "call", "count_words", "--params", params]);
    let called = call(r#"{"text": "Ärger  im Büro"}"#).json();
    assert_eq!(called["result"]["words"], 3, "{called}");
    let (message, _) = call(r#"{"text": 1}"#).error(8);
    assert!(message.contains("text"), "{message}");
}

macro_rules! lives {
    ($($language:ident),+) => {$(
        mod $language {
            #[test]
            fn a_neuron() {
                super::neuron(stringify!($language));
            }

            #[test]
            fn a_tool() {
                super::tool(stringify!($language));
            }
        }
    )+};
}

lives!(rust, python, javascript, typescript, c, cpp, zig);

#[test]
fn a_memory_provider_in_rust() {
    let desk = live("rust", "memory-provider");
    desk.hal9("", ["memory", "store", "note", "--value", "The kettle is blue."]).ok();
    let found = desk.hal9("", ["memory", "search", "kettle"]).ok();
    assert!(found.stdout.contains("note"), "{found:?}");
}

#[test]
fn a_learning_algorithm_in_rust() {
    let desk = live("rust", "learning-algorithm");
    std::fs::write(desk.project("data.csv"), "a,b,label\n0,0,red\n1,0,red\n9,9,blue\n8,9,blue\n").unwrap();
    desk.hal9("", ["learn", "train", "--model", "colours", "--data", "data.csv"]).ok();
    let predicted = desk.hal9("", ["--json", "learn", "predict", "--model", "colours", "--data", "data.csv"]).json();
    assert_eq!(predicted["accuracy"], 1.0, "{predicted}");
}

#[test]
fn an_api_extension_in_rust_is_told_for_what_it_is() {
    let desk = live("rust", "api-extension");
    let known = desk.hal9("", ["--json", "plugin", "info", &named("api-extension")]).json();
    assert!(known.to_string().contains("ApiExtension"), "{known}");
}
