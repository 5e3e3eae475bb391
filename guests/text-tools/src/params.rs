//! Reads the parameters of a tool and says what is wrong with them, and what would be right. It knows types, ranges and
//! names, and no tool.

use hal9_plugin_sdk::{ErrorCode, HashMap, PluginError, Value};
use std::ops::RangeInclusive;

/// The longest text that a tool takes, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 20;

/// The parameters of one call.
pub(crate) struct Params<'p> {
    values: &'p HashMap<String, Value>,
}

impl<'p> Params<'p> {
    /// Takes parameters that have no other names than `known`.
    pub(crate) fn new(values: &'p HashMap<String, Value>, known: &[&str]) -> Result<Self, PluginError> {
        let mut unknown: Vec<&str> = values.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
        // In an order that does not change from call to call.
        unknown.sort_unstable();
        match unknown.first() {
            None => Ok(Self { values }),
            Some(name) => Err(wrong(format!(
                "there is no parameter `{name}`; there {} {}",
                if known.len() == 1 { "is" } else { "are" },
                known.join(", ")
            ))),
        }
    }

    /// What was given under a name; null is as if nothing was.
    pub(crate) fn get(&self, name: &str) -> Option<&'p Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// What was given under a name that there must be.
    pub(crate) fn required(&self, name: &str, what: &str) -> Result<&'p Value, PluginError> {
        self.get(name).ok_or_else(|| wrong(format!("`{name}` is missing: {what}")))
    }

    /// A text that there must be, of `most` bytes at most. It may be empty.
    pub(crate) fn text(&self, name: &str, most: usize) -> Result<&'p str, PluginError> {
        let value = self.required(name, "a text")?;
        short_text(name, value, most)
    }

    /// A text that there may be.
    pub(crate) fn text_or(&self, name: &str, most: usize, default: &'p str) -> Result<&'p str, PluginError> {
        self.get(name).map_or(Ok(default), |value| short_text(name, value, most))
    }

    /// A whole number that there may be, in a range.
    pub(crate) fn integer_or(&self, name: &str, range: RangeInclusive<u64>, default: u64) -> Result<u64, PluginError> {
        let Some(value) = self.get(name) else {
            return Ok(default);
        };
        // 3.0 is what some languages write for 3.
        let number = value.as_u64().or_else(|| {
            let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
            (0.0..9e15).contains(&number).then_some(number as u64)
        });
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = range.into_inner();
            wrong(format!("`{name}` must be a whole number from {least} to {most}, and is {}", shown(value)))
        })
    }

    /// True or false, if it was given.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, PluginError> {
        self.get(name)
            .map(|value| {
                value.as_bool().ok_or_else(|| wrong(format!("`{name}` must be true or false, and is {}", shown(value))))
            })
            .transpose()
    }

    /// A list that there may be, of `most` entries at most.
    pub(crate) fn list(&self, name: &str, most: usize) -> Result<Option<&'p [Value]>, PluginError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let Some(list) = value.as_array() else {
            return Err(wrong(format!("`{name}` must be a list, and is {}", shown(value))));
        };
        if list.len() > most {
            return Err(wrong(format!(
                "`{name}` has {} entries, and may have {most}: call again for the rest",
                list.len()
            )));
        }
        Ok(Some(list))
    }
}

/// A failure that the caller can mend.
pub(crate) fn wrong(message: impl Into<String>) -> PluginError {
    PluginError::new(ErrorCode::InvalidInput, message)
}

fn short_text<'p>(name: &str, value: &'p Value, most: usize) -> Result<&'p str, PluginError> {
    let Some(text) = value.as_str() else {
        return Err(wrong(format!("`{name}` must be a text, and is {}", shown(value))));
    };
    if text.len() > most {
        return Err(wrong(format!("`{name}` has {} bytes, and may have {most}: send it in parts", text.len())));
    }
    Ok(text)
}

/// A value as an error names it: short, whatever it is.
pub(crate) fn shown(value: &Value) -> String {
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
    use hal9_plugin_sdk::json;

    fn params(value: Value) -> HashMap<String, Value> {
        hal9_plugin_sdk::serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let values = params(json!({ "txt": "a", "text": "b" }));
        let error = Params::new(&values, &["text", "limit"]).err().unwrap();
        assert_eq!(error.message, "there is no parameter `txt`; there are text, limit");
    }

    #[test]
    fn what_is_missing_too_long_or_of_another_type_is_named() {
        let values = params(json!({ "text": "four", "n": 9, "l": [1, 2], "nothing": null }));
        let params = Params::new(&values, &["text", "n", "l", "nothing"]).unwrap();
        let message = |result: Result<(), PluginError>| result.unwrap_err().message;
        assert!(message(params.text("old", 9).map(drop)).contains("`old` is missing"));
        assert!(message(params.text("nothing", 9).map(drop)).contains("`nothing` is missing"));
        assert!(message(params.text("text", 3).map(drop)).contains("4 bytes, and may have 3"));
        assert!(message(params.text("n", 9).map(drop)).contains("must be a text, and is 9"));
        assert!(message(params.integer_or("n", 1..=5, 1).map(drop)).contains("from 1 to 5"));
        assert!(message(params.integer_or("text", 1..=5, 1).map(drop)).contains("\"four\""));
        assert!(message(params.flag("n").map(drop)).contains("true or false"));
        assert!(message(params.list("l", 1).map(drop)).contains("2 entries, and may have 1"));
        assert!(message(params.list("n", 1).map(drop)).contains("a list"));
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let values = params(json!({ "three": 3.0, "half": 0.5, "less": -1 }));
        let params = Params::new(&values, &["three", "half", "less"]).unwrap();
        assert_eq!(params.integer_or("three", 1..=5, 1), Ok(3));
        assert!(params.integer_or("half", 0..=5, 1).is_err());
        assert!(params.integer_or("less", 0..=5, 1).is_err());
        assert_eq!(params.integer_or("absent", 0..=5, 4), Ok(4));
    }
}
