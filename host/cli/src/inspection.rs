//! Owns what can be read off a component's bytes: its world, its manifest, who made it. It refuses to compile it, so that
//! it also reads components that this host would not run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hal9_host::Kind;
use hal9_package::PermissionKind;
use serde::Serialize;
use wasmparser::{BinaryReader, Parser, Payload, ProducersSectionReader};
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{Resolve, WorldId, WorldItem};

use crate::failure::{Code, Failure};

/// The kinds that a component can be of.
const KINDS: [Kind; 6] =
    [Kind::Neuron, Kind::Tool, Kind::MemoryProvider, Kind::LearningAlgorithm, Kind::ApiExtension, Kind::Lifecycle];

/// One imported or exported interface, or a function or type outside of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Item {
    /// With its version, such as `hal9:plugin/memory@0.1.0`.
    pub(crate) name: String,
    /// The functions that the component imports of it, or exports.
    pub(crate) functions: Vec<String>,
}

/// What a component's bytes say.
#[derive(Debug)]
pub(crate) struct Inspection {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) imports: Vec<Item>,
    pub(crate) exports: Vec<Item>,
    /// Languages and tools that made it, with their versions, by role: `language`, `sdk`, `processed-by`.
    pub(crate) producers: BTreeMap<String, BTreeSet<String>>,
    resolve: Resolve,
    world: WorldId,
}

impl Inspection {
    /// Reads a component.
    pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let invalid = |reason: String| {
            Failure::new(Code::InvalidPackage, format!("{}: {reason}", path.display()))
                .help("give a component, as `hal9 plugin build` makes it")
        };
        if Parser::is_core_wasm(bytes) {
            return Err(invalid("this is a core WebAssembly module, not a component".to_owned()));
        }
        if !Parser::is_component(bytes) {
            return Err(invalid("this is not WebAssembly".to_owned()));
        }
        let (resolve, world) = match wit_component::decode(bytes) {
            Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
            Ok(DecodedWasm::WitPackage(..)) => {
                return Err(invalid("this is a WIT package, not a component".to_owned()));
            }
            Err(error) => return Err(invalid(format!("malformed component: {error:#}"))),
        };
        let items = |items: &mut dyn Iterator<Item = (&wit_parser::WorldKey, &WorldItem)>| -> Vec<Item> {
            items.map(|(key, item)| item_of(&resolve, &resolve.name_world_key(key), item)).collect()
        };
        let (imports, exports) = {
            let world = &resolve.worlds[world];
            (items(&mut world.imports.iter()), items(&mut world.exports.iter()))
        };
        let is_exported = |kind: &Kind| {
            exports.iter().any(|export| export.name.split('@').next().is_some_and(|name| name == kind.interface()))
        };
        Ok(Self {
            kinds: KINDS.into_iter().filter(is_exported).collect(),
            imports,
            exports,
            producers: producers(bytes),
            resolve,
            world,
        })
    }

    /// The component's world, and the packages that it names, as WIT.
    pub(crate) fn wit(&self) -> Result<String, Failure> {
        let failed =
            |error: String| Failure::new(Code::Internal, format!("the world could not be written as WIT: {error}"));
        let main = self.resolve.worlds[self.world].package.ok_or_else(|| failed("it is in no package".to_owned()))?;
        let others: Vec<_> = self.resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
        let mut printer = WitPrinter::default();
        printer.print(&self.resolve, main, &others).map_err(|error| failed(format!("{error:#}")))?;
        Ok(printer.output.to_string())
    }
}

/// The permission that an interface needs, by name; the first, where one of some does.
pub(crate) fn permission(item: &Item) -> Option<PermissionKind> {
    PermissionKind::of_interface(&item.name).first().copied()
}

fn item_of(resolve: &Resolve, name: &str, item: &WorldItem) -> Item {
    let functions = match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].functions.keys().cloned().collect(),
        WorldItem::Function(_) | WorldItem::Type { .. } => Vec::new(),
    };
    Item { name: name.to_owned(), functions }
}

/// What the sections say that every good tool adds to. One that is malformed says nothing.
fn producers(bytes: &[u8]) -> BTreeMap<String, BTreeSet<String>> {
    let mut producers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        let Payload::CustomSection(section) = payload else { continue };
        if section.name() != "producers" {
            continue;
        }
        let reader = BinaryReader::new(section.data(), section.data_offset());
        let Ok(fields) = ProducersSectionReader::new(reader) else { continue };
        for field in fields.into_iter().map_while(Result::ok) {
            let names = producers.entry(field.name.to_owned()).or_default();
            for value in field.values.into_iter().map_while(Result::ok) {
                names.insert(format!("{} {}", value.name, value.version).trim().to_owned());
            }
        }
    }
    producers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Inspection, Failure> {
        Inspection::read(Path::new("x.wasm"), bytes)
    }

    #[test]
    fn a_component_with_nothing_in_it_can_be_read() {
        let seen = read(b"\0asm\x0d\0\x01\0").unwrap();
        assert!(
            seen.kinds.is_empty() && seen.imports.is_empty() && seen.exports.is_empty() && seen.producers.is_empty()
        );
        assert!(seen.wit().unwrap().contains("world root"));
    }

    #[test]
    fn what_is_no_component_is_refused_with_what_it_is() {
        for (bytes, what) in [
            (&b"\0asm\x01\0\0\0"[..], "core WebAssembly module"),
            (b"#!/bin/sh", "not WebAssembly"),
            (b"", "not WebAssembly"),
            (b"\0asm\x0d\0\x01\0\x07\xff", "malformed"),
        ] {
            let failure = read(bytes).unwrap_err();
            assert!(failure.code == Code::InvalidPackage && failure.message.contains(what), "{}", failure.message);
        }
    }

    #[test]
    fn producers_are_told_by_role_and_nonsense_among_them_is_not() {
        let section = |content: &[u8]| [&[0, content.len() as u8 + 10, 9][..], b"producers", content].concat();
        let good = section(b"\x01\x08language\x01\x04Rust\x042024");
        let bytes = [&b"\0asm\x0d\0\x01\0"[..], &good, &section(b"\x05bad")].concat();
        let seen = read(&bytes).unwrap();
        assert_eq!(seen.producers.get("language").unwrap().iter().collect::<Vec<_>>(), ["Rust 2024"]);
        assert_eq!(seen.producers.len(), 1);
    }
}
