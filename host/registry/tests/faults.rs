//! Damaged files, newer versions, several processes at once, and processes that are killed.

mod common;

use std::{
    error::Error as StdError,
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use common::{id, loaded, neuron, tool};
use hal9_registry::{Error, Registry, Usage};

type Result = std::result::Result<(), Box<dyn StdError>>;

/// What stands in the variable when this program runs as another process of a test.
const HOME: &str = "HAL9_REGISTRY_TEST_HOME";

const ONE_CALL: Usage =
    Usage { calls: 1, errors: 0, traps: 0, time: std::time::Duration::ZERO, peak_memory: 0, last_error: None };

/// Another process that writes to the registry of `home`, one line for each write that was acknowledged.
fn writer(home: &Path) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["--exact", "the_other_process", "--nocapture"])
        .env(HOME, home)
        .stdout(Stdio::piped())
        .spawn()
}

/// The other process: writes until it is killed, or two hundred times. Nothing to do in a run by hand.
#[test]
fn the_other_process() -> Result {
    let Some(home) = std::env::var_os(HOME) else {
        return Ok(());
    };
    let mut registry = Registry::open(Path::new(&home))?;
    let forms = [loaded("a.one", &neuron("L1")), loaded("a.one", &(neuron("L2") + "," + &tool("t")))];
    let mut out = std::io::stdout().lock();
    for form in forms.iter().cycle().take(200) {
        registry.record_loaded(form)?;
        registry.add_usage(&id("a.one"), &ONE_CALL)?;
        writeln!(out, "\nwritten")?;
    }
    Ok(())
}

fn acknowledged(lines: impl Iterator<Item = std::io::Result<String>>) -> u64 {
    lines.map_while(std::io::Result::ok).filter(|line| line == "written").count() as u64
}

#[test]
fn several_processes_lose_nothing() -> Result {
    let home = tempfile::tempdir()?;
    // No home yet: all of them try to make it at once.
    let home = home.path().join("home");
    let mut writers = Vec::new();
    for _ in 0..4 {
        writers.push(writer(&home)?);
    }
    for mut writer in writers {
        let lines = BufReader::new(writer.stdout.take().ok_or("no output")?).lines();
        assert_eq!(acknowledged(lines), 200);
        assert!(writer.wait()?.success());
    }
    let registry = Registry::open(&home)?;
    assert_eq!(registry.usage(&id("a.one"))?.calls, 4 * 200);
    Ok(())
}

#[test]
fn several_connections_lose_nothing() -> Result {
    let home = tempfile::tempdir()?;
    Registry::open(home.path())?.record_loaded(&loaded("a.one", ""))?;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut registry = Registry::open(home.path())?;
                    (0..100).try_for_each(|_| registry.add_usage(&id("a.one"), &ONE_CALL))
                })
            })
            .collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| "a writer panicked")?.map_err(Box::<dyn StdError>::from))
    })?;
    assert_eq!(Registry::open(home.path())?.usage(&id("a.one"))?.calls, 400);
    Ok(())
}

#[test]
fn anybody_may_be_the_first() -> Result {
    for _ in 0..20 {
        let home = tempfile::tempdir()?;
        let start = std::sync::Barrier::new(8);
        let failures: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        Registry::open(home.path()).err()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join()).flatten().collect()
        });
        assert!(failures.is_empty(), "{failures:?}");
    }
    Ok(())
}

#[test]
fn readers_do_not_wait_for_a_writer() -> Result {
    let home = tempfile::tempdir()?;
    Registry::open(home.path())?.record_loaded(&loaded("a.one", ""))?;
    let writer = rusqlite::Connection::open(home.path().join("registry.db"))?;
    let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    assert_eq!(mode, "wal");
    writer.execute_batch("BEGIN EXCLUSIVE; DELETE FROM plugin")?;
    assert_eq!(Registry::open(home.path())?.list()?.len(), 1, "nothing of it is to be seen yet");
    writer.execute_batch("COMMIT")?;
    assert_eq!(Registry::open(home.path())?.list()?, []);
    Ok(())
}

#[test]
fn a_killed_process_leaves_what_it_acknowledged_and_nothing_half() -> Result {
    for after in [0, 1, 5, 23, 60] {
        let home = tempfile::tempdir()?;
        let mut writer = writer(home.path())?;
        let mut lines = BufReader::new(writer.stdout.take().ok_or("no output")?).lines();
        let mut seen = 0;
        while seen < after {
            let line = lines.next().ok_or("it ended by itself")?;
            seen += acknowledged(std::iter::once(line));
        }
        writer.kill()?;
        seen += acknowledged(lines);
        writer.wait()?;
        assert!(seen < 200, "it was killed at work");

        let registry = Registry::open(home.path())?;
        let Some(plugin) = registry.get("a.one")? else {
            assert_eq!(seen, 0, "what was acknowledged is there");
            continue;
        };
        let calls = registry.usage(plugin.id())?.calls;
        assert!((seen..=seen + 1).contains(&calls), "{calls} calls of {seen} that were acknowledged");
        // Whichever of the two forms it is.
        assert!(matches!(plugin.manifest.capabilities.len(), 1 | 2), "{plugin:?}");
    }
    Ok(())
}

#[test]
fn what_is_no_database_is_left_alone() -> Result {
    let home = tempfile::tempdir()?;
    let path = home.path().join("registry.db");
    let garbage = "not a database, but somebody's notes\n".repeat(200);
    fs::write(&path, &garbage)?;
    let error = Registry::open(home.path()).expect_err("not a database");
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "the registry {0} is damaged (file is not a database): move it away together with its -wal and -shm files, and \
             load or install the plugins again (`hal9 doctor` finds their packages in store/blobs), or try \
             `sqlite3 {0} .recover`",
            path.display()
        )
    );
    assert_eq!(fs::read_to_string(&path)?, garbage);
    Ok(())
}

#[test]
fn a_damaged_database_is_an_error_wherever_the_damage_is() -> Result {
    let home = tempfile::tempdir()?;
    let path = home.path().join("registry.db");
    let mut registry = Registry::open(home.path())?;
    for at in 0..200 {
        registry.record_loaded(&loaded(&format!("a.plugin-{at}"), &tool(&format!("tool-{at}"))))?;
    }
    drop(registry);
    let whole = fs::read(&path)?;
    let mut noticed = 0;
    for page in (0..whole.len()).step_by(4096) {
        let mut damaged = whole.clone();
        damaged[page..(page + 4096).min(whole.len())].fill(0xaa);
        fs::write(&path, &damaged)?;
        let result = Registry::open(home.path()).and_then(|registry| registry.list());
        match result {
            Ok(plugins) => assert_eq!(plugins.len(), 200, "what is answered is whole"),
            Err(error) => {
                assert!(matches!(error, Error::Corrupt { .. }), "page {}: {error:?}", page / 4096);
                noticed += 1;
            }
        }
        assert!(fs::read(&path)? == damaged, "nothing is changed");
    }
    assert!(noticed > 10, "only {noticed} pages are read for the list");
    fs::write(&path, &whole[..whole.len() / 2])?;
    assert!(Registry::open(home.path()).and_then(|registry| registry.list()).is_err(), "half a file");
    Ok(())
}

#[test]
fn a_database_of_a_newer_hal9_is_left_alone() -> Result {
    let home = tempfile::tempdir()?;
    let path = home.path().join("registry.db");
    Registry::open(home.path())?.record_loaded(&loaded("a.one", ""))?;
    rusqlite::Connection::open(&path)?.pragma_update(None, "user_version", 99)?;
    let error = Registry::open(home.path()).expect_err("newer");
    assert!(matches!(error, Error::Newer { found: 99, known: 4, .. }), "{error:?}");
    assert!(error.to_string().ends_with("update HAL9, or use another HAL9_HOME"));
    let left: i64 =
        rusqlite::Connection::open(&path)?.query_row("SELECT count(*) FROM plugin", [], |row| row.get(0))?;
    assert_eq!(left, 1);
    Ok(())
}

#[test]
fn a_row_that_cannot_be_read_names_its_plugin_and_can_be_removed() -> Result {
    let home = tempfile::tempdir()?;
    let path = home.path().join("registry.db");
    let mut registry = Registry::open(home.path())?;
    registry.record_loaded(&loaded("a.one", ""))?;
    registry.record_loaded(&loaded("a.two", ""))?;
    rusqlite::Connection::open(&path)?.execute("UPDATE link SET manifest = '{}' WHERE plugin = 'a.two'", [])?;
    let error = registry.get("a.two").expect_err("no manifest");
    assert!(matches!(&error, Error::Stored { plugin, .. } if plugin == "a.two"), "{error:?}");
    assert_eq!(registry.unreadable()?.keys().collect::<Vec<_>>(), ["a.two"]);
    assert_eq!(registry.list()?.len(), 1, "the others are there");
    assert!(registry.unlink(&id("a.two"))?);
    assert!(registry.unreadable()?.is_empty());
    assert_eq!(registry.list()?.len(), 1);
    Ok(())
}

#[test]
fn a_home_that_cannot_be_made_is_an_error() -> Result {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    let error = Registry::open(&file.join("home")).expect_err("no folder");
    assert!(matches!(&error, Error::Home { home, .. } if home.starts_with(&file)), "{error:?}");
    Ok(())
}

#[test]
fn a_folder_in_the_place_of_the_database_is_an_error() -> Result {
    let home = tempfile::tempdir()?;
    fs::create_dir(home.path().join("registry.db"))?;
    let error = Registry::open(home.path()).expect_err("a folder");
    assert!(matches!(error, Error::Database { .. }), "{error:?}");
    Ok(())
}
