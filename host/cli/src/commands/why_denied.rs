//! `hal9 why-denied`: what plugins were refused last, by which rule, and the command that would allow it.

use std::collections::BTreeMap;

use hal9_host::{AuditRecord, Rule, shell_word};
use hal9_package::{Permission, Permissions, PluginId};
use serde_json::json;

use super::{audit, moment};
use crate::args::WhyDeniedArgs;
use crate::failure::Failure;
use crate::grants::Standing;
use crate::output::{bold, dim, green, plain, yellow};
use crate::session::Session;

/// One refused use, however often it happened.
struct Refusal {
    record: AuditRecord,
    times: u64,
    remedy: Remedy,
}

/// What would allow it.
enum Remedy {
    /// It is allowed by now.
    Nothing,
    Command(String),
    /// No command does; what does, in words.
    Words(String),
}

pub(super) fn run(session: &Session, environment: Option<&str>, args: &WhyDeniedArgs) -> Result<(), Failure> {
    let name = match &args.plugin {
        Some(name) => Some(session.find(name)?.map_or_else(|| name.clone(), |plugin| plugin.id().to_string())),
        None => None,
    };
    let fits = |record: &AuditRecord| {
        audit::is_denial(record) && name.as_deref().is_none_or(|name| audit::is_of(record, name))
    };
    let mut seen: BTreeMap<_, (AuditRecord, u64)> = BTreeMap::new();
    for record in audit::last(&session.home, usize::MAX, fits)? {
        let key = (record.plugin.clone(), record.message.clone());
        let times = seen.get(&key).map_or(0, |(_, times)| *times) + record.count;
        seen.insert(key, (record, times));
    }
    let mut last: Vec<_> = seen.into_values().collect();
    last.sort_unstable_by_key(|(record, _)| std::cmp::Reverse(record.seq));
    last.truncate(args.limit);
    let refusals = last
        .into_iter()
        .map(|(record, times)| Ok(Refusal { remedy: remedy(session, environment, &record)?, record, times }))
        .collect::<Result<Vec<_>, Failure>>()?;
    show(session, &refusals)
}

/// What would allow a refused use as things stand now.
fn remedy(session: &Session, environment: Option<&str>, record: &AuditRecord) -> Result<Remedy, Failure> {
    let words = || Remedy::Words(record.help.clone());
    let wanted = record.permission.as_deref().and_then(|text| text.parse::<Permission>().ok());
    let (Some(plugin), Some(wanted)) = (&record.plugin, wanted) else { return Ok(words()) };
    let remedy = match session.find(plugin.as_str())? {
        Some(known) => {
            let standing = session.standing(&known.manifest, &known.granted);
            let remedy = standing.remedy(&wanted, record.rule);
            if !remedy.is_empty() && record.rule == Some(Rule::Undeclared) {
                return Ok(words());
            }
            remedy
        }
        None if record.rule == Some(Rule::Undeclared) => return Ok(words()),
        // It was refused when it was to be loaded. What is declared is not known, but what was missing is.
        None => {
            let settings = session.settings.plugin(plugin);
            let granted = settings.grant.unwrap_or_default();
            let declared = Permissions::from_iter([wanted.clone()]);
            Standing { declared, granted, denied: settings.deny }.remedy(&wanted, record.rule)
        }
    };
    if remedy.is_empty() {
        return Ok(Remedy::Nothing);
    }
    Ok(Remedy::Command(command(environment, plugin, &remedy)))
}

/// The command that grants all of it, as one types it.
fn command(environment: Option<&str>, plugin: &PluginId, permissions: &Permissions) -> String {
    let environment = environment.map_or_else(String::new, |name| format!(" --env {}", shell_word(name)));
    let words: String =
        permissions.iter().map(|permission| format!(" {}", shell_word(&permission.to_string()))).collect();
    format!("hal9{environment} policy grant {plugin}{words}")
}

fn show(session: &Session, refusals: &[Refusal]) -> Result<(), Failure> {
    let value: Vec<_> = refusals.iter().map(refusal_json).collect();
    session.output.result(&json!({ "denied": value }), || {
        if refusals.is_empty() {
            return "Nothing was refused.".to_owned();
        }
        refusals.iter().map(refusal_text).collect()
    })
}

fn refusal_json(refusal: &Refusal) -> serde_json::Value {
    let Refusal { record, times, remedy } = refusal;
    let (command, help) = match remedy {
        Remedy::Nothing => (None, None),
        Remedy::Command(command) => (Some(command), None),
        Remedy::Words(words) => (None, Some(words)),
    };
    json!({
        "seq": record.seq,
        "time": moment(record.time),
        "plugin": record.plugin,
        "permission": record.permission,
        "rule": record.rule,
        "message": record.message,
        "count": times,
        "allowed_now": matches!(remedy, Remedy::Nothing),
        "command": command,
        "help": help,
    })
}

fn refusal_text(refusal: &Refusal) -> String {
    let Refusal { record, times, remedy } = refusal;
    let plugin = record.plugin.as_ref().map_or("-", PluginId::as_str);
    let times = if *times > 1 { format!(", {times} times") } else { String::new() };
    let mut text = format!("{}  {}\n", bold(plugin), dim(format!("{}{times}", moment(record.time))));
    text.push_str(&format!("  {}\n", plain(&record.message)));
    match remedy {
        Remedy::Nothing => text.push_str(&format!("  {}\n", green("it is allowed by now"))),
        Remedy::Command(command) => text.push_str(&format!("  {} {}\n", yellow("allow it:"), plain(command))),
        Remedy::Words(words) if words.is_empty() => {}
        Remedy::Words(words) => text.push_str(&format!("  {}\n", plain(words))),
    }
    text
}
