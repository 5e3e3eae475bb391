//! The jobs as an Extism plugin. Signals cross in MessagePack, the quickest of the encodings that Extism brings for structures;
//! what is bytes already crosses as that. It refuses to know the host, and calls nothing of it.

// The imports of Extism's kernel are none for a native library.
#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "`plugin_fn` makes the exports")]

use std::cell::RefCell;

use extism_pdk::{Error, FnResult, Msgpack, plugin_fn};
use peer_jobs::{Signal, Store, model, signal, tool, wire};

thread_local! {
    static STORE: RefCell<Store> = RefCell::default();
}

#[plugin_fn]
pub fn answer_signal(Msgpack(signal): Msgpack<Signal>) -> FnResult<Msgpack<Signal>> {
    Ok(Msgpack(signal::answer(signal)))
}

#[plugin_fn]
pub fn call_tool(params: String) -> FnResult<String> {
    Ok(tool::call(&params).map_err(Error::msg)?)
}

#[plugin_fn]
pub fn put_value(pair: Vec<u8>) -> FnResult<()> {
    let (key, value) = wire::pair(&pair).ok_or_else(|| Error::msg("not a key and a value"))?;
    STORE.with_borrow_mut(|store| store.put(key.to_owned(), value.to_vec()));
    Ok(())
}

#[plugin_fn]
pub fn get_value(key: String) -> FnResult<Vec<u8>> {
    Ok(STORE.with_borrow(|store| wire::maybe(store.get(&key))))
}

#[plugin_fn]
pub fn predict(vector: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(model::predict(&wire::floats(&vector)).to_le_bytes().to_vec())
}

#[plugin_fn]
pub fn predict_all(vectors: Vec<u8>) -> FnResult<Vec<u8>> {
    let mut bytes = Vec::with_capacity(vectors.len() / model::WIDTH);
    wire::put_floats(&mut bytes, &model::predict_all(&wire::floats(&vectors)));
    Ok(bytes)
}
