//! Owns how records are appended to a chain that several processes share: sealed onto the newest record, whole or not at
//! all. It refuses to know what happened, and when records are worth writing.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::AuditKind;
use super::files::{Files, Head, KEPT, Tail, each_line};
use super::record::{AuditRecord, ROOT};

/// A file that would be larger becomes an old one.
const FILE_BYTES: u64 = 64 << 20;

/// How bytes get into a file; another one in tests, that fails as a full disk does.
type Write = Box<dyn FnMut(&mut File, &[u8]) -> io::Result<()> + Send>;

/// Appends to the log of these files.
pub(super) struct Chain {
    files: Files,
    pub(super) file_bytes: u64,
    pub(super) write: Write,
}

impl Chain {
    pub(super) fn new(files: Files) -> Self {
        Self { files, file_bytes: FILE_BYTES, write: Box::new(|file, bytes| file.write_all(bytes)) }
    }

    /// Appends records in their order: all of them or, where it fails, none. Records that matter are on disk then.
    pub(super) fn append(&mut self, mut records: Vec<AuditRecord>) -> io::Result<()> {
        let sync = records.iter().any(|record| !matches!(record.kind, AuditKind::Load | AuditKind::Unload));
        let _lock = self.files.lock()?;
        let mut file = self.open()?;
        let mut tail = Tail::read(&mut file)?;
        let head = self.files.head()?;
        let (mut seq, mut hash) = self.newest(&tail, head.as_ref())?;
        let mut first = match &head {
            Some(head) => head.first,
            None if seq > 0 => {
                records.insert(0, without_head());
                self.oldest()?
            }
            None => {
                // Before the first record, so that nobody who is killed between the two leaves a log that looks cut.
                self.files.set_head(&Head { seq, hash: hash.clone(), first: 1 }, sync)?;
                1
            }
        };
        let mut text = String::new();
        if tail.is_open {
            text.push('\n');
        }
        if !tail.loose.is_empty() {
            records.insert(0, close_off(&mut tail, &mut text));
        }
        for record in &mut records {
            text.push_str(&record.seal(seq + 1, &hash)?);
            (seq, hash) = (record.seq, record.hash.clone());
        }
        let is_clean = !tail.is_open && tail.loose.is_empty();
        if is_clean && tail.bytes > 0 && tail.bytes + text.len() as u64 > self.file_bytes {
            first = self.rotate(first)?;
            file = self.open()?;
            tail.bytes = 0;
        }
        let written =
            (self.write)(&mut file, text.as_bytes()).and_then(|()| if sync { file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            // What got in before the disk was full is no record. Where this fails as well, the next append closes it off.
            let _ = file.set_len(tail.bytes);
            return Err(error);
        }
        if sync && tail.bytes == 0 {
            self.files.sync_folder()?;
        }
        if let Err(error) = self.files.set_head(&Head { seq, hash, first }, sync) {
            tracing::warn!("the anchor of the audit log could not be written: {error}");
        }
        Ok(())
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().create(true).read(true).append(true).open(&self.files.0)
    }

    /// The record that the next one follows: the last one, unless the anchor knows a later one. Then that is gone, and the
    /// gap in the numbers tells.
    fn newest(&self, tail: &Tail, head: Option<&Head>) -> io::Result<(u64, String)> {
        let mut last = tail.last.clone();
        for number in 1..=KEPT {
            if last.is_some() || head.is_some() {
                break;
            }
            if let Ok(mut file) = File::open(self.files.full(number)) {
                last = Tail::read(&mut file)?.last;
            }
        }
        Ok(match (last, head) {
            (Some(last), Some(head)) if head.seq < last.seq => (last.seq, last.hash),
            (_, Some(head)) => (head.seq, head.hash.clone()),
            (Some(last), None) => (last.seq, last.hash),
            (None, None) => (0, ROOT.to_owned()),
        })
    }

    /// The first record that is still there.
    fn oldest(&self) -> io::Result<u64> {
        for path in self.files.all() {
            if let Some(first) = first_in(&path)? {
                return Ok(first);
            }
        }
        Ok(1)
    }

    /// Moves every file on by one, the oldest away; the first record that is still kept. The anchor knows of it before any is
    /// gone, so that nobody who is killed here leaves a log that looks cut.
    fn rotate(&self, first: u64) -> io::Result<u64> {
        let mut first = first;
        if self.files.full(KEPT).exists()
            && let Some(kept) = self.files.all().get(1)
        {
            first = first_in(kept)?.unwrap_or(first);
            if let Some(head) = self.files.head()? {
                self.files.set_head(&Head { first, ..head }, true)?;
            }
        }
        for number in (1..KEPT).rev() {
            move_on(&self.files.full(number), &self.files.full(number + 1))?;
        }
        move_on(&self.files.0, &self.files.full(1))?;
        Ok(first)
    }
}

/// The number of the first record in a file.
fn first_in(path: &Path) -> io::Result<Option<u64>> {
    let mut first = None;
    each_line(File::open(path)?, |line| first = first.or_else(|| line.record().map(|record| record.seq)))?;
    Ok(first)
}

fn move_on(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// The record that says that nobody can tell whether it follows the newest one.
fn without_head() -> AuditRecord {
    let message = "audit.head was gone or could not be read: records before this one may have been cut off";
    AuditRecord { no_head: true, ..AuditRecord::of_log(message, 1) }
}

/// The record that says what stands before it: bytes that are no record, such as half of one whose writer was killed.
fn close_off(tail: &mut Tail, text: &mut String) -> AuditRecord {
    if !tail.loose.ends_with(b"\n") {
        tail.loose.push(b'\n');
        text.push('\n');
    }
    let message = format!(
        "{} bytes before this are no record: whoever wrote them was stopped, or they were changed",
        tail.loose.len()
    );
    let torn = tail.last.is_some() || tail.loose.len() as u64 > tail.bytes;
    let torn = torn.then(|| blake3::hash(&tail.loose).to_string());
    AuditRecord { torn, ..AuditRecord::of_log(&message, 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::verify::verify;
    use crate::audit::{AuditEvent, DamageKind};

    fn records(count: usize) -> Vec<AuditRecord> {
        let event = AuditEvent::new(AuditKind::Deny, &"test.a".parse().unwrap(), "something was refused");
        (0..count).map(|_| AuditRecord::new(&event)).collect()
    }

    fn chain(folder: &tempfile::TempDir) -> Chain {
        Chain::new(Files(folder.path().join("audit.jsonl")))
    }

    #[test]
    fn a_torn_line_is_closed_off_and_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = chain(&folder);
        chain.append(records(2)).unwrap();
        let path = chain.files.0.clone();
        let whole = std::fs::read_to_string(&path).unwrap();
        // Guards against a crash at any byte of a write: nothing is merged, and what was there before stays.
        let second = whole.lines().next().unwrap().len() + 1;
        for cut in second + 1..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let head = Head {
                seq: 1,
                hash: AuditRecord::read(whole.lines().next().unwrap().as_bytes()).unwrap().hash,
                first: 1,
            };
            chain.files.set_head(&head, false).unwrap();
            let torn = verify(&chain.files).unwrap();
            assert_eq!((torn.records <= 2, torn.damage[0].kind), (true, DamageKind::Torn), "{cut}: {torn:?}");
            chain.append(records(1)).unwrap();
            let closed = verify(&chain.files).unwrap();
            assert!(closed.damage.is_empty(), "{cut}: {closed:?}");
            // Where only the line break was missing, the record is whole.
            let expected = if cut == whole.len() - 1 { (3, 0) } else { (3, 1) };
            assert_eq!((closed.records, closed.closed_off), expected, "{cut}");
        }
    }

    #[test]
    fn files_are_turned_over_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = Chain { file_bytes: 2_000, ..chain(&folder) };
        for _ in 0..60 {
            chain.append(records(1)).unwrap();
        }
        let bytes: u64 = chain.files.all().iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(bytes <= 8_000, "{bytes}");
        let verified = verify(&chain.files).unwrap();
        assert!(verified.damage.is_empty(), "{verified:?}");
        assert!(verified.first > 1 && verified.last == 60, "{verified:?}");
        // Guards the anchor's `first`: a file that is gone is not one that was turned over.
        std::fs::remove_file(chain.files.full(KEPT)).unwrap();
        assert_eq!(verify(&chain.files).unwrap().damage[0].kind, DamageKind::Missing);
        // The current one as well: what is appended then does not hide it.
        std::fs::remove_file(&chain.files.0).unwrap();
        chain.append(records(1)).unwrap();
        assert_eq!(verify(&chain.files).unwrap().damage.len(), 2);
    }

    #[test]
    fn a_log_that_lost_its_head_begins_with_its_oldest_record() {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = Chain { file_bytes: 2_000, ..chain(&folder) };
        for _ in 0..60 {
            chain.append(records(1)).unwrap();
        }
        std::fs::write(chain.files.0.with_extension("head"), "no anchor").unwrap();
        // Guards `first`: files that were turned over long ago are not missing.
        for _ in 0..3 {
            chain.append(records(1)).unwrap();
            let damage = verify(&chain.files).unwrap().damage;
            assert_eq!((damage.len(), damage[0].kind), (1, DamageKind::NoHead), "{damage:?}");
        }
        let head = chain.files.head().unwrap().unwrap();
        assert_eq!(head.first, verify(&chain.files).unwrap().first);
    }

    #[test]
    fn a_full_disk_leaves_the_log_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = chain(&folder);
        chain.append(records(1)).unwrap();
        let before = std::fs::read(&chain.files.0).unwrap();
        chain.write = Box::new(|file, bytes| {
            file.write_all(&bytes[..bytes.len() / 2])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(chain.append(records(3)).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&chain.files.0).unwrap(), before);
        assert!(verify(&chain.files).unwrap().damage.is_empty());
    }

    #[test]
    fn a_file_that_is_no_log_is_neither_trusted_nor_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = chain(&folder);
        let garbage = b"\0garbage\n".repeat(50_000);
        std::fs::write(&chain.files.0, &garbage).unwrap();
        chain.append(records(1)).unwrap();
        assert!(std::fs::read(&chain.files.0).unwrap().starts_with(&garbage));
        assert_eq!(verify(&chain.files).unwrap().damage[0].kind, DamageKind::Changed);
    }
}
