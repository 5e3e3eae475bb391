//! `hal9 plugin upgrade`: the newest versions that fit each other and all that is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hal9_package::PluginId;
use hal9_registry::{Plugin, Prefer, Source};

use super::carry_out;
use super::consent::Consent;
use super::plan::{Plan, Wish, at_least, exactly, version_of};
use super::remove::installed;
use super::shelves::{Rule, Shelves};
use super::stock::Stock;
use crate::args::UpgradeArgs;
use crate::failure::Failure;
use crate::session::Session;
use crate::trust::{Leave, Offer};

/// The packages among what was named.
pub(super) fn packages(args: &UpgradeArgs) -> impl Iterator<Item = &Path> {
    args.plugins.iter().filter(|text| is_package(text)).map(Path::new)
}

pub(super) async fn run(
    session: &mut Session,
    environment: Option<&str>,
    args: UpgradeArgs,
    named: Vec<Offer>,
) -> Result<(), Failure> {
    let leave = Leave { key: None, unsigned: args.allow_unsigned };
    let trust = session.settings.trust();
    let (mut plan, mut offers, mut plugins) = (Plan::default(), Vec::new(), Vec::new());
    for text in args.plugins.iter().filter(|text| !is_package(text)) {
        plugins.push(installed(session, text)?.current);
    }
    for offer in named {
        trust.judge(&offer, leave)?;
        if session.registry.installed(offer.id())?.is_none() {
            let message = format!("{} is not installed", offer.id());
            let help = format!("install it: hal9 plugin install {}", offer.path.display());
            return Err(Failure::not_found(message, help).plugin(offer.id()));
        }
        if plan.is_new(session, &offer, leave, false)? {
            offers.push(offer);
        }
    }
    let asked: BTreeSet<PluginId> =
        offers.iter().map(Offer::id).chain(plugins.iter().map(Plugin::id)).cloned().collect();
    if args.plugins.is_empty() {
        plugins = all(session)?;
    }
    let is_from_folders = !args.from.is_empty();
    let origins: BTreeMap<PluginId, PathBuf> = match args.from.is_empty() {
        true => plugins.iter().filter_map(|plugin| Some((plugin.id().clone(), origin(plugin)?))).collect(),
        false => BTreeMap::new(),
    };
    let folders = match args.from.is_empty() {
        true => all_of(&origins, &offers),
        false => args.from,
    };
    let named = offers.iter().map(Offer::id).chain(plugins.iter().map(Plugin::id)).cloned().collect();
    let rule = Rule { trust, leave, named };
    let roots = offers.iter().map(|offer| exactly(offer.id(), offer.version()));
    let roots = roots.chain(plugins.iter().map(|plugin| at_least(plugin.id(), version_of(plugin)))).collect();
    let shelves = Shelves::open(offers, &folders, rule, session.output)?.first(origins);
    // Who names folders wants what is there.
    let mut stock = if is_from_folders { Stock::none(session)? } else { Stock::open(session, &args.online)? };
    plan.resolve(session, shelves, &mut stock, Wish { roots, named: asked, prefer: Prefer::Newest }, leave, false)
        .await?;
    let upgraded: BTreeSet<&PluginId> = plan.steps.iter().map(|step| step.offer.id()).collect();
    let stay = plugins.iter().filter(|plugin| !upgraded.contains(plugin.id()));
    let stay: Vec<_> = stay.map(|plugin| (plugin.id().clone(), version_of(plugin).clone())).collect();
    plan.unchanged.extend(stay);
    carry_out(session, environment, plan, &mut stock, &Consent::from(args.consent), leave, args.dry_run).await
}

/// Whether somebody means a file: no id ends like that one.
fn is_package(text: &str) -> bool {
    let path = Path::new(text);
    path.extension().is_some_and(|extension| extension == "hal9") && path.exists()
}

/// Every plugin that is installed, in its current version.
fn all(session: &Session) -> Result<Vec<Plugin>, Failure> {
    let mut plugins = Vec::new();
    for plugin in session.registry.list()? {
        plugins.extend(session.registry.installed(plugin.id())?);
    }
    Ok(plugins)
}

/// The folder that a plugin was installed from, while it is there.
fn origin(plugin: &Plugin) -> Option<PathBuf> {
    let Source::Installed(installed) = &plugin.source else { return None };
    Path::new(&installed.origin).parent().filter(|folder| folder.is_dir()).map(Path::to_owned)
}

/// The folders that plugins were installed from, and those of packages that were named.
fn all_of(origins: &BTreeMap<PluginId, PathBuf>, offers: &[Offer]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = origins.values().cloned().collect();
    folders.extend(offers.iter().filter_map(|offer| offer.path.parent()).map(Path::to_owned));
    folders.sort();
    folders.dedup();
    folders
}
