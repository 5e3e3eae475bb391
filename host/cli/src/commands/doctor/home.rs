//! What `hal9 doctor` finds in the home: that it can be written, by whom, and that each file in there can be read. It does not
//! change anything.

use std::path::PathBuf;

use hal9_registry::Registry;

use super::{Remedy, Row, State, failed, lacking, ok};
use crate::access;
use crate::failure::Failure;
use crate::home::Home;
use crate::memory_store::SqliteMemory;
use crate::output::plain;
use crate::settings::Settings;

/// What outlives a command.
pub(super) fn rows(environment: Option<&str>) -> Vec<Row> {
    let home = match Home::find() {
        Ok(home) => home,
        Err(failure) => return vec![failed("home", failure)],
    };
    let writable = match tempfile::tempfile_in(home.folder()) {
        Ok(_) => Row { path: Some(home.folder().to_owned()), ..ok("home", "can be written") },
        Err(error) => {
            let found = format!("{} cannot be written: {error}", home.folder().display());
            lacking("home", State::Failed, found, "make it writable, or set HAL9_HOME to a folder of your own")
        }
    };
    let settings = match Settings::read(&home.settings(), environment) {
        Ok(_) if home.settings().exists() => ok("hal9.toml", "valid"),
        Ok(_) => ok("hal9.toml", "none; plugins get what they were granted when they were loaded"),
        Err(failure) => failed("hal9.toml", failure),
    };
    let registry = match Registry::open(home.folder())
        .and_then(|registry| Ok((registry.list()?, registry.unreadable()?.into_keys().collect::<Vec<_>>())))
    {
        Ok((plugins, unreadable)) => {
            let active = plugins.iter().filter(|plugin| plugin.active).count();
            let found = format!("{} plugins, {active} active", plugins.len());
            match unreadable.as_slice() {
                [] => ok("registry", found),
                // What can be done about each is said of the store.
                _ => {
                    let found = format!("{found}, and what it keeps of {} cannot be read", unreadable.join(", "));
                    lacking("registry", State::Failed, plain(&found), "")
                }
            }
        }
        Err(error) => failed("registry", Failure::from(error)),
    };
    let memory = match SqliteMemory::open(&home.memory()) {
        Ok(_) => ok("memory", "opens"),
        Err(failure) => failed("memory", failure),
    };
    vec![writable, access(&home), leftovers(&home), settings, registry, store(&home), memory]
}

/// The packages that are installed: every file of them is read, and what a crash left is found.
fn store(home: &Home) -> Row {
    let damages = match Registry::open(home.folder()).and_then(|registry| registry.check()) {
        Ok(damages) => damages,
        Err(error) => return failed("store", Failure::from(error)),
    };
    if damages.is_empty() {
        return ok("store", "whole");
    }
    let found = damages.iter().map(|damage| plain(&damage.to_string())).collect::<Vec<_>>().join("\n");
    // What belongs to nothing is in nobody's way.
    let is_harmless = damages.iter().all(|damage| damage.owner.is_none() && damage.mends);
    let state = if is_harmless { State::Warning } else { State::Failed };
    let mends = damages.iter().any(|damage| damage.mends);
    let fix = if mends { "hal9 doctor --fix" } else { "see to each of them" };
    Row { remedy: mends.then_some(Remedy::Store), ..lacking("store", state, found, fix) }
}

/// Who else can write what a home is trusted by.
fn access(home: &Home) -> Row {
    let writable = access::writable(home);
    if writable.is_empty() {
        return ok("access", "only its owner can write what the home is trusted by");
    }
    let lines = |line: fn(&access::Writable) -> String| writable.iter().map(line).collect::<Vec<_>>().join("\n");
    let row = lacking("access", State::Failed, lines(access::Writable::words), lines(access::Writable::fix));
    Row { remedy: Some(Remedy::Access), ..row }
}

/// What commands were writing when they were killed.
fn leftovers(home: &Home) -> Row {
    let leftovers = home.leftovers();
    if leftovers.is_empty() {
        return ok("leftovers", "none");
    }
    let words = |path: &PathBuf| {
        let what = if path.starts_with(home.keys()) { "; it may hold a secret key" } else { "" };
        plain(&format!("{} was left by a command that did not come to its end{what}", path.display()))
    };
    let found = leftovers.iter().map(words).collect::<Vec<_>>().join("\n");
    Row { remedy: Some(Remedy::Leftovers), ..lacking("leftovers", State::Warning, found, "hal9 doctor --fix") }
}
