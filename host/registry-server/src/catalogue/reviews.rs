//! The reviews of a plugin with what proves whose they are. It does not know whether somebody may write one.

use hal9_package::PluginId;
use hal9_registry_index::{
    Review, Signed,
    api::{MAX_PAGE, ReviewPage, SignedReview},
};

use super::{Catalogue, filter::MAX_SKIP, hit::rating, parse, read};
use crate::Refusal;

impl Catalogue<'_> {
    /// So many reviews of a plugin, newest first; 20 for a `limit` of 0.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such plugin, or for a `limit` above 100 or a `skip` above 10 000.
    pub fn reviews(&self, id: &PluginId, skip: u32, limit: u32) -> Result<ReviewPage, Refusal> {
        if skip > MAX_SKIP || limit > MAX_PAGE {
            return Err(Refusal::usage(format!("skip is at most {MAX_SKIP}, and limit at most {MAX_PAGE}")));
        }
        let limit = if limit == 0 { 20 } else { limit };
        let row = self.row_of(id)?;
        let (total, mut stars) = (self.count(row)?, [0_u64; 5]);
        let mut statement = self
            .connection
            .prepare_cached("SELECT stars, count(*) FROM review WHERE plugin = ? AND counts GROUP BY stars")?;
        let mut rows = statement.query([row])?;
        while let Some(row) = rows.next()? {
            let (given, count): (usize, u64) = (row.get::<_, u32>(0)? as usize, row.get(1)?);
            if let Some(of) = given.checked_sub(1).and_then(|at| stars.get_mut(at)) {
                *of = count;
            }
        }
        let given = stars.iter().zip(1..).map(|(count, stars)| count * stars).sum();
        let mut statement = self.connection.prepare_cached(
            "SELECT key, document FROM review WHERE plugin = ? ORDER BY written DESC, account LIMIT ? OFFSET ?",
        )?;
        let rows = statement.query_map((row, limit, skip), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut reviews = Vec::new();
        for row in rows {
            let (key, document): (String, String) = row?;
            let signed: Signed = read(&document, "a review")?;
            let review: Review = signed.read().map_err(crate::Error::from)?;
            reviews.push(SignedReview { review, key: parse(&key, "a reviewer's key")?, signed });
        }
        Ok(ReviewPage { total, rating: rating(given, stars.iter().sum()), stars, reviews })
    }

    fn count(&self, row: i64) -> Result<u64, Refusal> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM review WHERE plugin = ?")?;
        Ok(statement.query_row([row], |row| row.get(0))?)
    }
}
