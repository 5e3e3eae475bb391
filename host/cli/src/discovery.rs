//! Owns the plugins that are found in folders beside the home: where is looked, in which order, and what of it may be used. It
//! refuses to know what they are granted, and to run any of it.
//!
//! The order is that of `--plugin-path`, `HAL9_PLUGIN_PATH`, `./plugins`, the home, the system's folders; the first usable
//! plugin of an id is the one, and within a folder its newest version. Every file is read once: what is looked at is what runs.
//!
//! A package is judged as `hal9 plugin install` would; a bare component is one without a signature. Where the operator has
//! named the folder himself, by the option or the variable, that is his word that they may be without, as for
//! `hal9 plugin load --dev`. In `./plugins` and the system's folders they may only where `[trust] allow_unsigned` says so:
//! the first is wherever a command happens to be started, and the second is everybody's. Where a key is trusted for an id,
//! nothing without its signature is taken for that id from anywhere. And from a folder that he has not named, nothing unsigned
//! takes an id that the home has or the settings are about, and nothing the place of a newer version.

mod offer;
mod taken;

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use hal9_package::PluginId;
use hal9_registry::Plugin;
use serde::Serialize;

use crate::failure::Failure;
use crate::trust::Trust;
use offer::Offered;
pub(crate) use taken::Taken;

/// So many entries of a folder are looked at.
const ENTRIES: usize = 1_000;

/// So much of a folder is read, in bytes, by every command that asks for plugins.
const FOLDER_BYTES: u64 = 256 << 20;

/// Where the system's plugins are.
const SYSTEM: [&str; 2] = ["/usr/local/share/hal9/plugins", "/usr/share/hal9/plugins"];

/// Who named a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NamedBy {
    /// `--plugin-path`.
    Option,
    /// `HAL9_PLUGIN_PATH`.
    Environment,
    /// It is the folder `plugins` where the command was started.
    Here,
    /// It is one of the system's.
    System,
}

impl NamedBy {
    /// Whether the operator named it for what is in there.
    fn is_operator(self) -> bool {
        matches!(self, Self::Option | Self::Environment)
    }

    /// What people call it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Option => "--plugin-path",
            Self::Environment => "HAL9_PLUGIN_PATH",
            Self::Here => "./plugins",
            Self::System => "system",
        }
    }
}

/// A package or component in a folder.
pub(crate) struct Finding {
    /// The file.
    pub(crate) path: PathBuf,
    pub(crate) named_by: NamedBy,
    /// What it is, or why it is not used.
    pub(crate) outcome: Result<Offered, Failure>,
}

impl Finding {
    /// The plugin's id, as far as it is known.
    pub(crate) fn id(&self) -> Option<PluginId> {
        match &self.outcome {
            Ok(offered) => Some(offered.plugin.id().clone()),
            Err(failure) => failure.plugin.as_deref().and_then(|id| id.parse().ok()),
        }
    }

    /// Whether somebody who types this may mean it. One that was not read is known by its file's name alone.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        match self.id() {
            Some(id) => id.as_str() == name || id.short().eq_ignore_ascii_case(name),
            None => {
                let stem = self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                stem.replace('_', "-").eq_ignore_ascii_case(&name.replace('_', "-"))
            }
        }
    }

    pub(crate) fn plugin(&self) -> Option<&Plugin> {
        self.outcome.as_ref().ok().map(|offered| &offered.plugin)
    }
}

/// All that is found in folders, those that come before the home and those that come after it.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) before_home: Vec<Finding>,
    pub(crate) after_home: Vec<Finding>,
}

impl Findings {
    /// Looks into all folders.
    ///
    /// # Errors
    ///
    /// A folder of `--plugin-path` that cannot be read. Of the others, one that is not there has nothing in it.
    pub(crate) fn look(named: &[PathBuf], trust: &Trust, taken: &Taken) -> Result<Self, Failure> {
        let mut findings = Self::default();
        for folder in named {
            let entries = entries(folder).map_err(|error| Failure::file(folder, &error))?;
            findings.before_home.extend(judge(entries, NamedBy::Option, trust, taken));
        }
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let split = |value: std::ffi::OsString| std::env::split_paths(&value).collect::<Vec<_>>();
        for folder in variable("HAL9_PLUGIN_PATH").map(split).unwrap_or_default() {
            findings.before_home.extend(judge(
                entries(&folder).unwrap_or_default(),
                NamedBy::Environment,
                trust,
                taken,
            ));
        }
        let here = entries(Path::new("plugins")).unwrap_or_default();
        findings.before_home.extend(judge(here, NamedBy::Here, trust, taken));
        let system = variable("HAL9_SYSTEM_PLUGINS").map(split);
        for folder in system.unwrap_or_else(|| SYSTEM.map(PathBuf::from).to_vec()) {
            findings.after_home.extend(judge(entries(&folder).unwrap_or_default(), NamedBy::System, trust, taken));
        }
        Ok(findings)
    }

    /// All of them, in the order in which they are looked for.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.before_home.iter().chain(&self.after_home)
    }

    /// The component of a plugin that was found here, as it was when it was judged.
    ///
    /// # Errors
    ///
    /// One that its package does not give.
    pub(crate) fn component(&self, plugin: &Plugin) -> Option<Result<Vec<u8>, Failure>> {
        let offered = self.iter().filter_map(|finding| finding.outcome.as_ref().ok());
        offered.filter(|offered| offered.plugin.source == plugin.source).map(Offered::component).next()
    }
}

/// One list of plugins out of three, in their order: of each id the first.
pub(crate) fn merge(findings: &Findings, home: Vec<Plugin>) -> Vec<Plugin> {
    let plugins = |findings: &[Finding]| findings.iter().filter_map(Finding::plugin).cloned().collect::<Vec<_>>();
    let all = [plugins(&findings.before_home), home, plugins(&findings.after_home)].concat();
    let mut merged: Vec<Plugin> = Vec::new();
    for plugin in all {
        if !merged.iter().any(|other| other.id() == plugin.id()) {
            merged.push(plugin);
        }
    }
    merged.sort_by(|a, b| a.id().cmp(b.id()));
    merged
}

/// What may be a plugin in a folder, in the order of names: packages, components, and folders with a component and a manifest.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folder = std::path::absolute(folder)?;
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.take(ENTRIES).filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    Ok(entries.into_iter().filter_map(|path| candidate(&path)).collect())
}

fn candidate(path: &Path) -> Option<PathBuf> {
    let has_extension = |path: &Path, wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
    if path.is_dir() {
        let has_manifest = path.join("manifest.json").is_file();
        let inside = std::fs::read_dir(path).ok().filter(|_| has_manifest)?.take(ENTRIES);
        let mut components = inside
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| has_extension(path, "wasm") && path.is_file());
        // Of several, nobody knows which is meant.
        return components.next().filter(|_| components.next().is_none());
    }
    (path.is_file() && (has_extension(path, "hal9") || has_extension(path, "wasm"))).then(|| path.to_owned())
}

/// What there is in a folder; of several versions of a plugin, the newest comes first.
fn judge(entries: Vec<PathBuf>, named_by: NamedBy, trust: &Trust, taken: &Taken) -> Vec<Finding> {
    let mut left = FOLDER_BYTES;
    let judged = entries.into_iter().map(|path| {
        let offered = Offered::read(&path, named_by, trust, &mut left);
        let outcome = offered.and_then(|offered| taken.judge(&offered.plugin, &path, named_by).map(|()| offered));
        Finding { path, named_by, outcome }
    });
    let mut findings: Vec<_> = judged.collect();
    findings.sort_by_cached_key(|finding| {
        let plugin = finding.plugin().map(|plugin| &plugin.manifest.metadata);
        plugin.map(|metadata| (metadata.id.clone(), Reverse(metadata.version.clone())))
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_components_and_folders_with_both_files_may_be_plugins() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        for path in ["b.hal9", "a.wasm", "c.zip", "one/manifest.json", "one/x.wasm", "bare/x.wasm", "web/manifest.json"]
        {
            put(path);
        }
        for path in ["two/manifest.json", "two/x.wasm", "two/y.wasm", "d.hal9/x.wasm"] {
            put(path);
        }
        let found: Vec<_> = entries(folder.path()).unwrap();
        let found: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(found, ["a.wasm", "b.hal9", "one/x.wasm"].map(Path::new));
        assert!(entries(&folder.path().join("none")).is_err());
    }
}
