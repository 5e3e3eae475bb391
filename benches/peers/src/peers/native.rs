//! Rust that is linked into the program, behind a trait object: what a plugin costs that is none.

use std::hint::black_box;

use peer_jobs::{Signal, Store, model, signal, tool};

use crate::peer::Peer;

trait Jobs {
    fn signal(&mut self, signal: Signal) -> Signal;
    fn tool(&mut self, params: &str) -> Result<String, String>;
    fn put(&mut self, key: String, value: Vec<u8>);
    fn get(&self, key: &str) -> Option<Vec<u8>>;
    fn predict(&self, vector: &[f32]) -> f32;
    fn predict_all(&self, vectors: &[f32]) -> Vec<f32>;
}

struct Plugin(Store);

impl Jobs for Plugin {
    fn signal(&mut self, signal: Signal) -> Signal {
        signal::answer(signal)
    }

    fn tool(&mut self, params: &str) -> Result<String, String> {
        tool::call(params)
    }

    fn put(&mut self, key: String, value: Vec<u8>) {
        self.0.put(key, value);
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key).map(<[u8]>::to_vec)
    }

    fn predict(&self, vector: &[f32]) -> f32 {
        model::predict(vector)
    }

    fn predict_all(&self, vectors: &[f32]) -> Vec<f32> {
        model::predict_all(vectors)
    }
}

/// The plugin, of which the compiler sees the trait only.
pub(crate) struct Native(Box<dyn Jobs>);

impl Native {
    pub(crate) fn open() -> Self {
        Self(black_box(Box::new(Plugin(Store::default()))))
    }
}

impl Peer for Native {
    const NAME: &str = "native";
    const BOUNDS: &str = "nothing: a trait object in the host's own process";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        self.0.signal(std::mem::take(signal))
    }

    async fn tool(&mut self, params: &str) -> String {
        self.0.tool(params).unwrap()
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        self.0.put(key.to_owned(), value.to_vec());
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        self.0.predict(vector)
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        self.0.predict_all(vectors)
    }
}
