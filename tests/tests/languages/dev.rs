//! `hal9 dev` on a project that is not Rust: what is saved is built and swapped in, what tools write is not built again.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

use super::desk::Desk;

/// A command that has not said anything for so long hangs. Nothing is measured by this.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn what_is_saved_is_built_and_swapped_in_and_what_does_not_build_leaves_the_last_one_serving() {
    let desk = Desk::new();
    desk.hal9("", ["plugin", "new", "shout", "--lang", "c"]).ok();
    let mut dev = desk.command(&desk.path(), ["--json", "dev", "shout"]);
    let mut dev = dev.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (sender, lines) = channel();
    let out = BufReader::new(dev.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut input = dev.stdin.take().unwrap();
    let event = |wanted: &str| -> Value {
        loop {
            let line = lines.recv_timeout(PATIENCE).expect("it has something to say");
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["event"] == wanted {
                return value;
            }
            assert_ne!(value["event"], "stopped", "no {wanted} before");
        }
    };
    let mut words = |line: &str| {
        writeln!(input, "{line}").unwrap();
        event("reply")["signal"]["metadata"]["words"].as_str().unwrap().to_owned()
    };

    event("serving");
    assert_eq!(words("one two"), "2");
    let source = desk.project("shout/src/words.c");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("return words;", "return word;")).unwrap();
    let failed = event("failed");
    assert!(failed.to_string().contains("src/words.c:"), "{failed}");
    assert_eq!(words("one two"), "2");
    fs::write(&source, text.replace("return words;", "return 10 * words;")).unwrap();
    event("swapped");
    assert_eq!(words("one two"), "20");
    drop(input);
    event("stopped");
    assert!(dev.wait().unwrap().success());
}
