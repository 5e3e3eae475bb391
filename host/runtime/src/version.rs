//! Owns one version of a plugin: its component, linked to what it was granted, with its limits and its configuration. It refuses to
//! know which version serves.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

use hal9_package::{
    Capability, Limits, Manifest, Permission, PermissionKind, Permissions, PluginId, Rights, RuntimePolicy,
};

use crate::admission::Admitted;
use crate::audit::{AuditEvent, AuditKind, Rule};
use crate::component::Component;
use crate::cpu::Meter;
use crate::engine::Place;
use crate::guard::Guard;
use crate::host::Shared;
use crate::imports::metrics;
use crate::link::{Linked, Links};
use crate::sandbox::network::Outgoing;
use crate::{Error, Grant, Host, Kind, LoadOptions, configuration, fault, link, sandbox};

/// What holds for all instances of one version.
pub(crate) struct Version {
    pub(crate) id: PluginId,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) limits: Limits,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) policy: RuntimePolicy,
    /// None for real randomness.
    pub(crate) seed: Option<u64>,
    pub(crate) host: Host,
    component: Component,
    links: Links,
    /// The component as it is linked for its own place.
    linked: Arc<Linked>,
    pub(crate) reach: Reach,
    pub(crate) common: Common,
    /// Which of the host's versions this is; no two have the same number.
    pub(crate) number: u64,
    config: RwLock<Arc<serde_json::Value>>,
}

/// What a version can reach, and how much of it is used up. What the version before it used up stays so as far as the limit is
/// the same, so that a reload gives nobody a new allowance.
pub(crate) struct Reach {
    pub(crate) guard: Arc<Guard>,
    pub(crate) files: Arc<sandbox::Files>,
    pub(crate) outgoing: Outgoing,
    pub(crate) metric_names: Arc<metrics::Names>,
}

/// What all versions of a plugin share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) meter: Arc<Meter>,
    /// How many instances were made.
    pub(crate) instances: Arc<AtomicU64>,
}

/// The manifest that describes a component: the one that it carries, or else the one that is given.
///
/// # Errors
///
/// [`Error::InvalidComponent`] where there is none.
pub(crate) fn manifest(component: &Component, options: &mut LoadOptions) -> Result<Arc<Manifest>, Error> {
    let given = options.manifest.take();
    component.shared_manifest().cloned().or(given.map(Arc::new)).ok_or_else(|| Error::InvalidComponent {
        plugin: "a component without a manifest".to_owned(),
        reason: "nothing says what it is".to_owned(),
        help: "call `hal9_plugin!` in the plugin, or put a manifest.json beside it".to_owned(),
    })
}

impl Version {
    /// Links a component, as the version after `before` where there is one.
    ///
    /// # Errors
    ///
    /// As [`Host::load`].
    pub(crate) fn link(
        host: &Host,
        component: &Component,
        manifest: Arc<Manifest>,
        options: LoadOptions,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let id = manifest.metadata.id.clone();
        check_capabilities(&id, &manifest, component.kinds())?;
        let policy = manifest.runtime.with(&options.runtime);
        check_policy(&id, &policy, component.kinds())?;
        let granted = match &options.grant {
            Grant::Declared => manifest.permissions.clone(),
            Grant::Only(granted) => manifest.permissions.meet(granted),
        };
        let rights = Rights::new(&granted, &options.deny);
        link::check(&id, component, &manifest.permissions, rights.granted())
            .map_err(|error| refused(host, error, &manifest.permissions, &granted, &options.deny))?;
        let limits = manifest.limits.effective(&options.caps);
        let invalid = |error: wasmtime::Error| does_not_fit(&id, &error);
        let Shared { linkers, engine, totals, backends, .. } = &*host.shared;
        let links = Links::new(component, &manifest.permissions, rights.granted(), backends.interposer.is_some());
        let linked = linkers.link(engine, component, component.place(), &links).map_err(invalid)?;
        let config = configuration::check(&manifest, options.config)?;
        let reach = Reach::new(host, &manifest, rights, &limits, before);
        let common = before.map_or_else(
            || Common {
                meter: Arc::new(Meter::new(limits.cpu_share.fraction(), totals.cores.clone())),
                instances: Arc::default(),
            },
            |before| before.common.clone(),
        );
        Ok(Self {
            number: host.shared.next_version(),
            manifest,
            component: component.clone(),
            links,
            linked,
            kinds: component.kinds().to_vec(),
            seed: options.seed,
            host: host.clone(),
            config: RwLock::new(Arc::new(config)),
            id,
            limits,
            policy,
            reach,
            common,
        })
    }

    /// Lets another instance begin, and says what it is made of: in the pool while there is room, else on demand.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where as many live as may.
    pub(crate) fn admit(&self) -> Result<(Arc<Linked>, Admitted), Error> {
        let Shared { admission, linkers, engine, .. } = &*self.host.shared;
        let mut admitted = admission
            .admit(self.component.needs())
            .map_err(|full| fault::no_room(self, full))
            .inspect_err(|error| self.record(error))?;
        let place = self.component.place();
        let invalid = |error: wasmtime::Error| does_not_fit(&self.id, &error);
        if !place.pooled || admitted.take(engine.places(place.init).map_err(invalid)?) {
            return Ok((self.linked.clone(), admitted));
        }
        let on_demand = Place { pooled: false, ..place };
        let linked = linkers.link(engine, &self.component, on_demand, &self.links).map_err(invalid)?;
        Ok((linked, admitted))
    }

    pub(crate) fn config(&self) -> Arc<serde_json::Value> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the configuration that instances begin with; what it was.
    pub(crate) fn set_config(&self, config: Arc<serde_json::Value>) -> Arc<serde_json::Value> {
        std::mem::replace(&mut *self.config.write().unwrap_or_else(PoisonError::into_inner), config)
    }

    /// Whether its instances have something to hand over.
    pub(crate) fn keeps_state(&self) -> bool {
        self.policy.persistent && self.kinds.contains(&Kind::Lifecycle)
    }

    pub(crate) fn rights(&self) -> &Rights {
        self.reach.guard.rights()
    }

    /// Its version and what it was granted, in words.
    pub(crate) fn said(&self) -> String {
        format!("version {}, granted {}", self.manifest.metadata.version, self.rights().granted())
    }

    /// Puts something about it on record.
    pub(crate) fn note(&self, kind: AuditKind, message: &str) {
        self.host.shared.backends.audit.record(&AuditEvent::new(kind, &self.id, message));
    }

    /// Records an error that is worth a record: a limit, a trap.
    pub(crate) fn record(&self, error: &Error) {
        let (kind, plugin) = match error {
            Error::LimitExceeded { plugin, .. } | Error::Unavailable { plugin: Some(plugin), .. } => {
                (AuditKind::Limit, plugin)
            }
            Error::Trapped { plugin, .. } | Error::Exited { plugin, .. } => (AuditKind::Trap, plugin),
            _ => return,
        };
        let event = AuditEvent::new(kind, plugin, &error.to_string()).help(error.help().unwrap_or_default());
        self.host.shared.backends.audit.record(&event);
    }

    /// What this version may do that the one before it may not; a denial that was taken away counts as well.
    pub(crate) fn widened(&self, before: &Self) -> Permissions {
        let nothing = Permissions::new();
        let (old, new) = (before.rights(), self.rights());
        let had = Rights::new(old.granted(), &nothing);
        let still_denied = Rights::new(new.denied(), &nothing);
        // Whoever writes files reads them as well.
        let written = |permission: &Permission| Permission { kind: PermissionKind::FileWrite, ..permission.clone() };
        let had_it = |permission: &Permission| {
            had.covers(permission) || permission.kind == PermissionKind::FileRead && had.covers(&written(permission))
        };
        let more = new.granted().iter().filter(|permission| !had_it(permission));
        let freed = old.denied().iter().filter(|denied| new.contains(denied.kind) && !still_denied.covers(denied));
        more.chain(freed).cloned().collect()
    }

    fn may_the_same(&self, manifest: &Manifest, rights: &Rights, limits: &Limits) -> bool {
        self.manifest.permissions == manifest.permissions
            && self.rights() == rights
            && self.limits.host_calls == limits.host_calls
    }
}

impl Reach {
    fn new(host: &Host, manifest: &Manifest, rights: Rights, limits: &Limits, before: Option<&Version>) -> Self {
        let Shared { backends, totals, network, .. } = &*host.shared;
        let guard = match before {
            Some(before) if before.may_the_same(manifest, &rights, limits) => before.reach.guard.clone(),
            _ => Arc::new(Guard::new(
                manifest.metadata.id.clone(),
                manifest.permissions.clone(),
                rights,
                limits.host_calls,
                backends.audit.clone(),
                backends.recorder.clone(),
            )),
        };
        let files = sandbox::Files::new(&guard, limits, totals);
        let outgoing = Outgoing::new(guard.clone(), network.clone(), limits, totals.connections.clone());
        let names = Arc::new(metrics::Names::new(limits.metric_names, totals.metric_names.clone()));
        match before.map(|before| &before.reach) {
            Some(before) => Self {
                files: Arc::new(files.after(&before.files)),
                outgoing: outgoing.after(&before.outgoing),
                metric_names: names.after(&before.metric_names),
                guard,
            },
            None => Self { files: Arc::new(files), outgoing, metric_names: names, guard },
        }
    }
}

/// Records an import that was refused, and says how a denial is undone, if it was one.
fn refused(
    host: &Host,
    mut error: Error,
    declared: &Permissions,
    granted: &Permissions,
    denied: &Permissions,
) -> Error {
    let Error::Ungranted { plugin, permission: kind, help, .. } = &mut error else {
        host.refuse(&error);
        return error;
    };
    let (plugin, kind) = (plugin.clone(), *kind);
    let first = declared.iter().find(|declared| declared.kind == kind);
    let rule = match first {
        None => Rule::Undeclared,
        Some(_) if granted.contains(kind) => Rule::Denied,
        Some(_) => Rule::Ungranted,
    };
    if rule == Rule::Denied {
        let denials: Vec<_> = denied.iter().filter(|denied| denied.kind == kind).collect();
        *help = link::grant_line(&plugin, &denials);
    }
    // Granting all of a kind grants what is declared of it, where the kind can be granted so.
    let permission = first.filter(|_| kind.needs_scope()).cloned().unwrap_or(Permission::unscoped(kind));
    let event = AuditEvent::new(AuditKind::Deny, &plugin, &error.to_string()).help(error.help().unwrap_or_default());
    host.shared.backends.audit.record(&AuditEvent { permission: Some(permission), rule: Some(rule), ..event });
    error
}

/// The error for an import or export of another type than the interface's.
pub(crate) fn does_not_fit(plugin: &PluginId, error: &wasmtime::Error) -> Error {
    Error::InvalidComponent {
        plugin: plugin.to_string(),
        reason: format!("{error:#}"),
        help: "build it against the WIT of this host".to_owned(),
    }
}

/// Holds how instances are to be kept against what the plugin is: models live in the one instance of a learning algorithm.
fn check_policy(plugin: &PluginId, policy: &RuntimePolicy, kinds: &[Kind]) -> Result<(), Error> {
    let refuse = |what: String, help: String| Err(Error::InvalidInput { plugin: Some(plugin.clone()), what, help });
    let place = format!("in the manifest's `runtime`, or in hal9.toml under [plugins.\"{plugin}\"]: runtime");
    if !(1..=RuntimePolicy::MAX_PARALLEL).contains(&policy.parallel) {
        let help = format!("write 1 to {} {place}", RuntimePolicy::MAX_PARALLEL);
        return refuse(format!("{plugin}: `parallel` is {}", policy.parallel), help);
    }
    if policy.recycle_after == Some(0) {
        return refuse(format!("{plugin}: `recycle_after` is 0"), format!("write at least 1 {place}, or leave it out"));
    }
    if !kinds.contains(&Kind::LearningAlgorithm) {
        return Ok(());
    }
    let setting = match policy {
        RuntimePolicy { parallel: 2.., .. } => format!("`parallel` {}", policy.parallel),
        RuntimePolicy { persistent: false, .. } => "`persistent` false".to_owned(),
        RuntimePolicy { recycle_after: Some(calls), .. } => format!("`recycle_after` {calls}"),
        _ => return Ok(()),
    };
    let what =
        format!("{plugin}: a learning algorithm keeps its models in its one instance: {setting} would lose them");
    refuse(what, format!("leave it out {place}"))
}

/// Holds what a manifest declares against what its component exports.
fn check_capabilities(plugin: &PluginId, manifest: &Manifest, kinds: &[Kind]) -> Result<(), Error> {
    for capability in &manifest.capabilities {
        let kind = match capability {
            Capability::NeuronType { .. } => Kind::Neuron,
            Capability::ToolProvider { .. } => Kind::Tool,
            Capability::MemoryProvider { .. } => Kind::MemoryProvider,
            Capability::LearningAlgorithm { .. } => Kind::LearningAlgorithm,
            Capability::ApiExtension { .. } => Kind::ApiExtension,
            _ => continue,
        };
        if !kinds.contains(&kind) {
            return Err(Error::InvalidComponent {
                plugin: plugin.to_string(),
                reason: format!(
                    "declares the capability {} `{}`, and does not export `{}`",
                    capability.kind(),
                    capability.name(),
                    kind.interface()
                ),
                help: "export the interface, or remove the capability".to_owned(),
            });
        }
    }
    Ok(())
}
