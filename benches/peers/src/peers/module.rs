//! A core module on bare wasmtime, the version that the host has, with an ABI written by hand. Epochs are on as they are in the
//! host's engine, so that the same code runs; nobody counts memory, takes time or keeps statistics.

use std::path::Path;

use peer_jobs::{Signal, model, wire};
use wasmtime::{Caller, Config, Engine, Extern, Linker, Memory, Module as Compiled, Store, TypedFunc};

use crate::peer::Peer;

type Request<Reply> = TypedFunc<(u32, u32), Reply>;

/// The functions of an instance, and the bytes that requests are written in.
pub(crate) struct Module {
    store: Store<()>,
    memory: Memory,
    bytes: Vec<u8>,
    allocate: TypedFunc<u32, u32>,
    release: Request<()>,
    signal: Request<u64>,
    tool: Request<u64>,
    put: Request<u32>,
    get: Request<u64>,
    predict: Request<f32>,
    predict_all: Request<u64>,
}

impl Module {
    pub(crate) fn open(file: &Path) -> Self {
        let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
        let compiled = Compiled::from_file(&engine, file).unwrap();
        let mut linker = Linker::new(&engine);
        linker.func_wrap("wasi_snapshot_preview1", "random_get", random_get).unwrap();
        // What else Rust's standard library imports of WASI is for what no job does.
        linker.define_unknown_imports_as_traps(&compiled).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = linker.instantiate(&mut store, &compiled).unwrap();
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ()).unwrap();
        }
        Self {
            memory: instance.get_memory(&mut store, "memory").unwrap(),
            bytes: Vec::new(),
            allocate: instance.get_typed_func(&mut store, "allocate").unwrap(),
            release: instance.get_typed_func(&mut store, "release").unwrap(),
            signal: instance.get_typed_func(&mut store, "answer_signal").unwrap(),
            tool: instance.get_typed_func(&mut store, "call_tool").unwrap(),
            put: instance.get_typed_func(&mut store, "put_value").unwrap(),
            get: instance.get_typed_func(&mut store, "get_value").unwrap(),
            predict: instance.get_typed_func(&mut store, "predict").unwrap(),
            predict_all: instance.get_typed_func(&mut store, "predict_all").unwrap(),
            store,
        }
    }

    /// Writes a request into the module's memory: where it is, and how long.
    fn write(&mut self, bytes: &[u8]) -> (u32, u32) {
        let length = u32::try_from(bytes.len()).unwrap();
        let pointer = self.allocate.call(&mut self.store, length).unwrap();
        self.memory.write(&mut self.store, pointer as usize, bytes).unwrap();
        (pointer, length)
    }

    /// Makes a request of what `encode` writes.
    fn write_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> (u32, u32) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        encode(&mut bytes);
        let request = self.write(&bytes);
        self.bytes = bytes;
        request
    }

    /// Takes a value out of a reply's bytes, and frees them.
    fn read<T>(&mut self, reply: u64, decode: impl FnOnce(&[u8]) -> T) -> T {
        let (pointer, length) = ((reply >> 32) as u32, reply as u32);
        let bytes = self.memory.data(&self.store).get(pointer as usize..).and_then(|rest| rest.get(..length as usize));
        let value = decode(bytes.unwrap());
        self.release.call(&mut self.store, (pointer, length)).unwrap();
        value
    }
}

/// What the hash maps in the module begin with: no randomness, as a plugin of ours has without the permission for it.
fn random_get(mut caller: Caller<'_, ()>, pointer: u32, length: u32) -> u32 {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let bytes = memory.map(|memory| memory.data_mut(&mut caller));
    match bytes.and_then(|bytes| bytes.get_mut(pointer as usize..)?.get_mut(..length as usize)) {
        Some(bytes) => {
            bytes.fill(7);
            0
        }
        // WASI's `fault`.
        None => 21,
    }
}

impl Peer for Module {
    const NAME: &str = "bare-wasmtime";
    const BOUNDS: &str = "reach: its own memory, and nothing of the host; time could be bounded by the epochs that it checks, memory is not";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        let request = self.write_with(|bytes| wire::put_signal(bytes, signal));
        let reply = self.signal.call(&mut self.store, request).unwrap();
        self.read(reply, wire::signal).unwrap()
    }

    async fn tool(&mut self, params: &str) -> String {
        let request = self.write(params.as_bytes());
        let reply = self.tool.call(&mut self.store, request).unwrap();
        self.read(reply, |bytes| str::from_utf8(bytes).unwrap().to_owned())
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        let request = self.write_with(|bytes| wire::put_pair(bytes, key, value));
        assert_eq!(self.put.call(&mut self.store, request).unwrap(), 1);
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        let request = self.write(key.as_bytes());
        let reply = self.get.call(&mut self.store, request).unwrap();
        self.read(reply, wire::maybe_of)
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        let request = self.write_with(|bytes| wire::put_floats(bytes, vector));
        self.predict.call(&mut self.store, request).unwrap()
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        let request = self.write_with(|bytes| wire::put_floats(bytes, vectors));
        let reply = self.predict_all.call(&mut self.store, request).unwrap();
        self.read(reply, wire::floats)
    }
}
