//! Owns the one question that every import interface asks: may this plugin do that, now? Rights decide, a rate bounds how
//! often, and what is refused is recorded. It refuses to know what is done with the answer.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use hal9_package::{Host, Permission, PermissionKind, Permissions, PluginId, Rights};

use crate::audit::{AuditEvent, AuditKind, AuditSink, UseRecorder};
use crate::limits::Breach;
use crate::text::escape;
use crate::{Limit, link};

/// An interface whose calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Clock,
    Config,
    Files,
    Http,
    Learning,
    Logging,
    Memory,
    Metrics,
    Plugins,
    Signals,
}

/// How many interfaces there are.
const INTERFACES: usize = Interface::Signals as usize + 1;

/// The most of a name that a record shows, in bytes.
const NAME_BYTES: usize = 512;

/// Stands between one plugin and everything that it can reach, for all of its instances.
pub(crate) struct Guard {
    plugin: PluginId,
    declared: Permissions,
    rights: Rights,
    rates: [DefaultDirectRateLimiter; INTERFACES],
    audit: Arc<dyn AuditSink>,
    recorder: Option<Arc<dyn UseRecorder>>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("plugin", &self.plugin).field("rights", &self.rights).finish_non_exhaustive()
    }
}

impl Guard {
    /// `rate` is how often a second each interface may be called.
    pub(crate) fn new(
        plugin: PluginId,
        declared: Permissions,
        rights: Rights,
        rate: u32,
        audit: Arc<dyn AuditSink>,
        recorder: Option<Arc<dyn UseRecorder>>,
    ) -> Self {
        let quota = Quota::per_second(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
        Self { plugin, declared, rights, rates: std::array::from_fn(|_| RateLimiter::direct(quota)), audit, recorder }
    }

    pub(crate) fn plugin(&self) -> &PluginId {
        &self.plugin
    }

    pub(crate) fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Counts a call of an interface.
    ///
    /// # Errors
    ///
    /// The trap for a plugin that calls more often than its rate: an error that it could handle would have it go on.
    pub(crate) fn enter(&self, interface: Interface) -> Result<(), Breach> {
        self.rates[interface as usize].check().map_err(|_| Breach(Limit::Rate))
    }

    /// Whether the plugin may use `name`: a layer, a key, a metric, another plugin's id. A refusal is recorded.
    pub(crate) fn allows(&self, kind: PermissionKind, name: &str) -> bool {
        self.judge(kind, name, self.rights.allows(kind, name))
    }

    /// Whether the plugin may use all keys that begin with `prefix`.
    pub(crate) fn allows_prefix(&self, kind: PermissionKind, prefix: &str) -> bool {
        self.judge(kind, prefix, self.rights.allows_prefix(kind, prefix))
    }

    /// Whether the plugin may send a request to `host`; what it resolves to is another question.
    pub(crate) fn allows_host(&self, secure: bool, host: &Host, port: u16) -> bool {
        let allowed = self.rights.allows_host(secure, host, port);
        self.judge(scheme(secure), &format!("{host}:{port}"), allowed)
    }

    /// Whether the plugin may connect to an address: a public one that is not denied, or one that is granted by address.
    pub(crate) fn allows_address(&self, secure: bool, address: IpAddr, port: u16, public: bool) -> bool {
        let named = self.rights.names_address(secure, address, port);
        let allowed = named || (public && !self.rights.denies_address(secure, address, port));
        if named || !allowed {
            let host = Host::Address(address.to_canonical());
            self.judge(scheme(secure), &format!("{host}:{port}"), allowed);
        }
        allowed
    }

    /// Records that something without a name of its own was used, such as the time.
    pub(crate) fn used(&self, permission: &Permission) {
        if let Some(recorder) = &self.recorder {
            recorder.used(&self.plugin, permission);
        }
    }

    /// Records a refusal that was decided elsewhere.
    pub(crate) fn refused(&self, permission: Permission) {
        let help = self.help(&permission);
        let message = format!("{} was refused: {}", permission, self.rule(&permission));
        self.audit.record(&AuditEvent {
            permission: Some(permission),
            ..AuditEvent::new(AuditKind::Deny, &self.plugin, &message).help(help)
        });
    }

    /// Records the refusal of something that no permission opens.
    pub(crate) fn withheld(&self, what: &str, help: &str) {
        let message = format!("{what} was refused: plugins reach the network by HTTP only");
        self.audit.record(&AuditEvent::new(AuditKind::Deny, &self.plugin, &message).help(help));
    }

    /// Records that a limit was reached which does not end the call.
    pub(crate) fn limited(&self, limit: Limit, what: &str) {
        let help = limit.setting().map_or_else(String::new, |setting| link::limit_line(&self.plugin, setting));
        let message = format!("reached its {limit} limit: {what}");
        self.audit.record(&AuditEvent::new(AuditKind::Limit, &self.plugin, &message).help(help));
    }

    fn judge(&self, kind: PermissionKind, name: &str, allowed: bool) -> bool {
        if !allowed {
            // A plugin chose the name.
            self.refused(Permission { kind, scope: Some(escape(name, NAME_BYTES)) });
        } else if self.recorder.is_some() {
            self.used(&Permission { kind, scope: Some(name.to_owned()) });
        }
        allowed
    }

    /// Which rule refuses a use.
    fn rule(&self, permission: &Permission) -> String {
        let Permission { kind, .. } = permission;
        if !self.is_declared(permission) {
            format!("the manifest does not declare {kind} for it")
        } else if !Rights::new(self.rights.granted(), &Permissions::new()).covers(permission) {
            format!("no grant of {kind} includes it")
        } else if self.rights.denied().contains(*kind) {
            format!("a denial of {kind} includes it")
        } else {
            "it is no public address".to_owned()
        }
    }

    fn help(&self, permission: &Permission) -> String {
        if self.is_declared(permission) {
            link::grant_line(&self.plugin, &[permission])
        } else {
            link::declare_line(permission)
        }
    }

    fn is_declared(&self, permission: &Permission) -> bool {
        Rights::new(&self.declared, &Permissions::new()).covers(permission)
    }
}

fn scheme(secure: bool) -> PermissionKind {
    if secure { PermissionKind::NetworkHttps } else { PermissionKind::NetworkHttp }
}

#[cfg(test)]
impl Guard {
    /// One that declares and grants the same, and records nowhere.
    pub(crate) fn of(plugin: &str, granted: &[&str]) -> Arc<Self> {
        let granted: Permissions = granted.iter().map(|text| text.parse().unwrap()).collect();
        let rights = Rights::new(&granted, &Permissions::new());
        Arc::new(Self::new(plugin.parse().unwrap(), granted, rights, 1_000, Arc::new(crate::audit::TracingAudit), None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, PoisonError};

    #[derive(Default)]
    struct Kept(Mutex<Vec<AuditEvent>>);

    impl AuditSink for Kept {
        fn record(&self, event: &AuditEvent) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
    }

    fn set(texts: &[&str]) -> Permissions {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_refusal_says_which_rule_and_what_would_allow_it() {
        let kept = Arc::new(Kept::default());
        let rights = Rights::new(&set(&["Hal9Memory:a/"]), &set(&["Hal9Memory:a/secret"]));
        let declared = set(&["Hal9Memory", "Hal9Signal:L3"]);
        let guard = Guard::new("test.a".parse().unwrap(), declared, rights, 1, kept.clone(), None);
        assert!(guard.allows(PermissionKind::Hal9Memory, "a/x"));
        for (kind, name) in [
            (PermissionKind::Hal9Memory, "b"),
            (PermissionKind::Hal9Memory, "a/secret/1"),
            (PermissionKind::Hal9Signal, "L4"),
        ] {
            assert!(!guard.allows(kind, name));
        }
        let events = kept.0.lock().unwrap();
        let said: Vec<_> = events.iter().map(|event| event.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "Hal9Memory:b was refused: no grant of Hal9Memory includes it",
                "Hal9Memory:a/secret/1 was refused: a denial of Hal9Memory includes it",
                "Hal9Signal:L4 was refused: the manifest does not declare Hal9Signal for it",
            ]
        );
        assert!(events[0].help.contains("hal9 policy grant test.a 'Hal9Memory:b'"), "{}", events[0].help);
        assert!(events[2].help.contains("Permission::Hal9Signal(\"L4\")"), "{}", events[2].help);
    }

    #[test]
    fn an_interface_has_its_rate_apart_from_others() {
        let guard = Guard::of("test.a", &[]);
        let taken = (0..2_000).take_while(|_| guard.enter(Interface::Memory).is_ok()).count();
        assert!((1_000..1_500).contains(&taken), "{taken}");
        guard.enter(Interface::Metrics).unwrap();
    }
}
