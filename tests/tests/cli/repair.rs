//! A home that was damaged: what `doctor` says of it, what it mends, and what it leaves alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::home::Home;
use super::packages::Shelf;

/// One line of `doctor`, by its name.
#[track_caller]
fn doctor(home: &Home, name: &str, args: &[&str]) -> Value {
    // The machine may lack what this is not about, so the status does not count.
    let run = home.hal9([&["--json", "doctor"], args].concat());
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let row = value["checks"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
    row.unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Every file of the store, in order.
fn blobs(home: &Home) -> Vec<PathBuf> {
    let folder = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    };
    let mut blobs: Vec<_> = folder(&home.path().join("store/blobs")).iter().flat_map(|shard| folder(shard)).collect();
    blobs.sort();
    blobs
}

fn database(home: &Home, sql: &str) {
    rusqlite::Connection::open(home.path().join("registry.db")).unwrap().execute_batch(sql).unwrap();
}

/// Two plugins that are installed: `test.a` and `test.b`.
fn installed(shelf: &Shelf) -> Home {
    let home = Home::trusting();
    for id in ["test.a", "test.b"] {
        home.install(&shelf.package(id, "1.0.0", json!({})));
    }
    home
}

#[test]
fn packages_outlive_the_registry() {
    let shelf = Shelf::new();
    let home = installed(&shelf);
    let before = blobs(&home);
    assert_eq!(before.len(), 3, "two packages with the same component");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(home.path().join(format!("registry.db{suffix}")));
    }
    assert!(home.versions().is_empty());
    let row = doctor(&home, "store", &["--fix"]);
    assert_eq!(blobs(&home), before, "nothing is removed: {row}");
    assert_eq!(row["state"], "failed", "{row}");
    let found = row["found"].as_str().unwrap();
    let lines: Vec<_> = found.lines().filter(|line| line.contains("is the package of test.")).collect();
    assert_eq!(lines.len(), 2, "{found}");
    assert!(found.contains("--signature FILE") && found.contains("--allow-unsigned"), "{found}");
    // What it says to do puts all of it right.
    for line in lines {
        let path = line.split(' ').next().unwrap();
        assert!(line.contains(&format!("hal9 plugin install {path}`")), "{line}");
        home.install(Path::new(path));
    }
    assert_eq!(home.versions(), ["test.a 1.0.0", "test.b 1.0.0"]);
    assert_eq!(doctor(&home, "store", &[])["state"], "ok");
    assert_eq!(blobs(&home), before);
    // And from then on the registry is believed again.
    home.install(&shelf.package("test.c", "1.0.0", json!({})));
    database(&home, "DELETE FROM plugin WHERE id = 'test.b'");
    assert_eq!(doctor(&home, "store", &["--fix"])["state"], "ok");
    assert_eq!(blobs(&home).len(), 3, "what nobody refers to is gone");
}

#[test]
fn a_damaged_digest_costs_no_file() {
    let shelf = Shelf::new();
    let home = installed(&shelf);
    let before = blobs(&home);
    for column in ["package", "component"] {
        database(&home, &format!("UPDATE version SET {column} = 'sha256:xyz' WHERE plugin = 'test.a'"));
        let row = doctor(&home, "store", &["--fix"]);
        assert_eq!(row["state"], "failed", "{row}");
        assert!(row["found"].as_str().unwrap().contains("test.a: what the registry"), "{row}");
        assert_eq!(blobs(&home), before, "{column}");
    }
    let row = doctor(&home, "store", &[]);
    assert!(row["found"].as_str().unwrap().contains("is the package of test.a 1.0.0"), "{row}");
}

#[test]
fn one_unreadable_row_stops_nothing_else() {
    let shelf = Shelf::new();
    let home = installed(&shelf);
    let spoil = "UPDATE version SET manifest = '{' WHERE plugin = 'test.a'";
    database(&home, spoil);
    let list = home.hal9(["--json", "plugin", "list"]).json();
    assert_eq!(list["plugins"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(
        (&list["unusable"][0]["id"], &list["unusable"][0]["error"]["code"]),
        (&json!("test.a"), &json!("unavailable"))
    );
    let error = home.hal9(["--json", "plugin", "info", "test.a"]).error(11);
    assert_eq!((&error["plugin"], &error["reason"]), (&json!("test.a"), &json!("damaged")), "{error}");
    assert!(error["message"].as_str().unwrap().contains("hal9 plugin uninstall test.a"), "{error}");
    home.hal9(["--json", "plugin", "lock"]).error(11);
    let send = |id: &str| home.hal9(["--json", "signal", "send", "--layer", "L1", "--neuron", id, "hello"]);
    send("test.b").ok();
    home.install(&shelf.package("test.c", "1.0.0", json!({})));
    home.hal9(["--json", "plugin", "uninstall", "test.b"]).ok();
    // Its package has what the row had.
    assert_eq!(doctor(&home, "registry", &[])["state"], "failed");
    assert_eq!(doctor(&home, "store", &["--fix"])["state"], "ok");
    assert_eq!(home.versions(), ["test.a 1.0.0", "test.c 1.0.0"]);
    send("test.a").ok();
    // What no package has is given up, and the plugin with it.
    for spoil in [spoil, "UPDATE current SET granted = '?' WHERE plugin = 'test.a'"] {
        database(&home, spoil);
        home.hal9(["--json", "plugin", "uninstall", "test.a"]).ok();
        assert_eq!(home.versions(), ["test.c 1.0.0"]);
        assert_eq!(doctor(&home, "store", &[])["state"], "ok");
        home.install(&shelf.package("test.a", "1.0.0", json!({})));
    }
    home.load("sentiment-analyzer");
    database(&home, "UPDATE link SET manifest = '{'");
    let list = home.hal9(["--json", "plugin", "list"]).json();
    home.hal9(["--json", "plugin", "unload", list["unusable"][0]["id"].as_str().unwrap()]).ok();
    assert_eq!(home.versions(), ["test.a 1.0.0", "test.c 1.0.0"]);
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_others_can_write_is_no_root_of_trust() {
    let shelf = Shelf::new();
    let home = installed(&shelf);
    let other = shelf.package("test.c", "1.0.0", json!({}));
    let (folder, settings) = (home.path().to_owned(), home.settings());
    let key = super::packages::Signer::new().key().to_string();
    let commands: [&[&str]; 4] = [
        &["--json", "plugin", "install", other.to_str().unwrap(), "--allow-unsigned"],
        &["--json", "plugin", "upgrade", "--allow-unsigned"],
        &["--json", "plugin", "use", "test.a", "1.0.0"],
        &["--json", "policy", "trust", "test.a", &key],
    ];
    for (path, open, closed) in [(&folder, 0o777, 0o755), (&folder, 0o1770, 0o1750), (&settings, 0o664, 0o644)] {
        let before = mode(path);
        set_mode(path, open);
        for command in commands {
            let error = home.hal9(command).error(11);
            assert_eq!(error["reason"], "home", "{command:?}: {error}");
            assert!(error["help"].as_str().unwrap().contains(&format!("chmod go-w '{}'", path.display())), "{error}");
        }
        assert_eq!(doctor(&home, "access", &[])["state"], "failed");
        assert_eq!(mode(path), open, "only --fix changes it");
        assert_eq!(doctor(&home, "access", &["--fix"])["state"], "ok");
        assert_eq!(mode(path), closed, "no other right is touched");
        set_mode(path, before);
    }
    for name in ["registry.db", "store", "store/blobs"] {
        set_mode(&folder.join(name), 0o777);
        let row = doctor(&home, "access", &[]);
        assert!(row["found"].as_str().unwrap().contains(name) && row["fix"].as_str().unwrap().contains(name), "{row}");
    }
    assert_eq!(doctor(&home, "access", &["--fix"])["state"], "ok");
    for command in commands {
        home.hal9(command).ok();
    }
}

#[test]
fn what_a_killed_command_left_is_found_and_removed() {
    let home = Home::trusting();
    home.hal9(["plugin", "keygen", "--no-password"]).ok();
    let keys = home.path().join("keys");
    let left = [home.path().join(".hal9-a1b2c3"), keys.join(".hal9-d4e5f6")];
    let kept = [keys.join("default.key"), keys.join(".hal9"), home.path().join(".hal9-folder")];
    std::fs::write(&kept[1], "somebody's").unwrap();
    std::fs::create_dir(&kept[2]).unwrap();
    for path in &left {
        std::fs::copy(&kept[0], path).unwrap();
    }
    let row = doctor(&home, "leftovers", &[]);
    assert_eq!(row["state"], "warning", "{row}");
    let found = row["found"].as_str().unwrap();
    assert!(left.iter().all(|path| found.contains(path.to_str().unwrap())) && found.lines().count() == 2, "{found}");
    assert!(found.contains("may hold a secret key"), "{found}");
    assert!(left.iter().all(|path| path.exists()), "only --fix removes them");
    assert_eq!(doctor(&home, "leftovers", &["--fix"])["state"], "ok");
    assert!(!left.iter().any(|path| path.exists()));
    assert!(kept.iter().all(|path| path.exists()), "{kept:?}");
}
