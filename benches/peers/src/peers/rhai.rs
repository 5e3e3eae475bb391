//! Rhai in the host's process, values carried over by hand where their shape is known and by serde where it is JSON.

use peer_jobs::{Signal, model};
use rhai::{AST, CallFnOptions, Dynamic, Engine, FuncArgs, Map, Scope};

use crate::peer::Peer;

/// An engine, the compiled script, and what the script keeps between calls.
pub(crate) struct Rhai {
    engine: Engine,
    script: AST,
    scope: Scope<'static>,
    kept: Dynamic,
}

impl Rhai {
    pub(crate) fn open() -> Self {
        let mut engine = Engine::new();
        // As deep as in an optimised build, whose default this is; an unoptimised one takes half of it.
        engine.set_max_expr_depths(64, 32);
        let script = engine.compile(include_str!("../../scripts/jobs.rhai")).unwrap();
        let mut rhai = Self { engine, script, scope: Scope::new(), kept: Dynamic::UNIT };
        rhai.kept = rhai.call("open", ());
        rhai
    }

    fn call(&mut self, function: &str, arguments: impl FuncArgs) -> Dynamic {
        let options = CallFnOptions::new().eval_ast(false).bind_this_ptr(&mut self.kept);
        self.engine.call_fn_with_options(options, &mut self.scope, &self.script, function, arguments).unwrap()
    }
}

fn map_of(signal: &Signal) -> Map {
    let metadata = signal.metadata.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
    let metadata: Map = metadata.collect();
    // Rhai's integers have 64 bits and a sign.
    let number = |number: u64| Dynamic::from_int(number.cast_signed());
    Map::from([
        ("id_high".into(), number(signal.id.0)),
        ("id_low".into(), number(signal.id.1)),
        ("content".into(), signal.content.as_str().into()),
        ("signal_type".into(), signal.signal_type.as_str().into()),
        ("metadata".into(), Dynamic::from_map(metadata)),
        ("timestamp".into(), number(signal.timestamp)),
    ])
}

fn signal_of(mut map: Map) -> Signal {
    let mut take = |name: &str| map.remove(name).unwrap();
    let number = |value: Dynamic| value.as_int().unwrap().cast_unsigned();
    let metadata = take("metadata").cast::<Map>().into_iter();
    Signal {
        id: (number(take("id_high")), number(take("id_low"))),
        content: take("content").into_string().unwrap(),
        signal_type: take("signal_type").into_string().unwrap(),
        metadata: metadata.map(|(name, value)| (name.to_string(), value.into_string().unwrap())).collect(),
        timestamp: number(take("timestamp")),
    }
}

fn array_of(floats: &[f32]) -> Dynamic {
    Dynamic::from_array(floats.iter().map(|float| Dynamic::from_float(f64::from(*float))).collect())
}

impl Peer for Rhai {
    const NAME: &str = "rhai";
    const BOUNDS: &str = "rights: what is registered; depth of calls; Rhai can also count operations and limit sizes";

    async fn signal(&mut self, signal: &mut Signal) -> Signal {
        let reply = self.call("signal", (map_of(signal),));
        signal_of(reply.cast())
    }

    async fn tool(&mut self, params: &str) -> String {
        let params: Dynamic = serde_json::from_str(params).unwrap();
        serde_json::to_string(&self.call("tool", (params,))).unwrap()
    }

    async fn put(&mut self, key: &str, value: &[u8]) {
        drop(self.call("put", (key.to_owned(), Dynamic::from_blob(value.to_vec()))));
    }

    async fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        self.call("get", (key.to_owned(),)).into_blob().ok()
    }

    async fn predict(&mut self, vector: &[f32; model::WIDTH]) -> f32 {
        self.call("predict", (array_of(vector),)).as_float().unwrap() as f32
    }

    async fn predict_all(&mut self, vectors: &[f32]) -> Vec<f32> {
        let numbers = self.call("predict_all", (array_of(vectors),)).into_array().unwrap();
        numbers.into_iter().map(|number| number.as_float().unwrap() as f32).collect()
    }
}
