//! Building guests as their authors do: with cargo-component, which is brought where it is missing, and with plain cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::home::{Home, Run};

const EXAMPLES: [&str; 6] =
    ["sentiment-analyzer", "text-tools", "custom-memory", "online-learner", "raw-neuron", "web-scraper"];

/// The folder with cargo-component in it: the one on the path, or one of the project's own.
fn cargo_component() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            if Command::new("cargo-component").arg("--version").output().is_ok_and(|output| output.status.success()) {
                return None;
            }
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(".tools");
            if !root.join("bin/cargo-component").is_file() {
                let mut install = Command::new(hal9_tests::cargo());
                install.args(["install", "--quiet", "--locked", "cargo-component@0.21.1", "--root"]).arg(&root);
                hal9_tests::run(install.env_remove("CARGO_TARGET_DIR"));
            }
            Some(root.join("bin"))
        })
        .clone()
}

/// A command that finds cargo-component, and builds in a folder that only these tests use; one for each way of building, so
/// that what is found there was built that way.
fn with_tools<'a>(command: &'a mut Command, way: &str) -> &'a mut Command {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = cargo_component() {
        let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
        path = std::env::join_paths(folders).unwrap();
    }
    command.env("PATH", path).env("CARGO_TARGET_DIR", hal9_tests::guests_target_dir().join("authors").join(way))
}

#[test]
fn every_example_builds_both_ways_and_either_component_loads() {
    let home = Home::new();
    for guest in EXAMPLES {
        let folder = hal9_tests::guests_dir().join(guest);
        for build in [&["component", "build", "--release"][..], &["build", "--release", "--target", "wasm32-wasip2"]] {
            let mut cargo = Command::new(hal9_tests::cargo());
            hal9_tests::run(with_tools(cargo.current_dir(&folder).args(build), build[0]));
            let mut load = home.command([
                "--json".as_ref(),
                "plugin".as_ref(),
                "load".as_ref(),
                "--dev".as_ref(),
                folder.as_os_str(),
            ]);
            let value = Run::of(with_tools(&mut load, build[0])).json();
            let target = if build[0] == "component" { "wasm32-wasip1" } else { "wasm32-wasip2" };
            let component = value["component"].as_str().unwrap();
            assert!(component.contains(target), "{guest}: {component}");
        }
    }
}

#[test]
fn plugin_build_builds_with_cargo_component_and_without() {
    let home = Home::new();
    let folder = hal9_tests::guests_dir().join("text-tools");
    let args = ["--json".as_ref(), "plugin".as_ref(), "build".as_ref(), folder.as_os_str()];
    let value = Run::of(with_tools(&mut home.command(args), "component")).json();
    assert_eq!(value["id"], "ai.hal9.text-tools", "{value}");
    assert!(Path::new(value["component"].as_str().unwrap()).is_file(), "{value}");
}

#[test]
fn a_fault_of_a_manifest_is_told_once_with_what_was_meant() {
    let home = Home::new();
    let file = home.path().join("manifest.json");
    let manifest = r#"{"api_version": 1, "permisions": [],
        "metadata": {"id": "a.b", "name": "a", "version": "1.0.0", "author": "a", "license": "a"},
        "dependencies": [{"plugin_id": "c.d", "version": "new"}]}"#;
    std::fs::write(&file, manifest).unwrap();
    let run = home.hal9(["--json".as_ref(), "plugin".as_ref(), "validate".as_ref(), file.as_os_str()]);
    let checks: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(checks["checks"].as_array().unwrap().len(), 2, "{checks}");
    let error = run.error(4);
    assert!(error["message"].as_str().unwrap().contains("perhaps `permissions`"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("guests/README.md"), "{error}");
}

#[test]
fn a_built_plugin_is_inspected_and_validated() {
    let home = Home::new();
    let file = hal9_tests::guest("sentiment-analyzer");
    let file = file.to_str().unwrap();
    let value = home.hal9(["--json", "plugin", "inspect", file]).json();
    assert!(value.to_string().contains("hal9:plugin/memory@0.1.0"), "{value}");
    let run = home.hal9(["plugin", "inspect", "--wit", file]).ok();
    assert!(run.stdout.contains("export hal9:plugin/neuron@0.1.0"), "{}", run.stdout);
    home.hal9(["plugin", "validate", file]).ok();
    let error = home.hal9(["--json", "plugin", "validate", hal9_tests::guest("undeclared").to_str().unwrap()]).error(6);
    assert_eq!(error["reason"], "undeclared");
}

#[test]
fn doctor_says_what_is_there() {
    let home = Home::new();
    let mut doctor = home.command(["--json", "doctor"]);
    let value = Run::of(with_tools(&mut doctor, "component")).json();
    assert!(value.to_string().contains("wasm32-wasip2"), "{value}");
    // Broken settings are what it is there to find.
    std::fs::write(home.path().join("hal9.toml"), "[").unwrap();
    let run = home.hal9(["doctor"]);
    assert!(run.stdout.contains("hal9.toml"), "{run:?}");
}
