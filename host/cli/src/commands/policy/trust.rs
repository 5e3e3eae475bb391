//! `hal9 policy trust|distrust|revoke-key`: whose signature is taken for which plugin, and whose for none.

use std::collections::BTreeSet;

use hal9_host::{AuditEvent, AuditKind};
use hal9_package::{PluginId, PublicKey};
use hal9_registry::Plugin;
use serde_json::json;

use crate::args::TrustArgs;
use crate::failure::{Code, Failure};
use crate::output::{bold, dim, green, yellow};
use crate::policy_file::PolicyFile;
use crate::session::Session;

pub(super) fn trust(session: &mut Session, environment: Option<&str>, args: TrustArgs) -> Result<(), Failure> {
    let id = named(session, &args.plugin)?;
    let mut file = PolicyFile::open(&session.home.settings(), environment)?;
    let trust = file.settings()?.trust();
    if trust.revoked.contains(&args.key) {
        let message = format!("{id}: the key {} is revoked, and may sign nothing", args.key.id());
        let help = format!("if that was a mistake, take it out of `revoked` in {}", file.path().display());
        return Err(Failure::new(Code::Conflict, message).help(help).plugin(&id));
    }
    let mut keys = trust.keys.get(&id).cloned().unwrap_or_default();
    let changed = keys.insert(args.key.clone());
    if changed {
        file.set_keys(&id, keys.clone())?;
        save(session, &mut file, &id, &keys)?;
        session.record_policy([event(&id, &format!("the key {} may sign it", args.key.id()), environment)])?;
    }
    shown(session, &id, &args.key, changed, &keys, "may sign")
}

pub(super) fn distrust(session: &mut Session, environment: Option<&str>, args: TrustArgs) -> Result<(), Failure> {
    let id = named(session, &args.plugin)?;
    let mut file = PolicyFile::open(&session.home.settings(), environment)?;
    let mut keys = file.settings()?.trust().keys.remove(&id).unwrap_or_default();
    let changed = keys.remove(&args.key);
    if changed {
        // The last one leaves `keys = []`: without a word, anybody could be the first again, or nobody have to sign.
        file.set_keys(&id, keys.clone())?;
        save(session, &mut file, &id, &keys)?;
        session.record_policy([event(&id, &format!("the key {} may not sign it", args.key.id()), environment)])?;
    }
    shown(session, &id, &args.key, changed, &keys, "may not sign")
}

pub(super) fn revoke(session: &mut Session, key: &PublicKey) -> Result<(), Failure> {
    let mut file = PolicyFile::open(&session.home.settings(), None)?;
    let mut revoked = file.settings()?.trust().revoked;
    let changed = revoked.insert(key.clone());
    let plugins: Vec<Plugin> = session.registry.list()?;
    let stopped: Vec<&PluginId> =
        plugins.iter().filter(|plugin| crate::trust::key_of(plugin) == Some(key)).map(Plugin::id).collect();
    if changed {
        file.set_revoked(revoked.clone())?;
        if file.settings()?.trust().revoked != revoked {
            return Err(unchanged());
        }
        file.save()?;
        session.settings = file.settings()?;
        let message = format!("the key {} is revoked: nothing that it has signed is installed or runs", key.id());
        // One record for the key, whoever it signs for: the host's own.
        session.record_policy([event_of_key(message)])?;
    }
    let value = json!({ "key": key, "key_id": key.id().to_string(), "changed": changed, "stopped": stopped });
    session.output.result(&value, || {
        let before = if changed { "" } else { ", and was before" };
        let mut text = format!("{} the key {} is revoked{before}\n", green("✓"), bold(key.id()));
        for id in &stopped {
            text.push_str(&format!(
                "  {}\n",
                yellow(format!("{id} does not run any more: it was installed by this key"))
            ));
        }
        text
    })
}

/// The id of a plugin that is installed, or of one that may be.
fn named(session: &Session, name: &str) -> Result<PluginId, Failure> {
    match session.registry.get(name)? {
        Some(plugin) => Ok(plugin.id().clone()),
        None => name.parse().map_err(|_| {
            Failure::not_found(
                format!("no plugin `{name}` is installed"),
                "of one that is not installed yet, give its whole id, such as ai.hal9.text-tools",
            )
        }),
    }
}

fn save(
    session: &mut Session,
    file: &mut PolicyFile,
    id: &PluginId,
    keys: &BTreeSet<PublicKey>,
) -> Result<(), Failure> {
    if file.settings()?.trust().keys.get(id) != Some(keys) {
        return Err(unchanged());
    }
    file.save()?;
    session.settings = file.settings()?;
    Ok(())
}

fn unchanged() -> Failure {
    Failure::new(Code::Internal, "hal9.toml could not be changed as it should be; it stays as it was")
}

fn event(id: &PluginId, message: &str, environment: Option<&str>) -> AuditEvent {
    let place = environment.map_or_else(String::new, |name| format!(" in the environment {name}"));
    AuditEvent::new(AuditKind::Policy, id, &format!("{message}{place}"))
}

fn event_of_key(message: String) -> AuditEvent {
    AuditEvent { kind: AuditKind::Policy, plugin: None, message, permission: None, rule: None, help: String::new() }
}

fn shown(
    session: &Session,
    id: &PluginId,
    key: &PublicKey,
    changed: bool,
    keys: &BTreeSet<PublicKey>,
    done: &str,
) -> Result<(), Failure> {
    let value = json!({ "plugin": id, "key": key, "key_id": key.id().to_string(), "changed": changed, "keys": keys });
    session.output.result(&value, || {
        let before = if changed { "" } else { ", as before" };
        let mut text = format!("{} the key {} {done} {}{before}\n", green("✓"), key.id(), bold(id));
        match keys.iter().map(|key| key.id().to_string()).collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => {
                text.push_str(&format!(
                    "  {}\n",
                    dim("nobody may sign it now: no version of it is taken, signed or not")
                ));
                text.push_str(&format!("  {}\n", dim("what is installed goes on, as long as its key is not revoked")));
            }
            ids => text.push_str(&format!("  {}\n", dim(format!("it may be signed by {ids}")))),
        }
        text
    })
}
