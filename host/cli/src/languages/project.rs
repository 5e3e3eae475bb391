//! Owns a plugin's project in any language but Rust: what has to be in its folder, the component that it makes, and whether
//! that is still of its sources. It refuses to know compilers.

use std::fs;
use std::path::{Path, PathBuf};

use hal9_package::Package;

use super::tools::Tools;
use super::work::Work;
use super::{Language, Making, c, files, javascript, not_built, python, sources, world, zig};
use crate::failure::{Code, Failure};

/// What is made of a project, below its folder; all of it can be made again.
const BUILD: &str = "build";

/// What a component is called that this program makes.
pub(crate) const COMPONENT: &str = "plugin.wasm";

/// The file that says of which sources the component is.
const STAMP: &str = "plugin.stamp";

/// A folder with a plugin's sources.
#[derive(Clone, Debug)]
pub(super) struct Project {
    folder: PathBuf,
    language: Language,
}

impl Project {
    /// The project in a folder that was told to be one of that language.
    pub(super) fn of(folder: &Path, language: Language) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).map_err(|error| Failure::file(folder, &error))?;
        Ok(Self { folder, language })
    }

    /// Where the component is, once it is built.
    pub(super) fn component(&self) -> PathBuf {
        self.folder.join(BUILD).join(COMPONENT)
    }

    /// Whether the component is of the sources as they are; none, where there is none.
    pub(super) fn built(&self) -> Option<bool> {
        if !files::is_component(&self.component()) {
            return None;
        }
        let stamp = fs::read_to_string(self.folder.join(BUILD).join(STAMP)).unwrap_or_default();
        Some(sources::stamp(&self.folder, self.language).is_some_and(|now| now == stamp))
    }

    /// Builds the component.
    pub(super) fn build(&self, tools: &Tools, making: &Making<'_>) -> Result<PathBuf, Failure> {
        self.check()?;
        let build = self.folder.join(BUILD);
        fs::create_dir_all(&build).map_err(|error| not_written(&build, &error))?;
        // `hal9 dev` in one window and `hal9 plugin build` in another must not write the same files at once.
        let lock = build.join(".lock");
        let lock = fs::File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.map_err(|error| not_written(&build, &error))?;
        fs::write(build.join(".gitignore"), "*\n").map_err(|error| not_written(&build, &error))?;

        // Of what is changed while it is built, nobody knows whether it is in it.
        let stamp = sources::stamp(&self.folder, self.language).unwrap_or_default();
        let world = world::prepare(&self.folder, &build)?;
        let work = Work::new(&self.folder, &build, self.language, &world, tools, making)?;
        match self.language {
            Language::C | Language::Cpp => c::build(&work),
            Language::Zig => zig::build(&work),
            Language::Python => python::build(&work),
            Language::JavaScript | Language::TypeScript => javascript::build(&work),
            Language::Rust => return Err(Failure::new(Code::Internal, "Rust projects are cargo's")),
        }?;
        let made = work.made();
        if !files::is_component(&made) {
            return Err(not_built(format!("{} was built, and no component came of it", self.folder.display())));
        }
        let component = self.component();
        let _ = fs::remove_file(build.join(STAMP));
        fs::rename(&made, &component).map_err(|error| not_written(&component, &error))?;
        fs::write(build.join(STAMP), stamp).map_err(|error| not_written(&build, &error))?;
        Ok(component)
    }

    /// Whether all is there that a build and a load need: said before a compiler runs for seconds.
    fn check(&self) -> Result<(), Failure> {
        let manifest = self.folder.join(Package::MANIFEST);
        if !manifest.is_file() {
            let what = format!("{} has no {}", self.folder.display(), Package::MANIFEST);
            return Err(Failure::new(Code::InvalidPackage, what).reason("build").help(
                "it says what the plugin is and what it may do: see guests/README.md, \
                 or take one from `hal9 plugin new example`",
            ));
        }
        Ok(())
    }
}

/// Where a build could not write.
fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::Unavailable, format!("{} cannot be written: {error}", path.display()))
        .help("a build writes below the plugin's folder: copy the plugin to where you may write")
}
