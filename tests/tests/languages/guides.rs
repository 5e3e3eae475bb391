//! The guides: what a reader types is run to the letter, in an empty folder, with a home of its own.

use std::process::Command;

use super::desk::{Run, target, tools};

/// All that a guide has its reader type, in order.
fn script(language: &str) -> String {
    let guide = hal9_tests::guests_dir().join("guides").join(language).with_extension("md");
    let text = std::fs::read_to_string(guide).unwrap();
    let mut blocks = text.split("\n```sh\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0).peekable();
    assert!(blocks.peek().is_some(), "a guide has something to type");
    blocks.collect::<Vec<_>>().join("\n")
}

fn follow(language: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (bin, work) = (folder.path().join("bin"), folder.path().join("work"));
    std::fs::create_dir(&bin).unwrap();
    std::fs::create_dir(&work).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hal9-under-test"), bin.join("hal9")).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin).chain(std::env::split_paths(&path));
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script(language)])
        .current_dir(&work)
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("HAL9_HOME", folder.path().join("home"))
        .env("HAL9_TOOLS", tools())
        .env("CARGO_TARGET_DIR", target())
        .env_remove("HAL9_ENV");
    let run = Run::of(&mut bash).ok();
    let mut rest = run.stdout.as_str();
    for words in
        ["is begun", "is built", "passed", "local.word-count 0.1.0 is installed", "words  1", "1 words, 1 in all"]
    {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("`{words}` is missing, or out of order: {run:#?}")).1;
    }
}

macro_rules! guides {
    ($($language:ident),+) => {$(
        #[test]
        fn $language() {
            follow(stringify!($language));
        }
    )+};
}

guides!(rust, python, javascript, typescript, c, cpp, zig);
