//! Owns the tools of languages other than Rust: which ones there are and of which version, where they are found, and how they
//! get there. It refuses to know projects.
//!
//! A tool is taken from the project (`.venv`, `node_modules`), else from the path, where it has a version that fits; else from a
//! folder of the user's that `hal9 doctor --fix` fills: `HAL9_TOOLS`, by default `hal9/tools` in the cache folder.

mod install;

use install::missing;

use std::path::{Path, PathBuf};
use std::process::Command;

use etcetera::BaseStrategy as _;
use indicatif::ProgressBar;
use semver::{Version, VersionReq};

use super::Language;
use super::rust::is_program;
use crate::failure::{Code, Failure};
use crate::process::{self, Errors};

/// A program that makes components, or a step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tool {
    /// Makes a component of Python.
    ComponentizePy,
    /// Compiles C, C++ and Zig.
    Zig,
    /// Makes a component of JavaScript.
    ComponentizeQjs,
    /// Makes JavaScript of TypeScript.
    #[serde(rename = "typescript")]
    TypeScript,
}

/// What tools are installed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Base {
    /// Python, with its modules `venv` and `pip`.
    Python,
    /// Node.js, with npm.
    Node,
}

impl Tool {
    pub(crate) const ALL: [Self; 4] = [Self::ComponentizePy, Self::Zig, Self::ComponentizeQjs, Self::TypeScript];

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ComponentizePy => "componentize-py",
            Self::Zig => "zig",
            Self::ComponentizeQjs => "componentize-qjs",
            Self::TypeScript => "typescript",
        }
    }

    /// The package that brings it, and the version that plugins are tested with.
    pub(crate) fn package(self) -> (&'static str, &'static str) {
        match self {
            Self::ComponentizePy => ("componentize-py", "0.25.1"),
            Self::Zig => ("ziglang", "0.17.1"),
            Self::ComponentizeQjs => ("componentize-qjs", "0.4.5"),
            Self::TypeScript => ("typescript", "7.0.2"),
        }
    }

    pub(crate) fn base(self) -> Base {
        match self {
            Self::ComponentizePy | Self::Zig => Base::Python,
            Self::ComponentizeQjs | Self::TypeScript => Base::Node,
        }
    }

    /// The languages that need it.
    pub(crate) fn languages(self) -> impl Iterator<Item = Language> {
        Language::ALL.into_iter().filter(move |language| language.tools().contains(&self))
    }

    /// What its program is called: on a path, and in its package.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::ComponentizePy => &["componentize-py"],
            Self::Zig => &["zig", "python-zig"],
            Self::ComponentizeQjs => &["componentize-qjs"],
            Self::TypeScript => &["tsc"],
        }
    }

    /// Which versions do: those that semantic versioning takes for the same as what is tested.
    fn fits(self, version: &Version) -> bool {
        let (_, tested) = self.package();
        // What tsc makes of a plugin has been the same for years.
        let fitting = if self == Self::TypeScript { ">=5.4".to_owned() } else { format!("^{tested}") };
        VersionReq::parse(&fitting).is_ok_and(|fitting| fitting.matches(version))
    }
}

impl Base {
    pub(crate) const ALL: [Self; 2] = [Self::Python, Self::Node];

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "python3",
            Self::Node => "node",
        }
    }

    /// How it gets onto a machine.
    pub(crate) fn fix(self) -> &'static str {
        match self {
            Self::Python => {
                "install Python 3.10 or newer; on Debian: apt install python3-venv; elsewhere: https://www.python.org"
            }
            Self::Node => {
                "install Node.js 20 or newer with npm; on Debian: apt install nodejs npm; elsewhere: https://nodejs.org"
            }
        }
    }
}

/// A tool that was found.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// Where tools are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// The user's folder of tools.
    folder: PathBuf,
    path: Vec<PathBuf>,
}

impl Tools {
    /// Looks where to look.
    ///
    /// # Errors
    ///
    /// Where there is no home folder, and `HAL9_TOOLS` does not say another.
    pub(crate) fn find() -> Result<Self, Failure> {
        let folder = match std::env::var_os("HAL9_TOOLS").filter(|folder| !folder.is_empty()) {
            Some(folder) => std::path::absolute(&folder).map_err(|error| Failure::file(folder.as_ref(), &error))?,
            None => etcetera::choose_base_strategy()
                .map_err(|error| {
                    let what = format!("there is no home folder for tools: {error}");
                    Failure::usage(what, "set HAL9_TOOLS to a folder of your own")
                })?
                .cache_dir()
                .join("hal9")
                .join("tools"),
        };
        let path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        Ok(Self { folder, path })
    }

    /// The Python environment in the user's folder.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("python")
    }

    /// The prefix of npm in the user's folder.
    pub(crate) fn node(&self) -> PathBuf {
        self.folder.join("node")
    }

    /// The program that runs what is installed with a base.
    pub(crate) fn base(&self, base: Base) -> Option<PathBuf> {
        match base {
            Base::Python => self.on_path(&["python3", "python"]),
            Base::Node => self.on_path(&["node", "nodejs"]),
        }
    }

    /// A program on the path.
    pub(crate) fn on_path(&self, names: &[&str]) -> Option<PathBuf> {
        let found = |folder: &PathBuf| names.iter().map(|name| folder.join(name)).find(|path| is_program(path));
        self.path.iter().filter(|folder| folder.is_absolute()).find_map(found)
    }

    /// A tool whose version fits; of those of a project, of the path and of the user's folder the first one.
    pub(crate) fn find_tool(&self, tool: Tool, project: Option<&Path>) -> Option<Program> {
        self.candidates(tool, project).into_iter().find_map(|path| {
            let version = Self::version(tool, &path)?;
            tool.fits(&version).then(|| Program { path, version: version.to_string() })
        })
    }

    /// A tool whose version does not fit.
    pub(crate) fn misfit(&self, tool: Tool) -> Option<Program> {
        let found = |path: PathBuf| Some(Program { version: Self::version(tool, &path)?.to_string(), path });
        self.candidates(tool, None).into_iter().find_map(found)
    }

    /// A tool that building a project of a language needs.
    ///
    /// # Errors
    ///
    /// Where it is missing, with the command that brings it.
    pub(crate) fn need(&self, tool: Tool, project: Option<&Path>, language: Language) -> Result<Program, Failure> {
        if let Some(program) = self.find_tool(tool, project) {
            // Its scripts are there, and nothing that runs them.
            return match tool.base() {
                Base::Node if self.base(Base::Node).is_none() => Err(missing(Base::Node)),
                _ => Ok(program),
            };
        }
        let (package, version) = tool.package();
        let needs = format!("plugins in {} need {} {version}", language.title(), tool.name());
        let what = match self.misfit(tool) {
            Some(other) => format!("{needs}, and {} is {}", other.path.display(), other.version),
            None => format!("{needs}, which is not installed"),
        };
        let what = if package == tool.name() { what } else { format!("{what} (package {package})") };
        Err(Failure::new(Code::Unavailable, what).reason("tool").help(fix(language)))
    }

    /// Has a tool keep what it makes for itself in the user's folder, so that the next build finds it there.
    pub(crate) fn prepare(&self, command: &mut Command) {
        // Zig makes its C library once, which takes half a minute.
        for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            if std::env::var_os(name).is_none_or(|folder| folder.is_empty()) {
                command.env(name, self.folder.join("zig-cache"));
            }
        }
    }

    /// Where a tool may be, in order.
    fn candidates(&self, tool: Tool, project: Option<&Path>) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        folders.extend(project.map(|project| match tool.base() {
            Base::Python => project.join(".venv").join("bin"),
            Base::Node => project.join("node_modules").join(".bin"),
        }));
        folders.extend(self.path.iter().filter(|folder| folder.is_absolute()).cloned());
        folders.push(match tool.base() {
            Base::Python => self.python().join("bin"),
            Base::Node => self.node().join("node_modules").join(".bin"),
        });
        let in_folder = |folder: PathBuf| tool.programs().iter().map(move |name| folder.join(name));
        folders.into_iter().flat_map(in_folder).filter(|path| is_program(path)).collect()
    }

    /// Of which version a tool is; none, where it does not say so.
    fn version(tool: Tool, program: &Path) -> Option<Version> {
        let mut command = process::command(program, Path::new("/"));
        match tool {
            Tool::ComponentizeQjs | Tool::TypeScript => return package_version(tool, program),
            Tool::Zig => command.arg("version"),
            Tool::ComponentizePy => command.arg("--version"),
        };
        // `componentize-py 0.25.1`, `0.17.1`
        let done = process::run(command, Errors::Kept(&ProgressBar::hidden())).ok().filter(|done| done.success)?;
        let text = String::from_utf8(done.stdout).ok()?;
        text.split_whitespace().find_map(|word| Version::parse(word).ok())
    }
}

/// The version in the package that a script of Node.js is in: not every one says it by itself.
fn package_version(tool: Tool, script: &Path) -> Option<Version> {
    // In `.bin` there are links.
    let script = script.canonicalize().ok()?;
    script.ancestors().skip(1).find_map(|folder| {
        let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
        let package: serde_json::Value = serde_json::from_str(&text).ok()?;
        let is_it = package.get("name")?.as_str()? == tool.package().0;
        is_it.then(|| package.get("version")?.as_str()?.parse().ok()).flatten()
    })
}

/// The command that brings what a language needs.
pub(crate) fn fix(language: Language) -> String {
    format!("hal9 doctor --fix --lang {}", language.name())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A program that says it is of a version.
    fn put(path: PathBuf, version: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho {version}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_project_s_own_tool_comes_first_then_the_path_and_then_the_user_s_and_only_what_fits() {
        let root = tempfile::tempdir().unwrap();
        let (project, path) = (root.path().join("project"), root.path().join("bin"));
        let tools = Tools { folder: root.path().join("tools"), path: vec![path.clone()] };
        let found = || tools.find_tool(Tool::Zig, Some(&project)).map(|program| program.version);
        let failure = tools.need(Tool::Zig, Some(&project), Language::Cpp).unwrap_err();
        assert_eq!((failure.code, failure.help.as_deref()), (Code::Unavailable, Some("hal9 doctor --fix --lang cpp")));
        assert!(failure.message.contains("zig 0.17.1") && failure.message.contains("ziglang"), "{failure:?}");
        put(path.join("zig"), "0.13.0");
        assert_eq!(found(), None);
        let failure = tools.need(Tool::Zig, Some(&project), Language::C).unwrap_err();
        assert!(failure.message.contains("bin/zig is 0.13.0"), "{failure:?}");
        put(tools.python().join("bin/python-zig"), "0.17.1");
        assert_eq!(found().as_deref(), Some("0.17.1"));
        put(path.join("zig"), "0.17.2");
        assert_eq!(found().as_deref(), Some("0.17.2"));
        put(project.join(".venv/bin/python-zig"), "0.17.3");
        assert_eq!(found().as_deref(), Some("0.17.3"));
    }

    #[test]
    fn versions_that_fit_are_those_that_are_said_to_be_compatible() {
        for (tool, version, fits) in [
            (Tool::ComponentizePy, "0.25.1", true),
            (Tool::ComponentizePy, "0.25.9", true),
            (Tool::ComponentizePy, "0.26.0", false),
            (Tool::ComponentizePy, "0.25.0", false),
            (Tool::TypeScript, "5.9.2", true),
            (Tool::TypeScript, "4.9.0", false),
        ] {
            assert_eq!(tool.fits(&version.parse().unwrap()), fits, "{tool:?} {version}");
        }
    }

    #[test]
    fn every_tool_is_some_language_s() {
        for tool in Tool::ALL {
            assert!(tool.languages().next().is_some(), "{tool:?}");
        }
    }
}
