//! Packages: fetched, gone on with where they were broken off, and held against the index and their author's signature. It refuses to know
//! where they are installed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use hal9_package::{Digest, Package, PluginId, PublicKey};
use hal9_registry_index::{Broken, VersionRecord};
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_RANGE, HeaderValue, RANGE},
};

use crate::{
    Error, Registry,
    described::{Refusal, check},
    http::{Http, Lost, RETRIES, backoff, chain},
    index::blocking,
    part::{PART, Part},
    registry::is_too_large,
};

/// The folder of packages, each under its digest.
pub(crate) const PACKAGES: &str = "packages";
/// What nobody has gone on with for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(30 * 86_400);

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So many bytes are there.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// Who is told how far something is, often.
pub type Watch<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// A package that is what the index says, and signed by its author.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Downloaded {
    /// Where it is kept.
    pub path: PathBuf,
    /// The package as it was checked: the file may be changed by others.
    pub package: Package,
}

/// What is wanted, for messages.
struct Wanted<'a> {
    id: &'a PluginId,
    version: &'a VersionRecord,
}

impl Registry {
    /// Gets the package of a version that [`record`](Self::record) has told, from the registry or its mirrors, and checks it: its digest and
    /// size, the author's signature by one of the keys that are `believed` (see [`Record::believed_from`](hal9_registry_index::Record::believed_from)),
    /// that it is a package, and that it is the one which the index describes. What was broken off is gone on with.
    ///
    /// # Errors
    ///
    /// [`Error::ChangedPackage`], [`Error::BadSignature`], [`Error::Broken`] for a key that is not believed, [`Error::Misdescribed`],
    /// [`Error::Package`], [`Error::Withdrawn`], [`Error::Unreachable`] and others. What came so far is kept where the connection was lost, and
    /// nothing is kept of what is not believed.
    pub async fn download(
        &self,
        id: &PluginId,
        version: &VersionRecord,
        believed: &[PublicKey],
        watch: Watch<'_>,
    ) -> Result<Downloaded, Error> {
        let key = believed.iter().find(|key| **key == version.key).ok_or_else(|| Error::Broken {
            registry: self.name().to_owned(),
            plugin: id.clone(),
            source: Box::new(Broken::ForeignKey { version: version.version.clone(), key: version.key.id() }),
        })?;
        if is_too_large(version.size) {
            return Err(self.package_error(id, &version.version, hal9_package::PackageError::TooLarge));
        }
        let wanted = Wanted { id, version };
        let path = self.folder.path(&format!("{PACKAGES}/{}", version.package.hex()));
        let bytes = match self.kept_package(&version.package)? {
            Some(bytes) => bytes,
            None if version.withdrawn => return Err(self.withdrawn(id, version)),
            None => {
                self.online("the package")?;
                self.forget_parts();
                self.fetch_package(&wanted, &path, watch).await?
            }
        };
        watch(Progress { done: version.size, total: version.size });
        let checked = {
            let (id, version, key) = (id.clone(), version.clone(), key.clone());
            blocking(move || check(&id, &version, &key, bytes)).await
        };
        let package = match checked {
            Ok(package) => package,
            Err(error) => {
                self.discard(&version.package)?;
                return Err(self.refused(&wanted, error));
            }
        };
        Ok(Downloaded { path, package })
    }

    /// Forgets a package that was downloaded.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn discard(&self, package: &Digest) -> Result<(), Error> {
        let path = self.folder.path(&format!("{PACKAGES}/{}", package.hex()));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
            _ => Ok(()),
        }
    }

    /// A package that was downloaded before, if it is still that.
    fn kept_package(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        match self.folder.read(&format!("{PACKAGES}/{}", digest.hex()), Package::MAX_BYTES) {
            Err(Error::Damaged { .. }) => Ok(None),
            read => Ok(read?.filter(|bytes| Digest::of(bytes) == *digest)),
        }
    }

    /// From the registry, and where that does not give it, from its mirrors in order.
    async fn fetch_package(&self, wanted: &Wanted<'_>, path: &Path, watch: Watch<'_>) -> Result<Vec<u8>, Error> {
        let mut part = Part::open(path, self.http.patience.package).await?;
        // Whoever held it may have been getting the very same.
        if let Some(bytes) = self.kept_package(&wanted.version.package)? {
            part.remove()?;
            return Ok(bytes);
        }
        let mut first = None;
        for source in std::iter::once(&self.http).chain(&self.mirrors) {
            let fetched =
                tokio::time::timeout(source.patience.package, self.fetch_from(source, wanted, &mut part, watch));
            let error = match fetched.await {
                Ok(Ok(bytes)) => {
                    part.finish(path)?;
                    return Ok(bytes);
                }
                // Bytes that are not what they should be are told, and not tried to be got elsewhere.
                Ok(Err(error @ (Error::ChangedPackage { .. } | Error::TooLarge { .. } | Error::File { .. }))) => {
                    return Err(error);
                }
                Ok(Err(error)) => error,
                Err(_) => source.slow("the package", source.patience.package),
            };
            first = first.or(Some(error));
        }
        Err(first.unwrap_or_else(|| self.unknown(wanted.id)))
    }

    /// Goes on until all bytes are there; asked again after every loss of the connection, as long as there is something new each time.
    async fn fetch_from(
        &self,
        source: &Http,
        wanted: &Wanted<'_>,
        part: &mut Part,
        watch: Watch<'_>,
    ) -> Result<Vec<u8>, Error> {
        let (size, mut tries) = (wanted.version.size, 0);
        // What was left here may have been changed: then all is fetched once more.
        let mut was_here = part.length > 0;
        loop {
            let before = part.length;
            if part.length < size || size == 0 {
                match self.fetch_some(source, wanted, part, watch).await {
                    Ok(()) => {}
                    Err(Lost::Transient(_)) if tries < RETRIES || part.length > before => {
                        tries = if part.length > before { 0 } else { tries + 1 };
                        backoff(tries).await;
                        continue;
                    }
                    Err(Lost::Transient(reason)) => return Err(source.unreachable(reason)),
                    Err(Lost::Final(error)) => return Err(error),
                }
            }
            let bytes = part.read(size)?;
            let found = Digest::of(&bytes);
            if found == wanted.version.package && bytes.len() as u64 == size {
                return Ok(bytes);
            }
            part.clear()?;
            if !was_here {
                return Err(self.changed(source, wanted, format!("one of {} bytes, {found}", bytes.len())));
            }
            was_here = false;
        }
    }

    /// Asks once for what is missing, and appends what comes.
    async fn fetch_some(
        &self,
        source: &Http,
        wanted: &Wanted<'_>,
        part: &mut Part,
        watch: Watch<'_>,
    ) -> Result<(), Lost> {
        let digest = wanted.version.package.to_string();
        let mut ask = source.ask(Method::GET, &["v1", "blobs", &digest], "the package").plain();
        if part.length > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", part.length))
        {
            ask = ask.header(RANGE.as_str(), range);
        }
        let mut response = source.begin(&ask, None).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                let range =
                    response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
                if !range.starts_with(&format!("bytes {}-", part.length)) {
                    return Err(Lost::Final(source.unexpected("the package", "it is another part than was asked for")));
                }
            }
            StatusCode::OK => part.clear().map_err(Lost::Final)?,
            StatusCode::RANGE_NOT_SATISFIABLE if part.length > 0 => {
                part.clear().map_err(Lost::Final)?;
                return Err(Lost::Transient("it has not the rest".to_owned()));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                source.pause(response.headers()).await;
                return Err(Lost::Transient("it was asked too often".to_owned()));
            }
            status if status.is_server_error() => return Err(Lost::Transient(format!("it answers {status}"))),
            StatusCode::NOT_FOUND => {
                let reason = format!("the index names {digest}, and it is not there");
                return Err(Lost::Final(source.unexpected("the package", &reason)));
            }
            _ => return Err(Lost::Final(source.refuse(response).await)),
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| Lost::Transient(chain(&error)))? {
            if part.length + chunk.len() as u64 > wanted.version.size {
                part.clear().map_err(Lost::Final)?;
                let found = format!("one of more than {} bytes", wanted.version.size);
                return Err(Lost::Final(self.changed(source, wanted, found)));
            }
            part.append(&chunk).map_err(Lost::Final)?;
            watch(Progress { done: part.length, total: wanted.version.size });
        }
        Ok(())
    }

    fn changed(&self, source: &Http, wanted: &Wanted<'_>, found: String) -> Error {
        Error::ChangedPackage {
            registry: self.name().to_owned(),
            from: source.base().as_str().into(),
            plugin: wanted.id.clone(),
            version: Box::new(wanted.version.version.clone()),
            expected: wanted.version.package,
            found: found.into(),
        }
    }

    fn refused(&self, wanted: &Wanted<'_>, error: Refusal) -> Error {
        let (registry, plugin) = (self.name().to_owned(), wanted.id.clone());
        let version = Box::new(wanted.version.version.clone());
        match error {
            Refusal::Signature(source) => Error::BadSignature { registry, plugin, version, source },
            Refusal::Package(source) => self.package_error(&plugin, &version, source),
            Refusal::Misdescribed(reason) => Error::Misdescribed { registry, plugin, version, reason },
        }
    }

    /// Removes what was broken off long ago. What cannot be removed now is a leftover for the next time.
    fn forget_parts(&self) {
        for name in self.folder.names(PACKAGES).unwrap_or_default() {
            let path = self.folder.path(&format!("{PACKAGES}/{name}"));
            let modified = path.symlink_metadata().and_then(|about| about.modified());
            let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
            if name.ends_with(PART) && age.is_some_and(|age| age > FORGOTTEN) {
                let _ = fs::remove_file(path);
            }
        }
    }
}
