//! What a query asks for, checked and in the words that the database is asked with. It does not know SQL.

use hal9_package::{Permission, PermissionKind};
use hal9_registry_index::api::{MAX_PAGE, Query};

use crate::Refusal;

/// The longest text to look for in bytes, and the most words of it.
const MAX_TEXT: usize = 256;
const MAX_WORDS: usize = 8;
pub(super) const MAX_SKIP: u32 = 10_000;

/// A trait by its sort and value.
pub(super) type Trait = (&'static str, String);

/// A query that was checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// The words of the text; without one all is found.
    pub(super) words: Vec<String>,
    /// Whether the text has no word in it that anything could be found by.
    pub(super) nothing: bool,
    pub(super) with: Vec<Trait>,
    pub(super) without: Vec<Trait>,
    pub(super) asks_nothing: bool,
    pub(super) author: Option<String>,
    pub(super) skip: usize,
    pub(super) limit: usize,
}

impl Filter {
    pub(super) fn of(query: &Query) -> Result<Self, Refusal> {
        if query.q.len() > MAX_TEXT {
            return Err(Refusal::usage(format!("q has {} bytes: write at most {MAX_TEXT}", query.q.len())));
        }
        if query.skip > MAX_SKIP || query.limit > MAX_PAGE {
            let message = format!("skip is at most {MAX_SKIP}, and limit at most {MAX_PAGE}");
            return Err(Refusal::usage(message).help("narrow the search down"));
        }
        let words = words(&query.q);
        let nothing = words.is_empty() && !query.q.trim().is_empty();
        let limit = if query.limit == 0 { 20 } else { query.limit as usize };
        let mut filter = Self { words, nothing, skip: query.skip as usize, limit, ..Self::default() };
        let lists = [&query.capability, &query.tag, &query.author, &query.license, &query.imports, &query.exports];
        if lists.into_iter().flatten().any(|value| value.len() > MAX_TEXT) {
            return Err(Refusal::usage(format!("a filter has at most {MAX_TEXT} bytes")));
        }
        filter.author.clone_from(&query.author);
        let mut with = |sort, value: &Option<String>| filter.with.extend(value.clone().map(|value| (sort, value)));
        with("capability", &query.capability);
        with("tag", &query.tag);
        with("license", &query.license);
        with("imports", &query.imports);
        with("exports", &query.exports);
        if let Some(name) = &query.kind {
            filter.with.push(("kind", kind(name)?.to_owned()));
        }
        for one in list(query.asks.as_ref()) {
            filter.with.push(asked(one)?);
        }
        for one in list(query.without.as_ref()) {
            match one {
                "any" => filter.asks_nothing = true,
                "network" => filter.without.extend([of(PermissionKind::NetworkHttp), of(PermissionKind::NetworkHttps)]),
                "files" => filter.without.extend([of(PermissionKind::FileRead), of(PermissionKind::FileWrite)]),
                kind => filter.without.push(of(permission_kind(kind)?)),
            }
        }
        Ok(filter)
    }
}

fn list(text: Option<&String>) -> impl Iterator<Item = &str> {
    // More than there are kinds need not be asked for.
    text.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|one| !one.is_empty()).take(16)
}

fn of(kind: PermissionKind) -> Trait {
    ("permission", kind.to_string())
}

fn permission_kind(text: &str) -> Result<PermissionKind, Refusal> {
    text.parse().map_err(|error| Refusal::usage(format!("{error}")))
}

fn asked(text: &str) -> Result<Trait, Refusal> {
    if text.contains(':') {
        let permission: Permission = text.parse().map_err(|error| Refusal::usage(format!("{error}")))?;
        return Ok(("scope", permission.to_string()));
    }
    permission_kind(text).map(of)
}

/// The kind of a capability, by the name that manifests write or the one of the command.
fn kind(text: &str) -> Result<&'static str, Refusal> {
    Ok(match text {
        "NeuronType" | "neuron" => "NeuronType",
        "ToolProvider" | "tool" => "ToolProvider",
        "MemoryProvider" | "memory-provider" => "MemoryProvider",
        "LearningAlgorithm" | "learning-algorithm" => "LearningAlgorithm",
        "ApiExtension" | "api-extension" => "ApiExtension",
        "Custom" | "custom" => "Custom",
        _ => {
            let help = "write neuron, tool, memory-provider, learning-algorithm, api-extension or Custom";
            return Err(Refusal::usage("there is no such kind of capability").help(help));
        }
    })
}

/// The words of a text, without all that FTS5 might take for its own language.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if words.len() < MAX_WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_word_is_no_syntax_either() {
        assert_eq!(words("  \"a\" OR (NEAR*) -"), ["a", "OR", "NEAR"]);
        assert!(words("+-*\"'()").is_empty());
        assert_eq!(words(&"w ".repeat(40)), ["w"]);
        assert_eq!(words("a b c d e f g h i j k").len(), MAX_WORDS);
    }

    #[test]
    fn a_query_is_refused_with_what_to_write() {
        let refused = |query: Query| Filter::of(&query).unwrap_err().problem.message;
        assert!(refused(Query { q: "a".repeat(257), ..Query::default() }).contains("257"));
        assert!(refused(Query { skip: 10_001, ..Query::default() }).contains("10000"));
        assert!(refused(Query { limit: 101, ..Query::default() }).contains("100"));
        assert!(refused(Query { kind: Some("x".to_owned()), ..Query::default() }).contains("kind"));
        assert!(refused(Query { without: Some("network,x".to_owned()), ..Query::default() }).contains("permission"));
    }
}
