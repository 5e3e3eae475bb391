//! `hal9 plugin outdated`: what whoever has a plugin should know of it: newer versions, and what was said of it since.

use hal9_package::PluginId;
use hal9_registry::{Plugin, Registry as Installed, Source};
use hal9_registry_index::{Deprecation, Notice, Record};
use semver::Version;
use serde::Serialize;

use super::Desk;
use crate::failure::{Code, Failure};
use crate::output::{dim, green, plain, red, table, yellow};
use crate::registries::{Online, Registries, severity};

/// What is known of an installed plugin.
#[derive(Serialize)]
struct Row {
    id: PluginId,
    version: Version,
    /// The newest version that fits the major one.
    compatible: Option<Version>,
    /// The newest version of all.
    newest: Option<Version>,
    registry: Option<String>,
    yanked: Option<String>,
    deprecated: Option<Deprecation>,
    notices: Vec<Notice>,
    /// Why nothing is known of it, where that is so.
    unknown: Option<String>,
}

impl Row {
    fn is_outdated(&self) -> bool {
        self.newest.is_some() || self.yanked.is_some() || self.deprecated.is_some() || !self.notices.is_empty()
    }
}

pub(super) async fn run(desk: &Desk, names: &[String], exit_code: bool, offline: bool) -> Result<(), Failure> {
    let installed = Installed::open(desk.home.folder())?;
    let mut plugins = Vec::new();
    if names.is_empty() {
        for plugin in installed.list()? {
            plugins.extend(installed.installed(plugin.id())?);
        }
    }
    for name in names {
        let plugin = installed.get(name)?;
        let plugin = match plugin {
            Some(plugin) => installed.installed(plugin.id())?,
            None => None,
        };
        plugins.push(plugin.ok_or_else(|| {
            Failure::not_found(format!("no plugin `{}` is installed", plain(name)), "see which are: hal9 plugin list")
        })?);
    }
    let online = Online { offline, ..Online::default() };
    let registries = Registries::open(&desk.home, &desk.settings, &online)?;
    let mut lie = None;
    let mut rows = Vec::new();
    for plugin in &plugins {
        let id = plugin.id().clone();
        let version = plugin.manifest.metadata.version.clone();
        let mut row = Row {
            id,
            version,
            compatible: None,
            newest: None,
            registry: None,
            yanked: None,
            deprecated: None,
            notices: Vec::new(),
            unknown: None,
        };
        match registries.listed(&row.id, desk.output).await {
            Ok(Some((registry, listed))) => {
                row.registry = Some(registry.name().to_owned());
                tell(&mut row, plugin, &listed.record);
            }
            Ok(None) => row.unknown = Some("no registry has it".to_owned()),
            // What one registry does is no reason to say nothing of the others.
            Err(failure) => {
                row.unknown = Some(failure.message.clone());
                if failure.code == Code::Signature {
                    lie = lie.or(Some(failure));
                }
            }
        }
        rows.push(row);
    }
    let outdated = rows.iter().filter(|row| row.is_outdated()).count();
    desk.output.result(&rows, || shown(&rows, outdated))?;
    // What is not believed is more than what is not known.
    if let Some(failure) = lie {
        return Err(failure);
    }
    if exit_code && outdated > 0 {
        let message = format!("{outdated} of {} plugins are outdated", rows.len());
        return Err(Failure::new(Code::Conflict, message).reason("outdated").help("upgrade them: hal9 plugin upgrade"));
    }
    Ok(())
}

/// Fills in what the index says of an installed version.
fn tell(row: &mut Row, plugin: &Plugin, record: &Record) {
    let can_be_had = record.versions.iter().filter(|one| one.yanked.is_none() && !one.withdrawn);
    let newer = can_be_had.map(|one| &one.version).filter(|version| {
        // A pre-release is news for who has one.
        **version > row.version && (version.pre.is_empty() || !row.version.pre.is_empty())
    });
    let newer: Vec<&Version> = newer.collect();
    row.newest = newer.last().map(|version| (*version).clone());
    let is_compatible = |version: &&&Version| match row.version.major {
        0 => (version.major, version.minor) == (0, row.version.minor),
        major => version.major == major,
    };
    row.compatible = newer.iter().rev().find(is_compatible).map(|version| (*version).clone());
    row.deprecated = record.deprecated.clone();
    row.notices = record.notices.iter().filter(|notice| notice.is_about(&row.version)).cloned().collect();
    match record.version(&row.version) {
        Some(one) => {
            row.yanked = one.yanked.clone();
            // Installed from elsewhere, and something else.
            let is_other = matches!(&plugin.source, Source::Installed(installed) if installed.package != one.package);
            row.unknown = is_other.then(|| format!("{} is another package in the registry", row.version));
        }
        None => row.unknown = Some(format!("the registry does not have version {}", row.version)),
    }
}

fn shown(rows: &[Row], outdated: usize) -> String {
    if rows.is_empty() {
        return "No plugin is installed.\n".to_owned();
    }
    let version = |version: &Option<Version>| version.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
    let listed = rows.iter().filter(|row| row.is_outdated() || row.unknown.is_some());
    let mut text = String::new();
    if rows.iter().any(|row| row.is_outdated() || row.unknown.is_some()) {
        text = table(
            ["PLUGIN", "INSTALLED", "COMPATIBLE", "NEWEST", "REGISTRY"],
            listed.clone().map(|row| {
                let registry = row.registry.clone().unwrap_or_else(|| "–".to_owned());
                [row.id.to_string(), row.version.to_string(), version(&row.compatible), version(&row.newest), registry]
            }),
        );
    }
    for row in listed {
        let (id, version) = (&row.id, &row.version);
        for notice in &row.notices {
            let url = notice.url.as_ref().map_or_else(String::new, |url| format!("  {}", plain(url)));
            let line =
                format!("{id} {version} is dangerous ({}): {}{url}", severity(notice.severity), plain(&notice.summary));
            text.push_str(&format!("{}\n", red(line)));
        }
        if let Some(why) = &row.yanked {
            text.push_str(&format!("{}\n", yellow(format!("{id} {version} is yanked: {}", plain(why)))));
        }
        if let Some(deprecated) = &row.deprecated {
            let instead = deprecated.instead.as_ref().map_or_else(String::new, |id| format!("; use {id} instead"));
            text.push_str(&format!(
                "{}\n",
                yellow(format!("{id} is deprecated: {}{instead}", plain(&deprecated.message)))
            ));
        }
        if let Some(why) = &row.unknown {
            text.push_str(&format!("{}\n", dim(format!("{id}: {}", plain(why)))));
        }
    }
    match outdated {
        0 if rows.iter().any(|row| row.unknown.is_some()) => {}
        0 => text.push_str(&format!("{} nothing is outdated\n", green("✓"))),
        _ => text.push_str(&dim("upgrade: hal9 plugin upgrade\n")),
    }
    text
}
