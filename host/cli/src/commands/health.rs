//! `hal9 plugin health`: how plugins feel, asked of themselves, beside what the host has counted.

use hal9_host::{Call, Status};
use hal9_registry::Usage;
use serde_json::{Value, json};

use super::plugin::usage_json;
use crate::failure::{Code, Failure};
use crate::output::{count, plain, table};
use crate::session::Session;

/// How one plugin feels.
struct Feeling {
    id: String,
    version: String,
    /// None, where it could not be asked.
    status: Option<Status>,
    reason: String,
    usage: Usage,
}

impl Feeling {
    fn word(&self) -> &'static str {
        match self.status {
            Some(Status::Healthy) => "healthy",
            Some(Status::Degraded) => "degraded",
            Some(Status::Unhealthy) | None => "unhealthy",
        }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "version": self.version,
            "status": self.word(),
            "reason": self.reason,
            "answered": self.status.is_some(),
            "usage": usage_json(&self.usage),
        })
    }

    fn row(&self) -> [String; 6] {
        let Usage { calls, errors, traps, .. } = self.usage;
        [
            self.id.clone(),
            self.word().to_owned(),
            calls.to_string(),
            errors.to_string(),
            traps.to_string(),
            plain(&self.reason),
        ]
    }
}

pub(super) async fn run(session: &mut Session, name: Option<&str>) -> Result<(), Failure> {
    let plugins = match name {
        Some(name) => vec![session.known(name)?],
        None => session.registry.list()?.into_iter().filter(|plugin| plugin.active).collect(),
    };
    let mut feelings = Vec::new();
    for plugin in &plugins {
        let asked = ask(session, plugin).await;
        if let Err(failure) = &asked {
            session.note_error(failure);
        }
        let (status, reason) = match asked {
            Ok((status, reason)) => (Some(status), reason),
            Err(failure) => (None, failure.message),
        };
        feelings.push(Feeling {
            id: plugin.id().to_string(),
            version: plugin.manifest.metadata.version.to_string(),
            status,
            reason,
            // Of what was found in a folder, nothing is kept.
            usage: session.registry.usage(plugin.id()).unwrap_or_default(),
        });
    }
    let all: Vec<_> = feelings.iter().map(Feeling::json).collect();
    session.output.result(&json!({ "plugins": all }), || {
        if feelings.is_empty() {
            return "No plugin is active. Load one: hal9 plugin load --dev DIR".to_owned();
        }
        let rows = feelings.iter().map(Feeling::row);
        table(["ID", "STATUS", "CALLS", "ERRORS", "TRAPS", "WHY"], rows)
    })?;
    let unwell: Vec<_> = feelings.iter().filter(|feeling| feeling.word() == "unhealthy").collect();
    let [first, more @ ..] = unwell.as_slice() else { return Ok(()) };
    let others = match more.len() {
        0 => String::new(),
        number => format!(", and {} more", count(number as u64, "plugin")),
    };
    let why = if first.reason.is_empty() { "unhealthy, and does not say why" } else { &first.reason };
    let mut failure = Failure::new(Code::PluginError, format!("{}: {}{others}", first.id, plain(why)))
        .plugin(&first.id)
        .help(format!("its log may have more: hal9 plugin logs {}", first.id));
    failure.reason = Some("unhealthy".to_owned());
    Err(failure)
}

/// Starts a plugin and asks it.
async fn ask(session: &mut Session, plugin: &hal9_registry::Plugin) -> Result<(Status, String), Failure> {
    let loaded = session.activate(plugin).await?;
    loaded.start().await?;
    let report = loaded.health(&mut Call::measured()).await?;
    Ok((report.status, report.reason))
}
