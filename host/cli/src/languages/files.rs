//! Owns what is asked of files that somebody built: whether one is a component, which is the only one in a folder. It refuses
//! to know projects.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Whether a file begins as a component does, rather than as a core module.
pub(crate) fn is_component(path: &Path) -> bool {
    let mut head = [0; 8];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    read.is_ok() && wasmparser::Parser::is_component(&head)
}

/// The same path for the same file.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The only `.wasm` file in a folder.
pub(super) fn only_component(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    found.sort();
    match found.as_slice() {
        [component] => Ok(component.clone()),
        [] => Err(Failure::not_found(
            format!("{} has neither a project nor a component in it", folder.display()),
            "give the folder of a plugin, or a file that ends in .wasm; begin a plugin: hal9 plugin new NAME",
        )),
        several => {
            let names: Vec<_> = several.iter().filter_map(|path| path.file_name()?.to_str()).collect();
            Err(Failure::usage(
                format!("{} has several components: {}", folder.display(), some(&names)),
                "give the file of one",
            ))
        }
    }
}

/// The first few of many names.
pub(crate) fn some(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{}, and {more} more", names[..SHOWN].join(", ")),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_first_are_shown() {
        assert_eq!(some(&["a", "b"]), "a, b");
        assert_eq!(some(&["x"; 10]), "x, x, x, x, x, x, x, x, and 2 more");
    }
}
