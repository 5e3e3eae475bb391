//! How often plugins are downloaded, by day of UTC. It does not know who downloads.

use std::collections::HashMap;

use hal9_registry_index::api::{Downloads, Trend};

use super::{Catalogue, Changes};
use crate::{
    Refusal,
    clock::{day, now},
};

/// So many days are shown, and count for the order of a search.
const DAYS: usize = 90;
const TREND: usize = 28;

impl Catalogue<'_> {
    pub(super) fn downloads(&self, row: i64, total: u64) -> Result<Downloads, Refusal> {
        let today = day(now());
        let first = today.saturating_sub(DAYS as u64 - 1);
        let mut days = vec![0; DAYS];
        let mut statement = self.connection.prepare_cached(
            "SELECT day, sum(count) FROM download JOIN version ON version.id = download.version
             WHERE plugin = ? AND day >= ? GROUP BY day",
        )?;
        let mut rows = statement.query((row, first))?;
        while let Some(row) = rows.next()? {
            let (day, count): (u64, u64) = (row.get(0)?, row.get(1)?);
            if let Some(of) = day.checked_sub(first).and_then(|at| days.get_mut(usize::try_from(at).ok()?)) {
                *of = count;
            }
        }
        let sum = |back: usize| days[DAYS - back..].iter().sum::<u64>();
        let trend = Trend { now: sum(TREND), before: sum(2 * TREND) - sum(TREND) };
        Ok(Downloads { total, recent: days.iter().sum(), days, trend })
    }
}

impl Changes<'_> {
    /// Adds downloads of a day, by the rows of versions.
    pub(crate) fn downloaded(&self, counts: &HashMap<(i64, u64), u64>) -> Result<(), Refusal> {
        for ((version, day), count) in counts {
            // A version that was taken out while it was counted is not one any more.
            let changed = self
                .transaction
                .prepare_cached("UPDATE version SET total = total + ? WHERE id = ?")?
                .execute((count, version))?;
            if changed == 0 {
                continue;
            }
            self.transaction
                .prepare_cached(
                    "INSERT INTO download VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
                )?
                .execute((version, day, count))?;
            self.transaction
                .prepare_cached(
                    "UPDATE plugin SET total = total + ?, recent = recent + ?
                     WHERE id = (SELECT plugin FROM version WHERE id = ?)",
                )?
                .execute((count, count, version))?;
        }
        Ok(())
    }

    /// Counts anew which downloads are recent: to be done once a day.
    pub(crate) fn count_recent(&self) -> Result<(), Refusal> {
        let first = day(now()).saturating_sub(DAYS as u64 - 1);
        self.transaction.execute(
            "UPDATE plugin SET recent = coalesce((SELECT sum(count) FROM download JOIN version ON version.id = download.version
             WHERE version.plugin = plugin.id AND day >= ?), 0)",
            [first],
        )?;
        Ok(())
    }
}
