//! Owns the operator's settings in `hal9.toml`: what each plugin is granted and denied, how its limits are capped, how it is
//! configured, and what all plugins may use together. It refuses to guess: a file that is malformed is an error, and one that is missing says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hal9_host::{Breaker, HostLimits, NetworkConfig};
use hal9_package::{
    ByteSize, LimitOverrides, Permission, Permissions, PluginId, PublicKey, RuntimeOverrides, SecretKey,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::grants::{all_absolute, covers};
use crate::secrets::Reference;
use crate::trust::Trust;

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
}

/// What all plugins together may use, where it is not the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostSettings {
    memory: Option<ByteSize>,
    cores: Option<NonZeroUsize>,
    connections: Option<u64>,
    open_files: Option<u64>,
    file_bytes: Option<ByteSize>,
    metric_names: Option<u64>,
}

/// How plugins reach the network, where they may.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkSettings {
    /// PEM files with certificates of authorities that are trusted beside the usual ones.
    #[serde(default)]
    extra_roots: Vec<PathBuf>,
}

/// Whom packages are taken from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustSettings {
    /// Whether a package without a signature may be installed, by who says so.
    allow_unsigned: Option<bool>,
    /// Keys that may sign nothing; what is installed by them does not run.
    #[serde(default)]
    revoked: BTreeSet<PublicKey>,
}

/// What an operator says of one plugin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginSettings {
    /// What it is granted, in place of what it was granted when it was loaded.
    pub(crate) grant: Option<Permissions>,
    /// What it does not get, whatever is granted. What an environment denies is denied besides.
    #[serde(default)]
    pub(crate) deny: Permissions,
    /// Who may sign its packages: `[]` is nobody, and where nothing is said, nobody has been asked. What an environment says takes the place of the rest.
    pub(crate) keys: Option<BTreeSet<PublicKey>>,
    /// Caps on its limits.
    #[serde(default)]
    pub(crate) limits: LimitOverrides,
    /// How its instances are kept, in place of what its manifest says.
    #[serde(default)]
    pub(crate) runtime: RuntimeOverrides,
    /// When it is given a rest.
    #[serde(default)]
    breaker: BreakerSettings,
    /// Its configuration; a value may be a reference to a secret.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
}

/// When a plugin that breaks again and again is given a rest, where it is not the default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakerSettings {
    /// After so many failures in a row; 0 for never.
    failures: Option<u32>,
    /// For how long at first, such as `1s`.
    #[serde(default, deserialize_with = "cooldown")]
    cooldown: Option<Duration>,
}

/// The longest rest at first that can be asked for.
const COOLDOWN: Duration = Duration::from_secs(24 * 3_600);

fn cooldown<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom("write a time of at most a day, such as \"500ms\" or \"1s\"");
    humantime::parse_duration(&text).ok().filter(|time| *time <= COOLDOWN).map(Some).ok_or_else(wrong)
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

    /// How plugins reach the network.
    ///
    /// # Errors
    ///
    /// A file of certificates that cannot be read, or has none.
    pub(crate) fn network(&self) -> Result<NetworkConfig, Failure> {
        let mut network = NetworkConfig::default();
        for path in &self.network.extra_roots {
            let pem = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
            let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
            if certificates.is_empty() {
                return Err(Failure::usage(
                    format!("{} has no certificates in PEM form", path.display()),
                    "correct the file, or remove it from `extra_roots` in hal9.toml",
                ));
            }
            network.extra_roots.extend(certificates.iter().map(|certificate| certificate.to_vec()));
        }
        Ok(network)
    }

    /// Whom packages are taken from.
    pub(crate) fn trust(&self) -> Trust {
        let keys = self.plugins.iter().filter_map(|(id, plugin)| Some((id.clone(), plugin.keys.clone()?)));
        Trust {
            allow_unsigned: self.trust.allow_unsigned.unwrap_or_default(),
            revoked: self.trust.revoked.clone(),
            keys: keys.collect(),
        }
    }

    /// The plugins of which anything is said.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = &PluginId> {
        self.plugins.keys()
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

impl PluginSettings {
    fn overlay(&mut self, over: Self) {
        self.grant = over.grant.or(self.grant.take());
        self.deny.extend(over.deny);
        self.keys = over.keys.or(self.keys.take());
        self.limits = self.limits.with(&over.limits);
        self.runtime = self.runtime.with(&over.runtime);
        self.breaker.failures = over.breaker.failures.or(self.breaker.failures);
        self.breaker.cooldown = over.breaker.cooldown.or(self.breaker.cooldown);
        merge(&mut self.config, over.config);
    }

    /// When it is given a rest for breaking again and again.
    pub(crate) fn breaker(&self) -> Breaker {
        let usual = Breaker::default();
        Breaker {
            failures: self.breaker.failures.unwrap_or(usual.failures),
            cooldown: self.breaker.cooldown.unwrap_or(usual.cooldown),
        }
    }
}

/// Lays one configuration over another: tables are laid over tables, and anything else takes the place of what was there.
fn merge(config: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, over) in over {
        let is_table = |value: &Value| value.is_object() && Reference::of(value).is_none();
        match (config.get_mut(&name).filter(|value| is_table(value)), is_table(&over), over) {
            (Some(Value::Object(members)), true, Value::Object(over)) => merge(members, over),
            (_, _, over) => {
                config.insert(name, over);
            }
        }
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
        [host]
        memory = "1GiB"
        connections = 3

        [plugins."ai.hal9.x"]
        grant = ["Hal9Memory", "FileRead:./data=>/data"]
        deny = ["Hal9Memory:secret/"]
        limits = { memory = "32MiB", call_time = "1s" }
        config = { depth = 3, name = "a" }

        [env.production.plugins."ai.hal9.x"]
        deny = ["SystemTime"]
        limits = { memory = "16MiB" }
        config = { depth = 9 }
    "#;

    #[test]
    fn an_environment_lies_over_the_rest() {
        let id: PluginId = "ai.hal9.x".parse().unwrap();
        let usual = read(TEXT, None).unwrap().plugin(&id);
        assert!(usual.grant.unwrap().contains(PermissionKind::Hal9Memory));
        assert_eq!((usual.config["depth"].as_u64(), usual.deny.to_string().as_str()), (Some(3), "Hal9Memory:secret/"));
        let production = read(TEXT, Some("production")).unwrap().plugin(&id);
        assert!(production.grant.is_some());
        assert_eq!(production.deny.to_string(), "SystemTime, Hal9Memory:secret/", "an environment denies besides");
        assert_eq!((&production.config["depth"], &production.config["name"]), (&9.into(), &"a".into()));
        assert_eq!(production.limits.memory.unwrap().0, 16 << 20);
        assert_eq!(production.limits.call_time.unwrap().as_secs(), 1);
    }

    #[test]
    fn tables_of_an_environment_lie_over_tables_and_references_are_values() {
        let text = r#"
            [plugins."ai.hal9.x".config]
            server = { host = "a", port = 1 }
            token = { "$env" = "TOKEN" }
            list = [1, 2]
            [env.production.plugins."ai.hal9.x".config]
            server = { port = 2 }
            token = { "$file" = "token.txt" }
            list = [3]
        "#;
        let config = read(text, Some("production")).unwrap().plugin(&"ai.hal9.x".parse().unwrap()).config;
        let expected = serde_json::json!({
            "server": {"host": "a", "port": 2},
            "token": {"$file": "token.txt"},
            "list": [3],
        });
        assert_eq!(Value::Object(config), expected);
    }

    #[test]
    fn what_is_said_of_instances_and_rests_is_taken_part_by_part() {
        let text = r#"
            [plugins."ai.hal9.x"]
            runtime = { parallel = 4, lazy = false }
            breaker = { failures = 2 }
            [env.production.plugins."ai.hal9.x"]
            runtime = { parallel = 8 }
            breaker = { cooldown = "250ms" }
        "#;
        let plugin = read(text, Some("production")).unwrap().plugin(&"ai.hal9.x".parse().unwrap());
        assert_eq!((plugin.runtime.parallel, plugin.runtime.lazy), (Some(8), Some(false)));
        assert_eq!(plugin.breaker(), Breaker { failures: 2, cooldown: Duration::from_millis(250) });
        assert_eq!(PluginSettings::default().breaker(), Breaker::default());
        for wrong in ["runtime = { parallel = 0 }", "breaker = { cooldown = \"2days\" }", "breaker = { fails = 1 }"] {
            assert!(read(&format!("[plugins.\"ai.hal9.x\"]\n{wrong}"), None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn totals_are_the_defaults_but_for_what_is_said() {
        let totals = read(TEXT, None).unwrap().totals();
        assert_eq!((totals.memory.0, totals.connections), (1 << 30, 3));
        assert_eq!(totals.open_files, HostLimits::default().open_files);
        assert!(read("[host]\ncores = 0", None).is_err() && read("[host]\ncore = 1", None).is_err());
    }

    #[test]
    fn certificates_lie_beside_the_file_and_are_some() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[network]\nextra_roots = [\"ca.pem\"]\n";
        let network = || Settings::parse(text, &folder.path().join("hal9.toml"), None).unwrap().network();
        assert!(network().unwrap_err().message.contains("ca.pem"));
        std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
        assert!(network().unwrap_err().message.contains("no certificates"));
        let pem = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
        std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
        assert_eq!(network().unwrap().extra_roots, [[0, 1, 2]]);
    }

    #[test]
    fn relative_paths_begin_at_the_folder_of_the_file() {
        let settings = Settings::parse(TEXT, Path::new("/home/hal9.toml"), None).unwrap();
        let granted = settings.plugin(&"ai.hal9.x".parse().unwrap()).grant.unwrap();
        assert_eq!(granted.scopes(PermissionKind::FileRead).next(), Some(Some("/home/data=>/data")));
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
