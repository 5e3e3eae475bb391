//! Owns what registries have of the plugins that a plan is about: which versions may be taken, by whose signature, and the packages of those
//! that were chosen. It refuses to choose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hal9_package::{Dependency, PluginId, PublicKey};
use hal9_registry::{Candidate, Catalogue, Error};
use hal9_registry_index::{Notice, Record, Severity, VersionRecord};
use semver::{Op, Version, VersionReq};

use super::plan::{Step, Wish};
use super::shelves::Shelves;
use crate::args::{Named, OnlineArgs};
use crate::failure::{Code, Failure};
use crate::output::plain;
use crate::registries::{Online, Registries, severity};
use crate::session::Session;
use crate::trust::{Offer, Published, Trust, key_of};

/// More plugins than these are not asked for: each needs another, and each of them asks for it.
const PLUGINS: usize = 1_000;

/// What registries have.
pub(super) struct Stock {
    registries: Registries,
    stocked: BTreeMap<PluginId, Stocked>,
    /// What was found and may not be taken, in words.
    refused: Vec<String>,
}

/// What a registry has of a plugin.
struct Stocked {
    registry: String,
    record: Record,
    /// Where the plugin's page is.
    page: String,
    candidates: Vec<Candidate>,
}

impl Stock {
    /// The registries that the settings name, or the one that is asked for.
    pub(super) fn open(session: &Session, online: &OnlineArgs) -> Result<Self, Failure> {
        let online = Online { registry: online.registry.clone(), offline: online.offline, ..Online::default() };
        let registries = Registries::open(&session.home, &session.settings, &online)?;
        Ok(Self { registries, stocked: BTreeMap::new(), refused: Vec::new() })
    }

    /// No registry.
    pub(super) fn none(session: &Session) -> Result<Self, Failure> {
        Ok(Self { registries: Registries::none(&session.home)?, stocked: BTreeMap::new(), refused: Vec::new() })
    }

    /// Finds out which plugins are meant.
    ///
    /// # Errors
    ///
    /// Code `not-found` where nobody has one, `conflict` where several have that name.
    pub(super) async fn find(&mut self, session: &Session, names: &[Named]) -> Result<Vec<Dependency>, Failure> {
        let mut wanted: Vec<Dependency> = Vec::new();
        for named in names {
            let plugin_id = match session.registry.get(&named.name)? {
                Some(plugin) => plugin.id().clone(),
                None => self.registries.named(named).await?,
            };
            if wanted.iter().any(|other| other.plugin_id == plugin_id) {
                let message = format!("{plugin_id} is named twice");
                return Err(Failure::usage(message, "name one version of it").plugin(&plugin_id));
            }
            let version = named.versions().unwrap_or(VersionReq::STAR);
            wanted.push(Dependency { plugin_id, version });
        }
        Ok(wanted)
    }

    /// Asks registries for what a plan begins with, and for all that this may need and that lies in no folder.
    ///
    /// # Errors
    ///
    /// What a registry says and is not believed, and what keeps one that was named from being had. Others are passed over, and told.
    pub(super) async fn gather(
        &mut self,
        session: &Session,
        shelves: &Shelves<'_>,
        Wish { roots, named, .. }: &Wish,
    ) -> Result<(), Failure> {
        if self.registries.is_empty() {
            return Ok(());
        }
        let exact: BTreeSet<(PluginId, Version)> = roots.iter().filter_map(exact_version).collect();
        let mut left: VecDeque<PluginId> = roots.iter().map(|root| root.plugin_id.clone()).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = left.pop_front() {
            if seen.len() == PLUGINS || !seen.insert(id.clone()) {
                continue;
            }
            let mut versions = shelves.versions(&id)?;
            if versions.is_empty() {
                match self.ask(session, &id, &exact).await {
                    Ok(()) => {}
                    // Somebody lies, or what was named cannot be had.
                    Err(failure) if named.contains(&id) || is_lie(&failure) => return Err(failure),
                    // What only another version needs may be of no matter.
                    Err(failure) => self.refused.push(format!("{id} was passed over: {}", failure.message)),
                }
                versions = self.versions(&id)?;
            }
            left.extend(versions.into_iter().flat_map(|one| one.dependencies).map(|needed| needed.plugin_id));
        }
        Ok(())
    }

    /// Asks the registry that a plugin is had from, and keeps what may be taken of it.
    async fn ask(
        &mut self,
        session: &Session,
        id: &PluginId,
        exact: &BTreeSet<(PluginId, Version)>,
    ) -> Result<(), Failure> {
        let Some((registry, listed)) = self.registries.listed(id, session.output).await? else { return Ok(()) };
        let trust = session.settings.trust();
        let believed = self.believed(session, &trust, id, &listed.record)?;
        let is_installed = |version: &Version| {
            session.registry.versions(id).is_ok_and(|all| all.iter().any(|(_, one)| one.version == *version))
        };
        let (mut candidates, mut refused) = (Vec::new(), Vec::new());
        for version in &listed.record.versions {
            let is_exact = exact.contains(&(id.clone(), version.version.clone()));
            if version.withdrawn || (version.yanked.is_some() && !is_exact && !is_installed(&version.version)) {
                continue;
            }
            if believed.contains(&version.key) {
                candidates.push(candidate(id, version));
            } else {
                let keys = believed.iter().map(|key| key.id().to_string()).collect::<Vec<_>>().join(", ");
                let only = if keys.is_empty() { "no key".to_owned() } else { format!("only {keys}") };
                let (version, key) = (&version.version, version.key.id());
                refused.push(format!("{id} {version} is signed by the key {key}, and {only} is believed for it"));
            }
        }
        // Nothing of it may be taken, and something is there: whoever asks for it should know why.
        if candidates.is_empty() && !refused.is_empty() {
            let help = format!("get its author's key from where you trust it: hal9 policy trust {id} KEY");
            return Err(Failure::signature(UNTRUSTED, refused.join("; ")).help(help).plugin(id));
        }
        // What is older than what is there is no news.
        let now = session.registry.installed(id)?.map(|plugin| plugin.manifest.metadata.version);
        let newest = candidates.iter().map(|one: &Candidate| &one.version).max().cloned();
        if listed.record.versions.last().map(|one| &one.version) > newest.as_ref().max(now.as_ref()) {
            self.refused.extend(refused.pop());
        }
        let page = format!("{}plugins/{id}", registry.url());
        let (registry, record) = (registry.name().to_owned(), listed.record);
        self.stocked.insert(id.clone(), Stocked { registry, record, page, candidates });
        Ok(())
    }

    /// Whether a registry has a version.
    pub(super) fn has(&self, candidate: &Candidate) -> bool {
        let stocked = self.stocked.get(&candidate.id);
        stocked.is_some_and(|stocked| stocked.candidates.iter().any(|one| one.version == candidate.version))
    }

    /// Gets the package of a version that was chosen: verified, by its digest and its author's signature.
    pub(super) async fn fetch(&self, session: &Session, candidate: &Candidate) -> Result<Offer, Failure> {
        let gone = || Failure::new(Code::Conflict, "the registry has changed").help("run the command again");
        let stocked = self.stocked.get(&candidate.id).ok_or_else(gone)?;
        let version = stocked.record.version(&candidate.version).ok_or_else(gone)?;
        let registry = self.registries.get(&stocked.registry)?;
        let trust = session.settings.trust();
        let believed = self.believed(session, &trust, &candidate.id, &stocked.record)?;
        let bar = session.output.bytes(format!("{} {}", candidate.id, candidate.version));
        let watch = |progress: hal9_registry_client::Progress| bar.done(progress.done, progress.total);
        let downloaded = registry.download(&candidate.id, version, &believed, &watch).await?;
        drop(bar);
        let published = Published {
            origin: format!("{}/{}", stocked.page, candidate.version),
            key: version.key.clone(),
            keys: believed,
            warnings: warnings(&candidate.id, &stocked.record, version),
            danger: danger(&candidate.id, &stocked.record, version),
        };
        Ok(Offer {
            path: downloaded.path,
            package: downloaded.package,
            signature: Some(version.signature.clone()),
            published: Some(published),
        })
    }

    /// Has a plugin be had from where this version is from, and from nowhere else, from now on.
    pub(super) async fn bind(&mut self, step: &Step) -> Result<(), Failure> {
        let id = step.offer.id();
        let (Some(stocked), Some(published)) = (self.stocked.get(id), &step.offer.published) else { return Ok(()) };
        // The key that it was known by first stays: later ones follow from it.
        let first = stocked.record.keys.first().map_or(&published.key, |one| &one.key);
        self.registries.bind(id, &stocked.registry, first).await
    }

    /// The keys that may sign a plugin: those of the settings and what they have endorsed; where they say nothing, the one that it came with first; and
    /// of one that is not here, the one that the registry names first. What is installed without a word of who may sign it follows nobody.
    fn believed(
        &self,
        session: &Session,
        trust: &Trust,
        id: &PluginId,
        record: &Record,
    ) -> Result<Vec<PublicKey>, Failure> {
        let installed = session.registry.installed(id)?;
        let known: Vec<PublicKey> = match (trust.keys.get(id), self.registries.author(id), &installed) {
            (Some(keys), ..) => keys.iter().cloned().collect(),
            (None, Some(author), _) => vec![author],
            (None, None, Some(installed)) => key_of(installed).cloned().into_iter().collect(),
            (None, None, None) => record.keys.first().map(|one| one.key.clone()).into_iter().collect(),
        };
        // A key that is revoked endorses nothing either: whoever stole it would endorse his own.
        let keys = record.keys.iter().filter(|one| !trust.revoked.contains(&one.key)).cloned().collect();
        let record = Record { keys, ..Record::default() };
        let mut believed = Vec::new();
        for key in known.iter().filter(|key| !trust.revoked.contains(key)) {
            let more = record.believed_from(id, key);
            believed.extend(more.into_iter().filter(|key| !believed.contains(key)).collect::<Vec<_>>());
        }
        Ok(believed)
    }

    /// What was found and may not be taken, in words.
    pub(super) fn refused(&self) -> Vec<String> {
        self.refused.iter().map(|text| plain(text)).collect()
    }

    /// Adds to a failure what was found in registries and may not be taken.
    pub(super) fn explain(&self, mut failure: Failure) -> Failure {
        if !self.refused.is_empty() {
            failure.message = format!("{}; {}", failure.message, plain(&self.refused.join("; ")));
        }
        failure
    }
}

impl Catalogue for Stock {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        Ok(self.stocked.get(id).map(|stocked| stocked.candidates.clone()).unwrap_or_default())
    }
}

/// The word for a key that nobody believes: not that a registry lies.
const UNTRUSTED: &str = "untrusted-key";

/// Whether a registry, or somebody between, has said what it should not have.
fn is_lie(failure: &Failure) -> bool {
    failure.code == Code::Signature && failure.reason.as_deref() != Some(UNTRUSTED)
}

fn candidate(id: &PluginId, version: &VersionRecord) -> Candidate {
    Candidate {
        id: id.clone(),
        version: version.version.clone(),
        dependencies: version.dependencies.clone(),
        min_hal9_version: version.min_hal9_version.clone(),
        digest: Some(version.package),
    }
}

/// What to look at twice before a version is installed.
fn warnings(id: &PluginId, record: &Record, version: &VersionRecord) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(deprecated) = &record.deprecated {
        let instead = deprecated.instead.as_ref().map_or_else(String::new, |id| format!("; use {id} instead"));
        warnings.push(format!("{id} is deprecated: {}{instead}", plain(&deprecated.message)));
    }
    if let Some(why) = &version.yanked {
        warnings.push(format!("{id} {} is yanked: {}", version.version, plain(why)));
    }
    for notice in record.notices.iter().filter(|notice| notice.is_about(&version.version)) {
        warnings.push(format!(
            "{id} {} is dangerous ({}): {}",
            version.version,
            severity(notice.severity),
            plain(&notice.summary)
        ));
    }
    warnings
}

/// What makes a version so dangerous that nobody should have it.
fn danger(id: &PluginId, record: &Record, version: &VersionRecord) -> Option<String> {
    let critical = |notice: &&Notice| notice.severity == Severity::Critical && notice.is_about(&version.version);
    let notice = record.notices.iter().find(critical)?;
    Some(format!("{id} {} is dangerous ({}): {}", version.version, severity(notice.severity), plain(&notice.summary)))
}

/// The one version that is asked for.
fn exact_version(wanted: &Dependency) -> Option<(PluginId, Version)> {
    let [one] = wanted.version.comparators.as_slice() else { return None };
    let version = Version { pre: one.pre.clone(), ..Version::new(one.major, one.minor?, one.patch?) };
    (one.op == Op::Exact).then(|| (wanted.plugin_id.clone(), version))
}
