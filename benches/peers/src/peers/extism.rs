//! Extism, as its documentation has one use it, with the time of a call bounded. It refuses to know which wasmtime is in it.

use std::path::Path;
use std::time::Duration;

use extism::{Manifest, Plugin, Wasm};
use extism_convert::Msgpack;
use peer_jobs::{Signal, model, wire};

use crate::peer::Peer;

/// As much as a plugin of ours has by default.
const CALL_TIME: Duration = Duration::from_secs(5);

/// A plugin, and the bytes that requests are written in.
pub(crate) struct Extism {
    plugin: Plugin,
    bytes: Vec<u8>,
}

impl Extism {
    pub(crate) fn open(file: &Path) -> Self {
        let manifest = Manifest::new([Wasm::data(std::fs::read(file).unwrap())]).with_timeout(CALL_TIME);
        Self { plugin: Plugin::new(&manifest, [], true).unwrap(), bytes: Vec::new() }
    }
}

impl Peer for Extism {
    const NAME: &str = "extism";
    const BOUNDS: &str =
        "time: 5 s a call; rights: WASI without files or network; memory only where a manifest says so";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        let Msgpack(reply) = self.plugin.call("answer_signal", Msgpack(&*signal)).unwrap();
        reply
    }

    async fn tool(&mut self, params: &str) -> String {
        self.plugin.call("call_tool", params).unwrap()
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        self.bytes.clear();
        wire::put_pair(&mut self.bytes, key, value);
        self.plugin.call::<_, ()>("put_value", &self.bytes[..]).unwrap();
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        wire::maybe_of(self.plugin.call("get_value", key).unwrap())
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        self.bytes.clear();
        wire::put_floats(&mut self.bytes, vector);
        wire::floats(self.plugin.call("predict", &self.bytes[..]).unwrap())[0]
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        self.bytes.clear();
        wire::put_floats(&mut self.bytes, vectors);
        wire::floats(self.plugin.call("predict_all", &self.bytes[..]).unwrap())
    }
}
