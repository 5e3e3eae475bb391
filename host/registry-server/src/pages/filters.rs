//! Owns what the address of a search says, and the addresses of searches that are narrower or wider by one thing. It refuses to know what is found.

use hal9_registry_index::api::Order;

use super::ask::encoded;

/// What may stand in the address, as in the API's own.
const NAMES: [&str; 13] = [
    "q",
    "kind",
    "capability",
    "tag",
    "author",
    "license",
    "imports",
    "exports",
    "asks",
    "without",
    "all",
    "order",
    "skip",
];

/// So many hits a page.
pub(crate) const PAGE: u64 = 20;

/// What the address of a search says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters(Vec<(String, String)>);

impl Filters {
    /// What is not empty and has a name, the last of each.
    pub(crate) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut filters = Self::default();
        for (name, value) in pairs {
            if NAMES.contains(&name.as_str()) {
                filters.0.retain(|(known, _)| *known != name);
                if !value.trim().is_empty() {
                    filters.0.push((name, value));
                }
            }
        }
        filters
    }

    /// What is said under a name; empty where nothing is.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// What narrows the search, but for its text and the rest that has a place of its own on the page.
    pub(crate) fn narrowing(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = ["q", "order", "skip", "without"];
        self.0
            .iter()
            .filter(move |(name, _)| !own.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What a form hands on beside its text.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.0.iter().filter(|(name, _)| name != "q" && name != "skip");
        kept.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether something is said under a name.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// Whether a list has a word in it.
    pub(crate) fn lists(&self, name: &str, word: &str) -> bool {
        self.get(name).split(',').any(|one| one.trim() == word)
    }

    /// The page of the same search with this instead, from its beginning.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut other = self.clone();
        other.0.retain(|(known, _)| known != name && known != "skip");
        if !value.is_empty() {
            other.0.push((name.to_owned(), value.to_owned()));
        }
        other.address("/search")
    }

    /// The page of the same search with a word more in a list, or less where it is there.
    pub(crate) fn toggled(&self, name: &str, word: &str) -> String {
        let mut words: Vec<&str> = self.get(name).split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
        match words.iter().position(|one| *one == word) {
            Some(at) => drop(words.remove(at)),
            None => words.push(word),
        }
        self.with(name, &words.join(","))
    }

    /// Another part of what the same search finds.
    pub(crate) fn from(&self, skip: u64) -> String {
        let mut other = self.clone();
        other.0.retain(|(known, _)| known != "skip");
        if skip > 0 {
            other.0.push(("skip".to_owned(), skip.to_string()));
        }
        other.address("/search")
    }

    /// How many are passed over.
    pub(crate) fn skip(&self) -> u64 {
        self.get("skip").parse().unwrap_or_default()
    }

    /// The question to the API.
    pub(crate) fn question(&self) -> String {
        let address = self.address("/v1/plugins");
        format!("{address}{}limit={PAGE}", if address.contains('?') { '&' } else { '?' })
    }

    fn address(&self, path: &str) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}

/// Every order with its word in an address and on a page.
pub(crate) const ORDERS: [(Order, &str, &str); 6] = [
    (Order::Relevance, "", "Best match"),
    (Order::Downloads, "downloads", "Most used"),
    (Order::Rating, "rating", "Best rated"),
    (Order::Updated, "updated", "Updated"),
    (Order::Newest, "newest", "New"),
    (Order::Name, "name", "Name"),
];

/// What a filter is called on a page.
pub(crate) fn label(name: &str) -> &str {
    match name {
        "license" => "licence",
        "asks" => "asks for",
        "all" => "deprecated and yanked too",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_the_search_and_nothing_else() {
        let pairs = [("q", "a & b"), ("kind", ""), ("evil", "x"), ("without", "network"), ("skip", "20"), ("q", "c d")];
        let filters = Filters::read(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        assert_eq!(filters.question(), "/v1/plugins?without=network&skip=20&q=c%20d&limit=20");
        assert_eq!(filters.with("kind", "ToolProvider"), "/search?without=network&q=c%20d&kind=ToolProvider");
        assert_eq!(filters.toggled("without", "files"), "/search?q=c%20d&without=network%2Cfiles");
        assert_eq!(filters.toggled("without", "network"), "/search?q=c%20d");
        assert_eq!(filters.from(0), "/search?without=network&q=c%20d");
        assert!(filters.lists("without", "network") && !filters.lists("without", "net"));
    }

    #[test]
    fn every_order_has_the_word_that_the_api_knows() {
        for (order, word, _) in ORDERS {
            let known = serde_json::to_value(order).unwrap();
            assert!(known == word || order == Order::default(), "{order:?}");
        }
    }
}
