//! How a request is refused. It does not know why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer to every request that was refused; the same object that `hal9 --json` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// What is wrong.
    pub error: ProblemBody,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// Which sort of problem it is.
    pub code: ProblemCode,
    /// The word for programs, within the code: such as `different`, `bad-nonce`, `rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The plugin that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// What happened, for people.
    pub message: String,
    /// What to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The sorts of problems; those of the command, where they can arise here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The server's own fault: status 500.
    Internal,
    /// The request is not what this asks for: status 400, 405 or 415.
    Usage,
    /// There is no such thing: status 404.
    NotFound,
    /// The package is no good: status 422.
    InvalidPackage,
    /// A signature is not by who may, or not over this: status 422.
    Signature,
    /// Nobody who may do this is signed in: status 401 without a token that is good, 403 with one that may not.
    PermissionDenied,
    /// Too large (status 413) or too often (status 429).
    LimitExceeded,
    /// Something else stands against it: status 409.
    Conflict,
    /// Not now: status 503.
    Unavailable,
}
