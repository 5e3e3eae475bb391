//! A small file of settings that several commands change: read whole, changed under a lock, written whole. It refuses to know what it says.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, folder::Folder};

/// How long a file may be.
const MAX_BYTES: u64 = 16 << 20;
/// How long is waited for others.
const PATIENCE: Duration = Duration::from_secs(30);

/// A TOML file.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    path: PathBuf,
    /// Whether others may read it.
    secret: bool,
}

impl Saved {
    pub(crate) fn new(path: &Path, secret: bool) -> Self {
        Self { path: path.to_owned(), secret }
    }

    /// What stands in it; nothing where it is not there.
    pub(crate) fn read<T: DeserializeOwned + Default>(&self) -> Result<T, Error> {
        let (parent, name) = self.place()?;
        if self.secret
            && let Ok(about) = self.path.symlink_metadata()
            && about.permissions().mode() & 0o077 != 0
        {
            return Err(Error::Exposed { path: self.path.clone(), mode: about.permissions().mode() & 0o777 });
        }
        if !parent.is_dir() {
            return Ok(T::default());
        }
        let folder = Folder::open(parent, &[], PATIENCE)?;
        let Some(bytes) = folder.read(&name, MAX_BYTES)? else { return Ok(T::default()) };
        let damaged = |reason: String| Error::Damaged { path: self.path.clone(), reason };
        let text = String::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
        // Not in the words of the parser, which may quote a secret.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let at =
                error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
            damaged(format!("line {at} is not what this program writes"))
        })
    }

    /// Changes it, with nobody else doing so meanwhile.
    pub(crate) async fn change<T, R>(&self, change: impl FnOnce(&mut T) -> Result<R, Error>) -> Result<(T, R), Error>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        let (parent, name) = self.place()?;
        let folder = Folder::open(parent, &[], PATIENCE)?.locked_by(format!(".{name}.lock"));
        let writer = folder.write().await?;
        let mut content = self.read()?;
        let result = change(&mut content)?;
        let text = toml::to_string(&content)
            .map_err(|error| Error::Damaged { path: self.path.clone(), reason: error.to_string() })?;
        writer.put(&name, text.as_bytes())?;
        Ok((content, result))
    }

    fn place(&self) -> Result<(&Path, String), Error> {
        let name = self.path.file_name().and_then(|name| name.to_str());
        match (self.path.parent(), name) {
            (Some(parent), Some(name)) => Ok((parent, name.to_owned())),
            _ => Err(Error::Damaged { path: self.path.clone(), reason: "it is no name of a file".to_owned() }),
        }
    }
}
