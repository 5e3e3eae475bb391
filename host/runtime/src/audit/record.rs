//! Owns the form of one record: a line of JSON with the hash of the record before it, and in the end a hash of all of that.
//! It refuses to know which file it stands in.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use hal9_package::{Permission, PluginId};
use serde::{Deserialize, Serialize};

use super::{AuditEvent, AuditKind, Rule};
use crate::text::escape;

/// The hash that stands before the first record.
pub(super) const ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The most of each text that is kept, in bytes before escaping: enough for a sentence about a long key.
const TEXT_BYTES: usize = 1 << 10;

/// The longest line with its line break: three texts, every byte of them escaped, and the rest.
pub(super) const LINE_BYTES: usize = 32 << 10;

/// What stands between a record and its own hash.
const HASH: &str = ",\"hash\":\"";

/// One record as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// Its place, from 1. No number is used twice.
    pub seq: u64,
    /// When it happened for the first time of `count`, in milliseconds since the Unix epoch, by the clock of that moment.
    pub time: u64,
    /// What sort of thing.
    pub kind: AuditKind,
    /// Whose it is; none for the host's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginId>,
    /// What happened, in one line that is fit for a terminal.
    pub message: String,
    /// What would have allowed a denied use, where that can be written as a permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// Which rule refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// What to do about it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// How often it happened: beyond the first time, where the first has a record of its own.
    pub count: u64,
    /// The hash of bytes before this record that are no record, which this one closes off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torn: Option<String>,
    /// Whether `audit.head` was gone or could not be read when this was written, so that records before it may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_head: bool,
    /// The hash of the record before; of 64 zeros for the first.
    pub prev: String,
    /// The BLAKE3 hash of all before it in the line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

impl AuditRecord {
    /// A record that is not in a chain yet.
    pub(super) fn new(event: &AuditEvent) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            seq: 0,
            time: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            kind: event.kind,
            plugin: event.plugin.clone(),
            message: escape(&event.message, TEXT_BYTES),
            permission: event.permission.as_ref().and_then(written),
            rule: event.rule,
            help: escape(&event.help, TEXT_BYTES),
            count: 1,
            torn: None,
            no_head: false,
            prev: String::new(),
            hash: String::new(),
        }
    }

    /// A record of the log about itself.
    pub(super) fn of_log(message: &str, count: u64) -> Self {
        let event = AuditEvent {
            kind: AuditKind::Log,
            plugin: None,
            message: message.to_owned(),
            permission: None,
            rule: None,
            help: String::new(),
        };
        Self { count, ..Self::new(&event) }
    }

    /// Puts it into a chain, and gives its line.
    pub(super) fn seal(&mut self, seq: u64, prev: &str) -> io::Result<String> {
        self.seq = seq;
        prev.clone_into(&mut self.prev);
        self.hash.clear();
        let mut line = serde_json::to_string(self)?;
        self.hash = blake3::hash(line.as_bytes()).to_string();
        line.pop();
        line.push_str(&format!("{HASH}{}\"}}\n", self.hash));
        Ok(line)
    }

    /// Reads a line, without its line break. None where it is no record, or not the one that its hash was made of.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let at = line.len().checked_sub(HASH.len() + ROOT.len() + 2)?;
        let (body, end) = line.split_at(at);
        let hash = end.strip_prefix(HASH.as_bytes())?.strip_suffix(b"\"}")?;
        let body = [body, b"}"].concat();
        if blake3::hash(&body).to_string().as_bytes() != hash {
            return None;
        }
        let record: Self = serde_json::from_slice(&body).ok()?;
        let hash = String::from_utf8(hash.to_vec()).ok()?;
        // One that brings a hash of its own was not written here.
        record.hash.is_empty().then_some(Self { hash, ..record })
    }
}

/// A permission as people write it; none for one that is too long, or that they could not write.
fn written(permission: &Permission) -> Option<String> {
    let short = permission.scope.as_ref().is_none_or(|scope| scope.len() < TEXT_BYTES);
    let text = short.then(|| permission.to_string())?;
    (text.parse().as_ref() == Ok(permission)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(message: &str) -> AuditRecord {
        AuditRecord::new(&AuditEvent::new(AuditKind::Deny, &"test.a".parse().unwrap(), message))
    }

    #[test]
    fn a_record_comes_back_and_no_other_line_does() {
        let mut record = record("a \"quoted\" word");
        let line = record.seal(7, ROOT).unwrap();
        let line = line.strip_suffix('\n').unwrap().as_bytes();
        assert_eq!(AuditRecord::read(line), Some(record));
        // Guards the hash: it covers every byte.
        for at in 0..line.len() {
            let mut changed = line.to_vec();
            changed[at] ^= 1;
            assert_eq!(AuditRecord::read(&changed), None, "byte {at}");
        }
        for cut in 0..line.len() {
            assert_eq!(AuditRecord::read(&line[..cut]), None, "{cut} bytes");
        }
    }

    #[test]
    fn a_plugins_text_can_neither_end_a_line_nor_fill_a_disk() {
        // Guards the escaping and the cut: the message, the help and the permission are what a plugin chose.
        let event = AuditEvent {
            message: format!("x\n{{\"seq\":1}}\r\u{85}\u{2028}\u{1b}[2J{}", "\u{7}".repeat(1 << 20)),
            permission: Some(Permission {
                kind: hal9_package::PermissionKind::Hal9Memory,
                scope: Some("a\nb".to_owned()),
            }),
            help: "\u{7}".repeat(1 << 20),
            ..AuditEvent::new(AuditKind::Deny, &"test.a".parse().unwrap(), "")
        };
        let mut record = AuditRecord::new(&event);
        let line = record.seal(u64::MAX, ROOT).unwrap();
        assert!(line.len() <= LINE_BYTES, "{}", line.len());
        assert_eq!(line.lines().count(), 1);
        assert!(!line.trim_end().contains(char::is_control) && !line.contains('\u{2028}'), "{line}");
        assert_eq!(record.permission, None, "nobody could grant it");
        let twin = Permission { kind: hal9_package::PermissionKind::Hal9Memory, scope: Some("a/b".to_owned()) };
        assert_eq!(written(&twin).as_deref(), Some("Hal9Memory:a/b"));
    }
}
