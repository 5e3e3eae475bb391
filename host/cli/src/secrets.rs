//! Owns the secrets of configurations: references to where they are, what they are when a plugin is loaded, and keeping them
//! out of what anybody reads. It refuses to know schemas, and to keep a secret anywhere but in memory.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use hal9_host::{LogLine, LogSink, escape};
use hal9_package::{ByteSize, PluginId};
use serde_json::{Map, Value};

use crate::failure::{Code, Failure};
use crate::output::plain;

/// A file with a secret has no more than this.
const FILE_BYTES: u64 = 64 << 10;

/// A secret that is shorter is not looked for in logs: it would be found in words that have nothing to do with it.
const MASKED_BYTES: usize = 8;

/// What stands in a log in place of a secret.
const MASK: &str = "(secret)";

/// Where the value of a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference<'a> {
    /// `{ "$env" = "NAME" }`: an environment variable of the command.
    Env(&'a str),
    /// `{ "$file" = "PATH" }`: a file; a relative path begins at the folder of hal9.toml.
    File(&'a str),
}

impl<'a> Reference<'a> {
    /// The reference that a value is; none, where it is a value like others.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        let members = value.as_object().filter(|members| members.len() == 1)?;
        match members.iter().next()? {
            (name, Value::String(it)) if name == "$env" => Some(Self::Env(it)),
            (name, Value::String(it)) if name == "$file" => Some(Self::File(it)),
            _ => None,
        }
    }

    /// The reference as it stands in a configuration.
    pub(crate) fn value(self) -> Value {
        let (name, it) = match self {
            Self::Env(it) => ("$env", it),
            Self::File(it) => ("$file", it),
        };
        Value::Object(Map::from_iter([(name.to_owned(), Value::from(it))]))
    }

    /// What is there now. Errors say where, and never what.
    fn read(self, folder: &Path) -> Result<String, (String, String)> {
        match self {
            Self::Env(name) => std::env::var(name).map_err(|error| {
                let why = match error {
                    std::env::VarError::NotPresent => "is not set",
                    std::env::VarError::NotUnicode(_) => "is not UTF-8",
                };
                let name = plain(name);
                (format!("the environment variable {name} {why}"), format!("set {name} before the command"))
            }),
            Self::File(path) => {
                let path = folder.join(path);
                let mut text = read_file(&path).map_err(|why| {
                    let path = plain(&path.display().to_string());
                    (format!("the file {path} {why}"), format!("put the value into {path}, as UTF-8 text"))
                })?;
                // Editors and `echo` end every file with one.
                if text.ends_with('\n') {
                    text.pop();
                    if text.ends_with('\r') {
                        text.pop();
                    }
                }
                Ok(text)
            }
        }
    }
}

impl std::fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "$env {}", plain(name)),
            Self::File(path) => write!(f, "$file {}", plain(path)),
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    // Before it is opened: a pipe would have us wait.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err("is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(format!("has more than {}", ByteSize(FILE_BYTES)));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

/// The places of all references in a configuration, as JSON pointers.
pub(crate) fn references(config: &Value) -> Vec<String> {
    let mut places = Vec::new();
    walk(&mut config.clone(), &mut String::new(), &mut |place, value| {
        if Reference::of(value).is_some() {
            places.push(place.to_owned());
        }
        Ok(())
    })
    .unwrap_or_default();
    places
}

/// What a reference refers to, and which member of the configuration it is.
pub(crate) struct Secret {
    member: String,
    value: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.member)
    }
}

impl Secret {
    /// What is to be known of one that is not looked for in what a plugin writes.
    pub(crate) fn note(&self, plugin: &PluginId) -> Option<String> {
        let member = &self.member;
        (self.value.len() < MASKED_BYTES).then(|| {
            format!("{plugin}: the secret `{member}` has less than {MASKED_BYTES} bytes, and is not masked in its log")
        })
    }

    /// All that it looks like in a line: as it is, as a string of JSON, and as Rust's `Debug` has it. Lines come with what a
    /// terminal would obey escaped.
    fn forms(&self) -> impl Iterator<Item = String> {
        let value = &self.value;
        let json = Value::from(value.as_str()).to_string();
        let ascii: String = json.chars().map(ascii).collect();
        let debug = format!("{value:?}");
        let inside = |quoted: &str| quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
        let forms = [value.clone(), inside(&json), inside(&json.replace('/', "\\/")), inside(&ascii), inside(&debug)];
        forms.into_iter().map(|form| escape(&form, usize::MAX))
    }
}

/// A character as writers of JSON have it that write nothing but ASCII.
fn ascii(c: char) -> String {
    match c.is_ascii() {
        true => c.to_string(),
        false => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    }
}

/// A configuration with what its references refer to, and those values.
///
/// # Errors
///
/// The first that is not there, with the plugin and the member.
pub(crate) fn resolve(plugin: &PluginId, config: Value, folder: &Path) -> Result<(Value, Vec<Secret>), Failure> {
    let (mut config, mut secrets) = (config, Vec::new());
    walk(&mut config, &mut String::new(), &mut |place, value| {
        let Some(reference) = Reference::of(value) else { return Ok(()) };
        let member = plain(place.trim_start_matches('/'));
        let secret = reference.read(folder).map_err(|(what, help)| {
            Failure::usage(format!("{plugin}: `{member}` in its configuration: {what}"), help).plugin(plugin)
        })?;
        secrets.push(Secret { member, value: secret.clone() });
        *value = Value::String(secret);
        Ok(())
    })?;
    Ok((config, secrets))
}

/// Goes through a value and all that is in it, from the outside; what `at` makes of a value is not gone into.
fn walk(
    value: &mut Value,
    place: &mut String,
    at: &mut impl FnMut(&str, &mut Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let is_reference = Reference::of(value).is_some();
    at(place, value)?;
    if is_reference {
        return Ok(());
    }
    let length = place.len();
    let mut below = |name: &str, value: &mut Value| {
        place.push('/');
        place.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let result = walk(value, place, at);
        place.truncate(length);
        result
    };
    match value {
        Value::Object(members) => members.iter_mut().try_for_each(|(name, value)| below(name, value)),
        Value::Array(items) => {
            items.iter_mut().enumerate().try_for_each(|(index, value)| below(&index.to_string(), value))
        }
        _ => Ok(()),
    }
}

/// The secrets that plugins got, to be kept out of what they write and of what is told of them. One plugin may hand its own to
/// another, so it is of no account whose they are.
pub(crate) struct Mask(RwLock<Vec<String>>);

/// What the plugins of this process were given. It outlives the sessions: a failure is told when they are closed.
pub(crate) static GIVEN: Mask = Mask::new();

impl Mask {
    const fn new() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    /// Adds what a plugin was given.
    pub(crate) fn add(&self, secrets: &[Secret]) {
        let long = secrets.iter().filter(|secret| secret.value.len() >= MASKED_BYTES);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Most text comes with what a terminal would obey escaped; some comes as it is.
        known.extend(long.flat_map(|secret| secret.forms().chain([secret.value.clone()])));
        // The longest first: a part of it may be another one.
        known.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.dedup();
    }

    /// A text without secrets.
    pub(crate) fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut masked = Cow::Borrowed(text);
        for secret in known.iter() {
            if masked.contains(secret.as_str()) {
                masked = Cow::Owned(masked.replace(secret.as_str(), MASK));
            }
        }
        masked
    }

    /// A failure without secrets, whoever it is of: a plugin puts into its words what it likes.
    pub(crate) fn failure(&self, failure: &Failure) -> Failure {
        let mask = |text: &String| self.mask(text).into_owned();
        let (message, help) = (mask(&failure.message), failure.help.as_ref().map(mask));
        Failure { message, help, ..failure.clone() }
    }
}

/// Logs that get no secrets.
pub(crate) struct MaskedLog {
    pub(crate) sinks: Vec<Arc<dyn LogSink>>,
}

impl LogSink for MaskedLog {
    fn write(&self, line: &LogLine<'_>) {
        let message = GIVEN.mask(line.message);
        let line = LogLine { message: &message, ..line.clone() };
        for sink in &self.sinks {
            sink.write(&line);
        }
    }
}

/// The failure of a value that must not stand in a file in plain text.
pub(crate) fn must_be_referred_to(plugin: &PluginId, key: &str) -> Failure {
    let message =
        format!("{plugin}: `{key}` is a secret (`writeOnly` in its schema), and hal9.toml is no place for it");
    let help = format!(
        "put it into an environment variable or a file, and refer to it: \
         hal9 plugin config set {plugin} {key} --from-env NAME, or --from-file PATH"
    );
    Failure::new(Code::Usage, message).plugin(plugin).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plugin() -> PluginId {
        "test.plugin".parse().unwrap()
    }

    fn file(folder: &Path, bytes: &[u8]) -> Result<Value, Failure> {
        std::fs::write(folder.join("token.txt"), bytes).unwrap();
        let config = json!({"a": [{"$file": "token.txt"}], "b": {"$env": 1}, "c": {"$env": "X", "d": 1}});
        resolve(&plugin(), config, folder).map(|(config, _)| config)
    }

    #[test]
    fn a_file_is_read_without_the_break_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let config = file(folder.path(), b"top secret\n").unwrap();
        // What is no reference stays as it is.
        assert_eq!(config, json!({"a": ["top secret"], "b": {"$env": 1}, "c": {"$env": "X", "d": 1}}));
        assert_eq!(file(folder.path(), b"a\n\r\n").unwrap()["a"][0], "a\n");
    }

    #[test]
    fn what_cannot_be_read_is_said_with_the_member_and_without_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let message = |bytes: &[u8]| file(folder.path(), bytes).unwrap_err().message;
        assert!(message(b"hunter2\xff").contains("`a/0` in its configuration: the file "));
        assert!(!message(b"hunter2\xff").contains("hunter2"));
        assert!(message(&vec![b'x'; FILE_BYTES as usize + 1]).contains("has more than 64"));
        let failure = |config: Value| resolve(&plugin(), config, folder.path()).unwrap_err();
        assert!(failure(json!({"k": {"$file": "."}})).message.contains("no regular file"));
        let missing = failure(json!({"k": {"$env": "HAL9_TEST_NOT_SET"}}));
        assert!(missing.message.contains("HAL9_TEST_NOT_SET is not set"), "{}", missing.message);
        assert_eq!(missing.plugin.as_deref(), Some("test.plugin"));
    }

    #[test]
    fn places_are_pointers() {
        let config = json!({"a/b": {"~": {"$env": "X"}}, "c": [1, {"$file": "x"}]});
        assert_eq!(references(&config), ["/a~1b/~0", "/c/1"]);
        let pointed = config.pointer("/a~1b/~0").and_then(Reference::of);
        assert_eq!(pointed, Some(Reference::Env("X")));
    }

    #[test]
    fn long_secrets_are_masked_whoever_tells_them() {
        let mask = Mask::new();
        let secret = |value: &str| Secret { member: "a".to_owned(), value: value.to_owned() };
        let secrets = ["12345678", "12345678-more", "short", "two\nlines", r#"pa"ss\word/ü"#].map(secret);
        mask.add(&secrets);
        assert_eq!(mask.mask("a 12345678-more, 12345678, short"), "a (secret), (secret), short");
        assert_eq!(mask.mask("two\\nlines, two\nlines"), "(secret), (secret)", "as lines come, and as it is");
        for line in [r#"pa"ss\word/ü"#, r#"pa\"ss\\word/ü"#, r#"pa\"ss\\word\/ü"#, r#"pa\"ss\\word/\u00fc"#] {
            assert_eq!(mask.mask(line), "(secret)", "{line}");
        }
        let noted = secrets.iter().filter_map(|secret| secret.note(&plugin())).collect::<Vec<_>>();
        assert_eq!(noted, ["test.plugin: the secret `a` has less than 8 bytes, and is not masked in its log"]);
        let failure = mask.failure(&Failure::usage("is 12345678", "not 12345678"));
        assert_eq!((failure.message.as_str(), failure.help.as_deref()), ("is (secret)", Some("not (secret)")));
    }
}
