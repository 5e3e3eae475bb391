//! `hal9 audit show|verify`: what plugins were refused, how they broke, and whether the record of it is whole.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use hal9_host::{AuditKind, AuditLog, AuditRecord};
use hal9_registry::Registry;
use serde_json::json;

use super::moment;
use crate::args::{AuditCommand, AuditShow};
use crate::failure::{Code, Failure};
use crate::home::Home;
use crate::output::{Output, bold, count, dim, green, plain, table};

pub(super) fn run(output: Output, command: AuditCommand) -> Result<(), Failure> {
    let home = Home::find()?;
    match command {
        AuditCommand::Show(args) => show(output, &home, &args),
        AuditCommand::Verify => verify(output, &home),
    }
}

/// The last records of a home's log that fit, oldest first.
pub(super) fn last(
    home: &Home,
    limit: usize,
    mut fits: impl FnMut(&AuditRecord) -> bool,
) -> Result<VecDeque<AuditRecord>, Failure> {
    let mut records = VecDeque::new();
    AuditLog::read(&home.audit(), |record| {
        if fits(&record) {
            records.push_back(record);
        }
        if records.len() > limit {
            records.pop_front();
        }
    })
    .map_err(|error| Failure::file(&home.audit(), &error))?;
    Ok(records)
}

/// Whether a record is of a plugin that is named by its id or the last part of it.
pub(super) fn is_of(record: &AuditRecord, name: &str) -> bool {
    record.plugin.as_ref().is_some_and(|plugin| plugin.as_str() == name || plugin.short() == name)
}

fn show(output: Output, home: &Home, args: &AuditShow) -> Result<(), Failure> {
    let (since, until) = (args.since.map(millis), args.until.map(millis));
    let known = match &args.plugin {
        Some(name) => Registry::open(home.folder())?.get(name)?,
        None => None,
    };
    // One that was unloaded has its records all the same.
    let name = known.as_ref().map(|plugin| plugin.id().as_str()).or(args.plugin.as_deref());
    let mut is_known = known.is_some();
    let records = last(home, args.limit, |record| {
        let is_its = name.is_none_or(|name| is_of(record, name));
        is_known |= is_its;
        is_its
            && (args.kind.is_empty() || args.kind.contains(&record.kind))
            && since.is_none_or(|since| record.time >= since)
            && until.is_none_or(|until| record.time <= until)
    })?;
    if let (Some(name), false) = (name, is_known) {
        let message = format!("no plugin `{}` is loaded, and none has records", plain(name));
        return Err(Failure::not_found(message, "see `hal9 plugin list`, or `hal9 audit show` for all records"));
    }
    output.result(&json!({ "records": records }), || {
        if records.is_empty() {
            return "There are no such records.".to_owned();
        }
        let rows = records.iter().map(|record| {
            [
                record.seq.to_string(),
                moment(record.time),
                record.kind.to_string(),
                record.plugin.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
                // The number of times would hide among the words.
                if record.count > 1 { format!("{}×", record.count) } else { String::new() },
                plain(&record.message),
            ]
        });
        table(["SEQ", "TIME", "KIND", "PLUGIN", "", "WHAT HAPPENED"], rows)
    })
}

fn verify(output: Output, home: &Home) -> Result<(), Failure> {
    let found = AuditLog::verify(&home.audit()).map_err(|error| Failure::file(&home.audit(), &error))?;
    if let [first, more @ ..] = found.damage.as_slice() {
        let mut message = first.to_string();
        for damage in more {
            message.push_str(&format!("\n  {damage}"));
        }
        let mut failure = Failure::new(Code::Conflict, message)
            .help("keep the files as they are, and find out who could write to them; new records go on after these");
        failure.reason = serde_json::to_value(first.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        return Err(failure);
    }
    let path = home.audit();
    output.result(&found, || {
        if found.records == 0 {
            return format!("{} nothing has been recorded yet", green("✓"));
        }
        let mut text = format!(
            "{} {} in {}, none changed or missing\n",
            green("✓"),
            bold(count(found.records, "record")),
            path.display()
        );
        text.push_str(&format!("  records  {} to {}\n", found.first, found.last));
        if found.closed_off > 0 {
            text.push_str(&format!(
                "  torn     {}, closed off by the record after it\n",
                count(found.closed_off, "line")
            ));
        }
        text.push_str(&format!(
            "  hash     {}  {}\n",
            found.hash,
            dim("keep it elsewhere to be certain of all these records")
        ));
        text
    })
}

/// Milliseconds since the Unix epoch.
fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Whether it is a refused use.
pub(super) fn is_denial(record: &AuditRecord) -> bool {
    record.kind == AuditKind::Deny
}
