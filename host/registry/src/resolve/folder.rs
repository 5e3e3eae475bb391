//! A folder of packages as a catalogue. It reads what is there and does not know whom to trust: signatures are handed on
//! as they are.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use hal9_package::{Package, PackageError, PluginId};

use super::{Candidate, Catalogue};
use crate::Error;

/// A folder with `.hal9` files and their `.hal9.minisig` signatures. Folders in it are not looked into.
///
/// A file that is no good keeps nobody from using the rest; it is among [`skipped`](Self::skipped). Which plugin a file
/// holds is what its manifest says, and its name does not matter.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// What was read, by file name.
    files: BTreeMap<PathBuf, Read>,
    versions: BTreeMap<PluginId, Vec<Candidate>>,
    skipped: Vec<Skipped>,
}

/// A package that was taken from a folder.
#[derive(Debug, Clone)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub package: Package,
    /// The text of the signature beside it, where there is one. Nothing of it is checked.
    pub signature: Option<String>,
}

/// A file that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do about it.
    pub reason: String,
}

/// What a file was when it was read. It is read again when it looks different.
#[derive(Debug, Clone)]
struct Read {
    size: u64,
    modified: Option<SystemTime>,
    content: Result<Candidate, String>,
}

/// More packages than this are not looked at in one folder: each of them is read whole.
const MAX_FILES: usize = 10_000;

/// The longest signature that is read, in bytes; they have a few hundred.
const MAX_SIGNATURE: u64 = 16 * 1024;

impl Folder {
    /// Reads what packages a folder has.
    ///
    /// # Errors
    ///
    /// [`Error::Folder`] where the folder itself cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut folder =
            Self { path: path.to_owned(), files: BTreeMap::new(), versions: BTreeMap::new(), skipped: Vec::new() };
        folder.refresh()?;
        Ok(folder)
    }

    /// Looks again. Files of the same name, size and time are not read again.
    ///
    /// # Errors
    ///
    /// [`Error::Folder`]; what was known stays known then.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let failed = |source| Error::Folder { path: self.path.clone(), source };
        let mut files = BTreeMap::new();
        let mut skipped = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|extension| extension != "hal9") {
                continue;
            }
            if files.len() == MAX_FILES {
                let reason = format!("the folder has more than {MAX_FILES} packages: use several folders");
                skipped.push(Skipped { path: self.path.clone(), reason });
                break;
            }
            let known = self.files.get(&path);
            let read = read(&path, known);
            files.insert(path, read);
        }
        let mut versions: BTreeMap<PluginId, Vec<Candidate>> = BTreeMap::new();
        // By name, so that of two files with the same version it is always the same that is taken.
        for (path, read) in &files {
            let reason = match &read.content {
                Err(reason) => reason.clone(),
                Ok(candidate) => {
                    let others = versions.entry(candidate.id.clone()).or_default();
                    match others.iter().find(|other| other.version == candidate.version) {
                        Some(other) if other.digest != candidate.digest => format!(
                            "another file has {} {} with other content: keep one of them",
                            candidate.id, candidate.version
                        ),
                        Some(_) => continue,
                        None => {
                            others.push(candidate.clone());
                            continue;
                        }
                    }
                }
            };
            skipped.push(Skipped { path: path.clone(), reason });
        }
        (self.files, self.versions, self.skipped) = (files, versions, skipped);
        Ok(())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that were passed over, by name.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The files that hold packages, by name, with what they hold; among them are all that have one version.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Candidate)> {
        self.files.iter().filter_map(|(path, read)| Some((path.as_path(), read.content.as_ref().ok()?)))
    }

    /// All versions that there are, by plugin.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.versions.values().flatten()
    }

    /// The package of a version with the text of its signature; `None` where the folder does not have it, or has it no more
    /// as it was when it was looked at.
    ///
    /// The file is read again and whole: what this gives is what to check and what to use.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] for a file that was a package and is none any more, and [`Error::Folder`] for a signature that
    /// cannot be read.
    pub fn package(&self, candidate: &Candidate) -> Result<Option<Found>, Error> {
        let same = |one: &Candidate| {
            (&one.id, &one.version) == (&candidate.id, &candidate.version)
                && (candidate.digest.is_none() || candidate.digest == one.digest)
        };
        let known = self
            .files
            .iter()
            .find_map(|(path, read)| read.content.as_ref().ok().filter(|one| same(one)).map(|one| (path, one)));
        let Some((path, known)) = known else { return Ok(None) };
        let package = match Package::open(path) {
            Ok(package) => package,
            Err(PackageError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Package { plugin: candidate.id.clone(), source: source.into() }),
        };
        if Some(*package.digest()) != known.digest {
            return Ok(None);
        }
        let signature = signature(path).map_err(|(path, source)| Error::Folder { path, source })?;
        Ok(Some(Found { path: path.clone(), package, signature }))
    }
}

impl Catalogue for Folder {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        self.versions.versions(id)
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

fn read(path: &Path, known: Option<&Read>) -> Read {
    let (size, modified) = match fs::metadata(path) {
        Ok(metadata) => (metadata.len(), metadata.modified().ok()),
        Err(error) => return Read { size: 0, modified: None, content: Err(error.to_string()) },
    };
    if let Some(known) = known.filter(|known| modified.is_some() && (known.size, known.modified) == (size, modified)) {
        return known.clone();
    }
    let content = match Package::open(path) {
        Ok(package) => Ok(Candidate::from(&package)),
        // The path is told beside the reason.
        Err(PackageError::Io { source, .. }) => Err(source.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Read { size, modified, content }
}

/// The text of the signature beside a package.
fn signature(package: &Path) -> Result<Option<String>, (PathBuf, io::Error)> {
    let mut name = package.as_os_str().to_owned();
    name.push(".minisig");
    let path = PathBuf::from(name);
    let mut text = String::new();
    let read = match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
        // Before it is opened: opening a pipe waits for its other end.
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a regular file")),
        Ok(_) => File::open(&path).and_then(|file| file.take(MAX_SIGNATURE).read_to_string(&mut text)),
    };
    read.map(|_| Some(text)).map_err(|error| (path, error))
}
