//! What is wrong with a text or a manifest, where, and what to write instead. It does not know which file the text
//! came from: whoever read it adds that.

use crate::{SecretKey, text::printable};

/// What stands in a message for a text that nobody else may see.
const SECRET: &str = "a secret key";

/// A text that is not what it should be: an id, a permission, a size or another value with a written form.
///
/// The message quotes the text, escaped and cut to a printable length, and says what to write instead. It quotes nothing of
/// what looks like a secret key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not {what}: {fix}")]
pub struct ParseError {
    shown: String,
    what: &'static str,
    fix: String,
}

impl ParseError {
    pub(crate) fn new(text: &str, what: &'static str, fix: impl Into<String>) -> Self {
        let shown = if SecretKey::is_in(text) { SECRET.to_owned() } else { format!("\"{}\"", printable(text)) };
        Self { shown, what, fix: fix.into() }
    }
}

/// Why a manifest was refused.
///
/// Messages are safe to print: what they quote from the manifest is escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The manifest is longer than [`Manifest::MAX_BYTES`](crate::Manifest::MAX_BYTES).
    #[error(
        "the manifest has {size} bytes, and {max} are allowed: move what is not metadata into files of the package"
    )]
    TooLarge {
        /// The manifest's length in bytes.
        size: usize,
        /// The greatest length in bytes.
        max: usize,
    },

    /// The manifest is written for another version of the plugin interface.
    #[error(
        "api_version is {found}, and this HAL9 reads {}: {}",
        crate::Manifest::API_VERSION,
        if *found > u64::from(crate::Manifest::API_VERSION) { "a newer HAL9 is needed" } else { "rebuild the plugin with a current SDK" }
    )]
    ApiVersion {
        /// The version that the manifest names.
        found: u64,
    },

    /// The text is not JSON, or a value in it is not what its place asks for.
    #[error("{path} (line {line}, column {column}): {message}")]
    Invalid {
        /// The place as a path through the JSON, such as `limits.memory` or `capabilities[0].NeuronType.layer`;
        /// `manifest` for the whole.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1: where reading stopped, usually the last byte of the value.
        column: usize,
        /// What is wrong and what to write instead.
        message: String,
    },
}

impl ManifestError {
    /// An error of serde_json at a place in the manifest.
    pub(crate) fn at(path: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        // serde_json keeps its message private and appends the position that is shown elsewhere here.
        let text = error.to_string();
        let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let fix = MOVED
            .iter()
            .find(|(key, _)| message.starts_with("unknown field") && path.ends_with(key))
            .map(|(_, fix)| format!(": {fix}"))
            .or_else(|| meant(message).map(|name| format!("; perhaps `{}`", printable(name))))
            .unwrap_or_default();
        Self::Invalid {
            path: match path {
                // Of the whole, or before the first key could be read.
                "." | "?" => "manifest".to_owned(),
                path => printable(path),
            },
            line,
            column,
            message: printable(message) + &fix,
        }
    }
}

/// What somebody meant by a name that is not known: the one of those that serde's message lists that is nearest to it.
fn meant(message: &str) -> Option<&str> {
    let (written, known) = message.strip_prefix("unknown ")?.split_once(", expected ")?;
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let written = plain(written.split('`').nth(1)?);
    let away = |name: &str| {
        let begun = written.len() > 2 && name.starts_with(&written);
        if begun { 0 } else { distance(&written, name) }
    };
    // What stands between the quotes.
    let (away, name) = known.split('`').skip(1).step_by(2).map(|name| (away(&plain(name)), name)).min()?;
    (away <= 1 + written.len() / 4).then_some(name)
}

/// How many letters to add, drop or change to get from one word to the other; none of a word that nobody typed by mistake.
fn distance(from: &str, to: &str) -> usize {
    const LONGEST: usize = 64;
    if from.len() > LONGEST {
        return usize::MAX;
    }
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// Keys that HAL9's first plugin guide had elsewhere or under another name, and what to write today.
const MOVED: [(&str, &str); 3] = [
    ("metadata.capabilities", "write it beside `metadata`, not in it"),
    (
        "metadata.requirements",
        "write `min_hal9_version`, `permissions` and `dependencies` beside `metadata`, and the memory as \
         `\"limits\": {\"memory\": \"64MiB\"}`",
    ),
    ("].min_version", "write a requirement such as `\"version\": \">=1.0.0\"`"),
];
