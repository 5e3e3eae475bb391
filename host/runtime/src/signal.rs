//! Owns what is handy about signals. It refuses to know who sends them.

use uuid::Uuid;

use crate::bindings::hal9::plugin::types::Signal;
use crate::imports::clock;

impl Signal {
    /// A signal of type `text` with a new id and the time of now.
    pub fn text(content: &str) -> Self {
        Self {
            id: Uuid::new_v4().as_u64_pair(),
            content: content.to_owned(),
            signal_type: "text".to_owned(),
            metadata: Vec::new(),
            timestamp: clock::now(),
        }
    }

    /// The id as a UUID.
    pub fn uuid(&self) -> Uuid {
        Uuid::from_u64_pair(self.id.0, self.id.1)
    }

    /// The value of a metadata entry; of the last one, where a name occurs twice.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.metadata.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_metadata_entries_counts() {
        let mut signal = Signal::text("x");
        signal.metadata = vec![("a".into(), "1".into()), ("a".into(), "2".into())];
        assert_eq!((signal.get("a"), signal.get("b")), (Some("2"), None));
    }
}
