//! Owns noticing that a plugin's sources or the settings were changed. It refuses to know what is done about it.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use notify_debouncer_full::notify::{self, EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::failure::{Code, Failure};
use crate::languages::Language;

/// So long nothing more must happen to a file: editors write in several steps, and people save several files.
const QUIET: Duration = Duration::from_millis(100);

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Sources,
    /// The file in which a build writes down which versions it took.
    Lock,
    Settings,
}

/// What is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// The plugin's folder.
    pub(super) folder: PathBuf,
    /// The project's language, where anything in the folder may be a source; else only components and a manifest are.
    pub(super) project: Option<Language>,
    /// The file with the settings.
    pub(super) settings: PathBuf,
}

/// Changes as they come, for as long as this is kept.
pub(super) struct Changes {
    changes: UnboundedReceiver<Change>,
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

impl Changes {
    /// Waits for the next change. Several that are there at once are one.
    pub(super) async fn next(&mut self) -> Option<Change> {
        self.changes.recv().await
    }
}

impl Watched {
    /// Begins to watch.
    pub(super) fn watch(self) -> Result<Changes, Failure> {
        let (sender, changes) = unbounded_channel();
        let watched = self.clone();
        let tell = move |events: DebounceEventResult| {
            let seen = match events {
                Ok(events) => [Change::Settings, Change::Sources, Change::Lock].map(|change| {
                    let is_it = |event: &notify::Event| watched.change(event).contains(&change);
                    events.iter().any(|event| is_it(event)).then_some(change)
                }),
                // What it could not tell may be anything.
                Err(_) => [Some(Change::Settings), Some(Change::Sources), None],
            };
            // Whoever is gone needs not be told.
            for change in seen.into_iter().flatten() {
                let _ = sender.send(change);
            }
        };
        let failed = |error: notify::Error| {
            Failure::new(Code::Unavailable, format!("{} cannot be watched: {error}", self.folder.display()))
                .help("allow more watches, as with `sysctl fs.inotify.max_user_watches`")
        };
        let mut debouncer = new_debouncer(QUIET, None, tell).map_err(failed)?;
        let mode = if self.project.is_some() { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        debouncer.watch(&self.folder, mode).map_err(failed)?;
        // The folder, as the file is replaced by another one when it is saved.
        if let Some(home) = self.settings.parent() {
            debouncer.watch(home, RecursiveMode::NonRecursive).map_err(failed)?;
        }
        Ok(Changes { changes, _debouncer: debouncer })
    }

    /// What an event is about.
    fn change(&self, event: &notify::Event) -> Vec<Change> {
        if matches!(event.kind, EventKind::Access(_)) {
            return Vec::new();
        }
        if event.need_rescan() {
            return vec![Change::Settings, Change::Sources];
        }
        event.paths.iter().filter_map(|path| self.change_of(path)).collect()
    }

    fn change_of(&self, path: &Path) -> Option<Change> {
        if path == self.settings {
            return Some(Change::Settings);
        }
        let inside = path.strip_prefix(&self.folder).ok()?;
        let is_source = match self.project {
            Some(language) => !inside.components().any(|part| is_passed_over(part, language)),
            None => {
                inside.extension().is_some_and(|extension| extension == "wasm") || inside == Path::new("manifest.json")
            }
        };
        is_source.then_some(if inside == Path::new("Cargo.lock") { Change::Lock } else { Change::Sources })
    }
}

/// Whether a folder or file is none of the author's: what is built, what is hidden, what editors keep for themselves.
fn is_passed_over(part: Component<'_>, language: Language) -> bool {
    let Component::Normal(name) = part else { return false };
    let name = name.to_string_lossy();
    language.makes(&name) || name.starts_with('.') || name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(is_project: bool) -> Watched {
        Watched {
            folder: "/p".into(),
            project: is_project.then_some(Language::Rust),
            settings: "/home/hal9.toml".into(),
        }
    }

    #[test]
    fn sources_and_settings_are_told_from_what_is_neither() {
        let change = |is_project: bool, path: &str| watched(is_project).change_of(path.as_ref());
        for source in ["/p/src/lib.rs", "/p/Cargo.toml", "/p/src/new/mod.rs", "/p/data/words.txt"] {
            assert_eq!(change(true, source), Some(Change::Sources), "{source}");
        }
        for other in
            ["/p/target/x.wasm", "/p/sub/target/x", "/p/.git/index", "/p/src/.lib.rs.swp", "/p/src/lib.rs~", "/q/x"]
        {
            assert_eq!(change(true, other), None, "{other}");
        }
        assert_eq!(change(false, "/p/x.wasm"), Some(Change::Sources));
        assert_eq!(change(false, "/p/manifest.json"), Some(Change::Sources));
        assert_eq!(change(false, "/p/x.c"), None);
        assert_eq!((change(true, "/p/Cargo.lock"), change(false, "/p/Cargo.lock")), (Some(Change::Lock), None));
        assert_eq!(change(true, "/home/hal9.toml"), Some(Change::Settings));
        assert_eq!(change(true, "/home/audit.jsonl"), None);
    }

    #[test]
    fn what_tools_make_of_a_project_is_none_of_its_sources() {
        let watched = Watched { project: Some(Language::Python), ..watched(true) };
        for made in
            ["/p/build/plugin.wasm", "/p/src/__pycache__/plugin.pyc", "/p/node_modules/x/index.js", "/p/.venv/bin/x"]
        {
            assert_eq!(watched.change_of(made.as_ref()), None, "{made}");
        }
        for source in ["/p/src/plugin.py", "/p/manifest.json", "/p/wit/world.wit"] {
            assert_eq!(watched.change_of(source.as_ref()), Some(Change::Sources), "{source}");
        }
        // In a Rust project this is a folder like any other.
        assert_eq!(self::watched(true).change_of("/p/build/x.rs".as_ref()), Some(Change::Sources));
    }

    #[test]
    fn reading_a_file_changes_nothing() {
        let kind = EventKind::Access(notify::event::AccessKind::Any);
        let event = notify::Event::new(kind).add_path("/p/src/lib.rs".into());
        assert!(watched(true).change(&event).is_empty());
        let kind = EventKind::Modify(notify::event::ModifyKind::Any);
        let event = notify::Event::new(kind).add_path("/p/src/lib.rs".into());
        assert_eq!(watched(true).change(&event), [Change::Sources]);
    }
}
