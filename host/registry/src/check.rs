//! What a crash, a failing disk or a careless hand has left in the registry and its store. It does not change anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use hal9_package::{Digest, Metadata, Package, PluginId};
use semver::Version;

use crate::{Error, Installed, Registry, reread::read_again, rows, store::Entry};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The installed version that it concerns; `None` for files that nobody refers to.
    pub owner: Option<(PluginId, Version)>,
    /// The file that is damaged; the database for what is wrong in there.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: Fault,
    /// Whether [`Registry::mend`] can put it right.
    pub mends: bool,
}

/// What is wrong with a file or a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A package is lost or altered; how, in words.
    Package(String),
    /// A component is lost or altered; how, in words.
    Component(String),
    /// A file in the store that no installed version refers to: of a command that did not come to its end.
    Unreferenced,
    /// A file that was being written when a command did not come to its end.
    Leftover,
    /// A package that no installed version refers to, in a registry that has lost what it knew, or cannot be read: it may be
    /// the last copy, and is left alone. What it is the package of.
    Orphan(PluginId, Version),
    /// A file of which such a registry cannot say whether somebody needs it. It is left alone.
    Unsure,
    /// Something in the store that HAL9 has not put there. It is left alone.
    Strange,
    /// What the database keeps of a plugin cannot be read; the id, and why.
    Row(String, String),
    /// The database contradicts itself; how, in SQLite's words.
    Database(String),
}

impl fmt::Display for Damage {
    /// One sentence: what is wrong, and what to do about it where it does not mend.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((plugin, version)) = &self.owner {
            write!(f, "{plugin} {version}: ")?;
        }
        let path = self.path.display();
        match &self.fault {
            Fault::Package(how) => write!(f, "its package {path} is damaged: {how}; install it again"),
            Fault::Component(how) if self.mends => {
                write!(f, "its component {path} is damaged: {how}; it can be made again from its package")
            }
            Fault::Component(how) => write!(f, "its component {path} is damaged: {how}; install it again"),
            Fault::Unreferenced => write!(f, "{path} belongs to nothing that is installed"),
            Fault::Orphan(plugin, version) => write!(
                f,
                "{path} is the package of {plugin} {version}, which the registry does not know any more: run `hal9 plugin install \
                 {path}` to have it again, or remove the file; its signature was in the registry, so name it with --signature \
                 FILE, or say --allow-unsigned if you trust what is on this disk"
            ),
            Fault::Unsure => {
                write!(
                    f,
                    "{path} may belong to what the registry has lost: it is left alone until the rest is put right"
                )
            }
            Fault::Leftover => write!(f, "{path} was left by a command that did not come to its end"),
            Fault::Strange => write!(f, "{path} is nothing of HAL9's: move it away"),
            Fault::Row(plugin, why) => {
                write!(f, "{plugin}: what the registry {path} keeps of it cannot be read ({why}): ")?;
                match self.mends {
                    true => write!(f, "it can be read again from its package"),
                    false => write!(
                        f,
                        "take it out with `hal9 plugin uninstall {plugin}`, or `hal9 plugin unload {plugin}` where it was \
                         loaded from a folder, and install or load it again"
                    ),
                }
            }
            Fault::Database(how) => {
                write!(f, "the registry {path} contradicts itself: {how}; see `sqlite3 {path} .recover`")
            }
        }
    }
}

impl Registry {
    /// Looks at all that is kept, and reads every file of the store. No other command changes the store meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], [`Error::Store`] where a folder cannot be read, and those of the database.
    pub fn check(&self) -> Result<Vec<Damage>, Error> {
        let _held = self.store.hold()?;
        self.damages()
    }

    /// What [`check`](Self::check) finds, for whoever keeps others from changing the store.
    pub(crate) fn damages(&self) -> Result<Vec<Damage>, Error> {
        let mut damages = self.damaged_database()?;
        let mut needed = BTreeSet::new();
        let mut seen = BTreeMap::new();
        let mut unread = BTreeSet::new();
        for (plugin, row) in self.database.read(rows::all_versions)? {
            // Also of a row that cannot be read: its files are not for anybody to remove. Which those are, a damaged digest
            // does not say; so nothing is, as long as there is such a row.
            needed.extend(row.digests().into_iter().flatten());
            let mends = read_again(&self.store, &plugin, &row).is_some();
            let read = || -> Result<_, rows::Unreadable> { Ok((plugin.parse()?, row.parse()?.1)) };
            match read() {
                Ok((id, installed)) => self.damaged_files(&id, &installed, &mut seen, &mut damages),
                Err(why) => {
                    damages.push(Damage { mends, ..self.damaged_row(&plugin, &why) });
                    unread.insert(plugin);
                }
            }
        }
        for row in self.database.read(|connection| rows::serving(connection, "ORDER BY plugin.id", &[]))? {
            let id = row.id.clone();
            if let Err(why) = row.parse()
                && !unread.contains(&id)
            {
                damages.push(self.damaged_row(&id, &why));
            }
        }
        let is_sound = !damages.iter().any(|one| matches!(one.fault, Fault::Row(..) | Fault::Database(_)));
        let mut unreferenced = Vec::new();
        for entry in self.store.entries()? {
            let (path, fault, mends) = match entry {
                Entry::Blob(_, digest) if needed.contains(&digest) => continue,
                Entry::Blob(path, digest) => {
                    unreferenced.push((path, digest));
                    continue;
                }
                Entry::Temporary(path) => (path, Fault::Leftover, true),
                Entry::Strange(path) => (path, Fault::Strange, false),
            };
            damages.push(Damage { owner: None, path, fault, mends });
        }
        damages.extend(self.unreferenced(unreferenced, is_sound)?);
        Ok(damages)
    }

    /// What becomes of files that no row refers to. They are nobody's only where the registry knows all that it ever knew.
    fn unreferenced(&self, files: Vec<(PathBuf, Digest)>, is_sound: bool) -> Result<Vec<Damage>, Error> {
        let is_lost = self.database.is_lost()?;
        let package = |digest: &Digest| {
            let package = if is_sound && !is_lost { None } else { Package::read(self.store.read(digest).ok()?).ok() };
            package.map(|package| package.manifest().metadata.clone())
        };
        let found: Vec<_> = files.into_iter().map(|(path, digest)| (path, package(&digest))).collect();
        // A component can be made again from its package. One that no package is left of serves nobody.
        let is_nobodys = is_sound && found.iter().all(|(_, package)| package.is_none());
        let damage = |(path, package): (PathBuf, Option<Metadata>)| {
            let fault = match package {
                Some(metadata) => Fault::Orphan(metadata.id, metadata.version),
                None if is_nobodys => Fault::Unreferenced,
                None => Fault::Unsure,
            };
            Damage { owner: None, path, fault, mends: is_nobodys }
        };
        Ok(found.into_iter().map(damage).collect())
    }

    fn damaged_files(
        &self,
        id: &PluginId,
        installed: &Installed,
        seen: &mut BTreeMap<Digest, Option<String>>,
        damages: &mut Vec<Damage>,
    ) {
        // Versions may share a file, which is read once.
        let mut fault = |digest: Digest| {
            seen.entry(digest).or_insert_with(|| self.store.read(&digest).err().map(|fault| fault.to_string())).clone()
        };
        let owner = Some((id.clone(), installed.version.clone()));
        let (package, component) = (fault(installed.package), fault(installed.component));
        if let Some(how) = component {
            let (path, mends) = (self.store.path(&installed.component), package.is_none());
            damages.push(Damage { owner: owner.clone(), path, fault: Fault::Component(how), mends });
        }
        if let Some(how) = package {
            let path = self.store.path(&installed.package);
            damages.push(Damage { owner, path, fault: Fault::Package(how), mends: false });
        }
    }

    /// What SQLite itself finds.
    fn damaged_database(&self) -> Result<Vec<Damage>, Error> {
        let findings: Vec<String> = self.database.read(|connection| {
            let mut check = connection.prepare("PRAGMA integrity_check(20)")?;
            let mut findings: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            findings.retain(|finding| finding != "ok");
            let mut check = connection.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 20")?;
            let missing = check.query_map([], |row| {
                Ok(format!("a row of {} has none in {}", row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?;
            findings.extend(missing.collect::<Result<Vec<_>, _>>()?);
            Ok(findings)
        })?;
        let path = self.database.path();
        let damage = |how| Damage { owner: None, path: path.to_owned(), fault: Fault::Database(how), mends: false };
        Ok(findings.into_iter().map(damage).collect())
    }

    fn damaged_row(&self, id: &str, why: &dyn fmt::Display) -> Damage {
        let fault = Fault::Row(id.to_owned(), why.to_string());
        Damage { owner: None, path: self.database.path().to_owned(), fault, mends: false }
    }
}
