//! Owns a run of tests on one plugin: which cases there are, which of them are wanted, and in which order they come. It refuses to
//! know what a case does.

use std::path::Path;

use hal9_host::{Error, HostBuilder, Kind};
use hal9_package::Manifest;

use crate::cases::{CaseError, CaseFile, Conformance};
use crate::conformance;
use crate::report::{CaseReport, Report, Suite};
use crate::rig::Rig;
use crate::run;

/// A plugin under test, with the cases that its author wrote.
pub struct Bench {
    rig: Rig,
    files: Vec<CaseFile>,
    /// How the conformance suite is run on it.
    conformance: Conformance,
}

/// Which cases are run, and how.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Only cases with this in their names.
    pub name: Option<String>,
    /// Whether the plugin's own cases are among them.
    pub own: bool,
    /// Whether the conformance suite is.
    pub conformance: bool,
    /// Whether golden files are written where they differ.
    pub update: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { name: None, own: true, conformance: true, update: false }
    }
}

impl Bench {
    /// Compiles a component, which errors call `name`, on a host whose backends are all replaced. `manifest` is for one that carries
    /// none.
    ///
    /// # Errors
    ///
    /// As [`hal9_host::Host::compile`], and for a component that nothing describes.
    pub fn new(host: HostBuilder, name: &str, bytes: &[u8], manifest: Option<Manifest>) -> Result<Self, Error> {
        let rig = Rig::new(host, name, bytes, manifest)?;
        Ok(Self { rig, files: Vec::new(), conformance: Conformance::default() })
    }

    /// With the cases in a folder: all of its files that end in `.toml`, none where there is no such folder.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with one of the files.
    pub fn with_cases(mut self, folder: &Path) -> Result<Self, CaseError> {
        self.files = CaseFile::all(folder)?;
        if let Some((file, settings)) = self.files.iter().find_map(|file| Some((file, file.conformance.as_ref()?))) {
            for skip in &settings.skip {
                let name = skip.case.get_ref();
                if !conformance::is_law(name) {
                    let message = format!("the conformance suite has no case `{name}`; see them all with --verbose");
                    return Err(file.wrong(skip.case.span().start, message));
                }
            }
            self.conformance = settings.clone();
        }
        Ok(self)
    }

    /// With a configuration for the conformance suite, in place of what a file says.
    #[must_use]
    pub fn configured(mut self, config: serde_json::Value) -> Self {
        self.conformance.config = crate::cases::Json(config);
        self
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.rig.manifest
    }

    /// What it exports.
    pub fn kinds(&self) -> &[Kind] {
        self.rig.kinds()
    }

    /// How many cases its author wrote.
    pub fn own_cases(&self) -> usize {
        self.files.iter().map(|file| file.cases.len()).sum()
    }

    /// Runs what is wanted, one case after the other; `done` is told of each.
    pub async fn run(&self, wanted: &Selection, mut done: impl FnMut(&CaseReport)) -> Report {
        let is_wanted = |name: &str| wanted.name.as_ref().is_none_or(|part| name.contains(part.as_str()));
        let mut suites = Vec::new();
        for file in self.files.iter().filter(|_| wanted.own) {
            let mut suite = Suite { name: file.path.display().to_string(), cases: Vec::new() };
            for (at, case) in file.cases.iter().filter(|(_, case)| is_wanted(&case.name)) {
                let report = run::case(&self.rig, file, *at, case, wanted.update).await;
                done(&report);
                suite.cases.push(report);
            }
            suites.push(suite);
        }
        if wanted.conformance {
            suites.extend(conformance::run(&self.rig, &self.conformance, is_wanted, &mut done).await);
        }
        suites.retain(|suite| !suite.cases.is_empty());
        let metadata = &self.rig.manifest.metadata;
        Report { plugin: metadata.id.clone(), version: metadata.version.to_string(), suites }
    }
}
