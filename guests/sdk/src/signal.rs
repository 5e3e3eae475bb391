//! One signal, in the form that people write against.
//! Knows its way to WIT and back, and nothing of neurons.

use crate::bindings::imports::hal9::plugin::types;
use std::collections::HashMap;
use uuid::Uuid;

/// One message on its way through HAL9 (`signal` of `types.wit`).
#[derive(Clone, Debug, PartialEq)]
pub struct PluginSignal {
    /// Who this is. A reply keeps the id of the signal that it answers.
    pub id: Uuid,
    /// The text. May be empty.
    pub content: String,
    /// What sort of signal this is, such as `text` or `sentiment`. May be empty, which says nothing.
    pub signal_type: String,
    /// Facts about the signal.
    pub metadata: HashMap<String, String>,
    /// When it was made, in milliseconds since the Unix epoch; 0 where nobody knows.
    pub timestamp: u64,
}

impl PluginSignal {
    /// A signal with a fresh random id, no metadata and no time. Without permission `SystemRandom` the randomness of a
    /// plugin, and so the row of ids, is the same in each of its instances.
    pub fn new(signal_type: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            id: Uuid::new_v4(),
            content: content.into(),
            signal_type: signal_type.into(),
            metadata: HashMap::new(),
            timestamp: 0,
        }
    }

    /// A signal that says nothing yet, and is nobody.
    pub(crate) fn empty() -> Self {
        Self {
            id: Uuid::nil(),
            content: String::new(),
            signal_type: String::new(),
            metadata: HashMap::new(),
            timestamp: 0,
        }
    }

    /// The signal with one more fact about it, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }
}

impl PluginSignal {
    /// A signal as it came, and the list that its metadata came in, which is empty now: room for those of the reply.
    pub(crate) fn received(signal: types::Signal) -> (Self, types::Metadata) {
        let mut list = signal.metadata;
        let signal = Self {
            id: uuid_of(signal.id),
            content: signal.content,
            signal_type: signal.signal_type,
            metadata: if list.is_empty() { HashMap::new() } else { list.drain(..).collect() },
            timestamp: signal.timestamp,
        };
        (signal, list)
    }

    /// The signal as it goes, under an id that whoever sends it has at hand: turning its own into two numbers costs more than
    /// comparing it.
    pub(crate) fn sent(self, id: types::SignalId, mut list: types::Metadata) -> types::Signal {
        if !self.metadata.is_empty() {
            list.extend(self.metadata);
            // Ordered by name: the same signal gives the same bytes in every run.
            list.sort_unstable();
        }
        types::Signal {
            id,
            content: self.content,
            signal_type: self.signal_type,
            metadata: list,
            timestamp: self.timestamp,
        }
    }
}

impl From<types::Signal> for PluginSignal {
    fn from(signal: types::Signal) -> Self {
        Self::received(signal).0
    }
}

impl From<PluginSignal> for types::Signal {
    fn from(signal: PluginSignal) -> Self {
        let id = signal.id.as_u64_pair();
        signal.sent(id, Vec::new())
    }
}

/// The id of a WIT signal.
pub(crate) fn uuid_of((high, low): types::SignalId) -> Uuid {
    Uuid::from_u64_pair(high, low)
}

/// Metadata as a map; where a name occurs twice, the last one counts.
pub(crate) fn metadata_map(list: types::Metadata) -> HashMap<String, String> {
    list.into_iter().collect()
}

/// Metadata as a list, ordered by name: the same signal gives the same bytes in every run.
pub(crate) fn metadata_list(map: HashMap<String, String>) -> types::Metadata {
    let mut list: Vec<_> = map.into_iter().collect();
    list.sort_unstable();
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_survives_the_way_to_wit_and_back() {
        let signal = PluginSignal {
            timestamp: u64::MAX,
            ..PluginSignal::new("text", "h\u{e9}llo").with("b", "2").with("a", "1")
        };
        let wire = types::Signal::from(signal.clone());
        assert_eq!(wire.metadata, [("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert_eq!(PluginSignal::from(wire), signal);
    }

    #[test]
    fn the_halves_of_the_id_are_big_endian() {
        let mut wire = types::Signal::from(PluginSignal::new("", ""));
        wire.id = (0x0011_2233_4455_6677, 0x8899_aabb_ccdd_eeff);
        assert_eq!(PluginSignal::from(wire).id.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
    }

    #[test]
    fn of_a_name_given_twice_the_last_one_counts() {
        let map = metadata_map(vec![("k".into(), "old".into()), ("k".into(), "new".into())]);
        assert_eq!(map["k"], "new");
        assert_eq!(map.len(), 1);
    }
}
