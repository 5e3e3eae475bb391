//! `hal9 plugin inspect`: all that a package or a component shows without being run.

use std::path::{Path, PathBuf};

use hal9_package::{Manifest, Package, Signature};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::inspection::{self, Inspection, Item};
use crate::keys;
use crate::output::{Output, bold, dim, plain, size, table, yellow};
use crate::source;

/// What is looked at.
struct Subject {
    /// The component's file, or its path in the package.
    name: PathBuf,
    component: Vec<u8>,
    /// One that carries no manifest, or a wrong one, can be looked at all the same.
    manifest: Result<Manifest, Failure>,
    packed: Option<Packed>,
}

/// What only a package has.
struct Packed {
    file: PathBuf,
    package: Package,
    /// The signature beside it, or what is wrong with that. Whether it is believed is for `verify` to say.
    signature: Option<Result<Signature, String>>,
}

pub(super) fn run(output: Output, path: &Path, wit: bool) -> Result<(), Failure> {
    let subject = if source::is_package(path) { of_package(path)? } else { of_component(path, output)? };
    let seen = Inspection::read(&subject.name, &subject.component)?;
    let wit = if wit { Some(seen.wit()?) } else { None };
    let import = |item: &Item| json!({ "interface": item.name, "functions": item.functions, "permission": inspection::permission(item).map(|kind| kind.as_str()) });
    let mut value = json!({
        "component": subject.name,
        "size": subject.component.len(),
        "kinds": seen.kinds,
        "imports": seen.imports.iter().map(import).collect::<Vec<_>>(),
        "exports": seen.exports.iter().map(|item| json!({ "interface": item.name, "functions": item.functions })).collect::<Vec<_>>(),
        "manifest": subject.manifest.as_ref().ok(),
        "producers": seen.producers,
    });
    if let Some(wit) = &wit {
        value["wit"] = wit.as_str().into();
    }
    if let Some(packed) = &subject.packed {
        value["package"] = packed.value();
    }
    output.result(&value, || match wit {
        Some(wit) => wit,
        None => text(&subject, &seen),
    })
}

fn of_component(path: &Path, output: Output) -> Result<Subject, Failure> {
    let found = source::find(path, output)?;
    let component = source::read(&found.component)?;
    let manifest = source::manifest_with(&found, &component);
    Ok(Subject { manifest, name: found.component, component, packed: None })
}

fn of_package(path: &Path) -> Result<Subject, Failure> {
    let package = source::package(path)?;
    let signature = keys::signature_text(&keys::signature_path(path))?;
    let signature = signature.map(|text| text.parse().map_err(|error: hal9_package::SignatureError| error.to_string()));
    let manifest = package.manifest().clone();
    Ok(Subject {
        name: manifest.files.as_ref().map_or_else(|| path.to_owned(), |files| PathBuf::from(&files.wasm)),
        component: package.component()?,
        manifest: Ok(manifest),
        packed: Some(Packed { file: path.to_owned(), package, signature }),
    })
}

impl Packed {
    fn value(&self) -> Value {
        let signature = self.signature.as_ref().map(|signature| match signature {
            Ok(signature) => {
                json!({ "key_id": signature.key_id().to_string(), "trusted_comment": signature.trusted_comment() })
            }
            Err(error) => json!({ "error": error }),
        });
        json!({
            "file": self.file,
            "size": self.package.bytes().len(),
            "digest": self.package.digest(),
            "files": self.package.files().map(|file| json!({ "path": file.path, "size": file.size })).collect::<Vec<_>>(),
            "signature": signature,
        })
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![
            ("package", self.file.display().to_string()),
            ("packed", size(self.package.bytes().len() as u64)),
            ("digest", self.package.digest().to_string()),
        ];
        match &self.signature {
            None => rows.push(("signature", yellow("none beside it"))),
            Some(Ok(signature)) => {
                rows.push(("signature", format!("by key {}, which `hal9 plugin verify` checks", signature.key_id())));
                rows.push(("comment", plain(&signature.trusted_comment())));
            }
            Some(Err(error)) => rows.push(("signature", yellow(error))),
        }
        rows
    }
}

fn text(subject: &Subject, seen: &Inspection) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: String| text.push_str(&format!("{name:<14}{value}\n"));
    for (name, value) in subject.packed.iter().flat_map(Packed::rows) {
        row(name, value);
    }
    row("component", plain(&subject.name.display().to_string()));
    row("size", size(subject.component.len() as u64));
    let kinds: Vec<_> = seen.kinds.iter().map(ToString::to_string).collect();
    row("kinds", if kinds.is_empty() { yellow("none: no HAL9 plugin") } else { kinds.join(", ") });
    match &subject.manifest {
        Ok(manifest) => described(manifest).into_iter().for_each(|(name, value)| row(name, value)),
        Err(failure) => row("manifest", yellow(&failure.message)),
    }
    for (role, names) in &seen.producers {
        row(role, plain(&names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
    }
    if let Some(packed) = &subject.packed {
        let files = packed.package.files().map(|file| [format!("  {}", plain(file.path)), size(file.size)]);
        text.push_str(&format!("\n{}", table(["  FILE", "SIZE"], files)));
    }
    let (hal9, other): (Vec<_>, Vec<_>) = seen.imports.iter().partition(|item| item.name.starts_with("hal9:"));
    text.push_str(&group("Imports of HAL9", &hal9, true));
    text.push_str(&group("Imports of WASI and others", &other, false));
    text.push_str(&group("Exports", &seen.exports.iter().collect::<Vec<_>>(), true));
    text
}

/// What a manifest says, line by line; what it leaves out is left out.
fn described(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let metadata = &manifest.metadata;
    let permissions = &manifest.permissions;
    let mut rows = vec![
        ("id", format!("{} {}", bold(&metadata.id), metadata.version)),
        ("name", format!("{}  {}", metadata.name, dim(&metadata.description))),
        ("author", format!("{}, {}", metadata.author, metadata.license)),
    ];
    rows.extend(metadata.repository.clone().map(|repository| ("repository", repository)));
    for capability in &manifest.capabilities {
        let layer = capability.layer().map_or_else(String::new, |layer| format!(" on {layer}"));
        rows.push(("offers", format!("{} {}{layer}", capability.kind(), capability.name())));
    }
    rows.push(("declares", if permissions.is_empty() { dim("no permissions") } else { permissions.to_string() }));
    rows.extend(manifest.min_hal9_version.as_ref().map(|least| ("needs", format!("HAL9 {least}"))));
    for dependency in &manifest.dependencies {
        rows.push(("needs", format!("{} {}", dependency.plugin_id, dependency.version)));
    }
    let properties = manifest.configuration.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    if let Some(properties) = properties {
        let names: Vec<_> = properties.keys().map(|name| plain(name)).collect();
        rows.push(("configured by", names.join(", ")));
    }
    rows
}

/// Interfaces under a head; each with the permission that it needs, and with its functions where `detailed`.
fn group(head: &str, items: &[&Item], detailed: bool) -> String {
    if items.is_empty() {
        return String::new();
    }
    let width = items.iter().map(|item| item.name.chars().count()).max().unwrap_or_default();
    let mut text = format!("\n{}\n", bold(head));
    for item in items {
        let needs =
            inspection::permission(item).map_or_else(String::new, |kind| yellow(format!("needs {kind}")) + "  ");
        let detailed = detailed && !item.functions.is_empty();
        let functions = if detailed { dim(plain(&item.functions.join(", "))) } else { String::new() };
        let (name, about) = (plain(&item.name), format!("{needs}{functions}"));
        text.push_str(&if about.is_empty() { format!("  {name}\n") } else { format!("  {name:<width$}  {about}\n") });
    }
    text
}
