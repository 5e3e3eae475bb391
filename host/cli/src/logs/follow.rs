//! Owns reading one plugin's log from its beginning and on, line by line, through every change of files. It refuses to know
//! who reads, and when the next lines are there: whoever asks gets those that are.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hal9_package::PluginId;

use super::{Record, old, path};
use crate::failure::Failure;

/// A line that is longer was not written by us.
const LINE_BYTES: usize = 1 << 20;

/// A reader of one plugin's log. The first lines that it reads are the oldest that are kept.
pub(crate) struct Follower {
    pub(crate) plugin: PluginId,
    path: PathBuf,
    /// The file that is read, with what it is known by whatever it is called; none, before there is one.
    open: Option<(File, Identity)>,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

/// What a file stays while it is renamed.
type Identity = (u64, u64);

impl Follower {
    pub(crate) fn new(folder: &Path, plugin: PluginId) -> Self {
        Self { path: path(folder, &plugin), plugin, open: None, begun: Vec::new() }
    }

    /// The lines that came since the last time. Lines that are torn are left out.
    pub(crate) fn read(&mut self) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        self.read_into(&mut records).map_err(|error| Failure::file(&self.path, &error))?;
        Ok(records)
    }

    fn read_into(&mut self, records: &mut Vec<Record>) -> io::Result<()> {
        self.read_on(records)?;
        let Some((file, current)) = open(&self.path)? else { return Ok(()) };
        let before = self.open.as_ref().map(|(_, identity)| *identity);
        if before == Some(current) {
            return Ok(());
        }
        // What was written to the last file until it was full, and the one after it, where that is full as well by now.
        self.read_on(records)?;
        if let Some((file, identity)) =
            open(&old(&self.path))?.filter(|(_, identity)| before != Some(*identity) && *identity != current)
        {
            self.begin(file, identity);
            self.read_on(records)?;
        }
        self.begin(file, current);
        self.read_on(records)
    }

    fn begin(&mut self, file: File, identity: Identity) {
        self.open = Some((file, identity));
        self.begun.clear();
    }

    /// Reads the open file to its end.
    fn read_on(&mut self, records: &mut Vec<Record>) -> io::Result<()> {
        let Some((file, _)) = &mut self.open else { return Ok(()) };
        let mut buffer = [0; 64 << 10];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            for part in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
                if self.begun.len() + part.len() <= LINE_BYTES {
                    self.begun.extend_from_slice(part);
                }
                if part.ends_with(b"\n") {
                    records.extend(serde_json::from_slice::<Record>(&self.begun).ok());
                    self.begun.clear();
                }
            }
        }
    }
}

/// A file with what it is known by; none, where there is no such file.
fn open(path: &Path) -> io::Result<Option<(File, Identity)>> {
    match File::open(path) {
        Ok(file) => {
            let identity = identity(&file.metadata()?);
            Ok(Some((file, identity)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(file: &Metadata) -> Identity {
    let made = file.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    (made.as_secs(), made.subsec_nanos().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    struct Log(tempfile::TempDir);

    impl Log {
        fn append(&self, lines: &str) {
            let path = self.0.path().join("test.plugin.jsonl");
            let mut file = File::options().create(true).append(true).open(path).unwrap();
            file.write_all(lines.as_bytes()).unwrap();
        }

        fn rotate(&self) {
            let path = self.0.path().join("test.plugin.jsonl");
            std::fs::rename(&path, old(&path)).unwrap();
        }
    }

    fn line(timestamp: u64) -> String {
        let (level, source, message) = (hal9_host::Level::Info, hal9_host::LogSource::Log, String::new());
        serde_json::to_string(&Record { timestamp, level, source, message }).unwrap() + "\n"
    }

    #[test]
    fn lines_come_once_whole_and_in_order_through_changes_of_files() {
        let log = Log(tempfile::tempdir().unwrap());
        let mut follower = Follower::new(log.0.path(), "test.plugin".parse().unwrap());
        let mut next = || follower.read().unwrap().iter().map(|line| line.timestamp).collect::<Vec<_>>();
        assert!(next().is_empty(), "nothing was logged yet");
        log.append(&line(1));
        assert_eq!(next(), [1]);
        let (half, rest) = (line(2)[..9].to_owned(), line(2)[9..].to_owned());
        log.append(&half);
        assert!(next().is_empty());
        log.append(&format!("{rest}torn\n{}", line(3)));
        assert_eq!(next(), [2, 3]);
        log.append(&line(4));
        log.rotate();
        assert_eq!(next(), [4], "of the file that is called otherwise now");
        log.append(&line(5));
        assert_eq!(next(), [5]);
        log.append(&line(6));
        log.rotate();
        log.append(&line(7));
        log.rotate();
        log.append(&line(8));
        assert_eq!(next(), [6, 7, 8], "two files were filled meanwhile");
        assert!(next().is_empty());
    }
}
