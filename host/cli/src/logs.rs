//! Owns the plugins' logs: a file of JSON lines each, bounded. It refuses to know who reads them when.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hal9_host::{Level, LogLine, LogSink, LogSource};
use hal9_package::PluginId;
use serde::{Deserialize, Serialize};

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
        if path.metadata().is_ok_and(|file| file.len() >= FILE_BYTES) {
            std::fs::rename(&path, path.with_extension("old.jsonl"))?;
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
    for path in [path.with_extension("old.jsonl"), path] {
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

/// The last `count` lines of a plugin's log, oldest first. Lines that are torn are left out.
pub(crate) fn tail(folder: &Path, plugin: &PluginId, count: usize) -> Result<Vec<Record>, Failure> {
    let path = path(folder, plugin);
    let mut records = Vec::new();
    for path in [path.with_extension("old.jsonl"), path] {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Failure::file(&path, &error)),
        };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        records.extend(lines.filter_map(|line| serde_json::from_str::<Record>(&line).ok()));
    }
    Ok(records.split_off(records.len().saturating_sub(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_files_stay_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let plugin: PluginId = "test.plugin".parse().unwrap();
        let log = FileLog::new(folder.path().join("logs"));
        let message = "x".repeat(10_000);
        for timestamp in 0..400 {
            let (level, source) = (Level::Info, LogSource::Log);
            log.write(&LogLine { plugin: &plugin, source, level, message: &message, timestamp });
        }
        let records = tail(&folder.path().join("logs"), &plugin, 3).unwrap();
        assert_eq!(records.iter().map(|record| record.timestamp).collect::<Vec<_>>(), [397, 398, 399]);
        let files = std::fs::read_dir(folder.path().join("logs")).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes < 2 * FILE_BYTES + 20_000, "{bytes}");
        assert!(tail(folder.path(), &plugin, 3).unwrap().is_empty());
    }
}
