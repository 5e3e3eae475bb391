//! What is refused before a file is written, and what is not touched.

use super::desk::Desk;

#[test]
fn a_name_a_kind_or_a_folder_that_cannot_be_is_refused_and_nothing_is_written() {
    let desk = Desk::new();
    let new = |args: &[&str]| desk.hal9("", ["--json", "plugin", "new"].iter().chain(args));
    for (args, status, words) in [
        (&["Shout"][..], 2, "Shout"),
        (&["../shout"], 2, "../shout"),
        (&["fn"], 2, "word of a language"),
        (&["shout", "--id", "no id"], 2, "no id"),
        (&["shout", "--lang", "zig", "--kind", "memory-provider"], 2, "memory-provider in Zig"),
        (&["shout", "--lang", "cobol"], 2, "cobol"),
    ] {
        let (message, help) = new(args).error(status);
        assert!(message.contains(words) && !help.is_empty(), "{args:?}: {message}; {help}");
    }
    assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 0);

    std::fs::create_dir(desk.project("shout")).unwrap();
    std::fs::write(desk.project("shout").join("mine.txt"), "mine").unwrap();
    let (message, help) = new(&["shout", "--lang", "c"]).error(10);
    assert!(message.contains("has something in it") && help.contains("--dir"), "{message}; {help}");
    assert_eq!(std::fs::read_dir(desk.project("shout")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 1);
}

#[test]
fn a_plugin_gets_the_folder_and_the_id_that_it_is_given() {
    let desk = Desk::new();
    std::fs::create_dir(desk.project("here")).unwrap();
    let begun =
        desk.hal9("here", ["--json", "plugin", "new", "shout", "--id", "org.example.shout", "--dir", "."]).json();
    assert_eq!((&begun["id"], &begun["language"]), (&"org.example.shout".into(), &"rust".into()), "{begun}");
    let source = std::fs::read_to_string(desk.project("here/src/lib.rs")).unwrap();
    assert!(source.contains("id: \"org.example.shout\"") && source.contains("struct Shout;"), "{source}");
    let checked = desk.hal9("", ["--json", "plugin", "new", "tally", "--lang", "c", "--kind", "tool"]).json();
    assert!(checked["next"].as_array().unwrap().iter().any(|next| next == "hal9 plugin build"), "{checked}");
    desk.hal9("", ["plugin", "validate", "tally/manifest.json"]).ok();
}
