//! What has been counted over all signals: how it is kept in HAL9's memory, and how it is written. It refuses to know
//! what a word is.

use hal9_plugin_sdk::{ErrorCode, PluginError, err, log_warn, memory_get, memory_set};

/// The key in HAL9's memory.
const KEY: &str = "totals";

/// The largest count: what every language of this folder has a whole number for.
const MOST: u64 = (1 << 53) - 1;

/// Signals that were answered, and the words in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Signals.
    pub(crate) signals: u64,
    /// Words.
    pub(crate) words: u64,
}

impl Totals {
    /// What HAL9's memory has of it. A memory that fails, or has something else there, is one without.
    pub(crate) fn recall() -> Self {
        let kept = match memory_get(KEY) {
            Ok(kept) => kept.unwrap_or_default(),
            Err(error) => {
                log_warn(format!("cannot read the totals: {error}"));
                return Self::default();
            }
        };
        Self::parse(&kept).unwrap_or_else(|error| {
            log_warn(error.message);
            Self::default()
        })
    }

    /// Counts more, and has HAL9's memory keep it. A memory that fails costs nobody an answer.
    pub(crate) fn add(&mut self, signals: u64, words: u64) {
        self.signals = self.signals.saturating_add(signals).min(MOST);
        self.words = self.words.saturating_add(words).min(MOST);
        if let Err(error) = memory_set(KEY, self.to_string()) {
            log_warn(format!("cannot keep the totals: {error}"));
        }
    }

    /// As they were written; none where nothing was.
    ///
    /// # Errors
    /// `invalid-input` for anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PluginError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| is_number && *number <= MOST)
        };
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let totals = text.split_once(' ').and_then(|(signals, words)| Some((number(signals)?, number(words)?)));
        match totals {
            Some((signals, words)) => Ok(Self { signals, words }),
            None => {
                err(ErrorCode::InvalidInput, "these are no totals: they are two whole numbers with a space between")
            }
        }
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.signals, self.words)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use hal9_plugin_sdk::{HostError, testing};

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let totals = Totals { signals: 3, words: MOST };
        assert_eq!(Totals::parse(totals.to_string().as_bytes()), Ok(totals));
        assert_eq!(Totals::parse(b""), Ok(Totals::default()));
        for other in ["1", "1 ", " 1", "1 2 3", "1  2", "+1 2", "-1 2", "1 9007199254740992", "1 2\n", "a b"] {
            assert!(Totals::parse(other.as_bytes()).is_err(), "{other:?}");
        }
        assert!(Totals::parse(b"1 \xff").is_err());
    }

    #[test]
    fn counts_go_on_from_what_memory_has_and_stop_at_the_largest() {
        memory_set(KEY, "2 40").unwrap();
        let mut totals = Totals::recall();
        totals.add(1, 2);
        assert_eq!(memory_get(KEY).unwrap(), Some(b"3 42".to_vec()));
        totals.add(u64::MAX, 0);
        assert_eq!(totals, Totals { signals: MOST, words: 42 });
    }

    #[test]
    fn a_memory_that_fails_or_has_something_else_costs_a_line_of_the_log() {
        memory_set(KEY, "hello").unwrap();
        assert_eq!(Totals::recall(), Totals::default());
        testing::fail_memory(Some(HostError::Unavailable));
        let mut totals = Totals::recall();
        totals.add(1, 1);
        assert_eq!((totals, testing::logs().len()), (Totals { signals: 1, words: 1 }, 3));
    }
}
