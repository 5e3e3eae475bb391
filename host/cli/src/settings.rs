//! Owns the operator's settings in `hal9.toml`: what each plugin is granted, how its limits are capped, and how it is
//! configured. It refuses to guess: a file that is malformed is an error, and one that is missing says nothing.

use std::collections::BTreeMap;
use std::path::Path;

use hal9_package::{LimitOverrides, Permissions, PluginId};
use serde::Deserialize;

use crate::failure::Failure;

/// All of `hal9.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(default)]
    plugins: BTreeMap<PluginId, PluginSettings>,
    /// What is different in an environment, such as `production`.
    #[serde(default)]
    env: BTreeMap<String, Environment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    plugins: BTreeMap<PluginId, PluginSettings>,
}

/// What an operator says of one plugin.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginSettings {
    /// What it is granted, in place of what it was granted when it was loaded.
    pub(crate) grant: Option<Permissions>,
    /// Caps on its limits.
    #[serde(default)]
    pub(crate) limits: LimitOverrides,
    /// Its configuration.
    #[serde(default)]
    pub(crate) config: serde_json::Map<String, serde_json::Value>,
}

impl Settings {
    /// Reads the file, and checks that it knows the environment, if one is asked for.
    pub(crate) fn read(path: &Path, environment: Option<&str>) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::file(path, &error)),
        };
        let mut settings: Self = toml::from_str(&text).map_err(|error| {
            let message = format!("{}: {}", path.display(), error.to_string().trim_end());
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
            for (id, over) in environment.plugins {
                settings.plugins.entry(id).or_default().overlay(over);
            }
        }
        Ok(settings)
    }

    /// What is said of a plugin.
    pub(crate) fn plugin(&self, id: &PluginId) -> PluginSettings {
        self.plugins.get(id).cloned().unwrap_or_default()
    }
}

impl PluginSettings {
    fn overlay(&mut self, over: Self) {
        self.grant = over.grant.or(self.grant.take());
        self.limits = self.limits.with(&over.limits);
        self.config.extend(over.config);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_package::PermissionKind;

    fn read(text: &str, environment: Option<&str>) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hal9.toml");
        std::fs::write(&path, text).unwrap();
        Settings::read(&path, environment)
    }

    const TEXT: &str = r#"
        [plugins."ai.hal9.x"]
        grant = ["Hal9Memory"]
        limits = { memory = "32MiB", call_time = "1s" }
        config = { depth = 3, name = "a" }

        [env.production.plugins."ai.hal9.x"]
        limits = { memory = "16MiB" }
        config = { depth = 9 }
    "#;

    #[test]
    fn an_environment_lies_over_the_rest() {
        let id: PluginId = "ai.hal9.x".parse().unwrap();
        let usual = read(TEXT, None).unwrap().plugin(&id);
        assert!(usual.grant.unwrap().contains(PermissionKind::Hal9Memory));
        assert_eq!(usual.config["depth"], 3);
        let production = read(TEXT, Some("production")).unwrap().plugin(&id);
        assert!(production.grant.is_some());
        assert_eq!((&production.config["depth"], &production.config["name"]), (&9.into(), &"a".into()));
        assert_eq!(production.limits.memory.unwrap().0, 16 << 20);
        assert_eq!(production.limits.call_time.unwrap().as_secs(), 1);
    }

    #[test]
    fn what_is_malformed_is_an_error_that_names_the_line() {
        for text in ["[plugins", "[plugins.\"ai.hal9.x\"]\ngrants = []", "[plugins.\"ai.hal9.x\"]\ngrant = [\"All\"]"] {
            let failure = read(text, None).unwrap_err();
            assert!(
                failure.message.contains("hal9.toml: ") && failure.message.contains("line "),
                "{}",
                failure.message
            );
        }
        assert!(read(TEXT, Some("staging")).unwrap_err().help.unwrap().contains("production"));
        assert!(Settings::read(Path::new("/nowhere/hal9.toml"), None).unwrap().plugins.is_empty());
    }
}
