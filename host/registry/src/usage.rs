//! What plugins have used up: totals to which every process adds. It does not know what was measured, or how.

use std::time::Duration;

use hal9_package::PluginId;
use rusqlite::{OptionalExtension, Row, named_params};

use crate::{Error, Registry, registry::unknown};

/// How much of a last error is kept, in bytes.
const LAST_ERROR: usize = 4096;

/// What a plugin has used up: in total, or in what is to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls into the plugin.
    pub calls: u64,
    /// Calls that the plugin answered with an error.
    pub errors: u64,
    /// Calls that ended in a trap, a passed deadline or another limit.
    pub traps: u64,
    /// Time spent in calls.
    pub time: Duration,
    /// The most memory at one time, in bytes.
    pub peak_memory: u64,
    /// The last error or trap; at most 4 KiB of it are kept. `None` leaves the one before in place.
    pub last_error: Option<String>,
}

impl Registry {
    /// Adds to what a plugin has used up. Sums stop at [`i64::MAX`]; the peak is the greater of both.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], and those of the database.
    pub fn add_usage(&mut self, id: &PluginId, more: &Usage) -> Result<(), Error> {
        let most = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let last_error = more.last_error.as_deref().map(|text| &text[..text.floor_char_boundary(LAST_ERROR)]);
        let rows = self.database.write(|transaction| {
            let rows = transaction.execute(
                "UPDATE usage SET
                     calls  = calls  + min(:calls,  9223372036854775807 - calls),
                     errors = errors + min(:errors, 9223372036854775807 - errors),
                     traps  = traps  + min(:traps,  9223372036854775807 - traps),
                     time   = time   + min(:time,   9223372036854775807 - time),
                     peak_memory = max(peak_memory, :peak_memory),
                     last_error = coalesce(:last_error, last_error)
                 WHERE plugin = :plugin",
                named_params! {
                    ":calls": most(more.calls),
                    ":errors": most(more.errors),
                    ":traps": most(more.traps),
                    ":time": i64::try_from(more.time.as_nanos()).unwrap_or(i64::MAX),
                    ":peak_memory": most(more.peak_memory),
                    ":last_error": last_error,
                    ":plugin": id.as_str(),
                },
            )?;
            Ok(rows)
        })?;
        if rows == 0 { Err(unknown(id)) } else { Ok(()) }
    }

    /// What a plugin has used up since it was first loaded or installed; versions add to one sum.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], and those of the database.
    pub fn usage(&self, id: &PluginId) -> Result<Usage, Error> {
        let number = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        self.database
            .read(|connection| {
                connection
                    .query_row("SELECT * FROM usage WHERE plugin = ?", [id.as_str()], |row| {
                        Ok(Usage {
                            calls: number(row, "calls")?,
                            errors: number(row, "errors")?,
                            traps: number(row, "traps")?,
                            time: Duration::from_nanos(number(row, "time")?),
                            peak_memory: number(row, "peak_memory")?,
                            last_error: row.get("last_error")?,
                        })
                    })
                    .optional()
            })?
            .ok_or_else(|| unknown(id))
    }
}
