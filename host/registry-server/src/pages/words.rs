//! Owns how numbers, times and the words of manifests are written for people. It refuses to know which page shows them.

use std::{
    borrow::Borrow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hal9_registry_index::{Seconds, Severity, api::RatingSummary};

/// Now, by this machine's clock.
pub(crate) fn now() -> Seconds {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A number with thin gaps between thousands: `12 345`.
pub(crate) fn count(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number and what is counted: `1 review`, `2 reviews`.
pub(crate) fn counted(number: impl Borrow<u64>, one: &str, many: &str) -> String {
    let number = *number.borrow();
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A size in bytes: `75.3 KiB`.
pub(crate) fn size(bytes: impl Borrow<u64>) -> String {
    let bytes = *bytes.borrow();
    match bytes {
        0..1024 => counted(bytes, "byte", "bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A time as machines read it: `2026-11-21T23:20:00Z`.
pub(crate) fn instant(at: impl Borrow<Seconds>) -> String {
    // Later than the year 9999 is no time that a document has.
    let at = UNIX_EPOCH + Duration::from_secs((*at.borrow()).min(253_402_300_799));
    humantime::format_rfc3339_seconds(at).to_string()
}

/// The day of a time: `2026-11-21`.
pub(crate) fn day(at: impl Borrow<Seconds>) -> String {
    let mut day = instant(at);
    day.truncate(10);
    day
}

/// How long ago a time was, as people say it.
pub(crate) fn ago(at: impl Borrow<Seconds>) -> String {
    let said = |number: u64, one: &str, many: &str| format!("{} ago", counted(number, one, many));
    match now().saturating_sub(*at.borrow()) {
        0..60 => "just now".to_owned(),
        late @ 60..3_600 => said(late / 60, "minute", "minutes"),
        late @ 3_600..86_400 => said(late / 3_600, "hour", "hours"),
        late @ 86_400..5_184_000 => said(late / 86_400, "day", "days"),
        late @ 5_184_000..63_072_000 => said(late / 2_592_000, "month", "months"),
        late => said(late / 31_536_000, "year", "years"),
    }
}

/// A kind of capability.
pub(crate) fn kind(kind: &str) -> &str {
    match kind {
        "NeuronType" => "Neuron",
        "ToolProvider" => "Tool",
        "MemoryProvider" => "Memory provider",
        "LearningAlgorithm" => "Learning algorithm",
        "ApiExtension" => "API extension",
        other => other,
    }
}

/// What a kind of capability is for.
pub(crate) fn kind_is_for(kind: &str) -> &'static str {
    match kind {
        "NeuronType" => "Takes the signals of a layer and answers with others",
        "ToolProvider" => "Does one thing when it is called, with parameters",
        "MemoryProvider" => "Stores and finds what HAL9 remembers",
        "LearningAlgorithm" => "Trains models and predicts with them",
        "ApiExtension" => "Answers requests below a path of HAL9's HTTP interface",
        _ => "Something for programs that know it",
    }
}

/// Which of five stars are full: `★★★★☆`.
pub(crate) fn stars(mean: impl Borrow<f64>) -> String {
    let full = (mean.borrow().round().clamp(0.0, 5.0)) as usize;
    "★".repeat(full) + &"☆".repeat(5 - full)
}

/// The stars that somebody gave.
pub(crate) fn full(stars: &u8) -> String {
    self::stars(f64::from(*stars))
}

/// A rating, for who does not see stars.
pub(crate) fn rating(rating: &RatingSummary) -> String {
    match rating.count {
        0 => "not rated yet".to_owned(),
        count => format!("{:.1} of 5 stars by {}", rating.mean, counted(count, "person", "people")),
    }
}

/// How dangerous something is.
pub(crate) fn severity(severity: impl Borrow<Severity>) -> &'static str {
    match severity.borrow() {
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// An interface without its version: `wasi:http/outgoing-handler`.
pub(crate) fn unversioned(interface: &str) -> &str {
    interface.split_once('@').map_or(interface, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_as_people_write_them() {
        assert_eq!((count(7_u64), count(1_234_567_u64)), ("7".to_owned(), "1\u{202f}234\u{202f}567".to_owned()));
        assert_eq!(
            (size(1), size(2048), size(3 << 20)),
            ("1 byte".to_owned(), "2.0 KiB".to_owned(), "3.0 MiB".to_owned())
        );
        assert_eq!((instant(0), day(u64::MAX)), ("1970-01-01T00:00:00Z".to_owned(), "9999-12-31".to_owned()));
        assert_eq!((ago(now() + 100), ago(now() - 86_500)), ("just now".to_owned(), "1 day ago".to_owned()));
        assert_eq!(
            (stars(3.6), stars(f64::NAN), stars(99.0)),
            ("★★★★☆".to_owned(), "☆☆☆☆☆".to_owned(), "★★★★★".to_owned())
        );
    }
}
