//! `hal9 plugin health`: how plugins feel, asked of themselves, beside what the host has counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hal9_host::Status;
use hal9_package::PluginId;
use hal9_registry::Usage;
use serde_json::{Value, json};

use super::plugin::usage_json;
use crate::failure::{Code, Failure};
use crate::output::{count, plain, table};
use crate::session::Session;

/// How one plugin feels.
struct Feeling {
    id: PluginId,
    version: String,
    /// None, where it could not be asked.
    status: Option<Status>,
    reason: String,
    /// For how long it is not asked yet, after it broke again and again.
    resting: Option<Duration>,
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
            "resting_ms": self.resting.map(|resting| u64::try_from(resting.as_millis()).unwrap_or(u64::MAX)),
            "usage": usage_json(&self.usage),
        })
    }

    fn row(&self) -> [String; 6] {
        let Usage { calls, errors, traps, .. } = self.usage;
        [
            self.id.to_string(),
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
        None => session.plugins()?.into_iter().filter(|plugin| plugin.active).collect(),
    };
    // Those that cannot be started cannot be asked.
    let mut failures = BTreeMap::new();
    let outcomes = session.activate_all(&plugins).await?;
    for (plugin, outcome) in plugins.iter().zip(outcomes) {
        if let Err(failure) = outcome {
            failures.insert(plugin.id().clone(), failure);
        }
    }
    let mut checks: BTreeMap<_, _> =
        session.manager.check_health().await.into_iter().map(|check| (check.plugin.clone(), check)).collect();
    let mut feelings = Vec::new();
    for plugin in &plugins {
        let id = plugin.id();
        let check = checks.remove(id);
        let resting = check.as_ref().and_then(|check| check.stats.resting);
        let asked = match (failures.remove(id), check) {
            (Some(failure), _) => Err(failure),
            (None, Some(check)) => check.outcome.map_err(Failure::from),
            (None, None) => Err(Failure::not_found(format!("{id} is gone"), "try it again")),
        };
        if let Err(failure) = &asked {
            session.note_error(failure);
        }
        let (status, reason) = match asked {
            Ok(report) => (Some(report.status), report.reason),
            // The row and the failure below name it.
            Err(failure) => match failure.message.strip_prefix(&format!("{id}: ")) {
                Some(why) => (None, why.to_owned()),
                None => (None, failure.message),
            },
        };
        let usage = session.usage(id)?;
        let version = plugin.manifest.metadata.version.to_string();
        feelings.push(Feeling { id: id.clone(), version, status, reason, resting, usage });
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
    // Most reasons say whose they are.
    let whose = if why.starts_with(first.id.as_str()) { String::new() } else { format!("{}: ", first.id) };
    let mut failure = Failure::new(Code::PluginError, format!("{whose}{}{others}", plain(why)))
        .plugin(&first.id)
        .help(format!("its log may have more: hal9 plugin logs {}", first.id));
    failure.reason = Some("unhealthy".to_owned());
    Err(failure)
}
