//! Owns what can be known of a component without running it: its imports, its kinds, the manifest that it carries. It
//! refuses to know grants.

use std::fmt;
use std::sync::Arc;

use hal9_package::Manifest;
use wasmparser::{Parser, Payload};
use wasmtime::component::Component as Compiled;
use wasmtime::component::types::ComponentItem;

use crate::Error;
use crate::compile::Compiler;
use crate::engine::{Engine, Init, Needs, Place};
use crate::link::AllLinked;
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
    inner: Arc<Inner>,
}

struct Inner {
    /// Where its instances live if there is room, and its code for there.
    place: Place,
    compiled: Compiled,
    needs: Needs,
    linked: AllLinked,
    imports: Vec<String>,
    exports: Vec<String>,
    kinds: Vec<Kind>,
    manifest: Option<Arc<Manifest>>,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("imports", &self.inner.imports)
            .field("exports", &self.inner.exports)
            .field("kinds", &self.inner.kinds)
            .finish_non_exhaustive()
    }
}

impl Component {
    /// Compiles the bytes of a component. `name` is what errors call it.
    pub(crate) fn compile(compiler: &Compiler, engine: &Engine, name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let Scanned { manifest, data } = scan(name, bytes)?;
        let (place, compiled) = compiler.compile(engine, name, bytes, Init::of(data))?;
        let needs = Engine::needs(place.init, &compiled);
        let (kind, engine) = (compiled.component_type(), compiled.engine());
        let imports = kind.imports(engine).filter(|(name, import)| !is_shape(engine, name, &import.ty));
        let imports: Vec<_> = imports.map(|(name, _)| name.to_owned()).collect();
        let exports: Vec<_> = kind.exports(engine).map(|(name, _)| name.to_owned()).collect();
        let kinds = kinds(name, &exports)?;
        let (linked, manifest) = (AllLinked::default(), manifest.map(Arc::new));
        let inner = Inner { place, compiled, needs, linked, imports, exports, kinds, manifest };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where its instances live if there is room.
    pub(crate) fn place(&self) -> Place {
        self.inner.place
    }

    /// Its code, for [`Component::place`].
    pub(crate) fn compiled(&self) -> &Compiled {
        &self.inner.compiled
    }

    /// What each of its instances takes.
    pub(crate) fn needs(&self) -> Needs {
        self.inner.needs
    }

    /// What it was linked to so far.
    pub(crate) fn linked(&self) -> &AllLinked {
        &self.inner.linked
    }

    /// As [`Component::manifest`], shared.
    pub(crate) fn shared_manifest(&self) -> Option<&Arc<Manifest>> {
        self.inner.manifest.as_ref()
    }

    /// The interfaces that it imports, with their versions, in the component's order; without those of others that have
    /// nothing in them but the shape of values, as parts that are composed share them: there is nothing to be offered.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// The interfaces that it exports, with their versions, in the component's order.
    pub fn exports(&self) -> &[String] {
        &self.inner.exports
    }

    /// What it is; at least one, and [`Kind::Lifecycle`] never alone.
    pub fn kinds(&self) -> &[Kind] {
        &self.inner.kinds
    }

    /// The manifest that it carries, where it carries one.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.inner.manifest.as_deref()
    }
}

/// Whether all that an import of somebody else's interface brings are types.
fn is_shape(engine: &wasmtime::Engine, name: &str, import: &ComponentItem) -> bool {
    let of_hosts = name.starts_with("hal9:") || name.starts_with("wasi:");
    match import {
        ComponentItem::ComponentInstance(instance) if !of_hosts => {
            instance.exports(engine).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
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
    scan(name, bytes).map(|scanned| scanned.manifest)
}

/// What is read off the bytes of a component.
struct Scanned {
    manifest: Option<Manifest>,
    /// Bytes of data that its memories begin with.
    data: u64,
}

fn scan(name: &str, bytes: &[u8]) -> Result<Scanned, Error> {
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
    let (mut found, mut data) = (None, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| invalid(name, format!("malformed component: {error}"), REBUILD))?;
        let section = match payload {
            Payload::CustomSection(section) if section.name() == Manifest::SECTION => section,
            Payload::DataSection(section) => {
                data += section.range().len() as u64;
                continue;
            }
            _ => continue,
        };
        if found.is_some() {
            return Err(invalid(name, "it carries two manifests", "call `hal9_plugin!` once in a plugin"));
        }
        let manifest = Manifest::parse(section.data()).map_err(|error| {
            invalid(name, format!("the manifest that it carries: {error}"), "correct `hal9_plugin!` and build again")
        })?;
        found = Some(manifest);
    }
    Ok(Scanned { manifest: found, data })
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
