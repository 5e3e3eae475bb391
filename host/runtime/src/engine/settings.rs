//! Owns how wasmtime's engines are configured: what decides on their code, and the pools. It refuses to know which engines there
//! are.

use std::hash::{Hash as _, Hasher};

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::{EngineConfig, Init};

/// Bytes of stack that host functions get on top of a plugin's own.
const HOST_STACK: usize = 1 << 20;

/// Tables of one place in the pool. A component that has more takes several places.
pub(super) const TABLES: u32 = 4;

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
pub(crate) fn for_compiling(init: Init) -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(&code_settings(init))
}

/// What decides which code comes out. An [`EngineConfig`] has no say in it.
pub(super) fn code_settings(init: Init) -> Config {
    let mut settings = Config::new();
    settings.wasm_component_model(true).epoch_interruption(true).memory_init_cow(init == Init::Mapped);
    settings
}

pub(super) fn running(config: &EngineConfig, init: Init) -> Config {
    let mut settings = code_settings(init);
    settings.max_wasm_stack(config.stack_size).async_stack_size(config.stack_size + HOST_STACK);
    settings
}

pub(super) fn pool(config: &EngineConfig, init: Init, places: u32) -> Config {
    let mut pool = shapes(config, places, places.saturating_mul(TABLES));
    pool.total_component_instances(places)
        .total_core_instances(places.saturating_mul(CORE_INSTANCES))
        // Each takes two of the kernel's maps from the start: see DECISIONS.md.
        .total_stacks(places)
        .table_elements(64 << 10)
        // Where the kernel says which pages were written, these alone are made as new, and kept.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10);
    let mut settings = running(config, init);
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    settings
}

/// An engine that runs nothing: whatever it takes is not too large to live on demand.
pub(super) fn widest(config: &EngineConfig, init: Init) -> Config {
    let mut pool = shapes(config, 16, 32);
    pool.total_component_instances(1).total_core_instances(CORE_INSTANCES).total_stacks(1).table_elements(1 << 20);
    let mut settings = running(config, init);
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    settings
}

/// The most core instances of a component. It is a few: the program, and shims around it; more where parts are composed.
const CORE_INSTANCES: u32 = 32;

/// Bounds on what one component has, out of so many memories and tables.
fn shapes(config: &EngineConfig, memories: u32, tables: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(memories.min(16))
        .max_tables_per_component(tables.min(32))
        .total_memories(memories)
        .total_tables(tables)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        .max_memory_size(config.max_memory);
    pool
}
