//! Owns wasmtime's configuration and the epoch clock that makes every plugin yield. It refuses to know plugins.

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
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_instances: 1_000, stack_size: 512 << 10, max_memory: 4 << 30 }
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
}

fn settings(config: &EngineConfig) -> Config {
    let mut settings = Config::new();
    settings
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(config.stack_size)
        .async_stack_size(config.stack_size + HOST_STACK);
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
