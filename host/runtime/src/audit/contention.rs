//! Tests of a log that others read and write at the same time.

use std::path::Path;

use super::chain::Chain;
use super::files::Files;
use super::log::WAITING;
use super::{AuditEvent, AuditKind, AuditLog, AuditRecord, AuditSink as _};

fn event(message: &str) -> AuditEvent {
    AuditEvent::new(AuditKind::Policy, &"test.a".parse().unwrap(), message)
}

fn read(path: &Path) -> Vec<AuditRecord> {
    let mut records = Vec::new();
    AuditLog::read(path, |record| records.push(record)).unwrap();
    records
}

#[test]
fn records_wait_while_another_process_holds_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open(&path).unwrap();
    let held = Files(path.clone()).lock().unwrap();
    log.record(&event("the first"));
    assert!(log.flush().unwrap_err().to_string().contains("holds the lock"));
    // Guards the bound: what waits stays small, and what finds no room is counted.
    let more = WAITING + 100;
    for n in 0..more {
        log.record(&event(&n.to_string()));
    }
    drop(held);
    log.flush().unwrap();
    let records = read(&path);
    let lost: u64 = records.iter().filter(|record| record.kind == AuditKind::Log).map(|record| record.count).sum();
    let kept: Vec<_> = records.iter().filter(|record| record.kind == AuditKind::Policy).collect();
    assert_eq!(kept[0].message, "the first", "it was put back, before those that came later");
    assert_eq!(kept.len() as u64 + lost, more as u64 + 1);
    assert!(kept.len() >= WAITING && AuditLog::verify(&path).unwrap().damage.is_empty());
}

#[test]
fn whoever_reads_keeps_nobody_from_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut chain = Chain::new(Files(path.clone()));
    chain.file_bytes = 100;
    let mut append = |message: &str| chain.append(vec![AuditRecord::new(&event(message))]).unwrap();
    append("a");
    append("b");
    let mut seen = Vec::new();
    AuditLog::read(&path, |record| {
        // Each turns the files over.
        append("later");
        seen.push(record.message);
    })
    .unwrap();
    assert_eq!(seen, ["a", "b"], "what was there when it began, each once");
    assert_eq!(read(&path).len(), 4);
}
