//! Compiled code is kept in the home, so that a command compiles only what none has compiled before.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use super::home::Home;

/// The only entry of the cache, and the number of its file: another one is there once it was written again.
fn entry(home: &Home) -> (PathBuf, u64) {
    let folder = home.path().join("cache");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !path.ends_with("key"));
    assert_eq!(paths.len(), 1, "{paths:?}");
    let entry = paths.remove(0);
    let inode = entry.metadata().unwrap().ino();
    (entry, inode)
}

fn send(home: &Home) {
    let value = home.hal9(["--json", "signal", "send", "--layer", "L2", "hello"]).json();
    assert_eq!(value["replies"][0]["signal"]["content"], "hello", "{value}");
}

#[test]
fn a_plugin_is_compiled_when_it_is_loaded_and_not_again() {
    let home = Home::new();
    home.load("two-kinds");
    let loaded = entry(&home);
    send(&home);
    assert_eq!(entry(&home), loaded);
    for (path, mode) in [(home.path().join("cache"), 0o700), (home.path().join("cache/key"), 0o600), (loaded.0, 0o600)]
    {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
}

#[test]
fn an_entry_that_was_changed_is_compiled_again() {
    // The guard: the seal over every entry. Without it, this runs what somebody wrote there.
    let home = Home::new();
    home.load("two-kinds");
    let (path, _) = entry(&home);
    let mut changed = std::fs::read(&path).unwrap();
    let middle = changed.len() / 2;
    changed[middle] ^= 0xff;
    std::fs::write(&path, &changed).unwrap();
    send(&home);
    let replaced = entry(&home);
    assert!(replaced.0 == path && std::fs::read(&path).unwrap() != changed);
    send(&home);
    assert_eq!(entry(&home), replaced);
    let records = home.hal9(["--json", "audit", "show", "--kind", "cache"]).json()["records"].clone();
    assert_eq!((records.as_array().unwrap().len(), &records[0]["plugin"]), (1, &"test.two-kinds".into()), "{records}");
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let home = Home::new();
    let path = home.path().join("large.wasm");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    for command in ["validate", "inspect"] {
        let error = home.hal9(["--json".as_ref(), "plugin".as_ref(), command.as_ref(), path.as_os_str()]).error(7);
        assert_eq!(error["reason"], "component-size", "{error}");
    }
}
