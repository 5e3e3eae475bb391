//! Owns the one question that every import interface asks: may this plugin do that, now? Rights decide, a rate bounds how
//! often, and what is refused is recorded. It refuses to know what is done with the answer.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use governor::clock::DefaultClock;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use hal9_package::{Host, Permission, PermissionKind, Permissions, PluginId, Rights};

use crate::audit::{AuditEvent, AuditKind, AuditSink, Rule, UseRecorder};
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

/// The clock of all rates: to make one asks the processor what it can do, which takes longer than all else that a plugin is linked
/// with, on a virtual machine above all.
static CLOCK: LazyLock<DefaultClock> = LazyLock::new(DefaultClock::default);

/// The most of a name that a record shows, in bytes.
const NAME_BYTES: usize = 512;

/// Stands between one plugin and everything that it can reach, for all of its instances.
pub(crate) struct Guard {
    plugin: PluginId,
    declared: Permissions,
    rights: Rights,
    rates: [DefaultDirectRateLimiter; INTERFACES],
    /// The kinds whose inert use is on record.
    inert: Mutex<BTreeSet<PermissionKind>>,
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
        let rates = std::array::from_fn(|_| RateLimiter::direct_with_clock(quota, CLOCK.clone()));
        Self { plugin, declared, rights, rates, inert: Mutex::default(), audit, recorder }
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

    /// Records, once for each kind, that WASI was used for what was declared and not granted: it answers, and there is
    /// nothing.
    pub(crate) fn inert(&self, kind: PermissionKind) {
        if self.rights.contains(kind) || !self.declared.contains(kind) {
            return;
        }
        if self.inert.lock().unwrap_or_else(PoisonError::into_inner).insert(kind) {
            self.declared.iter().filter(|declared| declared.kind == kind).cloned().for_each(|each| self.refused(each));
        }
    }

    /// Records a refusal that was decided elsewhere.
    pub(crate) fn refused(&self, permission: Permission) {
        let event = self.refusal(&permission);
        self.audit.record(&AuditEvent { permission: Some(permission), ..event });
    }

    /// Records the refusal of something that no permission opens.
    pub(crate) fn withheld(&self, what: &str, why: &str, help: &str) {
        let message = format!("{what} was refused: {why}");
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
            // A plugin chose the name. One that had to be escaped or cut cannot be granted as it is shown; none stands for all.
            let shown = escape(name, NAME_BYTES);
            let is_exact = shown == name;
            let permission = Permission { kind, scope: (!shown.is_empty()).then_some(shown) };
            let event = self.refusal(&permission);
            self.audit.record(&AuditEvent { permission: is_exact.then_some(permission), ..event });
        } else if self.recorder.is_some() {
            self.used(&Permission { kind, scope: (!name.is_empty()).then(|| name.to_owned()) });
        }
        allowed
    }

    /// The record of a refused use, with the rule that refuses it and what would allow it.
    fn refusal(&self, permission: &Permission) -> AuditEvent {
        let kind = permission.kind;
        let grant = |permissions: &[&Permission]| link::grant_line(&self.plugin, permissions);
        let rule = self.rule(permission);
        let (why, help) = match rule {
            Rule::Undeclared => {
                (format!("the manifest does not declare {kind} for it"), link::declare_line(permission))
            }
            Rule::Ungranted => (format!("no grant of {kind} includes it"), grant(&[permission])),
            Rule::Denied => (format!("a denial of {kind} includes it"), grant(&self.denials(permission))),
            Rule::Private => ("it is no public address".to_owned(), grant(&[permission])),
        };
        let message = format!("{permission} was refused: {why}");
        AuditEvent { rule: Some(rule), ..AuditEvent::new(AuditKind::Deny, &self.plugin, &message).help(help) }
    }

    fn rule(&self, permission: &Permission) -> Rule {
        if !self.is_declared(permission) {
            Rule::Undeclared
        } else if !Rights::new(self.rights.granted(), &Permissions::new()).covers(permission) {
            Rule::Ungranted
        } else if !self.denials(permission).is_empty() {
            Rule::Denied
        } else {
            Rule::Private
        }
    }

    /// The denials that meet a use: that include it, or a part of it.
    fn denials(&self, permission: &Permission) -> Vec<&Permission> {
        let covers = |outer: &Permission, inner: &Permission| {
            Rights::new(&[outer.clone()].into_iter().collect(), &Permissions::new()).covers(inner)
        };
        let meets = |denied: &&Permission| covers(&denied.as_denial(), permission) || covers(permission, denied);
        self.rights.denied().iter().filter(meets).collect()
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
        assert!(events[1].help.contains("hal9 policy grant test.a 'Hal9Memory:a/secret'"), "{}", events[1].help);
        assert!(events[2].help.contains("Permission::Hal9Signal(\"L4\")"), "{}", events[2].help);
    }

    #[test]
    fn a_name_that_cannot_be_granted_as_it_is_shown_is_no_permission() {
        let kept = Arc::new(Kept::default());
        let rights = Rights::new(&set(&["Hal9Memory:a/"]), &set(&[]));
        let guard = Guard::new("test.a".parse().unwrap(), set(&["Hal9Memory"]), rights, 1, kept.clone(), None);
        let long = "k".repeat(1_000);
        for name in ["b\n", &long, "b'; rm -rf ~; '", "b"] {
            assert!(!guard.allows(PermissionKind::Hal9Memory, name));
        }
        assert!(!guard.allows_prefix(PermissionKind::Hal9Memory, ""));
        let events = kept.0.lock().unwrap();
        let shown: Vec<_> = events.iter().map(|event| event.permission.as_ref().map(ToString::to_string)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(shown, [None, None, some("Hal9Memory:b'; rm -rf ~; '"), some("Hal9Memory:b"), some("Hal9Memory")]);
        // Guards the quotes: the name is no command of its own.
        assert!(events[2].help.contains(r"'Hal9Memory:b'\''; rm -rf ~; '\'''"), "{}", events[2].help);
    }

    #[test]
    fn an_interface_has_its_rate_apart_from_others() {
        let guard = Guard::of("test.a", &[]);
        let taken = (0..2_000).take_while(|_| guard.enter(Interface::Memory).is_ok()).count();
        assert!((1_000..1_500).contains(&taken), "{taken}");
        guard.enter(Interface::Metrics).unwrap();
    }
}
