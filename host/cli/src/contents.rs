//! Owns what of a plugin's folder goes into its package, and as what. It refuses to know the component, and how a package is
//! written.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use hal9_host::escape;
use hal9_package::{ByteSize, Files, Package};
use serde::Serialize;

use crate::failure::{Code, Failure};
use crate::output::size;

/// Folders that tools make, and make again.
const MADE_BY_TOOLS: [&str; 4] = ["target", "node_modules", "__pycache__", "zig-cache"];
/// How deep folders may nest: a package's paths have no more parts.
const DEEPEST: usize = 16;
/// How many of the largest files an author is told of.
const LARGEST: usize = 5;

/// What goes into a package beside its manifest.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The files by their paths in the package.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// What each is.
    pub(crate) named: Files,
    pub(crate) left_out: Vec<LeftOut>,
}

/// Something in the folder that stays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) path: String,
    pub(crate) why: &'static str,
}

/// Takes from a folder its README, its licences, `examples/`, `assets/`, and what a manifest names.
///
/// # Errors
///
/// A link or another thing that is no file, a name that is not UTF-8, a file that is named and not there, and more than a
/// package may have; each with its path.
pub(crate) fn gather(folder: &Path, component: Vec<u8>, named: Files) -> Result<Contents, Failure> {
    let mut gathering = Gathering { folder, sizes: BTreeMap::new(), left_out: Vec::new() };
    let mut named = named;
    for list in [&mut named.examples, &mut named.assets] {
        let mut files = Vec::new();
        for path in std::mem::take(list) {
            files.extend(gathering.named(&path)?);
        }
        *list = files;
    }
    for path in [&named.readme, &named.license].into_iter().flatten() {
        gathering.named(path)?;
    }
    let top = gathering.top()?;
    if named.readme.is_none() {
        named.readme = gathering.first(&top, &["readme.md", "readme.txt", "readme"])?;
    }
    for licence in gathering.licences(&top)? {
        match &named.license {
            None => named.license = Some(licence),
            // A package has one licence; what else applies goes with it.
            Some(one) if *one != licence => named.assets.push(licence),
            Some(_) => {}
        }
    }
    for (name, list) in [("examples", &mut named.examples), ("assets", &mut named.assets)] {
        if top.iter().any(|entry| entry == name) {
            list.extend(gathering.walk(name, 1)?);
        }
    }
    // A file that is named twice over is one thing: the first of readme, licence, example, asset.
    let once: Vec<_> = named.readme.iter().chain(&named.license).cloned().collect();
    for list in [&mut named.examples, &mut named.assets] {
        list.sort();
        list.dedup();
        list.retain(|path| !once.contains(path));
    }
    let examples = named.examples.clone();
    named.assets.retain(|path| !examples.contains(path));

    for name in top.iter().filter(|name| name.starts_with('.')) {
        let is_taken =
            |path: &str| path.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !named.iter().any(is_taken) {
            gathering.left_out.push(LeftOut { path: name.clone(), why: "hidden" });
        }
    }
    gathering.sizes.insert(named.wasm.clone(), component.len() as u64);
    gathering.check_bounds()?;
    let mut files = BTreeMap::from([(named.wasm.clone(), component)]);
    for path in named.iter().filter(|path| **path != *named.wasm) {
        files.insert(path.to_owned(), read(&folder.join(path))?);
    }
    Ok(Contents { files, named, left_out: gathering.left_out })
}

/// The refusal of a package that is too large, with what makes it so.
pub(crate) fn too_large(what: &str, sizes: impl IntoIterator<Item = (String, u64)>) -> Failure {
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by(|(one, smaller), (other, larger)| larger.cmp(smaller).then_with(|| one.cmp(other)));
    let largest: Vec<_> =
        sizes.iter().take(LARGEST).map(|(path, bytes)| format!("{} ({})", escape(path, 256), size(*bytes))).collect();
    let failure = Failure::new(Code::LimitExceeded, format!("{what}; the largest files are {}", largest.join(", ")))
        .help("leave out of examples/ and assets/ what the plugin does not need");
    Failure { reason: Some("size".to_owned()), ..failure }
}

struct Gathering<'a> {
    folder: &'a Path,
    /// What was found so far, by its path in the package.
    sizes: BTreeMap<String, u64>,
    left_out: Vec<LeftOut>,
}

impl Gathering<'_> {
    /// The names in the plugin's folder itself, in order.
    fn top(&self) -> Result<Vec<String>, Failure> {
        let entries = std::fs::read_dir(self.folder).map_err(|error| Failure::file(self.folder, &error))?;
        let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// The first of some names, however their letters are written.
    fn first(&mut self, top: &[String], wanted: &[&str]) -> Result<Option<String>, Failure> {
        for wanted in wanted {
            if let Some(name) = top.iter().find(|name| name.to_lowercase() == *wanted) {
                self.file(name)?;
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// The texts of licences; that which is called so and no more comes first.
    fn licences(&mut self, top: &[String]) -> Result<Vec<String>, Failure> {
        let stem = |name: &str| name.to_lowercase().split('.').next().unwrap_or_default().to_owned();
        let is_one = |name: &&String| {
            let stem = stem(name);
            (stem.starts_with("license") || stem.starts_with("licence") || stem == "copying")
                && !self.folder.join(name).is_dir()
        };
        let mut licences: Vec<_> = top.iter().filter(is_one).cloned().collect();
        licences.sort_by_key(|name| (stem(name).len(), name.clone()));
        for licence in &licences {
            self.file(licence)?;
        }
        Ok(licences)
    }

    /// What a manifest names: a file, or all of a folder.
    fn named(&mut self, path: &str) -> Result<Vec<String>, Failure> {
        let folder = path.trim_end_matches('/');
        match self.folder.join(folder).symlink_metadata() {
            Ok(found) if found.is_dir() => self.walk(folder, folder.split('/').count()),
            Ok(_) => {
                self.file(path)?;
                Ok(vec![path.to_owned()])
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("the manifest names `{}`, and there is no such file", escape(path, 256));
                Err(Failure::new(Code::InvalidPackage, message).help("add the file, or remove it from `files`"))
            }
            Err(error) => Err(Failure::file(&self.folder.join(path), &error)),
        }
    }

    /// All files below a folder, in order.
    fn walk(&mut self, path: &str, depth: usize) -> Result<Vec<String>, Failure> {
        let folder = self.folder.join(path);
        self.check_links(path)?;
        if !folder.is_dir() {
            return Err(refused(path, "is a file, and a folder's name", "move it into a folder of that name"));
        }
        if depth >= DEEPEST {
            return Err(refused(path, "is nested too deep", "nest folders less deep"));
        }
        let failed = |error: std::io::Error| Failure::file(&folder, &error);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.sort();
        let mut files = Vec::new();
        for name in names {
            let Some(name) = name.to_str() else {
                let path = format!("{path}/{}", name.to_string_lossy());
                return Err(refused(&path, "has a name that is not UTF-8", "rename it"));
            };
            let below = format!("{path}/{name}");
            let is_folder = folder.join(name).symlink_metadata().map_err(failed)?.is_dir();
            if name.starts_with('.') {
                self.left_out.push(LeftOut { path: below, why: "hidden" });
            } else if is_folder && MADE_BY_TOOLS.contains(&name) {
                self.left_out.push(LeftOut { path: below, why: "made by a build" });
            } else if is_folder {
                files.extend(self.walk(&below, depth + 1)?);
            } else {
                self.file(&below)?;
                files.push(below);
            }
        }
        Ok(files)
    }

    /// Notes a file, if it is one.
    fn file(&mut self, path: &str) -> Result<(), Failure> {
        self.check_links(path)?;
        let at = self.folder.join(path);
        let found = at.symlink_metadata().map_err(|error| Failure::file(&at, &error))?;
        if !found.is_file() {
            return Err(refused(path, "is no regular file", "put a file there, or take it away"));
        }
        self.sizes.insert(path.to_owned(), found.len());
        self.check_bounds()
    }

    /// A link would pack a file from elsewhere, which nobody sees, or which is another one tomorrow.
    fn check_links(&self, path: &str) -> Result<(), Failure> {
        let mut at = self.folder.to_owned();
        for part in path.split('/') {
            at.push(part);
            if at.is_symlink() {
                return Err(refused(path, "is a link, or behind one", "put the file itself there"));
            }
        }
        Ok(())
    }

    fn check_bounds(&self) -> Result<(), Failure> {
        let total: u64 = self.sizes.values().sum();
        let sizes = || self.sizes.iter().map(|(path, size)| (path.clone(), *size));
        if total > Package::MAX_UNPACKED {
            let what = format!("the files have more than {} together", ByteSize(Package::MAX_UNPACKED));
            return Err(too_large(&what, sizes()));
        }
        // The manifest is one of them.
        if self.sizes.len() >= Package::MAX_FILES {
            return Err(too_large(&format!("there are more than {} files", Package::MAX_FILES - 1), sizes()));
        }
        Ok(())
    }
}

fn refused(path: &str, what: &str, help: &str) -> Failure {
    Failure::new(Code::InvalidPackage, format!("{} {what}, and cannot be packed", escape(path, 256))).help(help)
}

/// All of a file that was seen to be small enough; one that has grown since is read no further.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(Package::MAX_UNPACKED + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file(path, &error))?;
    Ok(bytes)
}
