//! Owns what is compared: WIT as it was read from text, from a folder or off a component. It refuses to know what differs.

use std::path::Path;

use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{PackageId, Resolve, WorldId};

use crate::{Error, text};

/// One side of a comparison.
#[derive(Debug)]
pub struct Wit {
    name: String,
    pub(crate) resolve: Resolve,
    pub(crate) subject: Subject,
}

/// What a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A contract: whoever follows it may use all that it has.
    Contract(PackageId),
    /// A component: it has what it uses of a contract, and no more.
    Component(WorldId),
}

impl Wit {
    /// HAL9's WIT of this build.
    ///
    /// # Errors
    ///
    /// None that a test of this crate would let pass.
    pub fn builtin() -> Result<Self, Error> {
        Self::document("builtin", &text::text())
    }

    /// HAL9's WIT as it was published under a version, such as `0.1.0`; none for a version that was not published.
    ///
    /// # Errors
    ///
    /// As for [`Wit::builtin`].
    pub fn published(version: &str) -> Option<Result<Self, Error>> {
        let (version, text) = text::PUBLISHED.iter().find(|(published, _)| *published == version)?;
        Some(Self::document(version, text))
    }

    /// The versions of HAL9's WIT that were published, the first one first.
    pub fn versions() -> impl Iterator<Item = &'static str> {
        text::PUBLISHED.iter().map(|(version, _)| *version)
    }

    /// A WIT document: a file's text. `name` is what errors and results call it.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for text that is no WIT, and for references to packages that are neither in it nor HAL9's.
    pub fn document(name: &str, text: &str) -> Result<Self, Error> {
        let push =
            |resolve: &mut Resolve| resolve.push_source(name, text).map_err(|error| resolve.render_error(&error));
        Self::read(name, push)
    }

    /// A folder of WIT, with the packages that it refers to in its `deps`; HAL9's own may be missing there.
    ///
    /// # Errors
    ///
    /// As for [`Wit::document`].
    pub fn folder(path: &Path) -> Result<Self, Error> {
        let push = |resolve: &mut Resolve| match resolve.push_dir(path) {
            Ok((package, _)) => Ok(package),
            Err(error) => {
                let reason = resolve.render_error(&error);
                // The path is said anyway.
                let prefix = format!("failed to parse package: {}: ", path.display());
                Err(reason.strip_prefix(&prefix).unwrap_or(&reason).to_owned())
            }
        };
        Self::read(&path.display().to_string(), push)
    }

    /// What a component imports and exports. `name` is what errors and results call it. A WIT package in its binary form is
    /// taken for the contract that it is.
    ///
    /// # Errors
    ///
    /// [`Error::NoComponent`] for a core module and for bytes that are malformed.
    pub fn component(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let refuse = |reason: String| Error::NoComponent { name: name.to_owned(), reason };
        // What follows the magic number and the version says which of the two it is.
        if bytes.starts_with(b"\0asm\x01\0\0\0") {
            return Err(refuse("it is a core WebAssembly module".to_owned()));
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(refuse("it is not WebAssembly".to_owned()));
        }
        let (resolve, subject) = match decode(bytes) {
            Ok(DecodedWasm::Component(resolve, world)) => (resolve, Subject::Component(world)),
            Ok(DecodedWasm::WitPackage(resolve, package)) => (resolve, Subject::Contract(package)),
            Err(error) => return Err(refuse(format!("{error:#}"))),
        };
        Ok(Self { name: name.to_owned(), resolve, subject })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a component, rather than a contract.
    pub fn is_component(&self) -> bool {
        matches!(self.subject, Subject::Component(_))
    }

    /// The functions that it has, or that a component uses, of packages other than WASI's: paths such as
    /// `hal9:plugin/memory/get`.
    pub fn functions(&self) -> Vec<String> {
        crate::diff::functions(self).into_iter().filter(|path| !path.starts_with("wasi:")).collect()
    }

    /// Reads a package, by itself first: one that brings HAL9's with it is to keep the one that it brings.
    fn read(name: &str, push: impl Fn(&mut Resolve) -> Result<PackageId, String>) -> Result<Self, Error> {
        let made = |resolve, package| Self { name: name.to_owned(), resolve, subject: Subject::Contract(package) };
        let mut alone = Resolve::default();
        let reason = match push(&mut alone) {
            Ok(package) => return Ok(made(alone, package)),
            Err(reason) => reason,
        };
        let mut with_ours = Resolve::default();
        let ours = with_ours.push_source("hal9.wit", &text::text()).is_ok();
        match push(&mut with_ours) {
            Ok(package) if ours => Ok(made(with_ours, package)),
            _ => Err(Error::Malformed { name: name.to_owned(), reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_read_with_ours_where_it_brings_none_and_with_its_own_where_it_does() {
        let project = tempfile::tempdir().unwrap();
        let world = "package me:mine; world plugin { import hal9:plugin/memory@0.1.0; }";
        std::fs::write(project.path().join("world.wit"), world).unwrap();
        let wit = Wit::folder(project.path()).unwrap();
        assert_eq!(wit.resolve.packages.len(), 2);

        let own = project.path().join("deps/hal9");
        std::fs::create_dir_all(&own).unwrap();
        let older = "package hal9:plugin@0.1.0; interface memory { flush: func(); }";
        std::fs::write(own.join("memory.wit"), older).unwrap();
        let wit = Wit::folder(project.path()).unwrap();
        assert!(wit.resolve.interfaces.iter().any(|(_, interface)| interface.functions.contains_key("flush")));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = Wit::document("mine.wit", "package me:mine;\ninterface a {\n  f: func(x: strin);\n}").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("strin") && text.contains("mine.wit:3:14"), "{text}");
        assert!(Wit::folder(Path::new("/nowhere")).unwrap_err().to_string().contains("/nowhere"));
    }

    #[test]
    fn what_is_no_component_is_told_from_one() {
        for (bytes, what) in [
            (&b"\0asm\x01\0\0\0"[..], "core WebAssembly module"),
            (b"#!/bin/sh", "not WebAssembly"),
            (b"", "not WebAssembly"),
            (b"\0asm\x0d\0\x01\0\x07\xff", "no component"),
        ] {
            let error = Wit::component("x.wasm", bytes).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        assert!(Wit::component("x.wasm", b"\0asm\x0d\0\x01\0").unwrap().is_component());
    }

    #[test]
    fn a_package_in_its_binary_form_is_a_contract() {
        let mut resolve = Resolve::default();
        let package = resolve.push_source("a.wit", "package a:b; interface i { f: func(); }").unwrap();
        let bytes = wit_component::encode(&resolve, package).unwrap();
        assert!(!Wit::component("x.wasm", &bytes).unwrap().is_component());
    }

    #[test]
    fn every_published_version_can_be_read() {
        assert!(Wit::versions().all(|version| Wit::published(version).unwrap().is_ok()) && Wit::builtin().is_ok());
        assert!(Wit::versions().any(|version| version == "0.1.0"));
        assert!(Wit::published("builtin").is_none());
    }
}
