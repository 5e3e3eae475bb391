//! `hal9 plugin lock`, and `install --lock`: what is installed in one home, written down, and installed like that in another.

use std::path::{Path, PathBuf};

use hal9_registry::{Lock, Locked, Plugin, Source};

use super::plan::{Plan, this_hal9, version_of};
use super::shelves::{Rule, Shelves};
use crate::failure::{Code, Failure};
use crate::keys;
use crate::output::{count, green, plain};
use crate::session::Session;
use crate::trust::{Leave, read_up_to};

/// The longest lock that is read, in bytes.
const LOCK_BYTES: u64 = 4 << 20;

pub(super) fn print(session: &Session, output: Option<&Path>) -> Result<(), Failure> {
    // A lock without one of them would not be what is installed.
    if let Some((_, error)) = session.registry.unreadable()?.pop_first() {
        return Err(error.into());
    }
    let mut locked = Vec::new();
    for plugin in session.registry.list()? {
        locked.extend(session.registry.installed(plugin.id())?.and_then(locked_of));
    }
    check_whole(session, &locked)?;
    let lock = Lock::new(locked)?;
    let text = toml::to_string(&lock).map_err(|error| Failure::internal("the lock could not be written", &error))?;
    let Some(path) = output else { return session.output.result(&lock, || text) };
    keys::write(path, text.as_bytes())?;
    session.output.result(&lock, || {
        format!("{} {} has {}", green("✓"), path.display(), count(lock.plugins().len() as u64, "plugin"))
    })
}

/// Whether all that is needed is installed from packages: nothing else can be had again by a lock.
fn check_whole(session: &Session, locked: &[Locked]) -> Result<(), Failure> {
    for plugin in locked {
        for needed in &plugin.dependencies {
            let id = &needed.plugin_id;
            let found = locked.iter().find(|one| one.id == *id);
            if found.is_some_and(|one| needed.version.matches(&one.version)) {
                continue;
            }
            let linked = session.registry.list()?.into_iter().find_map(|plugin| match plugin.source {
                Source::Linked(link) if plugin.manifest.metadata.id == *id => Some(link.folder),
                _ => None,
            });
            let (why, help) = match (found, linked) {
                (_, Some(folder)) => {
                    let folder = folder.display();
                    let why = format!("is loaded from {folder}, and a lock has only what is installed from packages");
                    (why, format!("pack it and install that: hal9 plugin pack {folder}"))
                }
                (Some(one), None) => (
                    format!("is installed in version {}", one.version),
                    format!("install one that fits, or take out what needs it: hal9 plugin uninstall {}", plugin.id),
                ),
                (None, None) => (
                    "is not installed".to_owned(),
                    format!("install it, or take out what needs it: hal9 plugin uninstall {}", plugin.id),
                ),
            };
            let message = format!("{} {} needs {id} {}, which {why}", plugin.id, plugin.version, needed.version);
            return Err(Failure::new(Code::Conflict, message).reason("dependencies").help(help).plugin(id));
        }
    }
    Ok(())
}

fn locked_of(plugin: Plugin) -> Option<Locked> {
    let Source::Installed(installed) = plugin.source else { return None };
    Some(Locked {
        id: plugin.manifest.metadata.id,
        version: installed.version,
        digest: installed.package,
        key: installed.key,
        dependencies: plugin.manifest.dependencies,
    })
}

/// The plan to have exactly what a lock says. What is installed beside it stays as it is.
pub(super) fn plan(session: &Session, path: &Path, from: &[PathBuf], leave: Leave<'_>) -> Result<Plan, Failure> {
    let lock = read(path)?;
    let named = lock.plugins().iter().map(|locked| locked.id.clone()).collect();
    let rule = Rule { trust: session.settings.trust(), leave, named };
    let mut shelves = Shelves::open(Vec::new(), from, rule, session.output)?;
    let plugins = session.registry.list()?;
    let trust = session.settings.trust();
    // What is installed was allowed to have no signature by who installed it.
    let installed_so = Leave { unsigned: true, ..leave };
    let mut plan = Plan::default();
    let hal9 = this_hal9()?;
    let chosen = match lock.resolve(&shelves, &hal9) {
        Ok(chosen) => chosen,
        // What is missing may be there, and not to be taken: then that is what there is to say.
        Err(_) => {
            shelves.offer_all();
            lock.resolve(&shelves, &hal9)?
        }
    };
    for candidate in chosen {
        let current = session.registry.installed(&candidate.id)?;
        let wanted = lock.plugins().iter().find(|locked| locked.id == candidate.id).and_then(|it| it.key.as_ref());
        let is_there = |plugin: &Plugin| {
            let Source::Installed(installed) = &plugin.source else { return false };
            let (version, key) = (version_of(plugin), installed.key.as_ref());
            *version == candidate.version
                && Some(installed.package) == candidate.digest
                && (wanted.is_none() || wanted == key)
                && trust.may(&candidate.id, key, installed_so, "what is installed").is_ok()
        };
        if current.as_ref().is_some_and(is_there) {
            plan.unchanged.push((candidate.id, candidate.version));
            continue;
        }
        let offer = shelves.take(&candidate)?;
        let signer = trust.judge(&offer, leave)?;
        if wanted.is_some() && wanted != signer.as_ref() {
            let message = format!("{}: the lock wants it signed by another key", candidate.id);
            return Err(Failure::new(Code::Signature, message)
                .reason("untrusted-key")
                .help("get the signature of the author that the lock names, or write the lock anew")
                .plugin(&candidate.id));
        }
        plan.warn(&offer, &plugins);
        plan.add(session, offer, leave, true)?;
    }
    check_others(&lock, &plugins)?;
    Ok(plan)
}

fn read(path: &Path) -> Result<Lock, Failure> {
    let bytes = read_up_to(path, LOCK_BYTES)?;
    let wrong = |why: String| {
        Failure::usage(format!("{}: {why}", path.display()), "write it anew where it is from: hal9 plugin lock")
    };
    if bytes.len() as u64 > LOCK_BYTES {
        return Err(wrong("it is too long for a lock".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    toml::from_str(&text).map_err(|error| wrong(plain(error.to_string().trim_end()).replace("\\n", "\n")))
}

/// Whether what is installed beside a lock can do with its versions.
fn check_others(lock: &Lock, plugins: &[Plugin]) -> Result<(), Failure> {
    for plugin in plugins.iter().filter(|plugin| !lock.plugins().iter().any(|locked| locked.id == *plugin.id())) {
        for needed in &plugin.manifest.dependencies {
            let locked = lock.plugins().iter().find(|locked| locked.id == needed.plugin_id);
            if let Some(locked) = locked.filter(|locked| !needed.version.matches(&locked.version)) {
                let (id, version) = (plugin.id(), &locked.version);
                let message = format!("{id} needs {} {}, and the lock has {version}", needed.plugin_id, needed.version);
                return Err(Failure::new(Code::Conflict, message)
                    .reason("dependents")
                    .help(format!("take it out first: hal9 plugin uninstall {id}"))
                    .plugin(&needed.plugin_id));
            }
        }
    }
    Ok(())
}
