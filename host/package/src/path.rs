//! The paths of files in a package: which are safe on every system, and which two are one and the same file somewhere. It
//! does not know what is in a file.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

use crate::text;

/// The greatest length of a path in bytes.
pub(crate) const MAX_BYTES: usize = 240;
/// The greatest number of folders and the file's name in a path.
const MAX_PARTS: usize = 16;

/// Checks that `path` is a relative path with `/` between its parts that means the same file below any folder, and says what
/// is wrong where it is not.
pub(crate) fn check(path: &str) -> Result<(), String> {
    text::check_line(path, MAX_BYTES)?;
    if path.is_empty() {
        return Err("it is empty: write the path of a file in the package".to_owned());
    }
    if path.starts_with('/') {
        return Err("it is absolute: write it relative to the package".to_owned());
    }
    if let Some(c) = path.chars().find(|c| matches!(c, '\\' | ':')) {
        return Err(format!("it has the character `{c}`: write parts with `/` between them"));
    }
    let parts = path.split('/');
    if parts.clone().count() > MAX_PARTS {
        return Err(format!("it has more than {MAX_PARTS} parts: nest less deep"));
    }
    for part in parts {
        match part {
            "" => return Err("it has an empty part: write one `/` between parts and none at the end".to_owned()),
            "." | ".." => return Err(format!("it has the part `{part}`: write the path without it")),
            // Windows drops these without a word, and so makes one file of two.
            _ if part.ends_with(['.', ' ']) || part.starts_with(' ') => {
                return Err(
                    "a part of it begins with a space or ends with a space or a dot: rename the file".to_owned()
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// What equal paths have in common where case and the Unicode form of a letter make no difference: the canonical caseless
/// form of the Unicode standard (3.13, D145).
pub(crate) fn folded(path: &str) -> String {
    path.nfd().default_case_fold().nfd().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_package_on_every_system() {
        for good in ["a", "plugin.wasm", "examples/a b/.hidden", "dokumente/Größe.txt", "a/..b"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let deep = ["a"; 17].join("/");
        let long = "x".repeat(241);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "C:a",
            "a:b",
            "a\0",
            "a\nb",
            "a\u{202e}b",
            "a.",
            "a /b",
            " a",
            &deep,
            &long,
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_file_has_one_folded_form() {
        for (one, other) in [
            ("README.md", "readme.MD"),
            ("gr\u{fc}n", "GRU\u{308}N"),
            ("straße", "STRASSE"),
            ("\u{3a3}", "\u{3c2}"),
            ("\u{212a}", "k"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
        assert_ne!(folded("a"), folded("ä"));
    }
}
