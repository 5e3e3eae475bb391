//! The tool `analyze_log`: how many lines of a log are of which level, and which errors and warnings come most often,
//! whatever numbers and names are in them. It knows how logs are mostly written, and no logger in particular.

mod line;

use crate::params::{MAX_TEXT, Params};
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json, serde_json};
use line::{LEVELS, Level, Line};
use std::collections::BTreeMap;

const MAX_TOP: u64 = 100;
/// How many different messages are told apart; further ones are counted by level alone.
const MAX_MESSAGES: usize = 10_000;
/// The longest line that is shown, in characters.
const LONGEST_EXAMPLE: usize = 300;

/// Analyses a log.
#[derive(Debug, Default)]
pub struct AnalyzeLog;

struct Arguments<'p> {
    text: &'p str,
    top: usize,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let params = Params::new(params, &["text", "top"])?;
    Ok(Arguments {
        text: params.text("text", MAX_TEXT)?,
        top: usize::try_from(params.integer_or("top", 1..=MAX_TOP, 10)?).unwrap_or(10),
    })
}

impl ToolPlugin for AnalyzeLog {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "analyze_log".to_owned(),
            description: "Counts the lines of a log by level (fatal, error, warn, info, debug, trace; unknown for lines without one), gives the first and last time, the error rate, and the errors and warnings that come most often, grouped by message with numbers and ids left out. Takes plain text, logfmt and JSON lines.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "text": { "type": "string", "description": "The log, 1 MiB at most" },
                    "top": { "type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": 10, "description": "How many of the most frequent messages to give" }
                },
                "required": ["text"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let Arguments { text, top } = read(&params)?;
        let mut summary = Summary::default();
        for (number, line) in (1_u64..).zip(text.lines()) {
            if !line.trim().is_empty() {
                summary.add(number, line);
            }
        }
        Ok(summary.result(top))
    }
}

#[derive(Default)]
struct Summary<'t> {
    lines: u64,
    levels: [u64; LEVELS.len()],
    times: Option<(String, String)>,
    messages: BTreeMap<(Level, String), Group<'t>>,
    told_apart: bool,
}

/// Lines with the same message.
struct Group<'t> {
    count: u64,
    first_line: u64,
    example: &'t str,
}

impl<'t> Summary<'t> {
    fn add(&mut self, number: u64, text: &'t str) {
        let mut line = Line::read(text);
        self.lines += 1;
        if let Some(time) = line.time.take() {
            match &mut self.times {
                Some((_, last)) => *last = time,
                None => self.times = Some((time.clone(), time)),
            }
        }
        let Some(level) = line.level else { return };
        self.levels[level as usize] += 1;
        if level > Level::Warn {
            return;
        }
        let key = (level, line.template());
        if self.messages.len() < MAX_MESSAGES || self.messages.contains_key(&key) {
            let group = Group { count: 0, first_line: number, example: text };
            self.messages.entry(key).or_insert(group).count += 1;
        } else {
            self.told_apart = true;
        }
    }

    fn result(self, top: usize) -> Value {
        let known: u64 = self.levels.iter().sum();
        let mut levels: serde_json::Map<String, Value> =
            LEVELS.iter().zip(self.levels).map(|(level, count)| (level.name().to_owned(), json!(count))).collect();
        levels.insert("unknown".to_owned(), json!(self.lines - known));
        let errors = self.levels[Level::Fatal as usize] + self.levels[Level::Error as usize];
        let rate = (known > 0).then(|| (errors as f64 / known as f64 * 1e4).round() / 1e4);
        let distinct = self.messages.len();
        let mut messages: Vec<_> = self.messages.into_iter().collect();
        messages.sort_by_key(|((level, _), group)| (std::cmp::Reverse(group.count), *level, group.first_line));
        let top: Vec<Value> = messages
            .into_iter()
            .take(top)
            .map(|((level, message), group)| {
                json!({
                    "level": level.name(),
                    "count": group.count,
                    "message": message,
                    "first_line": group.first_line,
                    "example": line::cut(group.example.trim(), LONGEST_EXAMPLE),
                })
            })
            .collect();
        let (first, last) = self.times.unzip();
        json!({
            "lines": self.lines,
            "levels": levels,
            "error_rate": rate,
            "first_time": first,
            "last_time": last,
            "distinct_messages": distinct,
            "more_messages_than_counted": self.told_apart,
            "top_messages": top,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn analyze(text: &str) -> Value {
        AnalyzeLog.execute(HashMap::from([("text".to_owned(), json!(text))])).unwrap()
    }

    #[test]
    fn levels_are_counted_and_messages_grouped() {
        let result = analyze(
            "2026-11-21T10:00:00Z INFO  server: listening on 0.0.0.0:8080\n\
             2026-11-21T10:00:01Z ERROR db: timeout after 5003 ms on shard 7\n\
             \n\
             2026-11-21T10:00:02Z WARN  cache: 93% full\n\
             2026-11-21T10:00:03Z ERROR db: timeout after 77 ms on shard 12\n\
             \tat db.rs:17\n\
             2026-11-21T10:00:04Z ERROR auth: no such user 'ada'\n",
        );
        assert_eq!(result["lines"], 6);
        assert_eq!(
            result["levels"],
            json!({ "fatal": 0, "error": 3, "warn": 1, "info": 1, "debug": 0, "trace": 0, "unknown": 1 })
        );
        assert_eq!(result["error_rate"], 0.6);
        assert_eq!(result["first_time"], "2026-11-21T10:00:00Z");
        assert_eq!(result["last_time"], "2026-11-21T10:00:04Z");
        let top = &result["top_messages"][0];
        assert_eq!((&top["count"], &top["first_line"]), (&json!(2), &json!(2)));
        assert_eq!(top["message"], "db: timeout after # ms on shard #");
        assert_eq!(top["example"], "2026-11-21T10:00:01Z ERROR db: timeout after 5003 ms on shard 7");
        assert_eq!(result["distinct_messages"], 3);
    }

    #[test]
    fn a_log_without_levels_has_no_rate() {
        for text in ["", "one\ntwo"] {
            let result = analyze(text);
            assert_eq!(result["error_rate"], Value::Null);
            assert_eq!(result["top_messages"], json!([]));
            assert_eq!(result["first_time"], Value::Null);
        }
    }

    #[test]
    fn messages_beyond_what_is_told_apart_are_still_counted() {
        let word = |mut number: usize| -> String {
            let mut word = String::new();
            while word.len() < 4 {
                word.push(char::from(b'a' + (number % 26) as u8));
                number /= 26;
            }
            word
        };
        let text: String = (0..MAX_MESSAGES + 5).map(|at| format!("ERROR {}\n", word(at))).collect();
        let result = analyze(&text);
        assert_eq!(result["levels"]["error"], MAX_MESSAGES + 5);
        assert_eq!(result["distinct_messages"], MAX_MESSAGES);
        assert_eq!(result["more_messages_than_counted"], true);
    }
}
