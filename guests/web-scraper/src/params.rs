//! Reads the parameters of a tool and says all that is wrong with them, and what would be right. It knows types, ranges and
//! URLs, and no tool.

use crate::visit::unfit;
use hal9_plugin_sdk::{ErrorCode, HashMap, PluginError, Value};
use scraper::Selector;
use std::ops::RangeInclusive;
use url::Url;

/// How much of a page is read, unless more is asked for.
pub(crate) const BYTES: u64 = 2 * 1024 * 1024;
/// How much may be asked for.
pub(crate) const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// The longest selector, in bytes.
pub(crate) const MAX_SELECTOR: usize = 1024;
/// How deep its parentheses may be nested: its parser calls itself at each.
const MAX_NESTING: usize = 16;

/// The parameters of one call, and what is wrong with them. What a method gives is `None` where it found a fault.
pub(crate) struct Params<'p> {
    values: &'p HashMap<String, Value>,
    faults: Vec<String>,
}

impl<'p> Params<'p> {
    /// Takes parameters that have no other names than `known`.
    pub(crate) fn new(values: &'p HashMap<String, Value>, known: &[&str]) -> Self {
        let mut unknown: Vec<&str> = values.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
        // In an order that does not change from call to call.
        unknown.sort_unstable();
        let faults = unknown.into_iter().take(10).map(|name| {
            let name: String = name.chars().take(64).collect();
            format!("there is no parameter `{name}`; there are {}", known.join(", "))
        });
        Self { values, faults: faults.collect() }
    }

    /// What was given under a name; null is as if nothing was.
    fn get(&self, name: &str) -> Option<&'p Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    fn fault<T>(&mut self, fault: String) -> Option<T> {
        self.faults.push(fault);
        None
    }

    /// A text that there must be.
    fn text(&mut self, name: &str, what: &str) -> Option<&'p str> {
        match self.get(name) {
            None => self.fault(format!("`{name}` is missing: {what}")),
            Some(Value::String(text)) => Some(text),
            Some(value) => self.fault(format!("`{name}` must be a text, and is {}", shown(value))),
        }
    }

    /// The URL of a page.
    pub(crate) fn url(&mut self, name: &str) -> Option<Url> {
        let text = self.text(name, "the URL of a page, such as https://example.org/")?;
        match Url::parse(text) {
            Err(error) => self.fault(format!(
                "`{name}` must be an absolute URL, such as https://example.org/, and {} is not: {error}",
                shown(&Value::from(text))
            )),
            Ok(url) => match unfit(&url) {
                Some(reason) => self.fault(format!("`{name}` is not a URL that is read: {reason}")),
                None => Some(url),
            },
        }
    }

    /// A CSS selector.
    pub(crate) fn selector(&mut self, name: &str) -> Option<Selector> {
        let text = self.text(name, "a CSS selector, such as \"h1\" or \"table td.price\"")?;
        if text.len() > MAX_SELECTOR {
            return self.fault(format!("`{name}` has {} bytes, and may have {MAX_SELECTOR}", text.len()));
        }
        if nesting(text) > MAX_NESTING {
            return self.fault(format!("`{name}` has parentheses in parentheses, {MAX_NESTING} deep at most"));
        }
        match Selector::parse(text) {
            Ok(selector) => Some(selector),
            Err(error) => {
                let error: String = error.to_string().chars().take(200).collect();
                self.fault(format!("`{name}` is no CSS selector: {error}"))
            }
        }
    }

    /// The name of an attribute that there may be.
    pub(crate) fn attribute(&mut self, name: &str) -> Option<Option<&'p str>> {
        if self.get(name).is_none() {
            return Some(None);
        }
        let text = self.text(name, "")?;
        let good =
            (1..=64).contains(&text.len()) && !text.contains(|c: char| c.is_whitespace() || "\"'<>/=".contains(c));
        if good {
            return Some(Some(text));
        }
        self.fault(format!(
            "`{name}` must be the name of an attribute, such as href, and is {}",
            shown(&Value::from(text))
        ))
    }

    /// A whole number that there may be, in a range.
    pub(crate) fn integer(&mut self, name: &str, range: RangeInclusive<u64>, default: u64) -> Option<usize> {
        let number = match self.get(name) {
            None => Some(default),
            // 3.0 is what some languages write for 3.
            Some(value) => value.as_u64().or_else(|| {
                let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
                (0.0..9e15).contains(&number).then_some(number as u64)
            }),
        };
        match number.filter(|number| range.contains(number)).and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Some(number),
            None => {
                let (least, most) = range.into_inner();
                let value = shown(self.values.get(name).unwrap_or(&Value::Null));
                self.fault(format!("`{name}` must be a whole number from {least} to {most}, and is {value}"))
            }
        }
    }

    /// What was read, or all that is wrong with it.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, PluginError> {
        read.filter(|_| self.faults.is_empty())
            .ok_or_else(|| PluginError::new(ErrorCode::InvalidInput, self.faults.join("; ")))
    }
}

/// How deep brackets of any kind are nested.
fn nesting(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A value as an error names it: short, whatever it is.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => {
            let start: String = text.chars().take(24).collect();
            let more = if start.len() < text.len() { "…" } else { "" };
            format!("the text \"{start}{more}\"")
        }
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use hal9_plugin_sdk::{json, serde_json};

    fn values(value: Value) -> HashMap<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn fault(name: &str, value: Value, read: impl Fn(&mut Params<'_>)) -> String {
        let values = values(json!({ name: value }));
        let mut params = Params::new(&values, &[name]);
        read(&mut params);
        params.faults.join("; ")
    }

    #[test]
    fn a_url_must_be_absolute_of_the_web_and_without_user() {
        for (url, why) in [
            (json!("/path"), "absolute"),
            (json!("example.org"), "absolute"),
            (json!("http://"), "absolute"),
            (json!(""), "absolute"),
            (json!("ftp://example.org/"), "http or https, and is ftp"),
            (json!("file:///etc/passwd"), "http or https"),
            (json!("https://ada:secret@example.org/"), "without user name"),
            (json!("https://ada@example.org/"), "without user name"),
            (json!(format!("https://example.org/{}", "a".repeat(5000))), "may have 4096"),
            (json!(7), "must be a text, and is 7"),
            (Value::Null, "`url` is missing"),
        ] {
            let fault = fault("url", url.clone(), |params| drop(params.url("url")));
            assert!(fault.contains(why), "{url}: {fault}");
            assert!(!fault.contains("secret"), "{fault}");
        }
        for url in
            ["http://example.org", "HTTPS://Example.org:8443/a b?c#d", "https://bücher.example/", "http://[::1]/"]
        {
            assert_eq!(fault("url", json!(url), |params| drop(params.url("url"))), "", "{url}");
        }
    }

    #[test]
    fn a_selector_must_parse() {
        for (selector, why) in [
            ("", "no CSS selector"),
            ("p >", "no CSS selector"),
            ("p[", "no CSS selector"),
            ("::before", "no CSS selector"),
            ("a:hover", "no CSS selector"),
            (&"a,".repeat(600), "may have 1024"),
        ] {
            let fault = fault("s", json!(selector), |params| drop(params.selector("s")));
            assert!(fault.contains(why), "{selector}: {fault}");
        }
        for selector in ["p", "#a > .b ~ c + d", "a[href^='http' i]", "li:nth-child(2n+1):not(.x)", "p, div:has(> img)"]
        {
            assert_eq!(fault("s", json!(selector), |params| drop(params.selector("s"))), "", "{selector}");
        }
    }

    /// Guards the stack of the selector's parser; 16 levels are parsed, on a stack of the host's size.
    #[test]
    fn a_selector_of_endless_parentheses_is_refused() {
        let nested = |depth: usize| format!("{}p{}", ":not(".repeat(depth), ")".repeat(depth));
        let read = move || {
            let parse = |text: String| fault("s", json!(text), |params| drop(params.selector("s")));
            assert_eq!(parse(nested(MAX_NESTING)), "");
            for text in [nested(MAX_NESTING + 1), "[".repeat(1000), ":is(".repeat(250)] {
                assert!(parse(text).contains("16 deep at most"));
            }
        };
        std::thread::Builder::new().stack_size(512 * 1024).spawn(read).unwrap().join().unwrap();
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let values = values(json!({ "url": "x", "max_bytes": 0, "attribute": "a b", "nonsense": 1 }));
        let mut params = Params::new(&values, &["url", "selector", "attribute", "max_bytes"]);
        let read = (params.url("url"), params.selector("selector"), params.attribute("attribute"));
        let read = params.integer("max_bytes", 1..=9, 5).map(|_| read);
        let error = params.finish(read).err().unwrap();
        assert_eq!(error.code, ErrorCode::InvalidInput);
        for name in
            ["`nonsense`; there are url,", "`url`", "`selector` is missing", "`attribute`", "from 1 to 9, and is 0"]
        {
            assert!(error.message.contains(name), "{name}: {}", error.message);
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let values = values(json!({ "three": 3.0, "half": 0.5, "less": -1, "text": "3", "null": null }));
        let mut params = Params::new(&values, &["three", "half", "less", "text", "null"]);
        assert_eq!(params.integer("three", 1..=5, 1), Some(3));
        assert_eq!(params.integer("null", 1..=5, 4), Some(4));
        for name in ["half", "less", "text"] {
            assert_eq!(params.integer(name, 0..=5, 1), None);
        }
    }
}
