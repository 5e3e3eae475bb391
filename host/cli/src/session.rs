//! Owns the plugins of one command: those that it needs, loaded from where the registry says and granted what the settings
//! say, and what they used up, written back at the end. It refuses to know what the command does with them.

mod catalogue;
mod closing;
mod loading;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hal9_host::{AuditEvent, AuditLog, AuditSink as _, Grant, HostBuilder, LoadOptions, LogSink, Manager};
use hal9_package::{Manifest, Permissions, PluginId};
use hal9_registry::Registry;

use crate::compile;
use crate::discovery::Findings;
use crate::failure::{Code, Failure};
use crate::grants::Standing;
use crate::home::Home;
use crate::logs::FileLog;
use crate::memory_store::SqliteMemory;
use crate::output::Output;
use crate::secrets::{self, GIVEN, MaskedLog};
use crate::settings::Settings;
use crate::watch::{self, Watch};

/// Home, settings, registry, and a manager without plugins at first.
pub(crate) struct Session {
    pub(crate) home: Home,
    pub(crate) settings: Settings,
    /// Whether these settings stand in place of those of hal9.toml.
    has_own_settings: bool,
    pub(crate) registry: Registry,
    pub(crate) manager: Manager,
    pub(crate) output: Output,
    pub(crate) audit: Arc<AuditLog>,
    watch: Option<Arc<Watch>>,
    /// Folders that the command names.
    plugin_path: Vec<PathBuf>,
    /// What is in folders; nobody looks before somebody asks.
    findings: OnceCell<Findings>,
    /// The plugins that are there for this session only.
    here: BTreeSet<PluginId>,
    /// The last error of each plugin that had one.
    errors: BTreeMap<PluginId, String>,
}

/// How a session is opened.
#[derive(Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) output: Output,
    pub(crate) environment: Option<&'a str>,
    /// In place of what hal9.toml says.
    pub(crate) settings: Option<&'a Settings>,
    /// Who watches what plugins do.
    pub(crate) watch: Option<Arc<Watch>>,
    /// Folders with plugins, in the order in which they are looked for.
    pub(crate) plugin_path: &'a [PathBuf],
    /// Who gets what plugins log, beside their files.
    pub(crate) log: Option<Arc<dyn LogSink>>,
}

/// A manager without plugins, whose backends are the home's.
pub(crate) fn manager(home: &Home) -> Result<Manager, Failure> {
    let log = Arc::new(FileLog::new(home.logs()));
    Ok(Manager::new(host(home, log)?.audit(audit_log(home)?))?)
}

fn host(home: &Home, log: Arc<dyn LogSink>) -> Result<HostBuilder, Failure> {
    let memory = SqliteMemory::open(&home.memory())?;
    Ok(compile::host()?.cache(home.cache()).log(log).memory(Arc::new(memory)))
}

pub(crate) fn audit_log(home: &Home) -> Result<Arc<AuditLog>, Failure> {
    let log = AuditLog::open(home.audit()).map_err(|error| Failure::file(&home.audit(), &error))?;
    Ok(Arc::new(log))
}

impl Session {
    /// Opens the home.
    pub(crate) fn open(opening: &Opening<'_>) -> Result<Self, Failure> {
        let Opening { output, environment, settings, watch, plugin_path, log } = opening.clone();
        let home = Home::find()?;
        let has_own_settings = settings.is_some();
        let settings = settings.map_or_else(|| Settings::read(&home.settings(), environment), |it| Ok(it.clone()))?;
        let registry = Registry::open(home.folder())?;
        let audit = audit_log(&home)?;
        let file: Arc<dyn LogSink> = Arc::new(FileLog::new(home.logs()));
        let log = Arc::new(MaskedLog { sinks: [Some(file), log].into_iter().flatten().collect() });
        let mut host = host(&home, log)?
            .engine(settings.engine())
            .totals(settings.totals())
            .network(settings.network()?)
            .audit(audit.clone());
        if let Some(watch) = &watch {
            host = host.audit(watch.beside(audit.clone())).recorder(watch.clone());
        }
        let manager = Manager::new(host)?;
        Ok(Self {
            home,
            settings,
            has_own_settings,
            registry,
            manager,
            output,
            audit,
            watch,
            plugin_path: plugin_path.to_vec(),
            findings: OnceCell::new(),
            here: BTreeSet::new(),
            errors: BTreeMap::new(),
        })
    }

    /// Reads the settings anew, unless they are not those of the file. What is used by all plugins together stays as it was.
    pub(crate) fn refresh(&mut self, environment: Option<&str>) -> Result<(), Failure> {
        if !self.has_own_settings {
            self.settings = Settings::read(&self.home.settings(), environment)?;
        }
        Ok(())
    }

    /// What a plugin declares, and what the settings grant and deny it; without a word of theirs, it has what it was
    /// `granted` when it was loaded.
    pub(crate) fn standing(&self, manifest: &Manifest, granted: &Permissions) -> Standing {
        let settings = self.settings.plugin(&manifest.metadata.id);
        Standing {
            declared: manifest.permissions.clone(),
            granted: settings.grant.unwrap_or_else(|| granted.clone()),
            denied: settings.deny,
        }
    }

    /// How a plugin is loaded, but for the secrets that its configuration refers to.
    pub(crate) fn options(&self, id: &PluginId, manifest: &Manifest, granted: &Permissions) -> LoadOptions {
        let settings = self.settings.plugin(id);
        let standing = self.standing(manifest, granted);
        let granted = match &self.watch {
            Some(watch) if watch.grants_all => watch::all(&standing, granted),
            _ => standing.granted,
        };
        LoadOptions {
            manifest: Some(manifest.clone()),
            grant: Grant::Only(granted),
            deny: standing.denied,
            breaker: settings.breaker(),
            caps: settings.limits,
            runtime: settings.runtime,
            config: serde_json::Value::Object(settings.config),
            ..LoadOptions::default()
        }
    }

    /// A configuration with the secrets that it refers to, as they are now.
    pub(crate) fn with_secrets(&self, id: &PluginId, config: serde_json::Value) -> Result<serde_json::Value, Failure> {
        let (config, secrets) = secrets::resolve(id, config, self.home.folder())?;
        GIVEN.add(&secrets);
        for note in secrets.iter().filter_map(|secret| secret.note(id)) {
            self.output.note(note);
        }
        Ok(config)
    }

    /// Records changes of policies that were made. Nobody is told that all is well while the log does not say so.
    pub(crate) fn record_policy(&self, changes: impl IntoIterator<Item = AuditEvent>) -> Result<(), Failure> {
        for change in changes {
            self.audit.record(&change);
        }
        self.audit.flush().map_err(|error| {
            let path = self.home.audit();
            let message =
                format!("the policy was changed, and the audit log does not say so: {}: {error}", path.display());
            Failure::new(Code::Unavailable, message)
                .help("find out what keeps hal9 from writing there; `hal9 policy show` says what holds")
        })
    }

    /// Notes a failure of a plugin's, for its usage.
    pub(crate) fn note_error(&mut self, failure: &Failure) {
        if let Some(plugin) = failure.plugin.as_deref().and_then(|plugin| plugin.parse().ok()) {
            self.errors.insert(plugin, failure.message.clone());
        }
    }
}
