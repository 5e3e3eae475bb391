//! Owns what is worth a record when a plugin does the same again and again, or something else every time: the first, and a
//! count. It refuses to know how records are kept.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hal9_package::PluginId;

use super::{AuditKind, AuditRecord};

/// Repeats are counted for so long before the count is a record.
const WINDOW: Duration = Duration::from_secs(60);

/// So many different records of one kind and plugin are kept in a window; more are counted.
pub(super) const DIFFERENT: usize = 32;

/// So many windows are open at once. Beyond them, plugins share one.
const WINDOWS: usize = 1_024;

/// What was seen lately.
#[derive(Debug, Default)]
pub(super) struct Flood(HashMap<(AuditKind, Option<PluginId>), Window>);

#[derive(Debug)]
struct Window {
    ends: Instant,
    /// Records that were let through, and how often each came again.
    seen: Vec<(AuditRecord, u64)>,
    /// How many came that were not let through.
    more: u64,
}

impl Flood {
    /// The record, if it is to be written now.
    pub(super) fn pass(&mut self, record: AuditRecord, now: Instant) -> Option<AuditRecord> {
        // No plugin can provoke these.
        if matches!(record.kind, AuditKind::Policy | AuditKind::Install | AuditKind::Log) {
            return Some(record);
        }
        let mut key = (record.kind, record.plugin.clone());
        if self.0.len() >= WINDOWS && !self.0.contains_key(&key) {
            key.1 = None;
        }
        let open = || Window { ends: now + WINDOW, seen: Vec::new(), more: 0 };
        let window = self.0.entry(key).or_insert_with(open);
        if let Some((_, again)) = window.seen.iter_mut().find(|(seen, _)| is_same(seen, &record)) {
            *again += 1;
            return None;
        }
        if window.seen.len() >= DIFFERENT {
            window.more += 1;
            return None;
        }
        window.seen.push((record.clone(), 0));
        Some(record)
    }

    /// When the next count is to be written.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().map(|window| window.ends).min()
    }

    /// The counts of windows that are over by `now`, or of all.
    pub(super) fn counts(&mut self, now: Option<Instant>) -> Vec<AuditRecord> {
        let over = self.0.extract_if(|_, window| now.is_none_or(|now| window.ends <= now));
        let mut counts = Vec::new();
        for ((kind, plugin), window) in over {
            let again = window.seen.into_iter().filter(|(_, again)| *again > 0);
            counts.extend(again.map(|(record, count)| AuditRecord { count, ..record }));
            if window.more > 0 {
                let message = format!("and {} more of this kind", window.more);
                counts.push(AuditRecord { kind, plugin, ..AuditRecord::of_log(&message, window.more) });
            }
        }
        counts
    }
}

fn is_same(a: &AuditRecord, b: &AuditRecord) -> bool {
    (&a.message, &a.plugin, &a.permission, &a.help) == (&b.message, &b.plugin, &b.permission, &b.help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuditEvent;

    fn record(kind: AuditKind, plugin: &str, message: &str) -> AuditRecord {
        AuditRecord::new(&AuditEvent::new(kind, &plugin.parse().unwrap(), message))
    }

    #[test]
    fn repeats_and_floods_are_counted_and_nothing_else_is_held_back() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        let mut pass = |kind, plugin, message: &str| flood.pass(record(kind, plugin, message), now).is_some();
        assert!(pass(AuditKind::Deny, "test.a", "same"));
        assert!((0..99).all(|_| !pass(AuditKind::Deny, "test.a", "same")));
        let kept = (0..100).filter(|n| pass(AuditKind::Deny, "test.a", &n.to_string())).count();
        assert_eq!(kept, DIFFERENT - 1);
        // The other kinds of that plugin, and the other plugins.
        assert!(pass(AuditKind::Trap, "test.a", "same") && pass(AuditKind::Deny, "test.b", "same"));
        // What an operator did is never a flood.
        assert!((0..99).all(|_| pass(AuditKind::Policy, "test.a", "granted")));
        assert!(flood.counts(Some(now)).is_empty(), "it is too soon");
        let counts = flood.counts(Some(now + WINDOW));
        let counts: Vec<_> = counts.iter().map(|record| (record.kind, record.message.as_str(), record.count)).collect();
        assert_eq!(counts, [(AuditKind::Deny, "same", 99), (AuditKind::Deny, "and 69 more of this kind", 69)]);
        assert!(flood.next().is_none() && flood.pass(record(AuditKind::Deny, "test.a", "same"), now).is_some());
    }

    #[test]
    fn plugins_without_end_share_a_window() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        let kept =
            (0..5_000).filter(|n| flood.pass(record(AuditKind::Deny, &format!("test.p{n}"), "x"), now).is_some());
        assert_eq!(kept.count(), WINDOWS + DIFFERENT);
        assert!(flood.0.len() <= WINDOWS + 1);
    }
}
