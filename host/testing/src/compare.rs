//! Owns how what came is held against what was expected. It refuses to know what either is about.

use serde_json::Value;

/// Where two values differ, and how.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    /// A JSON Pointer; empty for the whole.
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

impl Difference {
    /// The same, seen from the other side.
    pub(crate) fn mirrored(self) -> Self {
        Self { path: self.path, expected: self.got, got: self.expected }
    }
}

/// The first difference between what was expected and what came. Of an object, the members that are named must be equal; a list must be
/// as long, and equal in each of its items; numbers are compared as numbers.
pub(crate) fn difference(expected: &Value, got: &Value) -> Option<Difference> {
    differ(expected, got, &mut String::new())
}

fn differ(expected: &Value, got: &Value, path: &mut String) -> Option<Difference> {
    let here = |path: &str, expected: String, got: String| Some(Difference { path: path.to_owned(), expected, got });
    match (expected, got) {
        (Value::Object(wanted), Value::Object(there)) => wanted.iter().find_map(|(name, value)| {
            let length = path.len();
            path.push('/');
            path.push_str(&name.replace('~', "~0").replace('/', "~1"));
            let found = match there.get(name) {
                Some(got) => differ(value, got, path),
                None => here(path, value.to_string(), "nothing of that name".to_owned()),
            };
            path.truncate(length);
            found
        }),
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            wanted.iter().zip(there).enumerate().find_map(|(at, (value, got))| {
                let length = path.len();
                path.push_str(&format!("/{at}"));
                let found = differ(value, got, path);
                path.truncate(length);
                found
            })
        }
        (Value::Array(wanted), Value::Array(there)) => {
            here(path, format!("{} items: {expected}", wanted.len()), format!("{} items: {got}", there.len()))
        }
        (Value::Number(wanted), Value::Number(there)) if wanted.as_f64() == there.as_f64() => None,
        _ if expected == got => None,
        _ => here(path, expected.to_string(), got.to_string()),
    }
}

/// Whether a line is as expected, where `…` in what is expected stands for anything.
pub(crate) fn matches(expected: &str, got: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| got.strip_prefix(first)) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// What is different between two lists of lines: what was expected and what came at the first place that differs.
pub(crate) fn lines(expected: &[String], got: &[String]) -> Option<(String, String)> {
    let at = (0..expected.len().max(got.len())).find(|at| match (expected.get(*at), got.get(*at)) {
        (Some(expected), Some(got)) => !matches(expected, got),
        _ => true,
    })?;
    let expected = expected.get(at).map_or_else(|| "no more".to_owned(), Clone::clone);
    let place = at + 1;
    let come = if got.is_empty() {
        "nothing".to_owned()
    } else {
        let all: Vec<_> = got.iter().enumerate().map(|(at, line)| format!("{}: {line}", at + 1)).collect();
        all.join("\n")
    };
    Some((format!("{place}: {expected}"), come))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(expected: Value, got: Value) -> Option<String> {
        difference(&expected, &got).map(|difference| difference.path)
    }

    #[test]
    fn what_is_named_must_be_equal_and_nothing_else() {
        assert_eq!(path(json!({"a": 1}), json!({"a": 1.0, "b": 2})), None);
        assert_eq!(path(json!({"a": {"b/c": [1, 2]}}), json!({"a": {"b/c": [1, 3]}})).as_deref(), Some("/a/b~1c/1"));
        assert_eq!(path(json!([1]), json!([1, 2])).as_deref(), Some(""));
        assert_eq!(path(json!({"a": null}), json!({})).as_deref(), Some("/a"));
        assert_eq!(path(json!("1"), json!(1)).as_deref(), Some(""));
    }

    #[test]
    fn an_ellipsis_stands_for_anything() {
        assert!(matches("memory.set a …", "memory.set a 1"));
        assert!(matches("…a…b", "xaxb"));
        assert!(matches("a", "a") && !matches("a", "ab") && !matches("a…b", "ac"));
        assert!(!matches("ab…b", "ab"), "what stands on both sides of it does not overlap");
    }

    #[test]
    fn the_first_line_that_differs_is_told_with_all_that_came() {
        let of = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&of(&["a", "b"]), &of(&["a", "b"])), None);
        let (expected, got) = lines(&of(&["a", "b"]), &of(&["a"])).unwrap();
        assert_eq!((expected.as_str(), got.as_str()), ("2: b", "1: a"));
        assert_eq!(lines(&of(&[]), &of(&["a"])).unwrap().0, "1: no more");
    }
}
