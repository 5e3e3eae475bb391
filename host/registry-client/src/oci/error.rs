//! Why a plugin could not be pushed or pulled, and what to do. It does not know exit statuses.

use hal9_package::PackageError;
use reqwest::StatusCode;

/// Why a push or pull failed. Texts of a registry in it are cut and safe to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// The reference is none, or not one for this.
    #[error("`{reference}`: {fix}")]
    Reference {
        /// What was given, cut.
        reference: String,
        /// What to write.
        fix: String,
    },
    /// What docker keeps of credentials cannot be used.
    #[error("{path}: {reason}")]
    Credentials {
        /// The file.
        path: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The registry cannot be reached, or ended in the middle.
    #[error("{registry} cannot be reached, or stopped answering: {reason}")]
    Unreachable {
        /// Its host and port.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// The registry answers what the specification does not know.
    #[error("{registry} does not answer as an OCI registry does: {reason}")]
    NotARegistry {
        /// Its host and port.
        registry: String,
        /// What it answers.
        reason: String,
    },
    /// The registry refused.
    #[error("{registry} refuses {what} with status {status}{message}")]
    Refused {
        /// Its host and port.
        registry: String,
        /// What was asked.
        what: String,
        /// Its status.
        status: StatusCode,
        /// What it says, behind a colon, or nothing.
        message: String,
    },
    /// Credentials would have gone over plain HTTP.
    #[error("{registry} wants the password sent to {realm} without encryption: it was not sent")]
    InTheClear {
        /// Its host and port.
        registry: String,
        /// Where to.
        realm: String,
    },
    /// There is no such tag, digest or repository.
    #[error("there is no `{reference}`: look at its name and version")]
    NotFound {
        /// What was asked for.
        reference: String,
    },
    /// It is a component, and nothing says what it may do.
    #[error(
        "`{reference}` has no HAL9 package beside it: push it with `hal9 plugin push`, or copy it with its referrers"
    )]
    NoPackage {
        /// What was asked for.
        reference: String,
    },
    /// What stands there is something else.
    #[error("`{reference}` is no plugin: {reason}")]
    NotAPlugin {
        /// What was asked for.
        reference: String,
        /// What it is.
        reason: String,
    },
    /// What came is not what its digest names.
    #[error("{what} of `{reference}` was changed: {reason}")]
    Changed {
        /// What was asked for.
        reference: String,
        /// Which part.
        what: &'static str,
        /// What was expected, and what came.
        reason: String,
    },
    /// The package is no good.
    #[error("the package cannot be used: {0}")]
    Package(#[from] PackageError),
    /// The component in the package cannot be read.
    #[error("the component cannot be read: {0}")]
    Component(String),
    /// The text of a signature that is to be pushed is none.
    #[error("the signature cannot be used: {0}")]
    Signature(#[from] hal9_package::SignatureError),
    /// Somebody else pushes the same, again and again.
    #[error("others change the referrers of `{reference}` at the same time: push again")]
    Busy {
        /// What was pushed.
        reference: String,
    },
}

impl OciError {
    /// The word for what sort of error it is: `usage`, `unavailable`, `permission-denied`, `not-found`, `invalid-package`, `signature`,
    /// `limit-exceeded` or `conflict`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Reference { .. } | Self::Credentials { .. } => "usage",
            Self::Unreachable { .. } | Self::NotARegistry { .. } => "unavailable",
            Self::Refused { status, .. } => match *status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "permission-denied",
                StatusCode::NOT_FOUND => "not-found",
                StatusCode::PAYLOAD_TOO_LARGE => "limit-exceeded",
                StatusCode::TOO_MANY_REQUESTS => "unavailable",
                status if status.is_client_error() => "usage",
                _ => "unavailable",
            },
            Self::InTheClear { .. } => "permission-denied",
            Self::NotFound { .. } | Self::NoPackage { .. } => "not-found",
            Self::NotAPlugin { .. } | Self::Package(_) | Self::Component(_) => "invalid-package",
            Self::Changed { .. } | Self::Signature(_) => "signature",
            Self::Busy { .. } => "conflict",
        }
    }

    /// The word for programs within the code, where there is one.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Refused { status, .. } => match *status {
                StatusCode::UNAUTHORIZED => Some("unauthenticated"),
                StatusCode::FORBIDDEN => Some("forbidden"),
                StatusCode::TOO_MANY_REQUESTS => Some("rate"),
                StatusCode::PAYLOAD_TOO_LARGE => Some("size"),
                _ => None,
            },
            Self::InTheClear { .. } => Some("unencrypted"),
            Self::NoPackage { .. } => Some("no-package"),
            Self::Changed { .. } => Some("changed-package"),
            Self::Signature(_) => Some("bad-signature"),
            _ => None,
        }
    }
}

/// Somebody else's text: one line of at most 200 characters, without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    const MAX: usize = 200;
    let mut line: String = text.chars().take(MAX).map(|c| if is_plain(c) { c } else { ' ' }).collect();
    if text.chars().nth(MAX).is_some() {
        line.push('…');
    }
    line.trim().to_owned()
}

fn is_plain(c: char) -> bool {
    let deceptive = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !deceptive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_in_it() {
        assert_eq!(printable("a\u{1b}[31mb\r\nc\u{202e}d "), "a [31mb  c d");
        assert_eq!(printable(&"é".repeat(300)).chars().count(), 201);
    }
}
