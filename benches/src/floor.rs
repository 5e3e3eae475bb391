//! The floor: the same component on bare wasmtime, with the engine settings of the host, and with nothing that bounds or
//! watches it but epochs, which can be off as well. It refuses to know grants, limits and managers.

use std::path::Path;

use hal9_host::Level;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Linker, Lower, ResourceTable, TypedFunc,
};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Bare wasmtime.
pub struct Floor {
    engine: Engine,
    linker: Linker<State>,
}

/// What WASI needs, and no more.
pub struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl Floor {
    /// An engine as the host's.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn new() -> Result<Self> {
        Self::with(true, 256 << 10)
    }

    /// As [`new`](Self::new), but without epochs: nothing stops a loop.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn without_epochs() -> Result<Self> {
        Self::with(false, 256 << 10)
    }

    /// As [`new`](Self::new), but memory of an instance goes back to the kernel when it is dropped, and is not cleared for the next.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn without_keep_resident() -> Result<Self> {
        Self::with(true, 0)
    }

    fn with(epochs: bool, keep_resident: usize) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(keep_resident).table_keep_resident(keep_resident.min(64 << 10));
        pool.pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .epoch_interruption(epochs)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        linker.instance("hal9:plugin/types@0.1.0")?;
        // What plugins with the SDK import: nothing is configured, and nothing is logged.
        let mut config = linker.instance("hal9:plugin/config@0.1.0")?;
        config.func_wrap("document", |_, (): ()| Ok(("{}".to_owned(),)))?;
        config.func_wrap("get", |_, (_,): (String,)| Ok((None::<String>,)))?;
        linker.instance("hal9:plugin/logging@0.1.0")?.func_wrap("log", |_, (_, _): (Level, String)| Ok(()))?;
        Ok(Self { engine, linker })
    }

    /// Compiles a component.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn compile(&self, path: &Path) -> Result<Component> {
        Component::from_file(&self.engine, path)
    }

    /// Compiles a component, and serialises it.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn serialized(&self, path: &Path) -> Result<Vec<u8>> {
        self.compile(path)?.serialize()
    }

    /// Makes a component of what [`serialized`](Self::serialized) gave, and looks at nothing.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn deserialize(&self, serialized: &[u8]) -> Result<Component> {
        #[expect(unsafe_code, reason = "wasmtime cannot tell its own machine code from another's")]
        // SAFETY: benchmarks give what this engine serialised in the same process.
        unsafe {
            Component::deserialize(&self.engine, serialized)
        }
    }

    /// Links a component.
    ///
    /// # Errors
    ///
    /// wasmtime's.
    pub fn link(&self, component: &Component) -> Result<InstancePre<State>> {
        self.linker.instantiate_pre(component)
    }

    /// A store without limits.
    pub fn store(&self) -> Store<State> {
        let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(u64::MAX / 2);
        store
    }

    /// A function of an exported interface in a new instance, with the store that it lives in.
    ///
    /// # Errors
    ///
    /// wasmtime's, and a function that is not there.
    pub async fn function<Params, Results>(
        &self,
        path: impl AsRef<Path>,
        interface: &str,
        name: &str,
    ) -> Result<(Store<State>, TypedFunc<Params, Results>)>
    where
        Params: ComponentNamedList + Lower + Send + Sync + 'static,
        Results: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        self.prepare(path.as_ref(), interface, name)?.instance(self).await
    }

    /// All that can be done once for instances that come and go.
    ///
    /// # Errors
    ///
    /// wasmtime's, and a function that is not there.
    pub fn prepare(&self, path: &Path, interface: &str, name: &str) -> Result<Prepared> {
        let pre = self.link(&self.compile(path)?)?;
        let missing = || wasmtime::format_err!("no function {interface}.{name}");
        let instance = pre.component().get_export_index(None, interface).ok_or_else(missing)?;
        let function = pre.component().get_export_index(Some(&instance), name).ok_or_else(missing)?;
        Ok(Prepared { pre, function })
    }
}

/// A component that is linked, and a function of it that is found.
pub struct Prepared {
    pre: InstancePre<State>,
    function: ComponentExportIndex,
}

impl Prepared {
    /// A new instance and the function in it.
    ///
    /// # Errors
    ///
    /// wasmtime's, and a function of another type.
    pub async fn instance<Params, Results>(&self, floor: &Floor) -> Result<(Store<State>, TypedFunc<Params, Results>)>
    where
        Params: ComponentNamedList + Lower + Send + Sync + 'static,
        Results: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let mut store = floor.store();
        let instance = self.pre.instantiate_async(&mut store).await?;
        let function = instance.get_typed_func(&mut store, self.function)?;
        Ok((store, function))
    }

    /// An instance that is made, called once and dropped.
    ///
    /// # Errors
    ///
    /// As [`instance`](Self::instance), and whatever ends the call.
    pub async fn once<Params, Results>(&self, floor: &Floor, params: Params) -> Result<Results>
    where
        Params: ComponentNamedList + Lower + Send + Sync + 'static,
        Results: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let (mut store, function) = self.instance(floor).await?;
        function.call_async(&mut store, params).await
    }
}
