//! Owns the log as plugins' threads see it: a record is taken at once, and written beside them. It refuses to know how a
//! chain is made.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::chain::Chain;
use super::files::{Files, each_line};
use super::flood::Flood;
use super::record::AuditRecord;
use super::verify::{AuditVerified, verify};
use super::{AuditEvent, AuditSink};

/// So many records wait to be written; more are lost, and counted.
pub(super) const WAITING: usize = 1_024;

/// The time between two writes, so that a storm of traps does not make a storm of writes.
const REST: Duration = Duration::from_millis(50);

/// How long a flush waits: for a write that has begun and waits for the file's lock, which takes five seconds, and for the one after it, which has what
/// was recorded since.
const PATIENCE: Duration = Duration::from_secs(15);

/// The audit log: a file with a record a line, each with the hash of the one before it. Several processes may write to one.
///
/// A record waits a few milliseconds before it is written; [`flush`](Self::flush) and dropping the log write all of them. What
/// is refused, broken or changed is on disk then; that plugins were loaded and unloaded is left to the system's own time.
/// Where a plugin does the same again and again, the first record stands at once, and a count of the others after a minute.
/// A file of 64 MiB becomes `audit.1.jsonl`; three such are kept.
///
/// # What the chain shows
///
/// [`verify`](Self::verify) finds every change of a byte, and lines that are gone, moved or added, as long as whoever made
/// it could not make the hashes again. `audit.head` holds the newest hash, so that a tail that was cut off is missed; where
/// that is gone as well, the next record says so, and so does `verify` from then on. Whoever
/// can write to the folder can make all of it again, the chain and the head, and nobody could tell from these files alone. Against
/// that, keep the hash of a record elsewhere from time to time: everything up to that record is certain then.
#[derive(Debug)]
pub struct AuditLog {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Something was done.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    flood: Flood,
    waiting: Vec<AuditRecord>,
    lost: u64,
    /// Flushes that were asked for, and those that are done.
    asked: u64,
    done: u64,
    closing: bool,
    /// Why the last write failed, if it did.
    failure: Option<String>,
}

impl State {
    /// Has records wait again, before those that came since; for how many there is no room.
    fn put_back(&mut self, mut records: Vec<AuditRecord>) -> u64 {
        records.append(&mut self.waiting);
        let many = records.len().saturating_sub(WAITING);
        records.truncate(WAITING);
        self.waiting = records;
        many as u64
    }
}

impl AuditLog {
    /// The log in a file, such as `audit.jsonl`. The first record makes it.
    ///
    /// # Errors
    ///
    /// That of the system, where it has no thread to give.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with(Chain::new(Files(path.into())))
    }

    fn with(chain: Chain) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let writer = std::thread::Builder::new().name("hal9-audit".to_owned()).spawn(move || theirs.write(chain))?;
        Ok(Self { shared, writer: Some(writer) })
    }

    /// Waits until all that was recorded is written.
    ///
    /// # Errors
    ///
    /// Why it could not be. After a full disk, the records are lost, and the next one that can be written says how many; while
    /// another process holds the lock, they wait.
    pub fn flush(&self) -> io::Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        state.asked += 1;
        let asked = state.asked;
        self.shared.work.notify_all();
        while state.done < asked {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the audit log could not be written in time"));
            }
            state = self.shared.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.failure.clone().map_or(Ok(()), |failure| Err(io::Error::other(failure)))
    }

    /// Calls `each` with the records of a log, oldest first. Lines that are no records are left out: see
    /// [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// A file that cannot be read. One that is not there has no records.
    pub fn read(path: &Path, mut each: impl FnMut(AuditRecord)) -> io::Result<()> {
        for (_, file) in Files(path.to_owned()).open()?.files {
            each_line(file, |line| line.record().into_iter().for_each(&mut each))?;
        }
        Ok(())
    }

    /// Holds all records of a log against their hashes, the records before them, and the newest hash.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn verify(path: &Path) -> io::Result<AuditVerified> {
        verify(&Files(path.to_owned()))
    }
}

impl AuditSink for AuditLog {
    fn record(&self, event: &AuditEvent) {
        let record = AuditRecord::new(event);
        let mut state = self.shared.lock();
        let Some(record) = state.flood.pass(record, Instant::now()) else { return };
        if state.waiting.len() < WAITING {
            state.waiting.push(record);
            self.shared.work.notify_all();
        } else {
            state.lost += 1;
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits, until the log is closed and all is written.
    fn write(&self, mut chain: Chain) {
        let mut rested = Instant::now();
        loop {
            let (records, lost, asked, closing) = self.wait(rested);
            let mut batch = records.clone();
            if lost > 0 {
                let why = self.lock().failure.clone().unwrap_or_else(|| "there were too many at once".to_owned());
                let records_were = if lost == 1 { "one record was" } else { &format!("{lost} records were") };
                batch.insert(0, AuditRecord::of_log(&format!("{records_were} lost: {why}"), lost));
            }
            let result = if batch.is_empty() { Ok(()) } else { chain.append(batch) };
            let mut state = self.lock();
            if let Err(error) = &result {
                // A log that another process holds is a good one, and will be free again.
                let waits = error.kind() == io::ErrorKind::TimedOut && !closing;
                let many = if waits { state.put_back(records) } else { records.len() as u64 };
                state.lost += lost + many;
                if many > 0 {
                    tracing::error!("{many} records of the audit log are lost: {error}");
                }
            }
            state.failure = result.err().map(|error| error.to_string());
            state.done = asked;
            drop(state);
            self.done.notify_all();
            if closing {
                return;
            }
            rested = Instant::now() + REST;
        }
    }

    /// Waits for something to write, and takes it: records, how many were lost, the flush that this is for, and whether
    /// it is the last time.
    fn wait(&self, rested: Instant) -> (Vec<AuditRecord>, u64, u64, bool) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let urgent = state.closing || state.asked > state.done;
            let due = if state.waiting.is_empty() { state.flood.next() } else { Some(now) };
            let until = due.map(|due| due.max(rested));
            if urgent || until.is_some_and(|until| until <= now) {
                let mut records = std::mem::take(&mut state.waiting);
                records.extend(state.flood.counts((!urgent).then_some(now)));
                return (records, std::mem::take(&mut state.lost), state.asked, state.closing);
            }
            state = match until {
                Some(until) => self.work.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0,
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditKind;
    use crate::audit::flood::DIFFERENT;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn event(kind: AuditKind, message: &str) -> AuditEvent {
        AuditEvent::new(kind, &"test.a".parse().unwrap(), message)
    }

    fn read(path: &Path) -> Vec<AuditRecord> {
        let mut records = Vec::new();
        AuditLog::read(path, |record| records.push(record)).unwrap();
        records
    }

    #[test]
    fn threads_and_logs_at_once_make_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        // Two logs, as two processes have, with two threads each.
        let logs = [AuditLog::open(&path).unwrap(), AuditLog::open(&path).unwrap()];
        std::thread::scope(|scope| {
            for (log, thread) in logs.iter().chain(&logs).zip(0..) {
                scope.spawn(move || {
                    for n in 0..25 {
                        log.record(&event(AuditKind::Policy, &format!("{thread} {n}")));
                        log.flush().unwrap();
                    }
                });
            }
        });
        drop(logs);
        let verified = AuditLog::verify(&path).unwrap();
        assert!(verified.damage.is_empty(), "{verified:?}");
        let mut said: Vec<_> = read(&path).into_iter().map(|record| record.message).collect();
        said.sort();
        said.dedup();
        assert_eq!((said.len(), verified.records), (100, 100));
    }

    #[test]
    fn a_flood_of_a_million_stays_small_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let log = AuditLog::open(&path).unwrap();
        let events: Vec<_> = (0..1_000).map(|n| event(AuditKind::Trap, &format!("trap {n}"))).collect();
        for n in 0..1_000_000 {
            log.record(&events[n % 1_000]);
        }
        drop(log);
        let records = read(&path);
        // Guards both counts, as a run may last for longer than one window on a slow machine.
        assert!((DIFFERENT + 1..=6 * DIFFERENT).contains(&records.len()), "{}", records.len());
        assert_eq!(records.iter().map(|record| record.count).sum::<u64>(), 1_000_000);
        assert!(path.metadata().unwrap().len() < 100_000);
    }

    #[test]
    fn what_a_full_disk_loses_is_said_by_the_next_record_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let full = Arc::new(AtomicBool::new(true));
        let is_full = full.clone();
        let mut chain = Chain::new(Files(path.clone()));
        chain.write = Box::new(move |file, bytes| {
            if is_full.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.write_all(bytes)
        });
        let log = AuditLog::with(chain).unwrap();
        for message in ["a", "b", "c"] {
            log.record(&event(AuditKind::Deny, message));
            assert!(log.flush().is_err());
        }
        full.store(false, Ordering::Relaxed);
        log.record(&event(AuditKind::Deny, "d"));
        log.flush().unwrap();
        let records = read(&path);
        let said: Vec<_> = records.iter().map(|record| (record.kind, record.count, record.message.as_str())).collect();
        assert_eq!(said[1], (AuditKind::Deny, 1, "d"));
        assert!(said[0].2.starts_with("3 records were lost: ") && said[0].1 == 3, "{said:?}");
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn what_is_put_back_comes_first_and_what_has_no_room_is_counted() {
        let records = |message: &str, count| vec![AuditRecord::new(&event(AuditKind::Policy, message)); count];
        let mut state = State { waiting: records("later", WAITING - 1), ..State::default() };
        assert_eq!(state.put_back(records("before", 3)), 2);
        assert_eq!(state.waiting.len(), WAITING);
        assert!(state.waiting[2].message == "before" && state.waiting[3].message == "later");
    }

    #[test]
    fn nothing_is_made_where_nothing_happens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        AuditLog::open(&path).unwrap().flush().unwrap();
        assert!(read(&path).is_empty() && AuditLog::verify(&path).unwrap().damage.is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
