//! `hal9 plugin search|show|outdated|publish|yank|…`: plugins in registries. It owns what is asked and told, and refuses to know how a
//! registry is asked.

mod authors;
mod oci;
mod outdated;
mod publish;
mod review;
mod search;
mod show;

use crate::args::{AtRegistry, MarketCommand};
use crate::failure::Failure;
use crate::home::Home;
use crate::output::Output;
use crate::registries::{Online, Registries};
use crate::session::Opening;
use crate::settings::Settings;

/// What each of these commands works with.
pub(super) struct Desk {
    pub(super) output: Output,
    pub(super) home: Home,
    pub(super) settings: Settings,
}

impl Desk {
    /// The registries that are used; the one that is named alone, where one is.
    pub(super) fn registries(&self, at: &AtRegistry) -> Result<Registries, Failure> {
        Registries::open(
            &self.home,
            &self.settings,
            &Online { registry: at.registry.clone(), offline: false, ..Online::default() },
        )
    }
}

pub(super) async fn run(opening: Opening<'_>, command: MarketCommand) -> Result<(), Failure> {
    let home = Home::find()?;
    let settings = match opening.settings {
        Some(settings) => settings.clone(),
        None => Settings::read(&home.settings(), opening.environment)?,
    };
    let desk = Desk { output: opening.output, home, settings };
    match command {
        MarketCommand::Search(args) => search::run(&desk, *args).await,
        MarketCommand::Show { plugin, at } => show::run(&desk, &plugin, &at).await,
        MarketCommand::Outdated { plugins, exit_code, offline } => {
            outdated::run(&desk, &plugins, exit_code, offline).await
        }
        MarketCommand::Publish(args) => publish::run(&desk, args).await,
        MarketCommand::Yank { plugin, reason, undo, at } => authors::yank(&desk, &plugin, reason, undo, &at).await,
        MarketCommand::Deprecate { plugin, message, instead, undo, at } => {
            authors::deprecate(&desk, &plugin, message.filter(|_| !undo), instead, &at).await
        }
        MarketCommand::Warn { plugin, versions, severity, summary, url, undo, at } => {
            let report = versions.zip(severity).zip(summary).map(|((versions, severity), summary)| {
                hal9_registry_index::api::Report { severity: severity.into(), versions, summary, url }
            });
            authors::warn(&desk, &plugin, report, undo, &at).await
        }
        MarketCommand::Owner { plugin, add, remove, at } => authors::owner(&desk, &plugin, add, remove, &at).await,
        MarketCommand::Endorse { plugin, new, by, at } => {
            authors::endorse(&desk, &plugin, new, by.as_deref(), &at).await
        }
        MarketCommand::Review(args) => review::write(&desk, args).await,
        MarketCommand::Reviews { plugin, limit, at } => review::list(&desk, &plugin, limit, &at).await,
        MarketCommand::Push { file, reference, oci } => oci::push(&desk, &file, &reference, &oci).await,
        MarketCommand::Pull { reference, output, oci } => oci::pull(&desk, &reference, &output, &oci).await,
    }
}
