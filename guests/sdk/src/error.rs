//! What goes wrong: the failure that a plugin reports, and the error that the host answers a plugin with.
//! Knows how the two turn into each other and into WIT, and nothing of where they come from.

use crate::bindings::imports::hal9::plugin::types;
use std::fmt;

/// What sort of failure a plugin reports (`failure-code` of `types.wit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// What the caller sent is wrong; the message says what, and what would be right.
    InvalidInput,
    /// What was asked for does not exist.
    NotFound,
    /// The plugin may not do what this would need.
    Denied,
    /// The plugin does not do this.
    Unsupported,
    /// This would take more than the plugin may use.
    LimitExceeded,
    /// Something that the plugin depends on is not there now.
    Unavailable,
    /// The plugin went wrong.
    Internal,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidInput => "invalid input",
            Self::NotFound => "not found",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::LimitExceeded => "limit exceeded",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal error",
        })
    }
}

/// How a plugin says that it failed: a code for programs and a sentence for people (`failure` of `types.wit`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginError {
    /// What sort of failure.
    pub code: ErrorCode,
    /// One sentence. May be empty. The host cuts it at 4 KiB.
    pub message: String,
}

impl PluginError {
    /// A failure of a sort, with its sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The same failure with `context` and a colon before the message.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self { code: self.code, message: format!("{context}: {}", self.message) }
    }
}

/// A failure, as the result of a function: `return err(ErrorCode::NotFound, "no such city")`.
///
/// # Errors
/// Always: that is what it is for.
pub fn err<T>(code: ErrorCode, message: impl Into<String>) -> Result<T, PluginError> {
    Err(PluginError::new(code, message))
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() { self.code.fmt(f) } else { write!(f, "{}: {}", self.code, self.message) }
    }
}

impl std::error::Error for PluginError {}

/// JSON that is not what it should be came from the caller: `invalid-input`.
impl From<serde_json::Error> for PluginError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(ErrorCode::InvalidInput, error.to_string())
    }
}

/// Text that is not UTF-8 came from the caller: `invalid-input`.
impl From<std::string::FromUtf8Error> for PluginError {
    fn from(error: std::string::FromUtf8Error) -> Self {
        Self::new(ErrorCode::InvalidInput, error.to_string())
    }
}

/// Why the host did not do what the plugin asked (`error` of `types.wit`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// An argument is malformed: an empty or overlong name, a number that is not finite.
    InvalidInput,
    /// There is no such thing.
    NotFound,
    /// The plugin was granted the interface, and not this use of it. The host records the attempt.
    Denied,
    /// The argument, or what is kept for this plugin already, is too large or too many.
    LimitExceeded,
    /// The host's own backend is gone or too slow. Trying again later may work.
    Unavailable,
    /// Anything else, in words for a person.
    Other(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidInput => "the host refused an argument as malformed",
            Self::NotFound => "the host has no such thing",
            Self::Denied => "the host denied it: the permission was granted, and not for this use",
            Self::LimitExceeded => "the host refused it: it passes one of the plugin's limits",
            Self::Unavailable => "the host's backend is not available now",
            Self::Other(message) => message,
        })
    }
}

impl std::error::Error for HostError {}

impl From<HostError> for PluginError {
    fn from(error: HostError) -> Self {
        let code = match error {
            // The plugin made the argument, not its caller.
            HostError::InvalidInput | HostError::Other(_) => ErrorCode::Internal,
            HostError::NotFound => ErrorCode::NotFound,
            HostError::Denied => ErrorCode::Denied,
            HostError::LimitExceeded => ErrorCode::LimitExceeded,
            HostError::Unavailable => ErrorCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<types::Error> for HostError {
    fn from(error: types::Error) -> Self {
        match error {
            types::Error::InvalidInput => Self::InvalidInput,
            types::Error::NotFound => Self::NotFound,
            types::Error::Denied => Self::Denied,
            types::Error::LimitExceeded => Self::LimitExceeded,
            types::Error::Unavailable => Self::Unavailable,
            types::Error::Other(message) => Self::Other(message),
        }
    }
}

impl From<types::Failure> for PluginError {
    fn from(failure: types::Failure) -> Self {
        let code = match failure.code {
            types::FailureCode::InvalidInput => ErrorCode::InvalidInput,
            types::FailureCode::NotFound => ErrorCode::NotFound,
            types::FailureCode::Denied => ErrorCode::Denied,
            types::FailureCode::Unsupported => ErrorCode::Unsupported,
            types::FailureCode::LimitExceeded => ErrorCode::LimitExceeded,
            types::FailureCode::Unavailable => ErrorCode::Unavailable,
            types::FailureCode::Internal => ErrorCode::Internal,
        };
        Self { code, message: failure.message }
    }
}

impl From<PluginError> for types::Failure {
    fn from(error: PluginError) -> Self {
        let code = match error.code {
            ErrorCode::InvalidInput => types::FailureCode::InvalidInput,
            ErrorCode::NotFound => types::FailureCode::NotFound,
            ErrorCode::Denied => types::FailureCode::Denied,
            ErrorCode::Unsupported => types::FailureCode::Unsupported,
            ErrorCode::LimitExceeded => types::FailureCode::LimitExceeded,
            ErrorCode::Unavailable => types::FailureCode::Unavailable,
            ErrorCode::Internal => types::FailureCode::Internal,
        };
        Self { code, message: error.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_way_to_wit_and_back() {
        for code in [
            ErrorCode::InvalidInput,
            ErrorCode::NotFound,
            ErrorCode::Denied,
            ErrorCode::Unsupported,
            ErrorCode::LimitExceeded,
            ErrorCode::Unavailable,
            ErrorCode::Internal,
        ] {
            let error = PluginError::new(code, format!("why: {code}"));
            assert_eq!(PluginError::from(types::Failure::from(error.clone())), error);
        }
    }

    #[test]
    fn an_error_of_the_host_keeps_its_sort_and_its_words() {
        let error = PluginError::from(HostError::from(types::Error::Other("disk full".to_string())));
        assert_eq!(error, PluginError::new(ErrorCode::Internal, "disk full"));
        assert_eq!(PluginError::from(HostError::Denied).code, ErrorCode::Denied);
    }

    #[test]
    fn the_question_mark_turns_json_errors_into_invalid_input() {
        fn parse(text: &str) -> Result<u32, PluginError> {
            Ok(serde_json::from_str(text)?)
        }
        assert_eq!(parse("7"), Ok(7));
        assert_eq!(parse("{").map_err(|error| error.code), Err(ErrorCode::InvalidInput));
    }
}
