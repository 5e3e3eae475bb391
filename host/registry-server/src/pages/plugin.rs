//! Owns the page of a plugin and of each of its versions: what somebody looks at before he installs it. It refuses to know how any of it was counted.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use hal9_package::PublicKey;
use hal9_registry_index::{
    Notice, Severity,
    api::{Account, InterfaceSummary, PluginPage, ReviewPage, VersionPage, VersionSummary},
};
use serde::Deserialize;

use super::{
    Pages,
    ask::encoded,
    assets,
    chart::Chart,
    docs,
    failure::Refused,
    frame::{Frame, Visit, page},
    permissions, words,
};

/// So many reviews a page.
const REVIEWS: u64 = 10;

/// Which reviews are shown.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    reviews: u64,
}

#[derive(Template)]
#[template(path = "plugin.html")]
struct View {
    frame: Frame,
    plugin: PluginPage,
    version: VersionPage,
    reviews: ReviewPage,
    skip: u64,
    readme: Option<Arc<str>>,
    notes: Arc<str>,
    groups: Vec<permissions::Group>,
    never: Vec<&'static str>,
    chart: Chart,
    /// Where the registry is.
    address: String,
    /// Whether the address names the version.
    named: bool,
}

/// The page of a plugin, with its newest version.
pub(super) async fn newest(
    State(pages): State<Pages>,
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Result<Response, Refused> {
    let plugin: PluginPage = of_plugin(&visit, &id).await?;
    let version = plugin.summary.version.to_string();
    show(&pages, visit, &headers, plugin, &version, shown.reviews, false).await
}

/// The page of one version of a plugin.
pub(super) async fn version(
    State(pages): State<Pages>,
    visit: Visit,
    headers: HeaderMap,
    Path((id, version)): Path<(String, String)>,
    Query(shown): Query<Shown>,
) -> Result<Response, Refused> {
    let plugin: PluginPage = of_plugin(&visit, &id).await?;
    show(&pages, visit, &headers, plugin, &version, shown.reviews, true).await
}

/// The signature over a version's package, as the file that `minisign` looks for.
pub(super) async fn signature(visit: Visit, Path((id, version)): Path<(String, String)>) -> Result<Response, Refused> {
    let version = of_version(&visit, &id, &version).await?;
    let name = format!("attachment; filename=\"{}-{}.hal9.minisig\"", version.id, version.summary.version);
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, version.signature).into_response())
}

/// Whether an account owns a plugin.
pub(super) fn owns(account: &Account, plugin: &PluginPage) -> bool {
    plugin.owners.iter().any(|owner| owner.account == account.name.as_str())
}

/// All that there is to say of a plugin.
pub(super) async fn of_plugin(visit: &Visit, id: &str) -> Result<PluginPage, Refused> {
    visit.caller.get(&format!("/v1/plugins/{}", encoded(id))).await.map_err(Refused::at_address)
}

async fn of_version(visit: &Visit, id: &str, version: &str) -> Result<VersionPage, Refused> {
    let path = format!("/v1/plugins/{}/versions/{}", encoded(id), encoded(version));
    visit.caller.get(&path).await.map_err(Refused::at_address)
}

async fn show(
    pages: &Pages,
    visit: Visit,
    headers: &HeaderMap,
    plugin: PluginPage,
    version: &str,
    skip: u64,
    named: bool,
) -> Result<Response, Refused> {
    let id = plugin.summary.id.as_str();
    let reviews = format!("/v1/plugins/{}/reviews?skip={skip}&limit={REVIEWS}", encoded(id));
    let (version, reviews) = tokio::join!(of_version(&visit, id, version), visit.caller.get::<ReviewPage>(&reviews));
    let (version, reviews) = (version?, reviews?);
    let readme = match &version.readme {
        Some(text) => Some(pages.readmes.html(text).await),
        None => None,
    };
    let notes = pages.readmes.html(&version.notes).await;
    let asked = || version.permissions.iter().map(|one| one.permission.as_str());
    let view = View {
        groups: permissions::grouped(asked()),
        never: permissions::never(asked()),
        chart: Chart::of(&plugin.downloads, words::now()),
        address: docs::address(pages, headers),
        frame: visit.frame,
        plugin,
        version,
        reviews,
        skip,
        readme,
        notes,
        named,
    };
    Ok(page(StatusCode::OK, &view))
}

impl View {
    /// The notices that are about the version on the page.
    fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.plugin.notices.iter().filter(|notice| notice.is_about(&self.version.summary.version))
    }

    /// The notices that are about other versions alone.
    fn past(&self) -> impl Iterator<Item = &Notice> {
        self.plugin.notices.iter().filter(|notice| !notice.is_about(&self.version.summary.version))
    }

    /// Whether the version on the page is the one that a new user gets.
    fn is_newest(&self) -> bool {
        self.version.summary.version == self.plugin.summary.version
    }

    /// What installs the version on the page.
    fn command(&self) -> String {
        let id = &self.version.id;
        if self.is_newest() {
            format!("hal9 plugin install {id}")
        } else {
            format!("hal9 plugin install {id}@{}", self.version.summary.version)
        }
    }

    /// What the files of the version are called when they are saved.
    fn file(&self) -> String {
        format!("{}-{}.hal9", self.version.id, self.version.summary.version)
    }

    /// Stars with how many gave them, and how many of a hundred reviews that is; five stars first.
    fn spread(&self) -> Vec<(usize, u64, u64)> {
        let all = self.reviews.stars.iter().sum::<u64>().max(1);
        let of = |(at, number): (usize, &u64)| (at + 1, *number, number * 100 / all);
        self.reviews.stars.iter().enumerate().map(of).rev().collect()
    }

    /// Which of the author's keys has signed the version: its place in the list, from 1.
    fn place(&self, key: &PublicKey) -> Option<usize> {
        self.plugin.keys.iter().position(|one| one.key == *key).map(|at| at + 1)
    }

    /// The address of a version's page.
    fn page_of(&self, version: &VersionSummary) -> String {
        format!("/plugins/{}/{}", self.version.id, encoded(&version.version.to_string()))
    }

    /// What the component exports and imports, each with its word in the address of a search.
    fn interfaces(&self) -> [(&'static str, &'static str, &[InterfaceSummary]); 2] {
        [("Exports", "exports", &self.version.exports), ("Imports", "imports", &self.version.imports)]
    }

    /// Whether it is the visitor's own, which he does not judge.
    fn is_own(&self) -> bool {
        self.frame.account.as_ref().is_some_and(|account| owns(account, &self.plugin))
    }

    /// An address that a link may lead to: what is not one of the web is not shown.
    fn safe<'a>(&self, url: Option<&'a str>) -> Option<&'a str> {
        url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
    }

    /// Whether somebody told that a version is dangerous.
    fn is_dangerous(&self, version: &VersionSummary) -> bool {
        self.plugin.notices.iter().any(|notice| notice.is_about(&version.version))
    }

    /// How many reviews come before those of the page, where some do.
    fn earlier(&self) -> Option<u64> {
        (self.skip > 0).then(|| self.skip.saturating_sub(REVIEWS))
    }

    /// How many reviews come before the next ones, where there are more.
    fn later(&self) -> Option<u64> {
        let next = self.skip.saturating_add(REVIEWS);
        (next < self.reviews.total).then_some(next)
    }
}
