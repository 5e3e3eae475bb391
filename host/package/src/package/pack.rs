//! Writing a package: the same bytes for the same manifest and files. It does not know where the files come from, and
//! writes nothing that reading would refuse.

use std::{collections::BTreeMap, io::Cursor};

use zip::{CompressionMethod, DateTime, PreparedZipFile, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use super::{Package, PackageError, layout};
use crate::{Manifest, ManifestError};

/// Packs a manifest and the files that it names, by their paths. The manifest is written as `manifest.json` in front of the
/// others, which follow in order of path; there are no times and no owners in a package.
///
/// # Errors
///
/// [`PackageError`] for what [`Package::read`] would refuse.
pub fn pack(manifest: &Manifest, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, PackageError> {
    let json = manifest.to_json();
    if json.len() > Manifest::MAX_BYTES {
        let source = ManifestError::TooLarge { size: json.len(), max: Manifest::MAX_BYTES };
        return Err(PackageError::Manifest { source });
    }
    // What is certain to be refused is not packed first.
    let unpacked: u64 = files.values().map(|content| content.len() as u64).sum();
    if unpacked > Package::MAX_UNPACKED || files.len() >= Package::MAX_FILES {
        let problem = format!(
            "would have {} files of {} MiB, and {} of {} MiB are allowed",
            files.len() + 1,
            unpacked >> 20,
            Package::MAX_FILES,
            Package::MAX_UNPACKED >> 20
        );
        return Err(PackageError::Archive { problem, fix: "leave out what the plugin does not need" });
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let manifest = (Package::MANIFEST, json.as_bytes());
    for (path, content) in
        [manifest].into_iter().chain(files.iter().map(|(path, content)| (path.as_str(), content.as_slice())))
    {
        let broken = |error: zip::result::ZipError| PackageError::entry(path, format!("it cannot be packed ({error})"));
        let file = prepare(path, content).map_err(broken)?;
        archive.add_prepared_file(file).map_err(broken)?;
    }
    let bytes =
        archive.finish().map_err(|error| PackageError::archive(format!("cannot be written ({error})")))?.into_inner();
    Package::read(bytes.as_slice())?;
    Ok(bytes)
}

fn prepare(path: &str, content: &[u8]) -> ZipResult<PreparedZipFile> {
    let options = SimpleFileOptions::default()
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let file = PreparedZipFile::from_data(path, options.compression_method(CompressionMethod::Deflated), content)?;
    if layout::is_bomb(file.uncompressed_size(), file.compressed_size()) {
        let stored = options.compression_level(None).compression_method(CompressionMethod::Stored);
        return PreparedZipFile::from_data(path, stored, content);
    }
    Ok(file)
}
