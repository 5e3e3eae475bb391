//! Owns the copy of the SDK that a plugin in Rust is written with, as no registry has it. It refuses to know what is in it.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::Files;

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/sdk");

/// The workspace that the SDK lies in, and that it takes versions from.
const WORKSPACE: &str = include_str!("../../../../guests/Cargo.toml");

/// Where it is put in a project.
const FOLDER: &str = "vendor/hal9-plugin-sdk";

/// The SDK's files: two crates, and HAL9's WIT beside them. They depend on no workspace.
pub(super) fn files() -> Files {
    let mut files = Files::new();
    gather(&SDK, &mut files);
    for (name, text) in hal9_wit::FILES {
        files.insert(Path::new(FOLDER).join("wit").join(name), text.as_bytes().to_owned());
    }
    files
}

fn gather(folder: &Dir<'_>, files: &mut Files) {
    for entry in folder.entries() {
        let path = entry.path();
        match entry {
            // Its own tests are run where it is written.
            DirEntry::Dir(_) if path.ends_with("tests") || path.ends_with("target") => {}
            DirEntry::Dir(folder) => gather(folder, files),
            DirEntry::File(file) => {
                let bytes = match file.contents_utf8() {
                    Some(text) if path.ends_with("Cargo.toml") => standing_alone(text).into_bytes(),
                    // Where the WIT lies there, and where it lies here.
                    Some(text) => text.replace("\"../../wit\"", "\"wit\"").into_bytes(),
                    None => file.contents().to_owned(),
                };
                files.insert(PathBuf::from(FOLDER).join(path), bytes);
            }
        }
    }
}

/// A crate's Cargo.toml with what its workspace says written out.
fn standing_alone(text: &str) -> String {
    let (Ok(mut manifest), Ok(workspace)) = (text.parse::<DocumentMut>(), WORKSPACE.parse::<DocumentMut>()) else {
        // Tests hold that both are what they were when this was built.
        return text.to_owned();
    };
    let said = |table: &str, key: &str| workspace.get("workspace")?.get(table)?.get(key).cloned();
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_like_mut) {
        for key in inherited(package) {
            package.insert(&key, said("package", &key).unwrap_or(Item::None));
        }
    }
    for kind in ["dependencies", "dev-dependencies"] {
        let Some(dependencies) = manifest.get_mut(kind).and_then(Item::as_table_like_mut) else { continue };
        for key in inherited(dependencies) {
            let mut item = match key.as_str() {
                "hal9-plugin-sdk-macros" => {
                    let mut own = Table::new();
                    own.insert("path", value("macros"));
                    Item::Value(own.into_inline_table().into())
                }
                _ => said("dependencies", &key).unwrap_or(Item::None),
            };
            add_features(&mut item, dependencies.get(&key));
            dependencies.insert(&key, item);
        }
    }
    // They are the workspace's.
    manifest.remove("lints");
    manifest.remove("dev-dependencies");
    manifest.to_string()
}

/// The keys of a table whose values are the workspace's.
fn inherited(table: &dyn TableLike) -> Vec<String> {
    let is_inherited = |item: &Item| item.get("workspace").and_then(Item::as_bool) == Some(true);
    table.iter().filter(|(_, item)| is_inherited(item)).map(|(key, _)| key.to_owned()).collect()
}

/// Adds to a dependency, as the workspace says it, what the crate wants of it besides.
fn add_features(item: &mut Item, wanted: Option<&Item>) {
    let Some(features) = wanted.and_then(|wanted| wanted.get("features")).and_then(Item::as_array) else { return };
    if let Some(version) = item.as_str().map(str::to_owned) {
        let mut table = Table::new();
        table.insert("version", value(version));
        *item = Item::Value(table.into_inline_table().into());
    }
    let Some(table) = item.as_table_like_mut() else { return };
    match table.get_mut("features").and_then(Item::as_array_mut) {
        Some(there) => there.extend(features.iter().cloned()),
        None => drop(table.insert("features", value(features.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_stands_alone() {
        let files = files();
        let text = |path: &str| String::from_utf8(files[&Path::new(FOLDER).join(path)].clone()).unwrap();
        for crate_ in ["Cargo.toml", "macros/Cargo.toml"] {
            let text = text(crate_);
            assert!(!text.contains("workspace") && text.contains("version = \"0.1.0\""), "{text}");
            text.parse::<DocumentMut>().unwrap();
        }
        assert!(text("Cargo.toml").contains("path = \"macros\""), "{}", text("Cargo.toml"));
        assert!(text("macros/Cargo.toml").contains("preserve_order"), "{}", text("macros/Cargo.toml"));
        assert!(text("src/bindings.rs").contains("path: \"wit\""));
        assert!(text("wit/types.wit").contains("package hal9:plugin@"));
        assert!(files.keys().all(|path| !path.components().any(|part| part.as_os_str() == "tests")));
    }
}
