//! The contents of an archive: unpacked within bounds, held against their sizes and sums, and against what the manifest
//! says is there. It does not know how entries are found.

use std::{
    collections::HashSet,
    io::{ErrorKind, Read as _},
};

use super::{Package, PackageError, layout::Entry};
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

/// Hands out the content of an entry part by part, never more than its headers claim.
fn inflate(bytes: &[u8], entry: &Entry, mut part: impl FnMut(&[u8])) -> Result<(), PackageError> {
    let refuse = |problem: String| PackageError::entry(&entry.path, format!("{problem}: make the package again"));
    let broken = |error: &dyn std::fmt::Display| refuse(format!("it cannot be unpacked ({error})"));
    // Not through the crate's own look at the archive: this is the entry that was checked, and nothing else is in reach.
    let mut packed = &bytes[entry.start..entry.end];
    let file = zip::read::read_zipfile_from_stream(&mut packed).map_err(|error| broken(&error))?;
    let Some(file) = file else {
        return Err(refuse("it has no local header".to_owned()));
    };
    let claimed = u64::from(entry.size);
    // One byte more would say that there is more.
    let mut file = file.take(claimed + 1);
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(&error)),
        };
        size += read as u64;
        if size > claimed {
            break;
        }
        part(&buffer[..read]);
    }
    if size != claimed {
        let than = if size > claimed { "more" } else { "less" };
        return Err(refuse(format!("it unpacks to {than} than the {claimed} bytes that its headers claim")));
    }
    Ok(())
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
