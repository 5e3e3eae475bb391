//! Finding plugins by words and traits, in order, with how what was found is divided. It does not know what the words mean.

use std::collections::HashMap;

use hal9_registry_index::api::{Facet, Facets, Found, Order, Query};
use rusqlite::{OptionalExtension as _, params_from_iter, types::Value};

use super::{
    Catalogue,
    filter::{Filter, Trait},
};
use crate::Refusal;

/// The most entries of a facet.
const MAX_FACET: usize = 20;

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
        let (mut total, mut page, mut counts) = (0_usize, Vec::new(), HashMap::<u32, u64>::new());
        while let Some(row) = rows.next()? {
            if total >= filter.skip && page.len() < filter.limit {
                page.push(row.get::<_, i64>(0)?);
            }
            total += 1;
            for word in row.get_ref(1)?.as_blob().map_err(Refusal::internal)?.chunks_exact(4) {
                *counts.entry(u32::from_le_bytes([word[0], word[1], word[2], word[3]])).or_default() += 1;
            }
        }
        let mut hits = Vec::with_capacity(page.len());
        for row in page {
            hits.extend(self.hit(row)?.map(|found| found.hit));
        }
        Ok(Found { total: total as u64, hits, facets: self.facets(counts)? })
    }

    /// The statement that finds the rows of plugins in order; `None` where it is known that there are none.
    fn statement(&self, query: &Query, filter: &Filter) -> Result<Option<(String, Vec<Value>)>, Refusal> {
        let mut values: Vec<Value> = Vec::new();
        let mut sql = "SELECT p.id, p.words FROM ".to_owned();
        if let Some(text) = &filter.text {
            // The weights of name, id, tags, capabilities, description and README.
            sql += "(SELECT rowid, bm25(words, 12, 8, 6, 6, 3, 1) AS fit FROM words WHERE words MATCH ?) AS found
                JOIN plugin p ON p.id = found.rowid";
            values.push(text.clone().into());
        } else {
            sql += "plugin p";
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
            Order::Relevance if filter.text.is_some() => " ORDER BY found.fit, p.recent DESC, p.name",
            Order::Relevance | Order::Downloads => " ORDER BY p.recent DESC, p.name",
            Order::Rating => " ORDER BY p.score DESC, p.ratings DESC, p.name",
            Order::Updated => " ORDER BY p.updated DESC, p.name",
            Order::Newest => " ORDER BY p.made DESC, p.name",
            Order::Name => " ORDER BY p.title COLLATE NOCASE, p.name",
        };
        Ok(Some((sql, values)))
    }

    fn word(&self, (sort, value): &Trait) -> Result<Option<i64>, Refusal> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM trait_word WHERE sort = ? AND value = ?")?;
        Ok(statement.query_row([*sort, value.as_str()], |row| row.get(0)).optional()?)
    }

    fn facets(&self, counts: HashMap<u32, u64>) -> Result<Facets, Refusal> {
        let mut facets = Facets::default();
        let mut counts: Vec<_> = counts.into_iter().collect();
        // The most frequent first; and nobody has use for all of a thousand tags.
        counts.sort_unstable_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
        let mut statement = self.connection.prepare_cached("SELECT sort, value FROM trait_word WHERE id = ?")?;
        for (word, count) in counts {
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
