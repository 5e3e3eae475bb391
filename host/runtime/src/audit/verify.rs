//! Owns the reading of a whole log against its hashes: what was changed, moved, taken away or torn. It refuses to know how
//! it got there.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::files::{Files, Head, Line, Opened, each_line};
use super::record::{AuditRecord, ROOT};

/// So much damage is told at most.
const TOLD: usize = 20;

/// What is wrong at one place of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DamageKind {
    /// The record is not what was written.
    Changed,
    /// Records are gone, up to the one that stands there.
    Missing,
    /// The record stands in another place than it was written to.
    Misplaced,
    /// The last line is not whole. The next record closes it off.
    Torn,
    /// The newest records are gone.
    Cut,
    /// `audit.head` is not there or cannot be read, so that nobody can tell whether the newest records are gone. Or it was so
    /// when the log went on: records may have been cut off between the two that this is about.
    NoHead,
}

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AuditDamage {
    /// What.
    pub kind: DamageKind,
    /// In which file.
    pub file: PathBuf,
    /// In which line, from 1.
    pub line: u64,
    /// The first record that it is about.
    pub seq: u64,
    /// The last record that it is about.
    pub to: u64,
}

impl fmt::Display for AuditDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, file, line, seq, to } = self;
        let records = if seq == to { format!("record {seq} is") } else { format!("records {seq} to {to} are") };
        write!(f, "{}, line {line}: ", file.display())?;
        match kind {
            DamageKind::Changed => write!(f, "{records} not what was written"),
            DamageKind::Missing => write!(f, "{records} missing before it"),
            DamageKind::Misplaced => write!(f, "{records} in the wrong place"),
            DamageKind::Torn => f.write_str("the last line is not whole; the next record will close it off"),
            DamageKind::Cut => write!(f, "{records} missing after it: the end was cut off"),
            DamageKind::NoHead if seq < to => {
                write!(f, "records may have been cut off before record {to}: audit.head was gone when it was written")
            }
            DamageKind::NoHead => f.write_str("audit.head cannot be read, so that records may be missing after it"),
        }
    }
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AuditVerified {
    /// How many records.
    pub records: u64,
    /// The number of the first; 0 where there is none.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
    /// The hash of the last: kept elsewhere, it makes all before it certain.
    pub hash: String,
    /// How often a torn line was closed off.
    pub closed_off: u64,
    /// What is wrong; the first twenty of it.
    pub damage: Vec<AuditDamage>,
}

/// Lines that are no records, one after the other.
struct Loose {
    file: PathBuf,
    line: u64,
    lines: u64,
    hasher: blake3::Hasher,
    is_whole: bool,
}

struct Walk {
    head: Option<Head>,
    found: AuditVerified,
    loose: Option<Loose>,
    /// The place of the last line.
    file: PathBuf,
    line: u64,
}

pub(super) fn verify(files: &Files) -> io::Result<AuditVerified> {
    let Opened { head, files: opened } = files.open()?;
    let mut walk = Walk { head, found: AuditVerified::default(), loose: None, file: files.0.clone(), line: 1 };
    for (path, file) in opened {
        each_line(file, |line| walk.take(&path, line))?;
    }
    Ok(walk.end())
}

impl Walk {
    fn take(&mut self, file: &Path, line: &Line) {
        match line.record() {
            Some(record) => {
                self.record(file, line.number, &record);
                // A line break that is gone is all that is wrong then.
                if !line.is_whole() {
                    self.damage(DamageKind::Torn, file, line.number, record.seq, record.seq);
                }
            }
            None => {
                let loose = self.loose.get_or_insert_with(|| Loose {
                    file: file.to_owned(),
                    line: line.number,
                    lines: 0,
                    hasher: blake3::Hasher::new(),
                    is_whole: false,
                });
                loose.hasher.update(&line.bytes);
                loose.is_whole = line.is_whole();
                loose.lines += u64::from(loose.is_whole);
            }
        }
        file.clone_into(&mut self.file);
        self.line = line.number;
    }

    fn record(&mut self, file: &Path, line: u64, record: &AuditRecord) {
        let expected = self.found.last + 1;
        let mut room = 0;
        match self.loose.take() {
            Some(loose) if record.torn == Some(loose.hasher.finalize().to_string()) => self.found.closed_off += 1,
            // As many records as lines may have stood there.
            Some(loose) => {
                room = loose.lines.min(record.seq.saturating_sub(expected));
                let to = expected + room.saturating_sub(1);
                self.damage(DamageKind::Changed, &loose.file, loose.line, expected, to);
            }
            None if record.torn.is_some() => self.damage(DamageKind::Changed, file, line, record.seq, record.seq),
            None => {}
        }
        if self.head.as_ref().is_some_and(|head| head.seq == record.seq && head.hash != record.hash) {
            self.damage(DamageKind::Changed, file, line, record.seq, record.seq);
        }
        let is_first = self.found.records == 0;
        self.found.records += 1;
        if record.seq < expected {
            self.misplaced(file, line, record.seq);
            return;
        }
        let expected = expected + room;
        if is_first && self.head.as_ref().is_some_and(|head| record.seq <= head.first) && record.seq > 1 {
            // Files that were full are gone; which record stood before this one, nobody can tell.
        } else if record.seq > expected {
            self.damage(DamageKind::Missing, file, line, expected, record.seq - 1);
        } else if room == 0 && record.prev != if is_first { ROOT } else { &self.found.hash } {
            let (file, line) = (self.file.clone(), self.line);
            self.damage(DamageKind::Changed, &file, line, expected - 1, expected - 1);
        }
        if record.no_head {
            self.damage(DamageKind::NoHead, file, line, record.seq.saturating_sub(1), record.seq);
        }
        if is_first {
            self.found.first = record.seq;
        }
        self.found.last = record.seq;
        record.hash.clone_into(&mut self.found.hash);
    }

    /// A record whose number has passed: not missing where it was missed, if it was.
    fn misplaced(&mut self, file: &Path, line: u64, seq: u64) {
        self.found
            .damage
            .retain(|damage| !(damage.kind == DamageKind::Missing && damage.seq == seq && damage.to == seq));
        self.damage(DamageKind::Misplaced, file, line, seq, seq);
    }

    fn end(mut self) -> AuditVerified {
        let (file, line, last) = (self.file.clone(), self.line, self.found.last);
        if let Some(loose) = self.loose.take() {
            let kind = if loose.is_whole || loose.lines > 0 { DamageKind::Changed } else { DamageKind::Torn };
            self.damage(kind, &loose.file, loose.line, last + 1, last + loose.lines.max(1));
        }
        match &self.head {
            Some(head) if head.seq > last => {
                let to = head.seq;
                self.damage(DamageKind::Cut, &file, line, last + 1, to);
            }
            None if self.found.records > 0 => self.damage(DamageKind::NoHead, &file, line, last, last),
            _ => {}
        }
        self.found
    }

    fn damage(&mut self, kind: DamageKind, file: &Path, line: u64, seq: u64, to: u64) {
        if self.found.damage.len() < TOLD {
            self.found.damage.push(AuditDamage { kind, file: file.to_owned(), line, seq, to });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::Chain;
    use crate::audit::{AuditEvent, AuditKind};

    /// A log of five records, and its lines.
    fn log() -> (tempfile::TempDir, Files, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let files = Files(folder.path().join("audit.jsonl"));
        let mut chain = Chain::new(files.clone());
        for n in 0..5 {
            let event = AuditEvent::new(AuditKind::Deny, &"test.a".parse().unwrap(), &format!("refused {n}"));
            chain.append(vec![AuditRecord::new(&event)]).unwrap();
        }
        let lines = std::fs::read_to_string(&files.0).unwrap().lines().map(|line| format!("{line}\n")).collect();
        (folder, files, lines)
    }

    /// What is found in a log of these lines: kind, line and records.
    fn found(files: &Files, lines: &[String]) -> Vec<(DamageKind, u64, u64, u64)> {
        std::fs::write(&files.0, lines.concat()).unwrap();
        let damage = verify(files).unwrap().damage;
        damage.iter().map(|it| (it.kind, it.line, it.seq, it.to)).collect()
    }

    #[test]
    fn a_log_that_nobody_touched_is_whole() {
        let (_folder, files, lines) = log();
        assert_eq!(found(&files, &lines), []);
        let verified = verify(&files).unwrap();
        assert_eq!((verified.records, verified.first, verified.last), (5, 1, 5));
    }

    #[test]
    fn every_byte_counts() {
        let (_folder, files, lines) = log();
        let whole = lines.concat().into_bytes();
        // Guards the hash of each record, and the lines between them.
        for at in 0..whole.len() {
            for by in [1, 0x80] {
                let mut changed = whole.clone();
                changed[at] ^= by;
                std::fs::write(&files.0, changed).unwrap();
                assert!(!verify(&files).unwrap().damage.is_empty(), "byte {at}");
            }
        }
        assert_eq!(found(&files, &lines), []);
    }

    #[test]
    fn what_was_done_is_named_with_its_place() {
        use DamageKind::{Changed, Cut, Misplaced, Missing, NoHead, Torn};
        let (_folder, files, lines) = log();
        let with = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            found(&files, &lines)
        };
        assert_eq!(with(&|lines| lines[2] = lines[2].replace("refused", "granted")), [(Changed, 3, 3, 3)]);
        assert_eq!(with(&|lines| drop(lines.remove(2))), [(Missing, 3, 3, 3)]);
        assert_eq!(with(&|lines| drop(lines.remove(0))), [(Missing, 1, 1, 1)]);
        assert_eq!(with(&|lines| lines.swap(1, 2)), [(Misplaced, 3, 2, 2)]);
        assert_eq!(with(&|lines| lines.insert(3, lines[1].clone())), [(Misplaced, 4, 2, 2)]);
        assert_eq!(with(&|lines| lines.insert(3, "{}\n".to_owned())), [(Changed, 4, 4, 4)]);
        assert_eq!(with(&|lines| lines.truncate(3)), [(Cut, 3, 4, 5)]);
        assert_eq!(with(&|lines| lines.clear()), [(Cut, 1, 1, 5)]);
        assert_eq!(with(&|lines| lines[4] = lines[4].trim_end().to_owned()), [(Torn, 5, 5, 5)]);
        assert_eq!(with(&|lines| lines[4].truncate(50)), [(Torn, 5, 5, 5), (Cut, 5, 5, 5)]);
        // A record of one's own with a hash of its own: the next one follows another.
        let forge = |lines: &mut Vec<String>, at: usize| {
            let mut record = AuditRecord::read(lines[at].trim_end().as_bytes()).unwrap();
            record.message = "nothing happened".to_owned();
            let (seq, prev) = (record.seq, record.prev.clone());
            lines[at] = record.seal(seq, &prev).unwrap();
        };
        assert_eq!(with(&|lines| forge(lines, 2)), [(Changed, 3, 3, 3)]);
        // The newest one is held by the head.
        assert_eq!(with(&|lines| forge(lines, 4)), [(Changed, 5, 5, 5)]);
        std::fs::remove_file(files.0.with_extension("head")).unwrap();
        assert_eq!(with(&|_| {}), [(NoHead, 5, 5, 5)]);
    }

    #[test]
    fn a_tail_that_was_cut_is_missed_even_when_the_log_went_on() {
        let (_folder, files, lines) = log();
        std::fs::write(&files.0, lines[..3].concat()).unwrap();
        let event = AuditEvent::new(AuditKind::Load, &"test.a".parse().unwrap(), "later");
        Chain::new(files.clone()).append(vec![AuditRecord::new(&event)]).unwrap();
        let damage = verify(&files).unwrap().damage;
        assert_eq!((damage[0].kind, damage[0].seq, damage[0].to, damage.len()), (DamageKind::Missing, 4, 5, 1));
        assert!(damage[0].to_string().ends_with("line 4: records 4 to 5 are missing before it"), "{}", damage[0]);
    }

    #[test]
    fn a_tail_that_was_cut_with_its_head_is_told_when_the_log_goes_on() {
        let event = AuditEvent::new(AuditKind::Load, &"test.a".parse().unwrap(), "later");
        let head = |files: &Files| files.0.with_extension("head");
        // Guards the record that says so: without it, the chain goes on from record 3 as if there had been no other.
        for spoil in
            [|path: &Path| std::fs::remove_file(path).unwrap(), |path: &Path| std::fs::write(path, "{").unwrap()]
        {
            let (_folder, files, lines) = log();
            std::fs::write(&files.0, lines[..3].concat()).unwrap();
            spoil(&head(&files));
            for _ in 0..2 {
                Chain::new(files.clone()).append(vec![AuditRecord::new(&event)]).unwrap();
            }
            let verified = verify(&files).unwrap();
            let damage = &verified.damage;
            assert_eq!((damage[0].kind, damage[0].seq, damage[0].to, damage.len()), (DamageKind::NoHead, 3, 4, 1));
            assert!(damage[0].to_string().contains("may have been cut off before record 4"), "{}", damage[0]);
            assert_eq!(verified.records, 6, "it is said once, before the first that was appended");
        }
        // A log that begins is not one that was cut, even where its first writer was killed before it wrote.
        let folder = tempfile::tempdir().unwrap();
        let files = Files(folder.path().join("audit.jsonl"));
        let mut stopped = Chain::new(files.clone());
        stopped.write = Box::new(|_, _| Err(io::ErrorKind::StorageFull.into()));
        stopped.append(vec![AuditRecord::new(&event)]).unwrap_err();
        assert!(head(&files).exists(), "the anchor is there before the first record");
        Chain::new(files.clone()).append(vec![AuditRecord::new(&event)]).unwrap();
        assert!(verify(&files).unwrap().damage.is_empty());
    }
}
