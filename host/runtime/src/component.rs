//! Owns what can be known of a component without running it: its imports, its kinds, the manifest that it carries. It
//! refuses to know grants.

use std::fmt;

use hal9_package::Manifest;
use wasmparser::{Parser, Payload};
use wasmtime::component::Component as Compiled;
use wasmtime::component::types::ComponentItem;

use crate::Error;
use crate::compile::Compiler;
use crate::engine::Engine;
use crate::text::{MESSAGE_BYTES, escape};

/// What a plugin is, read off its exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// Exports `hal9:plugin/neuron`.
    Neuron,
    /// Exports `hal9:plugin/tool`.
    Tool,
    /// Exports `hal9:plugin/memory-provider`.
    MemoryProvider,
    /// Exports `hal9:plugin/learning-algorithm`.
    LearningAlgorithm,
    /// Exports `wasi:http/incoming-handler`.
    ApiExtension,
    /// Exports `hal9:plugin/lifecycle`, beside another kind.
    Lifecycle,
}

impl Kind {
    /// The name of the exported interface, without its version.
    pub fn interface(self) -> &'static str {
        match self {
            Self::Neuron => "hal9:plugin/neuron",
            Self::Tool => "hal9:plugin/tool",
            Self::MemoryProvider => "hal9:plugin/memory-provider",
            Self::LearningAlgorithm => "hal9:plugin/learning-algorithm",
            Self::ApiExtension => "wasi:http/incoming-handler",
            Self::Lifecycle => "hal9:plugin/lifecycle",
        }
    }

    const ALL: [Self; 6] =
        [Self::Neuron, Self::Tool, Self::MemoryProvider, Self::LearningAlgorithm, Self::ApiExtension, Self::Lifecycle];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Neuron => "neuron",
            Self::Tool => "tool",
            Self::MemoryProvider => "memory-provider",
            Self::LearningAlgorithm => "learning-algorithm",
            Self::ApiExtension => "api-extension",
            Self::Lifecycle => "lifecycle",
        })
    }
}

/// A compiled component with what it says of itself. Cheap to clone; runs nothing.
#[derive(Clone)]
pub struct Component {
    pub(crate) compiled: Compiled,
    imports: Vec<String>,
    exports: Vec<String>,
    kinds: Vec<Kind>,
    manifest: Option<Manifest>,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("imports", &self.imports)
            .field("exports", &self.exports)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

impl Component {
    /// Compiles the bytes of a component. `name` is what errors call it.
    pub(crate) fn compile(compiler: &Compiler, engine: &Engine, name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let manifest = read_manifest(name, bytes)?;
        let compiled = compiler.compile(engine, name, bytes)?;
        let kind = compiled.component_type();
        let names = |items: &mut dyn Iterator<Item = (&str, _)>| items.map(|(name, _)| name.to_owned()).collect();
        let imports = kind.imports(engine.wasmtime()).filter(|(name, import)| !is_shape(engine, name, &import.ty));
        let imports: Vec<String> = names(&mut imports.map(|(name, _)| (name, ())));
        let exports: Vec<String> = names(&mut kind.exports(engine.wasmtime()).map(|(name, _)| (name, ())));
        let kinds = kinds(name, &exports)?;
        Ok(Self { compiled, imports, exports, kinds, manifest })
    }

    /// The interfaces that it imports, with their versions, in the component's order; without those of others that have
    /// nothing in them but the shape of values, as parts that are composed share them: there is nothing to be offered.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The interfaces that it exports, with their versions, in the component's order.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }

    /// What it is; at least one, and [`Kind::Lifecycle`] never alone.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The manifest that it carries, where it carries one.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }
}

/// Whether all that an import of somebody else's interface brings are types.
fn is_shape(engine: &Engine, name: &str, import: &ComponentItem) -> bool {
    let of_hosts = name.starts_with("hal9:") || name.starts_with("wasi:");
    match import {
        ComponentItem::ComponentInstance(instance) if !of_hosts => {
            instance.exports(engine.wasmtime()).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
        }
        _ => false,
    }
}

pub(crate) const REBUILD: &str = "build it again with `cargo component build --release`";

pub(crate) fn invalid(name: &str, reason: impl Into<String>, help: impl Into<String>) -> Error {
    // Parsers quote what they do not like.
    let reason = escape(&reason.into(), MESSAGE_BYTES);
    Error::InvalidComponent { plugin: name.to_owned(), reason, help: help.into() }
}

/// The manifest in a component's custom section; none, where it carries none.
///
/// # Errors
///
/// [`Error::InvalidComponent`] for bytes that are no component, for a manifest that is not valid, and for more than one.
pub fn read_manifest(name: &str, bytes: &[u8]) -> Result<Option<Manifest>, Error> {
    if Parser::is_core_wasm(bytes) {
        let help = "build a component: `cargo component build --release`, or plain cargo with `--target wasm32-wasip2`";
        return Err(invalid(name, "this is a core WebAssembly module, not a component", help));
    }
    if Engine::is_compiled(bytes) {
        let help = "give the component that it was compiled from";
        return Err(invalid(name, "this is compiled code, not WebAssembly, and nobody knows what it does", help));
    }
    if !Parser::is_component(bytes) {
        return Err(invalid(name, "this is not WebAssembly", "give a component, a file that ends in .wasm"));
    }
    let mut found = None;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| invalid(name, format!("malformed component: {error}"), REBUILD))?;
        let Payload::CustomSection(section) = payload else { continue };
        if section.name() != Manifest::SECTION {
            continue;
        }
        if found.is_some() {
            return Err(invalid(name, "it carries two manifests", "call `hal9_plugin!` once in a plugin"));
        }
        let manifest = Manifest::parse(section.data()).map_err(|error| {
            invalid(name, format!("the manifest that it carries: {error}"), "correct `hal9_plugin!` and build again")
        })?;
        found = Some(manifest);
    }
    Ok(found)
}

fn kinds(name: &str, exports: &[String]) -> Result<Vec<Kind>, Error> {
    let mut kinds = Vec::new();
    for export in exports {
        let (interface, version) = split_version(export);
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.interface() == interface) else { continue };
        if interface.starts_with("hal9:")
            && let Err(reason) = crate::link::check_version(version)
        {
            return Err(invalid(name, format!("exports `{export}`: {reason}"), REBUILD));
        }
        kinds.push(kind);
    }
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.iter().all(|kind| *kind == Kind::Lifecycle) {
        let exported = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
        let help = "export neuron, tool, memory-provider or learning-algorithm of hal9:plugin: with the SDK, call \
                    `neuron_plugin!`, `tool_plugin!`, `memory_plugin!` or `learning_plugin!`";
        return Err(invalid(name, format!("no HAL9 plugin: it exports {exported}"), help));
    }
    Ok(kinds)
}

/// `a:b/c@1.2.3` as `a:b/c` and `1.2.3`.
pub(crate) fn split_version(interface: &str) -> (&str, Option<&str>) {
    match interface.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (interface, None),
    }
}
