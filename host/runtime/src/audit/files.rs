//! Owns the files of a log: their names, the lock between processes, the anchor of the newest record, and how lines are
//! read. It refuses to know what holds between records.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::record::{AuditRecord, LINE_BYTES};

/// So many full files are kept beside the one that is written.
pub(super) const KEPT: u32 = 3;

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The files beside `audit.jsonl`: `audit.1.jsonl` and on, the newest first; `audit.head`; `audit.lock`.
#[derive(Clone, Debug)]
pub(super) struct Files(pub(super) PathBuf);

/// The newest record, and where the log begins; kept apart, so that a tail that was cut off is missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: String,
    /// The first record that is still kept.
    pub(super) first: u64,
}

/// A log as it was at one moment, open to be read.
pub(super) struct Opened {
    pub(super) head: Option<Head>,
    /// Oldest first.
    pub(super) files: Vec<(PathBuf, io::Take<File>)>,
}

impl Files {
    /// A full file; 1 is the newest.
    pub(super) fn full(&self, number: u32) -> PathBuf {
        self.0.with_extension(format!("{number}.jsonl"))
    }

    /// The files that are there, oldest first.
    pub(super) fn all(&self) -> Vec<PathBuf> {
        let mut all: Vec<_> = (1..=KEPT).rev().map(|number| self.full(number)).collect();
        all.push(self.0.clone());
        all.retain(|path| path.exists());
        all
    }

    /// Waits until no other process writes.
    pub(super) fn lock(&self) -> io::Result<File> {
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let path = self.0.with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        wait(|| file.try_lock())?;
        Ok(file)
    }

    /// Opens all files while nobody writes. What is turned over or appended later changes nothing of what is read.
    pub(super) fn open(&self) -> io::Result<Opened> {
        let _lock = self.lock_to_read()?;
        let open = |path: PathBuf| {
            let file = File::open(&path)?;
            let bytes = file.metadata()?.len();
            Ok((path, file.take(bytes)))
        };
        Ok(Opened { head: self.head()?, files: self.all().into_iter().map(open).collect::<io::Result<_>>()? })
    }

    /// Waits until nobody writes; none for a log that nobody has written to.
    fn lock_to_read(&self) -> io::Result<Option<File>> {
        let file = match File::open(self.0.with_extension("lock")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        wait(|| file.try_lock_shared())?;
        Ok(Some(file))
    }

    /// Has the name of a new file last.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        match self.0.parent() {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// The anchor; none where there is none that can be read.
    pub(super) fn head(&self) -> io::Result<Option<Head>> {
        let file = match File::open(self.0.with_extension("head")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(LINE_BYTES as u64).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Writes the anchor, whole or not at all.
    pub(super) fn set_head(&self, head: &Head, sync: bool) -> io::Result<()> {
        let path = self.0.with_extension("head.new");
        let mut file = File::create(&path)?;
        file.write_all(&serde_json::to_vec(head)?)?;
        if sync {
            file.sync_all()?;
        }
        std::fs::rename(path, self.0.with_extension("head"))
    }
}

/// Tries until it is locked, for as long as one may wait: a process that was stopped while it wrote keeps no other waiting.
fn wait(mut try_lock: impl FnMut() -> Result<(), TryLockError>) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() > until => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds the lock of the audit log"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A line, or a piece of one that is too long for a record.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// With its line break, if it has one.
    pub(super) bytes: Vec<u8>,
}

impl Line {
    pub(super) fn is_whole(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    pub(super) fn record(&self) -> Option<AuditRecord> {
        AuditRecord::read(self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes))
    }
}

/// Calls `each` with the lines of a file in their order.
pub(super) fn each_line(file: impl io::Read, mut each: impl FnMut(&Line)) -> io::Result<()> {
    let mut reader = BufReader::new(file);
    let mut line = Line { number: 1, bytes: Vec::new() };
    loop {
        line.bytes.clear();
        if (&mut reader).take(LINE_BYTES as u64).read_until(b'\n', &mut line.bytes)? == 0 {
            return Ok(());
        }
        each(&line);
        line.number += u64::from(line.is_whole());
    }
}

/// How a file ends.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) bytes: u64,
    /// The last record.
    pub(super) last: Option<AuditRecord>,
    /// Whether its line break is missing.
    pub(super) is_open: bool,
    /// What stands behind it and is no record; more than this, where no record was found.
    pub(super) loose: Vec<u8>,
}

impl Tail {
    pub(super) fn read(file: &mut File) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        // Room for a whole record and the rest of another.
        let window = bytes.min(2 * LINE_BYTES as u64);
        file.seek(SeekFrom::Start(bytes - window))?;
        let mut text = Vec::new();
        (&mut *file).take(window).read_to_end(&mut text)?;
        let mut end = text.len();
        while end > 0 {
            let stop = if text[end - 1] == b'\n' { end - 1 } else { end };
            let start = text[..stop].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            if let Some(record) = AuditRecord::read(&text[start..stop]) {
                let (is_open, loose) = (stop == end, text.split_off(end));
                return Ok(Self { bytes, last: Some(record), is_open, loose });
            }
            end = start;
        }
        Ok(Self { bytes, last: None, is_open: false, loose: text })
    }
}
