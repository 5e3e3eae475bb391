//! Owns the text of HAL9's WIT and how it is put into a project's folder. It refuses to know what the text means.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Error;

/// Names a file of the repository's `wit/` with its text.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../wit/", $name)))),*]
    };
}

/// Every file of the package: its name, and its text. The first one names the package, so that all of them one after the other
/// are a WIT document too.
pub const FILES: &[(&str, &str)] = files![
    "types.wit",
    "logging.wit",
    "config.wit",
    "clock.wit",
    "memory.wit",
    "signals.wit",
    "metrics.wit",
    "learning.wit",
    "plugins.wit",
    "neuron.wit",
    "tool.wit",
    "memory-provider.wit",
    "learning-algorithm.wit",
    "lifecycle.wit",
    "worlds.wit",
];

/// The package's name, without its version.
pub const PACKAGE: &str = "hal9:plugin";

/// The package's version, as in `hal9:plugin@0.1.0`.
pub const VERSION: &str = "0.1.0";

/// The package as it was published, by version: one document each. What was published does not change any more, so that what
/// differs from it is what plugins meet that were built with it.
pub(crate) const PUBLISHED: &[(&str, &str)] = &[("0.1.0", include_str!("../published/0.1.0.wit"))];

/// The folder of the package among the dependencies of a project's WIT.
const FOLDER: &str = "deps/hal9-plugin";

/// The whole package as one WIT document.
pub fn text() -> String {
    FILES.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n")
}

/// The names of all interfaces and worlds, in the order of the files.
pub fn items() -> impl Iterator<Item = &'static str> {
    FILES.iter().flat_map(|(_, text)| text.split_inclusive("\n}\n")).filter_map(name_of)
}

/// The text of one interface or world with its documentation; none, where there is none of that name.
pub fn item(name: &str) -> Option<&'static str> {
    let mut items = FILES.iter().flat_map(|(_, text)| text.split_inclusive("\n}\n"));
    items.find(|item| name_of(item) == Some(name)).map(str::trim_start)
}

/// What a piece of a file is called that ends where its item does: at the first brace in the first column.
fn name_of(item: &'static str) -> Option<&'static str> {
    let head = |line: &'static str| {
        line.strip_prefix("interface ").or_else(|| line.strip_prefix("world "))?.strip_suffix(" {")
    };
    item.lines().find_map(head)
}

/// Puts HAL9's WIT into a project's: `deps/hal9-plugin/*.wit` in the folder `wit`, which is made where it is not there. Gives the
/// package's folder. A file that is there already as it should be is left alone, so that nothing is built again because of it; one
/// of another version of HAL9's is replaced or removed.
///
/// # Errors
///
/// Where the folder or a file cannot be written, or where something is in the way, with its path.
pub fn write_deps(wit: &Path) -> Result<PathBuf, Error> {
    let folder = wit.join(FOLDER);
    fs::create_dir_all(&folder).map_err(Error::of(&folder))?;
    for entry in fs::read_dir(&folder).map_err(Error::of(&folder))? {
        let path = entry.map_err(Error::of(&folder))?.path();
        let is_ours = FILES.iter().any(|(name, _)| path.file_name().is_some_and(|file| file == *name));
        if !is_ours && path.extension().is_some_and(|extension| extension == "wit") {
            fs::remove_file(&path).map_err(Error::of(&path))?;
        }
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(there) if there == text.as_bytes() => continue,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::of(&path)(error)),
            _ => fs::write(&path, text).map_err(Error::of(&path))?,
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use wit_parser::Resolve;

    use super::*;

    #[test]
    fn every_file_of_the_package_is_in_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let mut there: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".wit"))
            .collect();
        let mut here: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        there.sort();
        here.sort_unstable();
        assert_eq!(here, there);
    }

    #[test]
    fn it_is_a_document_of_the_package_and_version_that_are_said() {
        let mut resolve = Resolve::default();
        let package = resolve.push_source("hal9.wit", &text()).unwrap();
        assert_eq!(resolve.packages[package].name.to_string(), format!("{PACKAGE}@{VERSION}"));
        let package = &resolve.packages[package];
        let mut names: Vec<&str> = package.interfaces.keys().chain(package.worlds.keys()).map(String::as_str).collect();
        let mut items: Vec<&str> = items().collect();
        names.sort_unstable();
        items.sort_unstable();
        assert_eq!(items, names);
    }

    #[test]
    fn an_item_is_shown_alone() {
        let world = item("tool-plugin").unwrap();
        assert!(
            world.starts_with("/// A plugin that provides tools.") && world.ends_with("export tool;\n}\n"),
            "{world}"
        );
        assert_eq!(item("clock"), Some(FILES.iter().find(|(name, _)| *name == "clock.wit").unwrap().1));
        assert_eq!(item("clock.wit"), None);
    }

    #[test]
    fn a_world_of_an_author_s_finds_the_package_among_its_dependencies() {
        let project = tempfile::tempdir().unwrap();
        let wit = project.path().join("wit");
        let folder = write_deps(&wit).unwrap();
        let world =
            "package me:mine; world plugin { import hal9:plugin/memory@0.1.0; export hal9:plugin/neuron@0.1.0; }";
        fs::write(wit.join("world.wit"), world).unwrap();
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(&wit).unwrap();
        assert_eq!(resolve.packages[package].worlds.len(), 1);

        // What another version of HAL9's left is gone, what is right is as old as it was, and what is nobody's is left.
        let before = folder.join("clock.wit").metadata().unwrap().modified().unwrap();
        fs::write(folder.join("gone.wit"), "interface clock {}").unwrap();
        fs::write(folder.join("memory.wit"), "interface memory {}").unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        write_deps(&wit).unwrap();
        assert!(Resolve::default().push_dir(&wit).is_ok() && !folder.join("gone.wit").exists());
        assert_eq!(folder.join("clock.wit").metadata().unwrap().modified().unwrap(), before);
        assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap(), "mine");
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("deps"), "").unwrap();
        let error = write_deps(project.path()).unwrap_err();
        assert!(error.to_string().contains("deps/hal9-plugin"), "{error}");
    }
}
