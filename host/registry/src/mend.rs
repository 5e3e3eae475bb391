//! Putting right what [`check`](crate::Registry::check) finds, as far as nothing is lost by it. It does not know how damage
//! is found, and leaves everything that is fine as it is.

use std::fmt;

use hal9_package::Digest;

use crate::{Damage, Error, Fault, Registry, lost::settle, reread::reread, store::Writer};

/// Something that was put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// What was wrong.
    pub damage: Damage,
    /// What was done about it.
    pub remedy: Remedy,
}

/// What was done about a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// The file was removed.
    Removed,
    /// The component was made again from its package.
    Remade,
    /// What is kept of a version was read again from its package.
    Reread,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.damage.path.display();
        if let (Fault::Row(plugin, _), Remedy::Reread) = (&self.damage.fault, self.remedy) {
            return write!(f, "{plugin}: what the registry keeps of it was read again from its package");
        }
        match (&self.damage.owner, self.remedy) {
            (Some((plugin, version)), Remedy::Remade) => {
                write!(f, "{plugin} {version}: its component {path} was made again from its package")
            }
            (_, Remedy::Remade | Remedy::Reread) => write!(f, "{path} was made again"),
            (_, Remedy::Removed) => write!(f, "{path} was removed"),
        }
    }
}

impl Registry {
    /// Puts right what it can: rows are read and components made again from their packages, and files that nobody refers to
    /// are removed.
    /// What cannot be put right stays as it is, and [`check`](Self::check) goes on finding it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], [`Error::Store`], and those of the database. What was put right before stays so.
    pub fn mend(&mut self) -> Result<Vec<Mended>, Error> {
        let writer = self.store.write()?;
        let mut mended = Vec::new();
        // First: only rows can say whose the files are.
        for damage in self.damages()?.into_iter().filter(|damage| damage.mends) {
            if let Fault::Row(plugin, _) = &damage.fault
                && reread(&mut self.database, &self.store, plugin)?
            {
                mended.push(Mended { damage, remedy: Remedy::Reread });
            }
        }
        for damage in self.damages()?.into_iter().filter(|damage| damage.mends) {
            let remedy = match &damage.fault {
                Fault::Unreferenced | Fault::Leftover => writer.remove(&damage.path)?.then_some(Remedy::Removed),
                Fault::Component(_) => self.remake(&writer, &damage)?.then_some(Remedy::Remade),
                _ => None,
            };
            mended.extend(remedy.map(|remedy| Mended { damage, remedy }));
        }
        settle(&mut self.database, &self.store)?;
        Ok(mended)
    }

    /// Makes a component again from its package; `false` where that is not possible or not needed any more.
    fn remake(&self, writer: &Writer<'_>, damage: &Damage) -> Result<bool, Error> {
        let Some((id, version)) = &damage.owner else {
            return Ok(false);
        };
        let versions = self.versions(id)?;
        let Some((_, installed)) = versions.iter().find(|(_, installed)| installed.version == *version) else {
            return Ok(false);
        };
        let component = self
            .package(installed)?
            .component()
            .map_err(|source| Error::Package { plugin: id.clone(), source: source.into() })?;
        // Held against what was recorded when it was installed: the package was read by a HAL9 that may have been another.
        if Digest::of(&component) != installed.component {
            return Ok(false);
        }
        writer.put(&installed.component, &component)
    }
}
