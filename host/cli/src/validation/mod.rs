//! Owns what can be said of a plugin without running it: whether it would load, granted all that it declares, and what its
//! author may have overlooked. It refuses to know how that is shown.

mod component;
mod faults;
mod manifest;
#[cfg(test)]
mod tests;

use std::path::Path;

use hal9_host::{Component, Error as HostError, Host, Kind, LoadOptions, read_manifest};
use hal9_package::{Manifest, Package};
use serde::Serialize;

use crate::failure::{Code, Failure};
use crate::output::{count, size};
use crate::source::{self, Found};

pub(crate) use manifest::{check_version, disagreement};

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

/// All that was seen of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Validation {
    pub(crate) checks: Vec<Check>,
    /// What the plugin says of itself, where that could be read.
    pub(crate) manifest: Option<Manifest>,
    pub(crate) kinds: Vec<Kind>,
    /// The component's size in bytes.
    pub(crate) size: u64,
    /// The compiled component, where it compiles: of the very bytes that were looked at.
    pub(crate) component: Option<Component>,
    /// Why it would not load: the first of the reasons; none, where it would.
    pub(crate) failure: Option<Failure>,
}

/// Holds the component of a project against its manifest, and both against what a host offers.
pub(crate) fn project(host: &Host, found: &Found) -> Validation {
    let mut seen = Validation::default();
    let name = found.component.display().to_string();
    let path = found.folder.join(Package::MANIFEST);
    let beside = seen.step("manifest", source::manifest_text(&path)).flatten();
    let beside = beside.map(|text| (path.display().to_string(), text));
    if let Some(bytes) = seen.step("component", source::read(&found.component)) {
        let beside = beside.and_then(|(path, text)| seen.read_manifest(&path, &text));
        seen.look(host, &name, &bytes, beside);
    }
    seen.conclude(&name)
}

/// Holds the component of a package against its manifest, and both against what a host offers.
pub(crate) fn package(package: &Package, host: &Host) -> Validation {
    let mut seen = Validation::default();
    let manifest = package.manifest();
    let name = manifest.metadata.id.to_string();
    let (files, unpacked) = package.files().fold((0, 0), |(files, bytes), file| (files + 1, bytes + file.size));
    let packed = size(package.bytes().len() as u64);
    seen.passed("package", format!("{}, {} in {packed}, {}", count(files, "file"), size(unpacked), package.digest()));
    let named = manifest.files.as_ref();
    for (what, file) in [
        ("README", named.and_then(|files| files.readme.as_ref())),
        ("licence", named.and_then(|files| files.license.as_ref())),
    ] {
        if file.is_none() {
            let help =
                format!("put a {} into the plugin's folder", if what == "README" { "README.md" } else { "LICENSE" });
            seen.add(Outcome::Warning, "package", format!("it has no {what}"), &help);
        }
    }
    if let Some(bytes) = seen.step("component", package.component().map_err(Failure::from)) {
        seen.look(host, &name, &bytes, Some(manifest.clone()));
    }
    let mut seen = seen.conclude(&name);
    if let Some(failure) = &mut seen.failure {
        failure.plugin.get_or_insert(name);
    }
    seen
}

/// Reads the file of a manifest: all that is wrong with it, the component left aside.
pub(crate) fn manifest_file(path: &Path) -> Result<Validation, Failure> {
    let mut seen = Validation::default();
    let name = path.display().to_string();
    let Some(text) = source::manifest_text(path)? else {
        return Err(Failure::file(path, &std::io::ErrorKind::NotFound.into()));
    };
    if let Some(manifest) = seen.read_manifest(&name, &text) {
        let metadata = &manifest.metadata;
        seen.passed("manifest", format!("{} {}", metadata.id, metadata.version));
        manifest::check(&mut seen, &manifest);
        seen.manifest = Some(manifest);
    }
    Ok(seen.conclude(&name))
}

impl Validation {
    /// One that ended where it began.
    pub(crate) fn refused(name: &'static str, failure: Failure) -> Self {
        let mut seen = Self::default();
        seen.step::<()>(name, Err(failure));
        seen
    }

    /// One check after the other, to the last: an author sees all that is to be done at once.
    fn look(&mut self, host: &Host, name: &str, bytes: &[u8], beside: Option<Manifest>) {
        self.size = bytes.len() as u64;
        let Some(carried) = self.of_component(name, read_manifest(name, bytes)) else {
            // What stands beside it can be wrong as well.
            if let Some(manifest) = beside {
                manifest::check(self, &manifest);
                self.manifest = Some(manifest);
            }
            return;
        };
        if let Some(component) = self.of_component(name, host.compile(name, bytes)) {
            self.kinds = component.kinds().to_vec();
            let kinds: Vec<_> = self.kinds.iter().map(ToString::to_string).collect();
            self.passed("component", format!("compiles; exports {}", kinds.join(", ")));
            self.component = Some(component);
        }
        self.manifests(name, carried, beside);
        let Some(manifest) = self.manifest.clone() else { return };
        manifest::check(self, &manifest);
        if let Some(component) = self.component.clone() {
            component::check(self, &component, &manifest);
            self.load(host, &component, manifest);
        }
    }

    /// Which manifest holds: that of the component. Another beside it must say the same, as one of them is what people read.
    fn manifests(&mut self, name: &str, carried: Option<Manifest>, beside: Option<Manifest>) {
        let (manifest, whence) = match (carried, beside) {
            (Some(carried), Some(beside)) => {
                if let Some((found, help)) = manifest::disagreement(&carried, &beside) {
                    self.add(Outcome::Failed, "manifest", found, help);
                    self.manifest = Some(beside);
                    return;
                }
                (beside, "in manifest.json as in the component")
            }
            (Some(carried), None) => (carried, "carried by the component"),
            (None, Some(beside)) => (beside, "in manifest.json"),
            (None, None) => {
                if !self.has_failed("manifest") {
                    let message = format!("{name} carries no manifest, and there is no manifest.json");
                    let missing = Failure::new(Code::InvalidPackage, message)
                        .help("call `hal9_plugin!` in the plugin, or put a manifest.json into its folder");
                    self.step::<()>("manifest", Err(missing));
                }
                return;
            }
        };
        self.passed("manifest", format!("{} {}, {whence}", manifest.metadata.id, manifest.metadata.version));
        self.manifest = Some(manifest);
    }

    /// Reads the text of a manifest; every fault in it is a check of its own.
    fn read_manifest(&mut self, path: &str, text: &[u8]) -> Option<Manifest> {
        let faults = match Manifest::parse(text) {
            Ok(manifest) => return Some(manifest),
            Err(error) => faults::all(text, &error),
        };
        let help = "correct the line; guests/README.md shows a whole manifest, under \"A whole manifest\"";
        for fault in &faults {
            self.add(Outcome::Failed, "manifest", fault.clone(), "correct it");
        }
        let message = format!("{path}: {}", faults.join("\n  "));
        self.failure.get_or_insert_with(|| Failure::new(Code::InvalidPackage, message).help(help));
        None
    }

    /// Links it to the host with all that it declares.
    fn load(&mut self, host: &Host, component: &Component, manifest: Manifest) {
        let options = LoadOptions { manifest: Some(manifest), ..LoadOptions::declared() };
        match host.load(component, options) {
            Ok(_) => self.passed("load", "links to this host with what it declares".to_owned()),
            // It was linked before its configuration was looked at, which nobody has given it yet.
            Err(HostError::InvalidInput { .. }) => {
                self.passed("load", "links to this host with what it declares, once it is configured".to_owned());
            }
            // What is missing of permissions and exports, and what is no schema, was said already, one by one.
            Err(error)
                if matches!(error, HostError::Ungranted { .. })
                    || self.has_failed("capability")
                    || self.has_failed("configuration") =>
            {
                self.failure.get_or_insert_with(|| error.into());
            }
            Err(error) => {
                self.step::<()>("load", Err(error.into()));
            }
        }
    }

    fn has_failed(&self, name: &str) -> bool {
        self.checks.iter().any(|check| check.outcome == Outcome::Failed && check.name == name)
    }

    /// A check that failed is a failure, whichever it was.
    fn conclude(mut self, name: &str) -> Self {
        let failed = self.checks.iter().find(|check| check.outcome == Outcome::Failed);
        if let (None, Some(check)) = (&self.failure, failed) {
            let failure = Failure::new(Code::InvalidPackage, format!("{name}: {}", check.found));
            self.failure = Some(failure.help(check.help.clone().unwrap_or_default()));
        }
        self
    }

    /// As [`Self::step`], for what is said of the component; a check stands below its name already.
    fn of_component<T>(&mut self, name: &str, result: Result<T, HostError>) -> Option<T> {
        result
            .map_err(|error| {
                let failure = Failure::from(error);
                let found = failure.message.strip_prefix(&format!("{name}: ")).unwrap_or(&failure.message).to_owned();
                self.add(Outcome::Failed, "component", found, failure.help.as_deref().unwrap_or_default());
                self.failure.get_or_insert(failure);
            })
            .ok()
    }

    pub(super) fn passed(&mut self, name: &'static str, found: String) {
        self.add(Outcome::Passed, name, found, "");
    }

    pub(super) fn add(&mut self, outcome: Outcome, name: &'static str, found: String, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.checks.push(Check { outcome, name, found, help });
    }

    /// Notes a failure as a check; the first is why it would not load.
    pub(super) fn step<T>(&mut self, name: &'static str, result: Result<T, Failure>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                let help = failure.help.as_deref().unwrap_or_default();
                self.add(Outcome::Failed, name, failure.message.clone(), help);
                self.failure.get_or_insert(failure);
                None
            }
        }
    }
}
