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
fn an_environment_variable_that_is_empty_names_no_environment() {
    let home = Home::new();
    assert_eq!(Run::of(home.command(["plugin", "list"]).env("HAL9_ENV", "")).status, 0);
    let run = Run::of(home.command(["--json", "plugin", "list"]).env("HAL9_ENV", "production"));
    assert!(run.error(2)["message"].as_str().unwrap().contains("`production`"));
    home.hal9(["--json", "--env", "", "plugin", "list"]).error(2);
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

#[test]
fn paragraphs_of_help_are_broken_where_a_line_is_full_and_nowhere_else() {
    let home = Home::new();
    let plugin = "build config files health info inspect install keygen list load lock logs pack sign uninstall upgrade use \
                  validate verify";
    let policy = "grant learn revoke revoke-key show trust";
    let of = |group: &'static str, names: &'static str| names.split_whitespace().map(move |name| vec![group, name]);
    let commands =
        of("plugin", plugin).chain(of("policy", policy)).chain([vec![], vec!["dev"], vec!["audit", "verify"]]);
    for command in commands {
        for width in [80, 100] {
            let mut help = home.command(command.iter().chain(&["--help"]).copied());
            let run = Run::of(help.env("COLUMNS", width.to_string())).ok();
            let lines: Vec<_> = run.stdout.lines().collect();
            for pair in lines.windows(2) {
                let (line, next) = (pair[0], pair[1].split(' ').next().unwrap_or_default());
                let is_prose =
                    |line: &str| line.starts_with(|first: char| !first.is_whitespace()) && !line.ends_with(':');
                if is_prose(line) && is_prose(pair[1]) {
                    let needs = line.chars().count() + 1 + next.chars().count();
                    assert!(needs > width, "{command:?} at {width}: {line}");
                }
            }
        }
    }
}
