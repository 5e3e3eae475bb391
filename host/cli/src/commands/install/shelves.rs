//! Owns where the packages of a plan are taken from: those that were named, and those in folders that may be installed. It refuses
//! to know which of them are wanted.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hal9_package::PluginId;
use hal9_registry::{Candidate, Catalogue, Error, Folder};
use semver::Version;

use crate::failure::{Code, Failure};
use crate::output::{Output, plain};
use crate::trust::{Leave, Offer, Trust};

/// What was named, and then folder by folder: the first that has a plugin which may be installed answers for it.
pub(super) struct Shelves<'a> {
    named: Vec<Offer>,
    rule: Rule<'a>,
    paths: Vec<PathBuf>,
    /// The folders that are asked first for a plugin: it came from there.
    origins: BTreeMap<PluginId, PathBuf>,
    /// Looked into when something is needed that was not named: every package there is read.
    folders: OnceCell<Vec<Folder>>,
    /// What was found of the plugins that were asked for, in the order of folders and names.
    found: RefCell<BTreeMap<PluginId, Vec<Judged>>>,
    /// Whether what may not be installed is offered all the same.
    offers_all: bool,
    output: Output,
}

/// Whom packages are taken from.
pub(super) struct Rule<'a> {
    pub(super) trust: Trust,
    /// What was said, and of which plugins.
    pub(super) leave: Leave<'a>,
    pub(super) named: BTreeSet<PluginId>,
}

/// A package that was passed over.
#[derive(Clone)]
pub(super) struct Refused {
    pub(super) version: Version,
    pub(super) why: String,
}

struct Judged {
    folder: PathBuf,
    path: PathBuf,
    candidate: Candidate,
    refusal: Option<Failure>,
}

impl<'a> Shelves<'a> {
    /// Packages that were named, and folders to look into.
    pub(super) fn open(
        named: Vec<Offer>,
        folders: &[PathBuf],
        rule: Rule<'a>,
        output: Output,
    ) -> Result<Self, Failure> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for folder in folders {
            let path = folder.canonicalize().map_err(|error| Failure::file(folder, &error))?;
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        let (folders, found) = (OnceCell::new(), RefCell::default());
        Ok(Self { named, rule, paths, origins: BTreeMap::new(), folders, found, offers_all: false, output })
    }

    /// Has folders asked first for the plugins that came from there.
    pub(super) fn first(mut self, origins: BTreeMap<PluginId, PathBuf>) -> Self {
        // One that is not there any more is not asked.
        self.origins = origins.into_iter().filter_map(|(id, path)| Some((id, path.canonicalize().ok()?))).collect();
        self
    }

    /// The folders. What is no good there is told, and keeps nobody from using the rest.
    fn folders(&self) -> Result<&[Folder], Error> {
        if let Some(folders) = self.folders.get() {
            return Ok(folders);
        }
        let mut folders = Vec::new();
        for path in &self.paths {
            let folder = Folder::open(path)?;
            // Of several packages of one version, it is judged here which is taken.
            let is_package = |path: &PathBuf| folder.files().any(|(file, _)| file == path);
            for skipped in folder.skipped().iter().filter(|skipped| !is_package(&skipped.path)) {
                self.output.note(format!("passed over: {}", plain(&skipped.to_string())));
            }
            folders.push(folder);
        }
        Ok(self.folders.get_or_init(|| folders))
    }

    /// Whether a version of a plugin was named.
    pub(super) fn names(&self, id: &PluginId) -> bool {
        self.named.iter().any(|offer| offer.id() == id)
    }

    /// Whether a version is there that may be installed.
    pub(super) fn has(&self, candidate: &Candidate) -> bool {
        let found = self.found.borrow();
        let is_it = |one: &Judged| one.candidate.digest == candidate.digest;
        self.names(&candidate.id) || found.get(&candidate.id).is_some_and(|found| found.iter().any(is_it))
    }

    /// Whether what was said holds for a plugin.
    pub(super) fn is_named(&self, id: &PluginId) -> bool {
        self.rule.named.contains(id)
    }

    /// Offers what may not be installed as well, for who finds nothing that does: whoever takes it is told why it may not be.
    pub(super) fn offer_all(&mut self) {
        self.offers_all = true;
    }

    /// What may not be installed of the plugins that were asked for.
    pub(super) fn refused(&self) -> Vec<(PluginId, Refused)> {
        let found = self.found.borrow();
        let all = found.values().flatten().filter_map(|one| {
            let failure = one.refusal.as_ref()?;
            let why = [Some(failure.message.as_str()), failure.help.as_deref()];
            let why = why.into_iter().flatten().collect::<Vec<_>>().join("; ");
            Some((one.candidate.id.clone(), Refused { version: one.candidate.version.clone(), why }))
        });
        all.collect()
    }

    /// Hands out a package that was chosen. It is read now: what is judged from here on is what is installed.
    pub(super) fn take(&mut self, candidate: &Candidate) -> Result<Offer, Failure> {
        if let Some(at) = self.named.iter().position(|offer| *offer.id() == candidate.id) {
            return Ok(self.named.swap_remove(at));
        }
        let found = self.found.borrow();
        let same = |one: &&Judged| one.candidate.digest == candidate.digest;
        let mut files: Vec<&Judged> = found.get(&candidate.id).into_iter().flatten().filter(same).collect();
        files.sort_by_key(|one| one.refusal.is_some());
        if let Some(file) = files.first() {
            let offer = self.read(file)?;
            if Some(*offer.package.digest()) == candidate.digest {
                return Ok(offer);
            }
        }
        let (id, version) = (&candidate.id, &candidate.version);
        let message = format!("the package of {id} {version} was changed while it was looked at");
        Err(Failure::new(Code::Conflict, message).help("run the command again").plugin(id))
    }

    fn leave(&self, id: &PluginId) -> Leave<'a> {
        if self.is_named(id) { self.rule.leave } else { Leave::default() }
    }

    fn read(&self, file: &Judged) -> Result<Offer, Failure> {
        let id = &file.candidate.id;
        Offer::read(&file.path, None, &self.rule.trust, self.leave(id)).map_err(|failure| failure.plugin(id))
    }

    /// All of a plugin that there is, judged.
    fn judge(&self, id: &PluginId) -> Result<Vec<Judged>, Error> {
        let mut judged = Vec::new();
        let mut folders: Vec<&Folder> = self.folders()?.iter().collect();
        let origin = self.origins.get(id);
        folders.sort_by_key(|folder| origin.is_none_or(|origin| origin != folder.path()));
        for folder in folders {
            for (path, candidate) in folder.files().filter(|(_, candidate)| candidate.id == *id) {
                let (folder, path) = (folder.path().to_owned(), path.to_owned());
                let mut one = Judged { folder, path, candidate: candidate.clone(), refusal: None };
                let judged_so = self.read(&one).and_then(|offer| self.rule.trust.judge(&offer, self.leave(id)));
                one.refusal = judged_so.err();
                judged.push(one);
            }
        }
        Ok(judged)
    }
}

impl Catalogue for Shelves<'_> {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        if let Some(offer) = self.named.iter().find(|offer| offer.id() == id) {
            return Ok(vec![Candidate::from(&offer.package)]);
        }
        if !self.found.borrow().contains_key(id) {
            let judged = self.judge(id)?;
            self.found.borrow_mut().insert(id.clone(), judged);
        }
        let found = self.found.borrow();
        let may = |one: &&Judged| self.offers_all || one.refusal.is_none();
        let offered: Vec<&Judged> = found.get(id).into_iter().flatten().filter(may).collect();
        let first = offered.first().map(|one| one.folder.clone());
        let mut versions: Vec<Candidate> = Vec::new();
        for one in offered.into_iter().filter(|one| Some(&one.folder) == first.as_ref()) {
            match versions.iter().find(|other| other.version == one.candidate.version) {
                Some(other) if other.digest != one.candidate.digest => self.output.note(format!(
                    "passed over: {}: another file has {id} {} with other content: keep one of them",
                    plain(&one.path.display().to_string()),
                    other.version
                )),
                Some(_) => {}
                None => versions.push(one.candidate.clone()),
            }
        }
        Ok(versions)
    }
}
