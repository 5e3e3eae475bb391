//! A package: a `.hal9` file whose every byte has been looked at before anything in it is used. It does not know who signed
//! it, whether the component keeps what the manifest promises, or where packages are kept.

mod content;
mod error;
mod header;
mod inflate;
mod layout;
mod pack;

use std::{fmt, fs::File, io::Read as _, path::Path, sync::Arc};

use crate::{Digest, Manifest};

pub use error::PackageError;
pub use pack::pack;

use layout::Entry;

/// A package, its packed bytes held in memory and all of them checked. Cloning is cheap.
///
/// It is a ZIP archive of the plainest kind: entries one behind the other from the first byte on, stored or deflated, then
/// the directory, then its end. [`read`](Self::read) takes nothing on trust; what it refuses, it refuses before it holds more
/// than the packed bytes, the manifest and one buffer.
#[derive(Clone)]
pub struct Package {
    bytes: Arc<[u8]>,
    digest: Digest,
    manifest: Arc<Manifest>,
    /// The files without the folders, in order of path.
    entries: Arc<[Entry]>,
}

/// One file of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackagedFile<'a> {
    /// The path in the package, such as `examples/basic.rs`.
    pub path: &'a str,
    /// The unpacked size in bytes.
    pub size: u64,
}

impl Package {
    /// The path of the manifest.
    pub const MANIFEST: &str = "manifest.json";
    /// The greatest size of a package in bytes, packed.
    pub const MAX_BYTES: u64 = 10 * 1024 * 1024;
    /// The greatest size of all files together in bytes, unpacked.
    pub const MAX_UNPACKED: u64 = 64 * 1024 * 1024;
    /// The greatest number of files and folders.
    pub const MAX_FILES: usize = crate::Files::MAX;

    /// Reads a package from its bytes, which may be hostile.
    ///
    /// # Errors
    ///
    /// [`PackageError`] for anything that is not exactly as it should be: bounds, the archive's layout, paths, the content's
    /// sizes and sums, the manifest, the files that it names, and the first bytes of the component.
    pub fn read(bytes: impl Into<Arc<[u8]>>) -> Result<Self, PackageError> {
        let bytes = bytes.into();
        if bytes.len() as u64 > Self::MAX_BYTES {
            return Err(PackageError::TooLarge);
        }
        let mut entries = layout::read(&bytes)?;
        let manifest = content::manifest(&bytes, &entries)?;
        entries.retain(|entry| !entry.folder);
        content::check(&bytes, &entries, &manifest)?;
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let digest = Digest::of(&bytes);
        Ok(Self { bytes, digest, manifest: Arc::new(manifest), entries: entries.into() })
    }

    /// Reads a package from a file, once: what is checked is what is used, whatever becomes of the file.
    ///
    /// # Errors
    ///
    /// [`PackageError::Io`], where it is no regular file or cannot be read, and those of [`read`](Self::read).
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let io = |source| PackageError::Io { path: path.to_owned(), source };
        // Before it is opened: opening a pipe waits for its other end.
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            return Err(io(std::io::Error::other("it is not a regular file")));
        }
        let mut bytes = Vec::new();
        File::open(path).map_err(io)?.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
        Self::read(bytes)
    }

    /// The manifest; its `files` are there.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bytes of the component, unpacked.
    ///
    /// # Errors
    ///
    /// [`PackageError`], though everything was checked before.
    pub fn component(&self) -> Result<Vec<u8>, PackageError> {
        let wasm = self.manifest.files.as_ref().map_or("", |files| &files.wasm);
        let component = self.file(wasm)?;
        component.ok_or_else(|| PackageError::entry(wasm, "it is the component, and not in the package"))
    }

    /// The bytes of a file, unpacked; `None` for a path that is not one of [`files`](Self::files).
    ///
    /// # Errors
    ///
    /// [`PackageError`], though everything was checked before.
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, PackageError> {
        match self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)) {
            Ok(at) => content::unpack(&self.bytes, &self.entries[at]).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// All files, the manifest among them, in order of path.
    pub fn files(&self) -> impl Iterator<Item = PackagedFile<'_>> {
        self.entries.iter().map(|entry| PackagedFile { path: &entry.path, size: entry.size.into() })
    }

    /// The packed bytes: what a signature is over.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the packed bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = &self.manifest.metadata;
        write!(f, "Package({} {}, {})", metadata.id, metadata.version, self.digest)
    }
}
