//! Owns what cargo knows of a Rust plugin's folder: its package, the component it makes, whether that is built and still as
//! its sources are. It refuses to build.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use indicatif::ProgressBar;

use super::toolchain::{Toolchain, Way};
use crate::failure::Failure;
use crate::languages::{is_component, not_built, real, some};
use crate::process::{self, Errors};

/// A Rust plugin's package.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The folder with its Cargo.toml.
    pub(crate) folder: PathBuf,
    /// What its component is called.
    file: String,
    /// Where cargo puts what it builds.
    target_dir: PathBuf,
}

/// A component that was built.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) component: PathBuf,
    pub(crate) way: Way,
    /// Whether a source has changed since.
    pub(crate) stale: bool,
}

/// Whether a folder holds a Rust project.
pub(crate) fn is_rust(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file()
}

impl Project {
    /// Asks cargo about the package in a folder.
    ///
    /// # Errors
    ///
    /// For a Cargo.toml that cargo does not take, and for a project that makes no component.
    pub(crate) fn read(toolchain: &Toolchain, folder: &Path) -> Result<Self, Failure> {
        let mut command = toolchain.cargo(folder)?;
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let done = process::run(command, Errors::Kept(&ProgressBar::hidden()))?;
        if !done.success {
            let what =
                format!("cargo cannot read {}:\n{}", folder.join("Cargo.toml").display(), done.stderr.trim_end());
            return Err(not_built(what).help("correct the file"));
        }
        let metadata = MetadataCommand::parse(String::from_utf8_lossy(&done.stdout))
            .map_err(|error| Failure::internal("what cargo says of the project could not be read", &error))?;
        let manifest = real(&folder.join("Cargo.toml"));
        let Some(package) =
            metadata.packages.iter().find(|package| real(package.manifest_path.as_std_path()) == manifest)
        else {
            return Err(no_package(folder, &metadata));
        };
        let Some(file) = component_file(package) else {
            return Err(Failure::usage(
                format!("{} makes no component", package.name),
                format!("add to {}: [lib] crate-type = [\"cdylib\"]", package.manifest_path),
            ));
        };
        Ok(Self { folder: folder.to_owned(), file, target_dir: metadata.target_directory.clone().into_std_path_buf() })
    }

    /// The component that was built last, in either way.
    pub(crate) fn built(&self) -> Option<Built> {
        let built = [Way::CargoComponent, Way::Cargo].into_iter().filter_map(|way| {
            let component = self.target_dir.join(way.target()).join("release").join(&self.file);
            let time = component.metadata().ok()?.modified().ok()?;
            is_component(&component).then_some((time, component, way))
        });
        let (time, component, way) = built.max_by_key(|(time, ..)| *time)?;
        let sources = self.sources(&component);
        // Copies of a project, as other checkouts are, may share a target folder.
        let is_own = sources.iter().skip(1).any(|source| real(source).starts_with(real(&self.folder)));
        let stale = !is_own || sources.iter().any(|source| changed_after(source, time));
        Some(Built { component, way, stale })
    }

    /// What a component was made of: as cargo has written it down beside it, and its Cargo.toml.
    fn sources(&self, component: &Path) -> Vec<PathBuf> {
        let mut sources = vec![self.folder.join("Cargo.toml")];
        match std::fs::read_to_string(component.with_extension("d")) {
            Ok(text) => sources.extend(dependencies(&text)),
            // Nothing is known, so that cargo has to look.
            Err(_) => sources.push(component.with_extension("d")),
        }
        sources
    }
}

/// What a package's component is called; none, where it makes none.
fn component_file(package: &Package) -> Option<String> {
    let library = package.targets.iter().find(|target| target.is_cdylib());
    // rustc knows a library by the name of its crate, and a program by its own.
    library.map(|library| format!("{}.wasm", library.name.replace('-', "_"))).or_else(|| {
        package.targets.iter().find(|target| target.is_bin()).map(|program| format!("{}.wasm", program.name))
    })
}

fn no_package(folder: &Path, metadata: &Metadata) -> Failure {
    let members = metadata.packages.iter().filter(|package| package.targets.iter().any(|target| target.is_cdylib()));
    let folders: Vec<_> = members
        .filter_map(|package| package.manifest_path.parent()?.strip_prefix(&metadata.workspace_root).ok())
        .map(|member| member.as_str())
        .collect();
    let what = format!("{} is a workspace, not a plugin", folder.display());
    if folders.is_empty() {
        return Failure::usage(what, "give the folder of a plugin");
    }
    Failure::usage(what, format!("give the folder of one of its plugins: {}", some(&folders)))
}

/// The files on the right of a rule that cargo writes: `target: file file\ with\ spaces`.
fn dependencies(rule: &str) -> Vec<PathBuf> {
    let Some((_, files)) = rule.lines().next().and_then(|line| line.split_once(": ")) else { return Vec::new() };
    // No path has this character in it, so that it can stand for the spaces that belong to one.
    let files = files.replace("\\ ", "\0");
    files.split(' ').filter(|path| !path.is_empty()).map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}

/// Whether a source is newer, or gone.
fn changed_after(source: &Path, time: SystemTime) -> bool {
    source.metadata().and_then(|file| file.modified()).map_or(true, |changed| changed > time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_cargo_are_read_with_their_spaces() {
        let files = dependencies("/t/a.wasm: /src/lib.rs /my\\ src/b.rs C:\\x\\y.rs\n");
        assert_eq!(files, ["/src/lib.rs", "/my src/b.rs", "C:\\x\\y.rs"].map(PathBuf::from));
        assert!(dependencies("").is_empty());
    }

    /// A project whose target folder is made by hand.
    fn project(root: &Path) -> Project {
        std::fs::write(root.join("Cargo.toml"), "").unwrap();
        std::fs::write(root.join("lib.rs"), "").unwrap();
        Project { folder: root.to_owned(), file: "x.wasm".to_owned(), target_dir: root.join("target") }
    }

    fn put(project: &Project, way: Way, bytes: &[u8], seconds: u64) -> PathBuf {
        let folder = project.target_dir.join(way.target()).join("release");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("x.wasm");
        std::fs::write(&path, bytes).unwrap();
        let time = SystemTime::now() + std::time::Duration::from_secs(seconds);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let rule = format!("{}: {}", path.display(), project.folder.join("lib.rs").display());
        std::fs::write(path.with_extension("d"), rule).unwrap();
        path
    }

    #[test]
    fn what_was_built_of_a_copy_is_not_taken_for_the_project() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (own, copy) = (project(root.path()), project(other.path()));
        let copy = Project { target_dir: own.target_dir.clone(), ..copy };
        put(&copy, Way::Cargo, COMPONENT, 60);
        assert!(own.built().unwrap().stale && !copy.built().unwrap().stale);
    }

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn the_component_that_was_built_last_is_the_one_and_a_module_is_none() {
        let root = tempfile::tempdir().unwrap();
        let project = project(root.path());
        assert!(project.built().is_none());
        put(&project, Way::CargoComponent, MODULE, 100);
        assert!(project.built().is_none());
        let second = put(&project, Way::Cargo, COMPONENT, 50);
        assert_eq!(project.built().unwrap().component, second);
        put(&project, Way::CargoComponent, COMPONENT, 100);
        let built = project.built().unwrap();
        assert_eq!((built.way, built.stale), (Way::CargoComponent, false));
    }

    #[test]
    fn a_source_that_is_newer_or_gone_makes_a_component_stale() {
        let root = tempfile::tempdir().unwrap();
        let project = project(root.path());
        let component = put(&project, Way::Cargo, COMPONENT, 100);
        assert!(!project.built().unwrap().stale);
        let source = std::fs::File::options().write(true).open(root.path().join("lib.rs")).unwrap();
        source.set_modified(SystemTime::now() + std::time::Duration::from_secs(200)).unwrap();
        assert!(project.built().unwrap().stale);
        std::fs::remove_file(root.path().join("lib.rs")).unwrap();
        assert!(project.built().unwrap().stale);
        std::fs::remove_file(component.with_extension("d")).unwrap();
        assert!(project.built().unwrap().stale);
    }
}
