//! The tool `diff`: what changed between two texts, as a unified diff. It knows lines, and not what is in them.

mod unified;

use crate::params::{Params, wrong};
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json};
use imara_diff::{Algorithm, InternedInput};
use unified::Unified;

/// The longest text on either side, in bytes and in lines: so the worst pair takes well under a second.
const MAX_SIDE: usize = 512 * 1024;
const MAX_LINES: usize = 10_000;

/// Compares two texts line by line.
#[derive(Debug, Default)]
pub struct Diff;

struct Arguments<'p> {
    old: &'p str,
    new: &'p str,
    old_name: &'p str,
    new_name: &'p str,
    context: u32,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let params = Params::new(params, &["old", "new", "old_name", "new_name", "context"])?;
    let name = |parameter, default| {
        let name = params.text_or(parameter, 256, default)?;
        if name.contains(char::is_control) {
            return Err(wrong(format!("`{parameter}` must be on one line, without control characters")));
        }
        Ok(name)
    };
    let side = |parameter| {
        let text = params.text(parameter, MAX_SIDE)?;
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        if lines > MAX_LINES {
            return Err(wrong(format!("`{parameter}` has {lines} lines, and may have {MAX_LINES}: send it in parts")));
        }
        Ok(text)
    };
    Ok(Arguments {
        old: side("old")?,
        new: side("new")?,
        old_name: name("old_name", "old")?,
        new_name: name("new_name", "new")?,
        context: u32::try_from(params.integer_or("context", 0..=100, 3)?).unwrap_or(3),
    })
}

impl ToolPlugin for Diff {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "diff".to_owned(),
            description: "Compares two texts line by line and gives the unified diff that `patch` applies, how many lines were added and deleted, and how alike the texts are (0 to 1). The diff of equal texts is empty.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "old": { "type": "string", "description": "The text before, 512 KiB and 10 000 lines at most" },
                    "new": { "type": "string", "description": "The text after, as long" },
                    "old_name": { "type": "string", "default": "old", "description": "What the diff calls the text before" },
                    "new_name": { "type": "string", "default": "new", "description": "What the diff calls the text after" },
                    "context": { "type": "integer", "minimum": 0, "maximum": 100, "default": 3, "description": "Unchanged lines around each change" }
                },
                "required": ["old", "new"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let Arguments { old, new, old_name, new_name, context } = read(&params)?;
        let input = InternedInput::new(old, new);
        let mut diff = imara_diff::Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let (added, deleted) = (diff.count_additions(), diff.count_removals());
        let lines = input.before.len() + input.after.len();
        let changed = f64::from(added) + f64::from(deleted);
        let similarity = if lines == 0 { 1.0 } else { 1.0 - changed / lines as f64 };
        let unified = Unified { diff: &diff, input: &input, names: [old_name, new_name], context };
        Ok(json!({
            "diff": unified.to_string(),
            "added": added,
            "deleted": deleted,
            "similarity": (similarity * 1e4).round() / 1e4,
        }))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> Value {
        let params = [("old", json!(old)), ("new", json!(new)), ("context", json!(1))];
        Diff.execute(params.map(|(name, value)| (name.to_owned(), value)).into()).unwrap()
    }

    #[test]
    fn a_changed_line_is_shown_with_its_neighbours() {
        let result = diff("one\ntwo\nthree\nfour\n", "one\ntwo\n3\nfour\n");
        assert_eq!(result["diff"], "--- old\n+++ new\n@@ -2,3 +2,3 @@\n two\n-three\n+3\n four\n");
        assert_eq!((&result["added"], &result["deleted"]), (&json!(1), &json!(1)));
        assert_eq!(result["similarity"], 0.75);
    }

    /// Applies a unified diff, as `patch` would.
    fn patched(old: &str, diff: &str) -> String {
        let lines: Vec<&str> = old.split_inclusive('\n').collect();
        let mut new = String::new();
        let mut at = 0;
        for line in diff.split_inclusive('\n').skip(2) {
            let (mark, rest) = line.split_at(1);
            match mark {
                "@" => {
                    let place = rest.trim_start_matches("@ -").split(' ').next().unwrap();
                    let (start, count) = place.split_once(',').unwrap_or((place, "1"));
                    let start = start.parse::<usize>().unwrap() - usize::from(count != "0");
                    new.extend(lines[at..start].iter().copied());
                    at = start;
                }
                "\\" => assert_eq!(new.pop(), Some('\n')),
                "+" => new.push_str(rest),
                _ => {
                    assert_eq!(lines[at].trim_end_matches('\n'), rest.trim_end_matches('\n'));
                    if mark == " " {
                        new.push_str(rest);
                    }
                    at += 1;
                }
            }
        }
        new.extend(lines[at..].iter().copied());
        new
    }

    #[test]
    fn a_diff_leads_from_the_one_text_to_the_other() {
        let mut seed = 7_u64;
        let mut below = |bound: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % bound
        };
        for _ in 0..2_000 {
            let old: String = (0..below(30)).map(|_| format!("{}\n", below(9))).collect();
            let mut new: String = old.lines().filter(|_| below(6) > 0).map(|line| format!("{line}\n")).collect();
            if below(2) == 0 {
                new.insert_str(0, "first\n");
            }
            for _ in 0..below(3) {
                new.push_str("more\n");
            }
            let context = below(5);
            let params = [("old", json!(old)), ("new", json!(new)), ("context", json!(context))];
            let result = Diff.execute(params.map(|(name, value)| (name.to_owned(), value)).into()).unwrap();
            assert_eq!(patched(&old, result["diff"].as_str().unwrap()), new, "{result}");
        }
    }

    #[test]
    fn equal_texts_have_no_diff() {
        for text in ["", "one", "one\ntwo\n"] {
            let result = diff(text, text);
            assert_eq!(result["diff"], "", "{text}");
            assert_eq!(result["similarity"], 1.0, "{text}");
        }
    }

    #[test]
    fn a_missing_line_end_is_said() {
        let diff = diff("one", "one\n")["diff"].as_str().unwrap().to_owned();
        assert!(diff.contains("\\ No newline at end of file"), "{diff}");
    }

    #[test]
    fn names_that_would_break_the_diff_and_too_many_lines_are_refused() {
        let long = "\n".repeat(MAX_LINES + 1);
        for (name, value) in [("old_name", "a\nb"), ("old", &long)] {
            let mut params: HashMap<String, Value> =
                [("old", "a"), ("new", "b")].map(|(name, text)| (name.to_owned(), json!(text))).into();
            params.insert(name.to_owned(), json!(value));
            assert!(Diff.validate_params(&params).unwrap_err().message.contains(name));
        }
    }

    #[test]
    fn texts_that_are_hard_to_compare_are_compared_all_the_same() {
        let mut seed = 1_u64;
        let mut text = || -> String {
            (0..MAX_LINES)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    if seed >> 63 == 0 { "a\n" } else { "b\n" }
                })
                .collect()
        };
        let result = diff(&text(), &text());
        assert!(result["added"].as_u64().unwrap() > 0);
    }
}
