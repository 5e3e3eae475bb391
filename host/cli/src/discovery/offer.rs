//! Owns reading one file that may be a plugin, and whether it may be used. It refuses to know where others are.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hal9_host::read_manifest;
use hal9_package::{ByteSize, Digest, Manifest, Package, Permissions, PluginId};
use hal9_registry::{Installed, Link, Plugin, Source};

use super::{FOLDER_BYTES, NamedBy};
use crate::failure::{Code, Failure};
use crate::output::word;
use crate::source::{self, Found};
use crate::trust::{Leave, Offer, Trust};
use crate::validation::{check_version, disagreement};

/// A plugin that may be used, with the bytes that were judged.
pub(crate) struct Offered {
    pub(crate) plugin: Plugin,
    bytes: Bytes,
}

enum Bytes {
    Package(Package),
    Component(Arc<[u8]>),
}

impl Offered {
    /// Reads a package or a component, if it is not larger than what is `left` to be read of its folder, in bytes.
    ///
    /// # Errors
    ///
    /// For what is neither, or is not trusted; with the plugin's id as soon as that is known.
    pub(super) fn read(path: &Path, named_by: NamedBy, trust: &Trust, left: &mut u64) -> Result<Self, Failure> {
        // His word stands for that of the settings. Whoever asks for plugins in a folder has said that unsigned ones will do,
        // as far as anybody can say that on the command line.
        let trust = Trust { allow_unsigned: trust.allow_unsigned || named_by.is_operator(), ..trust.clone() };
        let is_package = path.extension().is_some_and(|extension| extension == "hal9");
        // Whatever it says of itself, it may not be used, and anybody may have put it there.
        if !is_package && !trust.allow_unsigned {
            return Err(unsigned(path, None, &remedy(path)));
        }
        let size = path.metadata().map_or(0, |file| file.len());
        *left = left.checked_sub(size).ok_or_else(|| too_much(path))?;
        match is_package {
            true => Self::package(path, &trust),
            false => Self::bare(path, &trust),
        }
    }

    fn package(path: &Path, trust: &Trust) -> Result<Self, Failure> {
        let leave = Leave { unsigned: true, ..Leave::default() };
        let offer = Offer::read(path, None, trust, leave)?;
        let id = offer.id().clone();
        let key = trust.judge(&offer, leave)?;
        let manifest = offer.package.manifest().clone();
        check_version(&manifest).map_err(|failure| failure.plugin(&id))?;
        let component = offer.package.component().map_err(|error| unreadable(path, &error).plugin(&id))?;
        agree(path, &manifest, &component).map_err(|failure| failure.plugin(&id))?;
        let source = Source::Installed(Installed {
            version: manifest.metadata.version.clone(),
            package: *offer.package.digest(),
            component: Digest::of(&component),
            size: offer.package.bytes().len() as u64,
            signature: offer.signature.clone().filter(|_| key.is_some()),
            key,
            origin: path.display().to_string(),
            installed_at: changed_at(path),
        });
        Ok(Self { plugin: plugin(manifest, source), bytes: Bytes::Package(offer.package) })
    }

    fn bare(path: &Path, trust: &Trust) -> Result<Self, Failure> {
        let folder = path.parent().unwrap_or(path).to_owned();
        let bytes = source::read(path)?;
        let manifest = source::manifest_with(&Found { folder: folder.clone(), component: path.to_owned() }, &bytes)?;
        let id = manifest.metadata.id.clone();
        judge_bare(&id, path, trust).and_then(|()| check_version(&manifest)).map_err(|failure| failure.plugin(&id))?;
        let link = Link { folder, component: path.to_owned(), loaded_at: changed_at(path) };
        Ok(Self { plugin: plugin(manifest, Source::Linked(link)), bytes: Bytes::Component(bytes.into()) })
    }

    /// The component that was judged.
    pub(super) fn component(&self) -> Result<Vec<u8>, Failure> {
        match &self.bytes {
            Bytes::Component(bytes) => Ok(bytes.to_vec()),
            Bytes::Package(package) => package.component().map_err(|error| {
                Failure::new(Code::InvalidPackage, format!("{}: {error}", self.plugin.id())).plugin(self.plugin.id())
            }),
        }
    }
}

/// Whether a component without a package, and so without a signature, may be used where unsigned ones may.
fn judge_bare(id: &PluginId, path: &Path, trust: &Trust) -> Result<(), Failure> {
    if !trust.keys.contains_key(id) {
        return Ok(());
    }
    // Whoever can put a file there could take the plugin's place.
    let help = "hal9.toml says whose signature is taken for this plugin: put a package there that is signed so, or link the \
                folder: hal9 plugin load --dev";
    Err(unsigned(path, Some(id), help))
}

fn unsigned(path: &Path, id: Option<&PluginId>, help: &str) -> Failure {
    let message = format!("{} is a component without a package, and so without a signature", path.display());
    let message = id.map_or_else(|| message.clone(), |id| format!("{id}: {message}"));
    Failure::new(Code::Signature, message).reason("unsigned").help(help)
}

fn remedy(path: &Path) -> String {
    let folder = word(path.parent().unwrap_or(path));
    format!(
        "put a signed package there; or, if you trust who put it there: hal9 plugin load --dev {}, or name its folder: \
         --plugin-path {folder}",
        word(path)
    )
}

fn too_much(path: &Path) -> Failure {
    let folder = path.parent().unwrap_or(path).display();
    let most = ByteSize(FOLDER_BYTES);
    let message = format!("{} is not read: what {folder} has for plugins is more than {most}", path.display());
    Failure::new(Code::LimitExceeded, message)
        .reason("folder-size")
        .help("take out of the folder what is not needed, or install what is: hal9 plugin install FILE")
}

/// Whether what people read of a package is what runs: its component may carry a manifest of its own.
fn agree(path: &Path, manifest: &Manifest, component: &[u8]) -> Result<(), Failure> {
    let carried = read_manifest(&path.display().to_string(), component)?;
    match carried.and_then(|carried| disagreement(&carried, manifest)) {
        None => Ok(()),
        Some((found, help)) => {
            Err(Failure::new(Code::InvalidPackage, format!("{}: {found}", path.display())).help(help))
        }
    }
}

/// A plugin as it is found: it has nothing that hal9.toml does not grant.
fn plugin(manifest: Manifest, source: Source) -> Plugin {
    Plugin { manifest, source, granted: Permissions::default(), active: true }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::InvalidPackage, format!("{}: {error}", path.display()))
        .help(format!("see all that is wrong with it: hal9 plugin validate {}", word(path)))
}

fn changed_at(path: &Path) -> SystemTime {
    path.metadata().and_then(|file| file.modified()).unwrap_or(UNIX_EPOCH)
}
