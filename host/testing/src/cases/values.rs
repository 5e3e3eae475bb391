//! Owns the values of a case file that TOML has no form for: JSON, bytes, moments, names of codes. It refuses to know what they
//! are for.

use std::time::{Duration, UNIX_EPOCH};

use hal9_host::FailureCode;
use serde::de::{Deserializer, Error, Unexpected};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text;

/// A JSON value: anything that TOML can say, or a string of JSON, as TOML has no null. So a string is written with its quotes:
/// `'"hello"'`. Within tables and lists a string is a string.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Json(pub(crate) Value);

impl Default for Json {
    fn default() -> Self {
        Self(Value::Object(serde_json::Map::new()))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => serde_json::from_str(&text).map(Self).map_err(|error| {
                let quoted = Value::from(text.as_str());
                D::Error::custom(format!("a string is read as JSON here, and this is none ({error}); write '{quoted}'"))
            }),
            value => Ok(Self(plain(value))),
        }
    }
}

/// A value of TOML as JSON. A moment becomes its text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(name, value)| (name, plain(value))).collect(),
    }
}

/// Bytes: a string is its text, and `{ hex = "00ff" }` says them one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const FORMS: &str = "a string, or bytes as { hex = \"00ff\" }";
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text.into_bytes())),
            toml::Value::Table(table) => match (table.len(), table.get("hex").and_then(toml::Value::as_str)) {
                (1, Some(hex)) => text::from_hex(hex).map(Self).map_err(D::Error::custom),
                _ => Err(D::Error::invalid_value(Unexpected::Map, &FORMS)),
            },
            other => Err(D::Error::custom(format!("this is {}; write {FORMS}", other.type_str()))),
        }
    }
}

/// A moment: milliseconds since the Unix epoch, or `2026-01-31T12:00:00Z`, with or without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Duration);

impl Default for Moment {
    /// The first second of 2026: what a case has that does not say.
    fn default() -> Self {
        Self(Duration::from_secs(1_767_225_600))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(millis) => {
                let millis = u64::try_from(millis).map_err(|_| D::Error::custom("a time before 1970"))?;
                return Ok(Self(Duration::from_millis(millis)));
            }
            toml::Value::String(text) => text,
            toml::Value::Datetime(moment) => moment.to_string(),
            other => return Err(D::Error::custom(format!("this is {}, and no time", other.type_str()))),
        };
        let moment = humantime::parse_rfc3339(&text).map_err(|error| {
            format!("`{text}` is no time ({error}); write 2026-01-31T12:00:00Z, or milliseconds since 1970")
        });
        moment
            .and_then(|moment| moment.duration_since(UNIX_EPOCH).map_err(|_| format!("`{text}` is before 1970")))
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// A member that says something by being there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct True;

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match bool::deserialize(deserializer)? {
            true => Ok(Self),
            false => Err(D::Error::custom("write `true`, or leave it out")),
        }
    }
}

/// All codes of failures, by the names that WIT gives them.
const FAILURES: [FailureCode; 7] = [
    FailureCode::InvalidInput,
    FailureCode::NotFound,
    FailureCode::Denied,
    FailureCode::Unsupported,
    FailureCode::LimitExceeded,
    FailureCode::Unavailable,
    FailureCode::Internal,
];

/// How a call fails, as far as no limit and no trap ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(crate) enum Code {
    /// With a failure of the plugin's, or one that the host has for it.
    Failure(FailureCode),
    /// The answer breaks the contract of the interface; of another plugin: it trapped.
    Broken,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure(code) => code.fmt(f),
            Self::Broken => f.write_str("broken"),
        }
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == "broken" {
            return Ok(Self::Broken);
        }
        let code = FAILURES.into_iter().find(|code| code.to_string() == name);
        code.map(Self::Failure).ok_or_else(|| {
            let names: Vec<_> = FAILURES.iter().map(ToString::to_string).collect();
            D::Error::custom(format!("`{name}` is no code; write one of {}, broken", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct One<T> {
        x: T,
    }

    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
        toml::from_str::<One<T>>(text).map(|one| one.x).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn json_is_what_toml_says_or_a_string_of_json() {
        let of = |text| read::<Json>(text).map(|json| json.0);
        assert_eq!(of("x = { a = [1, 2.5, true, \"s\"] }"), Ok(serde_json::json!({"a": [1, 2.5, true, "s"]})));
        assert_eq!(of("x = 'null'"), Ok(Value::Null));
        assert_eq!(of("x = '\"hello\"'"), Ok("hello".into()));
        assert!(of("x = 'hello'").unwrap_err().contains("write '\"hello\"'"));
    }

    #[test]
    fn bytes_moments_and_codes_say_what_they_should_be() {
        assert_eq!(read::<Bytes>("x = 'tea'").unwrap().0, b"tea");
        assert_eq!(read::<Bytes>("x = { hex = '00 ff' }").unwrap().0, [0, 255]);
        assert!(read::<Bytes>("x = { hex = '0' }").unwrap_err().contains("two digits"));
        assert!(read::<Bytes>("x = 1").unwrap_err().contains("hex"));
        let second = Duration::from_secs(1);
        for text in ["x = 1000", "x = 1970-01-01T00:00:01Z", "x = '1970-01-01T00:00:01Z'"] {
            assert_eq!(read::<Moment>(text).unwrap().0, second, "{text}");
        }
        assert!(read::<Moment>("x = 'noon'").unwrap_err().contains("is no time"));
        assert_eq!(read::<Code>("x = 'not-found'").unwrap(), Code::Failure(FailureCode::NotFound));
        assert!(read::<Code>("x = 'oops'").unwrap_err().contains("invalid-input"));
        assert!(read::<True>("x = false").is_err());
    }
}
