//! Owns how a call that does not go well is told, and held against what a case expects of it. It refuses to know the case.

use hal9_host::{Error, FailureCode};

use crate::cases::{Code, Expected, ExpectedError};
use crate::stage::Denial;

/// What ended a call, in words, with its code.
pub(crate) fn said(error: &Error) -> String {
    match error {
        Error::Failed { code, message, .. } => format!("the failure {code}: {}", or_nothing(message)),
        Error::LimitExceeded { limit, allowed, .. } => format!("the limit `{limit}` of {allowed} was reached"),
        Error::Trapped { trap, stderr, backtrace, .. } => {
            let wrote = stderr.lines().map(|line| format!("\nit wrote: {line}"));
            let frames = backtrace.iter().map(|frame| format!("\nin {frame}"));
            format!("a trap: {trap}{}", wrote.chain(frames).collect::<String>())
        }
        Error::BadReply { reason, .. } => format!("an answer that breaks the contract: {reason}"),
        _ => error.to_string(),
    }
}

fn or_nothing(message: &str) -> &str {
    if message.is_empty() { "(without a message)" } else { message }
}

/// The code that a case names an error by; none for limits and traps.
fn code(error: &Error) -> Option<Code> {
    Some(match error {
        Error::Failed { code, .. } => Code::Failure(*code),
        Error::BadReply { .. } => Code::Broken,
        Error::InvalidInput { .. } => Code::Failure(FailureCode::InvalidInput),
        Error::NotFound { .. } => Code::Failure(FailureCode::NotFound),
        Error::Ungranted { .. } => Code::Failure(FailureCode::Denied),
        Error::Unavailable { .. } => Code::Failure(FailureCode::Unavailable),
        _ => return None,
    })
}

/// Whether an error is the one that was expected.
pub(super) fn fits(expected: &Expected, error: &Error) -> bool {
    match expected {
        Expected::Error(ExpectedError { code: wanted, message }) => {
            let Some(code) = code(error) else { return false };
            wanted.is_none_or(|wanted| wanted == code)
                && message.as_ref().is_none_or(|part| error.to_string().contains(part.as_str()))
        }
        Expected::Limit(name) => matches!(error, Error::LimitExceeded { limit, .. } if limit.as_str() == name),
        Expected::Trap(part) => match error {
            Error::Trapped { .. } | Error::Exited { .. } => format!("{error}\n{}", said(error)).contains(part.as_str()),
            _ => false,
        },
        Expected::Success | Expected::Value(_) | Expected::Golden(_) => false,
    }
}

/// What was expected, in words.
pub(super) fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Error(ExpectedError { code, message }) => {
            let code = code.map_or_else(|| "a failure".to_owned(), |code| format!("the failure {code}"));
            let part = message.as_ref().map_or_else(String::new, |part| format!(", saying {part:?}"));
            format!("{code}{part}")
        }
        Expected::Limit(limit) => format!("that the limit `{limit}` is reached"),
        Expected::Trap(part) if part.is_empty() => "a trap".to_owned(),
        Expected::Trap(part) => format!("a trap, saying {part:?}"),
        Expected::Success | Expected::Value(_) | Expected::Golden(_) => "a call that goes well".to_owned(),
    }
}

/// The member of a step that says what is expected.
pub(super) fn member(expected: &Expected) -> &'static str {
    match expected {
        Expected::Error(_) => "expect_error",
        Expected::Limit(_) => "expect_limit",
        Expected::Trap(_) => "expect_trap",
        Expected::Golden(_) => "golden",
        Expected::Success | Expected::Value(_) => "expect",
    }
}

/// Refusals by what would have allowed them, each once, in order.
pub(super) fn denials(denials: &[Denial]) -> Vec<String> {
    let mut said = Vec::new();
    for denial in denials {
        let name = denial.permission.as_ref().map_or_else(|| denial.message.clone(), ToString::to_string);
        if !said.contains(&name) {
            said.push(name);
        }
    }
    said
}

/// Whether refusals are those that were expected: a permission without its scope stands for any of its kind.
pub(super) fn are_denied(expected: &[String], got: &[String]) -> bool {
    let is = |expected: &String, got: &String| {
        expected == got || (!expected.contains(':') && got.split(':').next() == Some(expected.as_str()))
    };
    expected.len() == got.len() && expected.iter().zip(got).all(|(expected, got)| is(expected, got))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_named_by_their_permission_with_or_without_a_scope() {
        let of = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert!(are_denied(&of(&["Hal9Memory"]), &of(&["Hal9Memory:a"])));
        assert!(are_denied(&of(&["Hal9Memory:a"]), &of(&["Hal9Memory:a"])));
        assert!(!are_denied(&of(&["Hal9Memory:b"]), &of(&["Hal9Memory:a"])));
        assert!(!are_denied(&of(&[]), &of(&["Hal9Memory:a"])) && are_denied(&[], &[]));
    }

    #[test]
    fn a_failure_fits_by_its_code_and_a_part_of_its_message() {
        let failed = |code, message: &str| Error::Failed {
            plugin: "test.a".parse().unwrap(),
            code,
            message: message.to_owned(),
        };
        let wanted =
            |code, message: Option<&str>| Expected::Error(ExpectedError { code, message: message.map(str::to_owned) });
        let denied = failed(FailureCode::Denied, "not today");
        assert!(fits(&wanted(Some(Code::Failure(FailureCode::Denied)), Some("today")), &denied));
        assert!(fits(&wanted(None, None), &denied));
        assert!(!fits(&wanted(Some(Code::Failure(FailureCode::Internal)), None), &denied));
        assert!(!fits(&wanted(None, Some("tomorrow")), &denied));
        assert!(!fits(&Expected::Trap(String::new()), &denied) && !fits(&Expected::Limit("memory".into()), &denied));
    }
}
