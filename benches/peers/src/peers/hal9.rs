//! Ours: a component that the SDK made, in a resident instance, with every limit on. It refuses to know how a call is made:
//! that is the host's.

use std::path::Path;

use hal9_host::{Call, Column, ColumnValues, Host, LoadOptions, Model, Plugin, SignalBatch, TextColumn};
use peer_jobs::{Signal, model};

use crate::peer::Peer;

/// A plugin, and the model that it made.
pub(crate) struct Hal9 {
    plugin: Plugin,
    model: Model,
}

impl Hal9 {
    pub(crate) async fn open(file: &Path) -> Self {
        let host = Host::new().unwrap();
        let component = host.compile_file(file).unwrap();
        let plugin = host.load(&component, LoadOptions::declared()).unwrap();
        let model = plugin.create_model(&mut Call::new(), "{}").await.unwrap();
        Self { plugin, model }
    }

    /// Many signals at once.
    pub(crate) async fn batch(&mut self, batch: &SignalBatch) -> SignalBatch {
        self.plugin.process_batch(&mut Call::new(), batch).await.unwrap()
    }
}

/// Signals in columns. They have the same names in their metadata.
pub(crate) fn columns(signals: &[Signal]) -> SignalBatch {
    let mut batch = SignalBatch::new();
    for signal in signals {
        batch.push(signal.id, signal.timestamp, &signal.signal_type, &signal.content);
    }
    for (at, (name, _)) in signals.iter().take(1).flat_map(|first| &first.metadata).enumerate() {
        let mut column = TextColumn { text: String::new(), ends: Vec::new() };
        signals.iter().for_each(|signal| column.push(&signal.metadata[at].1));
        batch.metadata.push(Column { name: name.clone(), values: ColumnValues::Texts(column) });
    }
    batch
}

/// Signals out of columns.
pub(crate) fn rows(batch: &SignalBatch) -> Vec<Signal> {
    let text = |column: &TextColumn, row| column.get(row).unwrap_or_default().to_owned();
    let value = |values: &ColumnValues, row| match values {
        ColumnValues::Texts(texts) => text(texts, row),
        ColumnValues::Numbers(numbers) => numbers[row].to_string(),
    };
    let row = |row: usize| Signal {
        id: (batch.ids[2 * row], batch.ids[2 * row + 1]),
        content: text(&batch.contents, row),
        signal_type: text(&batch.signal_types, row),
        metadata: batch.metadata.iter().map(|column| (column.name.clone(), value(&column.values, row))).collect(),
        timestamp: batch.timestamps[row],
    };
    (0..batch.rows()).map(row).collect()
}

fn to_host(signal: Signal) -> hal9_host::Signal {
    let Signal { id, content, signal_type, metadata, timestamp } = signal;
    hal9_host::Signal { id, content, signal_type, metadata, timestamp }
}

fn from_host(signal: hal9_host::Signal) -> Signal {
    let hal9_host::Signal { id, content, signal_type, metadata, timestamp } = signal;
    Signal { id, content, signal_type, metadata, timestamp }
}

impl Peer for Hal9 {
    const NAME: &str = "hal9";
    const BOUNDS: &str = "memory: 64 MiB; time: 5 s a call and a share of a core; rights: what was granted, here nothing; what it sends and keeps in the host";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        let theirs = to_host(std::mem::take(signal));
        let reply = self.plugin.process_signal(&mut Call::new(), &theirs).await.unwrap();
        // Given back, so that it is not freed in the measured time: the others borrow it too.
        *signal = from_host(theirs);
        from_host(reply)
    }

    async fn tool(&mut self, params: &str) -> String {
        self.plugin.execute_tool(&mut Call::new(), "word_frequency", params).await.unwrap()
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        self.plugin.store(&mut Call::new(), key, value, &Vec::new()).await.unwrap();
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        let entry = self.plugin.retrieve(&mut Call::new(), key).await.unwrap();
        entry.map(|entry| entry.value)
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        self.predict_all(vector).await[0]
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        self.model.predict(&mut Call::new(), vectors, model::WIDTH as u32).await.unwrap().targets
    }
}
