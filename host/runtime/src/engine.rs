//! Owns wasmtime's configuration and the epoch clock that makes every plugin yield. It refuses to know plugins.

use std::hash::{Hash as _, Hasher};
use std::time::Duration;

use wasmtime::component::Component as Compiled;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::Error;

/// How often running plugins are asked to yield and held against their deadline.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How the engine is set up. What is in here holds for all plugins together; what a plugin may use is in its limits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineConfig {
    /// How many instances may live at once. A load or a call beyond that is refused as unavailable.
    pub max_instances: u32,
    /// Bytes of stack that a plugin's calls may take up. wasmtime has one such limit an engine, so plugins share it.
    pub stack_size: usize,
    /// The largest single linear memory of any plugin, in bytes: the ceiling of every `memory` limit.
    pub max_memory: usize,
    /// The most bytes of a component. Larger ones are refused unread.
    pub max_component: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_instances: 1_000, stack_size: 512 << 10, max_memory: 4 << 30, max_component: 64 << 20 }
    }
}

/// Bytes of stack that host functions get on top of a plugin's own.
const HOST_STACK: usize = 1 << 20;

/// wasmtime's engine and its clock.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: wasmtime::Engine,
}

impl Engine {
    pub(crate) fn new(config: &EngineConfig) -> Result<Self, Error> {
        let failed =
            |source: wasmtime::Error| Error::internal("the engine could not be set up", source.into_boxed_dyn_error());
        let inner = wasmtime::Engine::new(&settings(config)).map_err(failed)?;
        let weak = inner.weak();
        std::thread::Builder::new()
            .name("hal9-epoch".into())
            .spawn(move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            })
            .map_err(|source| Error::internal("the epoch clock could not be started", source))?;
        Ok(Self { inner })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }

    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Compiled> {
        Compiled::from_binary(&self.inner, bytes)
    }

    /// Whether the bytes are what wasmtime makes of a component or module.
    pub(crate) fn is_compiled(bytes: &[u8]) -> bool {
        wasmtime::Engine::detect_precompiled(bytes).is_some()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.inner)
    }
}

/// All that decides which code an engine makes of a component and which it can run: wasmtime's version, the processor with
/// its features, the settings. Engines of the same fingerprint can run each other's code.
pub(crate) type Fingerprint = [u8; 32];

pub(crate) fn fingerprint(engine: &wasmtime::Engine) -> Fingerprint {
    let mut digest = Digest(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut digest);
    *digest.0.finalize().as_bytes()
}

/// Takes what is hashed for a table, and makes more of it than the 64 bits that a table needs.
struct Digest(blake3::Hasher);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// An engine that makes the same code as a host's and runs nothing: it has no pool, and no clock.
pub(crate) fn for_compiling() -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(&code_settings())
}

/// What decides which code comes out. An [`EngineConfig`] has no say in it.
fn code_settings() -> Config {
    let mut settings = Config::new();
    settings.wasm_component_model(true).epoch_interruption(true);
    settings
}

fn settings(config: &EngineConfig) -> Config {
    let mut settings = code_settings();
    settings.max_wasm_stack(config.stack_size).async_stack_size(config.stack_size + HOST_STACK);
    let instances = config.max_instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        // A component is a few core modules: the program, and shims around it.
        .total_core_instances(instances.saturating_mul(8))
        .max_core_instances_per_component(32)
        .max_memories_per_component(16)
        .max_tables_per_component(32)
        .total_memories(instances.saturating_mul(2))
        .total_tables(instances.saturating_mul(4))
        .total_stacks(instances)
        .table_elements(64 << 10)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        .max_memory_size(config.max_memory)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10);
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_makes_the_code_that_a_host_runs() {
        let config = EngineConfig { max_instances: 1, max_memory: 64 << 20, stack_size: 1 << 20, ..Default::default() };
        let host = Engine::new(&config).unwrap();
        assert_eq!(host.fingerprint(), fingerprint(&for_compiling().unwrap()));
        let mut other = code_settings();
        other.epoch_interruption(false);
        assert_ne!(host.fingerprint(), fingerprint(&wasmtime::Engine::new(&other).unwrap()));
    }
}
