//! Owns where the packages of a plan are taken from: those that were named, and those in folders. It refuses to know which of
//! them are wanted.

use std::path::{Path, PathBuf};

use hal9_package::PluginId;
use hal9_registry::{Candidate, Catalogue, Error};

use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::session::Session;
use crate::trust::{Leave, Offer, Trust};

/// What was named, and then folder by folder: the first that has a plugin answers for it.
pub(super) struct Shelves {
    named: Vec<Offer>,
    folders: Vec<Vec<Found>>,
    trust: Trust,
}

/// A package in a folder. Its bytes are read again when it is chosen, and judged then.
struct Found {
    path: PathBuf,
    candidate: Candidate,
}

impl Shelves {
    /// Looks into folders. What is no good there is told, and keeps nobody from using the rest.
    pub(super) fn open(session: &Session, named: Vec<Offer>, folders: &[PathBuf]) -> Result<Self, Failure> {
        let trust = session.settings.trust();
        let mut seen = Vec::new();
        let mut opened = Vec::new();
        for folder in folders {
            let folder = folder.canonicalize().map_err(|error| Failure::file(folder, &error))?;
            if !seen.contains(&folder) {
                opened.push(packages(&folder, &trust, session.output)?);
                seen.push(folder);
            }
        }
        Ok(Self { named, folders: opened, trust })
    }

    /// Whether a version of a plugin was named.
    pub(super) fn names(&self, id: &PluginId) -> bool {
        self.named.iter().any(|offer| offer.id() == id)
    }

    /// Hands out a package that was chosen.
    pub(super) fn take(&mut self, candidate: &Candidate) -> Result<Offer, Failure> {
        if let Some(at) = self.named.iter().position(|offer| *offer.id() == candidate.id) {
            return Ok(self.named.swap_remove(at));
        }
        let (id, version) = (&candidate.id, &candidate.version);
        let found = self.folders.iter().flatten().find(|found| found.candidate == *candidate);
        if let Some(found) = found {
            let offer = Offer::read(&found.path, None, &self.trust, Leave::default())?;
            if (offer.id(), offer.version()) == (id, version) {
                return Ok(offer);
            }
        }
        let message = format!("the package of {id} {version} was changed while it was looked at");
        Err(Failure::new(Code::Conflict, message).help("run the command again").plugin(id))
    }
}

/// The packages in a folder, by name.
fn packages(folder: &Path, trust: &Trust, output: Output) -> Result<Vec<Found>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "hal9"))
        .collect();
    paths.sort();
    let mut packages = Vec::new();
    for path in paths {
        match Offer::read(&path, None, trust, Leave::default()) {
            Ok(offer) => {
                let candidate = Candidate::from(offer.package.manifest());
                packages.push(Found { path, candidate });
            }
            Err(failure) => output.note(format!("passed over: {}", failure.message)),
        }
    }
    Ok(packages)
}

impl Catalogue for Shelves {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        if let Some(offer) = self.named.iter().find(|offer| offer.id() == id) {
            return Ok(vec![Candidate::from(offer.package.manifest())]);
        }
        for folder in &self.folders {
            let of_it = folder.iter().filter(|found| found.candidate.id == *id);
            let versions: Vec<Candidate> = of_it.map(|found| found.candidate.clone()).collect();
            if !versions.is_empty() {
                return Ok(versions);
            }
        }
        Ok(Vec::new())
    }
}
