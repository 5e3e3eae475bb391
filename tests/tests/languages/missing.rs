//! What an author sees where a tool is missing: which one, and what brings it.

use super::desk::{Desk, Run};

#[test]
fn a_build_without_its_tool_says_which_one_and_the_command_that_brings_it() {
    let desk = Desk::new();
    for (language, tool) in [
        ("python", "componentize-py 0.25.1"),
        ("javascript", "componentize-qjs 0.4.5"),
        ("typescript", "componentize-qjs 0.4.5"),
        ("c", "zig 0.17.1"),
        ("cpp", "zig 0.17.1"),
        ("zig", "zig 0.17.1"),
    ] {
        desk.hal9_without_tools("", ["plugin", "new", "shout", "--lang", language, "--dir", language]).ok();
        for command in ["build", "validate", "pack"] {
            let (message, help) = desk.hal9_without_tools(language, ["--json", "plugin", command]).error(11);
            assert!(message.contains(tool), "{language} {command}: {message}");
            assert_eq!(help, format!("hal9 doctor --fix --lang {language}"), "{message}");
        }
    }
    desk.hal9_without_tools("", ["plugin", "new", "shout", "--lang", "rust", "--dir", "rust"]).ok();
    let (message, help) = desk.hal9_without_tools("rust", ["--json", "plugin", "build"]).error(11);
    assert!(message.contains("cargo") && help.contains("rustup"), "{message}; {help}");
}

#[test]
fn doctor_names_what_installs_a_tool_where_that_is_missing_as_well() {
    let desk = Desk::new();
    for (language, base, package) in [("c", "python3", "python3-venv"), ("typescript", "node", "nodejs npm")] {
        for fix in [&[][..], &["--fix"]] {
            let asked = ["--json", "doctor", "--lang", language];
            let run = desk.hal9_without_tools("", asked.iter().chain(fix));
            assert!(run.stdout.contains(package) && run.stdout.contains("https://"), "{run:?}");
            let (message, _) = run.error(11);
            assert!(message.contains(base), "{message}");
        }
    }
}

#[test]
fn doctor_looks_at_the_languages_that_it_is_asked_for() {
    let desk = Desk::new();
    let names = |run: Run| -> Vec<String> {
        let value: serde_json::Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        value["checks"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let c = names(desk.hal9("", ["--json", "doctor", "--lang", "c"]).ok());
    assert!(
        c.contains(&"zig".to_owned()) && !c.contains(&"cargo".to_owned()) && !c.contains(&"node".to_owned()),
        "{c:?}"
    );
    let all = names(desk.hal9("", ["--json", "doctor", "--lang", "all"]).ok());
    for name in ["cargo", "zig", "componentize-py", "componentize-qjs", "typescript"] {
        assert!(all.contains(&name.to_owned()), "{all:?}");
    }
    let help = desk.hal9("", ["doctor", "--lang", "cobol"]);
    assert!(help.status == 2 && help.stderr.contains("typescript"), "{help:?}");
}
