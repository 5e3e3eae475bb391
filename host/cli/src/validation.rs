//! Owns what can be said of a component without running it: whether it would load, granted all that it declares, and what
//! its author may have overlooked. It refuses to know how that is shown.

use hal9_host::{Component, Host, Kind, LoadOptions, permissions_for};
use hal9_package::{Manifest, PermissionKind};
use serde::Serialize;

use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::source::{self, Found};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Passed,
    /// It would load, and perhaps not do what its author means.
    Warning,
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) outcome: Outcome,
    /// What was looked at.
    pub(crate) name: &'static str,
    /// What was seen, in a line.
    pub(crate) found: String,
    /// What to change.
    pub(crate) help: Option<String>,
}

/// All that was seen of one component.
#[derive(Debug, Default)]
pub(crate) struct Validation {
    pub(crate) checks: Vec<Check>,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) kinds: Vec<Kind>,
    /// The component's size in bytes.
    pub(crate) size: u64,
    /// Why it would not load; none, where it would.
    pub(crate) failure: Option<Failure>,
}

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

/// Holds a component against its manifest, and both against what a host offers.
pub(crate) fn validate(host: &Host, found: &Found, output: Output) -> Validation {
    let mut seen = Validation::default();
    seen.failure = seen.look(host, found, output).err();
    seen
}

impl Validation {
    /// One check after the other; the first that a load would fail at ends it.
    fn look(&mut self, host: &Host, found: &Found, output: Output) -> Result<(), Failure> {
        let bytes = source::read(&found.component)?;
        self.size = bytes.len() as u64;
        let name = found.component.display().to_string();
        let spinner = output.spinner(format!("compiling {name}"));
        let component = host.compile(&name, &bytes);
        drop(spinner);
        let component = component.map_err(|error| {
            let failure = Failure::from(error);
            let found = failure.message.strip_prefix(&format!("{name}: ")).unwrap_or(&failure.message).to_owned();
            self.add(Outcome::Failed, "component", found, failure.help.as_deref().unwrap_or_default());
            failure
        })?;
        self.kinds = component.kinds().to_vec();
        let kinds: Vec<_> = self.kinds.iter().map(ToString::to_string).collect();
        self.passed("component", format!("compiles; exports {}", kinds.join(", ")));

        let manifest = self.step("manifest", source::manifest_of(found))?;
        let whence = if component.manifest().is_some() { "carried by the component" } else { "in manifest.json" };
        self.passed("manifest", format!("{} {}, {whence}", manifest.metadata.id, manifest.metadata.version));
        self.manifest = Some(manifest.clone());
        if manifest.min_hal9_version.is_some() {
            self.step("version", check_version(&manifest))?;
            self.passed("version", format!("this is HAL9 {}", env!("CARGO_PKG_VERSION")));
        }

        self.capabilities(&manifest);
        self.imports(&component, &manifest);
        self.unused(&component, &manifest);
        let options = LoadOptions { manifest: Some(manifest), ..LoadOptions::declared() };
        let loaded = host.load(&component, options).map(drop).map_err(Failure::from);
        if self.checks.iter().any(|check| check.outcome == Outcome::Failed) {
            // It was said already, line by line.
            return loaded;
        }
        self.step("load", loaded)?;
        self.passed("load", "links to this host with what it declares".to_owned());
        Ok(())
    }

    /// What it declares that it offers, against what it exports.
    fn capabilities(&mut self, manifest: &Manifest) {
        for capability in &manifest.capabilities {
            let Some((_, kind)) = CAPABILITIES.iter().find(|(name, _)| *name == capability.kind()) else { continue };
            let layer = capability.layer().map_or_else(String::new, |layer| format!(" on layer {layer}"));
            let what = format!("{} `{}`{layer}", capability.kind(), capability.name());
            if self.kinds.contains(kind) {
                self.passed("capability", what);
            } else {
                let found = format!("{what} is declared, and `{}` is not exported", kind.interface());
                self.add(Outcome::Failed, "capability", found, "export the interface, or remove the capability");
            }
        }
        let is_declared = |name: &str| manifest.capabilities.iter().any(|capability| capability.kind() == name);
        for (name, kind) in CAPABILITIES {
            if self.kinds.contains(&kind) && !is_declared(name) {
                let found = format!("exports `{}` and declares no {name}, so that nobody finds it", kind.interface());
                self.add(
                    Outcome::Warning,
                    "capability",
                    found,
                    &format!("add a {name} to the manifest's capabilities"),
                );
            }
        }
    }

    /// What it imports, against the permissions that it declares.
    fn imports(&mut self, component: &Component, manifest: &Manifest) {
        for import in component.imports() {
            let permissions = permissions_for(import);
            let Some(permission) = permissions.first() else { continue };
            if let Some(permission) = permissions.iter().find(|kind| manifest.permissions.contains(**kind)) {
                self.passed("import", format!("{import} by {permission}"));
            } else {
                let found = format!("{import} needs {permission}, which is not declared");
                let help = format!("declare {permission}, or remove the calls that need it");
                self.add(Outcome::Failed, "import", found, &help);
            }
        }
    }

    /// Permissions that nothing in the component can make use of.
    fn unused(&mut self, component: &Component, manifest: &Manifest) {
        for permission in manifest.permissions.iter() {
            let uses = |import: &String| {
                permissions_for(import).contains(&permission.kind)
                    || OPENED.iter().any(|(kind, interface)| *kind == permission.kind && import.starts_with(interface))
            };
            if !component.imports().iter().any(uses) {
                let found = format!("{permission} is declared, and nothing that needs it is imported");
                self.add(Outcome::Warning, "permission", found, "remove it from the manifest");
            }
        }
    }

    fn passed(&mut self, name: &'static str, found: String) {
        self.add(Outcome::Passed, name, found, "");
    }

    fn add(&mut self, outcome: Outcome, name: &'static str, found: String, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.checks.push(Check { outcome, name, found, help });
    }

    /// Notes a failure as a check, and hands it on.
    fn step<T>(&mut self, name: &'static str, result: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &result {
            self.add(Outcome::Failed, name, failure.message.clone(), failure.help.as_deref().unwrap_or_default());
        }
        result
    }
}

/// Holds the oldest HAL9 that a plugin works with against this one.
pub(crate) fn check_version(manifest: &Manifest) -> Result<(), Failure> {
    let Some(least) = &manifest.min_hal9_version else { return Ok(()) };
    let this = env!("CARGO_PKG_VERSION");
    if this.parse().is_ok_and(|this| *least <= this) {
        return Ok(());
    }
    let id = &manifest.metadata.id;
    let mut failure = Failure::new(Code::Conflict, format!("{id}: needs HAL9 {least} or newer, and this is {this}"))
        .plugin(id)
        .help("use a newer HAL9, or an older version of the plugin");
    failure.reason = Some("version".to_owned());
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of a component: its number, its length, what is in it.
    fn section(number: u8, content: &[u8]) -> Vec<u8> {
        // Lengths of two bytes do for all here.
        let length = [content.len() as u8 | 0x80, (content.len() >> 7) as u8];
        [&[number][..], &length, content].concat()
    }

    fn named(before: &[u8], name: &str, after: &[u8]) -> Vec<u8> {
        [before, &[name.len() as u8], name.as_bytes(), after].concat()
    }

    /// A component that imports and exports interfaces without functions, and carries a manifest.
    fn component(imports: &[&str], exports: &[&str], manifest: &serde_json::Value) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        // One type, that of an instance with nothing in it.
        bytes.extend(section(7, &[1, 0x42, 0]));
        for import in imports {
            bytes.extend(section(10, &named(&[1, 0], import, &[5, 0])));
        }
        // One instance with nothing in it, exported under each name.
        bytes.extend(section(5, &[1, 1, 0]));
        for export in exports {
            bytes.extend(section(11, &named(&[1, 0], export, &[5, imports.len() as u8, 0])));
        }
        bytes.extend(section(0, &named(&[], Manifest::SECTION, manifest.to_string().as_bytes())));
        bytes
    }

    fn manifest(capabilities: serde_json::Value, permissions: &[&str]) -> serde_json::Value {
        let metadata = serde_json::json!({
            "id": "test.plugin", "name": "Test", "version": "0.1.0", "author": "", "license": "MIT",
        });
        serde_json::json!({
            "api_version": 1, "metadata": metadata, "capabilities": capabilities, "permissions": permissions,
        })
    }

    fn neuron() -> serde_json::Value {
        serde_json::json!([{"NeuronType": {"layer": "L2", "neuron_type": "test"}}])
    }

    fn validated(bytes: &[u8]) -> Validation {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("test.wasm");
        std::fs::write(&component, bytes).unwrap();
        validate(&Host::new().unwrap(), &Found { folder: folder.path().to_owned(), component }, Output::new(true))
    }

    fn found(seen: &Validation, outcome: Outcome) -> Vec<&str> {
        seen.checks.iter().filter(|check| check.outcome == outcome).map(|check| check.found.as_str()).collect()
    }

    const NEURON: &str = "hal9:plugin/neuron@0.1.0";
    const MEMORY: &str = "hal9:plugin/memory@0.1.0";

    #[test]
    fn an_import_that_is_not_declared_is_named_with_its_permission() {
        let seen = validated(&component(&[MEMORY], &[NEURON], &manifest(neuron(), &[])));
        assert_eq!(found(&seen, Outcome::Failed), ["hal9:plugin/memory@0.1.0 needs Hal9Memory, which is not declared"]);
        let failure = seen.failure.unwrap();
        assert_eq!((failure.code, failure.reason.as_deref()), (Code::PermissionDenied, Some("undeclared")));
    }

    #[test]
    fn what_is_declared_and_of_no_use_is_a_warning() {
        let permissions = ["Hal9Memory", "Hal9Metrics", "SystemTime", "FileRead:/data"];
        let imports = [MEMORY, "wasi:filesystem/types@0.2.3"];
        let seen = validated(&component(&imports, &[NEURON], &manifest(neuron(), &permissions)));
        let warnings = found(&seen, Outcome::Warning);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().any(|it| it.starts_with("SystemTime is declared")), "{warnings:?}");
        assert!(warnings.iter().any(|it| it.starts_with("Hal9Metrics is declared")), "{warnings:?}");
    }

    #[test]
    fn capabilities_and_exports_are_held_against_each_other() {
        let seen = validated(&component(&[], &["hal9:plugin/tool@0.1.0"], &manifest(neuron(), &[])));
        let failed = found(&seen, Outcome::Failed);
        assert_eq!(failed, ["NeuronType `test` on layer L2 is declared, and `hal9:plugin/neuron` is not exported"]);
        assert!(found(&seen, Outcome::Warning)[0].contains("declares no ToolProvider"));
        assert_eq!(seen.failure.unwrap().code, Code::InvalidPackage);
    }

    #[test]
    fn a_plugin_for_a_newer_hal9_is_refused() {
        let mut newer = manifest(neuron(), &[]);
        newer["min_hal9_version"] = "99.0.0".into();
        let failure = validated(&component(&[], &[NEURON], &newer)).failure.unwrap();
        assert_eq!((failure.code, failure.reason.as_deref()), (Code::Conflict, Some("version")));
        assert!(failure.message.contains("99.0.0"), "{}", failure.message);
        let mut this = manifest(neuron(), &[]);
        this["min_hal9_version"] = env!("CARGO_PKG_VERSION").into();
        let seen = validated(&component(&[], &[NEURON], &this));
        assert!(seen.checks.iter().any(|check| check.name == "version" && check.outcome == Outcome::Passed));
    }

    #[test]
    fn what_is_no_component_fails_at_once_without_its_path_twice() {
        let seen = validated(b"\0asm\x01\0\0\0");
        assert_eq!(found(&seen, Outcome::Failed), ["this is a core WebAssembly module, not a component"]);
        assert_eq!((seen.failure.unwrap().code, seen.size), (Code::InvalidPackage, 8));
    }
}
