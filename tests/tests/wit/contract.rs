//! The WIT package, which is the contract: it parses, says what everything is and since when, and has the worlds that
//! authors include.

use std::path::Path;

use wit_parser::{Docs, Resolve, Stability, TypeDefKind, WorldId, WorldItem};

fn package() -> Resolve {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
    assert_eq!(resolve.packages[package].name.to_string(), "hal9:plugin@0.1.0");
    assert_eq!(resolve.packages.len(), 1, "it needs no other package");
    resolve
}

/// Holds an item of the package to the rules.
fn check(missing: &mut Vec<String>, name: &str, docs: &Docs, stability: Option<&Stability>) {
    if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
        missing.push(format!("{name}: documentation"));
    }
    match stability {
        Some(Stability::Stable { since, .. }) if since.to_string() == "0.1.0" => {}
        None => {}
        Some(_) => missing.push(format!("{name}: @since(version = 0.1.0)")),
    }
}

#[test]
fn every_item_says_what_it_is_and_since_when() {
    let resolve = package();
    let mut missing = Vec::new();
    for (_, interface) in &resolve.interfaces {
        let of = interface.name.as_deref().unwrap();
        check(&mut missing, of, &interface.docs, Some(&interface.stability));
        for (name, function) in &interface.functions {
            check(&mut missing, &format!("{of}.{name}"), &function.docs, Some(&function.stability));
        }
        for (name, id) in &interface.types {
            let ty = &resolve.types[*id];
            // A `use` is another interface's type.
            if matches!(ty.kind, TypeDefKind::Type(wit_parser::Type::Id(_))) && ty.docs.contents.is_none() {
                continue;
            }
            let of = format!("{of}.{name}");
            check(&mut missing, &of, &ty.docs, Some(&ty.stability));
            let parts: Vec<(&str, &Docs)> = match &ty.kind {
                TypeDefKind::Record(record) => record.fields.iter().map(|f| (f.name.as_str(), &f.docs)).collect(),
                TypeDefKind::Variant(variant) => variant.cases.iter().map(|c| (c.name.as_str(), &c.docs)).collect(),
                TypeDefKind::Enum(cases) => cases.cases.iter().map(|c| (c.name.as_str(), &c.docs)).collect(),
                TypeDefKind::Flags(flags) => flags.flags.iter().map(|f| (f.name.as_str(), &f.docs)).collect(),
                _ => vec![],
            };
            parts.iter().for_each(|(part, docs)| check(&mut missing, &format!("{of}.{part}"), docs, None));
        }
    }
    for (_, world) in &resolve.worlds {
        check(&mut missing, &world.name, &world.docs, Some(&world.stability));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

const IMPORTS: [&str; 9] =
    ["types", "logging", "config", "clock", "memory", "signals", "metrics", "learning", "plugins"];

fn names<'a>(resolve: &Resolve, items: impl Iterator<Item = &'a WorldItem>) -> Vec<String> {
    let mut names: Vec<_> = items
        .map(|item| match item {
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone().unwrap(),
            other => panic!("a world of interfaces alone: {other:?}"),
        })
        .collect();
    names.sort();
    names
}

#[test]
fn every_world_imports_everything_and_exports_its_kind() {
    let resolve = package();
    let worlds = [
        ("imports", &[][..]),
        ("neuron-plugin", &["neuron"]),
        ("tool-plugin", &["tool"]),
        ("memory-plugin", &["memory-provider"]),
        ("learning-plugin", &["learning-algorithm"]),
        ("lifecycle-plugin", &["lifecycle"]),
        ("host", &["learning-algorithm", "lifecycle", "memory-provider", "neuron", "tool"]),
    ];
    assert_eq!(resolve.worlds.len(), worlds.len());
    let mut imports = IMPORTS;
    imports.sort_unstable();
    for (name, exports) in worlds {
        let world: &WorldId = &resolve.packages.iter().next().unwrap().1.worlds[name];
        let world = &resolve.worlds[*world];
        assert_eq!(names(&resolve, world.imports.values()), imports, "{name}");
        assert_eq!(names(&resolve, world.exports.values()), exports, "{name}");
    }
}

#[test]
fn an_author_combines_kinds_by_including_their_worlds() {
    let mut resolve = package();
    let both = "package test:both; world both {
        include hal9:plugin/neuron-plugin@0.1.0;
        include hal9:plugin/tool-plugin@0.1.0;
        include hal9:plugin/lifecycle-plugin@0.1.0;
    }";
    let package = resolve.push_str("both.wit", both).unwrap();
    let world = resolve.select_world(&[package], Some("both")).unwrap();
    assert_eq!(names(&resolve, resolve.worlds[world].exports.values()), ["lifecycle", "neuron", "tool"]);
}

#[test]
fn every_interface_belongs_to_a_world_and_has_a_file_of_its_name() {
    let resolve = package();
    let host = &resolve.worlds[resolve.packages.iter().next().unwrap().1.worlds["host"]];
    let used = names(&resolve, host.imports.values().chain(host.exports.values()));
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    for (_, interface) in &resolve.interfaces {
        let name = interface.name.as_ref().unwrap();
        assert!(used.contains(name), "{name} is in no world");
        assert!(dir.join(format!("{name}.wit")).is_file(), "{name} has no file");
    }
    assert_eq!(resolve.interfaces.len(), used.len());
}

#[test]
fn errors_have_names_and_text_in_the_last_case_alone() {
    let resolve = package();
    for (_, ty) in &resolve.types {
        if let TypeDefKind::Result(result) = &ty.kind {
            assert!(result.err != Some(wit_parser::Type::String), "an error must have cases");
        }
        if let (Some("error" | "call-error"), TypeDefKind::Variant(variant)) = (ty.name.as_deref(), &ty.kind) {
            let with_payload = variant.cases.iter().position(|case| case.ty.is_some());
            assert_eq!(with_payload, Some(variant.cases.len() - 1));
        }
    }
}
