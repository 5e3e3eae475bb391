//! Owns the WIT that a project's tools are given: the project's own world, and beside it HAL9's interfaces out of this
//! program. It refuses to know the tools.

use std::fs;
use std::path::{Path, PathBuf};

use wit_parser::{Resolve, WorldId, WorldItem};

use super::not_built;
use crate::failure::Failure;

/// The folder of a project's own WIT.
pub(super) const FOLDER: &str = "wit";

/// What a project's world is called.
pub(super) const NAME: &str = "plugin";

/// What a world exports that this program knows, and how it is written.
const KINDS: [&str; 4] = ["neuron", "tool", "memory-provider", "learning-algorithm"];

/// A project's world, with all that it refers to.
pub(super) struct World {
    /// The folder with its text, and with HAL9's below `deps/`.
    pub(super) folder: PathBuf,
    pub(super) resolve: Resolve,
    pub(super) id: WorldId,
}

/// Puts a project's WIT into its build folder, with HAL9's beside it, and reads it.
///
/// # Errors
///
/// Where there is none, where it is no WIT, and where its world is none that HAL9 could call; each with what to write.
pub(super) fn prepare(project: &Path, build: &Path) -> Result<World, Failure> {
    let (from, folder) = (project.join(FOLDER), build.join(FOLDER));
    if !from.is_dir() {
        let what = format!("{} has no {FOLDER}/world.wit", project.display());
        return Err(refused(what, &example()));
    }
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::file(&folder, &error)),
        _ => copy(&from, &folder)?,
    }
    let own = folder.join("deps").join("hal9-plugin");
    hal9_wit::write_deps(&folder).map_err(|error| Failure::internal(&own.display().to_string(), &error))?;

    let mut resolve = Resolve::default();
    let package = match resolve.push_dir(&folder) {
        Ok((package, _)) => package,
        Err(error) => {
            // What the author wrote is not in the copy.
            let said = resolve.render_error(&error);
            let said = said.replace(&folder.display().to_string(), &from.display().to_string());
            let what = format!("{} is no WIT that holds:\n{}", from.display(), said.trim_end());
            return Err(refused(what, "correct what is named; hal9 wit show has HAL9's interfaces"));
        }
    };
    let Some(&id) = resolve.packages[package].worlds.get(NAME) else {
        let there: Vec<_> = resolve.packages[package].worlds.keys().map(String::as_str).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        let what = format!("{} has no world that is called `{NAME}`; it has {there}", from.display());
        return Err(refused(what, &example()));
    };
    if !exports_a_kind(&resolve, id) {
        let what = format!("the world `{NAME}` in {} exports nothing that HAL9 calls", from.display());
        let kinds: Vec<_> = KINDS.into_iter().map(interface).collect();
        return Err(refused(what, &format!("add one of: {}", kinds.join(", "))));
    }
    Ok(World { folder, resolve, id })
}

fn refused(what: String, help: &str) -> Failure {
    not_built(what).help(help)
}

fn interface(name: &str) -> String {
    format!("export {}/{name}@{};", hal9_wit::PACKAGE, hal9_wit::VERSION)
}

/// A world that holds.
fn example() -> String {
    format!("write there: package me:mine; world {NAME} {{ {} }}", interface(KINDS[0]))
}

fn exports_a_kind(resolve: &Resolve, id: WorldId) -> bool {
    resolve.worlds[id].exports.values().any(|item| {
        let WorldItem::Interface { id, .. } = item else { return false };
        let name = resolve.id_of(*id).unwrap_or_default();
        let is = |interface: &str| name == format!("{}/{interface}@{}", hal9_wit::PACKAGE, hal9_wit::VERSION);
        KINDS.into_iter().any(is) || name.starts_with("wasi:http/incoming-handler")
    })
}

/// Copies a folder of WIT. HAL9's own interfaces are this program's, whatever lies there.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| Failure::file(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| Failure::file(from, &error))? {
        let entry = entry.map_err(|error| Failure::file(from, &error))?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() && !path.is_symlink() && entry.file_name() != "hal9-plugin" {
            copy(&path, &to)?;
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            fs::copy(&path, &to).map_err(|error| Failure::file(&path, &error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a world's text.
    fn prepared(text: &str) -> Result<World, Failure> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(FOLDER)).unwrap();
        fs::write(root.path().join("wit/world.wit"), text).unwrap();
        prepare(root.path(), &root.path().join("build"))
    }

    #[test]
    fn a_world_finds_the_interfaces_of_this_program() {
        let world =
            "package me:mine; world plugin { import hal9:plugin/memory@0.1.0; export hal9:plugin/neuron@0.1.0; }";
        let world = prepared(world).unwrap();
        assert_eq!(world.resolve.worlds[world.id].name, NAME);
    }

    #[test]
    fn a_world_that_does_not_hold_is_refused_with_what_to_write() {
        for (text, what, help) in [
            ("package me:mine; world plugin {", "wit/world.wit:1", "correct"),
            ("package me:mine; world plugin { import hal9:plugin/memori@0.1.0; }", "memori", "correct"),
            ("package me:mine; world other { }", "it has other", "world plugin { export hal9:plugin/neuron@0.1.0; }"),
            (
                "package me:mine; world plugin { import hal9:plugin/memory@0.1.0; }",
                "exports nothing",
                "hal9:plugin/tool@",
            ),
        ] {
            let failure = prepared(text).map(|_| ()).unwrap_err();
            assert_eq!(failure.reason.as_deref(), Some("build"));
            assert!(failure.message.contains(what) && !failure.message.contains("build/wit"), "{failure:?}");
            assert!(failure.help.as_ref().is_some_and(|said| said.contains(help)), "{failure:?}");
        }
        let root = tempfile::tempdir().unwrap();
        let failure = prepare(root.path(), &root.path().join("build")).map(|_| ()).unwrap_err();
        assert!(failure.message.contains("has no wit/world.wit"), "{failure:?}");
    }
}
