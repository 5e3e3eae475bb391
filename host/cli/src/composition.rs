//! Owns how a component is composed with parts: components whose exports satisfy what it imports, or what another part does.
//! It refuses to know where the bytes come from, and what becomes of the result.

use hal9_host::{escape, read_manifest};
use hal9_package::{Manifest, PluginId};
use serde::Serialize;
use wac_graph::types::{ItemKind, Package, Type, Types, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, InstantiationArgumentError, NodeId, PackageId};

use crate::failure::{Code, Failure};

/// The most of a library's message that is shown, in bytes.
const MESSAGE_BYTES: usize = 1024;

/// A component that takes part.
#[derive(Debug)]
pub(crate) struct Part {
    /// What errors and results call it.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// A component made of several.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) plugged: Vec<Plugged>,
}

/// An import, and the part that satisfies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Plugged {
    pub(crate) import: String,
    /// Who imports it.
    pub(crate) of: String,
    /// The part that exports it.
    pub(crate) by: String,
}

/// A member of the graph: the socket, or a part.
struct Member<'a> {
    name: &'a str,
    package: PackageId,
    imports: Vec<(String, ItemKind)>,
    exports: Vec<String>,
}

/// An import of one member that an export of another satisfies; members by their places.
struct Link {
    consumer: usize,
    import: String,
    provider: usize,
    export: String,
}

/// Composes a plugin's component, the socket, with parts. What nobody exports stays an import, where a host offers it.
///
/// # Errors
///
/// A part that is a plugin itself, that satisfies nothing, or whose interface has another type than is imported; two parts that
/// export the same; parts that need each other in a circle; an import that nobody satisfies and no host offers.
pub(crate) fn compose(socket: &Part, parts: &[Part]) -> Result<Composed, Failure> {
    let mut graph = CompositionGraph::new();
    let mut members = vec![member(&mut graph, socket, 0)?];
    for (index, part) in parts.iter().enumerate() {
        if let Some(manifest) = read_manifest(&part.name, &part.bytes)? {
            return Err(is_plugin(part, &manifest));
        }
        members.push(member(&mut graph, part, index + 1)?);
    }
    let links = links(&members)?;
    for (index, part) in members.iter().enumerate().skip(1) {
        if links.iter().all(|link| link.provider != index) {
            return Err(satisfies_nothing(part, &members[0]));
        }
    }
    unsatisfied(graph.types(), &members, &links)?;

    let nodes: Vec<NodeId> = members.iter().map(|member| graph.instantiate(member.package)).collect();
    for link in &links {
        let export = graph
            .alias_instance_export(nodes[link.provider], &link.export)
            .map_err(|error| failed(format!("{}: {error}", members[link.provider].name)))?;
        graph
            .set_instantiation_argument(nodes[link.consumer], &link.import, export)
            .map_err(|error| does_not_fit(&members, link, error))?;
    }
    for name in &members[0].exports {
        let export = graph.alias_instance_export(nodes[0], name).map_err(|error| failed(error.to_string()))?;
        graph.export(export, name).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = graph.encode(EncodeOptions::default()).map_err(|error| match error {
        wac_graph::EncodeError::GraphContainsCycle { .. } => failed("parts need each other in a circle")
            .help("a part is made before those that import it: take out one of the imports that close the circle"),
        error => failed(format!("the parts do not fit together: {}", chain(&error))),
    })?;
    let plugged = links.into_iter().map(|link| Plugged {
        import: link.import,
        of: members[link.consumer].name.to_owned(),
        by: members[link.provider].name.to_owned(),
    });
    Ok(Composed { bytes, plugged: plugged.collect() })
}

/// Reads a component into the graph, below a name that does not depend on where it lies: it gets into the result.
fn member<'a>(graph: &mut CompositionGraph, part: &'a Part, index: usize) -> Result<Member<'a>, Failure> {
    // Says better than the library what is no component at all.
    read_manifest(&part.name, &part.bytes)?;
    let malformed = |reason: String| failed(format!("{}: {reason}", part.name)).help("build the component again");
    let name = if index == 0 { "hal9:plugin".to_owned() } else { format!("hal9:part{index}") };
    let package = Package::from_bytes(&name, None, part.bytes.clone(), graph.types_mut())
        .map_err(|error| malformed(format!("{error:#}")))?;
    let package = graph.register_package(package).map_err(|error| malformed(error.to_string()))?;
    let world = &graph.types()[graph[package].ty()];
    Ok(Member {
        name: &part.name,
        package,
        imports: world.imports.iter().map(|(name, kind)| (name.clone(), *kind)).collect(),
        exports: world.exports.keys().cloned().collect(),
    })
}

/// Who satisfies which import. The same version of an interface comes before one that is merely compatible.
fn links(members: &[Member<'_>]) -> Result<Vec<Link>, Failure> {
    let mut links = Vec::new();
    for (consumer, member) in members.iter().enumerate() {
        for (import, _) in &member.imports {
            let offers = |fits: &dyn Fn(&str) -> bool| -> Vec<(usize, String)> {
                let others = members.iter().enumerate().skip(1).filter(|(index, _)| *index != consumer);
                others
                    .flat_map(|(index, other)| other.exports.iter().map(move |export| (index, export)))
                    .filter(|(_, export)| fits(export))
                    .map(|(index, export)| (index, export.clone()))
                    .collect()
            };
            let mut offered = offers(&|export| export == import);
            if offered.is_empty() {
                offered = offers(&|export| are_semver_compatible(export, import));
            }
            match offered.as_slice() {
                [] => {}
                [(provider, export)] => {
                    links.push(Link { consumer, import: import.clone(), provider: *provider, export: export.clone() });
                }
                several => {
                    let names: Vec<_> = several.iter().map(|(index, _)| members[*index].name).collect();
                    let what = format!(
                        "`{}`, which {} imports, is exported by {}",
                        printed(import),
                        member.name,
                        names.join(" and by ")
                    );
                    return Err(failed(what).help("plug one of them only"));
                }
            }
        }
    }
    Ok(links)
}

/// Holds against hosts what stays to be imported.
fn unsatisfied(types: &Types, members: &[Member<'_>], links: &[Link]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for (index, member) in members.iter().enumerate() {
        for (import, kind) in &member.imports {
            let offered_by_hosts = import.starts_with("hal9:") || import.starts_with("wasi:");
            let linked = links.iter().any(|link| link.consumer == index && link.import == *import);
            if !offered_by_hosts && !linked && !only_types(types, *kind) {
                missing.push(format!("`{}`, which {} imports", printed(import), member.name));
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(failed(format!("nobody exports {}", missing.join(", and "))).help("plug the component that does: --plug FILE"))
}

/// Whether nothing but the shape of values comes with an import: then there is nothing to be offered.
fn only_types(types: &Types, kind: ItemKind) -> bool {
    match kind {
        ItemKind::Instance(id) => types[id].exports.values().all(|kind| match kind {
            ItemKind::Type(Type::Resource(_)) => false,
            ItemKind::Type(_) => true,
            _ => false,
        }),
        ItemKind::Type(Type::Resource(_)) => false,
        ItemKind::Type(_) => true,
        _ => false,
    }
}

fn does_not_fit(members: &[Member<'_>], link: &Link, error: InstantiationArgumentError) -> Failure {
    let (consumer, provider) = (members[link.consumer].name, members[link.provider].name);
    let why = match &error {
        InstantiationArgumentError::ArgumentTypeMismatch { source, .. } => format!("{source:#}"),
        other => other.to_string(),
    };
    let what = format!(
        "{provider} exports `{}` with another type than {consumer} imports it with: {why}",
        printed(&link.export)
    );
    failed(what).help("build both against the same WIT")
}

fn satisfies_nothing(part: &Member<'_>, socket: &Member<'_>) -> Failure {
    let list = |names: &mut dyn Iterator<Item = &String>| {
        let names: Vec<_> = names.map(|name| format!("`{}`", printed(name))).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    let offered_by_hosts = |name: &&String| name.starts_with("hal9:") || name.starts_with("wasi:");
    let wanted = list(&mut socket.imports.iter().map(|(name, _)| name).filter(|name| !offered_by_hosts(name)));
    let what = format!("{} satisfies no import: it exports {}", part.name, list(&mut part.exports.iter()));
    failed(what).help(format!("leave it out; {} imports {wanted} beside what a host offers", socket.name))
}

fn is_plugin(part: &Part, manifest: &Manifest) -> Failure {
    let id: &PluginId = &manifest.metadata.id;
    failed(format!("{} is a plugin itself, {id}, and no part of one", part.name)).help(format!(
        "depend on it and call it: \"dependencies\": [{{\"plugin_id\": \"{id}\", \"version\": \"^{}\"}}]",
        manifest.metadata.version
    ))
}

fn failed(what: impl AsRef<str>) -> Failure {
    let message = escape(what.as_ref(), MESSAGE_BYTES);
    let mut failure = Failure::new(Code::InvalidPackage, message);
    failure.reason = Some("composition".to_owned());
    failure
}

/// An error with what it comes from.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

fn printed(name: &str) -> String {
    escape(name, 256)
}

#[cfg(test)]
mod tests;
