//! `hal9 plugin list|info|load|activate|deactivate|unload|logs`: which plugins there are, and how they do.

use std::path::Path;

use hal9_host::{AuditEvent, AuditKind, AuditSink as _};
use hal9_package::{Manifest, Permissions, RuntimePolicy};
use hal9_registry::{Loaded, Plugin, Recorded, Source, Usage};
use serde_json::json;

use super::policy::{granted_by, standing_text};
use super::provenance::{Provenance, component, folder, installed_json, source_name};
use super::{found, install, state};
use crate::args::LoadedCommand;
use crate::failure::{Code, Failure};
use crate::grants::all_absolute;
use crate::output::{bold, count, dim, green, plain, red, size, table, time, yellow};
use crate::session::Session;
use crate::source;
use crate::validation::check_version;

pub(super) async fn run(
    session: &mut Session,
    environment: Option<&str>,
    command: LoadedCommand,
) -> Result<(), Failure> {
    match command {
        LoadedCommand::List { all } => list(session, all),
        LoadedCommand::Info { plugin } => info(session, &plugin),
        LoadedCommand::Load { dev, grant, no_grants } => {
            let only = (no_grants || !grant.is_empty()).then(|| grant.into_iter().collect());
            load(session, &dev, only).await
        }
        LoadedCommand::Activate { plugin } => activate(session, &plugin).await,
        LoadedCommand::Deactivate { plugin } => deactivate(session, &plugin),
        LoadedCommand::Unload { plugin } => unload(session, &plugin),
        LoadedCommand::Logs(args) => super::logs::run(session, &args).await,
        LoadedCommand::Config(command) => super::config::run(session, environment, command),
        LoadedCommand::Health { plugin } => super::health::run(session, plugin.as_deref()).await,
    }
}

/// How well a plugin has worked so far, as its counters tell: in other words than those in which it says how it feels.
fn so_far(usage: &Usage) -> &'static str {
    match usage {
        Usage { calls: 0, traps: 0, .. } => "unused",
        Usage { traps: 0, .. } => "steady",
        Usage { calls, traps, .. } if traps.saturating_mul(2) < *calls => "shaky",
        _ => "failing",
    }
}

fn coloured(so_far: &str) -> String {
    match so_far {
        "steady" => green(so_far),
        "shaky" => yellow(so_far),
        "failing" => red(so_far),
        _ => dim(so_far),
    }
}

fn kinds(manifest: &Manifest) -> String {
    let mut kinds: Vec<_> = manifest.capabilities.iter().map(|capability| capability.kind()).collect();
    kinds.dedup();
    kinds.join(", ")
}

pub(super) fn usage_json(usage: &Usage) -> serde_json::Value {
    json!({
        "calls": usage.calls,
        "errors": usage.errors,
        "traps": usage.traps,
        "time_us": u64::try_from(usage.time.as_micros()).unwrap_or(u64::MAX),
        "peak_memory": usage.peak_memory,
        "last_error": usage.last_error,
        "so_far": so_far(usage),
    })
}

fn list(session: &Session, all: bool) -> Result<(), Failure> {
    let plugins: Vec<(Plugin, Usage)> = session
        .plugins()?
        .into_iter()
        .map(|plugin| Ok((session.usage(plugin.id())?, plugin)).map(|(usage, plugin)| (plugin, usage)))
        .collect::<Result<_, Failure>>()?;
    let places = plugins.iter().map(|(plugin, _)| found::place(session, plugin)).collect::<Result<Vec<_>, _>>()?;
    let unused = found::unused(session, &plugins.iter().map(|(plugin, _)| plugin).collect::<Vec<_>>())?;
    let states =
        plugins.iter().zip(&places).map(|((plugin, _), (place, _))| state::of(session, plugin, *place == found::HOME));
    let states = states.collect::<Result<Vec<_>, _>>()?;
    let value: Vec<_> = plugins
        .iter()
        .zip(&places)
        .zip(&states)
        .map(|(((plugin, usage), (place, path)), state)| {
            let metadata = &plugin.manifest.metadata;
            json!({
                "id": metadata.id,
                "name": metadata.name,
                "version": metadata.version,
                "active": plugin.active,
                "state": state,
                "found": place,
                "path": path,
                "source": source_name(&plugin.source),
                "component": component(&plugin.source),
                "capabilities": plugin.manifest.capabilities,
                "granted": plugin.granted,
                "usage": usage_json(usage),
            })
        })
        .collect();
    let mut value = json!({ "plugins": value });
    unused.add_to(&mut value, all);
    session.output.result(&value, || {
        if plugins.is_empty() {
            let none = "No plugins are loaded or installed. Load one: hal9 plugin load --dev DIR; or install one: hal9 plugin \
                        install FILE";
            return format!("{none}\n{}", unused.text(all));
        }
        let rows = plugins.iter().zip(&places).zip(&states).map(|(((plugin, usage), (place, _)), state)| {
            let metadata = &plugin.manifest.metadata;
            [
                metadata.id.to_string(),
                metadata.version.to_string(),
                if *place == found::HOME { source_name(&plugin.source) } else { place }.to_owned(),
                state.words().to_owned(),
                kinds(&plugin.manifest),
                usage.calls.to_string(),
                usage.errors.to_string(),
                so_far(usage).to_owned(),
            ]
        });
        table(["ID", "VERSION", "SOURCE", "STATE", "KIND", "CALLS", "ERRORS", "SO FAR"], rows) + &unused.text(all)
    })
}

fn info(session: &Session, name: &str) -> Result<(), Failure> {
    let plugin = session.known(name)?;
    let usage = session.usage(plugin.id())?;
    let options = session.options(plugin.id(), &plugin.manifest, &plugin.granted);
    let limits = plugin.manifest.limits.effective(&options.caps);
    let config = super::config::as_info(&plugin.manifest, session.settings.plugin(plugin.id()).config)?;
    let standing = session.standing(&plugin.manifest, &plugin.granted);
    let rights = standing.rights();
    let effective = rights.granted();
    let limits_json: serde_json::Map<_, _> =
        limits.iter().map(|limit| (limit.name.to_owned(), limit.value.to_string().into())).collect();
    let provenance = Provenance::of(session, &plugin)?;
    let (place, path) = found::place(session, &plugin)?;
    let is_found = place != found::HOME;
    let runtime = &plugin.manifest.runtime.with(&options.runtime);
    let value = json!({
        "manifest": plugin.manifest,
        "active": plugin.active,
        "source": source_name(&plugin.source),
        "found": place,
        "path": path,
        "folder": folder(&plugin.source),
        "component": component(&plugin.source),
        "declared": plugin.manifest.permissions,
        "granted": effective,
        "denied": standing.denied,
        "limits": limits_json,
        "runtime": {
            "lazy": runtime.lazy,
            "persistent": runtime.persistent,
            "parallel": runtime.parallel,
            "recycle_after": runtime.recycle_after,
        },
        "config": config,
        "installed": provenance.installed.as_ref().map(installed_json),
        "versions": provenance.versions.iter().map(installed_json).collect::<Vec<_>>(),
        "dependencies": plugin.manifest.dependencies,
        "dependents": provenance.dependents,
        "usage": usage_json(&usage),
    });
    session.output.result(&value, || {
        let metadata = &plugin.manifest.metadata;
        let mut text = format!("{} {}\n", bold(plain(&metadata.name)), metadata.version);
        let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<13} {value}\n"));
        row("id", metadata.id.to_string());
        row("description", plain(&metadata.description));
        row("author", plain(&metadata.author));
        row("license", plain(&metadata.license));
        row("state", if plugin.active { "active".to_owned() } else { "inactive".to_owned() });
        row("source", if is_found { format!("found: {place}") } else { source_name(&plugin.source).to_owned() });
        if let Some(path) = &path {
            row("file", path.clone());
        }
        row("component", component(&plugin.source));
        for (name, value) in provenance.rows(&plugin) {
            row(name, value);
        }
        row("runtime", runtime_text(runtime));
        for capability in &plugin.manifest.capabilities {
            let layer = capability.layer().map_or_else(String::new, |layer| format!(" on layer {layer}"));
            row(capability.kind(), format!("{}{layer}  {}", capability.name(), dim(plain(capability.description()))));
        }
        text.push_str(&format!("\n{}\n", bold("Permissions")));
        let is_said = session.settings.plugin(plugin.id()).grant.is_some();
        let by = if is_found && !is_said { "as hal9.toml grants it nothing" } else { granted_by(is_said) };
        text.push_str(&standing_text(&standing, by));
        text.push_str(&format!("\n{}\n", bold("Limits")));
        for limit in limits.iter() {
            let own = if limit.is_default { String::new() } else { dim("  (set)") };
            text.push_str(&format!("  {:<14} {}{own}\n", limit.name, limit.value));
        }
        text.push_str(&format!("\n{}\n", bold("So far")));
        let mean = usage.time.checked_div(u32::try_from(usage.calls).unwrap_or(u32::MAX)).unwrap_or_default();
        text.push_str(&format!(
            "  {}, {}, {}, {} in all, {} a call, {} at most: {}\n",
            count(usage.calls, "call"),
            count(usage.errors, "error"),
            count(usage.traps, "trap"),
            time(usage.time),
            time(mean),
            size(usage.peak_memory),
            coloured(so_far(&usage)),
        ));
        if let Some(error) = &usage.last_error {
            text.push_str(&format!("  last error: {}\n", plain(error)));
        }
        text
    })
}

/// How many instances there are, and how long they live.
fn runtime_text(runtime: &RuntimePolicy) -> String {
    let mut words =
        vec![if runtime.lazy { "starts with its first call" } else { "starts when it is loaded" }.to_owned()];
    words.push(if runtime.persistent { "an instance lives on" } else { "a fresh instance for each call" }.to_owned());
    if runtime.parallel > 1 {
        words.push(format!("up to {} at once", runtime.parallel));
    }
    if let Some(calls) = runtime.recycle_after {
        words.push(format!("a fresh one after {}", count(calls, "call")));
    }
    words.join(", ")
}

async fn load(session: &mut Session, path: &Path, only: Option<Permissions>) -> Result<(), Failure> {
    let found = source::find(path, session.output)?;
    let manifest = source::manifest_of(&found)?;
    check_version(&manifest)?;
    let id = manifest.metadata.id.clone();
    let granted = match only {
        Some(only) => manifest.permissions.meet(&only),
        None => manifest.permissions.clone(),
    };
    let here = std::env::current_dir().map_err(|error| Failure::internal("there is no working directory", &error))?;
    let granted = all_absolute(granted, &here);
    // Whether it loads at all, before anything is written down.
    let spinner = session.output.spinner(format!("compiling {id}"));
    let component = session.manager.host().compile_file(&found.component)?;
    drop(spinner);
    let options = session.options(&id, &manifest, &granted);
    let loaded = session.load(&component, options)?;
    let effective = loaded.granted();
    let recorded = session.registry.record_loaded(&Loaded {
        manifest: manifest.clone(),
        folder: found.folder.clone(),
        component: found.component.clone(),
        granted,
    })?;
    if let Some(message) = replacement(&recorded, &found.folder, &manifest) {
        session.audit.record(&AuditEvent::new(AuditKind::Reload, &id, &message));
    }
    let activated = match session.manager.activate(&id).await {
        Ok(()) => loaded.start().await,
        Err(error) => Err(error),
    };
    if let Err(error) = activated {
        session.registry.set_active(&id, false)?;
        return Err(error.into());
    }
    let replaced = match &recorded {
        Recorded::Replaced { folder } => Some(folder.display().to_string()),
        Recorded::Added | Recorded::Reloaded => None,
    };
    let kinds: Vec<_> = component.kinds().iter().map(ToString::to_string).collect();
    let value = json!({
        "id": id,
        "version": manifest.metadata.version,
        "component": found.component,
        "kinds": kinds,
        "capabilities": manifest.capabilities,
        "declared": manifest.permissions,
        "granted": effective,
        "replaced": replaced,
    });
    session.output.result(&value, || {
        let mut text = format!("{} {} {} is loaded and active\n", green("✓"), bold(&id), manifest.metadata.version);
        text.push_str(&format!("  component  {}\n", found.component.display()));
        text.push_str(&format!("  kinds      {}\n", kinds.join(", ")));
        text.push_str(&format!("  granted    {effective}\n"));
        if effective.len() < manifest.permissions.len() {
            text.push_str(&format!("  declared   {}\n", manifest.permissions));
        }
        if let Some(replaced) = replaced {
            text.push_str(&format!("  {}\n", yellow(format!("it was loaded from {replaced} before"))));
        }
        text
    })
}

/// What is recorded of a plugin that was loaded before.
fn replacement(recorded: &Recorded, folder: &Path, manifest: &Manifest) -> Option<String> {
    let (version, folder) = (&manifest.metadata.version, folder.display());
    match recorded {
        Recorded::Added => None,
        Recorded::Reloaded => Some(format!("replaced by version {version}, again from {folder}")),
        Recorded::Replaced { folder: before } => {
            Some(format!("replaced by version {version} from {folder}; it was loaded from {} before", before.display()))
        }
    }
}

async fn activate(session: &mut Session, name: &str) -> Result<(), Failure> {
    let plugin = session.known_at_home(name)?;
    let id = plugin.id().clone();
    // A plugin that cannot start is not made active.
    session.activate(&plugin).await?;
    let changed = session.registry.set_active(&id, true)?;
    session.output.result(&json!({ "id": id, "active": true, "changed": changed }), || {
        format!("{} {id} is active{}", green("✓"), if changed { "" } else { ", and was before" })
    })
}

fn deactivate(session: &mut Session, name: &str) -> Result<(), Failure> {
    let id = session.known_at_home(name)?.id().clone();
    let changed = session.registry.set_active(&id, false)?;
    session.output.result(&json!({ "id": id, "active": false, "changed": changed }), || {
        format!("{} {id} is inactive{}", green("✓"), if changed { "" } else { ", and was before" })
    })
}

fn unload(session: &mut Session, name: &str) -> Result<(), Failure> {
    let id = match session.unreadable(name)? {
        Some(id) => id,
        None => session.known_at_home(name)?.id().clone(),
    };
    let _turn = install::turn(session)?;
    let is_linked = |plugin: &Plugin| *plugin.id() == id && matches!(plugin.source, Source::Linked(_));
    if session.registry.list()?.iter().any(is_linked) {
        // What is installed behind it serves then.
        let behind = session.registry.installed(&id)?.map(|plugin| plugin.manifest.metadata.version);
        install::check_dependents(session, &id, behind.as_ref())?;
    }
    if !session.registry.unlink(&id)? {
        return Err(Failure::new(Code::Conflict, format!("{id} is installed, and not loaded from a folder"))
            .plugin(&id)
            .help(format!("uninstall it: hal9 plugin uninstall {id}")));
    }
    session.audit.record(&AuditEvent::new(AuditKind::Unload, &id, "taken out of the home"));
    session.output.result(&json!({ "id": id, "unloaded": true }), || format!("{} {id} is unloaded", green("✓")))
}
