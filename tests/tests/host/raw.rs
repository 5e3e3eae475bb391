//! Components that no compiler would make: core WebAssembly of the test's own behind interfaces of WIT. The functions that a
//! test does not write trap.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, WorldItem};

/// The world of a plugin that is a tool: the interface that raw components are called by.
pub(crate) const TOOL: &str = "export hal9:plugin/tool@0.1.0;";

/// The world of a neuron.
pub(crate) const NEURON: &str = "export hal9:plugin/neuron@0.1.0;";

/// What makes a component of a world. Functions that are imported are `$name` in what the test writes.
#[derive(Default)]
pub(crate) struct Raw<'a> {
    /// The items of its world.
    pub(crate) world: &'a str,
    /// Packages that the world names, beside `hal9:plugin@0.1.0`; or that one itself, forged.
    pub(crate) packages: &'a str,
    /// Bodies of exported functions, by their names.
    pub(crate) bodies: &'a [(&'a str, &'a str)],
    /// Further fields of the module.
    pub(crate) fields: &'a str,
}

impl Raw<'_> {
    /// A component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        if !self.packages.contains("package hal9:plugin@0.1.0") {
            resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
        }
        let wit = format!("package test:raw; world raw {{ {} }} {}", self.world, self.packages);
        let package = resolve.push_str("raw.wit", &wit).unwrap();
        let world = resolve.select_world(&[package], Some("raw")).unwrap();

        let (mut imports, mut exports) = (String::new(), String::new());
        for (key, item) in &resolve.worlds[world].imports {
            each(&resolve, key, item, |module, function| {
                let types = types(&resolve, AbiVariant::GuestImport, function);
                writeln!(imports, "(import {module:?} {:?} (func ${} {types}))", function.name, function.name).unwrap();
            });
        }
        for (key, item) in &resolve.worlds[world].exports {
            each(&resolve, key, item, |module, function| {
                let types = types(&resolve, AbiVariant::GuestExport, function);
                let body = self.body(&function.name).unwrap_or("unreachable");
                let name = match module {
                    "$root" => function.name.clone(),
                    module => format!("{module}#{}", function.name),
                };
                writeln!(exports, "(func (export {name:?}) {types} {body})").unwrap();
            });
        }
        // Arguments may lie over each other: what is tried here does not read them.
        let realloc = self.body("cabi_realloc").unwrap_or("i32.const 4096");
        let module = format!(
            "(module {imports} (memory (export \"memory\") 2) {exports} {}
                (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) {realloc}))",
            self.fields
        );
        let mut module = wat::parse_str(&module).unwrap_or_else(|error| panic!("{error}\n{module}"));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }

    fn body(&self, name: &str) -> Option<&str> {
        self.bodies.iter().find(|(of, _)| *of == name).map(|(_, body)| *body)
    }
}

fn each<'a>(
    resolve: &'a Resolve,
    key: &wit_parser::WorldKey,
    item: &'a WorldItem,
    mut emit: impl FnMut(&str, &'a Function),
) {
    match item {
        WorldItem::Interface { id, .. } => {
            let module = resolve.name_world_key(key);
            resolve.interfaces[*id].functions.values().for_each(|function| emit(&module, function));
        }
        WorldItem::Function(function) => emit("$root", function),
        WorldItem::Type { .. } => {}
    }
}

fn types(resolve: &Resolve, variant: AbiVariant, function: &Function) -> String {
    let signature = resolve.wasm_signature(variant, function);
    let list = |types: &[WasmType]| types.iter().map(|ty| name(*ty)).collect::<Vec<_>>().join(" ");
    format!("(param {}) (result {})", list(&signature.params), list(&signature.results))
}

fn name(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}
