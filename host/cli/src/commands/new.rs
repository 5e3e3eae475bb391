//! `hal9 plugin new`: a project to begin with. It needs no home, and starts no tool.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hal9_package::PluginId;
use serde_json::json;

use crate::args::{NewArgs, NewKind};
use crate::failure::{Code, Failure};
use crate::languages::Language;
use crate::languages::tools::{Tools, fix};
use crate::output::{Output, bold, dim, green, word};
use crate::templates::{self, Files, Names};

/// What no plugin can be called: in some language it is a word of its own, or a library that is always there.
const TAKEN: [&str; 61] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "main",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "plugin",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tests",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "words",
    "yield",
];

/// More than this is no name.
const LONGEST: usize = 64;

pub(super) fn run(output: Output, args: &NewArgs) -> Result<(), Failure> {
    let NewArgs { name, kind, lang, .. } = args;
    check_name(name)?;
    let id = args.id.clone().unwrap_or_else(|| format!("local.{name}"));
    let id: PluginId =
        id.parse().map_err(|error| Failure::usage(format!("{error}"), "give an --id such as org.example.shout"))?;
    let Some(files) = templates::project(*lang, *kind, &Names::new(name, id.clone())) else {
        return Err(no_template(*lang, *kind));
    };
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(name));
    let folder = std::path::absolute(&dir).map_err(|error| Failure::file(&dir, &error))?;
    put(&files, &folder)?;

    // What is missing is said now, and not by the first build.
    let missing = match Tools::find() {
        Ok(tools) => lang.tools().iter().any(|tool| tools.find_tool(*tool, Some(&folder)).is_none()),
        Err(_) => false,
    };
    let mut next = vec![format!("cd {}", word(&dir))];
    next.extend(missing.then(|| fix(*lang)));
    next.extend(commands(*kind).map(str::to_owned));
    let own = files.keys().filter(|path| !path.starts_with("vendor")).count();
    let value = json!({
        "id": id, "name": name, "kind": kind.name(), "language": lang, "folder": folder, "files": own, "next": next,
    });
    output.result(&value, || {
        let about = dim(format!("{} · {}", lang.title(), kind.name()));
        let mut text = format!("{} {} is begun in {}  {about}\n\n", green("✓"), bold(&id), word(&dir));
        for command in &next {
            text.push_str(&format!("  {command}\n"));
        }
        text.push_str(&format!("\n{}\n", dim(format!("README.md in there says what each of its {own} files is for."))));
        text
    })
}

/// What is done with a plugin next.
fn commands(kind: NewKind) -> impl Iterator<Item = &'static str> {
    let called: &[&str] = match kind {
        // Nobody calls it yet.
        NewKind::ApiExtension => &["hal9 plugin validate"],
        _ => &["hal9 plugin test", "hal9 dev"],
    };
    std::iter::once("hal9 plugin build").chain(called.iter().copied())
}

fn check_name(name: &str) -> Result<(), Failure> {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('-').all(is_part);
    let shown = hal9_host::escape(name, 2 * LONGEST);
    if !is_name || name.len() > LONGEST {
        let what = format!("`{shown}` is no name for a plugin");
        let help = format!(
            "give lower-case letters and digits, in words with a hyphen between them, {LONGEST} at most: such as word-count"
        );
        return Err(Failure::usage(what, help));
    }
    if TAKEN.contains(&name) {
        let what = format!("`{shown}` is a word of a language, or a library that is always there");
        return Err(Failure::usage(what, format!("take another name, such as my-{name}")));
    }
    Ok(())
}

fn no_template(language: Language, kind: NewKind) -> Failure {
    let kinds: Vec<_> = templates::kinds(language).into_iter().map(NewKind::name).collect();
    let what = format!("there is no template for a {} in {}", kind.name(), language.title());
    let help = format!("in {} there are: {}; in Rust there is every kind", language.title(), kinds.join(", "));
    Failure::usage(what, help)
}

/// Writes files into a folder that has nothing in it: all of them, or none.
fn put(files: &Files, folder: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(folder, &error);
    let is_there = match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => true,
            Some(_) => return Err(taken(folder, "has something in it")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(taken(folder, "is no folder")),
        Err(error) => return Err(failed(error)),
    };
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|error| Failure::file(parent, &error))?;
    // Beside it, so that it is one step to its place.
    let beside = tempfile::Builder::new().prefix(".hal9-new-").tempdir_in(parent);
    let beside = beside.map_err(|error| Failure::file(parent, &error))?;
    let whole = beside.path().join("project");
    for (path, bytes) in files {
        let path = whole.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        fs::write(&path, bytes).map_err(failed)?;
    }
    if is_there {
        // Replacing it would leave a shell that stands in it in a folder that is gone.
        return move_into(&whole, folder).map_err(failed);
    }
    fs::rename(&whole, folder).map_err(|error| match error.kind() {
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => taken(folder, "was made meanwhile"),
        _ => failed(error),
    })
}

/// Moves all of a folder into one that is empty; back again, where that fails halfway.
fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    let mut moved = Vec::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if let Err(error) = fs::rename(entry.path(), &place) {
            for (back, place) in moved {
                let _ = fs::rename(place, back);
            }
            return Err(error);
        }
        moved.push((entry.path(), place));
    }
    Ok(())
}

fn taken(folder: &Path, what: &str) -> Failure {
    Failure::new(Code::Conflict, format!("{} {what}", folder.display()))
        .help("nothing was written: give another folder with --dir, or another name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_every_language_takes() {
        for name in ["a", "shout", "word-count", "x2-y3"] {
            check_name(name).unwrap();
        }
        for name in ["", "A", "2x", "-a", "a-", "a--b", "a_b", "ä", "a/b", "../a", "a b", "fn", "test", "plugin"] {
            assert_eq!(check_name(name).unwrap_err().code, Code::Usage, "{name}");
        }
        assert!(check_name(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_folder_gets_all_files_or_stays_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let files = Files::from([("a/b".into(), b"1".to_vec()), ("c".into(), b"2".to_vec())]);
        for folder in ["new/deep", "empty"] {
            let folder = root.path().join(folder);
            if folder.ends_with("empty") {
                fs::create_dir(&folder).unwrap();
            }
            put(&files, &folder).unwrap();
            assert_eq!(fs::read(folder.join("a/b")).unwrap(), b"1");
            assert_eq!(put(&files, &folder).unwrap_err().code, Code::Conflict);
        }
        fs::write(root.path().join("file"), "").unwrap();
        assert_eq!(put(&files, &root.path().join("file")).unwrap_err().code, Code::Conflict);
        // Of what could not be written, nothing is left.
        let clash = Files::from([("a".into(), b"1".to_vec()), ("a/b".into(), b"2".to_vec())]);
        put(&clash, &root.path().join("clash")).unwrap_err();
        let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
}
