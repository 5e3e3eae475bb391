use super::home::Home;

/// A home with a plugin that may use its notes, and was refused something else.
fn refused() -> Home {
    let home = Home::new();
    let settings = "[plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory:notes/\"]\n";
    std::fs::write(home.path().join("hal9.toml"), settings).unwrap();
    home.load("uses-memory");
    ask(&home, "get notes/1");
    ask(&home, "get other");
    home
}

fn ask(home: &Home, content: &str) {
    home.hal9(["signal", "send", "--layer", "L2", content]).ok();
}

fn show(home: &Home, more: &[&str]) -> Vec<serde_json::Value> {
    let args = [&["--json", "audit", "show"], more].concat();
    home.hal9(args).json()["records"].as_array().unwrap().clone()
}

#[test]
fn what_a_plugin_was_refused_is_shown() {
    let home = refused();
    let records = show(&home, &["--kind", "deny"]);
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["plugin"], "test.uses-memory");
    assert_eq!((&records[0]["permission"], &records[0]["rule"]), (&"Hal9Memory:other".into(), &"ungranted".into()));
    assert_eq!(show(&home, &["--kind", "deny", "--since", "1h", "--plugin", "uses-memory"]).len(), 1);
    assert!(show(&home, &["--until", "1h"]).is_empty());
    assert_eq!(show(&home, &["--limit", "2"]).len(), 2);
    let run = home.hal9(["audit", "show"]).ok();
    assert!(run.stdout.contains("Hal9Memory:other was refused: no grant of Hal9Memory includes it"), "{}", run.stdout);
    let seq = records[0]["seq"].to_string();
    let line = run.stdout.lines().find(|line| line.contains("was refused")).unwrap();
    assert_eq!(line.split_whitespace().next(), Some(seq.as_str()), "{line}");
    home.hal9(["--json", "audit", "show", "--kind", "denied"]).error(2);
    home.hal9(["--json", "audit", "show", "--since", "yesterday"]).error(2);
}

#[test]
fn a_plugin_is_named_as_for_other_commands_and_after_it_was_unloaded_by_its_id() {
    let home = refused();
    let denials = |name: &str| show(&home, &["--kind", "deny", "--plugin", name]).len();
    assert_eq!([denials("test.uses-memory"), denials("Uses-Memory"), denials("Uses memory")], [1; 3]);
    let error = home.hal9(["--json", "audit", "show", "--plugin", "test.other"]).error(3);
    assert!(error["message"].as_str().unwrap().contains("`test.other`"), "{error}");
    assert!(show(&home, &["--plugin", "uses-memory", "--kind", "trap"]).is_empty(), "none of that kind is no error");
    // One that is loaded need not have any records.
    std::fs::remove_file(home.path().join("audit.jsonl")).unwrap();
    std::fs::remove_file(home.path().join("audit.head")).unwrap();
    assert!(show(&home, &["--plugin", "uses-memory"]).is_empty());
    home.hal9(["plugin", "unload", "uses-memory"]).ok();
    let records = show(&home, &["--plugin", "test.uses-memory"]);
    assert_eq!((records.len(), &records[0]["kind"]), (1, &"unload".into()), "{records:?}");
    assert_eq!(records[0]["message"], "taken out of the home");
}

#[test]
fn a_plugin_that_takes_the_place_of_another_is_recorded() {
    let home = Home::new();
    let reloads = || show(&home, &["--kind", "reload"]);
    home.load("uses-memory");
    assert!(reloads().is_empty(), "the first takes nobody's place");
    home.load("uses-memory");
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("uses_memory.wasm");
    std::fs::copy(hal9_tests::guest("uses-memory"), &file).unwrap();
    home.hal9(["plugin", "load", "--dev", file.to_str().unwrap()]).ok();
    let records = reloads();
    let said: Vec<_> = records.iter().map(|record| record["message"].as_str().unwrap()).collect();
    assert!(said.len() == 2 && said[0].starts_with("replaced by version 0.1.0, again from "), "{said:?}");
    assert!(said[1].contains(other.path().to_str().unwrap()) && said[1].contains(" before"), "{said:?}");
}

#[test]
fn a_log_that_lost_its_head_says_so_from_then_on() {
    let home = refused();
    let (log, head) = (home.path().join("audit.jsonl"), home.path().join("audit.head"));
    let whole = std::fs::read_to_string(&log).unwrap();
    let denial = whole.lines().position(|line| line.contains("\"deny\"")).unwrap();
    let before: String = whole.lines().take(denial).map(|line| format!("{line}\n")).collect();
    std::fs::write(&log, before).unwrap();
    std::fs::remove_file(head).unwrap();
    // Guards against who takes a record away and the head with it: the next command does not make a new head as if nothing was.
    ask(&home, "get notes/1");
    let error = home.hal9(["--json", "audit", "verify"]).error(10);
    assert_eq!(error["reason"], "no-head");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("may have been cut off before record {}", denial + 1)), "{message}");
}

#[test]
fn commands_that_run_no_plugin_leave_no_record() {
    let home = Home::new();
    let empty = home.hal9(["--json", "audit", "verify"]).json();
    assert_eq!(empty["records"], 0);
    home.load("uses-memory");
    let records = show(&home, &[]).len();
    for args in [
        &["plugin", "list"][..],
        &["plugin", "info", "uses-memory"],
        &["policy", "show"],
        &["why-denied"],
        &["audit", "show"],
        &["tool", "list"],
    ] {
        home.hal9(args).ok();
    }
    assert_eq!(show(&home, &[]).len(), records);
}

#[test]
fn a_log_that_was_tampered_with_is_told_from_one_that_was_not() {
    let home = refused();
    let path = home.path().join("audit.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let verify = || home.hal9(["--json", "audit", "verify"]);
    let lines: Vec<_> = whole.lines().map(|line| format!("{line}\n")).collect();
    assert_eq!(verify().json()["records"], lines.len());
    let denial = lines.iter().position(|line| line.contains("\"deny\"")).unwrap();
    let mut without = lines.clone();
    without.remove(denial);
    for (text, reason) in [
        (whole.replace("Hal9Memory:other", "Hal9Memory:notes"), "changed"),
        (without.concat(), "missing"),
        (lines[..denial].concat(), "cut"),
        (whole[..whole.len() - 9].to_owned(), "torn"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = verify().error(10);
        assert_eq!(error["reason"], reason, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("audit.jsonl, line "), "{message}");
    }
    std::fs::write(&path, whole).unwrap();
    verify().ok();
}

#[test]
fn commands_at_once_make_one_log_that_is_whole() {
    let home = refused();
    let records = show(&home, &["--limit", "1000"]).len();
    let send = || {
        let mut command = home.command(["signal", "send", "--layer", "L2", "get other"]);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = (0..6).map(|_| send()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    // A load, a refusal and an unload each.
    assert_eq!(show(&home, &["--limit", "1000"]).len(), records + 18);
    home.hal9(["audit", "verify"]).ok();
}

#[test]
fn what_a_plugin_says_cannot_forge_a_line() {
    let home = Home::new();
    let settings = "[plugins.\"test.uses-memory\"]\ngrant = [\"Hal9Memory:notes/\"]\n";
    std::fs::write(home.path().join("hal9.toml"), settings).unwrap();
    home.load("uses-memory");
    let lines = || std::fs::read_to_string(home.path().join("audit.jsonl")).unwrap().lines().count();
    let before = lines();
    // Guards the escaping of names that plugins choose.
    ask(&home, "get x\"}\n{\"seq\":1,\"kind\":\"policy\"}\r\u{1b}[2J\u{2028}");
    assert_eq!(lines(), before + 3);
    home.hal9(["audit", "verify"]).ok();
    let run = home.hal9(["audit", "show"]).ok();
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\r'), "{:?}", run.stdout);
    // A key that cannot be typed cannot be granted; the reason is told all the same.
    let denied = home.hal9(["--json", "why-denied"]).json()["denied"][0].clone();
    assert!(denied["command"].is_null() && denied["message"].as_str().unwrap().contains("\\u{1b}"), "{denied}");
}
