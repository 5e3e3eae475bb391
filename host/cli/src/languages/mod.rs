//! Owns in which language a plugin's folder is written, and that its component is made: whichever the language, in the same
//! way. It refuses to know what is done with the component.

mod c;
mod component;
mod files;
mod javascript;
mod project;
mod python;
pub(crate) mod rust;
mod snapshot;
mod sources;
pub(crate) mod tools;
mod work;
mod world;
mod zig;

use std::path::{Path, PathBuf};

use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::process::Stop;
use project::Project;
use rust::{Build, Toolchain, Way};
use tools::{Tool, Tools};

pub(crate) use files::{is_component, real, some};
pub(crate) use project::COMPONENT;

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    Rust,
    Python,
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
    C,
    #[value(alias = "c++")]
    Cpp,
    Zig,
}

impl Language {
    /// All of them, as help lists them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Rust, Self::Python, Self::JavaScript, Self::TypeScript, Self::C, Self::Cpp, Self::Zig];

    /// The name that is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::Zig => "zig",
        }
    }

    /// The name in a sentence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Zig => "Zig",
        }
    }

    /// The file that a plugin begins with, below its folder.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Python => "src/plugin.py",
            Self::JavaScript => "src/plugin.js",
            Self::TypeScript => "src/plugin.ts",
            Self::C => "src/plugin.c",
            Self::Cpp => "src/plugin.cpp",
            Self::Zig => "src/plugin.zig",
        }
    }

    /// The file that says that a folder is a project of the language, where it has one that no other language has.
    fn package(self) -> Option<&'static str> {
        match self {
            Self::Rust => Some("Cargo.toml"),
            Self::Python => Some("pyproject.toml"),
            Self::JavaScript => Some("package.json"),
            Self::TypeScript => Some("tsconfig.json"),
            Self::C | Self::Cpp => None,
            Self::Zig => Some("build.zig"),
        }
    }

    /// What is needed to build a component, beside Rust's own tools.
    pub(crate) fn tools(self) -> &'static [Tool] {
        match self {
            Self::Rust => &[],
            Self::Python => &[Tool::ComponentizePy],
            Self::JavaScript => &[Tool::ComponentizeQjs],
            Self::TypeScript => &[Tool::TypeScript, Tool::ComponentizeQjs],
            Self::C | Self::Cpp | Self::Zig => &[Tool::Zig],
        }
    }

    /// Whether a folder of that name, somewhere in a project, is made by tools.
    pub(crate) fn makes(self, folder: &str) -> bool {
        match self {
            Self::Rust => folder == "target",
            _ => {
                let made = ["build", "target", "node_modules", "__pycache__", "zig-out", "zig-cache"];
                // Caches of linters and the like.
                made.contains(&folder) || (folder.starts_with('.') && folder.ends_with("_cache"))
            }
        }
    }
}

/// How a build goes on, for who waits for it.
#[derive(Clone, Copy)]
pub(crate) struct Making<'a> {
    pub(crate) output: Output,
    /// Whether the user sees what the tools say while they build; else it is in the failure, if there is one.
    pub(crate) shown: bool,
    /// Who may end it before it is done.
    pub(crate) stop: Option<&'a Stop>,
}

/// A component that was built just now.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) component: PathBuf,
    /// The tool that made it, as programs know it.
    pub(crate) with: &'static str,
}

/// The language of the project in a folder; none, where it is no project, or no folder.
///
/// # Errors
///
/// Where it is a project, and what it begins with is missing or there twice.
pub(crate) fn of(folder: &Path) -> Result<Option<Language>, Failure> {
    if rust::is_rust(folder) {
        return Ok(Some(Language::Rust));
    }
    let others = || Language::ALL.into_iter().filter(|language| *language != Language::Rust);
    let mut begun: Vec<_> = others().filter(|language| folder.join(language.source()).is_file()).collect();
    // What tsc makes may lie beside what it is made of.
    if begun.contains(&Language::TypeScript) {
        begun.retain(|language| *language != Language::JavaScript);
    }
    match begun.as_slice() {
        [language] if folder.join(world::FOLDER).is_dir() || files::only_component(folder).is_err() => {
            Ok(Some(*language))
        }
        // Its author builds it with tools of their own.
        [_] => Ok(None),
        [] if files::only_component(folder).is_ok() => Ok(None),
        [] => match others().find(|language| language.package().is_some_and(|file| folder.join(file).is_file())) {
            // TypeScript has both files.
            Some(Language::JavaScript) if folder.join("tsconfig.json").is_file() => {
                Err(not_begun(folder, Language::TypeScript))
            }
            Some(language) => Err(not_begun(folder, language)),
            None => Ok(None),
        },
        several => {
            let names: Vec<_> = several.iter().map(|language| language.source()).collect();
            let what = format!("{} begins in several languages: {}", folder.display(), names.join(", "));
            Err(Failure::usage(what, "keep one of them: a plugin is one component"))
        }
    }
}

fn not_begun(folder: &Path, language: Language) -> Failure {
    let package = language.package().unwrap_or_default();
    let what = format!("{} has a {package} and no {}", folder.display(), language.source());
    let help = format!(
        "a plugin in {} begins there; see one: hal9 plugin new example --lang {}",
        language.title(),
        language.name()
    );
    Failure::not_found(what, help)
}

/// Builds the component of a project.
///
/// # Errors
///
/// Where a tool is missing, or does not take what the author wrote, with what it says of it.
pub(crate) fn make(folder: &Path, language: Language, making: &Making<'_>) -> Result<Made, Failure> {
    if language != Language::Rust {
        let tools = Tools::find()?;
        let component = Project::of(folder, language)?.build(&tools, making)?;
        return Ok(Made { component, with: language.tools().last().map_or("hal9", |tool| tool.name()) });
    }
    let toolchain = Toolchain::find();
    let project = rust::Project::read(&toolchain, folder)?;
    let build = Build { shown: making.shown, stop: making.stop, ..Build::new(&toolchain, making.output) };
    build.tell_way();
    let component = build.project(&project)?;
    Ok(Made { component, with: build.way.id() })
}

/// Builds the component of a project in the way in which it was built before, so that not all of it is built again.
///
/// # Errors
///
/// As for [`make`].
pub(crate) fn make_again(folder: &Path, language: Language, making: &Making<'_>) -> Result<Made, Failure> {
    if language != Language::Rust {
        return make(folder, language, making);
    }
    let toolchain = Toolchain::find();
    let project = rust::Project::read(&toolchain, folder)?;
    let mut build = Build { shown: making.shown, stop: making.stop, ..Build::new(&toolchain, making.output) };
    match project.built() {
        Some(built) if built.way == Way::Cargo => build.way = Way::Cargo,
        Some(_) => {}
        None => build.tell_way(),
    }
    let component = build.project(&project)?;
    Ok(Made { component, with: build.way.id() })
}

/// The component of a project: as it is built already, or built where there is none or its sources have changed since.
///
/// # Errors
///
/// As for [`make`].
pub(crate) fn component(folder: &Path, language: Language, output: Output) -> Result<PathBuf, Failure> {
    let changed = format!("{} has changed since it was built; building it", folder.display());
    let missing = format!("{} is not built yet; building it", folder.display());
    let making = Making { output, shown: false, stop: None };
    if language != Language::Rust {
        let project = Project::of(folder, language)?;
        match project.built() {
            Some(true) => return Ok(project.component()),
            Some(false) => output.note(changed),
            None => output.note(missing),
        }
        return project.build(&Tools::find()?, &making);
    }
    let toolchain = Toolchain::find();
    let project = rust::Project::read(&toolchain, folder)?;
    let mut build = Build::new(&toolchain, output);
    match project.built() {
        Some(built) if !built.stale => return Ok(built.component),
        Some(built) => {
            output.note(changed);
            // One that is built already stays as it was built, with cargo-component or without.
            if built.way == Way::Cargo {
                build.way = Way::Cargo;
            }
        }
        None => {
            output.note(missing);
            build.tell_way();
        }
    }
    build.project(&project)
}

/// The only component in a folder that is no project.
pub(crate) fn only_component(folder: &Path) -> Result<PathBuf, Failure> {
    files::only_component(folder)
}

/// A failure to build.
pub(crate) fn not_built(what: impl Into<String>) -> Failure {
    Failure::new(Code::InvalidPackage, what).reason("build")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn a_language_is_told_by_what_a_plugin_begins_with() {
        for (files, language) in [
            (&["Cargo.toml", "src/plugin.c"][..], Some(Language::Rust)),
            (&["wit/world.wit", "src/plugin.c"], Some(Language::C)),
            (&["wit/world.wit", "src/plugin.cpp", "src/words.c", "package.json"], Some(Language::Cpp)),
            (&["wit/world.wit", "src/plugin.zig", "build.zig"], Some(Language::Zig)),
            (&["wit/world.wit", "src/plugin.py", "pyproject.toml"], Some(Language::Python)),
            (&["wit/world.wit", "src/plugin.js", "package.json"], Some(Language::JavaScript)),
            (&["wit/world.wit", "src/plugin.ts", "src/plugin.js", "package.json"], Some(Language::TypeScript)),
            // Without a world, what is there is what its author built.
            (&["src/plugin.c", "mine.wasm"], None),
            (&["package.json", "mine.wasm"], None),
            (&["README.md"], None),
        ] {
            assert_eq!(of(folder(files).path()).unwrap(), language, "{files:?}");
        }
    }

    #[test]
    fn a_project_without_its_beginning_or_with_two_is_refused() {
        for (files, code, words) in [
            (&["pyproject.toml"][..], Code::NotFound, "has a pyproject.toml and no src/plugin.py"),
            (&["package.json"], Code::NotFound, "has a package.json and no src/plugin.js"),
            (&["package.json", "tsconfig.json"], Code::NotFound, "no src/plugin.ts"),
            (&["src/plugin.c", "src/plugin.zig"], Code::Usage, "src/plugin.c, src/plugin.zig"),
        ] {
            let failure = of(folder(files).path()).unwrap_err();
            assert!(failure.code == code && failure.message.contains(words), "{failure:?}");
        }
    }

    #[test]
    fn names_are_those_that_can_be_typed() {
        use clap::ValueEnum as _;
        for language in Language::ALL {
            assert_eq!(language.to_possible_value().unwrap().get_name(), language.name());
            assert_eq!(serde_json::to_value(language).unwrap(), language.name());
        }
    }
}
