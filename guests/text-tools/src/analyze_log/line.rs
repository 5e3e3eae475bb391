//! One line of a log: its level, its time, and its message without what changes from line to line.

use hal9_plugin_sdk::{Value, serde_json};
use regex_lite::Regex;
use std::sync::LazyLock;

/// Where a level stands, if it stands somewhere: in the first so many characters.
const HEAD: usize = 160;
/// The longest message that lines are told apart by, in characters.
const LONGEST_TEMPLATE: usize = 200;

/// The levels that loggers have, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Fatal,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

pub(super) const LEVELS: [Level; 6] =
    [Level::Fatal, Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// A level by one of its names, whatever the case.
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&[&str], Level); 6] = [
            (&["FATAL", "CRITICAL", "CRIT", "PANIC", "EMERG", "EMERGENCY", "ALERT"], Level::Fatal),
            (&["ERROR", "ERR", "SEVERE"], Level::Error),
            (&["WARN", "WARNING"], Level::Warn),
            (&["INFO", "NOTICE", "INFORMATION"], Level::Info),
            (&["DEBUG", "DBG"], Level::Debug),
            (&["TRACE", "VERBOSE"], Level::Trace),
        ];
        let named = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        NAMES.iter().find(|(names, _)| named(names)).map(|(_, level)| *level)
    }
}

/// A line, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) level: Option<Level>,
    pub(super) time: Option<String>,
    message: String,
}

static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let date = r"\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?";
    let syslog = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d{2}:\d{2}:\d{2}";
    let access = r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}";
    Regex::new(&format!("{date}|{syslog}|{access}")).ok()
});

impl Line {
    /// Takes a line apart; what it cannot find it leaves out, and the message is then the whole line.
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        Self::from_json(text).unwrap_or_else(|| Self::from_text(text))
    }

    /// A JSON object, with the member names that loggers use.
    fn from_json(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        let members: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
        let member = |names: &[&str]| {
            names.iter().find_map(|name| members.get(*name)).and_then(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
        };
        Some(Self {
            level: member(&["level", "severity", "lvl", "levelname", "log.level"])
                .and_then(|level| Level::named(&level)),
            time: member(&["time", "timestamp", "ts", "@timestamp"]),
            message: member(&["message", "msg", "error", "event"]).unwrap_or_else(|| text.to_owned()),
        })
    }

    fn from_text(text: &str) -> Self {
        let head = cut(text, HEAD);
        let time = TIME.as_ref().and_then(|time| time.find(head)).map(|time| time.range());
        let level = find_level(head);
        // The message begins after whichever of the two comes last, unless they stand in the middle of it.
        let ends = [time.clone().filter(|time| time.start < 32), level.as_ref().map(|(_, span)| span.clone())];
        let start = ends.into_iter().flatten().map(|span| span.end).max().unwrap_or(0);
        let rest = text[start..].trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ']' | ')' | ':' | '-' | '|' | '>' | ',' | '"')
        });
        Self {
            level: level.map(|(level, _)| level),
            time: time.map(|time| head[time].to_owned()),
            message: logfmt_message(rest).unwrap_or(rest).to_owned(),
        }
    }

    /// The message with `#` for what changes from line to line: numbers, ids, and what stands in quotes.
    pub(super) fn template(&self) -> String {
        let mut template = String::new();
        let mut rest = cut(&self.message, LONGEST_TEMPLATE);
        while let Some(c) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            let (taken, shown) = if let Some(quoted) = quoted(rest) {
                (quoted, "#")
            } else if word == 0 {
                (c.len_utf8(), &rest[..c.len_utf8()])
            } else if rest[..word].contains(|c: char| c.is_ascii_digit()) {
                (word, "#")
            } else {
                (word, &rest[..word])
            };
            // "10.0.0.1", "3-7" and an id in five groups are one thing.
            if shown == "#" && ["#.", "#-", "#:"].iter().any(|end| template.ends_with(end)) {
                template.pop();
            } else {
                template.push_str(shown);
            }
            rest = &rest[taken..];
        }
        template
    }
}

/// How long the quoted text is that `rest` begins with, if it does. An apostrophe inside of a word begins none.
fn quoted(rest: &str) -> Option<usize> {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let end = rest[1..].find(quote)?;
    let after = rest[1 + end + 1..].chars().next();
    (!after.is_some_and(char::is_alphanumeric)).then_some(end + 2)
}

/// The value of `msg=` in a line of `name=value` pairs.
fn logfmt_message(rest: &str) -> Option<&str> {
    let start = rest.strip_prefix("msg=").or_else(|| rest.split_once(" msg=").map(|(_, value)| value))?;
    match start.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => start.split(' ').next(),
    }
}

/// The level that the head of a line names, and where. A word in capitals is one, in lower case only where something
/// else says so: `level=error`, `[error]`, `error:`.
fn find_level(head: &str) -> Option<(Level, std::ops::Range<usize>)> {
    let mut at = 0;
    while let Some(found) = head[at..].find(|c: char| c.is_ascii_alphabetic()) {
        let start = at + found;
        let end = head[start..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(head.len(), |length| start + length);
        let word = &head[start..end];
        at = end;
        if let Some(level) = Level::named(word) {
            let (before, after) = (&head[..start], &head[end..]);
            let capitals = !word.contains(|c: char| c.is_ascii_lowercase());
            let marked =
                before.ends_with(['[', '<', '=', '(']) || before.ends_with("=\"") || after.starts_with([':', ']']);
            if capitals || marked {
                return Some((level, start..end));
            }
        }
    }
    None
}

/// The first so many characters.
pub(super) fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_however_they_are_written() {
        for (text, level) in [
            ("ERROR disk full", Some(Level::Error)),
            ("[error] disk full", Some(Level::Error)),
            ("error: disk full", Some(Level::Error)),
            ("2026-11-21 10:00:00,123 - app - WARNING - low", Some(Level::Warn)),
            ("ts=1 level=warn msg=low", Some(Level::Warn)),
            ("{\"level\":\"fatal\",\"msg\":\"gone\"}", Some(Level::Fatal)),
            ("Nov 21 10:00:00 host app[7]: CRITICAL: gone", Some(Level::Fatal)),
            ("<notice> started", Some(Level::Info)),
            ("E0425 is an error in the text", None),
            ("no error here", None),
            ("{\"level\":", None),
            ("", None),
        ] {
            assert_eq!(Line::read(text).level, level, "{text}");
        }
    }

    #[test]
    fn times_are_found_in_the_usual_forms() {
        for time in [
            "2026-11-21T10:00:00Z",
            "2026-11-21 10:00:00.123",
            "2026/11/21 10:00:00",
            "Nov 21 10:00:00",
            "Nov  1 10:00:00",
            "21/Nov/2026:10:00:00 +0100",
        ] {
            let line = format!("[{time}] INFO up");
            assert_eq!(Line::read(&line).time.as_deref(), Some(time));
        }
        assert_eq!(Line::read("{\"ts\":1700000000}").time.unwrap(), "1700000000");
        assert_eq!(Line::read("at 10:00").time, None);
    }

    #[test]
    fn what_changes_is_left_out_of_the_message() {
        for (text, template) in [
            ("ERROR user 42 not found", "user # not found"),
            ("ERROR id 550e8400-e29b-41d4-a716-446655440000 gone", "id # gone"),
            ("ERROR 10.0.0.1:8080 refused", "# refused"),
            ("ERROR no file \"a b.txt\" here", "no file # here"),
            ("ERROR can't open 'x'", "can't open #"),
            ("level=error msg=\"took 12ms\" user=ada", "took #"),
            ("{\"level\":\"error\",\"message\":\"code 7\"}", "code #"),
        ] {
            assert_eq!(Line::read(text).template(), template, "{text}");
        }
    }

    #[test]
    fn a_line_of_any_length_has_a_short_message() {
        let line = format!("ERROR {}", "é ".repeat(100_000));
        assert!(Line::read(&line).template().chars().count() <= LONGEST_TEMPLATE);
    }
}
