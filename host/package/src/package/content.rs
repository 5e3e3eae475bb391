//! The files of an archive, held against what the manifest says of them. It does not know how entries are found or
//! unpacked.

use std::collections::HashSet;

use super::{Package, PackageError, inflate::inflate, layout::Entry};
use crate::{Manifest, ParseError};

/// The manifest of an archive.
pub(super) fn manifest(bytes: &[u8], entries: &[Entry]) -> Result<Manifest, PackageError> {
    let entry = entries.iter().find(|entry| entry.path == Package::MANIFEST && !entry.folder);
    let entry =
        entry.ok_or_else(|| PackageError::entry(Package::MANIFEST, "it is not in the package: add it at the top"))?;
    let json = unpack(bytes, entry)?;
    let manifest = Manifest::parse(&json).map_err(|source| PackageError::Manifest { source })?;
    if manifest.files.is_none() {
        let problem = "it has no `files`: add them, such as `\"files\": {\"wasm\": \"plugin.wasm\"}`";
        return Err(PackageError::entry(Package::MANIFEST, problem));
    }
    Ok(manifest)
}

/// Checks that the files of an archive are those that the manifest names, that each unpacks to what its headers say, and that
/// the component begins as one.
pub(super) fn check(bytes: &[u8], files: &[Entry], manifest: &Manifest) -> Result<(), PackageError> {
    let named = manifest.files.as_ref();
    let mut missing: HashSet<&str> = named.into_iter().flat_map(|files| files.iter()).collect();
    for entry in files {
        if !missing.remove(entry.path.as_str()) && entry.path != Package::MANIFEST {
            let problem = "the manifest does not name it: add it to `files`, or leave it out of the package";
            return Err(PackageError::entry(&entry.path, problem));
        }
    }
    if let Some(path) = missing.into_iter().min() {
        return Err(PackageError::entry(
            path,
            "the manifest names it, and it is not in the package: add it, or remove it from `files`",
        ));
    }
    for entry in files {
        let mut start = Vec::new();
        inflate(bytes, entry, |part| {
            let wanted = 8_usize.saturating_sub(start.len()).min(part.len());
            start.extend_from_slice(&part[..wanted]);
        })?;
        if named.is_some_and(|files| files.wasm == entry.path) {
            check_component(entry, &start)?;
        }
    }
    Ok(())
}

/// The content of an entry.
pub(super) fn unpack(bytes: &[u8], entry: &Entry) -> Result<Vec<u8>, PackageError> {
    let mut content = Vec::new();
    inflate(bytes, entry, |part| content.extend_from_slice(part))?;
    Ok(content)
}

/// The first bytes of a component: the magic number, the version of the format, and the layer of components.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

fn check_component(entry: &Entry, start: &[u8]) -> Result<(), PackageError> {
    let problem = if start == COMPONENT {
        return Ok(());
    } else if start == MODULE {
        "it is a core module: build it for `wasm32-wasip2`, or make a component of it with `wasm-tools component new`"
            .to_owned()
    } else if start.starts_with(b"\x7fELF") {
        "it is machine code, such as `wasmtime compile` writes, and HAL9 runs none that it has not compiled itself: pack the component"
            .to_owned()
    } else {
        let start = String::from_utf8_lossy(start).into_owned();
        ParseError::new(&start, "the beginning of a component", "pack what a build for `wasm32-wasip2` makes")
            .to_string()
    };
    Err(PackageError::entry(&entry.path, problem))
}
