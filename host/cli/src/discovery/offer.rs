//! Owns reading one file that may be a plugin, and whether it may be used. It refuses to know where others are.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hal9_host::read_manifest;
use hal9_package::{Digest, Manifest, Package, Permissions, PluginId};
use hal9_registry::{Installed, Link, Plugin, Source};

use super::NamedBy;
use crate::failure::{Code, Failure};
use crate::source::{self, Found};
use crate::trust::{Leave, Offer, Trust};
use crate::validation::check_version;

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
    /// Reads a package or a component.
    ///
    /// # Errors
    ///
    /// For what is neither, or is not trusted; with the plugin's id as soon as that is known.
    pub(super) fn read(path: &Path, named_by: NamedBy, trust: &Trust) -> Result<Self, Failure> {
        // His word stands for that of the settings. Whoever asks for plugins in a folder has said that unsigned ones will do,
        // as far as anybody can say that on the command line.
        let trust = Trust { allow_unsigned: trust.allow_unsigned || named_by.is_operator(), ..trust.clone() };
        match path.extension().is_some_and(|extension| extension == "hal9") {
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
        let manifest = match read_manifest(&path.display().to_string(), &bytes)? {
            Some(manifest) => manifest,
            None => source::manifest_of(&Found { folder: folder.clone(), component: path.to_owned() })?,
        };
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

/// Whether a component without a package, and so without a signature, may be used.
fn judge_bare(id: &PluginId, path: &Path, trust: &Trust) -> Result<(), Failure> {
    let Err(failure) = trust.may(id, None, Leave { unsigned: true, ..Leave::default() }, &path.display().to_string())
    else {
        return Ok(());
    };
    let help = match trust.keys.contains_key(id) {
        // Whoever can put a file there could take the plugin's place.
        true => "hal9.toml says whose signature is taken for this plugin: put a package there that is signed so, or link the \
                 folder: hal9 plugin load --dev"
            .to_owned(),
        false => format!(
            "put a signed package there, link its folder: hal9 plugin load --dev {}, or put `allow_unsigned = true` under \
             [trust] in hal9.toml",
            path.display()
        ),
    };
    let message = format!("{id}: {} is a component without a package, and so without a signature", path.display());
    Err(Failure { message, ..failure }.help(help))
}

/// A plugin as it is found: it has nothing that hal9.toml does not grant.
fn plugin(manifest: Manifest, source: Source) -> Plugin {
    Plugin { manifest, source, granted: Permissions::default(), active: true }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::InvalidPackage, format!("{}: {error}", path.display()))
        .help(format!("see all that is wrong with it: hal9 plugin validate {}", path.display()))
}

fn changed_at(path: &Path) -> SystemTime {
    path.metadata().and_then(|file| file.modified()).unwrap_or(UNIX_EPOCH)
}
