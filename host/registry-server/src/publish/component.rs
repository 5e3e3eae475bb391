//! What can be read off a component's bytes: whether it is one, what it imports and exports, its world. It refuses to compile it, and does not know
//! where it came from.

use hal9_package::{Manifest, PermissionKind};
use hal9_registry_index::api::InterfaceSummary;
use wasmparser::{Parser, Validator, WasmFeatures};
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{Resolve, WorldItem, WorldKey};

use crate::Refusal;

/// The most interfaces, and the longest WIT in bytes, of a component that is shown.
const MAX_INTERFACES: usize = 2_000;
const MAX_WIT: usize = 2 << 20;

/// What a component's bytes say.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) imports: Vec<InterfaceSummary>,
    pub(super) exports: Vec<InterfaceSummary>,
    pub(super) wit: String,
}

impl Component {
    /// Reads a component, validated as a whole before anything else looks at it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let invalid = |reason: String| {
            Refusal::package(format!("its component: {reason}"))
                .help("give a component, as `hal9 plugin build` makes it")
        };
        if Parser::is_core_wasm(bytes) {
            return Err(invalid("this is a core WebAssembly module, not a component".to_owned()));
        }
        // Machine code that was compiled from one is none.
        if !Parser::is_component(bytes) {
            return Err(invalid("this is not WebAssembly".to_owned()));
        }
        Validator::new_with_features(WasmFeatures::default())
            .validate_all(bytes)
            .map_err(|error| invalid(format!("malformed component: {error}")))?;
        let (resolve, world) = match wit_component::decode(bytes) {
            Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
            Ok(DecodedWasm::WitPackage(..)) => {
                return Err(invalid("this is a WIT package, not a component".to_owned()));
            }
            Err(error) => return Err(invalid(format!("malformed component: {error:#}"))),
        };
        let of = &resolve.worlds[world];
        if of.imports.len() + of.exports.len() > MAX_INTERFACES {
            return Err(invalid(format!("it imports and exports more than {MAX_INTERFACES} interfaces")));
        }
        let items = |items: &mut dyn Iterator<Item = (&WorldKey, &WorldItem)>| -> Vec<InterfaceSummary> {
            items.map(|(key, item)| summary(&resolve, key, item)).collect()
        };
        let (imports, exports) = (items(&mut of.imports.iter()), items(&mut of.exports.iter()));
        let main = of.package.ok_or_else(|| invalid("its world is in no package".to_owned()))?;
        let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
        let mut printer = WitPrinter::default();
        printer.print(&resolve, main, &others).map_err(|error| invalid(format!("its world: {error:#}")))?;
        let wit = printer.output.to_string();
        if wit.len() > MAX_WIT {
            return Err(invalid(format!("its world has more than {MAX_WIT} bytes of WIT")));
        }
        Ok(Self { imports, exports, wit })
    }

    /// Holds what it imports and exports against what its manifest declares; gives what its author should look at.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<Vec<String>, Refusal> {
        let mut warnings = Vec::new();
        for import in &self.imports {
            let kinds = PermissionKind::of_interface(&import.name);
            if !kinds.is_empty() && !kinds.iter().any(|kind| manifest.permissions.contains(*kind)) {
                let message =
                    format!("it imports {}, which needs {}, and does not declare that", import.name, kinds[0]);
                return Err(Refusal::package(message)
                    .reason("undeclared")
                    .help(format!(
                        "declare {} in the manifest's permissions, or remove the calls that need it",
                        kinds[0]
                    ))
                    .plugin(&manifest.metadata.id));
            }
        }
        for permission in manifest.permissions.iter() {
            let mut opened = permission.kind.interfaces().peekable();
            let is_used = |name: &str| self.imports.iter().any(|import| bare(&import.name) == name);
            // Those without an interface of their own open what a language's runtime imports anyway.
            if opened.peek().is_some() && !opened.any(is_used) && permission.kind != PermissionKind::SystemTime {
                warnings.push(format!("{permission} is declared, and nothing that needs it is imported"));
            }
        }
        for capability in &manifest.capabilities {
            let interface = match capability.kind() {
                "NeuronType" => "hal9:plugin/neuron",
                "ToolProvider" => "hal9:plugin/tool",
                "MemoryProvider" => "hal9:plugin/memory-provider",
                "LearningAlgorithm" => "hal9:plugin/learning-algorithm",
                "ApiExtension" => "wasi:http/incoming-handler",
                _ => continue,
            };
            if !self.exports.iter().any(|export| bare(&export.name) == interface) {
                let what = format!("{} `{}`", capability.kind(), capability.name());
                warnings.push(format!("{what} is declared, and `{interface}` is not exported"));
            }
        }
        Ok(warnings)
    }
}

fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

fn summary(resolve: &Resolve, key: &WorldKey, item: &WorldItem) -> InterfaceSummary {
    let functions = match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].functions.keys().cloned().collect(),
        WorldItem::Function(_) | WorldItem::Type { .. } => Vec::new(),
    };
    InterfaceSummary { name: resolve.name_world_key(key), functions }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_refused_with_what_it_is() {
        for (bytes, what) in [
            (&b"\0asm\x01\0\0\0"[..], "core WebAssembly module"),
            (b"\x7fELF\x02\x01\x01", "not WebAssembly"),
            (b"", "not WebAssembly"),
            (b"\0asm\x0d\0\x01\0\x07\xff", "malformed"),
        ] {
            let refusal = Component::read(bytes).unwrap_err();
            assert!(refusal.problem.message.contains(what), "{}", refusal.problem.message);
        }
        assert!(Component::read(b"\0asm\x0d\0\x01\0").unwrap().wit.contains("world root"));
    }
}
