//! `hal9 policy show|grant|revoke|deny|trust|distrust|revoke-key|learn`: what plugins may do and who may sign them, and changing
//! that in `hal9.toml`.

mod change;
mod learn;
mod trust;

use std::collections::BTreeSet;

use hal9_package::{Manifest, Permission, Permissions, PluginId};
use hal9_registry::Plugin;
use serde_json::json;

use crate::access;
use crate::args::PolicyCommand;
use crate::failure::Failure;
use crate::grants::Standing;
use crate::home::Home;
use crate::output::{bold, dim, plain, yellow};
use crate::policy::Change;
use crate::session::{Opening, Session};

pub(super) async fn run(opening: Opening<'_>, command: PolicyCommand) -> Result<(), Failure> {
    let environment = opening.environment;
    let (change, args) = match command {
        PolicyCommand::Learn { dry_run, command } => return learn::run(opening, dry_run, command).await,
        PolicyCommand::Show { plugin } => {
            return super::in_home(opening, async |session| show(session, plugin.as_deref())).await;
        }
        PolicyCommand::Trust(args) => {
            access::check(&Home::find()?)?;
            return super::in_home(opening, async |session| trust::trust(session, environment, args)).await;
        }
        PolicyCommand::Distrust(args) => {
            return super::in_home(opening, async |session| trust::distrust(session, environment, args)).await;
        }
        PolicyCommand::RevokeKey { key } => {
            return super::in_home(opening, async |session| trust::revoke(session, &key)).await;
        }
        PolicyCommand::Grant(args) => (Change::Grant, args),
        PolicyCommand::Revoke(args) => (Change::Revoke, args),
        PolicyCommand::Deny(args) => (Change::Deny, args),
    };
    super::in_home(opening, async |session| change::run(session, environment, change, args)).await
}

fn show(session: &Session, name: Option<&str>) -> Result<(), Failure> {
    let plugins: Vec<Plugin> = match name {
        Some(name) => session.find(name)?.into_iter().collect(),
        None => session.plugins()?,
    };
    let known: BTreeSet<_> = plugins.iter().map(|plugin| plugin.id().clone()).collect();
    // What is said of plugins that are not loaded holds as soon as they are.
    let said = session.settings.plugins().filter(|id| !known.contains(*id));
    let absent: Vec<PluginId> = match name {
        Some(name) => said.filter(|id| id.as_str() == name).cloned().collect(),
        None => said.cloned().collect(),
    };
    if let (Some(name), true) = (name, plugins.is_empty() && absent.is_empty()) {
        session.known(name)?;
    }
    let (mut values, mut text) = (Vec::new(), String::new());
    for plugin in &plugins {
        let standing = session.standing(&plugin.manifest, &plugin.granted);
        let is_said = session.settings.plugin(plugin.id()).grant.is_some();
        values.push(standing_json(session, plugin.id(), Some(&plugin.manifest), &standing, is_said));
        let about = dim(format!("{} {}", plain(&plugin.manifest.metadata.name), plugin.manifest.metadata.version));
        text.push_str(&format!(
            "{}  {about}\n{}{}",
            bold(plugin.id()),
            standing_text(&standing, granted_by(is_said)),
            keys_text(session, plugin.id())
        ));
    }
    for id in &absent {
        let settings = session.settings.plugin(id);
        let granted = settings.grant.unwrap_or_default();
        let standing = Standing { declared: Permissions::new(), granted, denied: settings.deny };
        values.push(standing_json(session, id, None, &standing, true));
        text.push_str(&format!("{}  {}\n", bold(id), yellow("not loaded")));
        text.push_str(&format!("  granted    {}\n  denied     {}\n", standing.granted, standing.denied));
        text.push_str(&keys_text(session, id));
    }
    let trust = session.settings.trust();
    let value = json!({
        "plugins": values,
        "trust": { "allow_unsigned": trust.allow_unsigned, "revoked": trust.revoked },
    });
    session.output.result(&value, || {
        if text.is_empty() {
            text.push_str("No plugins are loaded. Load one: hal9 plugin load --dev DIR\n");
        }
        if trust.allow_unsigned {
            text.push_str(&format!(
                "{}\n",
                yellow("Packages without a signature may be installed, with --allow-unsigned.")
            ));
        }
        for key in &trust.revoked {
            text.push_str(&format!("{} {key}\n", yellow(format!("The key {} is revoked:", key.id()))));
        }
        text
    })
}

/// Who may sign a plugin; nothing, where nothing is said of that.
fn keys_text(session: &Session, id: &PluginId) -> String {
    let Some(keys) = session.settings.plugin(id).keys else { return String::new() };
    if keys.is_empty() {
        return format!("  signed by  {}\n", yellow("nobody may sign it, and nothing else is taken"));
    }
    keys.iter().map(|key| format!("  signed by  {}  {}\n", key.id(), dim(key))).collect()
}

fn standing_json(
    session: &Session,
    id: &PluginId,
    manifest: Option<&Manifest>,
    standing: &Standing,
    is_said: bool,
) -> serde_json::Value {
    let rights = standing.rights();
    let effective: Vec<_> = rights
        .granted()
        .iter()
        .map(|permission| json!({ "permission": permission, "description": permission.kind.description() }))
        .collect();
    json!({
        "id": id,
        "loaded": manifest.is_some(),
        "declared": manifest.map(|manifest| &manifest.permissions),
        "granted": standing.granted,
        "granted_by": if is_said { "hal9.toml" } else { "load" },
        "denied": standing.denied,
        "effective": effective,
        "keys": session.settings.plugin(id).keys.unwrap_or_default(),
    })
}

/// Who has granted a plugin what it is granted.
pub(super) fn granted_by(is_said: bool) -> &'static str {
    if is_said { "by hal9.toml" } else { "when it was loaded or installed" }
}

/// What is declared, granted and denied, and what is left of it in plain words.
/// `by` is who has granted what it is granted.
pub(super) fn standing_text(standing: &Standing, by: &str) -> String {
    let by = dim(by);
    let mut text = format!("  declared   {}\n  granted    {}  {by}\n", standing.declared, standing.granted);
    if !standing.denied.is_empty() {
        text.push_str(&format!("  denied     {}\n", standing.denied));
    }
    let rights = standing.rights();
    if rights.granted().is_empty() {
        text.push_str("  may        nothing beyond logging and its configuration\n");
    }
    for permission in rights.granted().iter() {
        text.push_str(&format!("  may        {}\n", in_words(permission, standing)));
    }
    text
}

/// A permission in plain words: `read and write HAL9's memory: notes/`.
pub(super) fn described(permission: &Permission) -> String {
    let scope = permission.scope.as_deref().map_or_else(String::new, |scope| format!(": {}", plain(scope)));
    format!("{}{scope}", permission.kind.description())
}

/// What is left of a permission, in plain words: `read and write HAL9's memory: notes/, but not notes/secret/`.
fn in_words(permission: &Permission, standing: &Standing) -> String {
    let mut text = described(permission);
    let rights = standing.rights();
    let less: Vec<_> = rights.denied().scopes(permission.kind).flatten().map(plain).collect();
    if !less.is_empty() {
        text.push_str(&format!(", but not {}", less.join(", ")));
    }
    format!("{text}  {}", dim(permission))
}
