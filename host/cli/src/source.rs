//! Owns where a plugin's component and manifest are found, from the path that somebody typed. It refuses to know what is
//! done with them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hal9_host::{EngineConfig, Limit, read_manifest};
use hal9_package::{ByteSize, Manifest, Package, PackageError};

use crate::failure::{Code, Failure};
use crate::languages;
use crate::output::Output;
use crate::untrusted;

/// A component, and the folder that it was found from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The folder that was named, or that of the file.
    pub(crate) folder: PathBuf,
    /// The component.
    pub(crate) component: PathBuf,
}

/// Whether a path is that of a package rather than of a component: by its name, or by how its bytes begin.
pub(crate) fn is_package(path: &Path) -> bool {
    let mut head = [0; 4];
    untrusted::open(path).is_ok_and(|mut file| {
        path.extension().is_some_and(|extension| extension == "hal9")
            || file.read_exact(&mut head).is_ok_and(|()| head.starts_with(b"PK"))
    })
}

/// The package in a file; what is wrong with it is said with the file's path.
pub(crate) fn package(path: &Path) -> Result<Package, Failure> {
    Package::open(path).map_err(|error| {
        let is_named = matches!(error, PackageError::Io { .. });
        let mut failure = Failure::from(error);
        if !is_named {
            failure.message = format!("{}: {}", path.display(), failure.message);
        }
        failure
    })
}

/// Why a package is not taken where a plugin's folder or component is.
pub(crate) fn not_a_package(path: &Path) -> Failure {
    let shown = path.display();
    let message = format!("{shown} is a package, and no plugin's folder or component");
    Failure::usage(
        message,
        format!("install it: hal9 plugin install {shown}; or see what is in it: hal9 plugin inspect {shown}"),
    )
}

/// The component of a path: the file itself; the one of a project, built if there is none or its sources have changed since;
/// or the only one in a folder.
pub(crate) fn find(path: &Path, output: Output) -> Result<Found, Failure> {
    let path = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let kind = path.metadata().map_err(|error| Failure::file(&path, &error))?;
    if kind.is_file() {
        if is_package(&path) {
            return Err(not_a_package(&path));
        }
        let folder = path.parent().unwrap_or(&path).to_owned();
        return Ok(Found { folder, component: path });
    }
    let component = match languages::of(&path)? {
        Some(language) => languages::component(&path, language, output)?,
        None => languages::only_component(&path)?,
    };
    Ok(Found { folder: path, component })
}

/// The bytes of a component, if it has no more than one may have.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let most = EngineConfig::default().max_component;
    let bytes = untrusted::read_up_to(path, most as u64).map_err(|error| Failure::file(path, &error))?;
    if bytes.len() > most {
        let message = format!("{} has more than {}", path.display(), ByteSize(most as u64));
        let failure = Failure::new(Code::LimitExceeded, message).help("a component may not be larger: make it smaller");
        return Err(Failure { reason: Some(Limit::ComponentSize.to_string()), ..failure });
    }
    Ok(bytes)
}

/// The text of a manifest's file, as much of it as a manifest may have and a byte; none, where there is no file.
pub(crate) fn manifest_text(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match untrusted::read_up_to(path, Manifest::MAX_BYTES as u64) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file(path, &error)),
    }
}

/// The manifest of a component: its own, or the `manifest.json` in its plugin's folder.
pub(crate) fn manifest_of(found: &Found) -> Result<Manifest, Failure> {
    manifest_with(found, &read(&found.component)?)
}

/// The manifest of a component whose bytes were read: its own, or the `manifest.json` in its plugin's folder.
pub(crate) fn manifest_with(found: &Found, bytes: &[u8]) -> Result<Manifest, Failure> {
    if let Some(manifest) = read_manifest(&found.component.display().to_string(), bytes)? {
        return Ok(manifest);
    }
    let path = found.folder.join(Package::MANIFEST);
    let Some(text) = manifest_text(&path)? else {
        let message = format!("{} carries no manifest, and there is no {}", found.component.display(), path.display());
        return Err(Failure::new(Code::InvalidPackage, message)
            .help("call `hal9_plugin!` in the plugin, or put a manifest.json into its folder"));
    };
    Manifest::parse(&text).map_err(|error| {
        Failure::new(Code::InvalidPackage, format!("{}: {error}", path.display())).help("correct the line")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_the_limit_of_components_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.wasm");
        let file = std::fs::File::create(&path).unwrap();
        // Nothing of it is on the disk.
        file.set_len(1 << 40).unwrap();
        let failure = read(&path).unwrap_err();
        assert_eq!((failure.code, failure.reason.as_deref()), (Code::LimitExceeded, Some("component-size")));
        file.set_len(3).unwrap();
        assert_eq!(read(&path).unwrap(), [0; 3]);
    }
}
