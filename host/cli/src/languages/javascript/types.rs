//! Owns how the interfaces of a world look from JavaScript: a declaration file, with a module for each, as componentize-qjs maps
//! WIT to JavaScript. It refuses to know which of them a plugin implements.

use std::fmt::Write as _;

use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};
use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
    WorldId, WorldItem,
};

const HEAD: &str = "\
// Made by `hal9 plugin build` of the plugin's world; what is written here is lost.
//
// A result's error is thrown: by the plugin as the object that its type says, by HAL9 as an Error whose `payload` is that object.
// A 64-bit number is exact up to 2^53. The halves of a signal's id are rounded: a reply that keeps them is given the exact ones.
// Lists of numbers may be given as typed arrays.
";

/// What logs without being imported, where a world can log; see `entry`.
pub(super) const CONSOLE: &str = "\
/** Lines of the plugin's log, by HAL9's `logging`. */
declare const console: Record<\"debug\" | \"log\" | \"info\" | \"warn\" | \"error\", (...values: unknown[]) => void>;
";

/// The declarations of all that a world imports and exports.
pub(super) fn declarations(resolve: &Resolve, world: WorldId) -> String {
    let world = &resolve.worlds[world];
    let interface = |item: &WorldItem| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    };
    let exported: Vec<_> = world.exports.values().filter_map(interface).collect();
    let mut all: Vec<_> = world.imports.values().filter_map(interface).chain(exported.iter().copied()).collect();
    all.sort_by_key(|id| resolve.id_of(*id));
    all.dedup();
    let mut text = String::from(HEAD);
    for id in all {
        module(resolve, id, exported.contains(&id), &mut text);
    }
    text
}

/// One interface as a module; one that the plugin exports has a type that its implementation is of.
fn module(resolve: &Resolve, id: InterfaceId, is_exported: bool, text: &mut String) {
    let interface = &resolve.interfaces[id];
    let Some(name) = resolve.id_of(id) else { return };
    let writer = Writer { resolve, within: id };
    text.push('\n');
    docs(&interface.docs, "", text);
    let _ = writeln!(text, "declare module \"{name}\" {{");
    for (other, names) in writer.uses(interface) {
        let _ = writeln!(text, "  import type {{ {} }} from \"{other}\";", names.join(", "));
    }
    for (name, id) in &interface.types {
        writer.definition(name, *id, is_exported, text);
    }
    let functions = || interface.functions.values().filter(|function| resource_of(&function.kind).is_none());
    if is_exported {
        let _ = writeln!(text, "  /** What HAL9 calls: `export const {}`. */", camel(&name_of(interface)));
        let _ = writeln!(text, "  export interface {} {{", pascal(&name_of(interface)));
        for function in functions() {
            docs(&function.docs, "    ", text);
            let _ = writeln!(text, "    {}{};", camel(&function.name), writer.signature(function, ": "));
        }
        for (name, id) in writer.resources(interface) {
            let _ = writeln!(text, "    {}: {{", pascal(name));
            writer.statics(interface, id, "      ", text);
            text.push_str("    };\n");
        }
        text.push_str("  }\n");
    } else {
        for function in functions() {
            docs(&function.docs, "  ", text);
            let name = camel(&function.name);
            // A function cannot be declared under a word of the language, and can be exported as one.
            if is_reserved(&name) {
                let _ = writeln!(text, "  function {name}_{};", writer.signature(function, ": "));
                let _ = writeln!(text, "  export {{ {name}_ as {name} }};");
            } else {
                let _ = writeln!(text, "  export function {name}{};", writer.signature(function, ": "));
            }
        }
    }
    text.push_str("}\n");
}

/// Writes what is in one interface.
struct Writer<'a> {
    resolve: &'a Resolve,
    within: InterfaceId,
}

impl Writer<'_> {
    /// The types of other interfaces that this one uses, by the module that they are in.
    fn uses(&self, interface: &Interface) -> Vec<(String, Vec<String>)> {
        let mut uses: Vec<(String, Vec<String>)> = Vec::new();
        for (name, id) in &interface.types {
            let TypeDefKind::Type(Type::Id(of)) = &self.resolve.types[*id].kind else { continue };
            let Some((module, original)) = self.elsewhere(*of) else { continue };
            let (original, name) = (pascal(&original), pascal(name));
            let name = if original == name { name } else { format!("{original} as {name}") };
            match uses.iter_mut().find(|(other, _)| *other == module) {
                Some((_, names)) => names.push(name),
                None => uses.push((module, vec![name])),
            }
        }
        uses
    }

    /// The module and the name of a type that is not of this interface.
    fn elsewhere(&self, id: TypeId) -> Option<(String, String)> {
        let of = &self.resolve.types[id];
        match of.owner {
            TypeOwner::Interface(owner) if owner != self.within => Some((self.resolve.id_of(owner)?, of.name.clone()?)),
            _ => None,
        }
    }

    fn definition(&self, name: &str, id: TypeId, is_exported: bool, text: &mut String) {
        let defined = &self.resolve.types[id];
        if let TypeDefKind::Type(Type::Id(of)) = &defined.kind
            && self.elsewhere(*of).is_some()
        {
            return;
        }
        docs(&defined.docs, "  ", text);
        let name = pascal(name);
        match &defined.kind {
            TypeDefKind::Record(record) => {
                let _ = writeln!(text, "  export interface {name} {{");
                for field in &record.fields {
                    docs(&field.docs, "    ", text);
                    let _ = writeln!(text, "    {}: {};", camel(&field.name), self.of(&field.ty));
                }
                text.push_str("  }\n");
            }
            TypeDefKind::Resource => {
                let interface = &self.resolve.interfaces[self.within];
                let what = if is_exported { "interface" } else { "class" };
                let _ = writeln!(text, "  export {what} {name} {{");
                self.methods(interface, id, text);
                if !is_exported {
                    self.statics(interface, id, "    static ", text);
                }
                text.push_str("  }\n");
            }
            TypeDefKind::Variant(variant) => {
                let _ = writeln!(text, "  export type {name} =");
                for (at, case) in variant.cases.iter().enumerate() {
                    docs(&case.docs, "    ", text);
                    let end = if at + 1 == variant.cases.len() { ";" } else { "" };
                    let value = case.ty.as_ref().map_or_else(String::new, |ty| format!("; val: {}", self.of(ty)));
                    let _ = writeln!(text, "    | {{ tag: \"{}\"{value} }}{end}", case.name);
                }
            }
            TypeDefKind::Enum(cases) => {
                let _ = writeln!(text, "  export type {name} =");
                for (at, case) in cases.cases.iter().enumerate() {
                    docs(&case.docs, "    ", text);
                    let end = if at + 1 == cases.cases.len() { ";" } else { "" };
                    let _ = writeln!(text, "    | \"{}\"{end}", case.name);
                }
            }
            TypeDefKind::Flags(flags) => {
                let names: Vec<_> = flags.flags.iter().map(|flag| format!("{}?: boolean", camel(&flag.name))).collect();
                let _ = writeln!(text, "  export interface {name} {{ {} }}", names.join("; "));
            }
            other => {
                let _ = writeln!(text, "  export type {name} = {};", self.of_kind(other));
            }
        }
    }

    fn resources<'i>(&self, interface: &'i Interface) -> impl Iterator<Item = (&'i String, TypeId)> {
        let is_resource = |id: TypeId| matches!(self.resolve.types[id].kind, TypeDefKind::Resource);
        interface.types.iter().filter(move |(_, id)| is_resource(**id)).map(|(name, id)| (name, *id))
    }

    fn methods(&self, interface: &Interface, resource: TypeId, text: &mut String) {
        for function in interface.functions.values() {
            let (FunctionKind::Method(of) | FunctionKind::AsyncMethod(of)) = function.kind else { continue };
            if of == resource {
                docs(&function.docs, "    ", text);
                let _ = writeln!(text, "    {}{};", camel(function.item_name()), self.signature(function, ": "));
            }
        }
    }

    /// What is called on a resource's class: its constructor and its static functions.
    fn statics(&self, interface: &Interface, resource: TypeId, before: &str, text: &mut String) {
        let indent = &before[..before.len() - before.trim_start().len()];
        for function in interface.functions.values() {
            match function.kind {
                FunctionKind::Constructor(of) if of == resource => {
                    docs(&function.docs, indent, text);
                    match before.trim_start() {
                        "" => {
                            let _ = writeln!(text, "{indent}new {};", self.signature(function, ": "));
                        }
                        _ => {
                            let _ = writeln!(text, "{indent}constructor({});", self.parameters(function));
                        }
                    }
                }
                FunctionKind::Static(of) | FunctionKind::AsyncStatic(of) if of == resource => {
                    docs(&function.docs, indent, text);
                    let name = camel(function.item_name());
                    let _ = writeln!(text, "{before}{name}{};", self.signature(function, ": "));
                }
                _ => {}
            }
        }
    }

    fn parameters(&self, function: &Function) -> String {
        let is_method = matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_));
        let params = function.params.iter().skip(usize::from(is_method));
        let params = params.map(|param| {
            let name = camel(&param.name);
            let name = if is_reserved(&name) { format!("{name}_") } else { name };
            format!("{name}: {}", self.of(&param.ty))
        });
        params.collect::<Vec<_>>().join(", ")
    }

    /// Parameters and result. The error of a result is thrown, and no part of the type.
    fn signature(&self, function: &Function, arrow: &str) -> String {
        let result = match &function.result {
            None => "void".to_owned(),
            Some(Type::Id(id)) => match &self.resolve.types[*id].kind {
                TypeDefKind::Result(result) => result.ok.as_ref().map_or("void".to_owned(), |ok| self.of(ok)),
                _ => self.of(&Type::Id(*id)),
            },
            Some(other) => self.of(other),
        };
        let result = if function.kind.is_async() { format!("Promise<{result}>") } else { result };
        format!("({}){arrow}{result}", self.parameters(function))
    }

    /// A type where it is used.
    fn of(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::Char | Type::String => "string".to_owned(),
            Type::ErrorContext => "unknown".to_owned(),
            Type::Id(id) => match &self.resolve.types[*id] {
                named if named.name.is_some() => pascal(named.name.as_deref().unwrap_or_default()),
                plain => self.of_kind(&plain.kind),
            },
            _ => "number".to_owned(),
        }
    }

    fn of_kind(&self, kind: &TypeDefKind) -> String {
        let or_void = |ty: &Option<Type>| ty.as_ref().map_or("undefined".to_owned(), |ty| self.of(ty));
        match kind {
            TypeDefKind::Type(ty) => self.of(ty),
            TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
            TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => match self.of(ty) {
                one if one.contains('|') => format!("Array<{one}>"),
                one => format!("{one}[]"),
            },
            TypeDefKind::Map(key, value) => format!("Map<{}, {}>", self.of(key), self.of(value)),
            TypeDefKind::Option(ty) => match self.of(ty) {
                inner if inner.contains("| null") => format!("{{ tag: \"some\"; val: {inner} }} | {{ tag: \"none\" }}"),
                inner => format!("{inner} | null"),
            },
            TypeDefKind::Result(result) => {
                let (ok, error) = (or_void(&result.ok), or_void(&result.err));
                format!("{{ tag: \"ok\"; val: {ok} }} | {{ tag: \"err\"; val: {error} }}")
            }
            TypeDefKind::Tuple(tuple) => {
                format!("[{}]", tuple.types.iter().map(|ty| self.of(ty)).collect::<Vec<_>>().join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => self.of(&Type::Id(*id)),
            // What HAL9 does not have: streams and futures.
            _ => "unknown".to_owned(),
        }
    }
}

fn resource_of(kind: &FunctionKind) -> Option<TypeId> {
    kind.resource()
}

fn name_of(interface: &Interface) -> String {
    interface.name.clone().unwrap_or_default()
}

/// What a world's interface is called as a variable of a module.
pub(super) fn camel(name: &str) -> String {
    name.to_lower_camel_case()
}

fn pascal(name: &str) -> String {
    name.to_upper_camel_case()
}

/// Whether nothing can be declared under a name.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 12] = [
        "default", "delete", "export", "function", "import", "in", "new", "package", "return", "this", "typeof", "with",
    ];
    RESERVED.contains(&name)
}

fn docs(docs: &Docs, indent: &str, text: &mut String) {
    let Some(contents) = docs.contents.as_deref().map(str::trim).filter(|contents| !contents.is_empty()) else {
        return;
    };
    let contents = contents.replace("*/", "*\\/");
    let _ = writeln!(text, "{indent}/**");
    for line in contents.lines() {
        let _ = writeln!(text, "{}", format!("{indent} * {line}").trim_end());
    }
    let _ = writeln!(text, "{indent} */");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The declarations of a world with HAL9's interfaces at hand.
    fn declared(world: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("world.wit"), format!("package a:b;\n{world}")).unwrap();
        hal9_wit::write_deps(folder.path()).unwrap();
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(folder.path()).unwrap();
        let world = *resolve.packages[package].worlds.get("plugin").unwrap();
        declarations(&resolve, world)
    }

    #[test]
    fn what_is_imported_are_functions_and_what_is_exported_is_a_type_to_implement() {
        let text = declared("world plugin { import hal9:plugin/memory@0.1.0; export hal9:plugin/neuron@0.1.0; }");
        for part in [
            "declare module \"hal9:plugin/memory@0.1.0\" {\n",
            "  export function get(key: string): Uint8Array | null;\n",
            "  function delete_(key: string): boolean;\n  export { delete_ as delete };\n",
            "  export function listKeys(prefix: string, after: string | null, limit: number): string[];\n",
            "  import type { Signal, SignalBatch, Metadata, Failure } from \"hal9:plugin/types@0.1.0\";\n",
            "  export interface Neuron {\n",
            "    processSignal(signal: Signal): Signal;\n",
            "  export type SignalId = [number, number];\n",
            "  export type Metadata = [string, string][];\n",
            "    | { tag: \"numbers\"; val: number[] }\n",
            "    signalType: string;\n",
            "    | \"invalid-input\"\n",
        ] {
            assert!(text.contains(part), "{part}\nis missing of\n{text}");
        }
    }

    #[test]
    fn an_exported_resource_is_a_class_to_give() {
        let text = declared("world plugin { export hal9:plugin/learning-algorithm@0.1.0; }");
        for part in [
            "  export interface Model {\n",
            "    train(batch: TrainingBatch): TrainingReport;\n",
            "  export interface LearningAlgorithm {\n",
            "    Model: {\n",
            "      create(options: string): Model;\n",
        ] {
            assert!(text.contains(part), "{part}\nis missing of\n{text}");
        }
    }
}
