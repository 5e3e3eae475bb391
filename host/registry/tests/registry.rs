//! What is recorded is found again, also by the next process.

mod common;

use std::{
    error::Error as StdError,
    time::{Duration, SystemTime},
};

use common::{id, loaded, neuron, tool};
use hal9_registry::{Error, Plugin, Recorded, Registry, Source, Usage};

type Result = std::result::Result<(), Box<dyn StdError>>;

fn ids(plugins: &[Plugin]) -> Vec<&str> {
    plugins.iter().map(|plugin| plugin.id().as_str()).collect()
}

#[test]
fn a_loaded_plugin_is_there_for_the_next_process() -> Result {
    let home = tempfile::tempdir()?;
    let home = home.path().join("not/there/yet");
    let recorded = loaded("ai.hal9.scores", &neuron("L2"));
    let before = SystemTime::now() - Duration::from_millis(1);
    assert_eq!(Registry::open(&home)?.record_loaded(&recorded)?, Recorded::Added);

    let registry = Registry::open(&home)?;
    let plugins = registry.list()?;
    let [plugin] = plugins.as_slice() else {
        panic!("{plugins:?}");
    };
    assert_eq!(plugin.manifest, recorded.manifest);
    let Source::Linked(link) = &plugin.source else {
        panic!("{plugin:?}");
    };
    assert_eq!(link.folder, recorded.folder);
    assert_eq!(link.component, recorded.component);
    assert_eq!(plugin.granted, recorded.granted);
    assert!(plugin.active);
    assert!((before..=SystemTime::now()).contains(&link.loaded_at));
    assert_eq!(registry.usage(plugin.id())?, Usage::default());
    Ok(())
}

#[test]
fn a_manifest_of_the_greatest_length_is_kept() -> Result {
    let home = tempfile::tempdir()?;
    // Written back with the descriptions that are left out here, it is longer than a manifest may be.
    let many: Vec<_> = (0..5000).map(|at| tool(&format!("tool-{at}"))).collect();
    let recorded = loaded("a.many", &many.join(","));
    let mut registry = Registry::open(home.path())?;
    registry.record_loaded(&recorded)?;
    assert!(recorded.manifest.to_json().len() > hal9_package::Manifest::MAX_BYTES);
    assert_eq!(registry.get("a.many")?.map(|plugin| plugin.manifest), Some(recorded.manifest));
    Ok(())
}

#[test]
fn loading_again_replaces_everything_but_the_usage() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let mut plugin = loaded("a.one", &(neuron("L1") + "," + &tool("old")));
    let one = id("a.one");
    registry.record_loaded(&plugin)?;
    registry.add_usage(&one, &Usage { calls: 3, ..Usage::default() })?;
    registry.set_active(&one, false)?;

    assert_eq!(registry.record_loaded(&plugin)?, Recorded::Reloaded);
    assert!(registry.get("a.one")?.is_some_and(|plugin| plugin.active), "loading makes it active");

    plugin.manifest = loaded("a.one", &tool("new")).manifest;
    plugin.folder = "/elsewhere".into();
    plugin.granted = Default::default();
    assert_eq!(registry.record_loaded(&plugin)?, Recorded::Replaced { folder: "/src/a.one".into() });
    assert_eq!(ids(&registry.list()?), ["a.one"]);
    let found = registry.get("a.one")?.ok_or("it is there")?;
    assert_eq!((found.manifest, found.granted.len()), (plugin.manifest, 0));
    assert_eq!(registry.usage(&one)?.calls, 3);
    Ok(())
}

#[test]
fn plugins_are_made_inactive_and_active_again() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    for plugin in ["b.two", "a.one"] {
        registry.record_loaded(&loaded(plugin, &tool("slugify")))?;
    }
    let is_active = |registry: &Registry| -> std::result::Result<Vec<bool>, Error> {
        Ok(registry.list()?.iter().map(|plugin| plugin.active).collect())
    };
    assert!(registry.set_active(&id("b.two"), false)?);
    assert!(!registry.set_active(&id("b.two"), false)?, "it was inactive already");
    assert_eq!(is_active(&registry)?, [true, false]);
    assert!(registry.set_active(&id("b.two"), true)?);
    assert_eq!(is_active(&registry)?, [true, true]);
    Ok(())
}

#[test]
fn plugins_are_found_by_id_name_and_last_part_of_the_id() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    for plugin in ["ai.hal9.notes", "org.other.notes", "ai.hal9.scores", uuid] {
        registry.record_loaded(&loaded(plugin, ""))?;
    }
    for (name, plugin) in [
        ("ai.hal9.notes", "ai.hal9.notes"),
        ("The ai.hal9.notes", "ai.hal9.notes"),
        ("scores", "ai.hal9.scores"),
        ("Scores", "ai.hal9.scores"),
        (uuid, uuid),
        (uuid.to_uppercase().as_str(), uuid),
    ] {
        assert_eq!(registry.get(name)?.map(|found| found.id().to_string()).as_deref(), Some(plugin), "{name}");
    }
    for name in ["", "hal9", "score", "ai.hal9.nobody"] {
        assert_eq!(registry.get(name)?, None, "{name}");
    }
    let error = registry.get("notes").expect_err("ambiguous");
    assert_eq!(error.to_string(), "\"notes\" may be ai.hal9.notes and org.other.notes: write the whole id");
    Ok(())
}

#[test]
fn what_is_removed_is_forgotten_with_its_usage() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let (one, two) = (id("a.one"), id("a.two"));
    registry.record_loaded(&loaded("a.one", &tool("slugify")))?;
    registry.record_loaded(&loaded("a.two", ""))?;
    registry.add_usage(&one, &Usage { calls: 1, ..Usage::default() })?;
    assert!(registry.unlink(&one)?);
    assert!(!registry.unlink(&one)?);
    assert_eq!(ids(&registry.list()?), ["a.two"]);

    for result in [
        registry.usage(&one).map(drop),
        registry.add_usage(&one, &Usage::default()),
        registry.set_active(&one, true).map(drop),
    ] {
        let error = result.expect_err("unknown");
        assert!(matches!(&error, Error::Unknown { plugin, .. } if *plugin == one), "{error}");
    }
    assert!(registry.usage(&two).is_ok());
    registry.record_loaded(&loaded("a.one", ""))?;
    assert_eq!(registry.usage(&one)?.calls, 0, "it starts anew");
    Ok(())
}

#[test]
fn usage_adds_up() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let one = id("a.one");
    registry.record_loaded(&loaded("a.one", ""))?;
    let used = |calls, peak_memory, last_error: Option<&str>| Usage {
        calls,
        errors: 2,
        traps: 1,
        time: Duration::new(1, 5),
        peak_memory,
        last_error: last_error.map(str::to_owned),
    };
    registry.add_usage(&one, &used(10, 4096, Some("first")))?;
    registry.add_usage(&one, &used(5, 1024, Some("second")))?;
    registry.add_usage(&one, &used(0, 0, None))?;
    assert_eq!(
        registry.usage(&one)?,
        Usage {
            calls: 15,
            errors: 6,
            traps: 3,
            time: Duration::new(3, 15),
            peak_memory: 4096,
            last_error: Some("second".to_owned()),
        }
    );

    let long = "é".repeat(5000) + "end";
    registry.add_usage(&one, &used(u64::MAX, u64::MAX, Some(&long)))?;
    registry.add_usage(&one, &Usage { time: Duration::MAX, ..used(u64::MAX, 0, None) })?;
    let usage = registry.usage(&one)?;
    assert_eq!(usage.calls, i64::MAX as u64, "it stops there");
    assert_eq!(usage.time, Duration::from_nanos(i64::MAX as u64));
    assert_eq!(usage.peak_memory, i64::MAX as u64);
    assert_eq!(usage.last_error, Some("é".repeat(2048)));
    Ok(())
}

#[test]
fn relative_paths_are_kept_absolute() -> Result {
    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let mut plugin = loaded("a.one", "");
    plugin.folder = "somewhere".into();
    registry.record_loaded(&plugin)?;
    let found = registry.get("a.one")?.ok_or("lost")?;
    let Source::Linked(link) = found.source else {
        panic!("{found:?}");
    };
    assert_eq!(link.folder, std::env::current_dir()?.join("somewhere"));

    plugin.folder = "".into();
    let error = registry.record_loaded(&plugin).expect_err("an empty path");
    assert!(matches!(&error, Error::Path { plugin, .. } if *plugin == id("a.one")), "{error}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_path_that_cannot_be_kept_is_refused() -> Result {
    use std::os::unix::ffi::OsStrExt;

    let home = tempfile::tempdir()?;
    let mut registry = Registry::open(home.path())?;
    let mut plugin = loaded("a.one", "");
    plugin.component = std::ffi::OsStr::from_bytes(b"/src/\xff.wasm").into();
    let error = registry.record_loaded(&plugin).expect_err("not Unicode");
    assert_eq!(error.to_string(), "a.one: cannot keep the path /src/\u{fffd}.wasm: it is not Unicode");
    assert_eq!(registry.list()?, []);
    Ok(())
}
