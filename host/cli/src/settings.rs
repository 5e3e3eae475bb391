//! Owns the operator's settings in `hal9.toml`: what each plugin is granted and denied, how its limits are capped, how it is
//! configured, and what all plugins may use together. It refuses to guess: a file that is malformed is an error, and one that is missing says nothing.

mod network;
mod plugins;
mod registries;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;

use hal9_host::{EngineConfig, HostLimits};
use hal9_package::{ByteSize, Permission, PluginId, SecretKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use network::NetworkSettings;
pub(crate) use plugins::PluginSettings;
pub(crate) use registries::RegistrySettings;
use trust::TrustSettings;

use crate::failure::Failure;
use crate::grants::{all_absolute, covers};

/// All of `hal9.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(default)]
    host: HostSettings,
    #[serde(default)]
    network: NetworkSettings,
    #[serde(default)]
    trust: TrustSettings,
    #[serde(default)]
    plugins: BTreeMap<PluginId, PluginSettings>,
    #[serde(default)]
    registries: BTreeMap<String, RegistrySettings>,
    /// What is different in an environment, such as `production`.
    #[serde(default)]
    env: BTreeMap<String, Environment>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    trust: TrustSettings,
    #[serde(default)]
    plugins: BTreeMap<PluginId, PluginSettings>,
    #[serde(default)]
    registries: BTreeMap<String, RegistrySettings>,
}

/// What all plugins together may use, where it is not the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostSettings {
    /// Instances that live at once.
    instances: Option<NonZeroU32>,
    memory: Option<ByteSize>,
    cores: Option<NonZeroUsize>,
    connections: Option<u64>,
    open_files: Option<u64>,
    file_bytes: Option<ByteSize>,
    metric_names: Option<u64>,
}

impl Settings {
    /// Reads the file, and checks that it knows the environment, if one is asked for.
    pub(crate) fn read(path: &Path, environment: Option<&str>) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::file(path, &error)),
        };
        Self::parse(&text, path, environment)
    }

    /// As [`Self::read`], where an environment that is not there yet says nothing: the command begins it.
    pub(crate) fn begun(path: &Path, environment: Option<&str>) -> Result<Self, Failure> {
        let all = Self::read(path, None)?;
        match environment {
            Some(name) if all.env.contains_key(name) => Self::read(path, environment),
            _ => Ok(all),
        }
    }

    /// Reads the text of the file at `path`. Relative paths of the host begin at its folder.
    pub(crate) fn parse(text: &str, path: &Path, environment: Option<&str>) -> Result<Self, Failure> {
        let mut settings: Self = toml::from_str(text).map_err(|error| {
            // What it says besides is the line, as it stands there.
            let shown = error.to_string();
            let shown = if SecretKey::is_in(&shown) { error.message().to_owned() } else { shown };
            let message = format!("{}: {}", path.display(), shown.trim_end());
            Failure::usage(message, "correct the line, or remove it")
        })?;
        if let Some(name) = environment {
            let Some(environment) = settings.env.remove(name) else {
                let known: Vec<_> = settings.env.keys().map(String::as_str).collect();
                let help = if known.is_empty() {
                    format!("add a section [env.{name}] to {}", path.display())
                } else {
                    format!("there are: {}", known.join(", "))
                };
                return Err(Failure::usage(format!("no environment `{name}` in {}", path.display()), help));
            };
            settings.trust.allow_unsigned = environment.trust.allow_unsigned.or(settings.trust.allow_unsigned);
            settings.trust.revoked.extend(environment.trust.revoked);
            settings.registries.extend(environment.registries);
            for (id, over) in environment.plugins {
                settings.plugins.entry(id).or_default().overlay(over);
            }
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        for plugin in settings.plugins.values_mut() {
            plugin.grant = plugin.grant.take().map(|granted| all_absolute(granted, folder));
            plugin.deny = all_absolute(std::mem::take(&mut plugin.deny), folder);
        }
        for path in &mut settings.network.extra_roots {
            *path = folder.join(&*path);
        }
        Ok(settings)
    }

    /// The plugins of which anything is said.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = &PluginId> {
        self.plugins.keys()
    }

    /// How the engine is set up, for a process that lives as long as a command: it waits for its pool, and needs a small one.
    pub(crate) fn engine(&self) -> EngineConfig {
        let mut engine = EngineConfig::default();
        engine.max_instances = self.host.instances.map_or(engine.max_instances, NonZeroU32::get);
        engine.pooled_instances = 16;
        engine
    }

    /// What all plugins together may use.
    pub(crate) fn totals(&self) -> HostLimits {
        let mut totals = HostLimits::default();
        let said = &self.host;
        totals.memory = said.memory.unwrap_or(totals.memory);
        totals.cores = said.cores.map_or(totals.cores, NonZeroUsize::get);
        totals.connections = said.connections.unwrap_or(totals.connections);
        totals.open_files = said.open_files.unwrap_or(totals.open_files);
        totals.file_bytes = said.file_bytes.unwrap_or(totals.file_bytes);
        totals.metric_names = said.metric_names.unwrap_or(totals.metric_names);
        totals
    }

    /// The environments that grant a plugin what a permission includes, whatever is granted elsewhere.
    pub(crate) fn environments_that_grant(&self, id: &PluginId, permission: &Permission) -> Vec<&str> {
        let grants = |environment: &Environment| {
            let granted = environment.plugins.get(id).and_then(|plugin| plugin.grant.as_ref());
            granted.is_some_and(|granted| granted.iter().any(|granted| covers(permission, granted)))
        };
        self.env.iter().filter(|(_, environment)| grants(environment)).map(|(name, _)| name.as_str()).collect()
    }

    /// How an environment that is not the one of these settings configures a plugin, where it does.
    pub(crate) fn config_in(&self, environment: &str, id: &PluginId) -> Map<String, Value> {
        let plugin = self.env.get(environment).and_then(|environment| environment.plugins.get(id));
        plugin.map(|plugin| plugin.config.clone()).unwrap_or_default()
    }

    /// What is said of a plugin.
    pub(crate) fn plugin(&self, id: &PluginId) -> PluginSettings {
        self.plugins.get(id).cloned().unwrap_or_default()
    }
}
