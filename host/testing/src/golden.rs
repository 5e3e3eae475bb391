//! Owns golden files: what a step gave once and is to give again, beside the cases. It refuses to know what gave it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::compare;
use crate::report::Finding;
use crate::text::cut;

/// Holds a value against a golden file below `folder`: as JSON where that is what its name says, and otherwise as text. With `update`
/// the file is written where it differs; its path, where it was.
///
/// # Errors
///
/// What is different.
pub(crate) fn check(folder: &Path, name: &str, got: &Value, update: bool) -> Result<Option<PathBuf>, Box<Finding>> {
    let is_below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !is_below {
        return Err(Finding::new("golden", "a path below the folder of the cases", name).into());
    }
    let path = folder.join(name);
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let text = if is_json { format!("{got:#}\n") } else { plain(got) };
    let there = match fs::read_to_string(&path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(Finding::new("golden", format!("to read {}", path.display()), error.to_string()).into());
        }
    };
    let Some(finding) = different(there.as_deref(), &text, got, is_json, &path) else { return Ok(None) };
    if !update {
        return Err(finding.into());
    }
    let write = |path: &Path| {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, &text)
    };
    match write(&path) {
        Ok(()) => Ok(Some(path)),
        Err(error) => Err(Finding::new("golden", format!("to write {}", path.display()), error.to_string()).into()),
    }
}

fn different(there: Option<&str>, text: &str, got: &Value, is_json: bool, path: &Path) -> Option<Finding> {
    const UPDATE: &str = "if what came is right, write it down: hal9 plugin test --update";
    let shown = path.display();
    let Some(there) = there else {
        return Some(Finding::new("golden", format!("the file {shown}"), cut(text)).help(UPDATE));
    };
    if is_json {
        let expected = match serde_json::from_str::<Value>(there) {
            Ok(expected) => expected,
            Err(error) => {
                return Some(Finding::new("golden", format!("JSON in {shown}"), error.to_string()).help(UPDATE));
            }
        };
        // All of it is compared: a golden file names everything.
        let mirrored = || compare::difference(got, &expected).map(compare::Difference::mirrored);
        let found = compare::difference(&expected, got).or_else(mirrored)?;
        let at = if found.path.is_empty() { String::new() } else { format!("{}: ", found.path) };
        let (expected, got) = (format!("{at}{}", found.expected), found.got);
        return Some(Finding::new(format!("golden: {shown}"), cut(&expected), cut(&got)).help(UPDATE));
    }
    if there == text {
        return None;
    }
    let differs = there.lines().zip(text.lines()).position(|(expected, got)| expected != got);
    let at = differs.unwrap_or(there.lines().count().min(text.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    let what = format!("golden: {shown}, line {}", at + 1);
    Some(Finding::new(what, cut(&line(there)), cut(&line(text))).help(UPDATE))
}

/// What a person reads of a value: a text, or the content of a signal, or the value of an entry; else it as JSON.
fn plain(value: &Value) -> String {
    let of = |name: &str| value.get(name).and_then(Value::as_str);
    value
        .as_str()
        .or_else(|| of("content"))
        .or_else(|| of("value"))
        .map_or_else(|| format!("{value:#}\n"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_golden_file_is_written_when_asked_and_compared_whole() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, value: &Value, update| check(folder.path(), name, value, update);
        let value = json!({"a": 1, "b": 2});
        assert!(check("golden/x.json", &value, false).unwrap_err().help.contains("--update"));
        assert!(check("golden/x.json", &value, true).unwrap().is_some());
        assert_eq!(check("golden/x.json", &value, true).unwrap(), None, "what is right is not written again");
        assert_eq!(check("golden/x.json", &value, false).unwrap(), None);
        assert!(check("golden/x.json", &json!({"a": 1, "b": 2, "c": 3}), false).is_err());
        assert!(check("golden/x.json", &json!({"a": 1, "b": 3}), false).unwrap_err().expected.contains("/b: 2"));
    }

    #[test]
    fn text_is_compared_by_lines_and_stays_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, value: &Value, update| check(folder.path(), name, value, update);
        assert!(check("x.txt", &json!({"content": "one\ntwo"}), true).unwrap().is_some());
        let finding = check("x.txt", &json!("one\nthree"), false).unwrap_err();
        assert_eq!((finding.expected.as_str(), finding.got.as_str()), ("two", "three"));
        assert!(finding.what.ends_with("line 2"));
        for outside in ["../x.txt", "/etc/passwd", ""] {
            assert!(check(outside, &json!("x"), true).is_err(), "{outside}");
        }
    }
}
