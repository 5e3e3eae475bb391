//! What `hal9 plugin list` tells of places: where each plugin was found, what else was found there and is not used, and why.

use hal9_package::Dependency;
use hal9_registry::{Plugin, Source};
use serde_json::{Value, json};

use crate::discovery::Finding;
use crate::failure::Failure;
use crate::output::{dim, plain, yellow};
use crate::session::Session;

/// The place of a plugin that is loaded or installed.
pub(super) const HOME: &str = "home";

/// What was found and is not used.
pub(super) struct Unused {
    /// What cannot be used.
    unusable: Vec<Value>,
    /// What another one of the same id comes before.
    shadowed: Vec<Value>,
    /// What is used, and lacks a plugin that it needs: nobody has resolved that, as `hal9 plugin install` does.
    unmet: Vec<Value>,
}

/// Where a plugin was found: its place in a word, and its file where that is in a folder.
pub(super) fn place(session: &Session, plugin: &Plugin) -> Result<(&'static str, Option<String>), Failure> {
    let is_it = |finding: &&Finding| finding.plugin().is_some_and(|found| found.source == plugin.source);
    let finding = session.findings()?.iter().find(is_it);
    Ok(finding.map_or((HOME, None), |it| (it.named_by.words(), Some(it.path.display().to_string()))))
}

/// What is not used beside these plugins.
pub(super) fn unused(session: &Session, used: &[&Plugin]) -> Result<Unused, Failure> {
    let findings = session.findings()?;
    let is_used = |plugin: &Plugin| used.iter().any(|used| used.source == plugin.source && used.id() == plugin.id());
    let mut unused = Unused { unusable: Vec::new(), shadowed: Vec::new(), unmet: Vec::new() };
    for (id, error) in session.registry.unreadable()? {
        let path = session.home.folder().join("registry.db");
        unused.unusable.push(json!({ "id": id, "path": path, "found": HOME, "error": Failure::from(error) }));
    }
    for finding in findings.iter() {
        match &finding.outcome {
            Err(error) => unused.unusable.push(json!({
                "id": finding.id(),
                "path": finding.path,
                "found": finding.named_by,
                "error": error,
            })),
            Ok(offered) if !is_used(&offered.plugin) => {
                unused.shadowed.push(shadowed(&offered.plugin, finding.named_by.words()));
            }
            Ok(offered) => unused.unmet.extend(unmet(&offered.plugin, used)),
        }
    }
    for plugin in session.registry.list()?.iter().filter(|plugin| !is_used(plugin)) {
        unused.shadowed.push(shadowed(plugin, HOME));
    }
    Ok(unused)
}

/// What a plugin needs and the others are not.
fn unmet(plugin: &Plugin, used: &[&Plugin]) -> Option<Value> {
    let is_met = |needed: &&Dependency| {
        used.iter().any(|it| *it.id() == needed.plugin_id && needed.version.matches(&it.manifest.metadata.version))
    };
    let unmet: Vec<_> = plugin.manifest.dependencies.iter().filter(|needed| !is_met(needed)).collect();
    (!unmet.is_empty()).then(|| json!({"id": plugin.id(), "needs": unmet}))
}

fn shadowed(plugin: &Plugin, place: &str) -> Value {
    let path = match &plugin.source {
        Source::Linked(link) => link.component.display().to_string(),
        Source::Installed(installed) => installed.origin.clone(),
    };
    json!({"id": plugin.id(), "version": plugin.manifest.metadata.version, "path": path, "found": place})
}

impl Unused {
    /// Adds to what `plugin list` gives to programs.
    pub(super) fn add_to(&self, value: &mut Value, all: bool) {
        value["unusable"] = json!(self.unusable);
        value["unmet"] = json!(self.unmet);
        if all {
            value["shadowed"] = json!(self.shadowed);
        }
    }

    /// What it tells people.
    pub(super) fn text(&self, all: bool) -> String {
        let word = |value: &Value| value.as_str().map(plain).unwrap_or_default();
        let mut text = String::new();
        // Beside a newer version, an older one is no news.
        let is_told = |it: &&Value| all || it["error"]["reason"] != "downgrade";
        for it in self.unusable.iter().filter(is_told) {
            let why = format!("not used: {}: {}", word(&it["path"]), word(&it["error"]["message"]));
            text.push_str(&format!("{}\n", yellow(why)));
            if let Some(help) = it["error"]["help"].as_str() {
                text.push_str(&format!("  {}\n", dim(plain(help))));
            }
        }
        for it in &self.unmet {
            let needs: Vec<_> = it["needs"].as_array().into_iter().flatten().collect();
            let words: Vec<_> =
                needs.iter().map(|it| format!("{} {}", word(&it["plugin_id"]), word(&it["version"]))).collect();
            let line = format!("{} needs {}, which is not there", word(&it["id"]), words.join(", "));
            text.push_str(&format!("{}\n", yellow(line)));
        }
        for it in self.shadowed.iter().filter(|_| all) {
            let (id, version) = (word(&it["id"]), word(&it["version"]));
            let line = format!("behind another one: {id} {version} ({}, {})", word(&it["found"]), word(&it["path"]));
            text.push_str(&format!("{}\n", dim(line)));
        }
        text
    }
}
