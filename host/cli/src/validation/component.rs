//! Owns what a component imports and exports, held against what its manifest declares. It refuses to link it.

use hal9_host::{Component, Kind};
use hal9_package::{Manifest, PermissionKind};

use super::{Outcome, Validation};

/// Interfaces that a permission opens up, beside the one that it links.
const OPENED: [(PermissionKind, &str); 5] = [
    (PermissionKind::SystemTime, "wasi:clocks/"),
    (PermissionKind::SystemRandom, "wasi:random/"),
    (PermissionKind::SystemEnv, "wasi:cli/environment"),
    (PermissionKind::FileRead, "wasi:filesystem/"),
    (PermissionKind::FileWrite, "wasi:filesystem/"),
];

/// What stands in a manifest for each kind of export.
const CAPABILITIES: [(&str, Kind); 5] = [
    ("NeuronType", Kind::Neuron),
    ("ToolProvider", Kind::Tool),
    ("MemoryProvider", Kind::MemoryProvider),
    ("LearningAlgorithm", Kind::LearningAlgorithm),
    ("ApiExtension", Kind::ApiExtension),
];

/// Kinds against exports, permissions against imports.
pub(super) fn check(seen: &mut Validation, component: &Component, manifest: &Manifest) {
    capabilities(seen, manifest);
    imports(seen, component, manifest);
    unused(seen, component, manifest);
}

/// What it declares that it offers, against what it exports.
fn capabilities(seen: &mut Validation, manifest: &Manifest) {
    for capability in &manifest.capabilities {
        let Some((_, kind)) = CAPABILITIES.iter().find(|(name, _)| *name == capability.kind()) else { continue };
        let layer = capability.layer().map_or_else(String::new, |layer| format!(" on layer {layer}"));
        let what = format!("{} `{}`{layer}", capability.kind(), capability.name());
        if seen.kinds.contains(kind) {
            seen.passed("capability", what);
        } else {
            let found = format!("{what} is declared, and `{}` is not exported", kind.interface());
            seen.add(Outcome::Failed, "capability", found, "export the interface, or remove the capability");
        }
    }
    let is_declared = |name: &str| manifest.capabilities.iter().any(|capability| capability.kind() == name);
    for (name, kind) in CAPABILITIES {
        if seen.kinds.contains(&kind) && !is_declared(name) {
            let found = format!("exports `{}` and declares no {name}, so that nobody finds it", kind.interface());
            let help = format!("add a {name} to the manifest's capabilities");
            seen.add(Outcome::Warning, "capability", found, &help);
        }
    }
}

/// What it imports, against the permissions that it declares.
fn imports(seen: &mut Validation, component: &Component, manifest: &Manifest) {
    for import in component.imports() {
        let permissions = PermissionKind::of_interface(import);
        let Some(permission) = permissions.first() else { continue };
        if let Some(permission) = permissions.iter().find(|kind| manifest.permissions.contains(**kind)) {
            seen.passed("import", format!("{import} by {permission}"));
        } else {
            let found = format!("{import} needs {permission}, which is not declared");
            let help = format!("declare {permission}, or remove the calls that need it");
            seen.add(Outcome::Failed, "import", found, &help);
        }
    }
}

/// Permissions that nothing in the component can make use of.
fn unused(seen: &mut Validation, component: &Component, manifest: &Manifest) {
    for permission in manifest.permissions.iter() {
        let uses = |import: &String| {
            PermissionKind::of_interface(import).contains(&permission.kind)
                || OPENED.iter().any(|(kind, interface)| *kind == permission.kind && import.starts_with(interface))
        };
        if !component.imports().iter().any(uses) {
            let found = format!("{permission} is declared, and nothing that needs it is imported");
            seen.add(Outcome::Warning, "permission", found, "remove it from the manifest");
        }
    }
}
