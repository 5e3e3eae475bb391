//! The rules of single values: texts, ids, versions, sizes, times. Each says what is wrong and what would be right.
//! They are those by which the host reads a manifest, so that what compiles also installs.

/// What is wrong with a value.
pub(crate) type Fault = Option<String>;

/// One printable line of so many bytes at most.
pub(crate) fn line(text: &str, max: usize) -> Fault {
    if let Some(hidden) = text.chars().find(|c| c.is_control() || is_invisible(*c)) {
        return Some(format!("it has the character {}: write one line of printable text", hidden.escape_unicode()));
    }
    (text.len() > max).then(|| format!("it has {} bytes: write {max} at most", text.len()))
}

/// What takes no room, breaks lines, or turns the direction of the text around it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A line that is not empty and has no white space at its ends.
pub(crate) fn name(text: &str, max: usize) -> Fault {
    line(text, max).or_else(|| match text {
        "" => Some("it is empty: write a name".to_string()),
        text if text.trim() != text => Some("it has white space at an end: take it away".to_string()),
        _ => None,
    })
}

/// A plugin's id: a reverse-domain name, or a UUID with its hyphens.
pub(crate) fn id(text: &str) -> Fault {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if is_uuid(text) || (text.len() <= 128 && text.contains('.') && text.split('.').all(label)) {
        return None;
    }
    let fix =
        "write a reverse-domain name of lower-case letters, digits and `-`, such as \"ai.hal9.text-tools\", or a UUID";
    let suggestion = text.to_lowercase().replace(['_', ' '], "-");
    let suggestion = if suggestion.contains('.') { suggestion } else { format!("local.{suggestion}") };
    if suggestion.len() <= 128 && suggestion.split('.').all(label) {
        return Some(format!("this is no plugin id: {fix}; perhaps \"{suggestion}\""));
    }
    Some(format!("this is no plugin id: {fix}"))
}

fn is_uuid(text: &str) -> bool {
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let groups: Vec<_> = text.split('-').collect();
    groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| digits(group, length))
}

/// A share of a core.
pub(crate) fn share(text: &str) -> Fault {
    let number = text.strip_suffix('%').and_then(|number| number.trim_end().parse::<u8>().ok());
    (!number.is_some_and(|number| (1..=100).contains(&number)))
        .then(|| "this is no share: write \"1%\" to \"100%\"".to_string())
}

/// A semantic version.
pub(crate) fn version(text: &str) -> Fault {
    let wrong = semver::Version::parse(text).err()?;
    Some(format!("this is no semantic version ({wrong}): write three numbers, such as \"1.2.0\""))
}

/// Versions of another plugin that will do.
pub(crate) fn requirement(text: &str) -> Fault {
    let wrong = semver::VersionReq::parse(text).err()?;
    Some(format!("this is no version requirement ({wrong}): write one such as \"^1.0\" or \">=1.2, <3\""))
}

/// The address of a page.
pub(crate) fn web_address(text: &str) -> Fault {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && !text.contains(char::is_whitespace) {
        return line(text, 2048);
    }
    Some("this is no web address: write one that begins with \"https://\"".to_string())
}

/// A tool's name, as the WIT interface `tool` has it.
pub(crate) fn tool_name(text: &str) -> Fault {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        return None;
    }
    Some("this is no tool's name: write 1 to 64 characters out of a-z, 0-9, `_` and `-`".to_string())
}

/// What a plugin is found by in a registry.
pub(crate) fn tag(text: &str) -> Fault {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_tag = (1..=32).contains(&text.len()) && text.bytes().all(plain);
    (!is_tag).then(|| "this is no tag: write 1 to 32 characters out of a-z, 0-9 and `-`".to_owned())
}

/// A path of an API extension.
pub(crate) fn api_path(text: &str) -> Fault {
    if text.starts_with('/') && !text.contains(char::is_whitespace) {
        return line(text, 1024);
    }
    Some("this is no path: write one that begins with `/`, such as \"/weather\"".to_string())
}

/// A size in bytes: a number, perhaps with a unit. Gives whether it is more than nothing.
pub(crate) fn size(text: &str) -> Result<bool, String> {
    let wrong = || Err("this is no size: write a number with a unit, such as \"64MiB\" or \"100MB\"".to_string());
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let units = ["", "b", "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib", "t", "tb", "tib", "p", "pb", "pib"];
    if !units.contains(&unit.trim_start().to_ascii_lowercase().as_str()) {
        return wrong();
    }
    number.parse::<f64>().map(|number| number > 0.0).or_else(|_| wrong())
}

/// A time: numbers with units. Gives whether it is more than nothing.
pub(crate) fn time(text: &str) -> Result<bool, String> {
    let wrong = || Err("this is no time: write a number with a unit, such as \"5s\" or \"250ms\"".to_string());
    let (mut rest, mut nanoseconds) = (text.trim(), 0_u128);
    if rest.is_empty() {
        return wrong();
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(unit_at);
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let factor: u128 = match unit {
            "ns" | "nsec" => 1,
            "us" | "usec" => 1_000,
            "ms" | "msec" => 1_000_000,
            "s" | "sec" | "second" | "seconds" => 1_000_000_000,
            "m" | "min" | "minute" | "minutes" => 60_000_000_000,
            "h" | "hr" | "hour" | "hours" => 3_600_000_000_000,
            _ => return wrong(),
        };
        let Ok(number) = number.parse::<u64>() else { return wrong() };
        nanoseconds = nanoseconds.saturating_add(u128::from(number).saturating_mul(factor));
        rest = next.trim_start();
    }
    if nanoseconds > 24 * 3_600_000_000_000 {
        return Err("this is longer than a day: write \"24h\" at most".to_string());
    }
    Ok(nanoseconds > 0)
}

/// The one of some names that is nearest to what was written, for a question at the end of a message.
pub(crate) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let written = plain(written);
    let away = |name: &str| {
        let begun = written.len() > 2 && name.starts_with(&written);
        if begun { 0 } else { distance(&written, name) }
    };
    let best = names.into_iter().map(|name| (away(&plain(name)), name)).min()?;
    (best.0 <= 1 + written.len() / 4).then_some(best.1)
}

/// How many letters to add, drop or change to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        for good in ["ai.hal9.text-tools", "a.b", "550e8400-e29b-41d4-a716-446655440000"] {
            assert_eq!(id(good), None);
        }
        for bad in [
            "",
            "plain",
            "a..b",
            ".a",
            "a.",
            "a.b_c",
            "a/b.c",
            "550e8400e29b41d4a716446655440000",
            &format!("a.{}", "b".repeat(127)),
        ] {
            assert!(id(bad).is_some(), "{bad}");
        }
        assert!(id("My Plugin").is_some_and(|fault| fault.ends_with("perhaps \"local.my-plugin\"")));
    }

    #[test]
    fn sizes_and_times() {
        for good in ["64MiB", "100mb", "4096", "1.5 GiB"] {
            assert_eq!(size(good), Ok(true), "{good}");
        }
        assert_eq!(size("0"), Ok(false));
        for bad in ["", "MiB", "12 parsecs", "1.2.3MB", "-1"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        for good in ["5s", "250ms", "1m 30s", "24h"] {
            assert_eq!(time(good), Ok(true), "{good}");
        }
        assert_eq!(time("0s"), Ok(false));
        for bad in ["", "5", "s", "5 lightyears", "25h", "1.5s", "-1s"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_meant() {
        assert_eq!(nearest("Hal9Memmory", ["Hal9Memory", "Hal9Metrics"]), Some("Hal9Memory"));
        assert_eq!(nearest("calltime", ["call_time", "memory"]), Some("call_time"));
        assert_eq!(nearest("Neuron", ["ToolProvider", "NeuronType"]), Some("NeuronType"));
        assert_eq!(nearest("elephants", ["call_time", "memory"]), None);
    }
}
