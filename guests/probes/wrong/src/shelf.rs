//! A memory provider that keeps everything in its instance, and finds texts by their words. Knows nothing of the other kinds.

use crate::bindings::exports::hal9::plugin::memory_provider::{Entry, Guest, SearchHit};
use crate::bindings::hal9::plugin::types::{Failure, Metadata};
use crate::{Wrong, invalid, is};
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    pub(crate) static SHELF: RefCell<BTreeMap<String, Entry>> = const { RefCell::new(BTreeMap::new()) };
    /// What a search goes through, where that is not the shelf.
    static INDEX: RefCell<BTreeMap<String, Entry>> = const { RefCell::new(BTreeMap::new()) };
}

fn place(key: &str) -> String {
    if is("keys") { key.to_lowercase() } else { key.to_string() }
}

impl Guest for Wrong {
    fn retrieve(key: String) -> Result<Option<Entry>, Failure> {
        let place = place(&key);
        let found = |shelf: &RefCell<BTreeMap<String, Entry>>| shelf.borrow().get(&place).cloned();
        if is("never-none") && !SHELF.with_borrow(|shelf| shelf.contains_key(&place)) {
            return Ok(Some(Entry { value: vec![], metadata: vec![] }));
        }
        Ok(SHELF.with(found).or_else(|| if is("undead") { INDEX.with(found) } else { None }))
    }

    fn search(query: String, limit: u32) -> Result<Vec<SearchHit>, Failure> {
        if (limit == 0 && !is("limit-zero")) || (query.trim().is_empty() && !is("empty-query")) {
            return Ok(vec![]);
        }
        assert!(!(is("queries") && query.contains('(')), "a query is no pattern");
        let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_string).collect();
        let hit = |(key, entry): (&String, &Entry)| {
            let text = String::from_utf8_lossy(&entry.value).to_lowercase();
            let fits = words.iter().map(|word| text.matches(word.as_str()).count()).sum::<usize>();
            let hit = SearchHit {
                key: if is("hit-keys") { format!("entry {key}") } else { key.clone() },
                score: fits as f32,
                snippet: text,
                metadata: entry.metadata.clone(),
            };
            (fits > 0 || words.is_empty()).then_some(hit)
        };
        let stale = is("stale-index");
        let source = if stale { &INDEX } else { &SHELF };
        let mut hits: Vec<_> = source.with_borrow(|entries| entries.iter().filter_map(hit).collect());
        hits.sort_by(|one, other| other.score.total_cmp(&one.score));
        if is("worst-first") {
            hits.reverse();
        }
        if is("blind") {
            hits.clear();
        }
        if !is("limit") {
            hits.truncate(limit.max(u32::from(is("limit-zero"))) as usize);
        }
        Ok(hits)
    }

    fn delete(key: String) -> Result<bool, Failure> {
        let was = SHELF.with_borrow_mut(|shelf| shelf.remove(&place(&key))).is_some();
        Ok(was || is("deleted"))
    }

    fn store(key: String, value: Vec<u8>, metadata: Metadata) -> Result<(), Failure> {
        if key.is_empty() && !is("empty-key") {
            return invalid("the key is empty");
        }
        let value = if is("text-only") { String::from_utf8_lossy(&value).into_owned().into_bytes() } else { value };
        let metadata = if is("no-facts") { vec![] } else { metadata };
        let entry = Entry { value, metadata };
        INDEX.with_borrow_mut(|index| index.insert(key.clone(), entry.clone()));
        SHELF.with_borrow_mut(|shelf| {
            if is("keeps-first") {
                shelf.entry(key).or_insert(entry);
            } else {
                shelf.insert(place(&key), entry);
            }
        });
        Ok(())
    }
}
