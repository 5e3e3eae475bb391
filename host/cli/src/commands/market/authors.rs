//! `hal9 plugin yank|deprecate|warn|owner|endorse`: what authors say of what they have published, and who they are.

use std::path::Path;

use hal9_package::{PluginId, PublicKey};
use hal9_registry_index::api::{AccountName, Endorse, Report};
use hal9_registry_index::{Deprecation, Endorsement, sign};
use serde_json::json;

use super::Desk;
use crate::args::{AtRegistry, Named};
use crate::failure::Failure;
use crate::keys::{default_key, of_key, secret_key};
use crate::output::{bold, dim, green, plain, table};
use crate::registries::{day, severity};

pub(super) async fn yank(
    desk: &Desk,
    named: &Named,
    reason: String,
    undo: bool,
    at: &AtRegistry,
) -> Result<(), Failure> {
    let (Some(id), Some(version)) = (named.id(), named.version()) else {
        let help = "write the whole id and the version: ai.hal9.text-tools@0.2.0";
        return Err(Failure::usage("one version of one plugin is yanked", help));
    };
    let registries = desk.registries(at)?;
    let registry = registries.signed_in(at, Some(&id)).await?;
    match undo {
        true => registry.unyank(&id, &version).await?,
        false => registry.yank(&id, &version, &reason).await?,
    }
    desk.output.result(&json!({ "id": id, "version": version, "yanked": !undo, "reason": reason }), || match undo {
        true => format!("{} {} {version} can be had again\n", green("✓"), bold(&id)),
        false => format!(
            "{} {} {version} is yanked: who has it keeps it, and nobody else gets it without naming it\n",
            green("✓"),
            bold(&id)
        ),
    })
}

pub(super) async fn deprecate(
    desk: &Desk,
    id: &PluginId,
    message: Option<String>,
    instead: Option<PluginId>,
    at: &AtRegistry,
) -> Result<(), Failure> {
    let registries = desk.registries(at)?;
    let registry = registries.signed_in(at, Some(id)).await?;
    let deprecation = message.map(|message| Deprecation { message, instead });
    registry.deprecate(id, deprecation.clone()).await?;
    desk.output.result(&json!({ "id": id, "deprecated": deprecation }), || match &deprecation {
        Some(_) => format!("{} {} is deprecated: `hal9 plugin outdated` tells whoever has it\n", green("✓"), bold(id)),
        None => format!("{} {} is not deprecated any more\n", green("✓"), bold(id)),
    })
}

pub(super) async fn warn(
    desk: &Desk,
    id: &PluginId,
    report: Option<Report>,
    undo: Option<u64>,
    at: &AtRegistry,
) -> Result<(), Failure> {
    let registries = desk.registries(at)?;
    let registry = registries.signed_in(at, Some(id)).await?;
    if let Some(number) = undo {
        registry.take_back(id, number).await?;
        return desk.output.result(&json!({ "id": id, "withdrawn": number }), || {
            format!("{} the warning {number} of {} is taken back\n", green("✓"), bold(id))
        });
    }
    let Some(report) = report else {
        return Err(Failure::usage(
            "there is nothing to warn of",
            "say what: --versions '<1.2.3' --severity high TEXT",
        ));
    };
    let notice = registry.report(id, &report).await?;
    desk.output.result(&json!({ "id": id, "notice": notice }), || {
        let (severity, versions) = (severity(notice.severity), &notice.versions);
        format!(
            "{} whoever has {} {versions} is warned ({severity}, number {}): `hal9 plugin outdated` tells\n",
            green("✓"),
            bold(id),
            notice.id
        )
    })
}

pub(super) async fn owner(
    desk: &Desk,
    id: &PluginId,
    add: Option<AccountName>,
    remove: Option<AccountName>,
    at: &AtRegistry,
) -> Result<(), Failure> {
    let registries = desk.registries(at)?;
    let registry = match (&add, &remove) {
        (None, None) => registries.holder(id).await?,
        _ => registries.signed_in(at, Some(id)).await?,
    };
    if let Some(account) = &add {
        registry.add_owner(id, account).await?;
    }
    if let Some(account) = &remove {
        registry.remove_owner(id, account).await?;
    }
    let owners = registry.plugin(id).await?.owners;
    desk.output.result(&json!({ "id": id, "owners": owners }), || {
        table(["OWNER", "SINCE"], owners.iter().map(|owner| [plain(&owner.account), day(owner.since)]))
    })
}

pub(super) async fn endorse(
    desk: &Desk,
    id: &PluginId,
    new: PublicKey,
    by: Option<&Path>,
    at: &AtRegistry,
) -> Result<(), Failure> {
    let registries = desk.registries(at)?;
    let registry = registries.signed_in(at, Some(id)).await?;
    let path = match by {
        Some(path) => path.to_owned(),
        None => default_key()?,
    };
    let key = secret_key(&path, desk.output)?;
    let statement = Endorsement { plugin: id.clone(), key: new.clone() };
    let signed = sign(&statement, &[&key], &format!("key of {id}")).map_err(|error| of_key("the key", &error))?;
    registry.endorse(id, &Endorse { key: new.clone(), endorsement: signed }).await?;
    desk.output.result(&json!({ "id": id, "key": new, "by": key.public() }), || {
        format!(
            "{} {} may be signed by {} as well\n  {}\n",
            green("✓"),
            bold(id),
            new.id(),
            dim("whoever has it takes what that key signs, as yours has said so")
        )
    })
}
