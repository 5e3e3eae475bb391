//! A registry of the first version of HAL9 goes on with all that it knows.

use std::time::{Duration, UNIX_EPOCH};

use hal9_registry::{Error, Link, Registry, Source};

use crate::{
    Result,
    common::{id, loaded, neuron, tool},
    packages::{install, package},
};

/// What the first version of HAL9 made of an empty file.
const FIRST: &str = "
    CREATE TABLE plugin (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL,
        manifest   TEXT NOT NULL,
        source_dir TEXT NOT NULL,
        component  TEXT NOT NULL,
        granted    TEXT NOT NULL,
        active     INTEGER NOT NULL,
        loaded_at  INTEGER NOT NULL -- milliseconds since the Unix epoch
    ) STRICT;
    -- What the manifests offer, for looking it up; rewritten with every manifest.
    CREATE TABLE capability (
        plugin TEXT NOT NULL REFERENCES plugin ON DELETE CASCADE,
        kind   TEXT NOT NULL,
        name   TEXT NOT NULL,
        layer  TEXT
    ) STRICT;
    CREATE INDEX capability_of_plugin ON capability (plugin);
    CREATE INDEX capability_by_name ON capability (kind, name);
    CREATE INDEX capability_by_layer ON capability (layer) WHERE layer IS NOT NULL;
    CREATE TABLE usage (
        plugin      TEXT PRIMARY KEY REFERENCES plugin ON DELETE CASCADE,
        calls       INTEGER NOT NULL DEFAULT 0,
        errors      INTEGER NOT NULL DEFAULT 0,
        traps       INTEGER NOT NULL DEFAULT 0,
        time        INTEGER NOT NULL DEFAULT 0, -- nanoseconds
        peak_memory INTEGER NOT NULL DEFAULT 0, -- bytes
        last_error  TEXT
    ) STRICT;
    PRAGMA user_version = 1;
";

#[test]
fn plugins_that_were_loaded_stay_loaded() -> Result {
    let home = tempfile::tempdir()?;
    let path = home.path().join("registry.db");
    let first = rusqlite::Connection::open(&path)?;
    first.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    first.execute_batch(FIRST)?;
    let plugins = [("a.one", neuron("L2") + "," + &tool("t"), true), ("b.two", tool("t"), false)];
    for (at, (plugin, capabilities, active)) in plugins.iter().enumerate() {
        let loaded = loaded(plugin, capabilities);
        first.execute(
            "INSERT INTO plugin VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rusqlite::params![
                plugin,
                loaded.manifest.metadata.name,
                loaded.manifest.to_json(),
                loaded.folder.to_str(),
                loaded.component.to_str(),
                serde_json::to_string(&loaded.granted)?,
                active,
                1_700_000_000_123_i64
            ],
        )?;
        for one in &loaded.manifest.capabilities {
            let values = rusqlite::params![plugin, one.kind(), one.name(), one.layer()];
            first.execute("INSERT INTO capability VALUES (?, ?, ?, ?)", values)?;
        }
        first.execute("INSERT INTO usage (plugin, calls) VALUES (?, ?)", rusqlite::params![plugin, at as i64 + 3])?;
    }
    drop(first);

    // Several processes of the new version may be the first.
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Registry::open(home.path()))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    assert_eq!(opened.len(), 4);
    for registry in opened {
        let registry = registry?;
        for (at, (plugin, capabilities, active)) in plugins.iter().enumerate() {
            let expected = loaded(plugin, capabilities);
            let found = registry.get(plugin)?.ok_or("lost")?;
            assert_eq!((&found.manifest, &found.granted), (&expected.manifest, &expected.granted));
            assert_eq!(found.active, *active);
            assert_eq!(
                found.source,
                Source::Linked(Link {
                    folder: expected.folder,
                    component: expected.component,
                    loaded_at: UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
                })
            );
            assert_eq!(registry.usage(&id(plugin))?.calls, at as u64 + 3);
        }
        assert_eq!(registry.check()?, []);
    }
    let mut registry = Registry::open(home.path())?;
    install(&mut registry, &package("a.one", "1.0.0"), None)?;
    assert!(registry.unlink(&id("a.one"))? && registry.unlink(&id("b.two"))?);
    assert_eq!(registry.list()?.len(), 1);
    assert!(matches!(registry.usage(&id("b.two")), Err(Error::Unknown { .. })));
    Ok(())
}
