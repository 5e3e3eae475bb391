//! Lua 5.4 in the host's process, values carried over by hand where their shape is known and by serde where it is JSON.

use mlua::{Function, LuaSerdeExt as _, Table};
use peer_jobs::{Signal, model};
use serde_json::Value;

use crate::peer::Peer;

/// An interpreter with the script's functions.
pub(crate) struct Lua {
    lua: mlua::Lua,
    signal: Function,
    tool: Function,
    put: Function,
    get: Function,
    predict: Function,
    predict_all: Function,
}

impl Lua {
    pub(crate) fn open() -> Self {
        let lua = mlua::Lua::new();
        lua.globals().set("array", lua.array_metatable()).unwrap();
        let script = lua.load(include_str!("../../scripts/jobs.lua")).set_name("jobs.lua");
        let jobs: Table = script.eval().unwrap();
        let function = |name| jobs.get(name).unwrap();
        Self {
            signal: function("signal"),
            tool: function("tool"),
            put: function("put"),
            get: function("get"),
            predict: function("predict"),
            predict_all: function("predict_all"),
            lua,
        }
    }

    fn table_of(&self, signal: &Signal) -> mlua::Result<Table> {
        let metadata = self.lua.create_table_with_capacity(0, signal.metadata.len() + 1)?;
        for (name, value) in &signal.metadata {
            metadata.raw_set(name.as_str(), value.as_str())?;
        }
        let table = self.lua.create_table_with_capacity(0, 6)?;
        // Lua's integers have 64 bits and a sign.
        table.raw_set("id_high", signal.id.0.cast_signed())?;
        table.raw_set("id_low", signal.id.1.cast_signed())?;
        table.raw_set("content", signal.content.as_str())?;
        table.raw_set("signal_type", signal.signal_type.as_str())?;
        table.raw_set("metadata", metadata)?;
        table.raw_set("timestamp", signal.timestamp.cast_signed())?;
        Ok(table)
    }
}

fn signal_of(table: &Table) -> mlua::Result<Signal> {
    let number = |name| table.raw_get::<i64>(name).map(i64::cast_unsigned);
    let metadata: Table = table.raw_get("metadata")?;
    Ok(Signal {
        id: (number("id_high")?, number("id_low")?),
        content: table.raw_get("content")?,
        signal_type: table.raw_get("signal_type")?,
        metadata: metadata.pairs().collect::<mlua::Result<_>>()?,
        timestamp: number("timestamp")?,
    })
}

impl Peer for Lua {
    const NAME: &str = "lua";
    const BOUNDS: &str = "nothing as measured: Lua's own library opens files and runs commands; mlua can leave it out, limit memory and count instructions";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        let table = self.table_of(signal).unwrap();
        signal_of(&self.signal.call(table).unwrap()).unwrap()
    }

    async fn tool(&mut self, params: &str) -> String {
        let params = self.lua.to_value(&serde_json::from_str::<Value>(params).unwrap()).unwrap();
        let result = self.tool.call(params).unwrap();
        self.lua.from_value::<Value>(result).unwrap().to_string()
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        self.put.call::<()>((key, self.lua.create_string(value).unwrap())).unwrap();
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        let value: Option<mlua::LuaString> = self.get.call(key).unwrap();
        value.map(|value| value.as_bytes().to_vec())
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        let vector = self.lua.create_sequence_from(vector.iter().copied()).unwrap();
        self.predict.call(vector).unwrap()
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        let vectors = self.lua.create_sequence_from(vectors.iter().copied()).unwrap();
        self.predict_all.call(vectors).unwrap()
    }
}
