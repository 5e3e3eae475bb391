//! The README's scripts, run as they stand there.

use std::path::Path;
use std::process::Command;

use super::home::Run;

/// The first block of a language in a section of a README.
fn block(readme: &str, section: &str, language: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(readme);
    let text = std::fs::read_to_string(readme).unwrap();
    let section = text.split_once(&format!("\n## {section}\n")).expect("the README has the section").1;
    let block = section.split_once(&format!("\n```{language}\n")).expect("the section has such a block").1;
    block.split_once("\n```").unwrap().0.to_owned()
}

/// A run of a script with this build's `hal9` on the path, in the repository, as its reader would.
fn run(script: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hal9-under-test"), folder.path().join("hal9")).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&path));
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(""))
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("TMPDIR", folder.path())
        .env("CARGO_TARGET_DIR", hal9_tests::guests_target_dir().join("authors").join("readme"))
        .env_remove("HAL9_HOME")
        .env_remove("HAL9_ENV");
    Run::of(&mut bash)
}

#[test]
fn the_life_of_a_package_is_one_script() {
    let run = run(&block("README.md", "Package, sign, install, upgrade", "sh")).ok();
    let in_order = [
        "sentiment-analyzer 0.1.0 is installed",
        "installed",
        "negative",
        "0.2.0 is installed, upgraded from 0.1.0",
        "status 10: an older version is no upgrade",
        "is uninstalled",
    ];
    let mut rest = run.stdout.as_str();
    for words in in_order {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("`{words}` is missing, or out of order: {run:#?}")).1;
    }
}

#[test]
fn a_registry_with_who_publishes_and_who_follows_is_one_script() {
    let run = run(&block("README.md", "Publish, find, judge, follow", "sh")).ok();
    let in_order = [
        "ada is logged in",
        "ai.hal9.web-scraper 0.1.0 is published",
        "ai.hal9.text-tools",
        "ai.hal9.sentiment-analyzer 0.1.0 is installed",
        "positive",
        "5 of 5 stars",
        "★★★★★  bob of 0.1.0",
        "ai.hal9.sentiment-analyzer 0.2.0 is published",
        "is yanked",
        "is yanked: loses text",
        "0.2.0 is installed, upgraded from 0.1.0",
        "nothing is outdated",
    ];
    let mut rest = run.stdout.as_str();
    for words in in_order {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("`{words}` is missing, or out of order: {run:#?}")).1;
    }
    let tools = run.stdout.split_once("KIND").unwrap().1.split_once("Text Tools").unwrap().0;
    assert!(!tools.contains("web-scraper"), "it asks for the network: {tools}");
}

#[test]
fn the_whole_manifest_is_one() {
    let text = block("guests/README.md", "A whole manifest", "json");
    let manifest = hal9_package::Manifest::parse(text.as_bytes()).unwrap();
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    let members =
        ["metadata", "capabilities", "permissions", "limits", "runtime", "dependencies", "configuration", "files"];
    assert!(members.iter().all(|member| written.get(member).is_some()), "all of it is shown");
    assert_eq!((manifest.runtime.parallel, manifest.runtime.recycle_after), (4, Some(10_000)));
}
