//! Folders of real packages: what is found in them, what goes together, and the lock of it.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use hal9_package::{Dependency, Digest, Manifest};
use hal9_registry::{Candidate, Catalogue as _, Folder, Lock, LockError, Locked, Prefer, resolve};
use semver::Version;

/// The header of a component with nothing in it.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

const HAL9: Version = Version::new(0, 1, 0);

/// A package's bytes; `readme` tells two of the same version apart.
fn package(id: &str, version: &str, needs: &[(&str, &str)], readme: &str) -> Vec<u8> {
    let needs: Vec<_> =
        needs.iter().map(|(id, version)| format!(r#"{{"plugin_id": "{id}", "version": "{version}"}}"#)).collect();
    let manifest = format!(
        r#"{{"api_version": 1,
            "metadata": {{"id": "{id}", "name": "{id}", "version": "{version}", "author": "Ada", "license": "MIT"}},
            "dependencies": [{}],
            "files": {{"wasm": "plugin.wasm", "readme": "README.md"}}}}"#,
        needs.join(", ")
    );
    let files = [("plugin.wasm", COMPONENT), ("README.md", readme.as_bytes())];
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, content)| (path.to_owned(), content.to_vec())).collect();
    hal9_package::pack(&Manifest::parse(manifest.as_bytes()).unwrap(), &files).unwrap()
}

fn put(folder: &Path, id: &str, version: &str, needs: &[(&str, &str)]) -> PathBuf {
    let path = folder.join(format!("{id}-{version}.hal9"));
    fs::write(&path, package(id, version, needs, "read me")).unwrap();
    path
}

fn need(id: &str, version: &str) -> Dependency {
    Dependency { plugin_id: id.parse().unwrap(), version: version.parse().unwrap() }
}

fn shown(chosen: &[Candidate]) -> Vec<String> {
    chosen.iter().map(|one| format!("{} {}", one.id, one.version)).collect()
}

/// Fifteen packages of twelve plugins: a diamond of `x.left` and `x.right` over `x.base`, a chain below it, and side arms.
fn fifteen(folder: &Path) {
    put(folder, "x.app", "1.0.0", &[("x.left", "^1"), ("x.right", "^1"), ("x.log", "*")]);
    put(folder, "x.left", "1.0.0", &[("x.base", "^1")]);
    put(folder, "x.left", "1.1.0", &[("x.base", ">=1.2, <3"), ("x.text", "~2.1")]);
    put(folder, "x.right", "1.3.0", &[("x.base", "^1.1"), ("x.net", "1.*")]);
    put(folder, "x.base", "1.2.5", &[("x.core", "=0.3.0")]);
    put(folder, "x.base", "2.0.0", &[("x.core", "^0.3")]);
    put(folder, "x.core", "0.3.0", &[("x.io", "^1")]);
    put(folder, "x.io", "1.0.0", &[("x.log", "^0.9")]);
    put(folder, "x.log", "0.9.4", &[]);
    put(folder, "x.log", "1.0.0", &[]);
    put(folder, "x.text", "2.1.7", &[("x.unicode", "*")]);
    put(folder, "x.unicode", "16.0.0", &[]);
    put(folder, "x.net", "1.8.0", &[("x.dns", ">=0.1")]);
    put(folder, "x.dns", "0.1.1", &[("x.log", "<1")]);
    put(folder, "x.other", "1.0.0", &[("x.nowhere", "*")]);
}

#[test]
fn a_graph_of_fifteen_packages_with_a_diamond_is_solved() {
    let folder = tempfile::tempdir().unwrap();
    fifteen(folder.path());
    let folder = Folder::open(folder.path()).unwrap();
    assert_eq!((folder.candidates().count(), folder.skipped()), (15, [].as_slice()));
    let chosen = resolve(&[need("x.app", "*")], &folder, &[], &HAL9, Prefer::Installed).unwrap();
    let expected = [
        "x.log 0.9.4",
        "x.io 1.0.0",
        "x.core 0.3.0",
        "x.base 1.2.5",
        "x.unicode 16.0.0",
        "x.text 2.1.7",
        "x.left 1.1.0",
        "x.dns 0.1.1",
        "x.net 1.8.0",
        "x.right 1.3.0",
        "x.app 1.0.0",
    ];
    assert_eq!(shown(&chosen), expected);
    for one in &chosen {
        let found = folder.package(one).unwrap().unwrap();
        assert_eq!((Some(*found.package.digest()), found.signature), (one.digest, None));
    }
}

#[test]
fn what_is_no_package_is_passed_over_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let good = put(path, "x.good", "1.0.0", &[]);
    fs::write(path.join("x.good-1.0.0.hal9.minisig"), "untrusted comment: who knows\n").unwrap();
    fs::write(path.join("bad.hal9"), "PK").unwrap();
    fs::write(path.join("unrelated.zip"), "PK").unwrap();
    fs::create_dir(path.join("folder.hal9")).unwrap();
    fs::write(path.join("z-copy.hal9"), package("x.good", "1.0.0", &[], "read me")).unwrap();
    fs::write(path.join("z-other.hal9"), package("x.good", "1.0.0", &[], "read this")).unwrap();
    let folder = Folder::open(path).unwrap();
    let skipped: Vec<_> = folder.skipped().iter().map(|one| one.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(skipped, ["bad.hal9", "folder.hal9", "z-other.hal9"], "{:?}", folder.skipped());
    assert!(
        folder.skipped()[2].to_string().ends_with("another file has x.good 1.0.0 with other content: keep one of them")
    );
    let versions = folder.versions(&"x.good".parse().unwrap()).unwrap();
    let found = folder.package(&versions[0]).unwrap().unwrap();
    assert_eq!((found.path, found.signature.as_deref()), (good, Some("untrusted comment: who knows\n")));
    assert!(Folder::open(&path.join("none")).unwrap_err().to_string().contains("none"));
}

#[test]
fn a_package_that_was_exchanged_is_not_handed_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.a", "1.0.0", &[]);
    let mut folder = Folder::open(dir.path()).unwrap();
    let before = folder.candidates().next().unwrap().clone();
    fs::write(&path, package("x.a", "1.0.0", &[], "something else entirely")).unwrap();
    assert!(folder.package(&before).unwrap().is_none(), "it is another package now");
    folder.refresh().unwrap();
    let after = folder.candidates().next().unwrap().clone();
    assert!(after.digest != before.digest && folder.package(&before).unwrap().is_none());
    assert!(folder.package(&after).unwrap().is_some());
    fs::write(&path, "no package at all").unwrap();
    assert!(folder.package(&after).unwrap_err().to_string().starts_with("x.a: "));
    fs::remove_file(&path).unwrap();
    assert!(folder.package(&after).unwrap().is_none());
    folder.refresh().unwrap();
    assert_eq!((folder.candidates().count(), folder.skipped().len()), (0, 0));
}

fn lock(folder: &Folder) -> Lock {
    let locked = |one: &Candidate| Locked {
        id: one.id.clone(),
        version: one.version.clone(),
        digest: one.digest.unwrap(),
        key: None,
        dependencies: one.dependencies.clone(),
    };
    let chosen = resolve(&[need("x.app", "*")], folder, &[], &HAL9, Prefer::Installed).unwrap();
    Lock::new(chosen.iter().map(locked)).unwrap()
}

#[test]
fn a_lock_gives_exactly_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    fifteen(dir.path());
    let lock = lock(&Folder::open(dir.path()).unwrap());
    let text = serde_json::to_string(&lock).unwrap();
    assert_eq!(serde_json::from_str::<Lock>(&text).unwrap(), lock);
    let chosen = |lock: &Lock| lock.resolve(&Folder::open(dir.path()).unwrap(), &HAL9);
    let before = shown(&chosen(&lock).unwrap());
    assert_eq!((before.len(), before[0].as_str(), before[10].as_str()), (11, "x.log 0.9.4", "x.app 1.0.0"));
    // Newer versions are there now, and change nothing.
    put(dir.path(), "x.log", "0.9.9", &[]);
    assert_eq!(shown(&chosen(&lock).unwrap()), before);
    // The same version with other content is not what was locked.
    let log = dir.path().join("x.log-0.9.4.hal9");
    fs::write(&log, package("x.log", "0.9.4", &[], "something else")).unwrap();
    let error = chosen(&lock).unwrap_err();
    assert!(matches!(&error, LockError::Different { plugin, .. } if plugin.as_str() == "x.log"), "{error}");
    fs::remove_file(&log).unwrap();
    let error = chosen(&lock).unwrap_err();
    assert!(matches!(&error, LockError::Missing { plugin, .. } if plugin.as_str() == "x.log"), "{error}");
}

#[test]
fn a_lock_is_read_strictly() {
    let digest = Digest::of(b"");
    let entry = |id: &str, needs: &str| {
        format!(r#"{{"id": "{id}", "version": "1.0.0", "digest": "{digest}", "dependencies": [{needs}]}}"#)
    };
    let a_b = r#"{"plugin_id": "x.b", "version": "^1"}"#;
    let b_a = r#"{"plugin_id": "x.a", "version": "^1"}"#;
    let error = |text: String| serde_json::from_str::<Lock>(&text).unwrap_err().to_string();
    let lock = |entries: &[String]| format!(r#"{{"version": 1, "plugin": [{}]}}"#, entries.join(", "));
    serde_json::from_str::<Lock>(&lock(&[entry("x.a", a_b), entry("x.b", "")])).unwrap();
    for (text, expected) in [
        (r#"{"version": 2}"#.to_owned(), "the lock has version 2"),
        (r#"{"version": 1, "more": 1}"#.to_owned(), "unknown field `more`"),
        (lock(&[entry("x.a", "").replace("digest", "sum")]), "unknown field `sum`"),
        (lock(&[entry("x.a", "").replace("sha256:e", "sha256:E")]), "is not a digest"),
        (lock(&[entry("x.a", ""), entry("x.a", "")]), "x.a is in the lock twice"),
        (lock(&[entry("x.a", a_b)]), "the lock's x.a needs x.b ^1, and the lock has none"),
        (lock(&[entry("x.a", &a_b.replace("^1", "^2")), entry("x.b", "")]), "and the lock has 1.0.0"),
        (lock(&[entry("x.a", a_b), entry("x.b", b_a)]), "the lock's x.a → x.b → x.a need each other in a circle"),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{error} is not about: {expected}");
    }
}
