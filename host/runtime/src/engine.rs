//! Owns wasmtime's engines and the epoch clock that makes every plugin yield: one whose instances come out of a pool, and those
//! for what the pool has no room for. It refuses to know plugins.

mod settings;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wasmtime::component::Component as Compiled;

use crate::Error;
use crate::quota::Pool;
pub(crate) use settings::{Fingerprint, fingerprint, for_compiling};
use settings::{TABLES, pool, running, widest};

/// How often running plugins are asked to yield and held against their deadline.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How the engine is set up. What is in here holds for all plugins together; what a plugin may use is in its limits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineConfig {
    /// How many instances may live at once. A load or a call beyond that is refused as unavailable, and so is one that would
    /// take up more of the kernel's memory maps than is good for the process (on Linux: four fifths of `vm.max_map_count`).
    pub max_instances: u32,
    /// How many of them have a place in a pool that is set aside: an instance begins there in a quarter of the time. There is
    /// one pool for components with little initial data and one for the others. Instances beyond it are made on demand.
    pub pooled_instances: u32,
    /// Bytes of stack that a plugin's calls may take up. wasmtime has one such limit an engine, so plugins share it.
    pub stack_size: usize,
    /// The largest single linear memory of any plugin, in bytes: the ceiling of every `memory` limit.
    pub max_memory: usize,
    /// The most bytes of a component. Larger ones are refused unread.
    pub max_component: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            max_instances: 16_384,
            pooled_instances: 512,
            stack_size: 512 << 10,
            max_memory: 4 << 30,
            max_component: 64 << 20,
        }
    }
}

/// How the initial data of a component come into its memory. It is part of the code, so it is decided before that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Init {
    /// Copied when an instance begins.
    Copied,
    /// Mapped, so that an instance has a page of its own only of what it writes to. That takes two more of the kernel's maps.
    Mapped,
}

impl Init {
    /// An instance that is idle holds all that was copied.
    const COPIED: u64 = 16 << 10;

    /// The way for so many bytes of data.
    pub(crate) fn of(data: u64) -> Self {
        if data <= Self::COPIED { Self::Copied } else { Self::Mapped }
    }
}

/// Where instances live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) init: Init,
    /// In a place of the pool, or in memory that is asked of the kernel for each: what has another shape than the pool's places,
    /// and what comes when all are taken. The code is the same.
    pub(crate) pooled: bool,
}

/// wasmtime's engines and their clock. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    all: Arc<Engines>,
}

struct Engines {
    config: EngineConfig,
    copied: Pair,
    mapped: Pair,
}

/// The engines that run the same code, each made when it is first needed.
#[derive(Default)]
struct Pair {
    pooled: OnceLock<Pooled>,
    on_demand: OnceLock<wasmtime::Engine>,
}

struct Pooled {
    engine: wasmtime::Engine,
    fingerprint: Fingerprint,
    places: Arc<Pool>,
}

impl Engine {
    pub(crate) fn new(config: &EngineConfig) -> Result<Self, Error> {
        let all = Arc::new(Engines { config: config.clone(), copied: Pair::default(), mapped: Pair::default() });
        // One of them now, so that what cannot be set up is told to who sets up the host.
        all.pooled(Init::Mapped)
            .map_err(|source| Error::internal("the engine could not be set up", source.into_boxed_dyn_error()))?;
        let weak = Arc::downgrade(&all);
        std::thread::Builder::new()
            .name("hal9-epoch".into())
            .spawn(move || {
                while let Some(engines) = weak.upgrade() {
                    engines.tick();
                    drop(engines);
                    std::thread::sleep(TICK);
                }
            })
            .map_err(|source| Error::internal("the epoch clock could not be started", source))?;
        Ok(Self { all })
    }

    /// The engine of a place.
    pub(crate) fn at(&self, place: Place) -> wasmtime::Result<&wasmtime::Engine> {
        if place.pooled { Ok(&self.all.pooled(place.init)?.engine) } else { self.all.on_demand(place.init) }
    }

    /// The pool, to be taken of by who begins there.
    pub(crate) fn places(&self, init: Init) -> wasmtime::Result<&Arc<Pool>> {
        Ok(&self.all.pooled(init)?.places)
    }

    /// Compiles a component.
    pub(crate) fn compile(&self, init: Init, bytes: &[u8]) -> wasmtime::Result<Vec<u8>> {
        self.all.pooled(init)?.engine.precompile_component(bytes)
    }

    /// Whether the bytes are what wasmtime makes of a component or module.
    pub(crate) fn is_compiled(bytes: &[u8]) -> bool {
        wasmtime::Engine::detect_precompiled(bytes).is_some()
    }

    /// Makes code ready, by `ready`, where it is to run: in the pool, if that has places of its shape, else on demand.
    ///
    /// # Errors
    ///
    /// A component that is larger than any may be.
    pub(crate) fn place(
        &self,
        init: Init,
        ready: impl Fn(&wasmtime::Engine) -> wasmtime::Result<Compiled>,
    ) -> wasmtime::Result<(Place, Compiled)> {
        if let Ok(compiled) = ready(&self.all.pooled(init)?.engine) {
            return Ok((Place { init, pooled: true }, compiled));
        }
        // What is made on demand has no shape that it must fit; this one holds it against what any component may have.
        ready(&wasmtime::Engine::new(&widest(&self.all.config, init))?)?;
        Ok((Place { init, pooled: false }, ready(self.all.on_demand(init)?)?))
    }

    /// What an instance takes: places of the pool, one for each memory and for every few tables; and memory maps of the kernel.
    pub(crate) fn needs(init: Init, compiled: &Compiled) -> Needs {
        let (memories, tables) =
            compiled.resources_required().map_or((1, 1), |needs| (needs.num_memories.max(1), needs.num_tables));
        let each = match init {
            Init::Copied => 2,
            Init::Mapped => 4,
        };
        Needs { places: memories.max(tables.div_ceil(TABLES)).into(), maps: STACK_MAPS + each * u64::from(memories) }
    }

    /// What decides on the code, for components that begin in that way.
    pub(crate) fn fingerprint(&self, init: Init) -> wasmtime::Result<Fingerprint> {
        Ok(self.all.pooled(init)?.fingerprint)
    }
}

/// What one instance takes of what all share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Places, where it lives in the pool.
    pub(crate) places: u64,
    /// Memory maps of the kernel.
    pub(crate) maps: u64,
}

/// The maps of a stack: a guard, and itself.
const STACK_MAPS: u64 = 2;

impl Engines {
    fn pair(&self, init: Init) -> &Pair {
        match init {
            Init::Copied => &self.copied,
            Init::Mapped => &self.mapped,
        }
    }

    fn pooled(&self, init: Init) -> wasmtime::Result<&Pooled> {
        let pooled = &self.pair(init).pooled;
        if let Some(made) = pooled.get() {
            return Ok(made);
        }
        let places = self.config.pooled_instances.min(self.config.max_instances);
        let engine = wasmtime::Engine::new(&pool(&self.config, init, places))?;
        let fingerprint = fingerprint(&engine);
        // Another thread may have been first.
        Ok(pooled.get_or_init(|| Pooled { engine, fingerprint, places: Arc::new(Pool::new(places.into())) }))
    }

    fn on_demand(&self, init: Init) -> wasmtime::Result<&wasmtime::Engine> {
        let on_demand = &self.pair(init).on_demand;
        if let Some(made) = on_demand.get() {
            return Ok(made);
        }
        let engine = wasmtime::Engine::new(&running(&self.config, init))?;
        Ok(on_demand.get_or_init(|| engine))
    }

    fn tick(&self) {
        for Pair { pooled, on_demand } in [&self.copied, &self.mapped] {
            let engines = pooled.get().map(|pooled| &pooled.engine).into_iter().chain(on_demand.get());
            engines.for_each(wasmtime::Engine::increment_epoch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::settings::code_settings;
    use super::*;

    #[test]
    fn a_child_makes_the_code_that_a_host_runs() {
        let config = EngineConfig { max_instances: 1, max_memory: 64 << 20, stack_size: 1 << 20, ..Default::default() };
        let host = Engine::new(&config).unwrap();
        for init in [Init::Copied, Init::Mapped] {
            let child = fingerprint(&for_compiling(init).unwrap());
            assert_eq!(host.fingerprint(init).unwrap(), child);
            assert_eq!(fingerprint(host.at(Place { init, pooled: false }).unwrap()), child);
        }
        assert_ne!(host.fingerprint(Init::Copied).unwrap(), host.fingerprint(Init::Mapped).unwrap());
        let mut other = code_settings(Init::Copied);
        other.epoch_interruption(false);
        assert_ne!(host.fingerprint(Init::Copied).unwrap(), fingerprint(&wasmtime::Engine::new(&other).unwrap()));
    }

    #[test]
    fn what_has_another_shape_than_the_pools_places_lives_on_demand() {
        let config = EngineConfig { max_instances: 4, max_memory: 1 << 20, ..Default::default() };
        let engine = Engine::new(&config).unwrap();
        let place = |module: &str, init: Init| {
            let text = format!("(component (core module $m {module}) (core instance (instantiate $m)))");
            let bytes = wat::parse_str(text).unwrap();
            let code = for_compiling(init).unwrap().precompile_component(&bytes).unwrap();
            let artifact = crate::compile::Artifact::compiled(code, 0);
            engine.place(init, |engine| artifact.deserialize(engine)).map(|(place, _)| place)
        };
        for init in [Init::Copied, Init::Mapped] {
            assert_eq!(place("(memory 1)", init).unwrap(), Place { init, pooled: true });
            assert_eq!(place("(table 70000 funcref)", init).unwrap(), Place { init, pooled: false });
        }
        // The guard: what no place has room for is refused, wherever it were to live.
        for init in [Init::Copied, Init::Mapped] {
            for large in ["(memory 17)", "(table 2000000 funcref)"] {
                let error = place(large, init).unwrap_err();
                assert!(format!("{error:#}").contains("does not fit"), "{error:#}");
            }
        }
    }
}
