//! What a peer is: something that does the four jobs in an engine of its own. It refuses to know which.

use peer_jobs::{Signal, model};

/// A way to run a plugin. Its calls are futures because ours are; those of the others are ready at once, and cost nothing.
pub(crate) trait Peer {
    /// The name in ids and tables.
    const NAME: &str;
    /// What keeps a plugin from taking memory, time or rights, as it was measured.
    const BOUNDS: &str;

    /// The signal with one fact more. A peer that can take an owned signal takes it out of its place.
    async fn signal(&mut self, signal: &mut Signal) -> Signal;

    /// The tool's result: JSON text for JSON text.
    async fn tool(&mut self, params: &str) -> String;

    /// Keeps a value under a key.
    async fn put(&mut self, key: &str, value: &[u8]);

    /// The value of a key.
    async fn get(&mut self, key: &str) -> Option<Vec<u8>>;

    /// What the model says of one vector.
    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32;

    /// What it says of many, one after the other in `vectors`.
    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32>;
}
