//! `hal9 plugin uninstall|use`: taking versions out, and having another one serve, where no other plugin is in the way.

use hal9_host::{AuditEvent, AuditKind, AuditSink as _};
use hal9_package::{Manifest, PluginId};
use hal9_registry::{Installed, Plugin, Source};
use semver::Version;
use serde_json::json;

use super::apply::recorded;
use super::plan::version_of;
use super::trial;
use crate::failure::{Code, Failure};
use crate::memory_store::SqliteMemory;
use crate::output::{bold, dim, green};
use crate::registries::{Online, Registries};
use crate::session::Session;
use crate::trust::Leave;
use crate::{logs, validation};

pub(super) async fn uninstall(
    session: &mut Session,
    name: &str,
    version: Option<&Version>,
    purge: bool,
) -> Result<(), Failure> {
    let id = match session.unreadable(name)? {
        Some(id) => {
            check_unreadable(session, &id, version)?;
            id
        }
        None => check_readable(session, name, version)?,
    };
    let gone = session.registry.uninstall(&id, version)?;
    let plugins = session.registry.list()?;
    let is_linked = plugins.iter().any(|plugin| *plugin.id() == id && matches!(plugin.source, Source::Linked(_)));
    let next = session.registry.installed(&id).ok().flatten().map(|plugin| plugin.manifest.metadata.version);
    let next = next.as_ref();
    // What cannot be read of the others is gone as well.
    let words = match gone.as_slice() {
        [] => "(unreadable)".to_owned(),
        gone => gone.iter().map(|installed| installed.version.to_string()).collect::<Vec<_>>().join(", "),
    };
    let serves = next.map_or_else(String::new, |next| format!("; version {next} serves"));
    session.audit.record(&AuditEvent::new(
        AuditKind::Install,
        &id,
        &format!("version {words} uninstalled{serves}{}", if purge { ", with all that it kept" } else { "" }),
    ));
    recorded(session, "was uninstalled")?;
    // Last: what it kept is of no use to anybody else, and a plugin without it could not go on.
    let keys = if purge {
        let mut registries = Registries::open(&session.home, &session.settings, &Online::default())?;
        registries.unbind(&id).await?;
        logs::remove(&session.home.logs(), &id)?;
        Some(SqliteMemory::open(&session.home.memory())?.forget(&id)?)
    } else {
        None
    };
    let is_said = session.settings.plugins().any(|said| *said == id);
    let value = json!({
        "id": id,
        "uninstalled": gone.iter().map(|installed| &installed.version).collect::<Vec<_>>(),
        "serves": next,
        "linked": is_linked,
        "purged_keys": keys,
    });
    session.output.result(&value, || {
        let mut text = format!("{} {} {words} is uninstalled{serves}\n", green("✓"), bold(&id));
        let mut note = |line: String| text.push_str(&format!("  {}\n", dim(line)));
        match keys {
            Some(keys) => note(format!("its log and {keys} keys in HAL9's memory are deleted")),
            None if next.is_none() => note("what it keeps in HAL9's memory stays".to_owned()),
            None => {}
        }
        if is_said && next.is_none() {
            note("what hal9.toml says of it stays: its grants, its keys and its configuration".to_owned());
        }
        if is_linked {
            note(format!("it is loaded from a folder as well, and that stays: hal9 plugin unload {id}"));
        }
        text
    })
}

/// Whether a plugin, or one version of it, can be taken out; which it is.
fn check_readable(session: &Session, name: &str, version: Option<&Version>) -> Result<PluginId, Failure> {
    let Present { id, current, versions } = installed(session, name)?;
    if let Some(version) = version
        && !versions.iter().any(|(_, installed)| installed.version == *version)
    {
        return Err(absent(&id, version, &versions));
    }
    // What serves afterwards: the current version, or the newest that is left.
    let left: Vec<&(Manifest, Installed)> =
        versions.iter().filter(|(_, installed)| version.is_some_and(|version| installed.version != *version)).collect();
    let stays = left.iter().find(|(_, installed)| installed.version == *version_of(&current));
    let next = stays.or(left.first()).map(|(manifest, _)| &manifest.metadata.version);
    // Of the home: what lies in a folder serves this command's users, and not those that need the plugin.
    let serving = session.registry.get(id.as_str())?;
    let is_linked = serving.is_some_and(|plugin| matches!(plugin.source, Source::Linked(_)));
    if !is_linked {
        check_dependents(session, &id, next)?;
    }
    Ok(id)
}

/// Whether a plugin of which a version cannot be read, or that version alone, can be taken out. Nobody counts on what cannot
/// serve.
fn check_unreadable(session: &Session, id: &PluginId, version: Option<&Version>) -> Result<(), Failure> {
    let serving = session.registry.list()?.into_iter().find(|plugin| plugin.id() == id);
    let goes = |plugin: &Plugin| match &plugin.source {
        Source::Installed(installed) => version.is_none_or(|version| installed.version == *version),
        Source::Linked(_) => false,
    };
    if serving.as_ref().is_some_and(goes) { check_dependents(session, id, None) } else { Ok(()) }
}

pub(super) async fn switch(session: &mut Session, name: &str, version: &Version) -> Result<(), Failure> {
    let Present { id, current, versions } = installed(session, name)?;
    let Some((manifest, target)) = versions.iter().find(|(_, installed)| installed.version == *version) else {
        return Err(absent(&id, version, &versions));
    };
    let before = version_of(&current).clone();
    let changed = before != *version;
    if changed {
        // Whoever installed it has said that it may be unsigned; whether it may is asked as of now.
        let leave = Leave { unsigned: true, ..Leave::default() };
        session.settings.trust().may(&id, target.key.as_ref(), leave, &format!("version {version}"))?;
        validation::check_version(manifest)?;
        check_needs(session, manifest)?;
        check_dependents(session, &id, Some(version))?;
        let plugin = Plugin { manifest: manifest.clone(), source: Source::Installed(target.clone()), ..current };
        try_out(session, &plugin).await?;
        session.registry.switch(&id, version)?;
        let message = format!("version {version} serves in place of {before}");
        session.audit.record(&AuditEvent::new(AuditKind::Install, &id, &message));
        recorded(session, "serves")?;
    }
    let value = json!({ "id": id, "version": version, "before": before, "changed": changed });
    session.output.result(&value, || match changed {
        true => format!("{} {} {version} serves in place of {before}", green("✓"), bold(&id)),
        false => format!("{} {} {version} serves, and did before", green("✓"), bold(&id)),
    })
}

/// Whether an installed version would load and start as things are.
async fn try_out(session: &Session, plugin: &Plugin) -> Result<(), Failure> {
    let component = session.registry.component(plugin)?;
    let compiled = session.manager.host().compile(plugin.id().as_str(), &component)?;
    let loaded = trial::load(session, &compiled, &plugin.manifest, &plugin.granted)?;
    if plugin.active {
        trial::start(session, &loaded).await?;
    }
    Ok(())
}

/// A plugin that is installed.
pub(super) struct Present {
    pub(super) id: PluginId,
    /// The version that serves, or would if the plugin were not loaded from a folder.
    pub(super) current: Plugin,
    /// All that are installed, newest first.
    pub(super) versions: Vec<(Manifest, Installed)>,
}

/// The installed plugin of an id, a name, or the last part of an id.
pub(super) fn installed(session: &Session, name: &str) -> Result<Present, Failure> {
    let id = match session.registry.get(name)? {
        Some(plugin) => plugin.id().clone(),
        // It may be in a folder; then there is something to say of that.
        None => session.known_at_home(name)?.id().clone(),
    };
    let Some(current) = session.registry.installed(&id)? else {
        let message = format!("{id} is not installed: it is loaded from a folder");
        return Err(Failure::not_found(message, format!("unload it: hal9 plugin unload {id}")).plugin(&id));
    };
    let versions = session.registry.versions(&id)?;
    Ok(Present { id, current, versions })
}

fn absent(id: &PluginId, version: &Version, versions: &[(Manifest, Installed)]) -> Failure {
    let there: Vec<_> = versions.iter().map(|(_, installed)| installed.version.to_string()).collect();
    Failure::not_found(
        format!("{id} is not installed in version {version}"),
        format!("there are: {}", there.join(", ")),
    )
    .plugin(id)
}

/// Whether those that need a plugin can do with a version of it; or without it.
pub(in crate::commands) fn check_dependents(
    session: &Session,
    id: &PluginId,
    version: Option<&Version>,
) -> Result<(), Failure> {
    let mut needs = Vec::new();
    for dependent in session.registry.dependents(id)? {
        // One that cannot be read cannot serve, and needs nothing.
        let plugins = session.registry.list()?;
        let Some(plugin) = plugins.into_iter().find(|plugin| *plugin.id() == dependent) else { continue };
        for needed in plugin.manifest.dependencies.iter().filter(|needed| needed.plugin_id == *id) {
            if version.is_none_or(|version| !needed.version.matches(version)) {
                let out = if matches!(plugin.source, Source::Linked(_)) { "unload" } else { "uninstall" };
                needs.push((dependent.clone(), needed.version.to_string(), out));
            }
        }
    }
    let Some((first, _, out)) = needs.first() else { return Ok(()) };
    let words: Vec<_> = needs.iter().map(|(dependent, needed, _)| format!("{dependent} needs {id} {needed}")).collect();
    let message = match version {
        Some(version) => format!("{id} {version} does not do: {}", words.join(", ")),
        None => format!("{id} is needed: {}", words.join(", ")),
    };
    Err(Failure::new(Code::Conflict, message)
        .reason("dependents")
        .help(format!("take those out first, such as: hal9 plugin {out} {first}"))
        .plugin(id))
}

/// Whether what a version needs is there.
fn check_needs(session: &Session, manifest: &Manifest) -> Result<(), Failure> {
    let id = &manifest.metadata.id;
    for needed in &manifest.dependencies {
        let there = session.registry.get(needed.plugin_id.as_str())?;
        if there.as_ref().is_some_and(|there| needed.version.matches(version_of(there))) {
            continue;
        }
        let found = there.map_or_else(|| "is not installed".to_owned(), |there| format!("is {}", version_of(&there)));
        let message =
            format!("{id} {} needs {} {}, which {found}", manifest.metadata.version, needed.plugin_id, needed.version);
        return Err(Failure::new(Code::Conflict, message)
            .reason("dependencies")
            .help(format!("install a version of {} that fits first", needed.plugin_id))
            .plugin(id));
    }
    Ok(())
}
