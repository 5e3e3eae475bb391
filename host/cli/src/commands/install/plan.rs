//! Owns what is to be installed, and in which order: the packages that were named, and those that they need, none of which
//! stands against what is installed. It refuses to change anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hal9_host::shell_word;
use hal9_package::{Dependency, Permissions, PluginId, PublicKey};
use hal9_registry::{Candidate, Catalogues, Plugin, Prefer, Source, resolve};
use semver::{BuildMetadata, Comparator, Op, Version, VersionReq};

use super::consent::new_of;
use super::shelves::{Rule, Shelves};
use super::stock::Stock;
use crate::failure::{Code, Failure};
use crate::session::Session;
use crate::trust::{Leave, Offer, key_of};
use hal9_registry_index::lookalike;

/// What is to be done.
#[derive(Default)]
pub(super) struct Plan {
    /// One version each, those that others need first.
    pub(super) steps: Vec<Step>,
    /// What was named and is installed already.
    pub(super) unchanged: Vec<(PluginId, Version)>,
    /// The keys that may sign a plugin from now on: that of the command line, where nobody has said before who may, and that of a registry.
    pub(super) vouched: BTreeMap<PluginId, BTreeSet<PublicKey>>,
    pub(super) warnings: Vec<String>,
}

/// One version that is to be installed.
pub(super) struct Step {
    pub(super) offer: Offer,
    pub(super) signer: Option<PublicKey>,
    /// Whether it was named; otherwise what was said of packages does not hold for it.
    pub(super) is_named: bool,
    /// An installed plugin that people take it for.
    pub(super) alike: Option<PluginId>,
    /// What is installed now.
    pub(super) before: Option<Before>,
    /// What nobody has granted or known of before.
    pub(super) asks: Permissions,
    /// What it is granted from now on, of what was granted before at first.
    pub(super) granted: Permissions,
}

/// The version that is installed now.
pub(super) struct Before {
    pub(super) version: Version,
    pub(super) active: bool,
}

/// What an operator wants of plugins.
pub(super) struct Wish {
    pub(super) roots: Vec<Dependency>,
    /// Those among them that were named: where one of these cannot be had, nothing is done.
    pub(super) named: BTreeSet<PluginId>,
    pub(super) prefer: Prefer,
}

impl Plan {
    /// The plan to install some packages.
    pub(super) async fn install(
        session: &Session,
        offers: Vec<Offer>,
        wanted: Vec<Dependency>,
        stock: &mut Stock,
        from: &[PathBuf],
        leave: Leave<'_>,
        allow_downgrade: bool,
    ) -> Result<Self, Failure> {
        let mut plan = Self::default();
        let mut named = Vec::new();
        // What lies beside a package is what it was published with.
        let mut folders = from.to_vec();
        for offer in offers {
            folders.extend(offer.path.parent().map(Path::to_owned));
            if plan.is_new(session, &offer, leave, allow_downgrade)? {
                named.push(offer);
            }
        }
        if let Some(twice) =
            named.iter().enumerate().find(|(at, one)| named[..*at].iter().any(|it| it.id() == one.id()))
        {
            let id = twice.1.id();
            return Err(Failure::usage(format!("{id} is named twice"), "name one version of it").plugin(id));
        }
        let roots: Vec<_> = named.iter().map(|offer| exactly(offer.id(), offer.version())).chain(wanted).collect();
        let rule = Rule {
            trust: session.settings.trust(),
            leave,
            named: named.iter().map(|offer| offer.id().clone()).collect(),
        };
        // Of what has a name alone, the newest is meant; a package is the version that it is.
        let named_ids = roots.iter().map(|root| root.plugin_id.clone()).collect();
        let wish = Wish { roots, named: named_ids, prefer: Prefer::Newest };
        let shelves = Shelves::open(named, &folders, rule, session.output)?;
        plan.resolve(session, shelves, stock, wish, leave, allow_downgrade).await?;
        Ok(plan)
    }

    /// Whether a version that was named is to be installed; it is not where it is already, by the same signature.
    pub(super) fn is_new(
        &mut self,
        session: &Session,
        offer: &Offer,
        leave: Leave<'_>,
        allow_downgrade: bool,
    ) -> Result<bool, Failure> {
        let (id, version) = (offer.id(), offer.version());
        let trust = session.settings.trust();
        let signer = trust.judge(offer, leave)?;
        if let Some(key) = signer.as_ref().filter(|key| Some(*key) == leave.key && !trust.keys.contains_key(id)) {
            self.vouched.entry(id.clone()).or_default().insert(key.clone());
        }
        let Some(current) = session.registry.installed(id)? else { return Ok(true) };
        let there = session.registry.versions(id)?.into_iter().find(|(_, installed)| installed.version == *version);
        let conflict = |message: String, reason: &str| Failure::new(Code::Conflict, message).reason(reason).plugin(id);
        if let Some((_, installed)) = &there
            && installed.package != *offer.package.digest()
        {
            let message = format!("{id}: another package of version {version} is installed, {}", installed.package);
            return Err(conflict(message, "different").help(format!(
                "a version never changes: have its author give this one a new version, or take the other out: \
                 hal9 plugin uninstall {id} --version {version}"
            )));
        }
        let now = version_of(&current);
        if version == now {
            let is_signed_so = match (&signer, key_of(&current)) {
                // A package without its signature takes away none; nor does it bring back what a stolen key has signed.
                (None, was) => trust.may_run(id, was).map(|()| true)?,
                (signer, was) => signer.as_ref() == was,
            };
            // One whose files are damaged is installed again, and so is one with another signature.
            if is_signed_so && is_whole(session, &current) {
                self.unchanged.push((id.clone(), version.clone()));
                return Ok(false);
            }
        }
        if version < now && !allow_downgrade {
            let message = format!("{id}: version {now} is installed, and {version} is older");
            let help = match there {
                Some(_) => format!("it is installed beside the other: hal9 plugin use {id} {version}"),
                None => "if you mean it: --allow-downgrade".to_owned(),
            };
            return Err(conflict(message, "downgrade").help(help));
        }
        Ok(true)
    }

    /// Finds the versions that fit a wish and each other, and makes a step of each that is not installed.
    pub(super) async fn resolve(
        &mut self,
        session: &Session,
        mut shelves: Shelves<'_>,
        stock: &mut Stock,
        wish: Wish,
        leave: Leave<'_>,
        allow_downgrade: bool,
    ) -> Result<(), Failure> {
        if wish.roots.is_empty() {
            return Ok(());
        }
        stock.gather(session, &shelves, &wish).await?;
        self.warnings.extend(stock.refused());
        let plugins = session.registry.list()?;
        let installed: Vec<Candidate> = plugins.iter().map(|plugin| Candidate::from(&plugin.manifest)).collect();
        let hal9 = this_hal9()?;
        let find = |shelves: &Shelves<'_>| {
            resolve(&wish.roots, &Catalogues(vec![shelves, &*stock]), &installed, &hal9, wish.prefer)
        };
        let chosen = match find(&shelves) {
            Ok(chosen) => chosen,
            // What is missing may be there, and not to be taken: then that is what there is to say.
            Err(_) => {
                shelves.offer_all();
                find(&shelves).map_err(|unsolvable| stock.explain(unsolvable.into()))?
            }
        };
        for (id, refused) in shelves.refused() {
            let taken = chosen.iter().chain(&installed).find(|one| one.id == id);
            if taken.is_none_or(|taken| taken.version < refused.version) {
                self.warnings.push(format!("{id} {} was passed over: {}", refused.version, refused.why));
            }
        }
        for candidate in chosen {
            let is_there = installed.iter().any(|one| (&one.id, &one.version) == (&candidate.id, &candidate.version));
            if is_there && !shelves.names(&candidate.id) {
                let is_wanted = wish.roots.iter().any(|root| root.plugin_id == candidate.id);
                if is_wanted && stock.has(&candidate) {
                    self.unchanged.push((candidate.id, candidate.version));
                }
                continue;
            }
            let offer = match stock.has(&candidate) && !shelves.has(&candidate) {
                true => {
                    let offer = stock.fetch(session, &candidate).await?;
                    if !self.is_new(session, &offer, leave, allow_downgrade)? {
                        continue;
                    }
                    offer
                }
                false => shelves.take(&candidate)?,
            };
            self.warn(&offer, &plugins);
            self.add(session, offer, leave, shelves.is_named(&candidate.id))?;
        }
        Ok(())
    }

    /// Makes a step of a package, if it may be installed.
    pub(super) fn add(
        &mut self,
        session: &Session,
        offer: Offer,
        leave: Leave<'_>,
        is_named: bool,
    ) -> Result<(), Failure> {
        let step = Step::new(session, offer, leave, is_named)?;
        let id = step.offer.id();
        let known = session.settings.plugin(id).keys.unwrap_or_default();
        if let Some(published) = &step.offer.published
            && !known.contains(&published.key)
        {
            // The others may sign the next version.
            self.vouched.entry(id.clone()).or_default().extend(published.keys.iter().cloned());
        }
        // The operator has decided by hand, and is not asked.
        if let Some(said) = session.settings.plugin(id).grant {
            for permission in new_of(&step.offer.package.manifest().permissions, &[&said]) {
                let word = shell_word(&permission.to_string());
                self.warnings.push(format!(
                    "{id} asks for {permission}, which hal9.toml does not grant: hal9 policy grant {id} {word}"
                ));
            }
        }
        self.steps.push(step);
        Ok(())
    }

    /// What an operator should look at twice.
    pub(super) fn warn(&mut self, offer: &Offer, plugins: &[Plugin]) {
        let id = offer.id();
        self.warnings.extend(offer.published.iter().flat_map(|published| published.warnings.clone()));
        let known = plugins.iter().find(|plugin| plugin.id() == id);
        if let Some(Source::Linked(link)) = known.map(|plugin| &plugin.source) {
            let folder = link.folder.display();
            self.warnings.push(format!("{id} is loaded from {folder}, and that serves until: hal9 plugin unload {id}"));
        }
    }
}

/// Says of a package that was not named that what was said of those that were does not hold for it.
fn unnamed(failure: Failure, leave: Leave<'_>) -> Failure {
    if failure.code != Code::Signature || (leave.key.is_none() && !leave.unsigned) {
        return failure;
    }
    let id = failure.plugin.clone().unwrap_or_default();
    let message = format!("{}; --key and --allow-unsigned hold for the packages that are named", failure.message);
    let help = format!("name its package as well, or trust who signs it: hal9 policy trust {id} KEY");
    Failure { message, ..failure }.help(help)
}

impl Step {
    /// What makes it so dangerous that nobody should have it, as its registry says.
    pub(super) fn danger(&self) -> Option<String> {
        self.offer.published.as_ref().and_then(|published| published.danger.clone())
    }

    /// What to look at twice before it is installed.
    pub(super) fn doubt(&self) -> Option<String> {
        let (id, other) = (self.offer.id(), self.alike.as_ref()?);
        Some(format!("{id} is easily taken for {other}, which is installed: make sure that you mean it"))
    }

    fn new(session: &Session, offer: Offer, leave: Leave<'_>, is_named: bool) -> Result<Self, Failure> {
        let signer = match is_named {
            true => session.settings.trust().judge(&offer, leave)?,
            false => {
                let judged = session.settings.trust().judge(&offer, Leave::default());
                judged.map_err(|failure| unnamed(failure, leave))?
            }
        };
        let current = session.registry.installed(offer.id())?;
        let declared = &offer.package.manifest().permissions;
        let said = session.settings.plugin(offer.id()).grant;
        let granted = match (&current, &said) {
            (Some(current), _) => current.granted.clone(),
            (None, Some(said)) => declared.meet(said),
            (None, None) => Permissions::new(),
        };
        let asks = match (&said, &current) {
            // The operator has decided by hand, and whatever is said here would have no effect.
            (Some(_), _) => Permissions::new(),
            (None, Some(current)) => new_of(declared, &[&current.manifest.permissions, &current.granted]),
            (None, None) => declared.clone(),
        };
        let alike = match current {
            Some(_) => None,
            None => lookalike::of(offer.id(), session.registry.list()?.iter().map(Plugin::id)).cloned(),
        };
        let before = current.map(|current| Before { version: version_of(&current).clone(), active: current.active });
        Ok(Self { offer, signer, is_named, alike, before, asks, granted })
    }
}

/// Whether the files of what is installed are what was installed.
fn is_whole(session: &Session, plugin: &Plugin) -> bool {
    let Source::Installed(installed) = &plugin.source else { return true };
    session.registry.component(plugin).is_ok() && session.registry.package(installed).is_ok()
}

/// This version and no other.
pub(super) fn exactly(id: &PluginId, version: &Version) -> Dependency {
    requirement(id, version, Op::Exact)
}

/// This version or a newer one.
pub(super) fn at_least(id: &PluginId, version: &Version) -> Dependency {
    requirement(id, version, Op::GreaterEq)
}

fn requirement(id: &PluginId, version: &Version, op: Op) -> Dependency {
    let Version { major, minor, patch, pre, build: BuildMetadata { .. } } = version.clone();
    let comparator = Comparator { op, major, minor: Some(minor), patch: Some(patch), pre };
    Dependency { plugin_id: id.clone(), version: VersionReq { comparators: vec![comparator] } }
}

/// The version that a plugin says of itself.
pub(super) fn version_of(plugin: &Plugin) -> &Version {
    &plugin.manifest.metadata.version
}

pub(super) fn this_hal9() -> Result<Version, Failure> {
    env!("CARGO_PKG_VERSION").parse().map_err(|error| Failure::internal("HAL9's own version is none", &error))
}
