//! `hal9 registry`: a registry of one's own, and the registries that plugins are had from. It owns what is asked and told, and refuses to
//! know how a registry works.

mod keep;
mod serve;
mod used;

use hal9_registry_index::api::Report;

use crate::args::RegistryCommand;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(output: Output, environment: Option<&str>, command: RegistryCommand) -> Result<(), Failure> {
    match command {
        RegistryCommand::Serve(args) => serve::run(output, *args).await,
        RegistryCommand::Backup { data, output: file } => keep::backup(output, data, file).await,
        RegistryCommand::Restore { file, data } => keep::restore(output, file, data).await,
        RegistryCommand::Prune { data, yanked } => keep::prune(output, data, yanked).await,
        RegistryCommand::Mirror { url, data, key, insecure } => keep::mirror(output, url, data, key, insecure).await,
        RegistryCommand::RotateKeys { data, root } => keep::rotate_keys(output, data, root).await,
        RegistryCommand::Withdraw { plugin, data, reason } => keep::withdraw(output, plugin, data, reason).await,
        RegistryCommand::Warn { plugin, data, versions, severity, summary, url, undo } => {
            let report = versions.zip(severity).zip(summary);
            let report = report.map(|((versions, severity), summary)| Report {
                severity: severity.into(),
                versions,
                summary,
                url,
            });
            keep::warn(output, plugin, data, report, undo).await
        }
        RegistryCommand::Account(command) => keep::account(output, command).await,
        RegistryCommand::Add(args) => used::add(output, environment, args).await,
        RegistryCommand::Remove { name, forget } => used::remove(output, environment, &name, forget).await,
        RegistryCommand::List => used::list(output, environment),
    }
}
