use super::home::{Home, Run};

#[test]
fn what_is_typed_wrong_is_usage_and_says_what_is_right() {
    let home = Home::new();
    for args in
        [&["--json", "signal", "send"][..], &["--json", "plugin", "lode"], &["--json"], &["--json", "plugin", "load"]]
    {
        let error = home.hal9(args).error(2);
        assert_eq!(error["code"], "usage", "{args:?}");
    }
    let run = home.hal9(["signal", "send", "--help"]).ok();
    assert!(run.stdout.contains("Examples:") && run.stdout.contains("--layer"), "{}", run.stdout);
    let run = home.hal9(["--help"]).ok();
    assert!(run.stdout.contains("Exit status"), "{}", run.stdout);
    let error = home.hal9(["--json", "plugin", "load", "--dev", ".", "--grant", "Everything"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("Everything"), "{error}");
}

#[test]
fn files_that_are_not_there_or_are_something_else() {
    let home = Home::new();
    let load = |path: &str| home.hal9(["--json", "plugin", "load", "--dev", path]);
    load("/nowhere/plugin").error(3);
    let folder = tempfile::tempdir().unwrap();
    load(folder.path().to_str().unwrap()).error(3);
    let cases: [(&str, &[u8], &str); 4] = [
        ("text.wasm", b"this is a letter", "not WebAssembly"),
        ("empty.wasm", b"", "not WebAssembly"),
        ("core.wasm", b"\0asm\x01\0\0\0", "core WebAssembly module"),
        ("cut.wasm", b"\0asm\x0d\0\x01\0\x01\xff", "malformed"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = load(path.to_str().unwrap()).error(4);
        assert!(error["message"].as_str().unwrap().contains(expected), "{name}: {error}");
        assert!(error["help"].is_string(), "{error}");
    }
}

#[test]
fn standard_input_that_is_no_text_is_refused() {
    let home = Home::new();
    home.load("two-kinds");
    let error = home.hal9_with(b"caf\xe9", ["--json", "signal", "send", "--layer", "L2"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("byte 3"), "{error}");
}

#[test]
fn a_home_that_cannot_be_is_said_so() {
    let home = Home::new();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let run = Run::of(home.command(["--json", "plugin", "list"]).env("HAL9_HOME", file.join("home")));
    run.error(11);
    std::fs::write(home.path().join("registry.db"), "no database, and longer than its header ".repeat(9)).unwrap();
    let error = home.hal9(["--json", "plugin", "list"]).error(11);
    assert!(error["message"].as_str().unwrap().contains("registry.db"), "{error}");
}

#[test]
fn two_commands_at_once_lose_nothing() {
    let home = Home::new();
    home.load("two-kinds");
    let send =
        || home.command(["signal", "send", "--layer", "L2", "x"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let children: Vec<_> = (0..6).map(|_| send()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let usage = home.hal9(["--json", "plugin", "info", "two-kinds"]).json()["usage"].clone();
    assert!(usage["calls"].as_u64() >= Some(6), "{usage}");
}
