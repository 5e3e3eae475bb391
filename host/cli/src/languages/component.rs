//! Owns how a core module that a compiler made becomes a component. It refuses to know which compiler that was.

use std::fs;
use std::path::Path;

use wit_component::ComponentEncoder;

use super::not_built;
use crate::failure::Failure;

/// Makes a component of a module that carries its world. What the module imports of WASI in the form that C libraries know
/// (`wasi_snapshot_preview1`), it has through the standard adapter; a module that imports nothing of it gets none.
///
/// # Errors
///
/// Where the module lacks an export of its world, or imports what the world does not have.
pub(super) fn encode(module: &Path, component: &Path) -> Result<(), Failure> {
    let bytes = fs::read(module).map_err(|error| Failure::file(module, &error))?;
    let name = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    let bytes = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| encoder.adapter(name, adapter))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| {
            not_built(format!("no component could be made of what was compiled: {error:#}"))
                .help("define every function of the world's exports, with the name and type of the bindings' header")
        })?;
    fs::write(component, bytes).map_err(|error| Failure::file(component, &error))
}
