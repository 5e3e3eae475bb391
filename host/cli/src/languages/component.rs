//! Owns how a core module that a compiler made becomes a component. It refuses to know which compiler that was.

use std::fs;
use std::path::Path;

use wasm_encoder::{Module, RawSection};
use wasmparser::{BinaryReaderError, Parser, Payload};
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
    let bytes = without_debug_information(&bytes)
        .map_err(|error| not_built(format!("{} is no WebAssembly module: {error}", module.display())))?;
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

/// A module without what debuggers read, which is many times its code, and tells where its author's files lay. The names of
/// functions stay: they are what a trap's backtrace is made of.
fn without_debug_information(module: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut lean = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if matches!(&payload, Payload::CustomSection(section) if section.name().starts_with(".debug_")) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            lean.section(&RawSection { id, data: &module[range] });
        }
    }
    Ok(lean.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_the_rest_of_what_debuggers_read_goes() {
        let text = r#"(module
            (@custom ".debug_info" "where my files lie")
            (func $crash (export "crash") unreachable))"#;
        let module = wat::parse_str(text).unwrap();
        let lean = without_debug_information(&module).unwrap();
        assert!(!String::from_utf8_lossy(&lean).contains("where my files lie"));
        wasmparser::validate(&lean).unwrap();
        let names = Parser::new(0)
            .parse_all(&lean)
            .filter(|payload| matches!(payload, Ok(Payload::CustomSection(section)) if section.name() == "name"));
        assert_eq!(names.count(), 1);
        assert!(without_debug_information(b"no module").is_err());
    }
}
