//! Owns the plugins' logs: a file of JSON lines each, bounded. It refuses to know who reads them when.

mod follow;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hal9_host::{Level, LogLine, LogSink, LogSource};
use hal9_package::PluginId;
use serde::{Deserialize, Serialize};

pub(crate) use follow::Follower;

use crate::failure::Failure;

/// A file that is larger becomes the old one, of which there is one.
const FILE_BYTES: u64 = 1 << 20;

/// One line as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Milliseconds since the Unix epoch.
    pub(crate) timestamp: u64,
    pub(crate) level: Level,
    pub(crate) source: LogSource,
    pub(crate) message: String,
}

/// Appends to the logs in a folder.
pub(crate) struct FileLog {
    folder: PathBuf,
    /// The file that was written to last, with its plugin.
    open: Mutex<Option<(PluginId, File)>>,
}

impl FileLog {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, open: Mutex::default() }
    }

    fn append(&self, line: &LogLine<'_>) -> std::io::Result<()> {
        let record = Record {
            timestamp: line.timestamp,
            level: line.level,
            source: line.source,
            message: line.message.to_owned(),
        };
        let mut text = serde_json::to_string(&record)?;
        text.push('\n');
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *open {
            Some((plugin, file)) if plugin == line.plugin && file.metadata()?.len() < FILE_BYTES => file,
            open => &mut open.insert((line.plugin.clone(), self.file(line.plugin)?)).1,
        };
        // One write, so that lines of two processes do not mix.
        file.write_all(text.as_bytes())
    }

    fn file(&self, plugin: &PluginId) -> std::io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        let path = path(&self.folder, plugin);
        let is_full = || path.metadata().is_ok_and(|file| file.len() >= FILE_BYTES);
        if is_full() {
            // Two commands that find it full at once must not move the fresh file over the old one.
            let lock = OpenOptions::new().create(true).truncate(false).write(true).open(self.folder.join("lock"))?;
            lock.lock()?;
            if is_full() {
                std::fs::rename(&path, old(&path))?;
            }
        }
        OpenOptions::new().create(true).append(true).open(path)
    }
}

impl LogSink for FileLog {
    fn write(&self, line: &LogLine<'_>) {
        if let Err(error) = self.append(line) {
            tracing::warn!(plugin = line.plugin.as_str(), "a line of its log is lost: {error}");
        }
    }
}

/// Deletes a plugin's log.
pub(crate) fn remove(folder: &Path, plugin: &PluginId) -> Result<(), Failure> {
    let path = path(folder, plugin);
    for path in [old(&path), path] {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::file(&path, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn path(folder: &Path, plugin: &PluginId) -> PathBuf {
    folder.join(format!("{plugin}.jsonl"))
}

/// Where a full file is moved. No plugin's own file is called so: those end in `.jsonl`.
fn old(path: &Path) -> PathBuf {
    path.with_extension("jsonl.old")
}

/// The plugins that have logged anything, by id.
pub(crate) fn plugins(folder: &Path) -> Result<Vec<PluginId>, Failure> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file(folder, &error)),
    };
    let id = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".jsonl")?.parse().ok();
    let mut plugins: Vec<_> = entries.filter_map(|entry| id(entry.ok()?)).collect();
    plugins.sort();
    Ok(plugins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(log: &FileLog, plugin: &PluginId, timestamp: u64, message: &str) {
        log.write(&LogLine { plugin, source: LogSource::Log, level: Level::Info, message, timestamp });
    }

    fn times(folder: &Path, plugin: &PluginId) -> Vec<u64> {
        let lines = Follower::new(folder, plugin.clone()).read().unwrap();
        lines.iter().map(|line| line.timestamp).collect()
    }

    #[test]
    fn lines_come_back_and_files_stay_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let plugin: PluginId = "test.plugin".parse().unwrap();
        let logs = folder.path().join("logs");
        let log = FileLog::new(logs.clone());
        for timestamp in 0..400 {
            write(&log, &plugin, timestamp, &"x".repeat(10_000));
        }
        let times = times(&logs, &plugin);
        assert!(times.len() > 100 && times.windows(2).all(|pair| pair[1] == pair[0] + 1), "{times:?}");
        assert_eq!(times.last(), Some(&399));
        let files = std::fs::read_dir(&logs).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes < 2 * FILE_BYTES + 20_000, "{bytes}");
        assert_eq!(plugins(&logs).unwrap(), [plugin], "the old file is nobody's own");
        assert!(plugins(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn whoever_finds_a_file_full_at_the_same_time_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let plugin: PluginId = "test.plugin".parse().unwrap();
        // Less than two files, so that all of it is kept if nothing is moved over anything.
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let log = FileLog::new(folder.path().to_owned());
                    (0..20).for_each(|timestamp| write(&log, &plugin, timestamp, &"x".repeat(10_000)));
                });
            }
        });
        assert_eq!(times(folder.path(), &plugin).len(), 160);
    }
}
