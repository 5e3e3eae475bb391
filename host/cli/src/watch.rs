//! Owns what a run shows of its plugins' rights: those that they used, those that they were refused, and the smallest policy
//! under which they do the same. It refuses to know what ran.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hal9_host::{AuditEvent, AuditKind, AuditLog, AuditSink, Component, UseRecorder};
use hal9_package::{Permission, PermissionKind, Permissions, PluginId, Rights};

use crate::grants::Standing;

/// So many keys, names or hosts of a kind are granted each by itself; more by what they have in common, or as they are declared.
const EACH: usize = 16;

/// So many different uses of a plugin are kept. A run with more gets what is declared.
const USES: usize = 4_096;

/// Watches a run.
#[derive(Default)]
pub(crate) struct Watch {
    /// Whether plugins get all that they declare, and is not denied.
    pub(crate) grants_all: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    plugins: BTreeMap<PluginId, Taken>,
    /// What was refused to whom, and how it was said: the rule may be another one under another policy.
    refused: BTreeMap<(Option<PluginId>, String), String>,
}

/// What one plugin took.
#[derive(Clone, Default)]
struct Taken {
    /// Whether it was called, and not only started.
    called: bool,
    declared: Permissions,
    /// For each import that needs one: the kinds of permission, one of which links it.
    imports: Vec<&'static [PermissionKind]>,
    used: BTreeSet<Permission>,
    /// Kinds that were used in more ways than can be kept, or in one that nobody can write down.
    over: BTreeSet<PermissionKind>,
}

/// The smallest policy of one plugin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) granted: Permissions,
    /// What was not used, and is kept because the plugin would not load without it.
    pub(crate) unused: Permissions,
}

impl Watch {
    /// One that grants all that is declared.
    pub(crate) fn granting_all() -> Self {
        Self { grants_all: true, ..Self::default() }
    }

    /// A log that this sees as well.
    pub(crate) fn beside(self: &Arc<Self>, log: Arc<AuditLog>) -> Arc<dyn AuditSink> {
        Arc::new(Watched { watch: self.clone(), log })
    }

    /// A plugin was loaded.
    pub(crate) fn loaded(&self, plugin: &hal9_host::Plugin, component: &Component) {
        let needs = component.imports().iter().map(|import| PermissionKind::of_interface(import));
        let mut seen = self.seen();
        let taken = seen.plugins.entry(plugin.id().clone()).or_default();
        taken.declared = plugin.manifest().permissions.clone();
        taken.imports = needs.filter(|kinds| !kinds.is_empty()).collect();
    }

    /// A plugin was called.
    pub(crate) fn called(&self, plugin: &PluginId) {
        self.seen().plugins.entry(plugin.clone()).or_default().called = true;
    }

    /// The plugins that the run was about: those that it called; where it only started some, those that used a right meanwhile. Of
    /// the others, such as those that one of these could have called, it shows nothing.
    pub(crate) fn ran(&self) -> BTreeSet<PluginId> {
        let seen = self.seen();
        let those = |fit: fn(&Taken) -> bool| -> BTreeSet<PluginId> {
            seen.plugins.iter().filter(|(_, taken)| fit(taken)).map(|(plugin, _)| plugin.clone()).collect()
        };
        let called = those(|taken| taken.called);
        if called.is_empty() { those(|taken| !taken.used.is_empty() || !taken.over.is_empty()) } else { called }
    }

    /// The smallest policy for a plugin, of which this is the one that it has now.
    pub(crate) fn least(&self, plugin: &PluginId, now: &Standing) -> Least {
        self.seen().plugins.get(plugin).map(|taken| taken.least(now)).unwrap_or_default()
    }

    /// What was refused here to the plugins that a run was about, and not in that run.
    pub(crate) fn newly_refused(&self, before: &Self) -> Vec<String> {
        let ran = before.ran();
        let before = before.seen();
        let seen = self.seen();
        let new = seen.refused.iter().filter(|(refused, _)| {
            refused.0.as_ref().is_none_or(|plugin| ran.contains(plugin)) && !before.refused.contains_key(refused)
        });
        new.map(|((plugin, _), message)| match plugin {
            Some(plugin) => format!("{plugin}: {message}"),
            None => message.clone(),
        })
        .collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UseRecorder for Watch {
    fn used(&self, plugin: &PluginId, permission: &Permission) {
        let mut seen = self.seen();
        let taken = seen.plugins.entry(plugin.clone()).or_default();
        if taken.used.contains(permission) || taken.over.contains(&permission.kind) {
            return;
        }
        let is_written = permission.to_string().parse().as_ref() == Ok(permission);
        if is_written && taken.used.len() < USES {
            taken.used.insert(permission.clone());
        } else {
            taken.over.insert(permission.kind);
        }
    }
}

struct Watched {
    watch: Arc<Watch>,
    log: Arc<AuditLog>,
}

impl AuditSink for Watched {
    fn record(&self, event: &AuditEvent) {
        if event.kind == AuditKind::Deny {
            let mut seen = self.watch.seen();
            if seen.refused.len() < USES {
                let what = event.permission.as_ref().map_or_else(|| event.message.clone(), ToString::to_string);
                seen.refused.insert((event.plugin.clone(), what), event.message.clone());
            }
        }
        self.log.record(event);
    }
}

/// All that a plugin declares; folders with the host's path that the operator gave them, or that they had when it was loaded.
pub(crate) fn all(standing: &Standing, loaded: &Permissions) -> Permissions {
    let loaded = Standing { granted: loaded.clone(), ..Standing::default() };
    let known = |declared: &Permission| match standing.with_host_path(declared) {
        same if same == *declared => loaded.with_host_path(declared),
        other => other,
    };
    standing.declared.iter().map(known).collect()
}

impl Taken {
    fn least(&self, now: &Standing) -> Least {
        let mut least = Least::default();
        // What was not used gives no reason to grant more than now.
        let kept = now.rights();
        let possible = Rights::new(&self.declared, &now.denied);
        for kind in PermissionKind::ALL {
            least.granted.extend(self.of_kind(*kind));
        }
        for kinds in &self.imports {
            if kinds.iter().any(|kind| least.granted.contains(*kind)) {
                continue;
            }
            // The longest scope is the narrowest, as far as one can tell from scopes.
            let narrowest = |rights: &Rights| {
                let fitting = rights.granted().iter().filter(|permission| kinds.contains(&permission.kind));
                fitting.max_by_key(|permission| permission.scope.as_ref().map_or(0, String::len)).cloned()
            };
            if let Some(narrowest) = narrowest(&kept).or_else(|| narrowest(&possible)) {
                least.granted.insert(narrowest.clone());
                least.unused.insert(narrowest);
            }
        }
        least
    }

    /// What was used of a kind, in as many permissions as people can read.
    fn of_kind(&self, kind: PermissionKind) -> Permissions {
        let used: Permissions = self.used.iter().filter(|used| used.kind == kind).cloned().collect();
        let declared = || self.declared.iter().filter(|declared| declared.kind == kind);
        if self.over.contains(&kind) {
            return declared().cloned().collect();
        }
        if used.len() <= EACH || !has_prefixes(kind) {
            return used;
        }
        let mut few = Permissions::new();
        for declared in declared() {
            let within = used.iter().filter(|used| crate::grants::covers(declared, used));
            let shared = within.map(|used| used.scope.as_deref().unwrap_or_default()).reduce(common);
            few.extend(shared.map(|shared| match shared {
                "" => declared.clone(),
                shared => Permission { kind, scope: Some(shared.trim_end().to_owned()) },
            }));
        }
        few
    }
}

/// Whether a scope of this kind is what names begin with.
fn has_prefixes(kind: PermissionKind) -> bool {
    matches!(kind, PermissionKind::Hal9Memory | PermissionKind::Hal9Metrics)
}

/// What two texts begin with.
fn common<'a>(a: &'a str, b: &'a str) -> &'a str {
    let end =
        a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b).map_or(a.len().min(b.len()), |((at, _), _)| at);
    &a[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use PermissionKind::{Hal9Memory, Hal9Signal, NetworkHttp, NetworkHttps};

    fn set(texts: &[&str]) -> Permissions {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn least(declared: &[&str], imports: &[&'static [PermissionKind]], used: &[&str]) -> (String, String) {
        least_of(&Standing { declared: set(declared), ..Standing::default() }, imports, used)
    }

    fn least_of(now: &Standing, imports: &[&'static [PermissionKind]], used: &[&str]) -> (String, String) {
        let taken = Taken {
            declared: now.declared.clone(),
            imports: imports.to_vec(),
            used: set(used).into_iter().collect(),
            ..Taken::default()
        };
        let least = taken.least(now);
        (least.granted.to_string(), least.unused.to_string())
    }

    #[test]
    fn what_was_used_is_granted_and_nothing_else() {
        assert_eq!(
            least(&["Hal9Memory", "SystemTime", "Hal9Signal"], &[&[Hal9Memory]], &["Hal9Memory:a", "SystemTime"]),
            ("SystemTime, Hal9Memory:a".to_owned(), "none".to_owned())
        );
        // An import that was not used needs a permission all the same, or the plugin would not load.
        assert_eq!(
            least(&["Hal9Signal", "Hal9Signal:L3"], &[&[Hal9Signal]], &[]),
            ("Hal9Signal:L3".to_owned(), "Hal9Signal:L3".to_owned())
        );
        assert_eq!(
            least(&["NetworkHttp:a.com"], &[&[NetworkHttps, NetworkHttp]], &["NetworkHttp:a.com:80"]).0,
            "NetworkHttp:a.com:80"
        );
        // Reading, where only writing was declared.
        assert_eq!(least(&["FileWrite:/a=>/b"], &[], &["FileRead:/a=>/b"]).0, "FileRead:/a=>/b");
    }

    #[test]
    fn what_was_not_used_is_kept_as_narrow_as_it_is_now() {
        let kept = |granted: &[&str], denied: &[&str]| {
            let declared = set(&["Hal9Memory", "Hal9Memory:a/very/long/one/", "Hal9Signal"]);
            let now = Standing { declared, granted: set(granted), denied: set(denied) };
            least_of(&now, &[&[Hal9Memory]], &[]).0
        };
        // Guards what an operator granted against a run that shows nothing about it.
        assert_eq!(kept(&["Hal9Memory:notes/"], &[]), "Hal9Memory:notes/");
        assert_eq!(kept(&["Hal9Memory:b", "Hal9Memory:notes/"], &["Hal9Memory:notes/"]), "Hal9Memory:b");
        assert_eq!(kept(&["SystemTime"], &[]), "Hal9Memory:a/very/long/one/", "nothing of the kind is granted");
        assert_eq!(kept(&[], &["Hal9Memory:a/"]), "Hal9Memory", "it could not load with what is denied");
    }

    #[test]
    fn plugins_that_were_only_started_are_left_alone() {
        let watch = Watch::default();
        let [called, started, idle] = ["test.called", "test.started", "test.idle"].map(|id| id.parse().unwrap());
        let ran = || watch.ran().iter().map(PluginId::short).collect::<Vec<_>>().join(" ");
        watch.seen().plugins.insert(idle, Taken::default());
        assert_eq!(ran(), "");
        watch.used(&started, &"SystemTime".parse().unwrap());
        assert_eq!(ran(), "started", "a run that calls nobody is about what starts use");
        watch.called(&called);
        assert_eq!(ran(), "called");
        // What one of the others is refused does not disprove the policy of the one that was called.
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(AuditLog::open(folder.path().join("audit.jsonl")).unwrap());
        let again = Arc::new(Watch::default());
        let refuse = |plugin| again.beside(log.clone()).record(&AuditEvent::new(AuditKind::Deny, plugin, "no"));
        refuse(&started);
        assert!(again.newly_refused(&watch).is_empty());
        refuse(&called);
        assert_eq!(again.newly_refused(&watch), ["test.called: no"]);
    }

    #[test]
    fn many_keys_are_granted_by_what_they_have_in_common() {
        let keys: Vec<_> = (0..40).map(|n| format!("Hal9Memory:cache/{n}")).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        assert_eq!(least(&["Hal9Memory"], &[], &keys).0, "Hal9Memory:cache/");
        let others: Vec<_> = (0..40).map(|n| format!("Hal9Memory:{n}/x")).collect();
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        assert_eq!(least(&["Hal9Memory"], &[], &others).0, "Hal9Memory");
        assert_eq!(
            least(&["Hal9Memory"], &[], &keys[..3]).0,
            "Hal9Memory:cache/0, Hal9Memory:cache/1, Hal9Memory:cache/2"
        );
    }

    #[test]
    fn uses_without_end_become_what_is_declared() {
        let (watch, plugin) = (Watch::default(), "test.a".parse().unwrap());
        for n in 0..2 * USES {
            watch.used(&plugin, &format!("Hal9Memory:{n}").parse().unwrap());
        }
        watch.seen().plugins.get_mut(&plugin).unwrap().declared = set(&["Hal9Memory"]);
        assert!(watch.seen().plugins[&plugin].used.len() <= USES);
        assert_eq!(watch.least(&plugin, &Standing::default()).granted.to_string(), "Hal9Memory");
    }

    #[test]
    fn a_use_that_nobody_can_write_down_becomes_what_is_declared() {
        let (watch, plugin) = (Watch::default(), "test.a".parse().unwrap());
        for name in ["good", "bad\n"] {
            watch.used(&plugin, &Permission { kind: Hal9Memory, scope: Some(name.to_owned()) });
        }
        watch.seen().plugins.get_mut(&plugin).unwrap().declared = set(&["Hal9Memory", "SystemTime"]);
        assert_eq!(watch.least(&plugin, &Standing::default()).granted.to_string(), "Hal9Memory");
    }

    #[test]
    fn what_is_refused_and_was_not_before_disproves_a_policy() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(AuditLog::open(folder.path().join("audit.jsonl")).unwrap());
        let (before, after) = (Arc::new(Watch::default()), Arc::new(Watch::default()));
        before.called(&"test.a".parse().unwrap());
        let record = |watch: &Arc<Watch>, permission: &str, why: &str| {
            let event = AuditEvent::new(AuditKind::Deny, &"test.a".parse().unwrap(), why);
            watch.beside(log.clone()).record(&AuditEvent { permission: Some(permission.parse().unwrap()), ..event });
        };
        record(&before, "Hal9Memory:a", "it is denied");
        record(&after, "Hal9Memory:a", "no grant includes it");
        assert!(after.newly_refused(&before).is_empty(), "the rule does not matter");
        record(&after, "Hal9Memory:b", "no grant includes it");
        assert_eq!(after.newly_refused(&before), ["test.a: no grant includes it"]);
    }

    #[test]
    fn a_folder_keeps_the_hosts_path_that_it_was_granted_with() {
        let standing = Standing {
            declared: set(&[
                "FileRead:./data=>/data",
                "FileWrite:./data=>/data",
                "FileRead:./more=>/more",
                "SystemTime",
            ]),
            granted: set(&["FileRead:/srv=>/data"]),
            denied: Permissions::new(),
        };
        let loaded = set(&["FileRead:/home/data=>/data", "FileRead:/home/more=>/more"]);
        assert_eq!(
            all(&standing, &loaded).to_string(),
            "FileRead:/home/more=>/more, FileRead:/srv=>/data, FileWrite:/srv=>/data, SystemTime"
        );
    }
}
