//! Owns how the sources in a folder become a version that can be loaded: built, read once, compiled. It blocks, and refuses
//! to know what serves meanwhile.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hal9_host::{Component, Host};
use hal9_package::Manifest;

use super::events::{Step, Took};
use crate::failure::Failure;
use crate::languages::{self, Making};
use crate::output::Output;
use crate::process::Stop;
use crate::source::{self, Found};
use crate::validation::check_version;

/// A version that was compiled, and perhaps cannot be loaded.
pub(super) struct Made {
    pub(super) component: Component,
    pub(super) manifest: Manifest,
    pub(super) bytes: Vec<u8>,
    pub(super) took: Took,
}

/// What came of the sources.
pub(super) enum Outcome {
    Made(Box<Made>),
    /// The same component as the last time.
    Same(Took),
    Failed(Step, Failure),
}

/// Where the sources are, and what was made of them last.
#[derive(Clone)]
pub(super) struct Maker {
    /// A folder, or a component.
    pub(super) path: PathBuf,
    pub(super) host: Host,
    pub(super) output: Output,
    /// Ends a build that nobody waits for any more.
    pub(super) stop: Stop,
}

impl Maker {
    /// Builds, where there is something to build, and compiles what differs from `last`.
    pub(super) fn make(&self, last: Option<&[u8]>) -> Outcome {
        let started = Instant::now();
        let (found, is_built) = match self.build() {
            Ok(found) => found,
            Err(failure) => return Outcome::Failed(Step::Build, failure),
        };
        let bytes = match source::read(&found.component) {
            Ok(bytes) => bytes,
            Err(failure) => return Outcome::Failed(Step::Build, failure),
        };
        let mut took = Took { is_built, build: started.elapsed(), ..Took::default() };
        // Beside a component without a manifest, the manifest may be what was changed.
        let is_same = last == Some(bytes.as_slice());
        let started = Instant::now();
        let component = match self.host.compile(&found.component.display().to_string(), &bytes) {
            Ok(component) => component,
            Err(error) => return Outcome::Failed(Step::Compile, error.into()),
        };
        took.compile = started.elapsed();
        if is_same && component.manifest().is_some() {
            return Outcome::Same(took);
        }
        let manifest = match component.manifest() {
            Some(manifest) => Ok(manifest.clone()),
            None => source::manifest_of(&found),
        };
        match manifest.and_then(|manifest| check_version(&manifest).map(|()| manifest)) {
            Ok(manifest) => Outcome::Made(Box::new(Made { component, manifest, bytes, took })),
            Err(failure) => Outcome::Failed(Step::Compile, failure),
        }
    }

    /// The component, and whether it was built.
    fn build(&self) -> Result<(Found, bool), Failure> {
        let Some(language) = languages::of(&self.path)? else {
            return source::find(&self.path, self.output).map(|found| (found, false));
        };
        let making = Making { output: self.output, shown: !self.output.json(), stop: Some(&self.stop) };
        let made = languages::make_again(&self.path, language, &making)?;
        Ok((Found { folder: self.path.clone(), component: made.component }, true))
    }
}

/// The folder that is watched for changes of a path.
pub(super) fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}
