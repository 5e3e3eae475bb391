//! Owns which files of a project a component is made of, and whether they have changed since. It refuses to know what is in
//! them.

use std::fs;
use std::path::Path;

use hal9_package::{Digest, Package};

use super::Language;

/// More than this is no plugin's source; what has more is built whenever it is asked for.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 256 << 20;

/// Folders in a project whose files are about the plugin, and not in it.
const BESIDE: [&str; 6] = ["assets", "cases", "docs", "examples", "test", "tests"];

/// How files end that come of a plugin, or are about it.
const NOT_SOURCES: [&str; 7] = ["hal9", "key", "log", "md", "minisig", "pub", "wasm"];

/// What stands for all sources of a project, this program's version among them: another text, another component. None, where
/// they cannot be read, or are too many.
///
/// Contents are compared, and not times: a checkout writes files anew that are as they were, and restores old ones under a new
/// time.
pub(super) fn stamp(folder: &Path, language: Language) -> Option<String> {
    let mut found = Found { language, lines: vec![env!("CARGO_PKG_VERSION").to_owned(), hal9_wit::text()], bytes: 0 };
    found.add(folder, "")?;
    Some(Digest::of(found.lines.join("\n").as_bytes()).to_string())
}

struct Found {
    language: Language,
    lines: Vec<String>,
    bytes: u64,
}

impl Found {
    /// Adds the files of a folder, in the order of their names. `below` is its path in the project, with a slash at its end.
    fn add(&mut self, folder: &Path, below: &str) -> Option<()> {
        let mut entries: Vec<_> = fs::read_dir(folder).ok()?.collect::<Result<_, _>>().ok()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            // A tool may refuse such a name; here it is one like any other.
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = fs::metadata(entry.path());
            let is_folder = kind.as_ref().is_ok_and(fs::Metadata::is_dir);
            if self.is_passed_over(&name, below, is_folder) {
                continue;
            }
            let path = format!("{below}{name}");
            if is_folder {
                // A link back to where we are would lead around without end.
                if entry.file_type().ok()?.is_symlink() {
                    continue;
                }
                self.add(&entry.path(), &format!("{path}/"))?;
                continue;
            }
            self.bytes = self.bytes.saturating_add(kind.map_or(0, |kind| kind.len()));
            if self.lines.len() > MOST_FILES || self.bytes > MOST_BYTES {
                return None;
            }
            // A link that leads nowhere is what it is, until it leads somewhere.
            let digest = fs::read(entry.path()).map_or_else(|_| "?".to_owned(), |bytes| Digest::of(&bytes).hex());
            self.lines.push(format!("{digest} {path}"));
        }
        Some(())
    }

    fn is_passed_over(&self, name: &str, below: &str, is_folder: bool) -> bool {
        if name.starts_with('.') || name.ends_with('~') {
            return true;
        }
        if is_folder {
            return self.language.makes(name) || (below.is_empty() && BESIDE.contains(&name));
        }
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        below.is_empty() && (name == Package::MANIFEST || name == "LICENSE" || NOT_SOURCES.contains(&extension))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_is_made_of_changes_the_stamp_and_nothing_else_does() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let stamp = || stamp(root.path(), Language::C).unwrap();
        put("src/plugin.c", "1");
        put("wit/world.wit", "1");
        let first = stamp();
        for other in [
            "README.md",
            "manifest.json",
            "build/plugin.wasm",
            "tests/words.c",
            ".git/index",
            "one-0.1.0.hal9",
            "src/plugin.c~",
            "src/__pycache__/x",
            "LICENSE",
        ] {
            put(other, "x");
            assert_eq!(stamp(), first, "{other}");
        }
        // Written anew, as it was.
        put("src/plugin.c", "1");
        assert_eq!(stamp(), first);
        let mut seen = vec![first];
        for source in ["src/plugin.c", "src/words.h", "wit/world.wit", "package.json", "lib/x.py", "src/notes.md"] {
            put(source, "2");
            assert!(!seen.contains(&stamp()), "{source}");
            seen.push(stamp());
        }
        fs::remove_file(root.path().join("src/words.h")).unwrap();
        assert!(!seen.contains(&stamp()), "a file that is gone");
    }

    #[test]
    fn links_that_lead_back_or_nowhere_end() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("again")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("broken.c")).unwrap();
        assert!(stamp(root.path(), Language::C).is_some());
        assert!(stamp(&root.path().join("not-there"), Language::C).is_none());
    }
}
