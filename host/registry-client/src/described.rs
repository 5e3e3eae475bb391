//! A package held against what the index says of it. It refuses to know where it comes from.

use hal9_package::{Package, PluginId, PublicKey, Signature};
use hal9_registry_index::VersionRecord;

/// Why a package with the right digest is refused.
pub(crate) enum Refusal {
    /// The author has not signed it.
    Signature(hal9_package::SignatureError),
    /// It is no package.
    Package(hal9_package::PackageError),
    /// It is not what the index says.
    Misdescribed(String),
}

/// Holds a package against its author's key and against what the index says of it: who resolved versions and was asked for permissions
/// by the index is not to get others.
pub(crate) fn check(
    id: &PluginId,
    version: &VersionRecord,
    key: &PublicKey,
    bytes: Vec<u8>,
) -> Result<Package, Refusal> {
    let signature: Signature = version.signature.parse().map_err(Refusal::Signature)?;
    key.verify(&bytes, &signature).map_err(Refusal::Signature)?;
    if bytes.len() as u64 != version.size {
        return Err(Refusal::Misdescribed(format!(
            "it has {} bytes, and the index says {}",
            bytes.len(),
            version.size
        )));
    }
    let package = Package::read(bytes).map_err(Refusal::Package)?;
    let manifest = package.manifest();
    let metadata = &manifest.metadata;
    if metadata.id != *id || metadata.version != version.version {
        return Err(Refusal::Misdescribed(format!("it is {} {}", metadata.id, metadata.version)));
    }
    if manifest.permissions != version.permissions {
        let reason = format!("it asks for `{}`, and the index says `{}`", manifest.permissions, version.permissions);
        return Err(Refusal::Misdescribed(reason));
    }
    let oldest = |version: &Option<semver::Version>| version.as_ref().map_or("any".to_owned(), ToString::to_string);
    if manifest.min_hal9_version != version.min_hal9_version {
        let (found, told) = (oldest(&manifest.min_hal9_version), oldest(&version.min_hal9_version));
        return Err(Refusal::Misdescribed(format!("it works with HAL9 {found} or later, and the index says {told}")));
    }
    let needs = |dependencies: &[hal9_package::Dependency]| {
        let mut needs: Vec<_> = dependencies.iter().map(|one| format!("{} {}", one.plugin_id, one.version)).collect();
        needs.sort();
        needs.join(", ")
    };
    let (found, told) = (needs(&manifest.dependencies), needs(&version.dependencies));
    if found != told {
        return Err(Refusal::Misdescribed(format!("it needs `{found}`, and the index says `{told}`")));
    }
    Ok(package)
}
