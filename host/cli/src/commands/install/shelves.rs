//! Owns where the packages of a plan are taken from: those that were named, and those in folders. It refuses to know which of
//! them are wanted.

use std::cell::OnceCell;
use std::path::PathBuf;

use hal9_package::PluginId;
use hal9_registry::{Candidate, Catalogue, Error, Folder};

use crate::failure::{Code, Failure};
use crate::output::{Output, plain};
use crate::trust::Offer;

/// What was named, and then folder by folder: the first that has a plugin answers for it.
pub(super) struct Shelves {
    named: Vec<Offer>,
    paths: Vec<PathBuf>,
    /// Looked into when something is needed that was not named: every package there is read.
    folders: OnceCell<Vec<Folder>>,
    output: Output,
}

impl Shelves {
    /// Packages that were named, and folders to look into.
    pub(super) fn open(named: Vec<Offer>, folders: &[PathBuf], output: Output) -> Result<Self, Failure> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for folder in folders {
            let path = folder.canonicalize().map_err(|error| Failure::file(folder, &error))?;
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        Ok(Self { named, paths, folders: OnceCell::new(), output })
    }

    /// The folders. What is no good there is told, and keeps nobody from using the rest.
    fn folders(&self) -> Result<&[Folder], Error> {
        if let Some(folders) = self.folders.get() {
            return Ok(folders);
        }
        let mut folders = Vec::new();
        for path in &self.paths {
            let folder = Folder::open(path)?;
            for skipped in folder.skipped() {
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

    /// Hands out a package that was chosen. It is read now: what is judged from here on is what is installed.
    pub(super) fn take(&mut self, candidate: &Candidate) -> Result<Offer, Failure> {
        if let Some(at) = self.named.iter().position(|offer| *offer.id() == candidate.id) {
            return Ok(self.named.swap_remove(at));
        }
        for folder in self.folders()? {
            if let Some(found) = folder.package(candidate)? {
                return Ok(Offer { path: found.path, package: found.package, signature: found.signature });
            }
        }
        let (id, version) = (&candidate.id, &candidate.version);
        let message = format!("the package of {id} {version} was changed while it was looked at");
        Err(Failure::new(Code::Conflict, message).help("run the command again").plugin(id))
    }
}

impl Catalogue for Shelves {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        if let Some(offer) = self.named.iter().find(|offer| offer.id() == id) {
            return Ok(vec![Candidate::from(&offer.package)]);
        }
        for folder in self.folders()? {
            let versions = folder.versions(id)?;
            if !versions.is_empty() {
                return Ok(versions);
            }
        }
        Ok(Vec::new())
    }
}
