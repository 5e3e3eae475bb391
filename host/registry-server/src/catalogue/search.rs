//! Finding plugins by words and traits, in order, with how what was found is divided. It does not know what the words mean.
//!
//! FTS5 says which plugins have a word, and in which of their texts; how well they fit is summed up here. Its own `bm25` reads the texts' lengths of all
//! that is found, which takes twenty times as long for a word that is in most of ten thousand.

use std::cmp::Reverse;

use hal9_registry_index::api::{Facet, Facets, Found, Order, Query};
use rusqlite::{OptionalExtension as _, params_from_iter, types::Value};

use super::{
    Catalogue,
    filter::{Filter, Trait},
};
use crate::Refusal;

/// What a word weighs that is in one of these texts; one that is in the README alone weighs nothing more than that it was found.
const WEIGHTS: [(&str, u32); 4] = [("name", 12), ("id", 8), ("tags capabilities", 6), ("description", 3)];

/// What a word weighs besides that is one of the name, and not only the beginning of one.
const WHOLE_NAME: u32 = 6;

/// So many words are weighed.
const MAX_WEIGHED: usize = 4;

/// The most entries of a facet.
const MAX_FACET: usize = 20;

/// So many of the most frequent traits are looked up to be told.
const MAX_LOOKED_UP: usize = 400;

impl Catalogue<'_> {
    /// The plugins that a query finds.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a query that is none.
    pub fn search(&self, query: &Query) -> Result<Found, Refusal> {
        let filter = Filter::of(query)?;
        let nothing = Found { total: 0, hits: Vec::new(), facets: Facets::default() };
        if filter.nothing {
            return Ok(nothing);
        }
        let Some((sql, values)) = self.statement(query, &filter)? else { return Ok(nothing) };
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let (mut found, mut counts) = (Vec::new(), Vec::<u64>::new());
        while let Some(row) = rows.next()? {
            found.push((row.get::<_, i64>(0)?, row.get::<_, i64>(2)?));
            for word in row.get_ref(1)?.as_blob().map_err(Refusal::internal)?.chunks_exact(4) {
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize;
                if word >= counts.len() {
                    counts.resize(word + 1, 0);
                }
                counts[word] += 1;
            }
        }
        if query.order == Order::Relevance && !filter.words.is_empty() {
            let fits = self.fits(&filter.words)?;
            // Of those that fit as well the one that is used more.
            let fit = |row: i64| usize::try_from(row).ok().and_then(|row| fits.get(row)).copied();
            found.sort_by_cached_key(|(row, recent)| (Reverse(fit(*row)), Reverse(*recent), *row));
        }
        let total = found.len();
        let page = found.into_iter().skip(filter.skip).take(filter.limit).map(|(row, _)| row);
        let mut hits = Vec::with_capacity(filter.limit);
        for row in page {
            hits.extend(self.hit(row)?.map(|found| found.hit));
        }
        Ok(Found { total: total as u64, hits, facets: self.facets(counts)? })
    }

    /// The statement that finds the rows of plugins in order; `None` where it is known that there are none.
    fn statement(&self, query: &Query, filter: &Filter) -> Result<Option<(String, Vec<Value>)>, Refusal> {
        let mut values: Vec<Value> = Vec::new();
        let mut sql = "SELECT p.id, p.words, p.recent FROM ".to_owned();
        if filter.words.is_empty() {
            sql += "plugin p";
        } else {
            sql += "(SELECT rowid FROM words WHERE words MATCH ?) AS found JOIN plugin p ON p.id = found.rowid";
            values.push(all(&filter.words).into());
        }
        sql += if query.all { " WHERE p.latest IS NOT NULL" } else { " WHERE p.latest IS NOT NULL AND p.hidden = 0" };
        for one in &filter.with {
            let Some(word) = self.word(one)? else { return Ok(None) };
            sql += " AND p.id IN (SELECT plugin FROM trait WHERE word = ?)";
            values.push(word.into());
        }
        for one in &filter.without {
            if let Some(word) = self.word(one)? {
                sql += " AND NOT EXISTS (SELECT 1 FROM trait WHERE word = ? AND plugin = p.id)";
                values.push(word.into());
            }
        }
        if filter.asks_nothing {
            sql += " AND p.asks = 0";
        }
        if let Some(author) = &filter.author {
            sql += " AND p.id IN (SELECT plugin FROM owner JOIN account ON account.id = owner.account WHERE account.name = ?)";
            values.push(author.clone().into());
        }
        sql += match query.order {
            Order::Relevance if !filter.words.is_empty() => "",
            Order::Relevance | Order::Downloads => " ORDER BY p.recent DESC, p.name",
            Order::Rating => " ORDER BY p.score DESC, p.ratings DESC, p.name",
            Order::Updated => " ORDER BY p.updated DESC, p.name",
            Order::Newest => " ORDER BY p.made DESC, p.name",
            Order::Name => " ORDER BY p.title COLLATE NOCASE, p.name",
        };
        Ok(Some((sql, values)))
    }

    /// How well plugins fit some words, by their rows: for each word, by the texts that it is in.
    fn fits(&self, words: &[String]) -> Result<Vec<u32>, Refusal> {
        // Rows are counted from one and none goes, so that they are few more than there are plugins. A map of them takes most of a search's time.
        let last = "SELECT coalesce(max(id), 0) FROM plugin";
        let last: i64 = self.connection.prepare_cached(last)?.query_row([], |row| row.get(0))?;
        let mut fits = vec![0_u32; usize::try_from(last).unwrap_or_default() + 1];
        let mut statement = self.connection.prepare_cached("SELECT rowid FROM words WHERE words MATCH ?")?;
        // A whole sentence is ordered by how it begins.
        for word in words.iter().take(MAX_WEIGHED) {
            let whole = format!("{{name}} : \"{word}\"");
            // A letter is looked for in the first two alone.
            let texts = if is_letter(word) { &WEIGHTS[..2] } else { &WEIGHTS[..] };
            let begun = texts.iter().map(|(text, weight)| (format!("{{{text}}} : \"{word}\" *"), *weight));
            for (text, weight) in begun.chain([(whole, WHOLE_NAME)]) {
                let mut rows = statement.query([text])?;
                while let Some(row) = rows.next()? {
                    if let Some(fit) = usize::try_from(row.get::<_, i64>(0)?).ok().and_then(|row| fits.get_mut(row)) {
                        *fit += weight;
                    }
                }
            }
        }
        Ok(fits)
    }

    fn word(&self, (sort, value): &Trait) -> Result<Option<i64>, Refusal> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM trait_word WHERE sort = ? AND value = ?")?;
        Ok(statement.query_row([*sort, value.as_str()], |row| row.get(0)).optional()?)
    }

    fn facets(&self, counts: Vec<u64>) -> Result<Facets, Refusal> {
        let mut facets = Facets::default();
        let mut counts: Vec<_> = counts.into_iter().enumerate().filter(|(_, count)| *count > 0).collect();
        // The most frequent first; and nobody has use for all of a thousand tags.
        counts.sort_unstable_by_key(|(word, count)| (Reverse(*count), *word));
        let mut statement = self.connection.prepare_cached("SELECT sort, value FROM trait_word WHERE id = ?")?;
        for (word, count) in counts.into_iter().take(MAX_LOOKED_UP) {
            let found: Option<(String, String)> =
                statement.query_row([word], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((sort, value)) = found else { continue };
            let list = match sort.as_str() {
                "kind" => &mut facets.kinds,
                "tag" => &mut facets.tags,
                "license" => &mut facets.licenses,
                _ => &mut facets.permissions,
            };
            if list.len() < MAX_FACET {
                list.push(Facet { value, count });
            }
        }
        Ok(facets)
    }
}

/// That all words are there, each as the beginning of one, as FTS5 reads it. What begins with a letter alone is looked for in names: it is everywhere
/// else.
fn all(words: &[String]) -> String {
    let begin = |word: &String| {
        let texts = if is_letter(word) { "{name id} : " } else { "" };
        format!("({texts}\"{word}\" *)")
    };
    words.iter().map(begin).collect::<Vec<_>>().join(" AND ")
}

fn is_letter(word: &str) -> bool {
    word.chars().nth(1).is_none()
}
