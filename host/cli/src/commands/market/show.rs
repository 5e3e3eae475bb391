//! `hal9 plugin show`: all that a registry says of a plugin, or of one version of it.

use hal9_registry_index::api::{PluginPage, VersionPage};

use super::{Desk, search::word};
use crate::args::{AtRegistry, Named};
use crate::failure::Failure;
use crate::output::{bold, count, dim, lines, plain, size, table, yellow};
use crate::registries::{ago, day};

pub(super) async fn run(desk: &Desk, named: &Named, at: &AtRegistry) -> Result<(), Failure> {
    let registries = desk.registries(at)?;
    let id = registries.named(named).await?;
    let registry = registries.holder(&id).await?;
    match named.version() {
        Some(version) => {
            let page = registry.version(&id, &version).await?;
            desk.output.result(&page, || of_version(&page))
        }
        None => {
            let page = registry.plugin(&id).await?;
            desk.output.result(&page, || of_plugin(&page, registry.name()))
        }
    }
}

fn of_plugin(page: &PluginPage, registry: &str) -> String {
    let summary = &page.summary;
    let mut text = format!("{} {}  {}\n", bold(plain(&summary.name)), summary.version, dim(plain(summary.id.as_str())));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<11} {value}\n"));
    row("does", plain(&summary.description));
    row("is", summary.kinds.iter().map(|kind| word(kind)).collect::<Vec<_>>().join(", "));
    row("asks for", summary.permissions.to_string());
    row("licence", plain(&summary.license));
    row("author", plain(&summary.author));
    row("owners", page.owners.iter().map(|owner| plain(&owner.account)).collect::<Vec<_>>().join(", "));
    if let Some(repository) = &page.repository {
        row("source", plain(repository));
    }
    row("keys", page.keys.iter().map(|one| one.key.to_string()).collect::<Vec<_>>().join(", "));
    row(
        "rating",
        match summary.rating.count {
            0 => "no reviews yet".to_owned(),
            reviews => format!("{:.1} of 5, {}", summary.rating.mean, count(reviews, "review")),
        },
    );
    let trend = page.downloads.trend;
    row(
        "downloads",
        format!("{} in all, {} in 28 days, {} in the 28 before", page.downloads.total, trend.now, trend.before),
    );
    if !page.dependents.is_empty() {
        row("needed by", page.dependents.iter().map(|one| plain(one.id.as_str())).collect::<Vec<_>>().join(", "));
    }
    if let Some(deprecated) = &page.deprecated {
        let instead = deprecated.instead.as_ref().map_or_else(String::new, |id| format!("; use {id} instead"));
        row("deprecated", yellow(format!("{}{instead}", plain(&deprecated.message))));
    }
    for notice in &page.notices {
        let words = format!(
            "{} {:?} for {}: {}",
            day(notice.published),
            notice.severity,
            notice.versions,
            plain(&notice.summary)
        );
        row("danger", yellow(words));
    }
    text.push_str(&table(
        ["VERSION", "PUBLISHED", "SIZE", "DOWNLOADS", ""],
        page.versions.iter().map(|version| {
            let mut remarks: Vec<String> = Vec::new();
            remarks.extend(version.yanked.as_ref().map(|why| yellow(format!("yanked: {}", plain(why)))));
            remarks.extend(version.withdrawn.then(|| yellow("cannot be had any more")));
            remarks.extend(version.changes.iter().map(|change| {
                let sign = if change.added { "+" } else { "−" };
                format!("{sign} {}", plain(&change.permission.permission))
            }));
            [
                version.version.to_string(),
                ago(version.published),
                size(version.size),
                version.downloads.to_string(),
                remarks.join(", "),
            ]
        }),
    ));
    text.push_str(&dim(format!("  install it: hal9 plugin install {}   from the registry {registry}\n", summary.id)));
    text
}

fn of_version(page: &VersionPage) -> String {
    let summary = &page.summary;
    let mut text = format!("{} {}  {}\n", bold(plain(&page.name)), summary.version, dim(plain(page.id.as_str())));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<11} {value}\n"));
    row("does", plain(&page.description));
    row("published", format!("{} by {}", ago(summary.published), plain(&summary.publisher)));
    row("digest", summary.package.to_string());
    row("signed by", page.key.to_string());
    for permission in &page.permissions {
        row("may", format!("{}  {}", plain(&permission.words), dim(plain(&permission.permission))));
    }
    for capability in &page.capabilities {
        row(
            "offers",
            format!(
                "{} {}  {}",
                word(&capability.kind),
                bold(plain(&capability.name)),
                dim(plain(&capability.description))
            ),
        );
    }
    for interface in &page.imports {
        row("imports", plain(&interface.name));
    }
    for interface in &page.exports {
        row("exports", plain(&interface.name));
    }
    for (title, body) in
        [("What is new", Some(&page.notes)), ("README", page.readme.as_ref()), ("WIT", Some(&page.wit))]
    {
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            text.push_str(&format!("\n{}\n{}", bold(title), lines(body)));
        }
    }
    text
}
