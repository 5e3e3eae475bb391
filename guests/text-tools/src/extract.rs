//! The tool `extract`: finds what has a form of its own in a text: URLs, e-mail and IP addresses, dates, numbers. This
//! file owns the order in which they are looked for, so that nothing is found twice; each form is a module.

mod dates;
mod ip_addresses;
mod numbers;

use crate::params::{Params, shown, wrong};
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json, serde_json};
use linkify::{LinkFinder, LinkKind};
use std::collections::BTreeSet;
use std::ops::Range;

/// The longest text, in bytes: the worst takes less than half a second.
const MAX_TEXT: usize = 256 * 1024;
const MAX_LIMIT: u64 = 10_000;
/// What can be found, in the order in which it is looked for: the number in a date in a URL is the URL's.
const KINDS: [&str; 5] = ["urls", "emails", "ip_addresses", "dates", "numbers"];

/// Finds things in a text.
#[derive(Debug, Default)]
pub struct Extract;

struct Arguments<'p> {
    text: &'p str,
    /// Which of `KINDS`.
    wanted: [bool; KINDS.len()],
    limit: usize,
    day_first: Option<bool>,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let params = Params::new(params, &["text", "kinds", "limit", "day_first"])?;
    let mut wanted = [true; KINDS.len()];
    if let Some(kinds) = params.list("kinds", KINDS.len())? {
        wanted = [false; KINDS.len()];
        for kind in kinds {
            let known = KINDS.iter().position(|name| kind.as_str() == Some(name));
            let known =
                known.ok_or_else(|| wrong(format!("`kinds` takes {}, and has {}", KINDS.join(", "), shown(kind))))?;
            wanted[known] = true;
        }
    }
    let limit = params.integer_or("limit", 1..=MAX_LIMIT, 100)?;
    Ok(Arguments {
        text: params.text("text", MAX_TEXT)?,
        wanted,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        day_first: params.flag("day_first")?,
    })
}

impl ToolPlugin for Extract {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "extract".to_owned(),
            description: "Finds URLs (with a scheme), e-mail addresses, IP addresses, dates and numbers in a text, in the order in which they occur; addresses once each. A date comes with its text and in ISO form, which is null where day and month cannot be told apart; `day_first` tells.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "text": { "type": "string", "description": "The text, 256 KiB at most" },
                    "kinds": { "type": "array", "items": { "type": "string", "enum": KINDS }, "default": KINDS, "description": "What to find" },
                    "limit": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100, "description": "Most of each kind" },
                    "day_first": { "type": "boolean", "description": "Whether 03/04/2026 is the 3rd of April (true) or March the 4th (false)" }
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
        let Arguments { text, wanted, limit, day_first } = read(&params)?;
        let mut taken = Taken::default();
        let mut found: [Findings; KINDS.len()] = std::array::from_fn(|_| Findings::new(limit));
        let [urls, emails, addresses, dates, numbers] = &mut found;
        for link in LinkFinder::new().kinds(&[LinkKind::Url, LinkKind::Email]).links(text) {
            taken.add(link.start()..link.end());
            match link.kind() {
                LinkKind::Email => emails.add_once(link.as_str()),
                _ => urls.add_once(link.as_str()),
            }
        }
        taken.sort();
        let mut further = Vec::new();
        for (span, address) in ip_addresses::find(text) {
            if taken.is_free(&span) {
                addresses.add_once(&address.to_string());
                further.push(span);
            }
        }
        for (span, date) in dates::find(text, day_first) {
            if taken.is_free(&span) {
                dates.add(json!({ "text": &text[span.clone()], "date": date }));
                further.push(span);
            }
        }
        further.into_iter().for_each(|span| taken.add(span));
        taken.sort();
        for (span, number) in numbers::find(text) {
            if taken.is_free(&span) {
                numbers.add(number);
            }
        }
        Ok(result(found, wanted))
    }
}

fn result(found: [Findings; KINDS.len()], wanted: [bool; KINDS.len()]) -> Value {
    let mut result = serde_json::Map::new();
    let mut truncated = Vec::new();
    for ((kind, findings), wanted) in KINDS.into_iter().zip(found).zip(wanted) {
        if wanted {
            if findings.left_out {
                truncated.push(kind);
            }
            result.insert(kind.to_owned(), Value::Array(findings.values));
        }
    }
    result.insert("truncated".to_owned(), json!(truncated));
    Value::Object(result)
}

/// What was found of one kind, up to a limit.
struct Findings {
    values: Vec<Value>,
    known: BTreeSet<String>,
    limit: usize,
    left_out: bool,
}

impl Findings {
    fn new(limit: usize) -> Self {
        Self { values: Vec::new(), known: BTreeSet::new(), limit, left_out: false }
    }

    fn add(&mut self, value: Value) {
        if self.values.len() < self.limit {
            self.values.push(value);
        } else {
            self.left_out = true;
        }
    }

    fn add_once(&mut self, text: &str) {
        if !self.known.contains(text) {
            if self.values.len() < self.limit {
                self.known.insert(text.to_owned());
            }
            self.add(json!(text));
        }
    }
}

/// Which parts of the text are something already.
#[derive(Default)]
struct Taken(Vec<Range<usize>>);

impl Taken {
    fn add(&mut self, span: Range<usize>) {
        self.0.push(span);
    }

    /// To be called between `add` and `is_free`.
    fn sort(&mut self) {
        self.0.sort_unstable_by_key(|span| span.start);
    }

    fn is_free(&self, span: &Range<usize>) -> bool {
        let before = self.0.partition_point(|taken| taken.start < span.end);
        before == 0 || self.0[before - 1].end <= span.start
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn extract(params: Value) -> Value {
        Extract.execute(serde_json::from_value(params).unwrap()).unwrap()
    }

    #[test]
    fn each_thing_is_found_once_and_as_one_kind() {
        let text = "On 2026-11-21 ada@example.org (see https://example.org/2025-01-02/7?q=8, and \
            https://example.org/2025-01-02/7?q=8) paid 1,250.50 from 192.168.0.1, a 15% rise. Mail ada@example.org.";
        let found = extract(json!({ "text": text }));
        let expected = json!({
            "urls": ["https://example.org/2025-01-02/7?q=8"],
            "emails": ["ada@example.org"],
            "ip_addresses": ["192.168.0.1"],
            "dates": [{ "text": "2026-11-21", "date": "2026-11-21" }],
            "numbers": [1250.5, 15],
            "truncated": []
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn only_the_kinds_that_are_wanted_are_given() {
        let found = extract(json!({ "text": "7 on 2026-11-21", "kinds": ["numbers"] }));
        assert_eq!(found, json!({ "numbers": [7], "truncated": [] }));
    }

    #[test]
    fn what_is_beyond_the_limit_is_said() {
        let found = extract(json!({ "text": "1 2 3 a@b.co a@b.co", "limit": 2, "kinds": ["numbers", "emails"] }));
        assert_eq!(found, json!({ "numbers": [1, 2], "emails": ["a@b.co"], "truncated": ["numbers"] }));
    }

    #[test]
    fn an_unknown_kind_is_refused_with_the_known_ones() {
        let params = json!({ "text": "", "kinds": ["phones"] });
        let error = Extract.validate_params(&serde_json::from_value(params).unwrap()).unwrap_err();
        assert!(error.message.contains("urls, emails") && error.message.contains("phones"));
    }

    #[test]
    fn a_text_that_is_made_to_be_slow_is_searched_all_the_same() {
        for unit in ["a@", "http://", "1-", "1.1.", ":", "f:", "1 may ", "1,111", "-", "9", "://a", "a.a@a."] {
            let text = unit.repeat(50_000 / unit.len());
            extract(json!({ "text": text }));
        }
    }
}
