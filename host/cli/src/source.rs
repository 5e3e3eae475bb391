//! Owns where a plugin's component and manifest are found, from the path that somebody typed. It refuses to know what is
//! done with them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hal9_host::{EngineConfig, Limit, read_manifest};
use hal9_package::{ByteSize, Manifest};

use crate::build::Build;
use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::project::{self, Project};
use crate::toolchain::{Toolchain, Way};

/// A component, and the folder that it was found from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The folder that was named, or that of the file.
    pub(crate) folder: PathBuf,
    /// The component.
    pub(crate) component: PathBuf,
}

/// The component of a path: the file itself; the one of a Rust project, built if there is none or its sources have changed
/// since; or the only one in a folder.
pub(crate) fn find(path: &Path, output: Output) -> Result<Found, Failure> {
    let path = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let kind = path.metadata().map_err(|error| Failure::file(&path, &error))?;
    if kind.is_file() {
        let folder = path.parent().unwrap_or(&path).to_owned();
        return Ok(Found { folder, component: path });
    }
    let component = if project::is_rust(&path) { of_project(&path, output)? } else { only_component(&path)? };
    Ok(Found { folder: path, component })
}

/// The component of a Rust project. One that is built already stays as it was built, with cargo-component or without.
fn of_project(folder: &Path, output: Output) -> Result<PathBuf, Failure> {
    let toolchain = Toolchain::find();
    let project = Project::read(&toolchain, folder)?;
    let mut build = Build::new(&toolchain, output);
    match project.built() {
        Some(built) if !built.stale => return Ok(built.component),
        Some(built) => {
            output.note(format!("{} has changed since it was built; building it", folder.display()));
            if built.way == Way::Cargo {
                build.way = Way::Cargo;
            }
        }
        None => {
            output.note(format!("{} is not built yet; building it", folder.display()));
            build.tell_way();
        }
    }
    build.project(&project)
}

/// The only `.wasm` file in a folder.
fn only_component(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    found.sort();
    match found.as_slice() {
        [component] => Ok(component.clone()),
        [] => Err(Failure::not_found(
            format!("{} has neither a Cargo.toml nor a component", folder.display()),
            "give the folder of a plugin, or a file that ends in .wasm",
        )),
        several => {
            let names: Vec<_> = several.iter().filter_map(|path| path.file_name()?.to_str()).collect();
            Err(Failure::usage(
                format!("{} has several components: {}", folder.display(), project::some(&names)),
                "give the file of one",
            ))
        }
    }
}

/// The bytes of a component, if it has no more than one may have.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let most = EngineConfig::default().max_component;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error: io::Error| Failure::file(path, &error))?;
    if bytes.len() > most {
        let message = format!("{} has more than {}", path.display(), ByteSize(most as u64));
        let failure = Failure::new(Code::LimitExceeded, message).help("a component may not be larger: make it smaller");
        return Err(Failure { reason: Some(Limit::ComponentSize.to_string()), ..failure });
    }
    Ok(bytes)
}

/// The manifest of a component: its own, or the `manifest.json` in its plugin's folder.
pub(crate) fn manifest_of(found: &Found) -> Result<Manifest, Failure> {
    let bytes = read(&found.component)?;
    if let Some(manifest) = read_manifest(&found.component.display().to_string(), &bytes)? {
        return Ok(manifest);
    }
    let path = found.folder.join("manifest.json");
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message =
                format!("{} carries no manifest, and there is no {}", found.component.display(), path.display());
            return Err(Failure::new(Code::InvalidPackage, message)
                .help("call `hal9_plugin!` in the plugin, or put a manifest.json into its folder"));
        }
        Err(error) => return Err(Failure::file(&path, &error)),
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
