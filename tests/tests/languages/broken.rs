//! What an author sees whose project does not build: the compiler's own words, and the line; never a component that is half made.

use std::fs;

use super::desk::Desk;

/// A neuron in a language, with a text in one of its files replaced.
fn with(desk: &Desk, language: &str, file: &str, from: &str, to: &str) {
    desk.hal9("", ["plugin", "new", "shout", "--lang", language, "--dir", language]).ok();
    let path = desk.project(language).join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_mistake_is_told_in_the_words_of_the_compiler_with_its_line() {
    let desk = Desk::new();
    for (language, file, from, to, words) in [
        ("c", "src/plugin.c", "processed++;", "procesed++;", "src/plugin.c:"),
        ("cpp", "src/words.cpp", "words++)", "word++)", "src/words.cpp:"),
        ("zig", "src/plugin.zig", "remember(counted) catch", "remembr(counted) catch", "src/plugin.zig:"),
        // A warning is a mistake.
        ("c", "src/plugin.c", "uint64_t words = ", "int unused; uint64_t words = ", "unused"),
        ("c", "wit/world.wit", "memory@0.1.0", "memori@0.1.0", "wit/world.wit:"),
    ] {
        let _ = fs::remove_dir_all(desk.project(language));
        with(&desk, language, file, from, to);
        let run = desk.hal9(language, ["--json", "plugin", "build"]);
        assert!(run.stderr.contains("\"reason\":\"build\""), "{run:?}");
        let (message, help) = run.error(4);
        assert!(message.contains(words) && !help.is_empty(), "{language}: {message}");
        assert!(!desk.project(language).join("build/plugin.wasm").exists());
    }
}

#[test]
fn what_is_missing_of_a_project_is_named() {
    let desk = Desk::new();
    desk.hal9("", ["plugin", "new", "shout", "--lang", "c"]).ok();
    let build = || desk.hal9("shout", ["--json", "plugin", "build"]);
    let manifest = desk.project("shout/manifest.json");
    let text = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    let (message, help) = build().error(4);
    assert!(message.contains("has no manifest.json") && help.contains("plugin new"), "{message}; {help}");
    fs::write(&manifest, text).unwrap();

    fs::rename(desk.project("shout/wit"), desk.project("wit")).unwrap();
    let (message, help) = build().error(4);
    assert!(message.contains("wit/world.wit") && help.contains("export hal9:plugin/neuron@"), "{message}; {help}");
    fs::rename(desk.project("wit"), desk.project("shout/wit")).unwrap();

    // Something is in the way of what is built.
    fs::remove_dir_all(desk.project("shout/build")).unwrap();
    fs::write(desk.project("shout/build"), "").unwrap();
    let (message, help) = build().error(11);
    assert!(message.contains("build") && help.contains("may write"), "{message}; {help}");
    fs::remove_file(desk.project("shout/build")).unwrap();

    fs::remove_file(desk.project("shout/src/plugin.c")).unwrap();
    let (message, help) = build().error(2);
    assert!(message.contains("src/plugin.c") && help.contains("plugin new"), "{message}; {help}");
}

#[test]
fn an_import_that_the_manifest_does_not_declare_is_refused_with_the_permission() {
    let desk = Desk::new();
    with(&desk, "zig", "manifest.json", "\"permissions\": [\"Hal9Memory\"]", "\"permissions\": []");
    let (message, help) = desk.hal9("zig", ["--json", "plugin", "build"]).error(6);
    assert!(message.contains("hal9:plugin/memory") && help.contains("Hal9Memory"), "{message}; {help}");
}

#[test]
fn a_change_is_built_when_the_plugin_is_used_and_what_is_no_source_is_not() {
    let desk = Desk::new();
    with(&desk, "c", "src/words.c", "", "");
    let load = || desk.hal9("c", ["plugin", "load", "--dev", "."]).ok().stderr;
    assert!(load().contains("is not built yet"));
    assert!(!load().contains("building"));
    fs::write(desk.project("c/README.md"), "another").unwrap();
    assert!(!load().contains("building"));
    let words = desk.project("c/src/words.c");
    fs::write(&words, fs::read_to_string(&words).unwrap().replace("return words;", "return 2 * words;")).unwrap();
    assert!(load().contains("has changed since it was built"));
    let sent = desk.hal9("c", ["--json", "signal", "send", "--layer", "L2", "one two"]).json();
    assert_eq!(sent["replies"][0]["signal"]["metadata"]["words"], "4", "{sent}");
}

#[test]
fn a_trap_names_the_functions_that_it_came_from() {
    let desk = Desk::new();
    with(&desk, "c", "src/words.c", "uint64_t words = 0;", "uint64_t words = 0; if (bytes == 5) __builtin_trap();");
    desk.hal9("c", ["plugin", "load", "--dev", "."]).ok();
    let (message, _) = desk.hal9("c", ["--json", "signal", "send", "--layer", "L2", "crash"]).error(9);
    assert!(message.contains("process_signal"), "{message}");
}

#[test]
fn a_mistake_in_a_module_that_is_imported_while_it_is_built_is_told_with_its_place_or_what_it_called() {
    let desk = Desk::new();
    for (language, file, from, to, words) in [
        ("python", "src/words.py", "return len(", "return len((", "File \"src/words.py\", line "),
        (
            "python",
            "src/plugin.py",
            "TOTAL = \"total\"",
            "TOTAL = logging.log(logging.Level.INFO, \"\")",
            "logging@0.1.0#log when",
        ),
        ("javascript", "src/words.js", "return text", "return = text", "src/words.js:"),
        ("javascript", "src/plugin.js", "const TOTAL", "console.log(1);\nconst TOTAL", "logging@0.1.0#log when"),
        ("javascript", "src/plugin.js", "  state() {", "  stat() {", "src/plugin.js has no function `neuron.state`"),
        ("typescript", "src/plugin.ts", "  state() {", "  stat() {", "src/plugin.ts("),
    ] {
        let _ = fs::remove_dir_all(desk.project(language));
        with(&desk, language, file, from, to);
        let (message, help) = desk.hal9(language, ["--json", "plugin", "build"]).error(4);
        assert!(message.contains(words) && !help.is_empty(), "{language}: {message}");
        let noise = ["Stack backtrace", "wasm function", "Traceback (most recent call last):\n  File \"/", "Error: : "];
        assert!(!noise.iter().any(|noise| message.contains(noise)), "{language}: {message}");
        assert!(!desk.project(language).join("build/plugin.wasm").exists());
    }
}
