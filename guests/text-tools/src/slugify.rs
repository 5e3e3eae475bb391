//! The tool `slugify`: a title in any script becomes a name for a URL or a file. It knows letters, and not whether the
//! name is taken.

use crate::params::{Params, wrong};
use deunicode::deunicode_char;
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json};

/// The longest title, in bytes: what it is read into may be several times as long.
const MAX_TITLE: usize = 64 * 1024;
const MAX_SLUG: u64 = 1024;

/// Makes a name for a URL out of a title.
#[derive(Debug, Default)]
pub struct Slugify;

struct Arguments<'p> {
    text: &'p str,
    separator: &'p str,
    max_length: usize,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments<'_>, PluginError> {
    let params = Params::new(params, &["text", "separator", "max_length"])?;
    let separator = params.text_or("separator", 1, "-")?;
    if !matches!(separator, "-" | "_" | "." | "") {
        return Err(wrong("`separator` must be \"-\", \"_\", \".\" or empty"));
    }
    let max_length = params.integer_or("max_length", 1..=MAX_SLUG, MAX_SLUG)?;
    Ok(Arguments {
        text: params.text("text", MAX_TITLE)?,
        separator,
        max_length: usize::try_from(max_length).unwrap_or(usize::MAX),
    })
}

impl ToolPlugin for Slugify {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "slugify".to_owned(),
            description: "Turns a title in any language into a short name for URLs and files: lower-case ASCII letters and digits, words joined by a separator. Empty if there is no letter or digit in it.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "text": { "type": "string", "description": "The title, 64 KiB at most" },
                    "separator": { "type": "string", "enum": ["-", "_", ".", ""], "default": "-", "description": "What joins the words" },
                    "max_length": { "type": "integer", "minimum": 1, "maximum": MAX_SLUG, "default": MAX_SLUG, "description": "Longest result, in characters; it is cut between words where possible" }
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
        let Arguments { text, separator, max_length } = read(&params)?;
        Ok(json!({ "slug": slug(text, separator, max_length) }))
    }
}

fn slug(text: &str, separator: &str, max_length: usize) -> String {
    let mut slug = String::new();
    for word in words(text) {
        let joint = if slug.is_empty() { "" } else { separator };
        let room = max_length - slug.len();
        if joint.len() + word.len() > room {
            if slug.is_empty() {
                slug.push_str(&word[..room]);
            }
            break;
        }
        slug.push_str(joint);
        slug.push_str(&word);
    }
    slug
}

/// The words of a text in lower-case ASCII letters and digits; an apostrophe does not part one.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '\u{2019}' => {}
            _ => ascii.push_str(deunicode_char(c).unwrap_or(" ")),
        }
    }
    let words: Vec<String> = ascii
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_names() {
        for (title, name) in [
            ("Hello, World!", "hello-world"),
            ("  Crème brûlée -- à la carte ", "creme-brulee-a-la-carte"),
            ("Don't Panic", "dont-panic"),
            ("Привет, мир", "privet-mir"),
            ("北京", "bei-jing"),
            ("C++ & Rust 2026", "c-rust-2026"),
            ("", ""),
            ("!!!", ""),
        ] {
            assert_eq!(slug(title, "-", 100), name, "{title}");
        }
    }

    #[test]
    fn a_name_is_cut_between_words_where_possible() {
        assert_eq!(slug("one two three", "-", 9), "one-two");
        assert_eq!(slug("one two three", "_", 7), "one_two");
        assert_eq!(slug("one two three", "", 6), "onetwo");
        assert_eq!(slug("incomprehensible", "-", 5), "incom");
    }

    #[test]
    fn a_separator_of_another_kind_is_refused() {
        for separator in [json!("/"), json!("ab"), json!(3)] {
            let params = HashMap::from([("text".to_owned(), json!("a b")), ("separator".to_owned(), separator)]);
            assert!(Slugify.validate_params(&params).is_err());
        }
    }
}
